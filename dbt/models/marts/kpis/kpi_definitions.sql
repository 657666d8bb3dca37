with

definitions as (

    select * from {{ ref('kpi_definition_texts') }}

),

kpi_feeds as (

    select * from {{ ref('kpi_feeds') }}

),

feed_lists as (

    select
        kpi,
        {{ dbt.listagg('feed', "', '", 'order by feed') }} as feeds
    from kpi_feeds
    group by kpi

),

final as (

    select
        definitions.kpi,
        definitions.topic,
        definitions.position,
        definitions.label_fr,
        definitions.label_en,
        definitions.purpose_fr,
        definitions.purpose_en,
        definitions.formula_fr,
        definitions.formula_en,
        definitions.unit,
        definitions.direction,
        feed_lists.feeds,
        definitions.owner,
        definitions.version,
        definitions.caveats_fr,
        definitions.caveats_en,
        definitions.is_headline
    from definitions
    left join feed_lists
        on definitions.kpi = feed_lists.kpi

)

select * from final
