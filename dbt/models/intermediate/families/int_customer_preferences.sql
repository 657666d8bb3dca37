-- How customers want to be in touch, as their own choices of the 24 months before the as-of month show: the channels on which
-- they opened their matters, and how often. Null below 3 contacts, and where two ways were chosen equally often.

with

run_context as (

    select
        *,
        {{ month_number('as_of_month') }} as as_of_month_number
    from {{ source('run', 'run_context') }}

),

interactions as (

    select * from {{ ref('int_interactions') }}
    where kind = 'contact'

),

counted as (

    select counts.*
    from {{ ref('int_customer_month_interactions') }} as counts
    inner join run_context on counts.month = run_context.as_of_month
    where counts.allows_profiling and counts.contacts_24m >= {{ minimum_interactions() }}

),

choices as (

    select
        counted.customer_id,
        counted.contacts_24m,
        counted.seen_days_24m,
        sum(case when interactions.distance = 'remote' then 1 when interactions.distance = 'face_to_face' then -1 else 0 end)
            as remote_surplus,
        sum(case when interactions.tempo = 'synchronous' then 1 when interactions.tempo = 'asynchronous' then -1 else 0 end)
            as synchronous_surplus,
        {{ median_of('interactions.answer_threshold_seconds') }} as threshold_seconds
    from counted
    cross join run_context
    inner join interactions
        on
            counted.customer_id = interactions.customer_id
            and interactions.month_number between run_context.as_of_month_number - 24 and run_context.as_of_month_number - 1
            and (
                interactions.void_month_number is null
                or run_context.as_of_month_number <= interactions.void_month_number
            )
    group by counted.customer_id, counted.contacts_24m, counted.seen_days_24m

),

final as (

    select
        customer_id,
        case when remote_surplus > 0 then 'remote' when remote_surplus < 0 then 'face_to_face' end as preferred_distance,
        case when synchronous_surplus > 0 then 'synchronous' when synchronous_surplus < 0 then 'asynchronous' end
            as preferred_tempo,
        -- a first month of three contacts is no habit of thirty-six a year: at least a quarter is taken
        {{ round_significant('contacts_24m * 365.25 / greatest(seen_days_24m, 91)') }} as wanted_frequency,
        {{ round_significant('threshold_seconds / 3600.0') }} as wanted_reply_hours
    from choices

)

select * from final
