with

days as (

    select * from {{ ref('int_calendar_days') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

weekdays as (

    select * from {{ ref('dimension_labels') }}
    where dimension = 'weekday'

),

months as (

    select * from {{ ref('dimension_labels') }}
    where dimension = 'month'

),

final as (

    select
        days.day,
        days.week_start,
        days.month_start,
        days.quarter_start,
        cast(extract(year from days.day) as integer) as year,
        cast(extract(month from days.day) as integer) as month_of_year,
        cast(days.weekday as integer) as weekday,
        weekdays.label_fr as weekday_fr,
        weekdays.label_en as weekday_en,
        months.label_fr as month_fr,
        months.label_en as month_en,
        days.weekday >= 6 as is_weekend,
        days.day > run_context.as_of_date as is_after_as_of
    from days
    cross join run_context
    inner join weekdays on cast(days.weekday as varchar) = weekdays.member
    inner join months on cast(extract(month from days.day) as varchar) = months.member

)

select * from final
