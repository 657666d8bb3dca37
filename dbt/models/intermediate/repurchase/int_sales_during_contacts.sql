-- What was sold while a customer was in contact: apart, never added to re-purchase. Where sales or contacts have days only nobody
-- knows which came first, and there is no row.

with

contacts as (

    select
        contact_id,
        customer_id,
        customer_number,
        opened_at,
        closed_at,
        opened_month,
        value_segment
    from {{ ref('int_contacts') }}
    where
        is_inbound
        and is_handled
        and is_in_history
        and customer_id is not null

),

tickets as (

    select
        transaction_id,
        customer_id,
        sold_at,
        net_amount
    from {{ ref('int_tickets') }}
    where customer_id is not null

),

sales_feed as (

    {{ is_day_precision_of_repurchase() }}

),

placed_contacts as (

    select
        contacts.*,
        row_number() over (partition by contacts.customer_id order by contacts.opened_at, contacts.contact_id) as place
    from contacts
    cross join sales_feed
    where not sales_feed.is_day_precision

),

contacting as (

    select distinct customer_id
    from placed_contacts

),

events as (

    select
        customer_id,
        opened_at as happened_at,
        place,
        cast(null as varchar) as transaction_id,
        cast(null as decimal(18, 4)) as net_amount,
        -- a sale in the very second of the opening is not after it
        1 as rank
    from placed_contacts

    union all

    select
        tickets.customer_id,
        tickets.sold_at as happened_at,
        cast(null as bigint) as place,
        tickets.transaction_id,
        tickets.net_amount,
        0 as rank
    from tickets
    inner join contacting
        on tickets.customer_id = contacting.customer_id

),

-- one pass over each customer's history: a customer with thousands of contacts and tickets costs no square of them
followed as (

    select
        events.*,
        max(events.place) over (
            partition by events.customer_id
            order by events.happened_at, events.rank
            rows between unbounded preceding and current row
        ) as latest_place
    from events

),

sold as (

    select
        placed_contacts.opened_month as month,
        placed_contacts.value_segment,
        placed_contacts.customer_number,
        followed.transaction_id,
        followed.net_amount
    from followed
    inner join placed_contacts
        on
            followed.customer_id = placed_contacts.customer_id
            and followed.latest_place = placed_contacts.place
    where
        followed.transaction_id is not null
        and followed.happened_at <= placed_contacts.closed_at

),

final as (

    select
        month,
        coalesce(value_segment, -1) as value_segment,
        count(distinct customer_number) as customers,
        count(*) as tickets,
        cast(sum(net_amount) as decimal(38, 4)) as net_amount
    from sold
    group by month, rollup(value_segment)

)

select * from final
