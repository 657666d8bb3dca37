-- The answers about a contact, one line for each contact: the last valid one of each construct.

with

answers as (

    select * from {{ ref('int_survey_answers') }}
    where
        has_valid_score
        and contact_id is not null

),

last_of_construct as (

    select
        contact_id,
        construct,
        range_position,
        oriented_score
    from answers
    qualify
        row_number() over (partition by contact_id, construct order by answered_at desc, response_id desc) = 1

),

final as (

    select
        contact_id,
        cast(max(case when construct = 'csat' then range_position end) as double) as csat,
        cast(max(case when construct = 'ces' then 1 + 6 * range_position end) as double) as ces,
        cast(max(case when construct = 'nps' then oriented_score end) as double) as nps_answer
    from last_of_construct
    group by contact_id

)

select * from final
