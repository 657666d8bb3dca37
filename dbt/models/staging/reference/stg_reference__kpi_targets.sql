with

of_home as (

    select * from {{ source('home_reference', 'kpi_targets') }}

),

of_project as (

    select * from {{ ref('kpi_targets') }}

),

-- a table of the home replaces the project's whole: rows of the two are never mixed
final as (

    select
        kpi,
        cast(segment as integer) as segment,
        cast(target as decimal(18, 6)) as target,
        cast(alert_below as decimal(18, 6)) as alert_below,
        cast(alert_above as decimal(18, 6)) as alert_above,
        cast(sector_benchmark as decimal(18, 6)) as sector_benchmark,
        benchmark_source
    from of_home
    union all
    select
        kpi,
        cast(segment as integer) as segment,
        cast(target as decimal(18, 6)) as target,
        cast(alert_below as decimal(18, 6)) as alert_below,
        cast(alert_above as decimal(18, 6)) as alert_above,
        cast(sector_benchmark as decimal(18, 6)) as sector_benchmark,
        benchmark_source
    from of_project
    where not exists (select 1 from of_home)

)

select * from final
