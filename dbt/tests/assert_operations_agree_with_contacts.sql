-- A returned row is a month whose totals in `service_operations` are not those counted from the published contacts.

with

contacts as (

    select
        contacts.*,
        {{ company_month('contacts.opened_at') }} as month
    from {{ ref('contacts') }} as contacts
    cross join {{ source('run', 'run_context') }} as run_context
    where {{ company_month('contacts.opened_at') }} >= run_context.first_month

),

counted as (

    select
        month,
        'first_contact_resolution' as kpi,
        sum(case when is_first_contact_resolution then 1 else 0 end) as numerator,
        count(is_first_contact_resolution) as denominator
    from contacts
    group by month

    union all

    select
        month,
        'service_level_missed_abandons' as kpi,
        sum(case when is_within_threshold then 1 else 0 end) as numerator,
        count(is_within_threshold) as denominator
    from contacts
    group by month

    union all

    select
        month,
        'average_handling_time' as kpi,
        sum(case when is_handled then handle_seconds end) as numerator,
        count(case when is_handled then handle_seconds end) as denominator
    from contacts
    group by month

),

published as (

    select
        period_start as month,
        kpi,
        numerator,
        denominator
    from {{ ref('service_operations') }}
    where
        period_grain = 'month'
        and channel = 'all'
        and queue = 'all'
        and value_segment = -1

),

-- a KPI that readiness calls unavailable has no row, whatever can be counted
unavailable as (

    select distinct kpi
    from {{ ref('kpi_readiness') }}
    where verdict = 'unavailable'

)

select
    counted.month,
    counted.kpi,
    counted.numerator,
    counted.denominator,
    published.numerator as published_numerator,
    published.denominator as published_denominator
from counted
left join published
    on
        counted.month = published.month
        and counted.kpi = published.kpi
left join unavailable
    on counted.kpi = unavailable.kpi
where
    unavailable.kpi is null
    and counted.denominator > 0
    and (
        counted.numerator is distinct from published.numerator
        or counted.denominator is distinct from published.denominator
    )
