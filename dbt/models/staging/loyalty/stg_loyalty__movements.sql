with

newest as (

    {{ newest_versions('loyalty_movements') }}

),

final as (

    select
        -- ids
        newest.movement_id,
        newest.loyalty_card_id,
        newest.transaction_id,
        newest.reward_id,

        -- keys
        newest.loyalty_card_id_key_space,
        newest.loyalty_card_id_key,
        newest.loyalty_card_id_hash,

        -- texts
        newest.kind,

        -- numbers
        newest.points,

        -- times
        newest.moved_at

    from newest

)

select * from final
