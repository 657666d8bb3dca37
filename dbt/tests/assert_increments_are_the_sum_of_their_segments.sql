-- A row: an estimated total that is not, to the cent, the sum of the segments that are estimated, where any is.

with

increments as (

    select * from {{ ref('repurchase_increment') }}
    where verdict = 'estimated'

),

segments as (

    select
        period_start,
        window_days,
        method,
        sum(incremental_amount) as incremental_amount,
        sum(incremental_margin) as incremental_margin,
        sum(contact_cost) as contact_cost,
        sum(treated_kept) as treated_kept
    from increments
    where value_segment <> -1
    group by period_start, window_days, method

),

final as (

    select
        increments.period_start,
        increments.window_days,
        increments.method
    from increments
    inner join segments
        on
            increments.period_start = segments.period_start
            and increments.window_days = segments.window_days
            and increments.method = segments.method
    where
        increments.value_segment = -1
        and (
            increments.incremental_amount <> segments.incremental_amount
            or increments.incremental_margin <> segments.incremental_margin
            or increments.contact_cost <> segments.contact_cost
        )

)

select * from final
