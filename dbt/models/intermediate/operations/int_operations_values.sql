-- The KPIs of operations in every cell, those included that readiness will not let out.

with

cells as (

    select * from {{ ref('int_operations_cells') }}

),

distincts as (

    select * from {{ ref('int_operations_distincts') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

joined as (

    select
        cells.*,
        distincts.inbound_cases,
        distincts.speed_of_answer_median,
        distincts.speed_of_answer_p90
    from cells
    left join distincts
        on
            cells.period_grain = distincts.period_grain
            and cells.period_start = distincts.period_start
            and cells.channel = distincts.channel
            and cells.queue = distincts.queue
            and cells.value_segment = distincts.value_segment

),

ratios as (

    {% for ratio in operations_ratios() %}
        select
            period_grain,
            period_start,
            channel,
            queue,
            value_segment,
            '{{ ratio.kpi }}' as kpi,
            '{{ ratio.unit }}' as unit,
            {{ ratio.kpi }}_y as y,
            {{ ratio.kpi }}_n as n,
            {{ ratio.kpi }}_yy as yy,
            {{ ratio.kpi }}_yn as yn,
            {{ ratio.kpi }}_nn as nn,
            {{ ratio.kpi }}_k as k,
            {{ ratio.immature if ratio.immature else 'cast(0 as bigint)' }} as immature_count
        from joined
        where {{ ratio.kpi }}_n > 0
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

sampled as (

    select
        ratios.*,
        {{ safe_divide('y', 'n') }} as share,
        case when unit = 'rate' then {{ effective_sample('y', 'n', 'yy', 'yn', 'nn', 'k') }} end as sample,
        case when unit = 'seconds' then {{ z_95() }} * sqrt({{ cluster_variance('y', 'n', 'yy', 'yn', 'nn', 'k') }}) end
            as half_width
    from ratios

),

estimated as (

    select
        period_grain,
        period_start,
        channel,
        queue,
        value_segment,
        kpi,
        cast(y as bigint) as numerator,
        cast(n as bigint) as denominator,
        share as value,
        case
            when unit = 'rate' then {{ wilson_low('share', 'sample') }}
            when half_width is not null then greatest(share - half_width, 0.0)
        end as interval_low,
        case when unit = 'rate' then {{ wilson_high('share', 'sample') }} else share + half_width end as interval_high,
        cast(n as bigint) as sample_size,
        cast(immature_count as bigint) as immature_count
    from sampled

),

-- A count is its own numerator; it is no estimate and has no interval.
counts as (

    {% for count in ['inbound_contacts', 'inbound_cases', 'contacting_customers'] %}
        select
            period_grain,
            period_start,
            channel,
            queue,
            value_segment,
            '{{ count }}' as kpi,
            cast({{ count }} as bigint) as numerator,
            cast(null as bigint) as denominator,
            cast({{ count }} as double) as value,
            cast(null as double) as interval_low,
            cast(null as double) as interval_high,
            cast({{ count }} as bigint) as sample_size,
            cast(0 as bigint) as immature_count
        from joined
        where {{ count }} > 0
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

percentiles as (

    {% for kpi in ['speed_of_answer_median', 'speed_of_answer_p90'] %}
        select
            period_grain,
            period_start,
            channel,
            queue,
            value_segment,
            '{{ kpi }}' as kpi,
            cast(null as bigint) as numerator,
            cast(average_speed_of_answer_n as bigint) as denominator,
            cast({{ kpi }} as double) as value,
            cast(null as double) as interval_low,
            cast(null as double) as interval_high,
            cast(average_speed_of_answer_n as bigint) as sample_size,
            cast(immature_answers as bigint) as immature_count
        from joined
        where {{ kpi }} is not null
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

together as (

    select * from estimated
    union all
    select * from counts
    union all
    select * from percentiles

),

final as (

    select
        together.period_grain,
        together.period_start,
        together.channel,
        together.queue,
        together.value_segment,
        together.kpi,
        together.numerator,
        together.denominator,
        {{ round_significant('together.value') }} as value,
        {{ round_significant('together.interval_low') }} as interval_low,
        {{ round_significant('together.interval_high') }} as interval_high,
        together.sample_size,
        together.immature_count,
        together.sample_size >= run_context.minimum_sample as is_publishable
    from together
    cross join run_context
    -- A week that begins before the history would hold a part of its days only.
    where together.period_start >= run_context.first_month

)

select * from final
