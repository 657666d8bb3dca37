-- What each customer is expected to bring in the next 52 weeks, by the stored parameters (BG/NBD and Gamma-Gamma), and the
-- potential: the upper quartile of comparable customers where that is more. Formulas: dagster_project/estimates.

with

histories as (

    select * from {{ ref('int_customer_month_histories') }}

),

growths as (

    select * from {{ ref('int_forecast_growths') }}
    where weeks = 52

),

origins as (

    select * from {{ ref('int_customer_origins') }}

),

benchmarks as (

    select * from {{ source('parameters', 'potential_benchmarks') }}

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
            and histories.repeats = growths.repeats
            and histories.age_days = growths.age_days

),

-- The narrowest group that has a benchmark: year, region and goods; the year; all.
compared as (

    select
        expectations.customer_id,
        expectations.month,
        expectations.parameter_version,
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
        parameter_version,
        {{ round_significant('expected_purchases_12m') }} as expected_purchases_12m,
        {{ round_significant('expected_margin_12m') }} as expected_margin_12m,
        {{ round_significant('greatest(expected_margin_12m, benchmark)') }} as potential_12m
    from compared

)

select * from final
