with

newest as (

    {{ newest_versions('crm_assignments') }}

),

final as (

    select
        -- ids
        newest.experiment_code,
        newest.customer_id,

        -- keys
        newest.customer_id_key_space,
        newest.customer_id_key,
        newest.customer_id_hash,

        -- texts
        newest.arm,

        -- times
        newest.assigned_at

    from newest

)

select * from final
