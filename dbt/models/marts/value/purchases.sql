with

tickets as (

    select * from {{ ref('int_tickets') }}

),

returns as (

    select
        original_transaction_id,
        sum(returned_amount) as returned_amount
    from {{ ref('int_ticket_returns') }}
    group by original_transaction_id

),

final as (

    select
        tickets.transaction_id,
        tickets.customer_id,
        tickets.sold_at,
        tickets.sold_on,
        tickets.store_id,
        tickets.sales_channel,
        tickets.net_amount,
        cast(coalesce(returns.returned_amount, 0) as decimal(18, 4)) as returned_amount,
        tickets.margin_amount,
        tickets.net_amount - coalesce(returns.returned_amount, 0) > 0 as is_net_positive
    from tickets
    left join returns on tickets.transaction_id = returns.original_transaction_id

)

select * from final
