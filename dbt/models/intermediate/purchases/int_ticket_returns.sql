with

lines as (

    select * from {{ ref('int_ticket_lines') }}

),

final as (

    select
        returned_transaction_id as original_transaction_id,
        transaction_id as refund_transaction_id,
        min(sold_at) as refunded_at,
        cast(-sum(net_amount) as decimal(18, 4)) as returned_amount,
        case when count(*) = count(margin_amount) then cast(-sum(margin_amount) as decimal(18, 4)) end
            as returned_margin_amount
    from lines
    where
        not is_cancelled
        and returned_transaction_id is not null
        and returned_transaction_id <> transaction_id
        and net_amount < 0
    group by returned_transaction_id, transaction_id

)

select * from final
