-- The coefficients of both kinds side by side, one row for each version: what each month uses is in int_parameter_months.

with

versions as (

    select
        'subscription' as churn_kind,
        'churn_subscription' as parameter,
        subscription.*
    from {{ source('parameters', 'churn_subscription') }} as subscription
    union all
    select
        'silence' as churn_kind,
        'churn_silence' as parameter,
        silence.*
    from {{ source('parameters', 'churn_silence') }} as silence

),

final as (

    select
        churn_kind,
        parameter,
        parameter_version,
        fitted_as_of,
        max(case when criterion = 'intercept' then value end) as intercept,
        max(case when criterion = 'high_cut' then value end) as high_cut,
        max(case when criterion = 'very_high_cut' then value end) as very_high_cut,
    {% for criterion in churn_criteria() -%}
        coalesce(max(case when criterion = '{{ criterion }}' then value end), 0) as {{ criterion }}_weight,
        coalesce(max(case when criterion = '{{ criterion }}' then mean end), 0) as {{ criterion }}_mean
        {{- ',' if not loop.last }}
    {% endfor %}
    from versions
    group by churn_kind, parameter, parameter_version, fitted_as_of

)

select * from final
