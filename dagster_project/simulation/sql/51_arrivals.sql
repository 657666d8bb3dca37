-- First contacts: those that follow a purchase, those of the recall, those that arise by themselves, those of the experiment.
-- `arrivals` holds one generation; `contacts` what became of all. Instants are UTC.

create table arrivals (
    contact_key ubigint, case_key ubigint, person_no integer, channel varchar, direction varchar, reason varchar, opened_at timestamp,
    generation integer, previous_key ubigint, cause varchar
);

create table contacts (
    contact_key ubigint, case_key ubigint, person_no integer, channel varchar, direction varchar, reason varchar, opened_at timestamp,
    generation integer, previous_key ubigint, cause varchar, answered_at timestamp, closed_at timestamp, talk_seconds integer, hold_seconds integer,
    wrap_up_seconds integer, outcome varchar, agent_no integer, team varchar, queue varchar, transfer_count integer, reopen_count integer, is_automated boolean,
    is_identified boolean, wait_seconds integer, usual_wait_seconds double, segment integer, family varchar, language varchar
);

-- Who is in the experiment of proactive calls: drawn among the customers of the month before it.
create table assignments as
select
    people.person_no,
    case when draw('arm', person_no) < 0.5 then 'treated' else 'held_out' end as arm,
    to_utc(cast(start.day as timestamp) - interval 4 day + interval 9 hour) as assigned_at
from people
inner join (
    select min(days.day) as day, min(days.day_no) as day_no
    from days inner join months using (month_no)
    where months.months_before_end = getvariable('story_remedy_month') - 1 and months.regime = 'remedy'
) as start
    on start.day_no > people.first_day_no + 10 and start.day_no < people.last_day_no
where draw('experiment', person_no) < getvariable('story_proactive_call_share');

-- Cumulative shares of the channels, per family, before and after the chat came.
create table channel_choice as
with weights as (
    select *
    from (values
        ('soliciting', [50, 16, 8, 6, 13, 7], [40, 12, 7, 5, 12, 7, 17]), ('time_pressed', [46, 18, 12, 3, 8, 13], [34, 12, 9, 2, 7, 12, 24]),
        ('autonomous', [26, 34, 22, 3, 7, 8], [19, 27, 19, 2, 7, 8, 18]), ('trusting', [54, 14, 5, 1, 24, 2], [50, 13, 5, 1, 23, 2, 6])
    ) as w (family, before, after)
),
listed as (
    select family, has_chat, unnest(case when has_chat then after else before end) as weight,
        unnest(case when has_chat then ['phone', 'email', 'form', 'social', 'store_desk', 'messaging', 'chat'] else ['phone', 'email', 'form', 'social', 'store_desk', 'messaging'] end) as channel,
        unnest(range(case when has_chat then 7 else 6 end)) as rank
    from weights
    cross join (values (true), (false)) as chat (has_chat)
),
named as (
    select
        family,
        has_chat,
        channel,
        rank,
        -- how far a family is from the mean of all, taken to a power: in whole thousandths, so that sums are exact
        case when getvariable('service_channel_contrast') = 1 then weight
            else cast(round(1000 * avg(weight) over (partition by has_chat, channel)
                * pow(weight / avg(weight) over (partition by has_chat, channel), getvariable('service_channel_contrast'))) as bigint)
        end as weight
    from listed
)
select
    family,
    has_chat,
    channel,
    sum(weight) over (partition by family, has_chat order by rank) / sum(weight) over (partition by family, has_chat) as upto,
    coalesce(sum(weight) over (partition by family, has_chat order by rank rows between unbounded preceding and 1 preceding), 0) / sum(weight) over (partition by family, has_chat) as below
from named;

