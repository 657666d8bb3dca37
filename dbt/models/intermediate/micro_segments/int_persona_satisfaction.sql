-- Satisfaction of each micro-segment by channel, reason and moment of a contact, beside that of all micro-segments together.

with

answered as (

    select
        micro_segment,
        customer_number,
        channel,
        reason,
        days_since_purchase,
        is_within_threshold,
        is_resolved,
        case when is_satisfied then 1 else 0 end as satisfied
    from {{ ref('int_persona_contacts') }}
    where is_satisfied is not null

),

cells as (

    select
        micro_segment,
        'all' as kind,
        'all' as member,
        customer_number,
        satisfied
    from answered
    union all
    select
        'all' as micro_segment,
        'all' as kind,
        'all' as member,
        customer_number,
        satisfied
    from answered
    union all
    select
        micro_segment,
        'channel' as kind,
        channel as member,
        customer_number,
        satisfied
    from answered
    union all
    select
        micro_segment,
        'reason' as kind,
        reason as member,
        customer_number,
        satisfied
    from answered
    union all
    select
        micro_segment,
        'moment' as kind,
        'answered_in_time' as member,
        customer_number,
        satisfied
    from answered
    where is_within_threshold
    union all
    select
        micro_segment,
        'moment' as kind,
        'answered_late' as member,
        customer_number,
        satisfied
    from answered
    where not is_within_threshold
    union all
    select
        micro_segment,
        'moment' as kind,
        'resolved_at_first' as member,
        customer_number,
        satisfied
    from answered
    where is_resolved
    union all
    select
        micro_segment,
        'moment' as kind,
        'came_back' as member,
        customer_number,
        satisfied
    from answered
    where not is_resolved
    union all
    select
        micro_segment,
        'moment' as kind,
        'after_purchase' as member,
        customer_number,
        satisfied
    from answered
    where days_since_purchase <= {{ after_purchase_days() }}

),

customers as (

    select
        micro_segment,
        kind,
        member,
        customer_number,
        sum(satisfied) as y,
        count(*) as n
    from cells
    group by micro_segment, kind, member, customer_number

),

sums as (

    select
        micro_segment,
        kind,
        member,
        cast(sum(y) as bigint) as y,
        cast(sum(n) as bigint) as n,
        sum(y * y) as yy,
        sum(y * n) as yn,
        sum(n * n) as nn,
        count(*) as k
    from customers
    group by micro_segment, kind, member

),

sampled as (

    select
        micro_segment,
        kind,
        member,
        y as satisfied,
        n as answers,
        cast(k as bigint) as customers,
        {{ safe_divide('y', 'n') }} as csat,
        {{ effective_sample('y', 'n', 'yy', 'yn', 'nn', 'k') }} as effective_answers
    from sums

),

final as (

    select
        micro_segment,
        kind,
        member,
        satisfied,
        answers,
        customers,
        {{ round_significant('csat') }} as csat,
        {{ round_significant(wilson_low('csat', 'effective_answers')) }} as csat_low,
        {{ round_significant(wilson_high('csat', 'effective_answers')) }} as csat_high,
        {{ round_significant(wilson_low('csat', sample_at_three_errors('effective_answers'))) }} as wide_low,
        {{ round_significant(wilson_high('csat', sample_at_three_errors('effective_answers'))) }} as wide_high
    from sampled

)

select * from final
