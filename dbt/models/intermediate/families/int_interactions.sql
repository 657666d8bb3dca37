-- What customers did of their own will toward the company: the first contact of each matter, and each day on which they
-- looked for help alone. A repeat or a second try is no new choice, and what the company began is not the customer's.

with

contacts as (

    select * from {{ ref('stg_crm__contacts') }}

),

sessions as (

    select * from {{ ref('stg_web__sessions') }}

),

customer_keys as (

    select
        keys.source_key_hash,
        customers.customer_id,
        customers.customer_number
    from {{ ref('int_customer_keys') }} as keys
    inner join {{ ref('int_customers') }} as customers on keys.customer_id = customers.customer_id

),

channels as (

    select * from {{ ref('stg_reference__channels') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

contacts_first_day as (

    select max(case when is_present then first_day end) as first_day
    from {{ source('run', 'feed_status') }}
    where feed = 'crm_contacts'

),

-- A contact that was merged into a later one still opened its matter; spam, and what was merged into an earlier contact,
-- counts no more from the month in which that was said.
dated_contacts as (

    select
        customer_keys.customer_id,
        customer_keys.customer_number,
        contacts.contact_id,
        {{ dimension_member('contacts.channel') }} as channel,
        {{ month_number(company_day('contacts.opened_at')) }} as month_number,
        case
            when
                {{ is_set_aside() }}
                and not coalesce(
                    main_contacts.opened_at > contacts.opened_at and main_contacts.opened_at <= contacts.closed_at, false
                )
                then {{ month_number(company_day('coalesce(contacts.closed_at, contacts.opened_at)')) }}
        end as void_month_number,
        row_number() over (
            partition by customer_keys.customer_id, coalesce(contacts.case_id, contacts.contact_id)
            order by contacts.opened_at, contacts.contact_id
        ) as place_in_case,
        contacts.opened_at,
        contacts.case_id,
        -- what gives no reason is the same as nothing else
        coalesce('=' || contacts.reason, contacts.contact_id) as reason,
        run_context.repeat_contact_days
    from contacts
    inner join customer_keys on contacts.customer_id_hash = customer_keys.source_key_hash
    cross join run_context
    left join contacts as main_contacts on contacts.merged_into_contact_id = main_contacts.contact_id
    where contacts.direction = 'inbound'

),

compared_contacts as (

    select
        dated_contacts.*,
        lag(opened_at) over (partition by customer_number, reason order by opened_at, contact_id) as previous_opened_at,
        lag(case_id) over (partition by customer_number, reason order by opened_at, contact_id) as previous_case_id
    from dated_contacts

),

-- Repeats of one reason follow each other within days, and are of no other case.
chained_contacts as (

    select
        compared_contacts.*,
        sum(
            case
                when
                    previous_opened_at >= {{ add_days('opened_at', '-repeat_contact_days') }}
                    and coalesce(case_id = previous_case_id, true)
                    then 0
                else 1
            end
        ) over (partition by customer_number, reason order by opened_at, contact_id rows unbounded preceding) as chain
    from compared_contacts

),

started_contacts as (

    select
        chained_contacts.*,
        min(opened_at) over (partition by customer_number, reason, chain) as chain_started_at
    from chained_contacts

),

-- Who calls every few days for months asks again and again: a matter is repeated for so many days from its first contact, then asked anew.
placed_contacts as (

    select
        started_contacts.*,
        row_number() over (
            partition by
                customer_number, reason, chain,
                floor({{ seconds_between('chain_started_at', 'opened_at') }} / (86400.0 * repeat_contact_days))
            order by opened_at, contact_id
        ) as place_in_matter
    from started_contacts

),

-- the customer by their id, else by their e-mail
session_keys as (

    select
        session_id,
        started_at,
        1 as rank,
        customer_id_hash as key_hash
    from sessions
    where help_page_views > 0
    union all
    select
        session_id,
        started_at,
        2 as rank,
        email_hash as key_hash
    from sessions
    where help_page_views > 0

),

help_sessions as (

    select
        session_keys.session_id,
        customer_keys.customer_id,
        customer_keys.customer_number,
        {{ company_day('session_keys.started_at') }} as happened_on
    from session_keys
    cross join run_context
    inner join customer_keys on session_keys.key_hash = customer_keys.source_key_hash
    qualify row_number() over (partition by session_keys.session_id order by session_keys.rank) = 1

),

-- Several sessions of one day are one search. Before contacts are recorded it would seem that everybody gets on alone.
help_days as (

    select
        help_sessions.customer_id,
        help_sessions.customer_number,
        help_sessions.happened_on,
        min(help_sessions.session_id) as session_id
    from help_sessions
    inner join contacts_first_day on help_sessions.happened_on >= contacts_first_day.first_day
    group by help_sessions.customer_id, help_sessions.customer_number, help_sessions.happened_on

),

together as (

    select
        'contact' as kind,
        contact_id as reference,
        customer_id,
        customer_number,
        channel,
        month_number,
        void_month_number
    from placed_contacts
    where place_in_case = 1 and place_in_matter = 1
    union all
    select
        'self_service' as kind,
        session_id as reference,
        customer_id,
        customer_number,
        'self_service' as channel,
        {{ month_number('happened_on') }} as month_number,
        cast(null as integer) as void_month_number
    from help_days

),

final as (

    select
        together.kind,
        together.reference,
        together.customer_id,
        together.customer_number,
        together.channel,
        channels.distance,
        channels.tempo,
        channels.answer_threshold_seconds,
        together.month_number,
        together.void_month_number
    from together
    left join channels on together.channel = channels.channel

)

select * from final
