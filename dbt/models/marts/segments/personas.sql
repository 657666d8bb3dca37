-- Cards of the micro-segments. Texts are put together from the published phrases `persona_phrases` and aggregates of at least 20
-- customers; thousands are set apart where a card is shown.
{%- set languages = ['fr', 'en'] %}
{%- set figures_of_steps = {
    'days_after_purchase': 'days_after_purchase', 'resolved': 'resolved_share', 'repurchased': 'repurchased_share'
} %}

with

run_context as (

    select * from {{ source('run', 'run_context') }}

),

phrases as (

    select * from {{ ref('persona_phrases') }}

),

scored as (

    select * from {{ ref('int_customer_micro_segments') }}

),

customers as (

    select
        scored.micro_segment,
        scored.value_tier,
        segments.value_segment,
        segments.relational_family,
        features.margin_12m,
        features.net_amount_12m,
        features.value_12m - coalesce(features.margin_12m, 0) as net_amount_without_margin_12m,
        features.purchases_12m,
        features.contacts_12m
    from scored
    cross join run_context
    inner join {{ ref('int_customer_month_segments') }} as segments
        on
            scored.customer_id = segments.customer_id
            and run_context.as_of_month = segments.month
    inner join {{ ref('int_customer_month_features') }} as features
        on
            scored.customer_id = features.customer_id
            and run_context.as_of_month = features.month

),

sizes as (

    select
        micro_segment,
        value_tier,
        count(*) as customers,
        sum(count(*)) over () as all_customers,
        case
            when count(margin_12m) >= {{ smallest_aggregate() }}
                then cast({{ safe_divide('sum(margin_12m)', 'count(margin_12m)') }} as decimal(18, 4))
        end as margin_12m_mean,
        {{ margin_coverage('sum(net_amount_without_margin_12m)', 'sum(net_amount_12m)') }} as margin_coverage,
        cast({{ safe_divide('sum(net_amount_12m)', 'count(net_amount_12m)') }} as decimal(18, 4)) as net_amount_12m_mean,
        {{ round_significant(safe_divide('sum(purchases_12m)', 'count(purchases_12m)')) }} as purchases_12m_mean,
        {{ round_significant(safe_divide('sum(contacts_12m)', 'count(contacts_12m)')) }} as contacts_12m_mean
    from customers
    group by micro_segment, value_tier

),

-- smaller ones have no card: a portrait of a few customers is one of people
personas as (

    select * from sizes
    where customers >= {{ smallest_aggregate() }}

),

value_segments as (

    select
        micro_segment,
        value_segment
    from customers
    group by micro_segment, value_segment
    qualify row_number() over (partition by micro_segment order by count(*) desc, value_segment desc) = 1

),

families as (

    select
        micro_segment,
        relational_family
    from customers
    group by micro_segment, relational_family
    qualify row_number() over (partition by micro_segment order by count(*) desc, relational_family asc) = 1

),

traits as (

    select * from {{ ref('int_persona_traits') }}
    where customers >= {{ smallest_aggregate() }}

),

-- the two traits in which a micro-segment stands farthest from its own value tier (the tier itself is said beside them), and on the
-- same side of all customers: who visits the site often for a small customer, but no more than anybody, does not visit it often
label_traits as (

    select
        traits.micro_segment,
        phrases.text_fr,
        phrases.text_en,
        row_number() over (
            partition by traits.micro_segment order by abs(traits.tier_deviation) desc, traits.feature asc
        ) as position
    from traits
    inner join phrases
        on
            phrases.kind = 'label'
            and traits.feature = phrases.feature
            and phrases.direction = case when traits.tier_deviation > 0 then 'high' else 'low' end
    where
        traits.is_dividing
        and abs(traits.tier_deviation) >= 0.25
        and case when traits.tier_deviation > 0 then traits.deviation else -traits.deviation end >= 0.25

),

