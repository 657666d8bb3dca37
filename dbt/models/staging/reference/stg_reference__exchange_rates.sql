with

of_home as (

    select * from {{ source('home_reference', 'exchange_rates') }}

),

of_project as (

    select * from {{ ref('exchange_rates') }}

),

-- a table of the home replaces the project's whole: rows of the two are never mixed
final as (

    select
        currency,
        cast(valid_from as date) as valid_from,
        cast(rate as decimal(18, 8)) as rate
    from of_home
    union all
    select
        currency,
        cast(valid_from as date) as valid_from,
        cast(rate as decimal(18, 8)) as rate
    from of_project
    where not exists (select 1 from of_home)

)

select * from final
