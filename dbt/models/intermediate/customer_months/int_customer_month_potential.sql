-- What each customer is expected to bring in the next 52 weeks, by the stored parameters (BG/NBD and Gamma-Gamma), and the
-- potential: the upper quartile of comparable customers where that is more. Formulas: dagster_project/estimates.

with

features as (

    select * from {{ ref('int_customer_month_features') }}

),

origins as (

    select * from {{ ref('int_customer_origins') }}

),

month_versions as (

    select * from {{ ref('int_parameter_months') }}

),

benchmarks as (

    select * from {{ source('parameters', 'potential_benchmarks') }}

),

histories as (

    select
        features.customer_id,
        features.month,
        features.purchase_days,
        features.age_days,
        cast(features.purchase_days - 1 as double) as repeats,
        cast(features.age_days as double) / 7 as age_weeks,
        cast(features.age_days - features.recency_days as double) / 7 as last_weeks,
        greatest(cast(features.value_before as double) / cast(features.purchase_days as double), 0) as mean_amount,
        month_versions.parameter_version,
        month_versions.bgnbd_r as r,
        month_versions.bgnbd_alpha as alpha,
        month_versions.bgnbd_a as a,
        month_versions.bgnbd_b as b,
        month_versions.gamma_gamma_p as p,
        month_versions.gamma_gamma_q as q,
        month_versions.gamma_gamma_gamma as gamma
    from features
    inner join month_versions on features.month = month_versions.month
    where
        features.allows_profiling
        and features.purchase_days > 0
        and month_versions.bgnbd_r is not null

),

-- The costly part depends on two whole numbers, and many customers share them: once for each pair.
pairs as (

    select distinct
        parameter_version,
        purchase_days,
        age_days,
        a - 1 as leaving,
        a + b - 1 - r as first_parameter,
        a + b + repeats - 1 as last_parameter,
        52.0 / (alpha + age_weeks + 52.0) as z
    from histories

),

-- 150 terms of the series, from the last to the first, 10 at a time: no parser likes 150 brackets in one another
rest_150 as (

    select
        pairs.*,
        1.0 as rest_150
    from pairs

),

{% for first in range(140, -1, -10) %}
    rest_{{ first }} as (

        select
            rest_{{ first + 10 }}.*,
            {{ hypergeometric_terms(
                'first_parameter', 'leaving', 'last_parameter', 'z', first, 10, 'rest_' ~ (first + 10)
            ) }} as rest_{{ first }}
        from rest_{{ first + 10 }}

    ),
{% endfor %}

growths as (

    select
        parameter_version,
        purchase_days,
        age_days,
        power(1 - z, leaving) * rest_0 as growth
    from rest_0

),

expectations as (

    select
        histories.customer_id,
        histories.month,
        histories.parameter_version,
        (histories.a + histories.b + histories.repeats - 1) / (histories.a - 1) * (1 - growths.growth)
        / (
            1 + case
                when histories.repeats > 0
                    then
                        histories.a / (histories.b + histories.repeats - 1)
                        * power(
                            (histories.alpha + histories.age_weeks) / (histories.alpha + histories.last_weeks),
                            histories.r + histories.repeats
                        )
                else 0
            end
        ) as expected_purchases_12m,
        histories.p * (histories.gamma + cast(histories.purchase_days as double) * histories.mean_amount)
        / (histories.p * cast(histories.purchase_days as double) + histories.q - 1) as expected_amount
    from histories
    inner join growths
        on
            histories.parameter_version = growths.parameter_version
            and histories.purchase_days = growths.purchase_days
            and histories.age_days = growths.age_days

),

-- The narrowest group that has a benchmark: year, region and goods; the year; all.
compared as (

    select
        expectations.customer_id,
        expectations.month,
        expectations.expected_purchases_12m,
        expectations.expected_purchases_12m * expectations.expected_amount as expected_margin_12m,
        coalesce(
            alike.expected_margin_p75,
            of_the_year.expected_margin_p75,
            of_all.expected_margin_p75
        ) as benchmark
    from expectations
    inner join origins on expectations.customer_id = origins.customer_id
    left join benchmarks as alike
        on
            expectations.parameter_version = alike.parameter_version
            and origins.cohort_year = alike.cohort_year
            and origins.region = alike.region
            and origins.goods_family = alike.goods_family
    left join benchmarks as of_the_year
        on
            expectations.parameter_version = of_the_year.parameter_version
            and origins.cohort_year = of_the_year.cohort_year
            and of_the_year.region is null
    left join benchmarks as of_all
        on
            expectations.parameter_version = of_all.parameter_version
            and of_all.cohort_year is null

),

final as (

    select
        customer_id,
        month,
        {{ round_significant('expected_purchases_12m') }} as expected_purchases_12m,
        {{ round_significant('expected_margin_12m') }} as expected_margin_12m,
        {{ round_significant('greatest(expected_margin_12m, benchmark)') }} as potential_12m
    from compared

)

select * from final
