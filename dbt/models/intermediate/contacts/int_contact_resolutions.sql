-- First-contact resolution: has the customer come back for the same reason within the days allowed?

with

contacts as (

    select * from {{ ref('int_contacts') }}

),

transferred_cases as (

    select distinct case_id
    from contacts
    where
        outcome = 'transferred'
        and case_id is not null

),

sequenced as (

    select
        contacts.contact_id,
        lag(contacts.outcome) over (partition by contacts.case_id order by contacts.opened_at, contacts.contact_id)
            as previous_outcome
    from contacts
    inner join transferred_cases
        on contacts.case_id = transferred_cases.case_id

),

-- A contact that goes on with a transferred one of its case is not a new request.
continuations as (

    select contact_id
    from sequenced
    where previous_outcome = 'transferred'

),

closings as (

    select
        contact_id,
        customer_number,
        reason,
        closed_at,
        outcome,
        reopen_count,
        {{ add_days('closed_at', 'repeat_contact_days') }} as repeat_until,
        contacts_horizon_at
    from contacts
    where
        is_inbound
        and is_handled
        and customer_id is not null

),

-- Closings and openings of one customer and reason on one line: the next opening after each closing is found by one
-- sort, whatever the number of contacts of the customer. At the same instant the closing comes first when read from
-- the end, so that an opening at the very instant of the closing is not after it.
events as (

    select
        customer_number,
        reason,
        closed_at as happened_at,
        0 as is_opening,
        contact_id,
        cast(null as timestamp) as opened_at
    from closings
    where closed_at is not null

    union all

    select
        contacts.customer_number,
        contacts.reason,
        contacts.opened_at as happened_at,
        1 as is_opening,
        contacts.contact_id,
        contacts.opened_at
    from contacts
    left join continuations
        on contacts.contact_id = continuations.contact_id
    where
        contacts.is_inbound
        and contacts.customer_id is not null
        and continuations.contact_id is null

),

next_openings as (

    select
        contact_id,
        is_opening,
        min(opened_at) over (
            partition by customer_number, reason
            order by happened_at desc, is_opening asc
            rows between unbounded preceding and current row
        ) as next_opened_at
    from events

),

final as (

    select
        closings.contact_id,
        {{ is_before_horizon('closings.repeat_until', 'closings.contacts_horizon_at') }} as is_mature,
        coalesce(closings.outcome, '') != 'unresolved'
        and coalesce(closings.reopen_count, 0) = 0
        and not coalesce(next_openings.next_opened_at <= closings.repeat_until, false) as is_resolved
    from closings
    left join next_openings
        on
            closings.contact_id = next_openings.contact_id
            and next_openings.is_opening = 0

)

select * from final
