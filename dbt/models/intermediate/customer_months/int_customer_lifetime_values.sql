-- The margin expected in the three years after the start of the as-of month, each year discounted from its middle; only where the
-- forecast has passed its test on a held-out year (dagster_project/estimates/lifetime_value.py).

with

run_context as (

    select * from {{ source('run', 'run_context') }}

),

parameters as (

    select lifetime.yearly_discount_rate
    from {{ ref('int_parameter_months') }} as months
    inner join run_context on months.month = run_context.as_of_month
    inner join {{ source('parameters', 'lifetime_value') }} as lifetime
        on months.parameter_version = lifetime.parameter_version
    where months.parameter = 'lifetime_value' and not months.is_former

),

expected as (

    select
        potentials.customer_id,
        potentials.parameter_version,
        potentials.expected_margin_12m,
        histories.repeats,
        histories.age_days
    from {{ ref('int_customer_month_potential') }} as potentials
    inner join run_context on potentials.month = run_context.as_of_month
    inner join {{ ref('int_customer_month_histories') }} as histories
        on
            potentials.customer_id = histories.customer_id
            and potentials.month = histories.month
            and potentials.parameter_version = histories.parameter_version
    inner join {{ ref('int_parameter_months') }} as months
        on
            potentials.month = months.month
            and potentials.parameter_version = months.parameter_version
            and months.parameter = 'value_thresholds'
            and not months.is_former

),

growths as (

    select
        parameter_version,
        repeats,
        age_days,
        max(case when weeks = 52 then growth end) as growth_52,
        max(case when weeks = 104 then growth end) as growth_104,
        max(case when weeks = 156 then growth end) as growth_156
    from {{ ref('int_forecast_growths') }}
    group by parameter_version, repeats, age_days

),

-- all but the growth is the same in each year: the later years are the first one, times the ratio of what they add
final as (

    select
        expected.customer_id,
        {{ round_significant(
            "expected.expected_margin_12m / sqrt(1 + parameters.yearly_discount_rate) * ("
            ~ "1 + (growths.growth_52 - growths.growth_104) / (1 - growths.growth_52) / (1 + parameters.yearly_discount_rate)"
            ~ " + (growths.growth_104 - growths.growth_156) / (1 - growths.growth_52)"
            ~ " / ((1 + parameters.yearly_discount_rate) * (1 + parameters.yearly_discount_rate)))"
        ) }} as lifetime_value
    from expected
    inner join growths
        on
            expected.parameter_version = growths.parameter_version
            and expected.repeats = growths.repeats
            and expected.age_days = growths.age_days
    cross join parameters

)

select * from final
