with

customers as (

    select * from {{ ref('int_customers') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

segments as (

    select segments.*
    from {{ ref('int_customer_month_segments') }} as segments
    inner join run_context on segments.month = run_context.as_of_month

),

customer_keys as (

    select * from {{ ref('int_customer_keys') }}

),

preferences as (

    select * from {{ ref('int_customer_preferences') }}

),

lifetime_values as (

    select * from {{ ref('int_customer_lifetime_values') }}

),

churn_scores as (

    select
        scores.customer_id,
        scores.churn_probability
    from {{ ref('int_churn_scores') }} as scores
    inner join run_context on scores.month = run_context.as_of_month

),

micro_segments as (

    select
        customer_id,
        micro_segment
    from {{ ref('int_customer_micro_segments') }}

),

last_contacts as (

    select
        customer_keys.customer_id,
        max(contacts.opened_at) as last_contact_at
    from {{ ref('stg_crm__contacts') }} as contacts
    inner join customer_keys on contacts.customer_id_hash = customer_keys.source_key_hash
    where
        contacts.direction = 'inbound'
        and not {{ is_set_aside() }}
    group by customer_keys.customer_id

),

last_purchases as (

    select
        customer_id,
        max(sold_at) as last_purchase_at
    from {{ ref('int_tickets') }}
    where net_amount > 0
    group by customer_id

),

final as (

    select
        customers.customer_id,
        customers.first_seen_at,
        customers.is_member,
        -- who refuses profiling has no figure of behaviour here; contacts and purchases keep the facts that totals need
        case when customers.allows_profiling then customers.tier end as tier,
        segments.value_segment,
        segments.value_tier,
        segments.potential_tier,
        segments.relational_family,
        micro_segments.micro_segment,
        preferences.preferred_distance,
        preferences.preferred_tempo,
        preferences.wanted_frequency,
        preferences.wanted_reply_hours,
        lifetime_values.lifetime_value,
        churn_scores.churn_probability,
        case when customers.allows_profiling then last_contacts.last_contact_at end as last_contact_at,
        case when customers.allows_profiling then last_purchases.last_purchase_at end as last_purchase_at,
        customers.allows_profiling
    from customers
    inner join segments on customers.customer_id = segments.customer_id
    left join preferences on customers.customer_id = preferences.customer_id
    left join lifetime_values on customers.customer_id = lifetime_values.customer_id
    left join churn_scores on customers.customer_id = churn_scores.customer_id
    left join micro_segments on customers.customer_id = micro_segments.customer_id
    left join last_contacts on customers.customer_id = last_contacts.customer_id
    left join last_purchases on customers.customer_id = last_purchases.customer_id

)

select * from final
