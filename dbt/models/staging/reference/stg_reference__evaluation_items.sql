with

of_home as (

    select * from {{ source('home_reference', 'evaluation_items') }}

),

of_project as (

    select * from {{ ref('evaluation_items') }}

),

-- a table of the home replaces the project's whole: rows of the two are never mixed
final as (

    select
        grid_version,
        phase,
        item_code,
        label_fr,
        label_en,
        cast(weight as decimal(9, 4)) as weight,
        cast(is_critical as boolean) as is_critical
    from of_home
    union all
    select
        grid_version,
        phase,
        item_code,
        label_fr,
        label_en,
        cast(weight as decimal(9, 4)) as weight,
        cast(is_critical as boolean) as is_critical
    from of_project
    where not exists (select 1 from of_home)

)

select * from final
