-- Where a customer comes from: the year, the region and the goods of the first purchase. None of it changes later, and none
-- of it is a sum of money: customers are compared with those who began alike, never with those who spend alike.

with

tickets as (

    select * from {{ ref('int_tickets') }}
    where customer_id is not null and net_amount > 0

),

lines as (

    select
        transaction_id,
        product_id,
        net_amount
    from {{ ref('int_ticket_lines') }}
    where not is_cancelled and net_amount > 0

),

stores as (

    select * from {{ ref('stg_pos__stores') }}

),

products as (

    select * from {{ ref('stg_pos__products') }}

),

first_tickets as (

    select
        transaction_id,
        customer_id,
        sold_on,
        store_id
    from tickets
    qualify row_number() over (partition by customer_id order by sold_at asc, transaction_id asc) = 1

),

families_of_goods as (

    select
        first_tickets.customer_id,
        products.category,
        sum(lines.net_amount) as net_amount
    from first_tickets
    inner join lines on first_tickets.transaction_id = lines.transaction_id
    inner join products on lines.product_id = products.product_id
    where products.category is not null
    group by first_tickets.customer_id, products.category

),

main_families as (

    select
        customer_id,
        category
    from families_of_goods
    qualify row_number() over (partition by customer_id order by net_amount desc, category asc) = 1

),

final as (

    select
        first_tickets.customer_id,
        cast(extract(year from first_tickets.sold_on) as integer) as cohort_year,
        coalesce(stores.region, 'unknown') as region,
        coalesce(main_families.category, 'unknown') as goods_family
    from first_tickets
    left join stores on first_tickets.store_id = stores.store_id
    left join main_families on first_tickets.customer_id = main_families.customer_id

)

select * from final
