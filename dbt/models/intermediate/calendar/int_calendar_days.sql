with

run_context as (

    select * from {{ source('run', 'run_context') }}

),

first_days as (

    select min(first_day) as first_day
    from {{ source('run', 'feed_status') }}

),

-- whole years: from the first day of any feed, at the latest from two years before the history (its run-in and trailing
-- figures reach back so far), to the end of the as-of date's year
bounds as (

    select
        cast(
            date_trunc(
                'year',
                least(
                    {{ add_months_to_date('run_context.first_month', -25) }},
                    coalesce(first_days.first_day, run_context.first_month)
                )
            )
            as date
        ) as first_day,
        {{ add_days_to_date(add_months_to_date("date_trunc('year', run_context.as_of_date)", 12), -1) }} as last_day
    from run_context
    cross join first_days

),

days as (

    {{ day_series('bounds.first_day', 'bounds.last_day', 'bounds') }}

),

final as (

    select
        day,
        {{ week_of('day') }} as week_start,
        {{ month_of('day') }} as month_start,
        cast(date_trunc('quarter', day) as date) as quarter_start,
        {{ days_between(week_of('day'), 'day') }} + 1 as weekday
    from days

)

select * from final
