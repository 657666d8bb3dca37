-- Customers active at the start of each month: a net-positive purchase in the twelve months before, or a subscription that runs on the
-- first day. Also who refuses profiling (-2): they are in every total.

with

features as (

    select
        customer_id,
        customer_number,
        month,
        purchases_12m,
        sales_months_12m
    from {{ ref('int_customer_month_features') }}
    where is_in_history

),

segments as (

    select
        customer_id,
        month,
        value_segment
    from {{ ref('int_customer_month_segments') }}

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

final as (

    select
        features.customer_number,
        features.month,
        {{ month_number('features.month') }} as month_number,
        {{ segment_at('segments.value_segment') }} as value_segment,
        -- without sales only subscriptions can tell, and they tell of every month
        coalesce(features.sales_months_12m, 12) = 12 as is_year_known
    from features
    inner join segments on features.customer_id = segments.customer_id and features.month = segments.month
    left join subscribed on features.customer_id = subscribed.customer_id and features.month = subscribed.month
    where features.purchases_12m > 0 or subscribed.customer_id is not null

)

select * from final
