-- Tickets of members, each with the instant from which its customer was known by a key that is on it.

with

members as (

    select
        customer_id,
        customer_number
    from {{ ref('int_loyalty_members') }}
    where allows_profiling

),

keys as (

    select
        source_key_hash,
        customer_id,
        first_seen_at
    from {{ ref('int_customer_keys') }}
    where customer_id is not null

),

lines as (

    select
        transaction_id,
        min(customer_hash) as customer_hash,
        min(card_hash) as card_hash,
        min(email_hash) as email_hash,
        min(returned_transaction_id) as returned_transaction_id
    from {{ ref('int_ticket_lines') }}
    where not is_cancelled
    group by transaction_id

),

tickets as (

    select
        tickets.transaction_id,
        members.customer_id,
        members.customer_number,
        tickets.sold_on,
        tickets.net_amount
    from {{ ref('int_tickets') }} as tickets
    inner join members on tickets.customer_id = members.customer_id

),

tied as (

    select
        tickets.*,
        lines.returned_transaction_id,
        -- nulls are passed over: of a key that is not the customer's nothing is known
        least(by_customer.first_seen_at, by_card.first_seen_at, by_email.first_seen_at) as own_tied_since
    from tickets
    inner join lines on tickets.transaction_id = lines.transaction_id
    left join keys as by_customer
        on lines.customer_hash = by_customer.source_key_hash and tickets.customer_id = by_customer.customer_id
    left join keys as by_card
        on lines.card_hash = by_card.source_key_hash and tickets.customer_id = by_card.customer_id
    left join keys as by_email
        on lines.email_hash = by_email.source_key_hash and tickets.customer_id = by_email.customer_id

),

originals as (

    select
        transaction_id,
        own_tied_since
    from tied
    where transaction_id in (select refunds.returned_transaction_id from tied as refunds)

),

final as (

    select
        tied.transaction_id,
        tied.customer_number,
        tied.sold_on,
        tied.net_amount,
        -- a refund without a key of its own is as known as the ticket that it gives back
        coalesce(tied.own_tied_since, originals.own_tied_since) as tied_since
    from tied
    left join originals on tied.returned_transaction_id = originals.transaction_id

)

select * from final
