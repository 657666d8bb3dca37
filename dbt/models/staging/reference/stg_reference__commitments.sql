with

of_home as (

    select * from {{ source('home_reference', 'commitments') }}

),

of_project as (

    select * from {{ ref('commitments') }}

),

-- a table of the home replaces the project's whole: rows of the two are never mixed
final as (

    select
        commitment_code,
        label_fr,
        label_en,
        channel,
        measure,
        cast(threshold as decimal(18, 4)) as threshold,
        cast(target_rate as decimal(9, 6)) as target_rate,
        cast(promised_from as date) as promised_from
    from of_home
    union all
    select
        commitment_code,
        label_fr,
        label_en,
        channel,
        measure,
        cast(threshold as decimal(18, 4)) as threshold,
        cast(target_rate as decimal(9, 6)) as target_rate,
        cast(promised_from as date) as promised_from
    from of_project
    where not exists (select 1 from of_home)

)

select * from final
