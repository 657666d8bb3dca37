with

products as (

    select * from {{ ref('stg_pos__products') }}

),

members as (

    select product_id from products
    union
    select product_id from {{ ref('int_ticket_lines') }}
    where product_id is not null

),

final as (

    select
        members.product_id,
        coalesce(products.label, members.product_id) as label,
        products.category,
        products.brand
    from members
    left join products on members.product_id = products.product_id

)

select * from final
