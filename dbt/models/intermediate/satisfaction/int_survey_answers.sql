-- What each respondent said in the end: of several rows of one question about one contact the last valid answer counts.

with

responses as (

    select * from {{ ref('int_survey_responses') }}
    where construct in ('csat', 'nps', 'ces')

),

customer_segments as (

    select
        customer_id,
        month,
        value_segment,
        relational_family
    from {{ ref('int_customer_month_segments') }}

),

-- About a contact: one answer per question, contact and respondent. About none: one per question, survey, respondent and
-- month, so that the waves of a barometer stay apart; an unknown respondent of such a survey is one for each row.
keyed as (

    select
        responses.*,
        coalesce(contact_id, '') as contact_key,
        coalesce(customer_id, case when contact_id is null then response_id end, '') as respondent_key,
        case when contact_id is null then survey_id else '' end as survey_key,
        case when contact_id is null then coalesce(sent_month, answered_month) end as wave
    from responses

),

ranked as (

    select
        keyed.*,
        row_number() over (
            partition by question_code, contact_key, respondent_key, survey_key, wave
            order by case when has_valid_score then 0 else 1 end, answered_at desc nulls last, response_id desc
        ) as place,
        min(sent_at) over (partition by question_code, contact_key, respondent_key, survey_key, wave) as first_sent_at,
        min(case when has_valid_score then answered_at end) over (
            partition by question_code, contact_key, respondent_key, survey_key, wave
        ) as first_answered_at,
        sum(case when answered_at is not null and not has_valid_score then 1 else 0 end) over (
            partition by question_code, contact_key, respondent_key, survey_key, wave
        ) as invalid_answers
    from keyed

),

final as (

    select
        ranked.response_id,
        ranked.survey_id,
        ranked.question_code,
        ranked.construct,
        ranked.contact_id,
        ranked.customer_id,
        ranked.channel,
        ranked.answered_at,
        ranked.answer_month,
        ranked.invitation_month,
        ranked.has_valid_score,
        ranked.oriented_score,
        ranked.range_position,
        ranked.scale_min,
        ranked.scale_max,
        ranked.invalid_answers,
        ranked.first_month,
        {{ segment_at('customer_segments.value_segment') }} as value_segment,
        coalesce(customer_segments.relational_family, 'unknown') as relational_family,
        {{ segment_at('invitation_segments.value_segment') }} as invitation_segment,
        coalesce(invitation_segments.relational_family, 'unknown') as invitation_family,
        ranked.first_sent_at is not null
        and {{ is_before_horizon(add_days('ranked.first_sent_at', survey_answer_days()), 'ranked.survey_horizon_at') }}
            as is_invitation_mature,
        ranked.first_sent_at is not null
        and not {{ is_before_horizon(add_days('ranked.first_sent_at', survey_answer_days()), 'ranked.survey_horizon_at') }}
            as is_invitation_immature,
        coalesce(
            ranked.first_answered_at <= {{ add_days('ranked.first_sent_at', survey_answer_days()) }}, false
        ) as is_answered_in_time
    from ranked
    left join customer_segments
        on
            ranked.customer_id = customer_segments.customer_id
            and ranked.answer_month = customer_segments.month
    left join customer_segments as invitation_segments
        on
            ranked.customer_id = invitation_segments.customer_id
            and ranked.invitation_month = invitation_segments.month
    where ranked.place = 1

)

select * from final
