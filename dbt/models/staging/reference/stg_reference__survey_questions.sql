with

of_home as (

    select * from {{ source('home_reference', 'survey_questions') }}

),

of_project as (

    select * from {{ ref('survey_questions') }}

),

-- a table of the home replaces the project's whole: rows of the two are never mixed
final as (

    select
        question_code,
        construct,
        dimension,
        item,
        cast(scale_min as decimal(9, 2)) as scale_min,
        cast(scale_max as decimal(9, 2)) as scale_max,
        cast(higher_is_better as boolean) as higher_is_better,
        wording_fr,
        wording_en
    from of_home
    union all
    select
        question_code,
        construct,
        dimension,
        item,
        cast(scale_min as decimal(9, 2)) as scale_min,
        cast(scale_max as decimal(9, 2)) as scale_max,
        cast(higher_is_better as boolean) as higher_is_better,
        wording_fr,
        wording_en
    from of_project
    where not exists (select 1 from of_home)

)

select * from final
