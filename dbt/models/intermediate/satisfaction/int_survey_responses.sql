-- Each survey row with its question, its contact and its customer, and whether its score is an answer.

with

responses as (

    select * from {{ ref('stg_survey__responses') }}

),

questions as (

    select * from {{ ref('stg_reference__survey_questions') }}

),

customer_keys as (

    select
        source_key_hash,
        customer_id
    from {{ ref('int_customer_keys') }}

),

contacts as (

    select
        contact_id,
        customer_id,
        channel,
        opened_month
    from {{ ref('int_contacts') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

horizon as (

    select max(horizon_at) as survey_horizon_at
    from {{ source('run', 'feed_status') }}
    where feed = 'survey_responses'

),

joined as (

    select
        responses.response_id,
        responses.survey_id,
        responses.question_code,
        responses.contact_id,
        coalesce(customer_keys.customer_id, contacts.customer_id) as customer_id,
        {{ dimension_member('contacts.channel') }} as channel,
        responses.sent_at,
        responses.answered_at,
        responses.verbatim,
        questions.construct,
        responses.score,
        cast(questions.scale_min as decimal(18, 4)) as scale_min,
        cast(questions.scale_max as decimal(18, 4)) as scale_max,
        coalesce(questions.higher_is_better, true) as higher_is_better,
        contacts.opened_month as contact_month,
        {{ company_month('responses.sent_at') }} as sent_month,
        {{ company_month('responses.answered_at') }} as answered_month,
        horizon.survey_horizon_at,
        run_context.first_month
    from responses
    cross join run_context
    cross join horizon
    left join questions
        on responses.question_code = questions.question_code
    left join customer_keys
        on responses.customer_id_hash = customer_keys.source_key_hash
    left join contacts
        on responses.contact_id = contacts.contact_id

),

-- A code outside the scale ("not applicable", "blank") is no answer. Recommendation is asked on 0 to 10 or it is another question.
judged as (

    select
        joined.*,
        coalesce(
            answered_at is not null
            and score between scale_min and scale_max
            and scale_max > scale_min
            and (construct != 'nps' or (scale_min = 0 and scale_max = 10)),
            false
        ) as has_valid_score,
        coalesce(contact_month, answered_month, sent_month) as answer_month,
        coalesce(contact_month, sent_month) as invitation_month
    from joined

),

-- Scores with the better end on top, and where they stand on the range (0 = the worst, 1 = the best).
final as (

    select
        judged.*,
        case when has_valid_score then case when higher_is_better then score else scale_min + scale_max - score end end
            as oriented_score,
        case
            when has_valid_score then
                cast(
                    case when higher_is_better then score - scale_min else scale_max - score end
                    / (scale_max - scale_min) as decimal(18, 9)
                )
        end as range_position,
        case
            when answered_at is null then false
            when construct in ('csat', 'nps', 'ces') or score is not null then has_valid_score
            else verbatim is not null
        end as is_answered
    from judged

)

select * from final
