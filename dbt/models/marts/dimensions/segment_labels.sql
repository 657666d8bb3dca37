with

labels as (

    select * from {{ ref('dimension_labels') }}

),

pairs as (

    select
        segment_map.value_segment,
        segment_map.value_tier,
        segment_map.potential_tier,
        lower(value_tiers.label_fr) || ' et ' || lower(potential_tiers.label_fr) as tiers_fr,
        lower(value_tiers.label_en) || ' and ' || lower(potential_tiers.label_en) as tiers_en
    from {{ ref('stg_reference__segment_map') }} as segment_map
    inner join labels as value_tiers
        on value_tiers.dimension = 'value_tier' and value_tiers.member = cast(segment_map.value_tier as varchar)
    inner join labels as potential_tiers
        on
            potential_tiers.dimension = 'potential_tier'
            and potential_tiers.member = cast(segment_map.potential_tier as varchar)

),

meanings as (

    select
        value_segment,
        {{ joined_lines('tiers_fr', 'value_tier desc, potential_tier desc') }} as meaning_fr,
        {{ joined_lines('tiers_en', 'value_tier desc, potential_tier desc') }} as meaning_en
    from pairs
    group by value_segment

),

final as (

    select
        labels.dimension as axis,
        labels.member,
        case when labels.dimension = 'value_segment' then cast(labels.member as integer) end as value_segment,
        labels.label_fr,
        labels.label_en,
        labels.position,
        meanings.meaning_fr,
        meanings.meaning_en
    from labels
    left join meanings
        on
            labels.dimension = 'value_segment'
            and labels.member = cast(meanings.value_segment as varchar)
    where labels.dimension in ('value_segment', 'value_tier', 'potential_tier', 'relational_family')

)

select * from final
