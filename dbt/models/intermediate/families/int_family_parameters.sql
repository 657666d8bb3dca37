-- The parameters of the families side by side, for each month its version; a month that changes version also has the former one.

with

parameters as (

    select * from {{ source('parameters', 'relational_families') }}

),

months as (

    select * from {{ ref('int_parameter_months') }}
    where parameter = 'relational_families'

),

versions as (

    select
        parameter_version,
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
    group by parameter_version

),

final as (

    select
        months.month,
        months.is_former,
        versions.*
    from months
    inner join versions on months.parameter_version = versions.parameter_version

)

select * from final
