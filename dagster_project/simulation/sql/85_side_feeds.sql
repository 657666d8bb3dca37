-- Loyalty, web, leads, evaluations and the known links: what hangs on purchases and contacts.

create table members as
with joined as (
    select
        identities.person_no,
        identities.loyalty_card_id,
        to_utc(cast(people.known_since + cast(floor(draw('joins', person_no) * 40) as integer) as timestamp) + to_seconds(36000 + identities.seconds_of_creation // 3)) as joined_at,
        case when people.expected_yearly_amount >= 700 then 'Or' when people.expected_yearly_amount >= 300 then 'Argent' else 'Essentiel' end as tier,
        case when draw('leaves', person_no) < 0.25 then to_utc(getvariable('first_month') + to_days(cast(least(people.lapse_day_no, 100000) as integer) + 20) + interval 11 hour) end as wished_left_at
    from identities
    inner join people using (person_no)
    where identities.has_card
)
select * exclude (wished_left_at), case when wished_left_at > joined_at + interval 1 day then wished_left_at end as left_at
from joined;

create table movements as
with shown as (
    select
        ticket_totals.ticket_key,
        ticket_totals.person_no,
        ticket_totals.net_cents,
        ticket_totals.is_refund,
        greatest(to_utc(ticket_totals.sold_wall) + interval 5 second, members.joined_at) as moved_at,
        members.loyalty_card_id
    from ticket_totals
    inner join members using (person_no)
    where members.left_at is null or to_utc(ticket_totals.sold_wall) < members.left_at
)
select 'E' || to_hex10(ticket_key) as movement_id, loyalty_card_id, moved_at, case when is_refund then 'adjust' else 'earn' end as kind,
    cast(net_cents // 100 as integer) as points, ticket_key, cast(null as varchar) as reward_id
from shown
where net_cents // 100 <> 0
union all
select 'B' || to_hex10(ticket_key), loyalty_card_id, moved_at, 'burn', -rewards.points, ticket_key, rewards.reward_id
from shown
inner join rewards on rewards.reward_id = printf('R%02d', 1 + cast(floor(draw('reward', ticket_key) * 8) as integer))
where not is_refund and draw('burns', ticket_key) < 0.07
union all
-- points run out at the end of a year
select 'X' || strftime(years.day, '%Y') || members.loyalty_card_id, members.loyalty_card_id, to_utc(cast(years.day as timestamp) + interval 22 hour), 'expire',
    -cast(20 + floor(draw('expired points', members.person_no || '-' || years.day) * 130) as integer), null, null
from members
inner join (select day from days where is_simulated and month_of_year = 12 and day_of_month = 31) as years on members.joined_at < years.day - interval 12 month
where draw('expires', members.person_no || '-' || years.day) < 0.12;

create table leads as
select printf('L%07d', (person_no::bigint * 15485863) % 9999991) as lead_id, person_no,
    to_utc(getvariable('first_month') + to_days(first_day_no - 2 - cast(floor(draw('lead lag', person_no) * 45) as integer)) + interval 15 hour) as created_at,
    to_utc(getvariable('first_month') + to_days(first_day_no) + interval 9 hour) as converted_at,
    ['salon', 'site', 'parrainage', 'infolettre'][1 + cast(floor(draw('lead source', person_no) * 4) as integer)] as source
from people
where first_day_no > 0 and draw('lead', person_no) < 0.45
union all
select printf('L%07d', ((10000000 - n) * 15485863::bigint) % 9999991), null,
    to_utc(getvariable('first_month') + to_seconds(cast(floor(draw('lost lead', n) * getvariable('days') * 86400) as integer))), null,
    ['salon', 'site', 'parrainage', 'infolettre'][1 + cast(floor(draw('lost lead source', n) * 4) as integer)]
from range(1, cast(1 + getvariable('customers') * 0.09 as bigint)) as r (n);

create table sessions as
with bought as (
    select draw_bits('session', ticket_key) as session_key, person_no, to_utc(sold_wall) - to_seconds(240 + cast(draw('session lag', ticket_key) * 1500 as integer)) as started_at, true as has_bought, false as seeks_help
    from tickets
    where sales_channel in ('web', 'app') and draw('tracked', ticket_key) < 0.62
),
helped as (
    -- who gets on alone looks for the answer first
    select draw_bits('help session', contact_key), contacts.person_no, opened_at - to_seconds(200 + cast(draw('help lag', contact_key) * 5000 as integer)), false, true
    from contacts
    where generation = 0 and person_no is not null and direction = 'inbound'
        and draw('helped', contact_key) < case family when 'autonomous' then 0.5 when 'time_pressed' then 0.3 else 0.12 end
),
browsed as (
    select draw_bits('browse', counted.person_no || '-' || counted.k), counted.person_no,
        to_utc(getvariable('first_month') + to_days(first_day_no + cast(floor(draw('browse day', counted.person_no || '-' || k) * (last_day_no - first_day_no + 1)) as integer))
            + to_seconds(60 * minute_slots.minute + cast(draw('browse second', counted.person_no || '-' || k) * 59 as integer))),
        false, false
    from (
        select people.person_no, people.first_day_no, people.last_day_no, unnest(range(0, poisson.k)) as k
        from (select *, poisson_bin((last_day_no - first_day_no + 1) / 365.25 * 3.2 * web_share) as bin, draw('browses', person_no) as u from people) as people
        inner join poisson on poisson.bin = people.bin and people.u >= poisson.below and people.u < poisson.upto
    ) as counted
    inner join minute_slots on minute_slots.minute_key = minute_key('web', cast(floor(draw('browse minute', counted.person_no || '-' || k) * 1024) as integer))
),
together as (
    select * from bought
    union all
    select * from helped
    union all
    select * from browsed
)
select
    *,
    part(session_key, 0) < case when has_bought then 0.8 else 0.45 end as is_logged_in,
    cast(2 + floor(waiting(part(session_key, 16)) * case when has_bought then 9 else 5 end) as integer) as page_views,
    case when seeks_help then cast(1 + floor(waiting(part(session_key, 32)) * 2) as integer) else 0 end as help_page_views,
    cast(floor(waiting(part(session_key, 48)) * 0.9) as integer) as search_count,
    case when has_bought then cast(1500 + floor(waiting(part(session_key, 8)) * 6500) as integer) when part(session_key, 24) < 0.15 then cast(1200 + floor(waiting(part(session_key, 8)) * 7000) as integer) end as cart_cents
from together
where started_at >= to_utc(cast(getvariable('first_month') as timestamp)) and started_at < getvariable('end_at');

-- Evaluations: contacts listened to by two supervisors per team; one contact in seven is graded twice.
create table evaluations as
with heard as (
    select
        contacts.contact_key,
        contacts.closed_at,
        contacts.outcome,
        agents.quality,
        draw('evaluators', contact_key) < 0.15 as is_graded_twice
    from contacts
    inner join agents using (agent_no)
    where contacts.answered_at is not null and outcome in ('resolved', 'unresolved') and direction = 'inbound'
        and draw('evaluated', contact_key) < 0.035
),
gradings as (
    select heard.*, grading.rank, 1 + cast(floor(draw('evaluator', contact_key) * 4) as integer) + 4 * grading.rank as evaluator_no
    from heard
    inner join (values (0), (1)) as grading (rank) on grading.rank = 0 or heard.is_graded_twice
),
items as (
    select unnest(['greeting', 'identification', 'active_listening', 'need_understood', 'answer_correct', 'answer_complete', 'clear_language', 'courtesy', 'empathy', 'next_steps', 'satisfaction_checked', 'record_kept']) as item_code,
        unnest([0.6, 0.5, 0.1, 0.2, 0.4, 0.0, 0.4, 0.8, 0.1, -0.1, -0.2, 0.1]) as ease
),
graded as (
    select
        gradings.*,
        items.item_code,
        -- the quality shown in the contact is common to the gradings; each evaluator has a bias and a slip
        0.55 + 0.5 * ease + 8 * quality + case when outcome = 'resolved' then 0.35 else -0.35 end
        + 0.75 * normal('shown', contact_key || item_code) + getvariable('quality_evaluator_bias') * normal('evaluator', evaluator_no) + getvariable('quality_evaluator_slip') * normal('grading', contact_key || item_code || rank) as shown,
        draw('not applicable', contact_key || item_code) < 0.03 as is_not_applicable
    from gradings
    cross join items
)
select
    'EV' || to_hex10(contact_key) || rank as evaluation_id,
    contact_key,
    printf('SUP%02d', evaluator_no) as evaluator_id,
    item_code,
    case when is_not_applicable then null when shown > 1.15 then 'excellent' when shown > -0.1 then 'compliant' when shown > -1.2 then 'to_improve' else 'unacceptable' end as level_code,
    closed_at + to_seconds(86400 + cast(draw('evaluation lag', contact_key || rank) * 900000 as integer)) as evaluated_at
from graded;
