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

families as (

    select * from {{ ref('int_customer_month_families') }}

),

interactions as (

    select * from {{ ref('int_customer_month_interactions') }}

),

churn_scores as (

    select * from {{ ref('int_churn_scores') }}

),

final as (

    select
        features.customer_id,
        features.month as period_start,
        case when features.allows_profiling then features.recency_days end as recency_days,
        case when features.allows_profiling then features.purchases_12m end as purchases_12m,
        case when features.allows_profiling then features.net_amount_12m end as net_amount_12m,
        case when features.allows_profiling then features.margin_12m end as margin_12m,
        case when features.allows_profiling then features.value_12m end as value_12m,
        features.sales_months_12m,
        case when features.allows_profiling then features.contacts_12m end as contacts_12m,
        features.tenure_days,
        segments.value_segment,
        segments.value_tier,
        segments.potential_tier,
        potentials.expected_margin_12m,
        potentials.potential_12m,
        case
            when features.allows_profiling and features.contacts_12m is not null
                then cast(coalesce(interactions.interactions_24m, 0) as bigint)
        end as interactions_24m,
        families.lead_axis,
        families.expectation_axis,
        segments.relational_family,
        families.parameter_version as relational_family_version,
        churn_scores.churn_kind,
        churn_scores.churn_probability,
        churn_scores.parameter_version as churn_version,
        segments.parameter_version
    from features
    inner join segments on features.customer_id = segments.customer_id and features.month = segments.month
    left join potentials
        on
            features.customer_id = potentials.customer_id
            and features.month = potentials.month
            and segments.parameter_version = potentials.parameter_version
    left join families on features.customer_id = families.customer_id and features.month = families.month
    left join interactions on features.customer_id = interactions.customer_id and features.month = interactions.month
    left join churn_scores
        on
            features.customer_number = churn_scores.customer_number
            and features.month = churn_scores.month

)

select * from final
