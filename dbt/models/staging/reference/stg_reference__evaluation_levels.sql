with

of_home as (

    select * from {{ source('home_reference', 'evaluation_levels') }}

),

of_project as (

    select * from {{ ref('evaluation_levels') }}

),

-- a table of the home replaces the project's whole: rows of the two are never mixed
final as (

    select
        grid_version,
        level_code,
        cast(score as decimal(9, 4)) as score,
        label_fr,
        label_en
    from of_home
    union all
    select
        grid_version,
        level_code,
        cast(score as decimal(9, 4)) as score,
        label_fr,
        label_en
    from of_project
    where not exists (select 1 from of_home)

)

select * from final
