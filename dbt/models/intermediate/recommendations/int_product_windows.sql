-- What each customer bought and gave back in each window of 30 days before the end of the known sales: the base of recommended
-- products. Who refuses profiling is not in it: they get none, and teach none.

with

run_context as (

    select * from {{ source('run', 'run_context') }}

),

horizon as (

    select {{ company_day('max(feed_status.horizon_at)', 'max(run_context.time_zone)') }} as first_day_unknown
    from {{ source('run', 'feed_status') }} as feed_status
    cross join run_context
    where feed_status.feed = 'pos_transactions'

),

customers as (

    select
        customer_id,
        customer_number
    from {{ ref('int_customers') }}
    where allows_profiling

),

numbers as (

    select * from {{ ref('int_product_numbers') }}

),

tickets as (

    select
        tickets.transaction_id,
        customers.customer_number,
        tickets.sold_on,
        cast(
            floor(
                ({{ days_between('tickets.sold_on', 'horizon.first_day_unknown') }} - 1) * 1.0
                / {{ recommendation_window_days() }}
            ) as integer
        ) as window_number
    from {{ ref('int_tickets') }} as tickets
    cross join horizon
    inner join customers on tickets.customer_id = customers.customer_id
    where
        tickets.sold_on < horizon.first_day_unknown
        and tickets.sold_on >= {{ add_days_to_date(
            'horizon.first_day_unknown',
            '-' ~ recommendation_window_days() ~ ' * (' ~ recommendation_windows() ~ ' + ' ~ recommendation_trials() ~ ')'
        ) }}

),

lines as (

    select
        tickets.customer_number,
        numbers.product_number,
        tickets.window_number,
        tickets.sold_on,
        lines.quantity > 0 and lines.net_amount > 0 as is_bought,
        lines.quantity < 0 or lines.net_amount < 0 as is_returned
    from {{ ref('int_ticket_lines') }} as lines
    inner join tickets on lines.transaction_id = tickets.transaction_id
    inner join numbers on lines.product_id = numbers.product_id
    where not lines.is_cancelled

),

final as (

    select
        customer_number,
        product_number,
        window_number,
        max(case when is_bought then sold_on end) as last_bought_on,
        max(case when is_bought then 1 else 0 end) = 1 as is_bought,
        max(case when is_returned then 1 else 0 end) = 1 as is_returned
    from lines
    where is_bought or is_returned
    group by customer_number, product_number, window_number

)

select * from final
