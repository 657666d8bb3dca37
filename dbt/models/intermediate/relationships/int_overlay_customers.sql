-- The customers of the overlay, each in its one cell. Who may not be profiled is in none.

with

customers as (

    select * from {{ ref('int_customers') }}
    where allows_profiling

),

segments as (

    select * from {{ ref('int_customer_month_segments') }}

),

run_context as (

    select
        *,
        {{ add_months_to_date('as_of_month', -12) }} as first_day
    from {{ source('run', 'run_context') }}

),

final as (

    select
        customers.customer_id,
        customers.customer_number,
        segments.value_segment,
        segments.relational_family,
        -- 0 for those first seen in the as-of month
        cast(
            greatest({{ days_between('greatest(customers.first_seen_on, run_context.first_day)', 'run_context.as_of_month') }}, 0)
            as bigint
        ) as known_days
    from segments
    inner join run_context on segments.month = run_context.as_of_month
    inner join customers on segments.customer_id = customers.customer_id

)

select * from final
