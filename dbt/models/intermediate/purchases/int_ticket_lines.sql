with

lines as (

    select * from {{ ref('stg_pos__transactions') }}

),

products as (

    select * from {{ ref('stg_pos__products') }}

),

-- the one place that reads the ticket lines: choosing the newest version of each costs more than all that follows
final as (

    select
        lines.transaction_id,
        lines.line_number,
        lines.sold_at,
        lines.store_id,
        lines.sales_channel,
        lines.returned_transaction_id,
        lines.customer_id_key_space as customer_key_space,
        lines.customer_id_key as customer_key,
        lines.customer_id_hash as customer_hash,
        lines.loyalty_card_id_key as card_key,
        lines.loyalty_card_id_hash as card_hash,
        lines.email_key,
        lines.email_hash,
        lines.product_id,
        lines.quantity,
        lines.net_amount,
        lines.discount_amount,
        cast(lines.net_amount * products.margin_rate as decimal(18, 4)) as margin_amount,
        coalesce(lines.is_cancelled, false) as is_cancelled
    from lines
    left join products on lines.product_id = products.product_id

)

select * from final
