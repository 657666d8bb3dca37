-- A returned row is a period and KPI of operations whose counts of events do not add up: over channels, over queues, over
-- segments, or days over the month. Distinct cases and customers, and percentiles, are left out: they do not add.

with

cells as (

    select * from {{ ref('service_operations') }}
    where kpi not in ('inbound_cases', 'contacting_customers', 'speed_of_answer_median', 'speed_of_answer_p90')

),

sums as (

    select
        period_grain,
        period_start,
        kpi,
        sum(case when channel = 'all' and queue = 'all' and value_segment = -1 then numerator end) as total,
        sum(case when channel <> 'all' and queue = 'all' and value_segment = -1 then numerator end) as channels,
        sum(case when channel = 'all' and queue <> 'all' and value_segment = -1 then numerator end) as queues,
        sum(case when channel = 'all' and queue = 'all' and value_segment <> -1 then numerator end) as segments,
        sum(case when channel <> 'all' and queue <> 'all' and value_segment <> -1 then numerator end) as finest,
        sum(case when channel = 'all' and queue = 'all' and value_segment = -1 then denominator end) as total_concerned,
        sum(case when channel <> 'all' and queue = 'all' and value_segment = -1 then denominator end) as channels_concerned,
        sum(case when channel = 'all' and queue <> 'all' and value_segment = -1 then denominator end) as queues_concerned,
        sum(case when channel = 'all' and queue = 'all' and value_segment <> -1 then denominator end) as segments_concerned
    from cells
    group by period_grain, period_start, kpi

),

days as (

    select
        kpi,
        {{ month_of('period_start') }} as month,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from cells
    where
        period_grain = 'day'
        and channel = 'all'
        and queue = 'all'
    group by kpi, {{ month_of('period_start') }}

)

select
    sums.period_grain,
    sums.period_start,
    sums.kpi,
    sums.total,
    sums.channels,
    sums.queues,
    sums.segments,
    days.numerator as days
from sums
left join days
    on
        sums.kpi = days.kpi
        and sums.period_start = days.month
        and sums.period_grain = 'month'
where
    sums.total is distinct from sums.channels
    or sums.total is distinct from sums.queues
    or sums.total_concerned is distinct from sums.channels_concerned
    or sums.total_concerned is distinct from sums.queues_concerned
    or (
        sums.period_grain <> 'day'
        and (
            sums.total is distinct from sums.segments
            or sums.total is distinct from sums.finest
            or sums.total_concerned is distinct from sums.segments_concerned
        )
    )
    or (
        sums.period_grain = 'month'
        and (sums.total is distinct from days.numerator or sums.total_concerned is distinct from days.denominator)
    )
