with

clusters as (

    select * from {{ source('identity', 'clusters') }}

),

keys as (

    select * from {{ ref('int_identity_keys') }}

),

joined as (

    select
        clusters.key_space,
        clusters.source_key_hash,
        clusters.customer_id,
        clusters.retired_customer_id,
        clusters.match_rule,
        keys.first_seen_at,
        min(keys.first_seen_at) over (partition by clusters.customer_id) as customer_first_seen_at
    from clusters
    inner join keys on clusters.source_key_hash = keys.key_hash

),

-- a customer whom no feed has shown yet (only identity links name the keys) is none
final as (

    select
        key_space,
        source_key_hash,
        customer_id,
        retired_customer_id,
        match_rule,
        first_seen_at
    from joined
    where customer_id is null or customer_first_seen_at is not null

)

select * from final
