with

newest as (

    {{ newest_versions('pos_transactions') }}

),

final as (

    select
        -- ids
        newest.transaction_id,
        newest.line_number,
        newest.store_id,
        newest.customer_id,
        newest.loyalty_card_id,
        newest.email,
        newest.product_id,
        newest.returned_transaction_id,

        -- keys
        newest.customer_id_key_space,
        newest.customer_id_key,
        newest.customer_id_hash,
        newest.loyalty_card_id_key_space,
        newest.loyalty_card_id_key,
        newest.loyalty_card_id_hash,
        newest.email_key_space,
        newest.email_key,
        newest.email_hash,

        -- texts
        newest.sales_channel,
        newest.company_currency as currency,

        -- numbers
        newest.quantity,
        {{ in_company_currency('net_amount') }} as net_amount,
        {{ in_company_currency('discount_amount') }} as discount_amount,

        -- truth values
        newest.is_cancelled,

        -- times
        newest.sold_at,
        newest.updated_at,

        -- as it came
        newest.net_amount as source_net_amount,
        newest.currency as source_currency

    from newest

)

select * from final
