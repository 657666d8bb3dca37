-- Satisfaction, who is asked, who answers, what they write. `verbatim_templates` and `asked_questions` come from `wording.py`.

-- one point of log2: the wait doubled, beyond what is usual on the channel
create macro points_lost_by_wait(segment, relative_wait) as getvariable('effects_wait_on_satisfaction')[segment] * (log2(1 + relative_wait) - 0.6);

create table experiences as
select
    contacts.contact_key,
    contacts.person_no,
    contacts.channel,
    contacts.segment,
    contacts.family,
    contacts.reason,
    contacts.outcome,
    contacts.generation,
    contacts.transfer_count,
    contacts.closed_at,
    contacts.language,
    contacts.wait_seconds,
    contacts.usual_wait_seconds,
    round(
        case when contacts.family = 'soliciting' then 3.35 when contacts.family = 'trusting' then 3.65 else 3.5 end
        + people.attitude + coalesce(agents.quality, 0) * 3
        + getvariable('effects_resolution_on_satisfaction') * (case when outcome = 'resolved' then 0.65 else -0.35 end)
        - points_lost_by_wait(contacts.segment, coalesce(wait_seconds, 0) / usual_wait_seconds)
        + 0.7 * normal('experience', contacts.contact_key), 6
    ) as satisfaction
from contacts
inner join people using (person_no)
left join agents using (agent_no)
where contacts.answered_at is not null and outcome in ('resolved', 'unresolved') and closed_at < getvariable('end_at');

create macro box(score, lowest, highest) as cast(greatest(lowest, least(highest, round(score))) as integer);

create macro answer_probability(satisfaction) as
    least(0.9, getvariable('survey_answer_share') * (1 + getvariable('survey_mood_on_answer') * (1.1 * abs(satisfaction - 3.9) - 0.55 + case when satisfaction < 2.8 then 0.5 else 0 end)));

create table invitations as
with asked as (
    select
        experiences.*,
        'apres_contact' as survey,
        draw_bits('invitation', contact_key) as invitation_key,
        experiences.closed_at + to_seconds(3600 + cast(draw('invitation lag', contact_key) * 20000 as integer)) as sent_at
    from experiences
    inner join contacts using (contact_key)
    inner join identities on identities.person_no = experiences.person_no
    where contacts.direction = 'inbound' and contacts.is_identified and identities.has_email and identities.is_in_crm
        and draw('asked', contact_key) < getvariable('survey_asked_share')
)
select
    invitation_key, survey, contact_key, person_no, segment, satisfaction, reason, outcome, generation, transfer_count, language, wait_seconds, usual_wait_seconds, sent_at,
    draw('answers', invitation_key) < answer_probability(satisfaction) as has_answered,
    -- drawn only for those who answer: three in four do not, and a draw is half a microsecond
    case when has_answered then sent_at + to_seconds(300 + cast(least(1100000, 72000 * waiting(draw('answer lag', invitation_key))) as integer)) end as answered_at
from asked
where sent_at < getvariable('end_at');

-- The relationship survey: a draw of the customers every third month; its mood remembers the last 120 days of contacts.
create table relation_invitations as
with sendings as (
    select month_no, month, to_utc(cast(month as timestamp) + interval 11 day + interval 10 hour) as sent_at, cast(month - getvariable('first_month') as integer) as day_no
    from months
    where months_before_end % 3 = 1
),
drawn as (
    select
        people.person_no,
        people.segment,
        people.attitude,
        people.language,
        sendings.sent_at,
        draw_bits('relation', people.person_no || '-' || sendings.months_key) as invitation_key
    from people
    inner join identities using (person_no)
    inner join (select *, strftime(month, '%Y%m') as months_key from sendings) as sendings
        on people.first_day_no < sendings.day_no and people.last_day_no > sendings.day_no
    where identities.has_email and identities.is_in_crm and draw('relation', people.person_no || '-' || sendings.months_key) < getvariable('survey_relation_share_per_quarter')
),
remembered as (
    select drawn.invitation_key, round(avg(cast(round(experiences.satisfaction * 1000000) as bigint)) / 1000000, 6) as mood
    from drawn
    inner join experiences on experiences.person_no = drawn.person_no and experiences.closed_at < drawn.sent_at and experiences.closed_at > drawn.sent_at - interval 120 day
    group by drawn.invitation_key
)
select
    drawn.*,
    draw('answers', drawn.invitation_key) < answer_probability(4.0 + 0.8 * drawn.attitude) as has_answered,
    case when has_answered
        then round(4.0 + 0.8 * drawn.attitude + 0.55 * coalesce(remembered.mood - 3.95, 0) + 0.45 * normal('relation mood', drawn.invitation_key), 6)
    end as satisfaction,
    case when has_answered then drawn.sent_at + to_seconds(300 + cast(least(1100000, 100000 * waiting(draw('answer lag', drawn.invitation_key))) as integer)) end as answered_at
from drawn
left join remembered using (invitation_key)
where drawn.sent_at < getvariable('end_at');

create table survey_rows (
    response_key varchar, survey_id varchar, question_code varchar, contact_key ubigint, person_no integer, sent_at timestamp, answered_at timestamp,
    score integer, verbatim varchar, language varchar
);

