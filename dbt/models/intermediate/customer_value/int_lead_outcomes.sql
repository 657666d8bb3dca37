-- Leads of the months of history, with the segment of their customer at the start of the month, and whether they were converted within the
-- window of 90 days.

with

run_context as (

    select * from {{ source('run', 'run_context') }}

),

horizon as (

    select max(horizon_at) as horizon_at
    from {{ source('run', 'feed_status') }}
    where feed = 'crm_leads'

),

leads as (

    select
        leads.lead_id,
        leads.created_at,
        leads.converted_at,
        keys.customer_id,
        {{ company_month('leads.created_at') }} as month
    from {{ ref('stg_crm__leads') }} as leads
    cross join run_context
    left join {{ ref('int_customer_keys') }} as keys
        on leads.customer_id_hash = keys.source_key_hash

),

segments as (

    select
        customer_id,
        month,
        value_segment
    from {{ ref('int_customer_month_segments') }}

),

final as (

    select
        leads.lead_id,
        leads.customer_id,
        leads.month,
        {{ segment_at('segments.value_segment') }} as value_segment,
        {{ is_before_horizon(add_days('leads.created_at', lead_days()), 'horizon.horizon_at') }} as is_mature,
        coalesce(
            leads.converted_at >= leads.created_at and leads.converted_at <= {{ add_days('leads.created_at', lead_days()) }}, false
        ) as is_converted
    from leads
    cross join horizon
    cross join run_context
    left join segments on leads.customer_id = segments.customer_id and leads.month = segments.month
    where leads.month between run_context.first_month and run_context.as_of_month

)

select * from final
