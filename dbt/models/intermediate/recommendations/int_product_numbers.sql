-- A whole number for each product that was sold: keys of the long tables.

with

products as (

    select distinct product_id
    from {{ ref('int_ticket_lines') }}
    where product_id is not null

),

final as (

    select
        product_id,
        cast(row_number() over (order by product_id) as integer) as product_number
    from products

)

select * from final
