-- Tickets as the estimate of effects reads them: the customer as a number, and the instant from which a sale is known to have
-- been made. Of a sale that is known by day only this is the last second of its day: nobody knows what came first within it.

with

tickets as (

    select * from {{ ref('int_tickets') }}
    where customer_id is not null

),

customers as (

    select
        customer_id,
        customer_number
    from {{ ref('int_customers') }}

),

returned_purchases as (

    select * from {{ ref('int_returned_purchases') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

sales_feed as (

    {{ is_day_precision_of_repurchase() }}

),

final as (

    select
        customers.customer_number,
        tickets.transaction_id,
        case
            when sales_feed.is_day_precision
                then {{ add_seconds(from_company_time(add_days_to_date('tickets.sold_on', 1)), -1) }}
            else tickets.sold_at
        end as known_at,
        tickets.sold_on,
        tickets.sales_channel <> 'store' as is_remote,
        tickets.net_amount,
        tickets.margin_amount,
        tickets.value_amount,
        case
            when sales_feed.is_day_precision
                then {{ add_seconds(from_company_time(add_days_to_date('returned_purchases.returned_on', 1)), -1) }}
            else returned_purchases.returned_at
        end as returned_at,
        returned_purchases.returned_on
    from tickets
    inner join customers
        on tickets.customer_id = customers.customer_id
    left join returned_purchases
        on tickets.transaction_id = returned_purchases.transaction_id
    cross join run_context
    cross join sales_feed

)

select * from final
