-- What a contact causes: one more purchase, with the true probability of its segment, within 60 days after closing.
-- Additional tickets have their own draws: without the effect the base stream is the same to the last byte.

create table caused_purchases as
with eligible as (
    select
        contacts.contact_key,
        contacts.person_no,
        contacts.segment,
        contacts.closed_at,
        case cause
            when 'proactive' then getvariable('effects_purchase_after_proactive_call')[segment]
            when 'call_back' then getvariable('effects_purchase_after_resolved')[segment] + getvariable('effects_purchase_after_call_back')[segment]
            else getvariable('effects_purchase_after_resolved')[segment]
        end as probability
    from contacts
    where outcome = 'resolved' and not is_automated and person_no is not null and closed_at < getvariable('end_at')
)
select *, draw_bits('caused', contact_key) as ticket_key, draw_bits('caused more', contact_key) as bits
from eligible
where draw('effect', contact_key) < probability;

insert into tickets
with placed as (
    select
        caused_purchases.*,
        people.taste,
        people.lines_per_ticket,
        people.store_no,
        case when part(bits, 0) < web_share then 'web' else 'store' end as sales_channel,
        -- days 1 to 55: a closed day is put off and must not leave the 60 days
        cast(to_wall(closed_at) as date) - getvariable('first_month') + 1 + cast(floor(part(bits, 16) * 55) as integer) as day_no
    from caused_purchases
    inner join people using (person_no)
)
select
    placed.ticket_key,
    placed.person_no,
    'effect',
    placed.sales_channel,
    case when placed.sales_channel = 'store' then placed.store_no end,
    shop_days.day_no,
    to_wall(to_utc(getvariable('first_month') + to_days(shop_days.day_no) + to_seconds(minute_slots.minute * 60 + cast(part(placed.ticket_key, 32) * 59 as integer)))),
    line_count_of(part(placed.bits, 48), placed.lines_per_ticket),
    false,
    placed.taste,
    placed.bits
from placed
inner join days on days.day_no = placed.day_no
inner join days as shop_days on shop_days.day_no = case when placed.sales_channel = 'store' then days.open_day_no else days.day_no end and shop_days.is_simulated
inner join minute_slots on minute_slots.minute_key = minute_key(placed.sales_channel, cast(floor(part(placed.ticket_key, 0) * 1024) as integer));
