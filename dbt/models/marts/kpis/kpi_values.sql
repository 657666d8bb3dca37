with

cells as (

    select * from {{ ref('int_kpi_cells') }}

),

definitions as (

    select
        kpi,
        unit,
        direction
    from {{ ref('kpi_definitions') }}

),

readiness as (

    select * from {{ ref('kpi_readiness') }}

),

targets as (

    select * from {{ ref('stg_reference__kpi_targets') }}

),

history as (

    select * from {{ source('run', 'kpi_history') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

-- A KPI is as good as its worst feed.
unavailable as (

    select distinct kpi
    from readiness
    where verdict = 'unavailable'

),

-- Between these days a period holds all that the feeds can say of it.
covered as (

    select
        readiness.kpi,
        max(readiness.complete_from) as complete_from,
        min({{ company_day('readiness.horizon_at') }}) as covered_before
    from readiness
    cross join run_context
    where readiness.complete_from is not null
    group by readiness.kpi

),

looking_back as (

    select distinct kpi
    from {{ ref('kpi_feeds') }}
    where lookback_months is not null

),

dated_cells as (

    select
        cells.*,
        definitions.unit,
        definitions.direction,
        run_context.minimum_sample,
        case
            when cells.period_grain = 'month' then {{ add_months_to_date('cells.period_start', -1) }}
            when cells.period_grain = 'quarter' then {{ add_months_to_date('cells.period_start', -3) }}
            else {{ add_days_to_date('cells.period_start', -7) }}
        end as previous_period_start,
        case
            when cells.period_grain = 'month'
                then {{ add_days_to_date(add_months_to_date('cells.period_start', 1), -1) }}
            when cells.period_grain = 'quarter'
                then {{ add_days_to_date(add_months_to_date('cells.period_start', 3), -1) }}
            else {{ add_days_to_date('cells.period_start', 6) }}
        end as period_end
    from cells
    cross join run_context
    inner join definitions
        on cells.kpi = definitions.kpi
    left join unavailable
        on cells.kpi = unavailable.kpi
    where unavailable.kpi is null

),

bounded_cells as (

    select
        dated_cells.*,
        covered.kpi is null or dated_cells.period_start >= covered.complete_from as is_begun_whole,
        covered.kpi is null or dated_cells.period_end < covered.covered_before as is_ended_whole,
        -- what looks back does not need the period, but the days before it; a last week may be missing
        looking_back.kpi is null
        or covered.kpi is null
        or (
            dated_cells.period_start >= covered.complete_from
            and dated_cells.period_start <= {{ add_days_to_date('covered.covered_before', 6) }}
        ) as is_look_back_whole,
        dated_cells.immature_count <= {{ settled_share() }} * (coalesce(dated_cells.sample_size, 0) + dated_cells.immature_count)
            as is_settled
    from dated_cells
    left join covered
        on dated_cells.kpi = covered.kpi
    left join looking_back
        on dated_cells.kpi = looking_back.kpi

),

-- What looks back on a year of which a part is missing grows while the year fills: nobody may read that as growth.
available_cells as (

    select
        bounded_cells.*,
        is_begun_whole and is_ended_whole as is_complete,
        sample_size >= minimum_sample and is_look_back_whole as is_publishable
    from bounded_cells

),

-- Said before, of a period that the feeds covered whole and that had nothing left to ripen, and not the same: a late or
-- corrected row.
restated as (

    select distinct
        available_cells.kpi,
        available_cells.period_grain,
        available_cells.period_start,
        available_cells.value_segment
    from available_cells
    cross join run_context
    inner join history
        on
            available_cells.kpi = history.kpi
            and available_cells.period_grain = history.period_grain
            and available_cells.period_start = history.period_start
            and available_cells.value_segment = history.value_segment
    where
        history.as_of_date <= run_context.as_of_date
        and history.is_complete
        and history.value is not null
        and coalesce(history.immature_count, 0) = 0
        and history.value is distinct from available_cells.value

),

-- What was drawn at random replaces what is estimated, and speaks of other customers: from one to the other there is no change.
drawn_at_random as (

    select distinct
        'repurchase_increment_' as stem,
        period_start
    from {{ ref('repurchase_increment') }}
    where method = 'hold_out' and value_segment = -1 and verdict = 'estimated'

),

compared as (

    select
        available_cells.*,
        -- a sum over a part of a period, or of its events, says nothing beside one over the whole of it
        case
            when (drawn_now.stem is null) <> (drawn_before.stem is null) then cast(null as double)
            when
                available_cells.unit not in ('count', 'currency')
                or (
                    available_cells.is_complete
                    and available_cells.is_settled
                    and previous_cells.is_complete
                    and previous_cells.is_settled
                )
                then previous_cells.value
        end as previous_value,
        cast(targets.target as double) as target,
        cast(targets.alert_below as double) as alert_below,
        cast(targets.alert_above as double) as alert_above,
        cast(targets.sector_benchmark as double) as benchmark,
        restated.kpi is not null as is_restated
    from available_cells
    left join available_cells as previous_cells
        on
            available_cells.kpi = previous_cells.kpi
            and available_cells.period_grain = previous_cells.period_grain
            and available_cells.previous_period_start = previous_cells.period_start
            and available_cells.value_segment = previous_cells.value_segment
    left join drawn_at_random as drawn_now
        on
            available_cells.kpi like drawn_now.stem || '%'
            and available_cells.period_start = drawn_now.period_start
    left join drawn_at_random as drawn_before
        on
            available_cells.kpi like drawn_before.stem || '%'
            and available_cells.previous_period_start = drawn_before.period_start
    left join targets
        on
            available_cells.kpi = targets.kpi
            and available_cells.value_segment = coalesce(targets.segment, -1)
    left join restated
        on
            available_cells.kpi = restated.kpi
            and available_cells.period_grain = restated.period_grain
            and available_cells.period_start = restated.period_start
            and available_cells.value_segment = restated.value_segment

),

judged as (

    select
        compared.*,
        case
            when target is null then cast(null as varchar)
            when not is_publishable or value is null then 'not_publishable'
            when direction = 'higher_is_better' and value >= target then 'on_target'
            when direction = 'lower_is_better' and value <= target then 'on_target'
            when value < alert_below or value > alert_above then 'alert'
            when direction = 'neutral' then 'on_target'
            else 'watch'
        end as status
    from compared

),

final as (

    select
        kpi,
        period_grain,
        period_start,
        value_segment,
        numerator,
        denominator,
        value,
        interval_low,
        interval_high,
        sample_size,
        immature_count,
        is_complete,
        is_publishable,
        unit,
        previous_value,
        target,
        benchmark,
        status,
        is_restated
    from judged

    union all

    -- No number at all, and never a zero: the reason is in kpi_readiness.
    select
        definitions.kpi,
        'month' as period_grain,
        run_context.as_of_month as period_start,
        cast(-1 as integer) as value_segment,
        cast(null as decimal(38, 9)) as numerator,
        cast(null as bigint) as denominator,
        cast(null as double) as value,
        cast(null as double) as interval_low,
        cast(null as double) as interval_high,
        cast(null as bigint) as sample_size,
        cast(0 as bigint) as immature_count,
        false as is_complete,
        false as is_publishable,
        definitions.unit,
        cast(null as double) as previous_value,
        cast(null as double) as target,
        cast(null as double) as benchmark,
        'unavailable' as status,
        false as is_restated
    from definitions
    cross join run_context
    inner join unavailable
        on definitions.kpi = unavailable.kpi

)

select * from final