named as (

    select
        {%- for language in languages %}
            tiers.label_{{ language }} as tier_{{ language }},
            coalesce(
                max(case when label_traits.position = 1 then label_traits.text_{{ language }} end)
                || coalesce(
                    ' '
                    || max(and_phrase.text_{{ language }})
                    || ' '
                    || max(case when label_traits.position = 2 then label_traits.text_{{ language }} end),
                    ''
                ),
                max(no_trait.text_{{ language }})
            ) as traits_{{ language }},
        {%- endfor %}
        personas.micro_segment
    from personas
    left join label_traits on personas.micro_segment = label_traits.micro_segment
    inner join {{ ref('dimension_labels') }} as tiers
        on
            tiers.dimension = 'value_tier'
            and tiers.member = cast(personas.value_tier as varchar)
    inner join phrases as no_trait on no_trait.kind = 'portrait' and no_trait.feature = 'no_trait'
    inner join phrases as and_phrase on and_phrase.kind = 'portrait' and and_phrase.feature = 'and'
    group by personas.micro_segment, tiers.label_fr, tiers.label_en

),

-- two of one tier may have the same two traits: then the name of the micro-segment tells them apart
labels as (

    select
        {%- for language in languages %}
            tier_{{ language }} || '{{ ' : ' if language == 'fr' else ': ' }}' || traits_{{ language }}
            || case
                when count(*) over (partition by tier_fr, traits_fr) > 1 then ' (' || micro_segment || ')'
                else ''
            end as label_{{ language }},
        {%- endfor %}
        named.*
    from named

),

portraits as (

    select
        {%- for language in languages %}
            {%- set figure = "replace({0}, '.', ',')" if language == 'fr' else '{0}' %}
        {{ filled_in(
            "portrait.text_" ~ language ~ " || coalesce(' ' || contacts.text_" ~ language ~ ", '') || '.'",
            {
                'customers': whole_text('personas.customers'),
                'tier': 'lower(labels.tier_' ~ language ~ ')',
                'share': whole_text(safe_divide('100 * personas.customers', 'personas.all_customers')),
                'traits': 'labels.traits_' ~ language,
                'purchases': figure.format(tenths_text('personas.purchases_12m_mean')),
                'amount': whole_text('personas.net_amount_12m_mean'),
                'contacts': "coalesce(" ~ figure.format(tenths_text('personas.contacts_12m_mean')) ~ ", '')",
                'currency': "case when run_context.currency = 'EUR' then '€' else run_context.currency end",
            }
        ) }} as portrait_{{ language }},
        {%- endfor %}
        personas.micro_segment
    from personas
    cross join run_context
    inner join labels on personas.micro_segment = labels.micro_segment
    inner join phrases as portrait on portrait.kind = 'portrait' and portrait.feature = 'portrait'
    -- without the feed of contacts nothing is said of them
    left join phrases as contacts
        on
            contacts.kind = 'portrait'
            and contacts.feature = 'contacts'
            and personas.contacts_12m_mean is not null

),

habits as (

    select
        {%- for language in languages %}
            {%- set figure = "replace({0}, '.', ',')" if language == 'fr' else '{0}' %}
        {{ joined_lines(
            filled_in(
                'phrases.text_' ~ language,
                {
                    'value': figure.format(phrase_figure('traits.trait_mean', 'phrases.unit')),
                    'all': figure.format(phrase_figure('traits.all_mean', 'phrases.unit')),
                    'currency': "case when run_context.currency = 'EUR' then '€' else run_context.currency end",
                }
            ),
            'abs(traits.deviation) desc, traits.feature asc'
        ) }} as habits_{{ language }},
        {%- endfor %}
        traits.micro_segment
    from traits
    cross join run_context
    inner join phrases
        on
            phrases.kind = 'habit'
            and traits.feature = phrases.feature
            and phrases.direction = case when traits.deviation > 0 then 'high' else 'low' end
    where abs(traits.deviation) >= 0.5
    group by traits.micro_segment

),

satisfaction as (

    select * from {{ ref('int_persona_satisfaction') }}

),

overall as (

    select
        satisfaction.csat,
        satisfaction.csat_low,
        satisfaction.csat_high,
        satisfaction.wide_low,
        satisfaction.wide_high
    from satisfaction
    where micro_segment = 'all'

),

channel_labels as (

    select
        channels.channel,
        lower(channels.label_fr) as label_fr,
        lower(channels.label_en) as label_en
    from {{ ref('channels') }} as channels
    where {{ is_plain_code('channels.label_fr') }} and {{ is_plain_code('channels.label_en') }} and channels.channel <> 'unknown'

),

