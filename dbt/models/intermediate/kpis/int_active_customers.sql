-- Customers active at the start of each month: a net-positive purchase in the twelve months before, or a subscription
-- that runs on the first day.

with

customer_months as (

    select
        customer_id,
        period_start as month,
        value_segment,
        purchases_12m
    from {{ ref('customer_months') }}

),

subscriptions as (

    select * from {{ ref('stg_crm__subscriptions') }}

),

customer_keys as (

    select
        source_key_hash,
        customer_id
    from {{ ref('int_customer_keys') }}
    where customer_id is not null

),

months as (

    select
        month,
        starts_at
    from {{ ref('int_calendar_months') }}

),

subscribed as (

    select distinct
        customer_keys.customer_id,
        months.month
    from subscriptions
    inner join customer_keys
        on subscriptions.customer_id_hash = customer_keys.source_key_hash
    inner join months
        on
            subscriptions.started_at <= months.starts_at
            and (subscriptions.ended_at is null or subscriptions.ended_at > months.starts_at)

),

-- One scan of the long table: its customers are all those who could be active in a month.
active as (

    select
        customer_months.month,
        customer_months.value_segment,
        count(*) as customers
    from customer_months
    left join subscribed
        on
            customer_months.customer_id = subscribed.customer_id
            and customer_months.month = subscribed.month
    where
        customer_months.purchases_12m > 0
        or subscribed.customer_id is not null
    group by customer_months.month, customer_months.value_segment

),

final as (

    select
        month,
        coalesce(value_segment, -1) as value_segment,
        sum(customers) as active_customers
    from active
    group by month, rollup(value_segment)

)

select * from final
