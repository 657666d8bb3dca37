-- What each contact adds to each KPI of operations: `<kpi>_y` counts (or seconds), `<kpi>_n` is 1 where it is concerned.

with

contacts as (

    select * from {{ ref('int_contacts') }}
    where is_in_history

),

resolutions as (

    select * from {{ ref('int_contact_resolutions') }}

),

judged as (

    select
        contacts.*,
        coalesce(is_within_threshold, false) as is_met,
        -- Judged: offered on a channel with a threshold, the time of answer known.
        is_within_threshold is not null as is_judged,
        is_handled and is_inbound as is_handled_inbound,
        resolutions.contact_id is not null as may_be_resolved,
        coalesce(resolutions.is_mature, false) as is_resolution_mature,
        coalesce(resolutions.is_resolved, false) as is_resolved
    from contacts
    left join resolutions
        on contacts.contact_id = resolutions.contact_id

),

-- Alone: the customer has no other contact in its month nor in its week, so that its sums are those of its cluster in
-- every cell that it belongs to. A contact without a customer is a cluster of its own. Neighbours in time are enough to
-- tell: months and weeks are never left and entered again.
neighbours as (

    select
        contact_id,
        opened_month,
        opened_week,
        lag(opened_month) over in_order as previous_month,
        lag(opened_week) over in_order as previous_week,
        lead(opened_month) over in_order as next_month,
        lead(opened_week) over in_order as next_week
    from judged
    where customer_number is not null
    window in_order as (partition by customer_number order by opened_at)

),

accompanied as (

    select contact_id
    from neighbours
    where
        opened_month = previous_month
        or opened_week = previous_week
        or opened_month = next_month
        or opened_week = next_week

),

measured as (

    select
        judged.contact_id,
        accompanied.contact_id is null as is_alone,
        customer_number,
        coalesce(case_id, judged.contact_id) as case_key,
        opened_on,
        opened_week,
        opened_month,
        {{ dimension_member('channel') }} as channel,
        {{ dimension_member('queue') }} as queue,
        value_segment,
        case when is_answered and is_offered then wait_seconds end as answer_wait_seconds,

        case when is_inbound then 1 else 0 end as inbound_contacts,
        case when is_inbound and customer_number is not null then 1 else 0 end as identified_contacts,
        case when is_answer_immature then 1 else 0 end as immature_answers,
        case when may_be_resolved and not is_resolution_mature then 1 else 0 end as immature_resolutions,
        -- what closing tells is not known yet
        case when is_handled and closed_at is null and handle_seconds is null then 1 else 0 end as immature_handlings,
        case when is_handled_inbound and closed_at is null then 1 else 0 end as immature_closings,

        case when is_judged then 1 else 0 end as service_level_missed_abandons_n,
        case when is_met then 1 else 0 end as service_level_missed_abandons_y,

        case when is_judged then 1 else 0 end as service_level_met_abandons_n,
        case when is_judged and (is_met or is_abandoned_within_threshold) then 1 else 0 end as service_level_met_abandons_y,

        case when is_judged then 1 else 0 end as service_level_met_short_abandons_n,
        case when is_judged and (is_met or is_short_abandon) then 1 else 0 end as service_level_met_short_abandons_y,

        case when is_judged and not is_abandoned_within_threshold then 1 else 0 end
            as service_level_without_quick_abandons_n,
        case when is_met then 1 else 0 end as service_level_without_quick_abandons_y,

        case when is_judged and not is_abandoned then 1 else 0 end as service_level_without_abandons_n,
        case when is_met then 1 else 0 end as service_level_without_abandons_y,

        case when is_offered and is_answered and wait_seconds is not null then 1 else 0 end as average_speed_of_answer_n,
        case when is_offered and is_answered then coalesce(wait_seconds, 0) else 0 end as average_speed_of_answer_y,

        case when is_offered then 1 else 0 end as abandonment_rate_n,
        case when is_offered and is_abandoned then 1 else 0 end as abandonment_rate_y,

        case when is_offered then 1 else 0 end as short_abandonment_rate_n,
        case when is_offered and is_short_abandon then 1 else 0 end as short_abandonment_rate_y,

        case when is_handled and handle_seconds is not null then 1 else 0 end as average_handling_time_n,
        case when is_handled then coalesce(handle_seconds, 0) else 0 end as average_handling_time_y,

        case when is_resolution_mature then 1 else 0 end as first_contact_resolution_n,
        case when is_resolution_mature and is_resolved then 1 else 0 end as first_contact_resolution_y,

        case when is_handled_inbound and (outcome is not null or transfer_count is not null) then 1 else 0 end
            as transfer_rate_n,
        case
            when is_handled_inbound and (coalesce(outcome, '') = 'transferred' or coalesce(transfer_count, 0) > 0) then 1
            else 0
        end as transfer_rate_y,

        case when is_handled_inbound and closed_at is not null and reopen_count is not null then 1 else 0 end
            as reopening_rate_n,
        case when is_handled_inbound and closed_at is not null and coalesce(reopen_count, 0) > 0 then 1 else 0 end
            as reopening_rate_y
    from judged
    left join accompanied
        on judged.contact_id = accompanied.contact_id

),

final as (

    select
        contact_id,
        is_alone,
        customer_number,
        case_key,
        opened_on,
        opened_week,
        opened_month,
        channel,
        queue,
        value_segment,
        answer_wait_seconds,
        {% for ratio in operations_ratios() %}
            cast({{ ratio.kpi }}_n as bigint) as {{ ratio.kpi }}_n,
            cast({{ ratio.kpi }}_y as bigint) as {{ ratio.kpi }}_y,
        {% endfor %}
        cast(inbound_contacts as bigint) as inbound_contacts,
        cast(identified_contacts as bigint) as identified_contacts,
        cast(immature_answers as bigint) as immature_answers,
        cast(immature_resolutions as bigint) as immature_resolutions,
        cast(immature_handlings as bigint) as immature_handlings,
        cast(immature_closings as bigint) as immature_closings
    from measured

)

select * from final
