-- Distinct cases and customers, and the percentiles of the wait, of every cell: counted afresh in each, never added.

with

measures as (

    select * from {{ ref('int_contact_measures') }}

),

by_day as (

    select
        'day' as period_grain,
        opened_on as period_start,
        coalesce(channel, 'all') as channel,
        coalesce(queue, 'all') as queue,
        -1 as value_segment,
        count(distinct case when inbound_contacts = 1 then case_key end) as inbound_cases,
        count(distinct case when inbound_contacts = 1 and customer_id is not null then cluster_number end)
            as contacting_customers,
        {{ percentile('answer_wait_seconds', 0.5) }} as speed_of_answer_median,
        {{ percentile('answer_wait_seconds', 0.9) }} as speed_of_answer_p90
    from measures
    group by opened_on, cube (channel, queue)

),

by_week as (

    select
        'week' as period_grain,
        opened_week as period_start,
        coalesce(channel, 'all') as channel,
        coalesce(queue, 'all') as queue,
        coalesce(value_segment, -1) as value_segment,
        count(distinct case when inbound_contacts = 1 then case_key end) as inbound_cases,
        count(distinct case when inbound_contacts = 1 and customer_id is not null then cluster_number end)
            as contacting_customers,
        {{ percentile('answer_wait_seconds', 0.5) }} as speed_of_answer_median,
        {{ percentile('answer_wait_seconds', 0.9) }} as speed_of_answer_p90
    from measures
    group by opened_week, cube (channel, queue, value_segment)

),

by_month as (

    select
        'month' as period_grain,
        opened_month as period_start,
        coalesce(channel, 'all') as channel,
        coalesce(queue, 'all') as queue,
        coalesce(value_segment, -1) as value_segment,
        count(distinct case when inbound_contacts = 1 then case_key end) as inbound_cases,
        count(distinct case when inbound_contacts = 1 and customer_id is not null then cluster_number end)
            as contacting_customers,
        {{ percentile('answer_wait_seconds', 0.5) }} as speed_of_answer_median,
        {{ percentile('answer_wait_seconds', 0.9) }} as speed_of_answer_p90
    from measures
    group by opened_month, cube (channel, queue, value_segment)

),

final as (

    select * from by_day
    union all
    select * from by_week
    union all
    select * from by_month

)

select * from final
