with

lines as (

    select * from {{ ref('int_ticket_lines') }}

),

customer_keys as (

    select
        source_key_hash,
        customer_id
    from {{ ref('int_customer_keys') }}
    where customer_id is not null

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

-- a ticket is one act of one customer: where its lines differ in what should be the same, the smallest value stands
headers as (

    select
        transaction_id,
        min(sold_at) as sold_at,
        min(store_id) as store_id,
        min(sales_channel) as sales_channel,
        min(customer_hash) as customer_hash,
        min(card_hash) as card_hash,
        min(email_hash) as email_hash,
        min(returned_transaction_id) as returned_transaction_id,
        cast(sum(net_amount) as decimal(18, 4)) as net_amount,
        -- the margin of a ticket is known when that of each of its lines is
        case when count(*) = count(margin_amount) then cast(sum(margin_amount) as decimal(18, 4)) end as margin_amount
    from lines
    where not is_cancelled
    group by transaction_id

),

identified as (

    select
        headers.*,
        coalesce(by_customer.customer_id, by_card.customer_id, by_email.customer_id) as own_customer_id
    from headers
    left join customer_keys as by_customer on headers.customer_hash = by_customer.source_key_hash
    left join customer_keys as by_card on headers.card_hash = by_card.source_key_hash
    left join customer_keys as by_email on headers.email_hash = by_email.source_key_hash

),

-- a refund without a key of its own belongs to the customer of the ticket that it gives back
originals as (

    select
        transaction_id,
        own_customer_id
    from identified
    where transaction_id in (select headers.returned_transaction_id from headers)

),

final as (

    select
        identified.transaction_id,
        coalesce(identified.own_customer_id, originals.own_customer_id) as customer_id,
        identified.sold_at,
        {{ company_day('identified.sold_at') }} as sold_on,
        {{ company_month('identified.sold_at') }} as sold_month,
        identified.store_id,
        identified.sales_channel,
        identified.net_amount,
        identified.margin_amount,
        coalesce(identified.margin_amount, identified.net_amount) as value_amount
    from identified
    cross join run_context
    left join originals on identified.returned_transaction_id = originals.transaction_id

)

select * from final
