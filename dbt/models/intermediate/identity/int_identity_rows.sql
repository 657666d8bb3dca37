with

-- feeds that name a customer by id and by nothing else
customer_ids as (

    select
        customer_id_key_space,
        customer_id_key,
        customer_id_hash,
        opened_at as seen_at
    from {{ ref('stg_crm__contacts') }}
    union all
    select
        customer_id_key_space,
        customer_id_key,
        customer_id_hash,
        started_at as seen_at
    from {{ ref('stg_crm__subscriptions') }}
    union all
    select
        customer_id_key_space,
        customer_id_key,
        customer_id_hash,
        created_at as seen_at
    from {{ ref('stg_crm__leads') }}
    union all
    select
        customer_id_key_space,
        customer_id_key,
        customer_id_hash,
        assigned_at as seen_at
    from {{ ref('stg_crm__assignments') }}
    union all
    select
        customer_id_key_space,
        customer_id_key,
        customer_id_hash,
        coalesce(sent_at, answered_at) as seen_at
    from {{ ref('stg_survey__responses') }}

),

-- every row that carries keys of people; the clear key travels with its hash, because the smallest key of a customer
-- is chosen by text
rows_with_keys as (

    select
        customer_id_key_space as customer_key_space,
        customer_id_key as customer_key,
        customer_id_hash as customer_hash,
        cast(null as varchar) as card_key,
        cast(null as varchar) as card_hash,
        email_key,
        email_hash,
        phone_key,
        phone_hash,
        created_at as seen_at
    from {{ ref('stg_crm__customers') }}
    union all
    select
        customer_id_key_space as customer_key_space,
        customer_id_key as customer_key,
        customer_id_hash as customer_hash,
        loyalty_card_id_key as card_key,
        loyalty_card_id_hash as card_hash,
        email_key,
        email_hash,
        phone_key,
        phone_hash,
        joined_at as seen_at
    from {{ ref('stg_loyalty__members') }}
    union all
    select
        customer_key_space,
        customer_key,
        customer_hash,
        card_key,
        card_hash,
        email_key,
        email_hash,
        cast(null as varchar) as phone_key,
        cast(null as varchar) as phone_hash,
        sold_at as seen_at
    from {{ ref('int_ticket_lines') }}
    union all
    select
        customer_id_key_space as customer_key_space,
        customer_id_key as customer_key,
        customer_id_hash as customer_hash,
        cast(null as varchar) as card_key,
        cast(null as varchar) as card_hash,
        email_key,
        email_hash,
        cast(null as varchar) as phone_key,
        cast(null as varchar) as phone_hash,
        started_at as seen_at
    from {{ ref('stg_web__sessions') }}
    union all
    select
        cast(null as varchar) as customer_key_space,
        cast(null as varchar) as customer_key,
        cast(null as varchar) as customer_hash,
        loyalty_card_id_key as card_key,
        loyalty_card_id_hash as card_hash,
        cast(null as varchar) as email_key,
        cast(null as varchar) as email_hash,
        cast(null as varchar) as phone_key,
        cast(null as varchar) as phone_hash,
        moved_at as seen_at
    from {{ ref('stg_loyalty__movements') }}
    union all
    select
        customer_id_key_space as customer_key_space,
        customer_id_key as customer_key,
        customer_id_hash as customer_hash,
        cast(null as varchar) as card_key,
        cast(null as varchar) as card_hash,
        cast(null as varchar) as email_key,
        cast(null as varchar) as email_hash,
        cast(null as varchar) as phone_key,
        cast(null as varchar) as phone_hash,
        seen_at
    from customer_ids

),

-- few distinct combinations stand for many rows: everything after works on them
final as (

    select
        customer_key_space,
        customer_key,
        customer_hash,
        card_key,
        card_hash,
        email_key,
        email_hash,
        phone_key,
        phone_hash,
        min(seen_at) as first_seen_at
    from rows_with_keys
    where
        customer_hash is not null
        or card_hash is not null
        or email_hash is not null
        or phone_hash is not null
    group by
        customer_key_space,
        customer_key,
        customer_hash,
        card_key,
        card_hash,
        email_key,
        email_hash,
        phone_key,
        phone_hash

)

select * from final