create table first_contacts as
with after_purchase as (
    select
        draw_bits('contact after', ticket_key) as contact_key,
        tickets.person_no,
        draw_bits('contact after why', ticket_key) as bits,
        -- the day after at the earliest: orders are shipped, doubts come at home
        tickets.day_no + 1 + cast(floor(waiting(part(contact_key, 0)) * case when sales_channel = 'store' then 7 else 3.5 end) as integer) as day_no,
        case
            when has_return and part(bits, 0) < 0.7 then 'retour_remboursement'
            when sales_channel in ('web', 'app') and part(bits, 0) < 0.58 then 'livraison'
            when part(bits, 0) < 0.70 then 'produit_defectueux'
            when part(bits, 0) < 0.80 then 'facture'
            when part(bits, 0) < 0.90 then 'information_produit'
            else 'commande'
        end as reason,
        'purchase' as cause
    from tickets
    inner join periods on periods.person_no = tickets.person_no and tickets.day_no between periods.from_day_no and periods.upto_day_no
    where part(draw_bits('contact after whether', ticket_key), 0) < least(0.9, periods.contact_factor
        * (case when sales_channel = 'store' then getvariable('service_contact_per_store_ticket') else getvariable('service_contact_per_web_ticket') end
            + case when has_return then getvariable('service_contact_per_returned_ticket') else 0 end))
),
own_counts as (
    select periods.*, poisson.k as contact_count
    from (
        select
            *,
            poisson_bin((last_day_no - first_day_no + 1) / 365.25 * getvariable('service_own_contacts_per_year') * contact_factor * (1 + getvariable('confounding_strength'))) as bin,
            draw('own contacts', draw_key) as u
        from periods
        where getvariable('service_own_contacts_per_year') > 0
    ) as periods
    inner join poisson on poisson.bin = periods.bin and periods.u >= poisson.below and periods.u < poisson.upto
),
own as (
    select
        draw_bits('own contact', draw_key || '-' || k) as contact_key,
        person_no,
        draw_bits('own contact why', draw_key || '-' || k) as bits,
        first_day_no + cast(floor(part(contact_key, 0) * (last_day_no - first_day_no + 1)) as integer) as day_no,
        case
            when part(bits, 0) < 0.30 then 'information_produit'
            when part(bits, 0) < 0.52 then 'carte_fidelite'
            when part(bits, 0) < 0.70 then 'compte_client'
            when part(bits, 0) < 0.84 then 'magasin'
            when part(bits, 0) < 0.92 then 'abonnement'
            else 'reclamation'
        end as reason,
        'self' as cause
    from (select person_no, draw_key, first_day_no, last_day_no, unnest(range(0, contact_count)) as k from own_counts)
),
recall as (
    -- the recalled kettle: most call within three weeks of the announcement
    select
        draw_bits('recall contact', person_no) as contact_key,
        person_no,
        draw_bits('recall contact why', person_no) as bits,
        days.day_no + 1 + cast(floor(waiting(part(contact_key, 0)) * 24) as integer) as day_no,
        'rappel_produit' as reason,
        'recall' as cause
    from periods
    inner join (select min(days.day_no) as day_no from days inner join months using (month_no) where months.regime = 'recall') as days
        on days.day_no between periods.first_day_no and periods.last_day_no
    where draw('recall', person_no) < getvariable('story_recall_contact_share') * least(2, periods.contact_factor)
),
together as (
    select * from after_purchase
    union all
    select * from own
    union all
    select * from recall
),
chosen as (
    select together.*, periods.family, months.regime = 'remedy' as has_chat, part(together.bits, 16) as u
    from together
    inner join periods on periods.person_no = together.person_no and together.day_no between periods.from_day_no and periods.upto_day_no
    inner join days on days.day_no = together.day_no
    inner join months on months.month_no = days.month_no
    where days.is_simulated and (together.cause <> 'self' or is_kept_by_mood(together.contact_key, together.person_no, days.month_no))
),
channelled as (
    select chosen.*, channel_choice.channel
    from chosen
    inner join channel_choice
        on channel_choice.family = chosen.family and channel_choice.has_chat = chosen.has_chat
        and chosen.u >= channel_choice.below and chosen.u < channel_choice.upto
),
opened as (
    select
        channelled.* exclude (day_no),
        case channel when 'phone' then 'phone' when 'chat' then 'chat' when 'store_desk' then 'store' else 'web' end as kind,
        case when channel in ('phone', 'chat', 'store_desk') then days.open_day_no else days.day_no end as day_no
    from channelled
    inner join days using (day_no)
)
select
    opened.*,
    to_utc(getvariable('first_month') + to_days(opened.day_no) + to_seconds(minute_slots.minute * 60 + cast(floor(part(opened.bits, 48) * 60) as integer))) as opened_at
from opened
inner join minute_slots on minute_slots.minute_key = minute_key(opened.kind, cast(floor(part(opened.bits, 32) * 1024) as integer));

insert into arrivals
select contact_key, contact_key, person_no, channel, 'inbound', reason, opened_at, 0, null, cause
from first_contacts
union all
-- the same message sent twice: merged into the first
select draw_bits('twice', contact_key), contact_key, person_no, channel, 'inbound', reason, opened_at + to_seconds(600 + cast(floor(draw('twice lag', contact_key) * 9000) as integer)), 0, contact_key, 'duplicate'
from first_contacts
where channel in ('email', 'form') and draw('twice whether', contact_key) < getvariable('service_duplicate_message_share')
union all
select draw_bits('spam', contact_key), draw_bits('spam', contact_key), null, 'email', 'inbound', null, opened_at + to_seconds(cast(floor(draw('spam lag', contact_key) * 80000) as integer)), 0, null, 'spam'
from first_contacts
where channel in ('email', 'form') and draw('spam whether', contact_key) < getvariable('service_spam_share')
union all
-- the experiment: calls made by the company itself, in the second month of the remedy, to the treated arm
select
    draw_bits('proactive', person_no), draw_bits('proactive', person_no), person_no, 'phone', 'outbound', 'rappel_proactif',
    to_utc(getvariable('first_month') + to_days(cast(d.open_day_no as integer)) + to_hours(10) + to_seconds(cast(floor(draw('proactive hour', person_no) * 28000) as integer))), 0, null, 'proactive'
from (
    select person_no, (select min(day_no) from days inner join months using (month_no) where months.months_before_end = getvariable('story_remedy_month') - 1) + cast(floor(draw('proactive day', person_no) * 26) as integer) as day_no
    from assignments
    where arm = 'treated'
) as treated
inner join days as d on d.day_no = treated.day_no and d.is_simulated;
