with

newest as (

    {{ newest_versions('crm_evaluations') }}

),

final as (

    select
        -- ids
        newest.evaluation_id,
        newest.contact_id,
        newest.evaluator_id,
        newest.item_code,

        -- keys
        newest.evaluator_id_key_space,
        newest.evaluator_id_key,
        newest.evaluator_id_hash,

        -- texts
        newest.grid_version,
        newest.level_code,

        -- times
        newest.evaluated_at

    from newest

)

select * from final
