-- Customers at risk month by month, contacted or not, and whether they stayed: what rescue is counted and estimated on. Only scores
-- frozen before the month: by a version fitted on its first day or before.
--
-- Time zero of the contacted is the opening of their first handled contact of the month; of the others an instant drawn
-- from those of the same month and kind, whatever happens to them after it. Both are at risk still at time zero: the
-- subscription runs, or nothing was bought from the start of the month to the end of that day.

with

run_context as (

    select * from {{ source('run', 'run_context') }}

),

scores as (

    select *
    from {{ ref('int_churn_scores') }}
    where is_frozen and band is not null

),

segments as (

    select
        customer_id,
        month,
        value_segment
    from {{ ref('int_customer_month_segments') }}

),

subscription_months as (

    select subscription_months.*
    from {{ ref('int_subscription_months') }} as subscription_months
    inner join {{ ref('int_customers') }} as customers
        on subscription_months.customer_number = customers.customer_number
    where customers.allows_profiling

),

subscriptions as (

    select
        customers.customer_number,
        subscriptions.started_at,
        subscriptions.cancellation_requested_at,
        subscriptions.ended_at
    from {{ ref('stg_crm__subscriptions') }} as subscriptions
    inner join {{ ref('int_customer_keys') }} as customer_keys
        on subscriptions.customer_id_hash = customer_keys.source_key_hash
    inner join {{ ref('int_customers') }} as customers on customer_keys.customer_id = customers.customer_id

),

intents as (

    select contact_id
    from {{ ref('stg_crm__contacts') }}
    where has_cancellation_intent

),

handled_contacts as (

    select
        contacts.contact_id,
        contacts.customer_number,
        contacts.opened_month as month,
        contacts.opened_at,
        contacts.opened_on,
        intents.contact_id is not null as has_intent
    from {{ ref('int_contacts') }} as contacts
    left join intents on contacts.contact_id = intents.contact_id
    where contacts.is_handled and contacts.customer_number is not null

),

first_contacts as (

    select *
    from handled_contacts
    qualify row_number() over (partition by customer_number, month order by opened_at asc, contact_id asc) = 1

),

-- who said to want to leave in the contact, or had asked to cancel before it, is at risk by that alone
declared as (

    select
        handled_contacts.customer_number,
        handled_contacts.month,
        handled_contacts.opened_at,
        handled_contacts.opened_on,
        max(case when handled_contacts.has_intent then 1 else 0 end) = 1 as has_intent
    from handled_contacts
    inner join subscription_months
        on
            handled_contacts.customer_number = subscription_months.customer_number
            and handled_contacts.month = subscription_months.month
    inner join subscriptions
        on
            handled_contacts.customer_number = subscriptions.customer_number
            and handled_contacts.opened_at >= subscriptions.started_at
            and (subscriptions.ended_at is null or handled_contacts.opened_at < subscriptions.ended_at)
    group by
        handled_contacts.customer_number, handled_contacts.month, handled_contacts.contact_id,
        handled_contacts.opened_at, handled_contacts.opened_on
    having
        max(case when handled_contacts.has_intent then 1 else 0 end) = 1
        or min(case when subscriptions.cancellation_requested_at <= handled_contacts.opened_at then 1 else 0 end) = 1

),

first_declared as (

    select *
    from declared
    qualify row_number() over (partition by customer_number, month order by opened_at asc, has_intent desc) = 1

),

declared_units as (

    select
        first_declared.customer_number,
        first_declared.month,
        'subscription' as churn_kind,
        case when first_declared.has_intent then 'intent' else 'request' end as basis,
        true as is_treated,
        first_declared.opened_at as time_zero,
        first_declared.opened_on as day_zero,
        cast(null as double) as churn_probability,
        subscription_months.monthly_amount,
        cast(null as date) as matures_on,
        cast(null as date) as next_purchase_on,
        cast(null as boolean) as has_churned
    from first_declared
    inner join subscription_months
        on
            first_declared.customer_number = subscription_months.customer_number
            and first_declared.month = subscription_months.month

),

treated as (

    select
        scores.customer_number,
        scores.month,
        scores.churn_kind,
        'score' as basis,
        true as is_treated,
        first_contacts.opened_at as time_zero,
        first_contacts.opened_on as day_zero,
        scores.churn_probability,
        scores.monthly_amount,
        scores.matures_on,
        scores.next_purchase_on,
        scores.has_churned
    from scores
    inner join first_contacts
        on
            scores.customer_number = first_contacts.customer_number
            and scores.month = first_contacts.month
    left join first_declared
        on
            scores.customer_number = first_declared.customer_number
            and scores.month = first_declared.month
            -- what is said after time zero removes nobody: of those who were not contacted it removes nobody either
            and first_contacts.opened_at >= first_declared.opened_at
    where first_declared.customer_number is null

),

