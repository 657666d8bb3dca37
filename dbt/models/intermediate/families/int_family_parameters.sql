-- The parameters of the families, one row for each month that is scored: the newest version fitted by its first day; months
-- before every fit use the first version, in retrospect.

with

parameters as (

    select * from {{ source('parameters', 'relational_families') }}

),

months as (

    select * from {{ ref('int_calendar_months') }}

),

versions as (

    select
        parameter_version,
        fitted_as_of,
        {%- for family in relational_families() %}
        max(case when relational_family = '{{ family }}' and feature = 'share' then value end) as share_{{ family }},
        max(case when relational_family = '{{ family }}' and feature = 'contact_rate' then value end)
            as contact_rate_{{ family }},
        max(case when relational_family = '{{ family }}' and feature = 'expectation' then value end)
            as expectation_{{ family }},
        {%- endfor %}
        max(case when feature = 'contacts_per_month' then value end) as contacts_per_month,
        max(case when feature = 'contacts_per_store_purchase' then value end) as contacts_per_store_purchase,
        max(case when feature = 'contacts_per_remote_purchase' then value end) as contacts_per_remote_purchase,
        max(case when feature = 'dispersion' then value end) as dispersion,
        max(case when feature = 'expectation_deviation' then value end) as expectation_deviation
    from parameters
    group by parameter_version, fitted_as_of

),

final as (

    select
        months.month,
        versions.*
    from months
    cross join versions
    qualify
        row_number() over (
            partition by months.month
            order by
                case when versions.fitted_as_of <= months.month then 0 else 1 end asc,
                case when versions.fitted_as_of <= months.month then versions.fitted_as_of end desc nulls last,
                versions.fitted_as_of asc,
                versions.parameter_version asc
        ) = 1

)

select * from final
