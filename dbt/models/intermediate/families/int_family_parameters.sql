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
        max(case when relational_family = 'soliciting' and feature = 'share' then value end) as share_soliciting,
        max(case when relational_family = 'soliciting' and feature = 'contact_rate' then value end)
            as contact_rate_soliciting,
        max(case when relational_family = 'soliciting' and feature = 'expectation' then value end)
            as expectation_soliciting,
        max(case when relational_family = 'time_pressed' and feature = 'share' then value end) as share_time_pressed,
        max(case when relational_family = 'time_pressed' and feature = 'contact_rate' then value end)
            as contact_rate_time_pressed,
        max(case when relational_family = 'time_pressed' and feature = 'expectation' then value end)
            as expectation_time_pressed,
        max(case when relational_family = 'autonomous' and feature = 'share' then value end) as share_autonomous,
        max(case when relational_family = 'autonomous' and feature = 'contact_rate' then value end)
            as contact_rate_autonomous,
        max(case when relational_family = 'autonomous' and feature = 'expectation' then value end)
            as expectation_autonomous,
        max(case when relational_family = 'trusting' and feature = 'share' then value end) as share_trusting,
        max(case when relational_family = 'trusting' and feature = 'contact_rate' then value end)
            as contact_rate_trusting,
        max(case when relational_family = 'trusting' and feature = 'expectation' then value end)
            as expectation_trusting,
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
