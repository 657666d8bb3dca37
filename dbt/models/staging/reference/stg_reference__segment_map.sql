with

of_home as (

    select * from {{ source('home_reference', 'segment_map') }}

),

of_project as (

    select * from {{ ref('segment_map') }}

),

-- a table of the home replaces the project's whole: rows of the two are never mixed
final as (

    select
        cast(value_tier as integer) as value_tier,
        cast(potential_tier as integer) as potential_tier,
        cast(value_segment as integer) as value_segment
    from of_home
    union all
    select
        cast(value_tier as integer) as value_tier,
        cast(potential_tier as integer) as potential_tier,
        cast(value_segment as integer) as value_segment
    from of_project
    where not exists (select 1 from of_home)

)

select * from final