-- instants of the contacted, numbered within month and kind
instants as (

    select
        month,
        churn_kind,
        time_zero,
        day_zero,
        row_number() over (partition by month, churn_kind order by time_zero asc, customer_number asc) - 1 as place,
        count(*) over (partition by month, churn_kind) as places
    from treated

),

places as (

    select distinct
        month,
        churn_kind,
        places
    from instants

),

drawn as (

    select
        scores.*,
        least(
            places.places - 1,
            cast(
                floor(
                    places.places
                    * {{ hash_share("scores.customer_id || '/' || cast(scores.month as varchar) || '/pseudo-date'") }}
                ) as bigint
            )
        ) as place
    from scores
    inner join places
        on
            scores.month = places.month
            and scores.churn_kind = places.churn_kind

),

controls as (

    select
        drawn.customer_number,
        drawn.month,
        drawn.churn_kind,
        'score' as basis,
        false as is_treated,
        instants.time_zero,
        instants.day_zero,
        drawn.churn_probability,
        drawn.monthly_amount,
        drawn.matures_on,
        drawn.next_purchase_on,
        drawn.has_churned
    from drawn
    inner join instants
        on
            drawn.month = instants.month
            and drawn.churn_kind = instants.churn_kind
            and drawn.place = instants.place
    left join first_contacts
        on
            drawn.customer_number = first_contacts.customer_number
            and drawn.month = first_contacts.month
    where first_contacts.customer_number is null or first_contacts.opened_at > instants.time_zero

),

together as (

    select * from declared_units
    union all
    select * from treated
    union all
    select * from controls

),

-- who was contacted at risk in the days before is not counted once more: one rescue for each stretch of risk
dated as (

    select
        together.*,
        max(case when is_treated then time_zero end) over (
            partition by customer_number
            order by time_zero asc
            rows between unbounded preceding and 1 preceding
        ) as former_contact_at
    from together

),

units as (

    select dated.*
    from dated
    cross join run_context
    where
        dated.former_contact_at is null
        or {{ add_days('dated.former_contact_at', 'run_context.rescue_days') }} < dated.time_zero

),

-- subscriptions at time zero, and at the end of the days after it
kept as (

    select
        units.customer_number,
        units.month,
        units.is_treated,
        max(
            case
                when
                    subscriptions.started_at <= units.time_zero
                    and (subscriptions.ended_at is null or subscriptions.ended_at > units.time_zero)
                    then 1
                else 0
            end
        ) = 1 as is_running_at_zero,
        max(
            case
                when
                    subscriptions.ended_at is null
                    or subscriptions.ended_at > {{ add_days('units.time_zero', 'run_context.rescue_days') }}
                    then 1
                else 0
            end
        ) = 1 as is_running_after,
        max(coalesce(subscriptions.ended_at, timestamp '9999-12-31 00:00:00')) as last_ended_at
    from units
    cross join run_context
    inner join subscriptions
        on
            units.customer_number = subscriptions.customer_number
            and subscriptions.started_at <= {{ add_days('units.time_zero', 'run_context.rescue_days') }}
    where units.churn_kind = 'subscription'
    group by units.customer_number, units.month, units.is_treated

),

horizon as (

    select max(horizon_at) as subscriptions_at
    from {{ source('run', 'feed_status') }}
    where feed = 'crm_subscriptions'

),

still_at_risk as (

    select
        units.*,
        {{ segment_at('segments.value_segment') }} as value_segment,
        case
            when units.churn_kind = 'subscription'
                then
                    {{ is_before_horizon(add_days('units.time_zero', 'run_context.rescue_days'), 'horizon.subscriptions_at') }}
            else units.has_churned is not null
        end as is_mature,
        kept.is_running_after,
        case when kept.last_ended_at < timestamp '9999-01-01 00:00:00' then kept.last_ended_at end as ended_at
    from units
    cross join run_context
    cross join horizon
    inner join {{ ref('int_customers') }} as customers on units.customer_number = customers.customer_number
    left join segments
        on
            customers.customer_id = segments.customer_id
            and units.month = segments.month
    left join kept
        on
            units.customer_number = kept.customer_number
            and units.month = kept.month
            and units.is_treated = kept.is_treated
    where
        case
            when units.churn_kind = 'subscription' then coalesce(kept.is_running_at_zero, false)
            else
                units.day_zero < units.matures_on
                and (units.next_purchase_on is null or units.next_purchase_on > units.day_zero)
        end

),

final as (

    select
        customer_number,
        month,
        churn_kind,
        basis,
        is_treated,
        time_zero,
        value_segment,
        churn_probability,
        monthly_amount,
        is_mature,
        case
            when not is_mature then cast(null as boolean)
            when churn_kind = 'subscription' then is_running_after
            else not has_churned
        end as is_retained,
        ended_at
    from still_at_risk

)

select * from final
