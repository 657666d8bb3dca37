-- When a customer held a purchase: for ever from the first that was kept, and from each one that was given back later until then.

with

purchases as (

    select * from {{ ref('int_effect_tickets') }}
    where net_amount > 0

),

final as (

    select
        customer_number,
        min(known_at) as held_from_at,
        cast(null as timestamp) as held_until_at
    from purchases
    where returned_at is null
    group by customer_number

    union all

    select distinct
        customer_number,
        known_at as held_from_at,
        returned_at as held_until_at
    from purchases
    where returned_at is not null

)

select * from final
