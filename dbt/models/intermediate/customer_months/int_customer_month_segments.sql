with

features as (

    select * from {{ ref('int_customer_month_features') }}

),

month_versions as (

    select * from {{ ref('int_parameter_months') }}

),

potentials as (

    select * from {{ ref('int_customer_month_potential') }}

),

families as (

    select * from {{ ref('int_customer_month_families') }}

),

segment_map as (

    select * from {{ ref('stg_reference__segment_map') }}

),

-- Cut points hold for a value over at least the months of sales that they were fitted on: over fewer months everybody
-- would seem to be worth less, and to grow.
judged as (

    select
        features.customer_id,
        features.month,
        features.value_12m,
        month_versions.parameter_version,
        month_versions.segment_cut_1,
        month_versions.segment_cut_2,
        month_versions.segment_cut_3,
        month_versions.segment_cut_4,
        potentials.potential_12m,
        month_versions.potential_low_cut,
        month_versions.potential_high_cut,
        features.allows_profiling
        and month_versions.parameter_version is not null
        and coalesce(features.sales_months_12m >= coalesce(month_versions.sales_months, 12), false) as is_scored,
        case
            when features.value_12m <= 0 then cast(null as integer)
            when features.value_12m >= month_versions.tier_high_cut then 3
            when features.value_12m >= month_versions.tier_low_cut then 2
            else 1
        end as value_tier
    from features
    left join month_versions on features.month = month_versions.month
    left join potentials
        on
            features.customer_id = potentials.customer_id
            and features.month = potentials.month

),

tiered as (

    select
        judged.*,
        case
            when judged.value_tier is null or judged.potential_12m is null then cast(null as integer)
            when judged.potential_12m >= judged.potential_high_cut then 3
            when judged.potential_12m >= judged.potential_low_cut then 2
            else 1
        end as potential_tier
    from judged

),

-- The nine cells of value and potential make the segments; where the parameters hold no forecast, value alone does.
final as (

    select
        tiered.customer_id,
        tiered.month,
        case
            when not tiered.is_scored then -2
            when tiered.value_12m <= 0 then 0
            when tiered.potential_tier is not null then segment_map.value_segment
            when tiered.value_12m >= tiered.segment_cut_4 then 5
            when tiered.value_12m >= tiered.segment_cut_3 then 4
            when tiered.value_12m >= tiered.segment_cut_2 then 3
            when tiered.value_12m >= tiered.segment_cut_1 then 2
            else 1
        end as value_segment,
        case when tiered.is_scored then tiered.value_tier end as value_tier,
        case when tiered.is_scored then tiered.potential_tier end as potential_tier,
        coalesce(families.relational_family, 'unknown') as relational_family,
        case when tiered.is_scored then tiered.parameter_version end as parameter_version
    from tiered
    left join segment_map
        on
            tiered.value_tier = segment_map.value_tier
            and tiered.potential_tier = segment_map.potential_tier
    left join families
        on
            tiered.customer_id = families.customer_id
            and tiered.month = families.month

)

select * from final
