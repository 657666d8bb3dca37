with

days as (

    select * from {{ ref('int_calendar_days') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

final as (

    select distinct
        days.month_start as month,
        {{ month_number('days.month_start') }} as month_number,
        {{ from_company_time('days.month_start') }} as starts_at
    from days
    cross join run_context

)

select * from final
