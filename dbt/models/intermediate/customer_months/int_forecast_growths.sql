-- The hypergeometric part of the expected purchases (`purchase_forecast.expected_purchases`): 52 weeks ahead of every month, and
-- the further years of the lifetime value ahead of the as-of month.

with

histories as (

    select * from {{ ref('int_customer_month_histories') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

horizons as (

    select cast(52 as double) as weeks
    union all
    select cast(104 as double) as weeks
    union all
    select cast(156 as double) as weeks

),

-- The costly part depends on two whole numbers, and many customers share them: once for each pair.
pairs as (

    select distinct
        histories.parameter_version,
        histories.repeats,
        histories.age_days,
        horizons.weeks,
        histories.a - 1 as leaving,
        histories.a + histories.b - 1 - histories.r as first_parameter,
        histories.a + histories.b + histories.repeats - 1 as last_parameter,
        horizons.weeks / (histories.alpha + histories.age_weeks + horizons.weeks) as z
    from histories
    cross join run_context
    inner join horizons
        on horizons.weeks = 52 or histories.month = run_context.as_of_month

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

final as (

    select
        parameter_version,
        repeats,
        age_days,
        weeks,
        power(1 - z, leaving) * rest_0 as growth
    from rest_0

)

select * from final
