-- Sums and second moments of every cell of operations. Customers alone in their month and week (most of them) are summed
-- once to the finest grain and rolled up; only the others are grouped by customer in every cell.

with

measures as (

    select * from {{ ref('int_contact_measures') }}

),

alone as (

    select
        opened_on,
        opened_week,
        opened_month,
        channel,
        queue,
        value_segment,
        {{ operations_lone_sums(is_finest=true) }}
    from measures
    where is_alone
    group by
        opened_on,
        opened_week,
        opened_month,
        channel,
        queue,
        value_segment

),

alone_cells as (

    select
        'day' as period_grain,
        opened_on as period_start,
        coalesce(channel, 'all') as channel,
        coalesce(queue, 'all') as queue,
        -1 as value_segment,
        {{ operations_lone_sums(is_finest=false) }}
    from alone
    group by opened_on, cube(channel, queue)

    union all

    select
        'week' as period_grain,
        opened_week as period_start,
        coalesce(channel, 'all') as channel,
        coalesce(queue, 'all') as queue,
        coalesce(value_segment, -1) as value_segment,
        {{ operations_lone_sums(is_finest=false) }}
    from alone
    group by opened_week, cube(channel, queue, value_segment)

    union all

    select
        'month' as period_grain,
        opened_month as period_start,
        coalesce(channel, 'all') as channel,
        coalesce(queue, 'all') as queue,
        coalesce(value_segment, -1) as value_segment,
        {{ operations_lone_sums(is_finest=false) }}
    from alone
    group by opened_month, cube(channel, queue, value_segment)

),

alone_moments as (

    select
        period_grain,
        period_start,
        channel,
        queue,
        value_segment,
        {{ operations_lone_moments() }}
    from alone_cells

),

repeated as (

    select * from measures
    where not is_alone

),

customers_by_day as (

    select
        opened_on,
        customer_number,
        coalesce(channel, 'all') as channel,
        coalesce(queue, 'all') as queue,
        {{ operations_measures() }}
    from repeated
    group by opened_on, customer_number, cube(channel, queue)

),

-- A week may lie in two months, in which the customer may have two segments: hence the segment in the cube.
customers_by_week as (

    select
        opened_week,
        customer_number,
        coalesce(channel, 'all') as channel,
        coalesce(queue, 'all') as queue,
        coalesce(value_segment, -1) as value_segment,
        {{ operations_measures() }}
    from repeated
    group by opened_week, customer_number, cube(channel, queue, value_segment)

),

-- In a month a customer has one segment: the total of the segments is reached by adding their moments.
customers_by_month as (

    select
        opened_month,
        customer_number,
        value_segment,
        coalesce(channel, 'all') as channel,
        coalesce(queue, 'all') as queue,
        {{ operations_measures() }}
    from repeated
    group by opened_month, customer_number, value_segment, cube(channel, queue)

),

repeated_by_day as (

    select
        'day' as period_grain,
        opened_on as period_start,
        channel,
        queue,
        -1 as value_segment,
        {{ operations_moments() }}
    from customers_by_day
    group by opened_on, channel, queue

),

repeated_by_week as (

    select
        'week' as period_grain,
        opened_week as period_start,
        channel,
        queue,
        value_segment,
        {{ operations_moments() }}
    from customers_by_week
    group by opened_week, channel, queue, value_segment

),

repeated_by_month as (

    select
        'month' as period_grain,
        opened_month as period_start,
        channel,
        queue,
        coalesce(value_segment, -1) as value_segment,
        {{ operations_moments() }}
    from customers_by_month
    group by opened_month, channel, queue, rollup(value_segment)

),

united as (

    select * from alone_moments
    union all
    select * from repeated_by_day
    union all
    select * from repeated_by_week
    union all
    select * from repeated_by_month

),

final as (

    select
        period_grain,
        period_start,
        channel,
        queue,
        value_segment,
        {{ operations_sums() }}
    from united
    group by
        period_grain,
        period_start,
        channel,
        queue,
        value_segment

)

select * from final
