with

newest as (

    {{ newest_versions('crm_customers') }}

),

final as (

    select
        -- ids
        newest.customer_id,
        newest.email,
        newest.phone,

        -- keys
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
        newest.first_name,
        newest.last_name,
        newest.postal_code,
        newest.country,

        -- truth values
        newest.allows_profiling,
        newest.is_deleted,

        -- times
        newest.birth_date,
        newest.created_at,
        newest.updated_at

    from newest

)

select * from final
