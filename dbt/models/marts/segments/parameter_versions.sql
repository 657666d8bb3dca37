with

fits as (

    select * from {{ source('parameters', 'fits') }}
    where verdict in ('fitted', 'refused')

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

used as (

    select
        months.parameter,
        months.parameter_version
    from {{ ref('int_parameter_months') }} as months
    inner join run_context on months.month = run_context.as_of_month
    where not months.is_former

),

final as (

    select
        fits.parameter,
        fits.parameter_version,
        fits.fitted_as_of,
        fits.verdict = 'fitted' as is_accepted,
        used.parameter_version is not null as is_in_use,
        fits.is_retrospective,
        fits.sample_size,
        fits.diagnostics,
        fits.reason_fr,
        fits.reason_en
    from fits
    left join used on fits.parameter = used.parameter and fits.parameter_version = used.parameter_version

)

select * from final
