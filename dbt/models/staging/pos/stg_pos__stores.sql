with

newest as (

    {{ newest_versions('pos_stores') }}

),

final as (

    select
        -- ids
        newest.store_id,

        -- texts
        newest.label,
        newest.region,
        newest.time_zone

    from newest

)

select * from final
