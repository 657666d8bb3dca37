{#- French puts a no-break space before a colon and a percent sign. #}
{%- set nbsp = '\u00a0' %}
-- How often one of five recommended products is bought in the month after: co-purchase beside popularity, on past months.

with

trials as (

    select * from {{ ref('int_recommendation_trials') }}

),

by_customer as (

    select
        customer_number,
        count(*) as trials,
        sum(is_hit_by_co_purchase) as co_purchase,
        sum(is_hit_by_popularity) as popularity
    from trials
    group by customer_number

),

methods as (

    select
        'co_purchase' as method,
        1 as is_judged
    union all
    select
        'popularity' as method,
        0 as is_judged

),

hits as (

    select
        methods.method,
        by_customer.customer_number,
        by_customer.trials,
        case when methods.method = 'co_purchase' then by_customer.co_purchase else by_customer.popularity end as hits,
        case when methods.method = 'co_purchase' then by_customer.co_purchase - by_customer.popularity else 0 end as advantage
    from by_customer
    cross join methods

),

sums as (

    select
        methods.method,
        count(hits.customer_number) as k,
        coalesce(sum(hits.trials), 0) as n,
        coalesce(sum(hits.hits), 0) as y,
        sum(hits.hits * hits.hits) as yy,
        sum(hits.hits * hits.trials) as yn,
        sum(hits.trials * hits.trials) as nn,
        sum(hits.advantage) as d,
        sum(hits.advantage * hits.advantage) as dd,
        sum(hits.advantage * hits.trials) as dn
    from methods
    left join hits on methods.method = hits.method
    group by methods.method

),

measured as (

    select
        sums.*,
        {{ safe_divide('sums.y', 'sums.n') }} as share,
        {{ effective_sample('sums.y', 'sums.n', 'sums.yy', 'sums.yn', 'sums.nn', 'sums.k') }} as sample,
        {{ safe_divide('sums.d', 'sums.n') }} as advantage,
        {{ z_95() }} * sqrt({{ cluster_variance('sums.d', 'sums.n', 'sums.dd', 'sums.dn', 'sums.nn', 'sums.k') }}) as half_width
    from sums

),

judged as (

    select
        case
            when k < {{ var('recommendation_least_tested') }} then 'not_tested'
            when advantage - half_width > 0 then 'better'
            else 'not_better'
        end as verdict
    from measured
    where method = 'co_purchase'

),

final as (

    select
        measured.method,
        cast(case when measured.n > 0 then measured.y end as bigint) as numerator,
        cast(case when measured.n > 0 then measured.n end as bigint) as denominator,
        {{ round_significant('measured.share') }} as value,
        {{ round_significant(wilson_low('measured.share', 'measured.sample')) }} as interval_low,
        {{ round_significant(wilson_high('measured.share', 'measured.sample')) }} as interval_high,
        cast(measured.k as bigint) as sample_size,
        case when measured.method = 'co_purchase' then {{ round_significant('measured.advantage') }} end as advantage,
        case when measured.method = 'co_purchase' then {{ round_significant('measured.advantage - measured.half_width') }} end
            as advantage_low,
        case when measured.method = 'co_purchase' then {{ round_significant('measured.advantage + measured.half_width') }} end
            as advantage_high,
        judged.verdict,
        (measured.method = 'co_purchase') = (judged.verdict = 'better') as is_used,
        case judged.verdict
            when 'not_tested'
                then
                    'trop peu de clients ont assez d’achats pour comparer les deux méthodes{{ nbsp }}: les produits recommandés sont '
                    || 'les plus achetés'
            when 'better'
                then 'les achats conjoints prévoient mieux les achats suivants que la popularité{{ nbsp }}: ils servent aux recommandations'
            else
                'les achats conjoints ne prévoient pas mieux les achats suivants que la popularité{{ nbsp }}: les produits recommandés '
                || 'sont les plus achetés'
        end as reason_fr,
        case judged.verdict
            when 'not_tested'
                then
                    'too few customers have enough purchases to compare the two methods: the recommended products are the most bought ones'
            when 'better' then 'co-purchases foretell the next purchases better than popularity does: the recommendations rest on them'
            else
                'co-purchases do not foretell the next purchases better than popularity does: the recommended products are the most '
                || 'bought ones'
        end as reason_en
    from measured
    cross join judged

)

select * from final
