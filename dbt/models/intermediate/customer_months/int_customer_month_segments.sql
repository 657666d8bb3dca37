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

-- Cut points hold for a value over at least the months of sales that they were fitted on: over fewer months everybody
-- would seem to be worth less, and to grow.
judged as (

    select
        features.*,
        month_versions.parameter_version,
        month_versions.segment_cut_1,
        month_versions.segment_cut_2,
        month_versions.segment_cut_3,
        month_versions.segment_cut_4,
        month_versions.tier_low_cut,
        month_versions.tier_high_cut,
        features.allows_profiling
        and month_versions.parameter_version is not null
        and coalesce(features.sales_months_12m >= coalesce(month_versions.sales_months, 12), false) as is_scored
    from features
    left join month_versions on features.month = month_versions.month

),

final as (

    select
        features.customer_id,
        features.month,
        case
            when not features.is_scored then -2
            when features.value_12m <= 0 then 0
            when features.value_12m >= features.segment_cut_4 then 5
            when features.value_12m >= features.segment_cut_3 then 4
            when features.value_12m >= features.segment_cut_2 then 3
            when features.value_12m >= features.segment_cut_1 then 2
            else 1
        end as value_segment,
        case
            when not features.is_scored then cast(null as integer)
            when features.value_12m <= 0 then cast(null as integer)
            when features.value_12m >= features.tier_high_cut then 3
            when features.value_12m >= features.tier_low_cut then 2
            else 1
        end as value_tier,
        cast(null as integer) as potential_tier,
        'unknown' as relational_family,
        case when features.is_scored then features.parameter_version end as parameter_version
    from judged as features

)

select * from final
