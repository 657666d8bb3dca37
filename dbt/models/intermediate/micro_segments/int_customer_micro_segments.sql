-- The micro-segment of each customer of a value tier at the start of the as-of month: the nearest centre of the tier in standard
-- deviations. A trait that is not known of a customer stands at the mean. `z_...` are the standardised traits, for the personas.

with

run_context as (

    select * from {{ source('run', 'run_context') }}

),

version as (

    select months.parameter_version
    from {{ ref('int_parameter_months') }} as months
    inner join run_context on months.month = run_context.as_of_month
    where months.parameter = 'micro_segments' and not months.is_former

),

scales as (

    select
        {%- for trait in behaviour_traits() %}
            max(case when features.feature = '{{ trait }}' and features.is_log then 1 else 0 end) = 1 as {{ trait }}_is_log,
            max(case when features.feature = '{{ trait }}' then features.mean end) as {{ trait }}_mean,
            max(case when features.feature = '{{ trait }}' then features.sd end) as {{ trait }}_sd,
            max(case when features.feature = '{{ trait }}' then features.low end) as {{ trait }}_low,
            max(case when features.feature = '{{ trait }}' then features.high end) as {{ trait }}_high,
        {%- endfor %}
        version.parameter_version
    from {{ source('parameters', 'micro_segment_features') }} as features
    inner join version on features.parameter_version = version.parameter_version
    group by version.parameter_version

),

centroids as (

    select
        {%- for trait in behaviour_traits() %}
            max(case when centroids.feature = '{{ trait }}' then centroids.position end) as {{ trait }},
        {%- endfor %}
        centroids.micro_segment,
        centroids.value_tier
    from {{ source('parameters', 'micro_segment_centroids') }} as centroids
    inner join version on centroids.parameter_version = version.parameter_version
    group by centroids.micro_segment, centroids.value_tier

),

standardised as (

    select
        {%- for trait in behaviour_traits() %}
            case
                when behaviours.{{ trait }} is not null
                    then
                        (
                            least(
                                greatest(
                                    case
                                        when scales.{{ trait }}_is_log then ln(1 + behaviours.{{ trait }})
                                        else behaviours.{{ trait }}
                                    end,
                                    scales.{{ trait }}_low
                                ),
                                scales.{{ trait }}_high
                            ) - scales.{{ trait }}_mean
                        ) / scales.{{ trait }}_sd
            end as z_{{ trait }},
        {%- endfor %}
        behaviours.customer_id,
        segments.value_tier,
        scales.parameter_version
    from {{ ref('int_customer_behaviours') }} as behaviours
    inner join {{ ref('int_customer_month_segments') }} as segments
        on
            behaviours.customer_id = segments.customer_id
            and behaviours.month = segments.month
    cross join scales
    where segments.value_tier is not null

),

-- rounded, so that the last digit of a sum of squares decides nothing; ties go to the first name
distances as (

    select
        standardised.*,
        centroids.micro_segment,
        round(
            0
            {%- for trait in behaviour_traits() %}
                + coalesce(
                    (coalesce(standardised.z_{{ trait }}, 0) - centroids.{{ trait }})
                    * (coalesce(standardised.z_{{ trait }}, 0) - centroids.{{ trait }}),
                    0
                )
            {%- endfor %},
            9
        ) as squared_distance
    from standardised
    inner join centroids on standardised.value_tier = centroids.value_tier

),

final as (

    select
        customer_id,
        {%- for trait in behaviour_traits() %}
            z_{{ trait }},
        {%- endfor %}
        value_tier,
        micro_segment,
        parameter_version
    from distances
    qualify row_number() over (partition by customer_id order by squared_distance asc, micro_segment asc) = 1

)

select * from final
