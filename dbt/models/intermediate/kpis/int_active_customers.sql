-- Customers active at the start of each month: a net-positive purchase in the twelve months before, or a subscription
-- that runs on the first day.

with

features as (

    select
        customer_id,
        month,
        purchases_12m
    from {{ ref('int_customer_month_features') }}

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

run_context as (

    select * from {{ source('run', 'run_context') }}

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
            subscriptions.started_at < months.starts_at
            and (subscriptions.ended_at is null or subscriptions.ended_at >= months.starts_at)

),

buying as (

    select
        customer_id,
        month
    from features
    where purchases_12m > 0

),

active as (

    select * from buying
    union
    select * from subscribed

),

placed as (

    select
        active.customer_id,
        active.month,
        {{ segment_at('active.customer_id', 'segments.value_segment') }} as value_segment
    from active
    cross join run_context
    left join segments
        on
            active.customer_id = segments.customer_id
            and active.month = segments.month
    where active.month between run_context.first_month and run_context.as_of_month

),

final as (

    select
        month,
        coalesce(value_segment, -1) as value_segment,
        count(*) as active_customers
    from placed
    group by month, grouping sets ((value_segment), ())

)

select * from final
