with

features as (

    select * from {{ ref('int_customer_month_features') }}

),

segments as (

    select * from {{ ref('int_customer_month_segments') }}

),

potentials as (

    select * from {{ ref('int_customer_month_potential') }}

),

final as (

    select
        features.customer_id,
        features.month as period_start,
        features.recency_days,
        features.purchases_12m,
        features.net_amount_12m,
        features.margin_12m,
        features.value_12m,
        features.sales_months_12m,
        features.contacts_12m,
        features.tenure_days,
        segments.value_segment,
        segments.value_tier,
        segments.potential_tier,
        potentials.expected_margin_12m,
        potentials.potential_12m,
        segments.relational_family,
        cast(null as double) as churn_probability,
        segments.parameter_version
    from features
    inner join segments on features.customer_id = segments.customer_id and features.month = segments.month
    left join potentials on features.customer_id = potentials.customer_id and features.month = potentials.month

)

select * from final
