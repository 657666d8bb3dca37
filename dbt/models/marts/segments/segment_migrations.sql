-- Customers by segment of the month before and of the month. A month that changes the version of the parameters first compares both
-- months by the former version (own moves), then the month by the former and by the new one (re-cut).

with

segments as (

    select
        customer_id,
        month,
        {{ month_number('month') }} as month_number,
        value_segment,
        relational_family
    from {{ ref('int_customer_month_segments') }}

),

former_scores as (

    select
        customer_id,
        month,
        value_segment
    from {{ ref('int_customer_month_scores') }}
    where is_former

),

families as (

    select
        customer_id,
        month,
        former_family
    from {{ ref('int_customer_month_families') }}

),

recut_months as (

    select
        parameter,
        month
    from {{ ref('int_parameter_months') }}
    where is_former

),

pairs as (

    select
        segments.month,
        before.value_segment as from_value,
        -- by the cut points of the month before: who has no score by them is -2
        case
            when value_recuts.month is null then segments.value_segment
            else coalesce(former_scores.value_segment, -2)
        end as moved_value,
        segments.value_segment as to_value,
        value_recuts.month is not null as is_value_recut,
        before.relational_family as from_family,
        case
            when family_recuts.month is null then segments.relational_family
            else coalesce(families.former_family, 'unknown')
        end as moved_family,
        segments.relational_family as to_family,
        family_recuts.month is not null as is_family_recut
    from segments
    inner join segments as before
        on segments.customer_id = before.customer_id and segments.month_number = before.month_number + 1
    left join recut_months as value_recuts
        on segments.month = value_recuts.month and value_recuts.parameter = 'value_thresholds'
    left join recut_months as family_recuts
        on segments.month = family_recuts.month and family_recuts.parameter = 'relational_families'
    left join former_scores
        on segments.customer_id = former_scores.customer_id and segments.month = former_scores.month
    left join families
        on segments.customer_id = families.customer_id and segments.month = families.month

),

moves as (

    select
        month,
        'value' as axis,
        cast(from_value as varchar) as from_segment,
        cast(moved_value as varchar) as to_segment,
        false as is_recut,
        count(*) as customers
    from pairs
    group by month, from_value, moved_value

    union all

    select
        month,
        'value' as axis,
        cast(moved_value as varchar) as from_segment,
        cast(to_value as varchar) as to_segment,
        true as is_recut,
        count(*) as customers
    from pairs
    where is_value_recut
    group by month, moved_value, to_value

    union all

    select
        month,
        'family' as axis,
        from_family as from_segment,
        moved_family as to_segment,
        false as is_recut,
        count(*) as customers
    from pairs
    group by month, from_family, moved_family

    union all

    select
        month,
        'family' as axis,
        moved_family as from_segment,
        to_family as to_segment,
        true as is_recut,
        count(*) as customers
    from pairs
    where is_family_recut
    group by month, moved_family, to_family

),

final as (

    select
        month as period_start,
        axis,
        from_segment,
        to_segment,
        cast(customers as bigint) as customers,
        is_recut
    from moves

)

select * from final
