with

labels as (

    select * from {{ ref('dimension_labels') }}

),

final as (

    select
        dimension as axis,
        member,
        case when dimension = 'value_segment' then cast(member as integer) end as value_segment,
        label_fr,
        label_en,
        position
    from labels
    where dimension in ('value_segment', 'value_tier', 'potential_tier', 'relational_family')

)

select * from final
