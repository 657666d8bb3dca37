with

of_home as (

    select * from {{ source('home_reference', 'channels') }}

),

of_project as (

    select * from {{ ref('reference_channels') }}

),

-- a table of the home replaces the project's whole: rows of the two are never mixed
final as (

    select
        channel,
        distance,
        tempo,
        cast(answer_threshold_seconds as integer) as answer_threshold_seconds,
        cast(counts_business_hours as boolean) as counts_business_hours
    from of_home
    union all
    select
        channel,
        distance,
        tempo,
        cast(answer_threshold_seconds as integer) as answer_threshold_seconds,
        cast(counts_business_hours as boolean) as counts_business_hours
    from of_project
    where not exists (select 1 from of_home)

)

select * from final
