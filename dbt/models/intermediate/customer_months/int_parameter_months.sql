-- A month uses the newest version fitted by its first day; months before every fit use the first version, in retrospect.

with

thresholds as (

    select * from {{ source('parameters', 'value_thresholds') }}

),

months as (

    select * from {{ ref('int_calendar_months') }}

),

final as (

    select
        months.month,
        thresholds.*
    from months
    cross join thresholds
    qualify
        row_number() over (
            partition by months.month
            order by
                case when thresholds.fitted_as_of <= months.month then 0 else 1 end asc,
                case when thresholds.fitted_as_of <= months.month then thresholds.fitted_as_of end desc nulls last,
                thresholds.fitted_as_of asc,
                thresholds.parameter_version asc
        ) = 1

)

select * from final
