-- Segment and family of each customer at the start of each month; -2 where there is no score.

with

features as (

    select * from {{ ref('int_customer_month_features') }}
    where is_in_history

),

scores as (

    select * from {{ ref('int_customer_month_scores') }}
    where not is_former

),

families as (

    select * from {{ ref('int_customer_month_families') }}

),

final as (

    select
        features.customer_id,
        features.month,
        coalesce(scores.value_segment, -2) as value_segment,
        scores.value_tier,
        scores.potential_tier,
        coalesce(families.relational_family, 'unknown') as relational_family,
        scores.parameter_version
    from features
    left join scores
        on
            features.customer_id = scores.customer_id
            and features.month = scores.month
    left join families
        on
            features.customer_id = families.customer_id
            and features.month = families.month

)

select * from final
