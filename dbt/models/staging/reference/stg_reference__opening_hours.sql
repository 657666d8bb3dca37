with

of_home as (

    select * from {{ source('home_reference', 'opening_hours') }}

),

of_project as (

    select * from {{ ref('opening_hours') }}

),

-- a table of the home replaces the project's whole: rows of the two are never mixed
final as (

    select
        queue,
        cast(weekday as integer) as weekday,
        cast(opens_at as time) as opens_at,
        cast(closes_at as time) as closes_at,
        time_zone
    from of_home
    union all
    select
        queue,
        cast(weekday as integer) as weekday,
        cast(opens_at as time) as opens_at,
        cast(closes_at as time) as closes_at,
        time_zone
    from of_project
    where not exists (select 1 from of_home)

)

select * from final
