with

newest as (

    {{ newest_versions('loyalty_members') }}

),

final as (

    select
        -- ids
        newest.loyalty_card_id,
        newest.customer_id,
        newest.email,
        newest.phone,

        -- keys
        newest.loyalty_card_id_key_space,
        newest.loyalty_card_id_key,
        newest.loyalty_card_id_hash,
        newest.customer_id_key_space,
        newest.customer_id_key,
        newest.customer_id_hash,
        newest.email_key_space,
        newest.email_key,
        newest.email_hash,
        newest.phone_key_space,
        newest.phone_key,
        newest.phone_hash,

        -- texts
        newest.tier,

        -- times
        newest.joined_at,
        {{ known('left_at', 'left_at') }} as left_at,
        newest.updated_at

    from newest

)

select * from final
