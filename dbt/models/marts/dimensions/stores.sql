with

stores as (

    select * from {{ ref('stg_pos__stores') }}

),

members as (

    select store_id from stores
    union
    select store_id from {{ ref('int_tickets') }}
    where store_id is not null

),

final as (

    select
        members.store_id,
        coalesce(stores.label, members.store_id) as label,
        stores.region,
        stores.time_zone
    from members
    left join stores on members.store_id = stores.store_id

)

select * from final
