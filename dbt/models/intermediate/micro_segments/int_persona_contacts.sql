-- The contacts of the year before the as-of month of the customers of micro-segments, with what is known of each today.

with

contacts as (

    select * from {{ ref('int_contacts') }}

),

outcomes as (

    select
        contact_id,
        is_repurchased
    from {{ ref('int_repurchase_outcomes') }}
    -- the window of the headline
    where window_days = 60

),

final as (

    select
        recent.contact_id,
        scored.micro_segment,
        recent.customer_number,
        {{ dimension_member('recent.channel') }} as channel,
        {{ dimension_member('recent.reason') }} as reason,
        recent.days_since_purchase,
        contacts.is_within_threshold,
        case when resolutions.is_mature then resolutions.is_resolved end as is_resolved,
        outcomes.is_repurchased,
        -- the two best boxes of five
        answers.csat >= 0.75 as is_satisfied
    from {{ ref('int_customer_recent_contacts') }} as recent
    inner join {{ ref('int_customer_micro_segments') }} as scored on recent.customer_id = scored.customer_id
    inner join contacts on recent.contact_id = contacts.contact_id
    left join {{ ref('int_contact_resolutions') }} as resolutions on recent.contact_id = resolutions.contact_id
    left join {{ ref('int_contact_answers') }} as answers on recent.contact_id = answers.contact_id
    left join outcomes on recent.contact_id = outcomes.contact_id

)

select * from final
