with

features as (

    select * from {{ ref('int_customer_month_features') }}

),

thresholds as (

    select * from {{ source('parameters', 'value_thresholds') }}

),

months as (

    select * from {{ ref('int_calendar_months') }}

),

-- a month uses the newest version fitted by its first day; months before every fit use the first version, in retrospect
month_versions as (

    select
        months.month,
        thresholds.*
    from months
    cross join thresholds
    qualify
        row_number() over (
            partition by months.month
            order by
                case when thresholds.fitted_as_of <= months.month then 0 else 1 end asc,
                case when thresholds.fitted_as_of <= months.month then thresholds.fitted_as_of end desc nulls last,
                thresholds.fitted_as_of asc,
                thresholds.parameter_version asc
        ) = 1

),

final as (

    select
        features.customer_id,
        features.month,
        case
            when not features.allows_profiling or month_versions.parameter_version is null then -2
            when features.value_12m <= 0 then 0
            when features.value_12m >= month_versions.segment_cut_4 then 5
            when features.value_12m >= month_versions.segment_cut_3 then 4
            when features.value_12m >= month_versions.segment_cut_2 then 3
            when features.value_12m >= month_versions.segment_cut_1 then 2
            else 1
        end as value_segment,
        case
            when not features.allows_profiling or month_versions.parameter_version is null then cast(null as integer)
            when features.value_12m <= 0 then cast(null as integer)
            when features.value_12m >= month_versions.tier_high_cut then 3
            when features.value_12m >= month_versions.tier_low_cut then 2
            else 1
        end as value_tier,
        cast(null as integer) as potential_tier,
        'unknown' as relational_family,
        case when features.allows_profiling then month_versions.parameter_version end as parameter_version
    from features
    left join month_versions on features.month = month_versions.month

)

select * from final
