with

customer_keys as (

    select * from {{ ref('int_customer_keys') }}

),

final as (

    select
        key_space,
        source_key_hash,
        customer_id,
        retired_customer_id,
        match_rule,
        first_seen_at as valid_from
    from customer_keys

)

select * from final
