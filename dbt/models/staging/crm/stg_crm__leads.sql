with

newest as (

    {{ newest_versions('crm_leads') }}

),

final as (

    select
        -- ids
        newest.lead_id,
        newest.customer_id,

        -- keys
        newest.customer_id_key_space,
        newest.customer_id_key,
        newest.customer_id_hash,

        -- texts
        newest.source,

        -- times
        newest.created_at,
        {{ known('converted_at', 'converted_at') }} as converted_at

    from newest

)

select * from final
