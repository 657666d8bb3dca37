{#- French puts a no-break space before a colon. #}
{%- set nbsp = '\u00a0' %}
-- What became of customers at risk who were contacted, what was to be expected of them, and what the contacts added, in customers and in
-- euros of subscriptions.

with

run_context as (

    select * from {{ source('run', 'run_context') }}

),

horizon as (

    select max(horizon_at) as horizon_at
    from {{ source('run', 'feed_status') }}
    where feed = 'crm_subscriptions'

),

survival as (

    select * from {{ ref('int_rescue_survival') }}

),

units as (

    select
        units.*,
        row_number() over (order by units.month, units.customer_number) as unit_number,
        least(
            run_context.secured_revenue_months,
            {{ rescue_months('units.time_zero', 'least(horizon.horizon_at, coalesce(units.ended_at, horizon.horizon_at))') }}
        ) as billed_months
    from {{ ref('int_rescue_units') }} as units
    cross join run_context
    cross join horizon
    where units.is_treated

),

-- What was billed since the contact of those who stayed, what may still come of those who are there (by the survival of customers
-- at risk who were not contacted), and what will not come of those who have left later all the same.
ahead as (

    select
        units.unit_number,
        sum(case when survival.month_after > units.billed_months then survival.still_there else 0 end)
        / nullif(coalesce(max(case when survival.month_after = units.billed_months then survival.still_there end), 1), 0)
            as months_ahead
    from units
    inner join survival on units.churn_kind = 'subscription'
    where units.basis = 'score' and units.is_retained
    group by units.unit_number

),

valued as (

    select
        units.*,
        case
            when units.churn_kind = 'subscription' and units.basis = 'score' and units.is_retained
                then cast(units.monthly_amount * units.billed_months as decimal(18, 4))
        end as billed_amount,
        case
            when units.ended_at is null then cast(round(units.monthly_amount * ahead.months_ahead, 4) as decimal(18, 4))
        end as outstanding_amount,
        case
            when units.ended_at is not null then cast(round(units.monthly_amount * ahead.months_ahead, 4) as decimal(18, 4))
        end as reversed_amount
    from units
    left join ahead on units.unit_number = ahead.unit_number

),

cells as (

    select
        month,
        cast(coalesce(value_segment, -1) as integer) as value_segment,
        sum(case when is_mature then 1 else 0 end) as at_risk_contacted,
        sum(case when is_retained then 1 else 0 end) as retained,
        sum(case when is_mature and basis = 'score' then 1 else 0 end) as scored_contacted,
        sum(case when is_retained and basis = 'score' then 1 else 0 end) as scored_retained,
        sum(case when is_retained and basis = 'score' and churn_kind = 'subscription' then 1 else 0 end) as subscribers_retained,
        sum(case when is_mature and basis = 'score' and churn_kind = 'subscription' then 1 else 0 end) as subscribers_contacted,
        -- sums of whole millionths, the same in every order
        sum(
            case when is_mature and basis = 'score' then cast(round(1000000 * (1 - churn_probability)) as bigint) else 0 end
        ) as expected_millionths,
        sum(case when is_mature and basis <> 'score' then 1 else 0 end) as declared_contacted,
        sum(case when is_retained and basis <> 'score' then 1 else 0 end) as declared_retained,
        sum(case when is_mature then 0 else 1 end) as immature_count,
        sum(billed_amount) as billed_amount,
        sum(outstanding_amount) as outstanding_amount,
        sum(reversed_amount) as reversed_amount
    from valued
    group by month, rollup(value_segment)

),

effects as (

    select * from {{ source('estimates', 'rescue_effects') }}

),

joined as (

    select
        cells.*,
        {{ safe_divide('cells.retained', 'cells.at_risk_contacted') }} as retained_rate,
        case
            when run_context.rescue_days = {{ churn_days() }}
                then {{ safe_divide('cells.expected_millionths', '1000000 * cells.scored_contacted') }}
        end as expected_retained_rate,
        run_context.minimum_sample,
        -- each figure rests on the minimum of its own customers: an interval of a few is too narrow
        cells.scored_contacted >= run_context.minimum_sample
        and coalesce(effects.treated >= run_context.minimum_sample, false) as is_estimated,
        effects.treated,
        effects.incremental_retained,
        effects.incremental_retained_low,
        effects.incremental_retained_high,
        -- of the subscribers who stayed, the share who did because of the contact
        of_subscribers.incremental_retained / nullif(cells.subscribers_retained, 0) as kept_share,
        of_subscribers.incremental_retained_low / nullif(cells.subscribers_retained, 0) as kept_share_low,
        of_subscribers.incremental_retained_high / nullif(cells.subscribers_retained, 0) as kept_share_high
    from cells
    cross join run_context
    left join effects
        on
            cells.month = effects.month
            and cells.value_segment = effects.value_segment
            and effects.churn_kind = 'all'
    left join effects as of_subscribers
        on
            cells.month = of_subscribers.month
            and cells.value_segment = of_subscribers.value_segment
            and of_subscribers.churn_kind = 'subscription'
            and run_context.minimum_sample <= of_subscribers.treated
    where cells.at_risk_contacted > 0

),

final as (

    select
        month as period_start,
        value_segment,
        cast(at_risk_contacted as bigint) as at_risk_contacted,
        cast(retained as bigint) as retained,
        {{ round_significant('retained_rate') }} as retained_rate,
        {{ round_significant(wilson_low('retained_rate', 'cast(at_risk_contacted as double)')) }} as retained_rate_low,
        {{ round_significant(wilson_high('retained_rate', 'cast(at_risk_contacted as double)')) }} as retained_rate_high,
        cast(scored_contacted as bigint) as scored_contacted,
        cast(scored_retained as bigint) as scored_retained,
        {{ round_significant(safe_divide('scored_retained', 'scored_contacted')) }} as scored_retained_rate,
        {{ round_significant('expected_retained_rate') }} as expected_retained_rate,
        cast(declared_contacted as bigint) as declared_contacted,
        cast(declared_retained as bigint) as declared_retained,
        cast(case when is_estimated then treated end as bigint) as estimated_contacted,
        cast(subscribers_contacted as bigint) as subscribers_contacted,
        {%- for end in ['', '_low', '_high'] %}
            case when is_estimated then incremental_retained{{ end }} end as incremental_retained{{ end }},
        {%- endfor %}
        {%- for end in ['', '_low', '_high'] %}
            case
                when is_estimated
                    then
                    {{ round_significant(
                        'kept_share' ~ end
                        ~ ' * cast(coalesce(billed_amount, 0) + coalesce(outstanding_amount, 0) as double)'
                    ) }}
            end as secured_revenue{{ end }},
        {%- endfor %}
        case
            when is_estimated then {{ round_significant('kept_share * cast(coalesce(billed_amount, 0) as double)') }}
        end as billed_revenue,
        case
            when is_estimated then {{ round_significant('kept_share * cast(coalesce(reversed_amount, 0) as double)') }}
        end as reversed_revenue,
        cast(at_risk_contacted as bigint) as sample_size,
        cast(immature_count as bigint) as immature_count,
        at_risk_contacted >= minimum_sample as is_publishable,
        case when is_estimated then 'estimated' else 'not_estimable' end as verdict,
        case
            when is_estimated
                then
                    'Estimé sur les ' || cast(treated as varchar) || ' clients contactés que le score désignait, comparés à des clients '
                    || 'à risque semblables et non contactés.'
            when scored_contacted < minimum_sample
                then
                    'Non estimable{{ nbsp }}: ' || cast(scored_contacted as varchar) || ' clients contactés désignés par le score, il en '
                    || 'faut ' || cast(minimum_sample as varchar) || '.'
            else 'Non estimable{{ nbsp }}: trop peu de clients à risque semblables et non contactés.'
        end
        || case
            when declared_contacted > 0
                then
                    ' Ceux qui avaient annoncé leur départ (' || cast(declared_contacted as varchar) || ') n’y entrent pas{{ nbsp }}: sans '
                    || 'groupe témoin, l’effet sur eux n’est pas estimable.'
            else ''
        end as reason_fr,
        case
            when is_estimated
                then
                    'Estimated on the ' || cast(treated as varchar) || ' contacted customers whom the score had named, beside customers at '
                    || 'risk who are alike and were not contacted.'
            when scored_contacted < minimum_sample
                then
                    'Not estimable: ' || cast(scored_contacted as varchar) || ' contacted customers named by the score, '
                    || cast(minimum_sample as varchar) || ' are needed.'
            else 'Not estimable: too few customers at risk are alike and were not contacted.'
        end
        || case
            when declared_contacted > 0
                then
                    ' Those who had said that they would leave (' || cast(declared_contacted as varchar) || ') are not in it: without a '
                    || 'hold-out the effect on them is not estimable.'
            else ''
        end as reason_en
    from joined

)

select * from final
