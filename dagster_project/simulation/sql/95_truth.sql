-- What is true: who is who, what people are like, the effects. Nothing of this enters the inbox.

create view truth_links as
select 'crm' as source, customer_id as source_key, person_no as person_id from identities where is_in_crm
union all
-- ids that the tills know and the CRM does not
select 'crm', customer_id, person_no from identities where not is_in_crm
union all
select 'crm', duplicate_customer_id, person_no from identities where is_duplicated
union all
select 'loyalty', loyalty_card_id, person_no from identities where loyalty_card_id is not null
union all
select 'email', email, person_no from identities where has_email
union all
select 'email', replace(email, '@', '.nouveau@'), person_no from identities where has_email and changed_email and is_in_crm
union all
select 'email', second_email, person_no from identities where has_email and is_duplicated and second_email is not null
union all
select 'phone', '33' || substr(second_phone, 2), person_no from identities where has_phone and is_duplicated and not has_shared_phone and second_phone is not null
union all
select 'phone', '33' || substr(phone, 2), person_no from identities where has_phone and not has_shared_phone;

create view truth_people as
select
    people.person_no as person_id,
    people.segment as value_segment,
    people.family as relational_family,
    people.purchases_per_year,
    people.expected_yearly_amount,
    people.contact_factor,
    people.web_share,
    people.attitude,
    cast(getvariable('first_month') + people.first_day_no as date) as first_day,
    case when people.lapse_day_no < getvariable('days') then cast(getvariable('first_month') + people.lapse_day_no as date) end as lapsed_on,
    getvariable('people_yearly_lapse_rate') as yearly_lapse_rate,
    people.allows_profiling,
    people.language,
    identities.is_in_crm,
    assignments.arm as experiment_arm
from people
inner join identities using (person_no)
left join assignments using (person_no);

create view truth_effects as
with segments as (select segment::integer as segment from range(1, 6) as r (segment))
select 'purchase_after_resolved_60_days' as effect, segment, getvariable('effects_purchase_after_resolved')[segment] as value from segments
union all
select 'purchase_after_call_back_60_days', segment, getvariable('effects_purchase_after_call_back')[segment] from segments
union all
select 'purchase_after_proactive_call_60_days', segment, getvariable('effects_purchase_after_proactive_call')[segment] from segments
union all
select 'wait_on_satisfaction', segment, -getvariable('effects_wait_on_satisfaction')[segment] from segments
union all
select 'resolution_on_satisfaction', segment, getvariable('effects_resolution_on_satisfaction') from segments
union all
select 'mood_on_answer', segment, getvariable('survey_mood_on_answer') from segments
union all
-- what came of it: purchases that exist only because of a contact
select 'caused_purchases', segments.segment, count(tickets.ticket_key)
from segments
left join people using (segment)
left join tickets on tickets.person_no = people.person_no and tickets.cause = 'effect'
group by segments.segment;
