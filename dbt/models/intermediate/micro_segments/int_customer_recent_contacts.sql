-- Inbound contacts of the twelve months before the as-of month, of those who may be profiled, each with the days since the
-- customer's last purchase. Nothing fitted is read, because fits read this; nothing of the month itself either.

with

run_context as (

    select
        *,
        {{ add_months_to_date('as_of_month', -12) }} as year_start_on
    from {{ source('run', 'run_context') }}

),

customers as (

    select * from {{ ref('int_customers') }}
    where allows_profiling

),

customer_keys as (

    select * from {{ ref('int_customer_keys') }}

),

channels as (

    select * from {{ ref('stg_reference__channels') }}

),

contacts as (

    select
        contacts.contact_id,
        customers.customer_id,
        customers.customer_number,
        contacts.channel,
        contacts.reason,
        contacts.opened_at,
        {{ company_day('contacts.opened_at') }} as opened_on,
        run_context.year_start_on
    from {{ ref('stg_crm__contacts') }} as contacts
    inner join customer_keys on contacts.customer_id_hash = customer_keys.source_key_hash
    inner join customers on customer_keys.customer_id = customers.customer_id
    cross join run_context
    where
        contacts.direction = 'inbound'
        and {{ company_day('contacts.opened_at') }} >= run_context.year_start_on
        and {{ company_day('contacts.opened_at') }} < run_context.as_of_month
        -- what became void only later was a contact at the start of the month
        and not (
            {{ is_set_aside() }}
            and {{ company_day('coalesce(contacts.closed_at, contacts.opened_at)') }} < run_context.as_of_month
        )

),

-- purchases and contacts of a customer in one row of time: the last purchase before each contact is found by one sort
events as (

    select
        customer_number,
        opened_at as happened_at,
        1 as is_contact,
        contact_id,
        cast(null as date) as sold_on
    from contacts
    union all
    select
        customers.customer_number,
        tickets.sold_at as happened_at,
        0 as is_contact,
        tickets.transaction_id as contact_id,
        tickets.sold_on
    from {{ ref('int_tickets') }} as tickets
    inner join customers on tickets.customer_id = customers.customer_id
    where tickets.net_amount > 0

),

last_purchases as (

    select
        contact_id,
        is_contact,
        max(sold_on) over (
            partition by customer_number
            order by happened_at asc, is_contact asc
            rows between unbounded preceding and current row
        ) as sold_on
    from events

),

final as (

    select
        contacts.contact_id,
        contacts.customer_id,
        contacts.customer_number,
        contacts.channel,
        contacts.reason,
        channels.distance,
        channels.tempo,
        contacts.opened_on,
        {{ days_between('last_purchases.sold_on', 'contacts.opened_on') }} as days_since_purchase
    from contacts
    left join channels on contacts.channel = channels.channel
    left join last_purchases
        on
            contacts.contact_id = last_purchases.contact_id
            and last_purchases.is_contact = 1

)

select * from final