insert into survey_rows
select
    invitation_key || '-' || code, 'apres_contact', code, contact_key, person_no, sent_at,
    case when answers then answered_at end,
    case when answers then score end,
    null, language
from (
    select
        invitations.*,
        code,
        case
            when not has_answered then false
            when code = 'csat' then true
            else draw('skips ' || code, invitation_key) < case code when 'nps' then 0.93 else 0.86 end
        end as answers,
        case
            when not has_answered then null
            when code = 'csat' then box(satisfaction, 1, 5)
            when code = 'nps' then box(2.05 * satisfaction + 0.2 + 1.1 * normal('nps', invitation_key), 0, 10)
            else box(1.25 * satisfaction + 0.7 - 0.5 * transfer_count - 0.45 * generation + 0.8 * normal('ces', invitation_key), 1, 7)
        end as score
    from invitations
    cross join (values ('csat'), ('nps'), ('ces')) as questions (code)
);

insert into survey_rows
select invitation_key || '-nps', 'relation', 'nps', null, person_no, sent_at, case when has_answered then answered_at end,
    case when has_answered then box(2.05 * satisfaction + 0.1 + 0.9 * normal('nps', invitation_key), 0, 10) end, null, language
from relation_invitations;

-- Comments: written more by those who are moved, either way. What each is about, and in which mood, is kept as truth.
create table verbatims as
with written as (
    select
        invitations.*,
        case when satisfaction >= 4.1 then 'pleased' when satisfaction >= 3.1 then 'mixed' else 'angry' end as mood,
        case when wait_seconds > 4 * usual_wait_seconds then 'attente' when outcome = 'unresolved' then 'non_resolu' else coalesce(reason, 'divers') end as topic,
        draw_bits('verbatim', invitation_key) as bits
    from invitations
    where has_answered and draw('writes', invitation_key) < getvariable('survey_verbatim_share') * (0.7 + 0.25 * abs(satisfaction - 3.9))
),
sentences as (
    select
        written.*,
        verbatim_templates.topic as theme,
        verbatim_templates.texts[1 + cast(floor(part(bits, 0) * len(verbatim_templates.texts)) as integer)] as sentence,
        closings.texts[1 + cast(floor(part(bits, 16) * len(closings.texts)) as integer)] as closing
    from written
    inner join verbatim_templates
        on verbatim_templates.language = written.language and verbatim_templates.mood = written.mood
        and verbatim_templates.topic = case when exists (from verbatim_templates as t where t.topic = written.topic and t.mood = written.mood and t.language = written.language) then written.topic else 'divers' end
    inner join verbatim_templates as closings on closings.language = written.language and closings.mood = written.mood and closings.topic = 'closing'
)
select invitation_key || '-verbatim' as response_key, contact_key, person_no, sent_at, answered_at, theme, mood, language,
    case when part(bits, 32) < 0.3 then sentence else sentence || ' ' || closing end as verbatim
from sentences;

insert into survey_rows
select response_key, 'apres_contact', 'verbatim', contact_key, person_no, sent_at, answered_at, null, verbatim, language
from verbatims;

-- SERVQUAL: five items, what is expected and what is perceived, asked once, four months before the end (or in the first month).
insert into survey_rows
with asked as (
    select
        people.person_no,
        periods.family,
        people.attitude,
        people.language,
        draw_bits('servqual', people.person_no) as invitation_key,
        to_utc(cast(months.month as timestamp) + interval 17 day + interval 10 hour) as sent_at
    from people
    inner join identities using (person_no)
    inner join months on months.months_before_end = least(2, getvariable('months') - 1)
    inner join periods
        on periods.person_no = people.person_no
        and months.month - getvariable('first_month') between periods.from_day_no and periods.upto_day_no
    where identities.has_email and identities.is_in_crm and people.first_day_no < months.month - getvariable('first_month') and people.last_day_no > months.month - getvariable('first_month')
        and draw('servqual asked', people.person_no) < getvariable('survey_servqual_share')
),
items as (
    select side, item, expected, perceived, demand
    from (values ('t4', 5.5, 5.3, 0.2), ('r1', 6.3, 5.2, 0.5), ('s2', 6.1, 4.9, 0.9), ('a4', 6.2, 5.6, 0.3), ('e1', 5.6, 4.9, 0.6)) as i (item, expected, perceived, demand)
    cross join (values ('expectation'), ('perception')) as sides (side)
),
scored as (
    select
        asked.*,
        'servqual_' || side || '_' || item as code,
        draw('answers', asked.invitation_key) < 0.42 as has_answered,
        sent_at + to_seconds(600 + cast(least(1100000, 90000 * waiting(draw('answer lag', asked.invitation_key))) as integer)) as answer_at,
        case
            when not has_answered then null
            when side = 'expectation' then box(expected + demand * case family when 'time_pressed' then 0.5 when 'soliciting' then 0.6 when 'autonomous' then -0.6 else -0.2 end + 0.5 * normal('expects', asked.invitation_key || item), 1, 7)
            else box(perceived + 1.2 * attitude + 0.8 * normal('perceives', asked.invitation_key || item), 1, 7)
        end as score
    from asked
    cross join items
)
select invitation_key || '-' || code, 'servqual', code, null, person_no, sent_at, case when has_answered then answer_at end, case when has_answered then score end, null, language
from scored
where sent_at < getvariable('end_at');
