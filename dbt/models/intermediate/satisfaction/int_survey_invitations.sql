-- Invitations to a survey, whatever the number of its questions: sent, and answered in the days allowed?

with

responses as (

    select * from {{ ref('int_survey_responses') }}

),

customer_segments as (

    select
        customer_id,
        month,
        value_segment
    from {{ ref('int_customer_month_segments') }}

),

keyed as (

    select
        responses.*,
        coalesce(contact_id, '') as contact_key,
        coalesce(customer_id, case when contact_id is null then response_id end, '') as respondent_key,
        case when contact_id is null then sent_month end as wave
    from responses

),

invitations as (

    select
        survey_id,
        contact_key,
        respondent_key,
        wave,
        max(customer_id) as customer_id,
        max(channel) as channel,
        min(invitation_month) as invitation_month,
        min(sent_at) as sent_at,
        min(case when is_answered then answered_at end) as answered_at,
        max(survey_horizon_at) as survey_horizon_at,
        max(first_month) as first_month
    from keyed
    group by survey_id, contact_key, respondent_key, wave

),

final as (

    select
        invitations.survey_id,
        invitations.contact_key,
        invitations.respondent_key,
        invitations.customer_id,
        invitations.channel,
        invitations.invitation_month,
        invitations.first_month,
        {{ segment_at('customer_segments.value_segment') }} as value_segment,
        {{ is_before_horizon(add_days('invitations.sent_at', survey_answer_days()), 'invitations.survey_horizon_at') }}
            as is_mature,
        coalesce(invitations.answered_at <= {{ add_days('invitations.sent_at', survey_answer_days()) }}, false) as is_answered
    from invitations
    left join customer_segments
        on
            invitations.customer_id = customer_segments.customer_id
            and invitations.invitation_month = customer_segments.month
    where invitations.sent_at is not null

)

select * from final
