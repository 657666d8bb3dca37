-- What is known of each contact at the as-of date, and what it counts as. Every rule on contacts is written here once.

with

contacts as (

    select * from {{ ref('stg_crm__contacts') }}

),

customer_keys as (

    select
        keys.source_key_hash,
        keys.customer_id,
        customers.customer_number
    from {{ ref('int_customer_keys') }} as keys
    inner join {{ ref('int_customers') }} as customers
        on keys.customer_id = customers.customer_id

),

customer_segments as (

    select
        customer_id,
        month,
        value_segment,
        relational_family
    from {{ ref('int_customer_month_segments') }}

),

channels as (

    select
        channel,
        answer_threshold_seconds
    from {{ ref('stg_reference__channels') }}

),

agents as (

    select * from {{ ref('stg_crm__agents') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

horizon as (

    select
        max(horizon_at) as contacts_horizon_at,
        coalesce(max(date_precision), 'second') = 'day' as is_day_precision
    from {{ source('run', 'feed_status') }}
    where feed = 'crm_contacts'

),

-- Periods of one agent never overlap: a new one ends the one before, whatever its own end said.
agent_periods as (

    select
        agent_id_hash,
        team,
        hourly_cost,
        valid_from,
        least(
            coalesce(valid_to, timestamp '9999-12-31 00:00:00'),
            coalesce(
                lead(valid_from) over (partition by agent_id_hash order by valid_from),
                timestamp '9999-12-31 00:00:00'
            )
        ) as valid_until
    from agents

),

dated as (

    select
        contacts.contact_id,
        contacts.case_id,
        customer_keys.customer_id,
        customer_keys.customer_number,
        contacts.channel,
        contacts.direction,
        contacts.reason,
        contacts.queue,
        contacts.agent_id_hash,
        contacts.opened_at,
        contacts.answered_at,
        contacts.closed_at,
        contacts.outcome,
        contacts.transfer_count,
        contacts.reopen_count,
        contacts.talk_seconds,
        contacts.hold_seconds,
        contacts.wrap_up_seconds,
        channels.answer_threshold_seconds,
        horizon.contacts_horizon_at,
        {{ company_day('contacts.opened_at') }} as opened_on,
        {{ company_day('contacts.closed_at') }} as closed_on,
        run_context.repeat_contact_days,
        run_context.first_month,
        coalesce(contacts.is_automated, false) as is_automated,
        contacts.direction = 'inbound' and not {{ is_set_aside() }} as is_inbound,
        {{ is_set_aside() }} as is_set_aside,
        contacts.answered_at is null and coalesce(contacts.outcome, '') = 'abandoned' as is_abandoned,
        horizon.is_day_precision,
        -- days tell no waits: whether an answer was in time is then not known
        case
            when not horizon.is_day_precision
                then {{ add_seconds('contacts.opened_at', 'channels.answer_threshold_seconds') }}
        end as answer_due_at
    from contacts
    cross join run_context
    cross join horizon
    left join customer_keys
        on contacts.customer_id_hash = customer_keys.source_key_hash
    left join channels
        on contacts.channel = channels.channel

),

handled as (

    select
        dated.*,
        {{ month_of('opened_on') }} as opened_month,
        {{ week_of('opened_on') }} as opened_week,
        not is_set_aside
        and coalesce(outcome, '') != 'abandoned'
        and (
            answered_at is not null
            or (closed_at is not null and coalesce(outcome, '') in ('resolved', 'unresolved', 'transferred'))
        ) as is_handled
    from dated

),

-- Offered: a person could have answered. Until its time for an answer is over a contact counts nowhere, answered or not:
-- those that are answered first are the quick ones.
offered as (

    select
        handled.*,
        is_inbound
        and not is_automated
        and case
            when answer_due_at is not null then {{ is_before_horizon('answer_due_at', 'contacts_horizon_at') }}
            else answered_at is not null or is_handled or is_abandoned
        end as is_offered,
        is_inbound
        and not is_automated
        and answer_due_at is not null
        and not {{ is_before_horizon('answer_due_at', 'contacts_horizon_at') }} as is_answer_immature
    from handled

),

final as (

    select
        offered.contact_id,
        offered.case_id,
        offered.customer_id,
        offered.customer_number,
        offered.channel,
        offered.direction,
        offered.reason,
        offered.queue,
        agent_periods.team,
        offered.agent_id_hash as agent_id,
        offered.opened_at,
        offered.answered_at,
        offered.closed_at,
        offered.outcome,
        offered.opened_on,
        offered.closed_on,
        offered.opened_week,
        offered.opened_month,
        {{ segment_at('customer_segments.value_segment') }} as value_segment,
        coalesce(customer_segments.relational_family, 'unknown') as relational_family,
        offered.transfer_count,
        offered.reopen_count,
        offered.is_automated,
        offered.is_inbound,
        offered.is_set_aside,
        offered.is_handled,
        offered.is_abandoned,
        offered.is_offered,
        offered.is_answer_immature,
        offered.answered_at is not null as is_answered,
        case
            when offered.is_day_precision then cast(null as bigint)
            when offered.answered_at is not null
                then {{ seconds_between('offered.opened_at', 'offered.answered_at') }}
            when offered.is_abandoned and offered.closed_at is not null
                then {{ seconds_between('offered.opened_at', 'offered.closed_at') }}
        end as wait_seconds,
        case
            when coalesce(offered.talk_seconds, offered.hold_seconds, offered.wrap_up_seconds) is not null
                then
                    coalesce(offered.talk_seconds, 0)
                    + coalesce(offered.hold_seconds, 0)
                    + coalesce(offered.wrap_up_seconds, 0)
        end as handle_seconds,
        -- Null where there is nothing to judge: not offered, no threshold on the channel, or a time of answer not known.
        case
            when not offered.is_offered or offered.answer_due_at is null then cast(null as boolean)
            when offered.answered_at is not null then offered.answered_at <= offered.answer_due_at
            when offered.is_handled then cast(null as boolean)
            else false
        end as is_within_threshold,
        coalesce(offered.is_abandoned and offered.closed_at <= offered.answer_due_at, false) as is_abandoned_within_threshold,
        coalesce(
            offered.is_abandoned
            and not offered.is_day_precision
            and offered.closed_at < {{ add_seconds('offered.opened_at', short_abandon_seconds()) }},
            false
        ) as is_short_abandon,
        agent_periods.hourly_cost,
        offered.repeat_contact_days,
        offered.contacts_horizon_at,
        offered.opened_month >= offered.first_month as is_in_history
    from offered
    left join customer_segments
        on
            offered.customer_id = customer_segments.customer_id
            and offered.opened_month = customer_segments.month
    left join agent_periods
        on
            offered.agent_id_hash = agent_periods.agent_id_hash
            and offered.opened_at >= agent_periods.valid_from
            and offered.opened_at < agent_periods.valid_until

)

select * from final
