-- How likely each customer is to leave, at the start of each month, by the stored coefficients of the month's version:
-- 1 / (1 + exp(-(intercept + sum of weight * criterion))).

with

features as (

    select * from {{ ref('int_churn_features') }}

),

month_versions as (

    select
        months.month,
        months.fitted_as_of <= months.month as is_frozen,
        parameters.*
    from {{ ref('int_parameter_months') }} as months
    inner join {{ ref('int_churn_parameters') }} as parameters
        on
            months.parameter = parameters.parameter
            and months.parameter_version = parameters.parameter_version
    where not months.is_former

),

scored as (

    select
        features.customer_number,
        features.customer_id,
        features.month,
        features.churn_kind,
        features.monthly_amount,
        features.matures_on,
        features.next_purchase_on,
        features.has_churned,
        month_versions.parameter_version,
        month_versions.is_frozen,
        month_versions.high_cut,
        month_versions.very_high_cut,
        {{ round_significant('1 / (1 + exp(-' ~ churn_logit('features', 'month_versions') ~ '))') }} as churn_probability
    from features
    inner join month_versions
        on
            features.month = month_versions.month
            and features.churn_kind = month_versions.churn_kind

),

final as (

    select
        customer_number,
        customer_id,
        month,
        churn_kind,
        parameter_version,
        is_frozen,
        monthly_amount,
        matures_on,
        next_purchase_on,
        has_churned,
        churn_probability,
        case
            when churn_probability >= very_high_cut then 'very_high'
            when churn_probability >= high_cut then 'high'
        end as band
    from scored

)

select * from final
