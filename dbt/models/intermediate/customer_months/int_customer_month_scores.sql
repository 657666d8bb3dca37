-- Tiers and segment of each customer at the start of each month, by the stored cut points. A month that changes version is scored
-- with the former one, too (`is_former`), so that migrations can tell own moves from re-cuts.
--
-- A tier is left when the value has passed its cut point by the stored share (a fifth): up from cut * 1.2 on, down below cut * 0.8.
-- Who is silent beyond their own 95 % interval is on the lower side below the cut itself: what they bought before tells little
-- of what they are worth. In between holds the side that the last twelve months told last; where they told none, the
-- side where the value was in the last month of settling: a customer's first month, and one month a year that the hash of the
-- customer chooses, so that not all settle at once. Twelve, so that a segment is the same whatever the length of history.
{%- set cuts = {
    'tier_low_cut': 'features.value_12m', 'tier_high_cut': 'features.value_12m',
    'potential_low_cut': 'potentials.potential_12m', 'potential_high_cut': 'potentials.potential_12m',
    'segment_cut_1': 'features.value_12m', 'segment_cut_2': 'features.value_12m',
    'segment_cut_3': 'features.value_12m', 'segment_cut_4': 'features.value_12m',
} %}

with

features as (

    select * from {{ ref('int_customer_month_features') }}

),

month_versions as (

    select
        months.month,
        months.is_former,
        thresholds.*
    from {{ ref('int_parameter_months') }} as months
    inner join {{ source('parameters', 'value_thresholds') }} as thresholds
        on months.parameter_version = thresholds.parameter_version
    where months.parameter = 'value_thresholds'

),

potentials as (

    select * from {{ ref('int_customer_month_potential') }}

),

segment_map as (

    select * from {{ ref('stg_reference__segment_map') }}

),

-- n purchases of a year spread by chance leave its last R days empty with the probability (1 - R / 365)^n
silences as (

    select
        features.*,
        coalesce(power(1 - least(recency_days, 365) / 365.0, purchases_12m) < 0.05, false) as is_silent
    from features

),

-- Cut points hold for a value over at least the months of sales that they were fitted on: over fewer months everybody
-- would seem to be worth less, and to grow.
scored as (

    select
        features.customer_id,
        features.month,
        {{ month_number('features.month') }} as month_number,
        month_versions.is_former,
        month_versions.parameter_version,
        features.value_12m > 0 as has_value,
        mod({{ month_number('features.month') }} + {{ text_number('features.customer_id') }}, 12) = 0 as is_month_of_settling,
        {% for cut, figure in cuts.items() %}
            cast(case when {{ figure }} >= month_versions.{{ cut }} then 1 else 0 end as integer) as {{ cut }}_plain,
            cast(
                case
                    when {{ figure }} >= month_versions.{{ cut }} * (1 + coalesce(month_versions.margin_share, 0)) then 1
                    when
                        {{ figure }} < month_versions.{{ cut }}
                        * (1 - case when features.is_silent then 0 else coalesce(month_versions.margin_share, 0) end)
                        then 0
                end as integer
            ) as {{ cut }}_side,
        {% endfor %}
        month_versions.potential_low_cut is not null and potentials.potential_12m is not null as has_potential
    from silences as features
    inner join month_versions on features.month = month_versions.month
    left join potentials
        on
            features.customer_id = potentials.customer_id
            and features.month = potentials.month
            and month_versions.parameter_version = potentials.parameter_version
    where
        features.allows_profiling
        and features.sales_months_12m >= coalesce(month_versions.sales_months, 12)

),

ordered as (

    select
        scored.*,
        is_month_of_settling or row_number() over (partition by customer_id, is_former order by month_number asc) = 1 as is_settling
    from scored

),

-- the latest of the eleven months before that told the side of a cut point, the latest that settled it, and the side in the last digit
told as (

    select
        {% for cut in cuts %}
            max(case when not is_former then month_number * 2 + {{ cut }}_side end) over year_before as {{ cut }}_told,
            max(case when is_settling and not is_former then month_number * 2 + {{ cut }}_plain end) over year_before
                as {{ cut }}_settled,
        {% endfor %}
        ordered.*
    from ordered
    window
        year_before as (
            partition by customer_id
            order by month_number asc
            range between 11 preceding and 1 preceding
        )

),

decided as (

    select
        customer_id,
        month,
        is_former,
        parameter_version,
        has_value,
        {% for cut in cuts %}
            coalesce(
                {{ cut }}_side,
                mod({{ cut }}_told, 2),
                case when is_settling then {{ cut }}_plain end,
                mod({{ cut }}_settled, 2),
                {{ cut }}_plain
            ) as is_above_{{ cut }},
        {% endfor %}
        has_potential
    from told

),

tiered as (

    select
        decided.*,
        case when has_value then 1 + is_above_tier_low_cut + is_above_tier_high_cut end as value_tier,
        case when has_value and has_potential then 1 + is_above_potential_low_cut + is_above_potential_high_cut end as potential_tier,
        1 + is_above_segment_cut_1 + is_above_segment_cut_2 + is_above_segment_cut_3 + is_above_segment_cut_4 as fifth
    from decided

),

-- The nine cells of value and potential make the segments; where the parameters hold no forecast, value alone does.
final as (

    select
        tiered.customer_id,
        tiered.month,
        tiered.is_former,
        tiered.parameter_version,
        case
            when not tiered.has_value then 0
            when tiered.has_potential then segment_map.value_segment
            else tiered.fifth
        end as value_segment,
        tiered.value_tier,
        tiered.potential_tier
    from tiered
    left join segment_map
        on
            tiered.value_tier = segment_map.value_tier
            and tiered.potential_tier = segment_map.potential_tier

)

select * from final
