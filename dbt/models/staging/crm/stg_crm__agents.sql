with

newest as (

    {{ newest_versions('crm_agents') }}

),

final as (

    select
        -- ids
        newest.agent_id,

        -- keys
        newest.agent_id_key_space,
        newest.agent_id_key,
        newest.agent_id_hash,

        -- texts
        newest.team,
        newest.site,

        -- numbers
        newest.hourly_cost,

        -- times
        newest.valid_from,
        newest.valid_to

    from newest

)

select * from final
