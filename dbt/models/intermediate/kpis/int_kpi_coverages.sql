-- How much of what a KPI needs is there: one share for each coverage rule, over the months of history.
-- The rules are loaded in the same call of dbt or before, so that a code without a rule is found at once.
-- depends_on: {{ ref('kpi_coverage_rules') }}
-- depends_on: {{ ref('kpi_coverage_rules') }}

with

contacts as (

    select * from {{ ref('int_contacts') }}
    where is_in_history

),

responses as (

    select * from {{ ref('int_survey_responses') }}
    where answer_month >= first_month

),

answered_contacts as (

    select * from {{ ref('int_contact_answers') }}

),

tickets as (

    select tickets.customer_id
    from {{ ref('int_tickets') }} as tickets
    cross join {{ source('run', 'run_context') }} as run_context
    where tickets.sold_month >= run_context.first_month

),

contact_counts as (

    select
        count(case when contacts.is_inbound then 1 end) as inbound,
        count(case when contacts.is_inbound then contacts.case_id end) as inbound_with_case,
        count(case when contacts.is_inbound and contacts.is_handled then 1 end) as handled_inbound,
        count(case when contacts.is_inbound and contacts.is_handled then contacts.customer_id end) as handled_identified,
        count(case when contacts.is_inbound and contacts.is_handled and not contacts.is_automated then 1 end)
            as handled_by_people,
        count(case when contacts.is_inbound and contacts.is_handled and not contacts.is_automated then contacts.wait_seconds end)
            as handled_with_answer_time,
        count(case when contacts.is_offered then 1 end) as offered,
        count(case when contacts.is_offered and contacts.is_abandoned then 1 end) as abandoned,
        count(case when contacts.is_offered and contacts.is_abandoned then contacts.wait_seconds end)
            as abandoned_with_duration,
        count(case when contacts.is_handled then 1 end) as handled,
        count(case when contacts.is_handled then contacts.handle_seconds end) as handled_with_duration,
        count(
            case
                when contacts.is_inbound and contacts.is_handled
                    then coalesce(contacts.outcome, cast(contacts.transfer_count as varchar))
            end
        ) as handled_with_transfers,
        count(case when contacts.is_inbound and contacts.is_handled and contacts.closed_at is not null then 1 end)
            as handled_closed,
        count(
            case when contacts.is_inbound and contacts.is_handled and contacts.closed_at is not null then contacts.reopen_count end
        ) as handled_with_reopenings,
        count(case when contacts.is_handled then answered_contacts.csat end) as handled_with_csat,
        count(case when contacts.is_handled then answered_contacts.nps_answer end) as handled_with_nps,
        count(case when contacts.is_handled then answered_contacts.ces end) as handled_with_ces
    from contacts
    left join answered_contacts
        on contacts.contact_id = answered_contacts.contact_id

),

response_counts as (

    select
        count(*) as responses,
        count(sent_at) as responses_sent,
        count(case when construct = 'csat' then 1 end) as csat,
        count(case when construct = 'csat' and has_valid_score then 1 end) as csat_valid,
        count(case when construct = 'ces' then 1 end) as ces,
        count(case when construct = 'ces' and has_valid_score then 1 end) as ces_valid,
        count(case when construct = 'nps' and contact_id is not null then 1 end) as nps,
        count(case when construct = 'nps' and contact_id is not null and has_valid_score then 1 end) as nps_valid,
        count(case when construct = 'nps' and contact_id is null then 1 end) as nps_relation,
        count(case when construct = 'nps' and contact_id is null and has_valid_score then 1 end) as nps_relation_valid
    from responses

),

ticket_counts as (

    select
        count(*) as tickets,
        count(customer_id) as tickets_identified
    from tickets

),

shares as (

    select
        'contacts_with_case' as coverage_rule,
        inbound_with_case as covered,
        inbound as concerned
    from contact_counts
    union all
    select
        'contacts_identified' as coverage_rule,
        handled_identified as covered,
        handled_inbound as concerned
    from contact_counts
    union all
    select
        'contacts_with_answer_time' as coverage_rule,
        handled_with_answer_time as covered,
        handled_by_people as concerned
    from contact_counts
    union all
    -- a source that records abandons has some: all contacts are covered, or none
    select
        'abandons_recorded' as coverage_rule,
        case when abandoned > 0 then offered else 0 end as covered,
        offered as concerned
    from contact_counts
    union all
    select
        'abandons_with_duration' as coverage_rule,
        abandoned_with_duration as covered,
        abandoned as concerned
    from contact_counts
    union all
    select
        'contacts_with_duration' as coverage_rule,
        handled_with_duration as covered,
        handled as concerned
    from contact_counts
    union all
    select
        'contacts_with_transfers' as coverage_rule,
        handled_with_transfers as covered,
        handled_inbound as concerned
    from contact_counts
    union all
    select
        'contacts_with_reopenings' as coverage_rule,
        handled_with_reopenings as covered,
        handled_closed as concerned
    from contact_counts
    union all
    select
        'contacts_with_csat' as coverage_rule,
        handled_with_csat as covered,
        handled as concerned
    from contact_counts
    union all
    select
        'contacts_with_nps' as coverage_rule,
        handled_with_nps as covered,
        handled as concerned
    from contact_counts
    union all
    select
        'contacts_with_ces' as coverage_rule,
        handled_with_ces as covered,
        handled as concerned
    from contact_counts
    union all
    select
        'answers_csat' as coverage_rule,
        csat_valid as covered,
        csat as concerned
    from response_counts
    union all
    select
        'answers_ces' as coverage_rule,
        ces_valid as covered,
        ces as concerned
    from response_counts
    union all
    select
        'answers_nps' as coverage_rule,
        nps_valid as covered,
        nps as concerned
    from response_counts
    union all
    select
        'answers_nps_relation' as coverage_rule,
        nps_relation_valid as covered,
        nps_relation as concerned
    from response_counts
    union all
    select
        'invitations_dated' as coverage_rule,
        responses_sent as covered,
        responses as concerned
    from response_counts
    union all
    select
        'purchases_identified' as coverage_rule,
        tickets_identified as covered,
        tickets as concerned
    from ticket_counts

),

final as (

    select
        coverage_rule,
        covered,
        concerned,
        {{ safe_divide('covered', 'concerned') }} as coverage
    from shares

)

select * from final
