with

channels as (

    select * from {{ ref('stg_reference__channels') }}

),

labels as (

    select * from {{ ref('dimension_labels') }}
    where dimension = 'channel'

),

members as (

    select
        channel,
        distance,
        tempo,
        answer_threshold_seconds,
        counts_business_hours
    from channels
    {% for member in ['unknown', 'all'] %}
        union all
        select
            '{{ member }}' as channel,
            cast(null as varchar) as distance,
            cast(null as varchar) as tempo,
            cast(null as integer) as answer_threshold_seconds,
            cast(null as boolean) as counts_business_hours
    {% endfor %}

),

-- a channel that only the company knows is shown under its own code
final as (

    select
        members.channel,
        coalesce(labels.label_fr, members.channel) as label_fr,
        coalesce(labels.label_en, members.channel) as label_en,
        members.distance,
        members.tempo,
        members.answer_threshold_seconds,
        members.counts_business_hours,
        coalesce(labels.position, 100) as position
    from members
    left join labels on members.channel = labels.member

)

select * from final
