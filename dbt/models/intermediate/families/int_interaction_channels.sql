-- The channels that customers could choose in each month: those on which anybody came in it or in the five months before.
-- A choice is judged among these alone, so that a channel that did not exist yet counts against nobody.

with

interactions as (

    select * from {{ ref('int_interactions') }}

),

months as (

    select
        calendar_months.month_number,
        {{ month_number('run_context.as_of_month') }} as as_of_month_number
    from {{ ref('int_calendar_months') }} as calendar_months
    cross join {{ source('run', 'run_context') }} as run_context

),

used as (

    select distinct
        month_number,
        channel,
        distance,
        tempo
    from interactions

),

final as (

    select distinct
        months.month_number,
        used.channel,
        used.distance,
        used.tempo
    from used
    inner join months
        on
            used.month_number <= months.month_number
            and used.month_number + 5 >= months.month_number
            and months.month_number <= months.as_of_month_number

)

select * from final
