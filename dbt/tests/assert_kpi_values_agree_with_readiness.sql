-- A returned row is a KPI that its readiness and its values judge differently: a number of an unavailable KPI, no row of an
-- unavailable one, a KPI without readiness, or a KPI without definition.

with

verdicts as (

    select
        kpi,
        max(case when verdict = 'unavailable' then 1 else 0 end) as is_unavailable
    from {{ ref('kpi_readiness') }}
    group by kpi

),

shown as (

    select
        kpi,
        max(case when status is not distinct from 'unavailable' then 1 else 0 end) as says_unavailable,
        max(case when value is not null then 1 else 0 end) as has_value
    from {{ ref('kpi_values') }}
    group by kpi

)

select
    definitions.kpi,
    verdicts.is_unavailable,
    shown.says_unavailable,
    shown.has_value
from {{ ref('kpi_definitions') }} as definitions
full outer join verdicts
    on definitions.kpi = verdicts.kpi
left join shown
    on definitions.kpi = shown.kpi
where
    definitions.kpi is null
    or verdicts.kpi is null
    or (verdicts.is_unavailable = 1 and (shown.kpi is null or shown.says_unavailable = 0 or shown.has_value = 1))
    or (verdicts.is_unavailable = 0 and coalesce(shown.says_unavailable, 0) = 1)
