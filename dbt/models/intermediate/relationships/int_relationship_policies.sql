-- The contact policy wanted and the one practised, cell by cell of the overlay, with the figures that tell it. Null where it
-- rests on too little.

with

behaviour as (

    select * from {{ ref('int_overlay_behaviour') }}

),

sides as (

    select * from {{ ref('int_relationship_sides') }}

),

replies as (

    select * from {{ ref('int_relationship_replies') }}

),

satisfactions as (

    select * from {{ ref('int_overlay_satisfaction') }}
    where subset = 'all'

),

run_context as (

    select
        *,
        {{ add_months_to_date('as_of_month', -12) }} as first_day,
        {{ days_between(add_months_to_date('as_of_month', -12), 'as_of_month') }} as year_days
    from {{ source('run', 'run_context') }}

),

-- A frequency needs the whole year; a first or a last week may be missing, as everywhere.
contact_feed as (

    select
        coalesce(
            max(
                case
                    when
                        feed_status.first_day <= {{ add_days_to_date('run_context.first_day', 7) }}
                        and {{ add_days_to_date(company_day('feed_status.horizon_at'), 6) }} >= run_context.as_of_month
                        then 1
                end
            ), 0
        ) = 1 as is_year_covered
    from {{ source('run', 'feed_status') }} as feed_status
    cross join run_context
    where
        feed_status.feed = 'crm_contacts'
        and feed_status.is_present

),

outbound as (

    select count(*) > 0 as is_outbound_recorded
    from {{ ref('int_contacts') }}
    where
        direction = 'outbound'
        and not is_set_aside

),

measured as (

    select
        behaviour.value_segment,
        behaviour.relational_family,
        behaviour.customers,
        behaviour.needs,
        behaviour.needs >= run_context.minimum_sample as is_told_by_enough,
        contact_feed.is_year_covered,
        outbound.is_outbound_recorded,
        case
            when contact_feed.is_year_covered and behaviour.needs >= run_context.minimum_sample
                then {{ safe_divide('behaviour.needs * run_context.year_days', 'behaviour.known_days') }}
        end as recommended_frequency,
        case
            when contact_feed.is_year_covered and behaviour.needs >= run_context.minimum_sample
                then {{ safe_divide('behaviour.contacts * run_context.year_days', 'behaviour.known_days') }}
        end as practised_frequency,
        case
            when behaviour.settled_needs >= run_context.minimum_sample
                then {{ safe_divide('behaviour.returned_needs', 'behaviour.settled_needs') }}
        end as returned_share,
        case
            when outbound.is_outbound_recorded and behaviour.matters >= run_context.minimum_sample
                then {{ safe_divide('behaviour.outbound_matters', 'behaviour.matters') }}
        end as outbound_share,
        case
            when behaviour.replies >= run_context.minimum_sample
                then behaviour.median_reply_seconds / 3600
        end as practised_reply_within_hours
    from behaviour
    cross join run_context
    cross join contact_feed
    cross join outbound

),

joined as (

    select
        measured.*,
        distances.recommended_side as recommended_distance,
        distances.practised_side as practised_distance,
        tempos.recommended_side as recommended_tempo,
        tempos.practised_side as practised_tempo,
        case
            when measured.returned_share >= {{ returning_share() }} then 'proactive'
            when measured.returned_share is not null then 'reactive'
        end as proactivity,
        case
            when measured.outbound_share >= {{ outbound_share() }} then 'proactive'
            when measured.outbound_share is not null then 'reactive'
        end as practised_proactivity,
        cast(replies.accepted_hours as double) as reply_within_hours,
        replies.fall_hours,
        replies.fall_satisfaction,
        replies.quicker_satisfaction,
        satisfactions.satisfaction,
        satisfactions.satisfaction_low,
        satisfactions.satisfaction_high,
        coalesce(satisfactions.answers, 0) as answers,
        coalesce(satisfactions.answering_customers, 0) as answering_customers
    from measured
    left join sides as distances
        on
            measured.value_segment = distances.value_segment
            and measured.relational_family = distances.relational_family
            and distances.axis = 'distance'
    left join sides as tempos
        on
            measured.value_segment = tempos.value_segment
            and measured.relational_family = tempos.relational_family
            and tempos.axis = 'tempo'
    left join replies
        on
            measured.value_segment = replies.value_segment
            and measured.relational_family = replies.relational_family
    left join satisfactions
        on
            measured.value_segment = satisfactions.value_segment
            and measured.relational_family = satisfactions.relational_family

),

final as (

    select
        joined.*,
        concat_ws(
            ',',
            case when recommended_distance <> practised_distance then 'distance' end,
            case when recommended_tempo <> practised_tempo then 'tempo' end,
            case
                when abs(practised_frequency - recommended_frequency) >= {{ frequency_gap_share() }} * recommended_frequency
                    then 'frequency'
            end,
            case when proactivity <> practised_proactivity then 'proactivity' end,
            -- quicker than they accept is no gap
            case when practised_reply_within_hours > reply_within_hours then 'reply' end
        ) as gap
    from joined

)

select * from final
