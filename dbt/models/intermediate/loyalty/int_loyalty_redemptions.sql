-- Who redeemed a reward of which kind in which quarter.

with

burns as (

    select
        keys.customer_id,
        {{ quarter_of(company_day('movements.moved_at')) }} as quarter_start,
        {{ dimension_member('rewards.kind') }} as reward_kind
    from {{ ref('stg_loyalty__movements') }} as movements
    cross join {{ source('run', 'run_context') }} as run_context
    inner join {{ ref('int_customer_keys') }} as keys
        on movements.loyalty_card_id_hash = keys.source_key_hash
    left join {{ ref('stg_loyalty__rewards') }} as rewards
        on movements.reward_id = rewards.reward_id
    where movements.kind = 'burn'

),

final as (

    select distinct
        members.customer_number,
        burns.quarter_start,
        burns.reward_kind
    from burns
    inner join {{ ref('int_loyalty_members') }} as members on burns.customer_id = members.customer_id

)

select * from final
