-- What does not add up, counted afresh in every cell: distinct cases, and percentiles of the wait. Cases of one inbound
-- contact, which do add up, are summed; only the others are distinct.

with

inbound as (

    select
        case_key,
        opened_on,
        opened_week,
        opened_month,
        channel,
        queue,
        value_segment
    from {{ ref('int_contact_measures') }}
    where inbound_contacts = 1

),

waits as (

    select
        opened_on,
        opened_week,
        opened_month,
        channel,
        queue,
        value_segment,
        answer_wait_seconds
    from {{ ref('int_contact_measures') }}
    where answer_wait_seconds is not null

),

long_cases as (

    select
        case_key,
        row_number() over (order by case_key) as case_number
    from inbound
    group by case_key
    having count(*) > 1

),

lone as (

    select
        inbound.opened_on,
        inbound.opened_week,
        inbound.opened_month,
        inbound.channel,
        inbound.queue,
        inbound.value_segment,
        count(*) as cases
    from inbound
    left join long_cases
        on inbound.case_key = long_cases.case_key
    where long_cases.case_key is null
    group by
        inbound.opened_on,
        inbound.opened_week,
        inbound.opened_month,
        inbound.channel,
        inbound.queue,
        inbound.value_segment

),

long as (

    select
        inbound.*,
        long_cases.case_number
    from inbound
    inner join long_cases
        on inbound.case_key = long_cases.case_key

),

counted as (

    {% for rows, measure in [('lone', 'sum(cases)'), ('long', 'count(distinct case_number)')] %}
        select
            'day' as period_grain,
            opened_on as period_start,
            coalesce(channel, 'all') as channel,
            coalesce(queue, 'all') as queue,
            -1 as value_segment,
            {{ measure }} as inbound_cases
        from {{ rows }}
        group by opened_on, cube(channel, queue)

        union all

        select
            'week' as period_grain,
            opened_week as period_start,
            coalesce(channel, 'all') as channel,
            coalesce(queue, 'all') as queue,
            coalesce(value_segment, -1) as value_segment,
            {{ measure }} as inbound_cases
        from {{ rows }}
        group by opened_week, cube(channel, queue, value_segment)

        union all

        select
            'month' as period_grain,
            opened_month as period_start,
            coalesce(channel, 'all') as channel,
            coalesce(queue, 'all') as queue,
            coalesce(value_segment, -1) as value_segment,
            {{ measure }} as inbound_cases
        from {{ rows }}
        group by opened_month, cube(channel, queue, value_segment)
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

cases as (

    select
        period_grain,
        period_start,
        channel,
        queue,
        value_segment,
        sum(inbound_cases) as inbound_cases
    from counted
    group by
        period_grain,
        period_start,
        channel,
        queue,
        value_segment

),

percentiles as (

    {% for grain, period in [('day', 'opened_on'), ('week', 'opened_week'), ('month', 'opened_month')] %}
        select
            '{{ grain }}' as period_grain,
            {{ period }} as period_start,
            coalesce(channel, 'all') as channel,
            coalesce(queue, 'all') as queue,
            {{ '-1' if grain == 'day' else 'coalesce(value_segment, -1)' }} as value_segment,
            {{ percentile('answer_wait_seconds', 0.5) }} as speed_of_answer_median,
            {{ percentile('answer_wait_seconds', 0.9) }} as speed_of_answer_p90
        from waits
        group by {{ period }}, cube(channel, queue{{ '' if grain == 'day' else ', value_segment' }})
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

final as (

    select
        cases.period_grain,
        cases.period_start,
        cases.channel,
        cases.queue,
        cases.value_segment,
        cases.inbound_cases,
        percentiles.speed_of_answer_median,
        percentiles.speed_of_answer_p90
    from cases
    left join percentiles
        on
            cases.period_grain = percentiles.period_grain
            and cases.period_start = percentiles.period_start
            and cases.channel = percentiles.channel
            and cases.queue = percentiles.queue
            and cases.value_segment = percentiles.value_segment

)

select * from final
