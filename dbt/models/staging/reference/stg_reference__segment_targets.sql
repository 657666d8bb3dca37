with

of_home as (

    select * from {{ source('home_reference', 'segment_targets') }}

),

of_project as (

    select * from {{ ref('segment_targets') }}

),

-- a table of the home replaces the project's whole: rows of the two are never mixed
final as (

    select
        cast(value_segment as integer) as value_segment,
        cast(satisfaction_target as decimal(9, 6)) as satisfaction_target
    from of_home
    union all
    select
        cast(value_segment as integer) as value_segment,
        cast(satisfaction_target as decimal(9, 6)) as satisfaction_target
    from of_project
    where not exists (select 1 from of_home)

)

select * from final
