with

ties as (

    select * from {{ ref('int_identity_rows') }}

),

links as (

    select * from {{ ref('stg_crm__identity_links') }}

),

pairs as (

    select
        customer_hash as hash_a,
        card_hash as hash_b,
        'customer_and_card' as match_rule
    from ties
    union all
    select
        customer_hash as hash_a,
        email_hash as hash_b,
        'customer_and_email' as match_rule
    from ties
    union all
    select
        customer_hash as hash_a,
        phone_hash as hash_b,
        'customer_and_phone' as match_rule
    from ties
    union all
    select
        card_hash as hash_a,
        email_hash as hash_b,
        'card_and_email' as match_rule
    from ties
    union all
    select
        card_hash as hash_a,
        phone_hash as hash_b,
        'card_and_phone' as match_rule
    from ties
    union all
    select
        email_hash as hash_a,
        phone_hash as hash_b,
        'email_and_phone' as match_rule
    from ties
    union all
    select
        key_a_hash as hash_a,
        key_b_hash as hash_b,
        'identity_link' as match_rule
    from links

),

final as (

    select distinct
        least(hash_a, hash_b) as hash_a,
        greatest(hash_a, hash_b) as hash_b,
        match_rule
    from pairs
    where hash_a is not null and hash_b is not null and hash_a <> hash_b

)

select * from final
