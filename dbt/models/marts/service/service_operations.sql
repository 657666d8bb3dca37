with

operations as (

    select * from {{ ref('int_operations_values') }}

),

unavailable as (

    select distinct kpi
    from {{ ref('kpi_readiness') }}
    where verdict = 'unavailable'

),

-- What readiness calls unavailable is no number here either: a log without abandons says nothing of abandonment.
final as (

    select operations.*
    from operations
    left join unavailable on operations.kpi = unavailable.kpi
    where unavailable.kpi is null

)

select * from final
