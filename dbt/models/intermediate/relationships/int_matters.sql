-- What customers contacted the service about, or it them: a case; without a case the contacts of a customer for one reason, each
-- within the days of a repeat after the one before.

with

contacts as (

    select
        contact_id,
        customer_id,
        customer_number,
        case_id,
        reason,
        case when case_id is null then reason end as caseless_reason,
        channel,
        opened_at,
        opened_on,
        coalesce(closed_at, opened_at) as ended_at,
        {{ add_days('coalesce(closed_at, opened_at)', 'repeat_contact_days') }} as repeat_until,
        outcome,
        is_inbound,
        is_handled,
        contacts_horizon_at
    from {{ ref('int_contacts') }}
    where
        customer_id is not null
        and not is_set_aside

),

channels as (

    select * from {{ ref('stg_reference__channels') }}

),

run_context as (

    select
        *,
        {{ add_months_to_date('as_of_month', -12) }} as first_day
    from {{ source('run', 'run_context') }}

),

followed as (

    select
        contacts.*,
        max(repeat_until) over (
            partition by customer_number, case_id, caseless_reason
            order by opened_at, contact_id
            rows between unbounded preceding and 1 preceding
        ) as previous_repeat_until,
        -- what goes on with a transferred contact of its case is no return of the customer
        case_id is not null
        and coalesce(
            lag(outcome) over (
                partition by customer_number, case_id, caseless_reason
                order by opened_at, contact_id
            ), ''
        ) = 'transferred' as is_continuation
    from contacts

),

chained as (

    select
        followed.*,
        is_inbound and not is_continuation as is_own_step,
        sum(case when case_id is null and opened_at > previous_repeat_until then 1 else 0 end) over (
            partition by customer_number, case_id, caseless_reason
            order by opened_at, contact_id
            rows between unbounded preceding and current row
        ) as chain,
        -- in whatever matter: a new case about the same thing is a return, too
        min(case when is_inbound and not is_continuation then opened_at end) over (
            partition by customer_number, reason
            order by opened_at, contact_id
            rows between 1 following and unbounded following
        ) as next_opened_at
    from followed

),

placed as (

    select
        chained.*,
        row_number() over (
            partition by customer_number, case_id, caseless_reason, chain
            order by case when is_inbound then 0 else 1 end, opened_at, contact_id
        ) as place_from_start,
        row_number() over (
            partition by customer_number, case_id, caseless_reason, chain
            order by case when is_handled then 0 else 1 end, opened_at desc, contact_id desc
        ) as place_from_end
    from chained

),

matters as (

    select
        customer_id,
        customer_number,
        max(case when place_from_start = 1 then contact_id end) as matter_id,
        max(case when place_from_start = 1 then opened_on end) as began_on,
        max(case when place_from_start = 1 and is_inbound then channel end) as first_channel,
        max(case when place_from_end = 1 and is_handled then channel end) as last_channel,
        sum(case when is_inbound then 1 else 0 end) as inbound_contacts,
        sum(case when is_inbound then 0 else 1 end) as outbound_contacts,
        sum(case when is_own_step then 1 else 0 end) > 1
        or coalesce(max(case when is_inbound and next_opened_at <= repeat_until then 1 end), 0) = 1 as has_returned,
        max(case when is_inbound then repeat_until end) as repeat_until,
        max(contacts_horizon_at) as contacts_horizon_at
    from placed
    group by customer_id, customer_number, case_id, caseless_reason, chain

),

final as (

    select
        matters.matter_id,
        matters.customer_id,
        matters.customer_number,
        matters.began_on,
        matters.inbound_contacts > 0 as has_inbound,
        matters.outbound_contacts > 0 as has_outbound,
        first_channels.distance as first_distance,
        first_channels.tempo as first_tempo,
        last_channels.distance as last_distance,
        last_channels.tempo as last_tempo,
        -- null while the customer may still come back
        case
            when {{ is_before_horizon('matters.repeat_until', 'matters.contacts_horizon_at') }} then matters.has_returned
        end as has_returned
    from matters
    inner join run_context
        on
            matters.began_on >= run_context.first_day
            and matters.began_on < run_context.as_of_month
    left join channels as first_channels on matters.first_channel = first_channels.channel
    left join channels as last_channels on matters.last_channel = last_channels.channel

)

select * from final
