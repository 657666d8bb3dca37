-- How many of a hundred subscribers at risk who are not contacted are still there after so many months: Kaplan and Meier (1958), over all
-- months. A month that nobody has been seen through has the mean hazard of the others.

with

run_context as (

    select * from {{ source('run', 'run_context') }}

),

horizon as (

    select max(horizon_at) as horizon_at
    from {{ source('run', 'feed_status') }}
    where feed = 'crm_subscriptions'

),

lives as (

    select
        {{ rescue_months('units.time_zero', 'coalesce(units.ended_at, horizon.horizon_at)') }} as months,
        case when units.ended_at is not null then 1 else 0 end as has_ended
    from {{ ref('int_rescue_units') }} as units
    cross join horizon
    where
        units.churn_kind = 'subscription'
        and units.basis = 'score'
        and not units.is_treated
        and units.time_zero < horizon.horizon_at

),

first_months as (

    select min(month_number) as month_number
    from {{ ref('int_calendar_months') }}

),

-- the calendar lends its numbers: 1, 2, ...
months as (

    select calendar_months.month_number - first_months.month_number + 1 as month_after
    from {{ ref('int_calendar_months') }} as calendar_months
    cross join first_months
    cross join run_context
    where calendar_months.month_number - first_months.month_number < run_context.secured_revenue_months

),

-- month t is that from t - 1 to t whole months after time zero
observed as (

    select
        months.month_after,
        sum(
            case
                when lives.months >= months.month_after or (lives.has_ended = 1 and lives.months = months.month_after - 1) then 1 else 0
            end
        )
            as at_risk,
        sum(case when lives.has_ended = 1 and lives.months = months.month_after - 1 then 1 else 0 end) as ended
    from months
    cross join lives
    group by months.month_after

),

hazards as (

    select
        month_after,
        coalesce(
            {{ safe_divide('ended', 'at_risk') }},
            {{ safe_divide('sum(ended) over ()', 'sum(at_risk) over ()') }}
        ) as hazard
    from observed

),

final as (

    select
        month_after,
        {{ round_significant(
            "case when max(hazard) over months_until >= 1 then 0"
            ~ " else exp(sum(ln(1 - least(hazard, 0.999999999))) over months_until) end"
        ) }} as still_there
    from hazards
    window months_until as (
        order by month_after
        rows between unbounded preceding and current row
    )

)

select * from final
