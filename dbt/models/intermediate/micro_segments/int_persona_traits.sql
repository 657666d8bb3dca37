-- How far each micro-segment stands from all customers that have one, and from those of its value tier, trait by trait.

with

scored as (

    select * from {{ ref('int_customer_micro_segments') }}

),

behaviours as (

    select * from {{ ref('int_customer_behaviours') }}

),

version as (

    select max(parameter_version) as parameter_version
    from scored

),

dividing as (

    select distinct centroids.feature
    from {{ source('parameters', 'micro_segment_centroids') }} as centroids
    inner join version on centroids.parameter_version = version.parameter_version

),

-- decimals, so that the same customers give the same sums in any order
sums as (

    select
        {%- for trait in behaviour_traits() %}
            count(scored.z_{{ trait }}) as n_{{ trait }},
            sum(cast(scored.z_{{ trait }} as decimal(18, 6))) as z_{{ trait }},
            sum(cast(behaviours.{{ trait }} as decimal(18, 6))) as x_{{ trait }},
        {%- endfor %}
        scored.micro_segment,
        scored.value_tier
    from scored
    inner join behaviours on scored.customer_id = behaviours.customer_id
    group by scored.micro_segment, scored.value_tier

),

by_trait as (

    select
        micro_segment,
        value_tier,
        'purchases_12m' as feature,
        n_purchases_12m as customers,
        z_purchases_12m as z_total,
        x_purchases_12m as x_total
    from sums
    where n_purchases_12m > 0
    {%- for trait in behaviour_traits()[1:] %}
        union all
        select
            micro_segment,
            value_tier,
            '{{ trait }}' as feature,
            n_{{ trait }} as customers,
            z_{{ trait }} as z_total,
            x_{{ trait }} as x_total
        from sums
        where n_{{ trait }} > 0
    {%- endfor %}

),

beside as (

    select
        by_trait.*,
        sum(customers) over (partition by feature) as all_customers,
        sum(z_total) over (partition by feature) as all_z_total,
        sum(x_total) over (partition by feature) as all_x_total,
        sum(customers) over (partition by feature, value_tier) as tier_customers,
        sum(z_total) over (partition by feature, value_tier) as tier_z_total
    from by_trait

),

final as (

    select
        beside.micro_segment,
        beside.value_tier,
        beside.feature,
        dividing.feature is not null as is_dividing,
        beside.customers,
        {{ round_significant(safe_divide('beside.x_total', 'beside.customers')) }} as trait_mean,
        {{ round_significant(safe_divide('beside.all_x_total', 'beside.all_customers')) }} as all_mean,
        round(
            {{ safe_divide('beside.z_total', 'beside.customers') }} - {{ safe_divide('beside.all_z_total', 'beside.all_customers') }}, 6
        ) as deviation,
        round(
            {{ safe_divide('beside.z_total', 'beside.customers') }} - {{ safe_divide('beside.tier_z_total', 'beside.tier_customers') }}, 6
        ) as tier_deviation
    from beside
    left join dividing on beside.feature = dividing.feature

)

select * from final