-- what stands clearly apart: the intervals do not touch, at three errors
standing_apart as (

    select
        satisfaction.micro_segment,
        case when satisfaction.kind = 'moment' then satisfaction.member else satisfaction.kind end as feature,
        case when satisfaction.csat > overall.csat then 'like' else 'irritant' end as kind,
        satisfaction.csat,
        overall.csat as all_csat,
        {%- for language in languages %}
            case
                when satisfaction.kind = 'channel' then channel_labels.label_{{ language }}
                when satisfaction.kind = 'reason' then replace(satisfaction.member, '_', ' ')
                else ''
            end as member_{{ language }},
        {%- endfor %}
        row_number() over (
            partition by satisfaction.micro_segment, satisfaction.csat > overall.csat
            order by abs(satisfaction.csat - overall.csat) desc, satisfaction.kind asc, satisfaction.member asc
        ) as position
    from satisfaction
    cross join overall
    cross join run_context
    left join channel_labels
        on
            satisfaction.kind = 'channel'
            and satisfaction.member = channel_labels.channel
    where
        satisfaction.micro_segment <> 'all'
        and satisfaction.kind <> 'all'
        and satisfaction.customers >= greatest(run_context.minimum_sample, {{ smallest_aggregate() }})
        and (satisfaction.wide_low > overall.wide_high or satisfaction.wide_high < overall.wide_low)
        and (satisfaction.kind <> 'channel' or channel_labels.channel is not null)
        and (satisfaction.kind <> 'reason' or (satisfaction.member <> 'unknown' and {{ is_plain_code('satisfaction.member') }}))

),

opinions as (

    select
        {%- for kind in ['like', 'irritant'] %}
            {%- for language in languages %}
        {{ joined_lines(
            "case when standing_apart.kind = '" ~ kind ~ "' then " ~ filled_in(
                'phrases.text_' ~ language,
                {
                    'value': phrase_figure('standing_apart.csat', 'phrases.unit'),
                    'all': phrase_figure('standing_apart.all_csat', 'phrases.unit'),
                    'member': 'standing_apart.member_' ~ language,
                }
            ) ~ " end",
            'standing_apart.position asc'
        ) }} as {{ kind }}s_{{ language }},
            {%- endfor %}
        {%- endfor %}
        standing_apart.micro_segment
    from standing_apart
    inner join phrases
        on
            standing_apart.kind = phrases.kind
            and standing_apart.feature = phrases.feature
    where standing_apart.position <= 3
    group by standing_apart.micro_segment

),

journeys as (

    select * from {{ ref('int_persona_journeys') }}

),

steps as (

    select
        journeys.micro_segment,
        1 as position,
        'purchase' as feature,
        journeys.sales_channel_share as figure,
        names.text_fr as member_fr,
        names.text_en as member_en
    from journeys
    inner join phrases as names on names.kind = 'sales_channel' and journeys.sales_channel = names.feature
    union all
    select
        journeys.micro_segment,
        2 as position,
        'contact' as feature,
        journeys.channel_share as figure,
        channel_labels.label_fr as member_fr,
        channel_labels.label_en as member_en
    from journeys
    inner join channel_labels on journeys.channel = channel_labels.channel
    {%- for feature, column in figures_of_steps.items() %}
        union all
        select
            micro_segment,
            {{ loop.index + 2 }} as position,
            '{{ feature }}' as feature,
            {{ column }} as figure,
            '' as member_fr,
            '' as member_en
        from journeys
        where {{ column }} is not null
    {%- endfor %}

),

journey_texts as (

    select
        {%- for language in languages %}
        {{ joined_lines(
            filled_in(
                'phrases.text_' ~ language,
                {'value': phrase_figure('steps.figure', 'phrases.unit'), 'member': 'steps.member_' ~ language}
            ),
            'steps.position asc'
        ) }} as journey_{{ language }},
        {%- endfor %}
        steps.micro_segment
    from steps
    inner join phrases
        on
            phrases.kind = 'journey'
            and steps.feature = phrases.feature
    group by steps.micro_segment

),

