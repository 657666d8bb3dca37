-- What the customers of each cell of the overlay did in the twelve months before the as-of month, and what the service did: plain sums.

with

customers as (

    select * from {{ ref('int_overlay_customers') }}

),

run_context as (

    select
        *,
        {{ add_months_to_date('as_of_month', -12) }} as first_day
    from {{ source('run', 'run_context') }}

),

channels as (

    select * from {{ ref('stg_reference__channels') }}

),

matters as (

    select
        customers.value_segment,
        customers.relational_family,
        matters.*
    from {{ ref('int_matters') }} as matters
    inner join customers on matters.customer_number = customers.customer_number

),

contacts as (

    select
        customers.value_segment,
        customers.relational_family,
        contacts.is_inbound,
        contacts.is_handled,
        case
            when contacts.is_inbound and contacts.is_answered and channels.tempo = 'asynchronous'
                then contacts.wait_seconds
        end as reply_seconds
    from {{ ref('int_contacts') }} as contacts
    inner join customers on contacts.customer_number = customers.customer_number
    inner join run_context
        on
            contacts.opened_on >= run_context.first_day
            and contacts.opened_on < run_context.as_of_month
    left join channels on contacts.channel = channels.channel
    where not contacts.is_set_aside

),

customer_cells as (

    select
        {{ overlay_cell() }},
        count(*) as customers,
        sum(known_days) as known_days
    from customers
    group by cube(value_segment, relational_family)
    -- the total of nobody is a row, too
    having count(*) > 0

),

matter_cells as (

    select
        {{ overlay_cell() }},
        count(*) as matters,
        sum(case when has_outbound then 1 else 0 end) as outbound_matters,
        sum(case when has_inbound then 1 else 0 end) as needs,
        count(first_distance) as first_distances,
        sum(case when first_distance = 'face_to_face' then 1 else 0 end) as first_face_to_face,
        count(first_tempo) as first_tempos,
        sum(case when first_tempo = 'asynchronous' then 1 else 0 end) as first_asynchronous,
        count(case when has_inbound then last_distance end) as last_distances,
        sum(case when has_inbound and last_distance = 'face_to_face' then 1 else 0 end) as last_face_to_face,
        count(case when has_inbound then last_tempo end) as last_tempos,
        sum(case when has_inbound and last_tempo = 'asynchronous' then 1 else 0 end) as last_asynchronous,
        count(has_returned) as settled_needs,
        sum(case when has_returned then 1 else 0 end) as returned_needs
    from matters
    group by cube(value_segment, relational_family)

),

contact_cells as (

    select
        {{ overlay_cell() }},
        sum(case when is_handled or not is_inbound then 1 else 0 end) as contacts,
        count(reply_seconds) as replies,
        {{ median_of('reply_seconds') }} as median_reply_seconds
    from contacts
    group by cube(value_segment, relational_family)

),

final as (

    select
        customer_cells.value_segment,
        customer_cells.relational_family,
        cast(customer_cells.customers as bigint) as customers,
        cast(customer_cells.known_days as bigint) as known_days,
        {% for column in [
            'matters', 'outbound_matters', 'needs', 'first_distances', 'first_face_to_face', 'first_tempos', 'first_asynchronous',
            'last_distances', 'last_face_to_face', 'last_tempos', 'last_asynchronous', 'settled_needs', 'returned_needs'
        ] %}
            cast(coalesce(matter_cells.{{ column }}, 0) as bigint) as {{ column }},
        {% endfor %}
        cast(coalesce(contact_cells.contacts, 0) as bigint) as contacts,
        cast(coalesce(contact_cells.replies, 0) as bigint) as replies,
        cast(contact_cells.median_reply_seconds as double) as median_reply_seconds
    from customer_cells
    left join matter_cells
        on
            customer_cells.value_segment = matter_cells.value_segment
            and customer_cells.relational_family = matter_cells.relational_family
    left join contact_cells
        on
            customer_cells.value_segment = contact_cells.value_segment
            and customer_cells.relational_family = contact_cells.relational_family

)

select * from final
