-- Which version a month uses of each parameter: the newest fitted by its first day; months before every fit use the first version,
-- in retrospect. A month that changes version also has the former one: what moved by itself is told from what was re-cut.

with

versions as (

    select
        parameter,
        parameter_version,
        fitted_as_of
    from {{ source('parameters', 'fits') }}
    where verdict = 'fitted'

),

months as (

    select * from {{ ref('int_calendar_months') }}

),

used as (

    select
        versions.parameter,
        months.month,
        months.month_number,
        versions.parameter_version,
        versions.fitted_as_of
    from months
    cross join versions
    qualify
        row_number() over (
            partition by versions.parameter, months.month
            order by
                case when versions.fitted_as_of <= months.month then 0 else 1 end asc,
                case when versions.fitted_as_of <= months.month then versions.fitted_as_of end desc nulls last,
                versions.fitted_as_of asc,
                versions.parameter_version asc
        ) = 1

),

former as (

    select
        used.parameter,
        used.month,
        before.parameter_version,
        before.fitted_as_of
    from used
    inner join used as before
        on
            used.parameter = before.parameter
            and used.month_number = before.month_number + 1
            and used.parameter_version <> before.parameter_version

),

final as (

    select
        parameter,
        month,
        parameter_version,
        fitted_as_of,
        fitted_as_of > month as is_retrospective,
        false as is_former
    from used
    union all
    select
        parameter,
        month,
        parameter_version,
        fitted_as_of,
        fitted_as_of > month as is_retrospective,
        true as is_former
    from former

)

select * from final