told as (

    select
        personas.micro_segment,
        personas.value_tier,
        personas.customers,
        personas.all_customers,
        personas.margin_12m_mean,
        personas.margin_coverage,
        personas.net_amount_12m_mean,
        personas.purchases_12m_mean,
        personas.contacts_12m_mean,
        {%- for language in languages %}
            labels.label_{{ language }},
            portraits.portrait_{{ language }},
            coalesce(habits.habits_{{ language }}, no_habit.text_{{ language }}) as habits_{{ language }},
            {%- for kind in ['like', 'irritant'] %}
                case
                    when coalesce(answers.customers, 0) < greatest(run_context.minimum_sample, {{ smallest_aggregate() }})
                        then no_{{ kind }}_answers.text_{{ language }}
                    else coalesce(opinions.{{ kind }}s_{{ language }}, no_{{ kind }}.text_{{ language }})
                end as {{ kind }}s_{{ language }},
            {%- endfor %}
            coalesce(journey_texts.journey_{{ language }}, no_journey.text_{{ language }}) as journey_{{ language }},
        {%- endfor %}
        case when answers.customers >= {{ smallest_aggregate() }} then answers.csat end as csat,
        case when answers.customers >= {{ smallest_aggregate() }} then answers.csat_low end as csat_low,
        case when answers.customers >= {{ smallest_aggregate() }} then answers.csat_high end as csat_high,
        coalesce(answers.answers, 0) as csat_answers,
        coalesce(answers.customers, 0) as csat_customers,
        run_context.minimum_sample,
        run_context.language
    from personas
    cross join run_context
    inner join labels on personas.micro_segment = labels.micro_segment
    inner join portraits on personas.micro_segment = portraits.micro_segment
    left join habits on personas.micro_segment = habits.micro_segment
    left join opinions on personas.micro_segment = opinions.micro_segment
    left join journey_texts on personas.micro_segment = journey_texts.micro_segment
    left join satisfaction as answers
        on
            personas.micro_segment = answers.micro_segment
            and answers.kind = 'all'
    inner join phrases as no_habit on no_habit.kind = 'habit' and no_habit.feature = 'nothing'
    inner join phrases as no_journey on no_journey.kind = 'journey' and no_journey.feature = 'not_enough'
    {%- for kind in ['like', 'irritant'] %}
        inner join phrases as no_{{ kind }} on no_{{ kind }}.kind = '{{ kind }}' and no_{{ kind }}.feature = 'nothing'
        inner join phrases as no_{{ kind }}_answers
            on
                no_{{ kind }}_answers.kind = '{{ kind }}'
                and no_{{ kind }}_answers.feature = 'not_enough'
    {%- endfor %}

),

final as (

    select
        told.micro_segment,
        case when told.language = 'fr' then told.label_fr else told.label_en end as label,
        told.label_fr,
        told.label_en,
        told.value_tier,
        cast(told.customers as bigint) as customers,
        {{ round_significant(safe_divide('told.customers', 'told.all_customers')) }} as share,
        {%- for part in ['portrait', 'habits', 'likes', 'irritants', 'journey'] %}
            {%- for language in languages %}
                told.{{ part }}_{{ language }},
            {%- endfor %}
        {%- endfor %}
        value_segments.value_segment,
        families.relational_family,
        told.margin_12m_mean,
        told.margin_coverage,
        told.net_amount_12m_mean,
        told.purchases_12m_mean,
        told.contacts_12m_mean,
        told.csat,
        told.csat_low,
        told.csat_high,
        cast(told.csat_answers as bigint) as csat_answers,
        cast(told.csat_customers as bigint) as csat_customers,
        told.customers >= told.minimum_sample as is_publishable,
        told.csat is not null and told.csat_customers >= told.minimum_sample as is_csat_publishable,
        {%- set cards = [] %}
        {%- for language in languages %}
            {%- set parts = [] %}
            {%- for part in ['label', 'portrait', 'habits', 'likes', 'irritants', 'journey'] %}
                {%- do parts.append("'\"" ~ part ~ "\": ' || " ~ json_text('told.' ~ part ~ '_' ~ language)) %}
            {%- endfor %}
            {%- do cards.append("'\"" ~ language ~ "\": {' || " ~ parts | join(" || ', ' || ") ~ " || '}'") %}
        {%- endfor %}
        '{' || {{ cards | join(" || ', ' || ") }} || '}' as card
    from told
    inner join value_segments on told.micro_segment = value_segments.micro_segment
    inner join families on told.micro_segment = families.micro_segment

)

select * from final
