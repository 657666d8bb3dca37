with

newest as (

    {{ newest_versions('identity_links') }}

),

final as (

    select
        -- ids
        newest.key_space_a,
        newest.key_a,
        newest.key_space_b,
        newest.key_b,

        -- keys
        newest.key_a_key,
        newest.key_a_hash,
        newest.key_b_key,
        newest.key_b_hash

    from newest

)

select * from final
