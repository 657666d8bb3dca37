-- Purchase histories in weeks, as the forecast takes them, beside the parameters of their month.

with

features as (

    select * from {{ ref('int_customer_month_features') }}

),

month_versions as (

    select
        months.month,
        thresholds.*
    from {{ ref('int_parameter_months') }} as months
    inner join {{ source('parameters', 'value_thresholds') }} as thresholds
        on months.parameter_version = thresholds.parameter_version
    where months.parameter = 'value_thresholds' and thresholds.bgnbd_r is not null

),

final as (

    select
        features.customer_id,
        features.month,
        month_versions.parameter_version,
        features.purchase_days,
        features.age_days,
        cast(features.repeat_days as double) as repeats,
        cast(features.age_days as double) / 7 as age_weeks,
        case
            when features.repeat_days > 0 then cast(features.age_days - features.recency_days as double) / 7
            else cast(0 as double)
        end as last_weeks,
        greatest(cast(features.value_before as double) / cast(features.purchase_days as double), 0) as mean_amount,
        month_versions.bgnbd_r as r,
        month_versions.bgnbd_alpha as alpha,
        month_versions.bgnbd_a as a,
        month_versions.bgnbd_b as b,
        month_versions.gamma_gamma_p as p,
        month_versions.gamma_gamma_q as q,
        month_versions.gamma_gamma_gamma as gamma
    from features
    inner join month_versions on features.month = month_versions.month
    where features.allows_profiling and features.purchase_days > 0

)

select * from final
