with

newest as (

    {{ newest_versions('loyalty_rewards') }}

),

final as (

    select
        -- ids
        newest.reward_id,

        -- texts
        newest.label,
        newest.kind,

        -- numbers
        newest.cost_amount

    from newest

)

select * from final
