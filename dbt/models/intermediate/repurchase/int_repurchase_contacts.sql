-- Contacts after which a purchase is a re-purchase: inbound, handled, of a customer who had bought before. The window of
-- one that is still open has not begun: it is immature.

with

contacts as (

    select
        contact_id,
        customer_id,
        customer_number,
        channel,
        opened_at,
        closed_at,
        opened_on,
        closed_on,
        opened_month,
        value_segment,
        handle_seconds,
        hourly_cost
    from {{ ref('int_contacts') }}
    where
        is_inbound
        and is_handled
        and is_in_history
        and customer_id is not null

),

purchases as (

    select
        transaction_id,
        customer_id,
        sold_at,
        sold_on
    from {{ ref('int_tickets') }}
    where
        customer_id is not null
        and net_amount > 0

),

returned_purchases as (

    select * from {{ ref('int_returned_purchases') }}

),

sales_feed as (

    {{ is_day_precision_of_repurchase() }}

),

-- A purchase counts until its linked refunds have eaten it up.
fully_returned as (

    select
        purchases.customer_id,
        purchases.transaction_id,
        purchases.sold_at,
        purchases.sold_on,
        returned_purchases.returned_at,
        returned_purchases.returned_on
    from purchases
    inner join returned_purchases
        on purchases.transaction_id = returned_purchases.transaction_id

),

-- Most customers have kept their first purchase: one instant for each decides for all their contacts.
first_kept as (

    select
        purchases.customer_id,
        min(purchases.sold_at) as sold_at,
        min(purchases.sold_on) as sold_on
    from purchases
    left join fully_returned
        on purchases.transaction_id = fully_returned.transaction_id
    where fully_returned.transaction_id is null
    group by purchases.customer_id

),

after_kept as (

    select contacts.contact_id
    from contacts
    cross join sales_feed
    inner join first_kept
        on contacts.customer_id = first_kept.customer_id
    where
        case
            when sales_feed.is_day_precision then first_kept.sold_on < contacts.opened_on
            else first_kept.sold_at < contacts.opened_at
        end

),

-- The others may have held, when they called, a purchase that they returned later.
before_return as (

    select contacts.contact_id
    from contacts
    cross join sales_feed
    inner join fully_returned
        on contacts.customer_id = fully_returned.customer_id
    where
        case
            when sales_feed.is_day_precision
                then fully_returned.sold_on < contacts.opened_on and fully_returned.returned_on >= contacts.opened_on
            else fully_returned.sold_at < contacts.opened_at and fully_returned.returned_at > contacts.opened_at
        end

),

eligible as (

    select contact_id from after_kept
    union
    select contact_id from before_return

),

final as (

    select
        contacts.*,
        cast(round(contacts.handle_seconds * contacts.hourly_cost / 3600, 4) as decimal(18, 4)) as contact_cost,
        -- The only one of its customer in its month: the customer need not be told apart in the cells of the month.
        count(*) over (partition by contacts.customer_number, contacts.opened_month) = 1 as is_alone
    from contacts
    inner join eligible
        on contacts.contact_id = eligible.contact_id

)

select * from final
