with

contacts as (

    select * from {{ ref('int_contacts') }}

),

resolutions as (

    select * from {{ ref('int_contact_resolutions') }}

),

answers as (

    select * from {{ ref('int_contact_answers') }}

),

final as (

    select
        contacts.contact_id,
        contacts.case_id,
        contacts.customer_id,
        contacts.channel,
        contacts.direction,
        contacts.reason,
        contacts.queue,
        contacts.team,
        contacts.agent_id,
        contacts.opened_at,
        contacts.answered_at,
        contacts.closed_at,
        contacts.outcome,
        contacts.value_segment,
        contacts.relational_family,
        contacts.wait_seconds,
        contacts.handle_seconds,
        contacts.is_set_aside,
        contacts.is_handled,
        contacts.is_within_threshold,
        case when resolutions.is_mature then resolutions.is_resolved end as is_first_contact_resolution,
        answers.csat,
        answers.ces,
        answers.nps_answer,
        cast(null as double) as delivered_quality
    from contacts
    left join resolutions
        on contacts.contact_id = resolutions.contact_id
    left join answers
        on contacts.contact_id = answers.contact_id

)

select * from final
