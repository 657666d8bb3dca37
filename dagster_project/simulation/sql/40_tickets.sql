-- The purchases that happen anyway (the base stream): per person a Poisson number over the time that they are customers,
-- laid over the seasons. Contacts never touch this table; what they cause is added in `60_effects.sql`.

create table tickets (
    ticket_key ubigint, person_no integer, cause varchar, sales_channel varchar, store_no integer, day_no integer, sold_wall timestamp,
    line_count integer, has_return boolean, taste double, bits ubigint
);

create macro line_count_of(u, mean_lines) as cast(1 + least(9, floor(ln(1 - u) / ln(1 - 1 / mean_lines))) as integer);

insert into tickets
with spans as (
    select
        people.person_no,
        people.web_share,
        people.taste,
        people.lines_per_ticket,
        people.store_no,
        periods.draw_key,
        (periods.last_day_no - periods.first_day_no + 1) / 365.25 * periods.purchases_per_year * (1 + getvariable('confounding_strength')) as mean_tickets,
        first.store_slot as first_store_slot,
        first.web_slot as first_web_slot,
        after.store_slot as after_store_slot,
        after.web_slot as after_web_slot
    from periods
    inner join people using (person_no)
    inner join day_starts as first on first.day_no = periods.first_day_no
    inner join day_starts as after on after.day_no = periods.last_day_no + 1
),
counts as (
    select spans.*, poisson.k as ticket_count
    from (select *, poisson_bin(mean_tickets) as bin, draw('tickets', draw_key) as u from spans) as spans
    inner join poisson on poisson.bin = spans.bin and spans.u >= poisson.below and spans.u < poisson.upto
),
numbered as (
    select person_no, draw_key, web_share, taste, lines_per_ticket, store_no, first_store_slot, first_web_slot, after_store_slot, after_web_slot,
        unnest(range(0, ticket_count)) as k
    from counts
),
drawn as (
    select
        numbered.*,
        draw_bits('ticket', draw_key || '-' || k) as ticket_key,
        draw_bits('ticket more', draw_key || '-' || k) as bits
    from numbered
),
placed as (
    select
        *,
        case
            when part(bits, 0) < web_share * 0.78 then 'web'
            when part(bits, 0) < web_share * 0.98 then 'app'
            when part(bits, 0) < web_share then 'phone'
            else 'store'
        end as sales_channel,
        case when sales_channel in ('store', 'phone') then 'store' else 'web' end as kind,
        cast(case when kind = 'store'
            then first_store_slot + floor(part(bits, 16) * (after_store_slot - first_store_slot))
            else first_web_slot + floor(part(bits, 16) * (after_web_slot - first_web_slot))
        end as integer) as slot,
        -- one ticket in twelve in another shop
        cast(case when part(bits, 32) < 0.08 then 1 + floor(part(bits, 32) / 0.08 * 8) else store_no end as integer) as shop_no
    from drawn
)
select
    placed.ticket_key,
    placed.person_no,
    'base',
    placed.sales_channel,
    case when placed.sales_channel = 'store' then placed.shop_no end,
    day_slots.day_no,
    -- a time that the clock change skips does not exist on a till: there and back through UTC
    to_wall(to_utc(getvariable('first_month') + to_days(day_slots.day_no) + to_seconds(minute_slots.minute * 60 + cast(part(placed.ticket_key, 32) * 59 as integer)))),
    line_count_of(part(placed.bits, 48), placed.lines_per_ticket),
    part(placed.ticket_key, 16) < case when placed.kind = 'store' then getvariable('shopping_store_return_share') else getvariable('shopping_web_return_share') end,
    placed.taste,
    placed.bits
from placed
inner join day_slots on day_slots.day_key = day_key(placed.kind, placed.slot)
inner join days on days.day_no = day_slots.day_no
inner join minute_slots on minute_slots.minute_key = minute_key(placed.kind, cast(floor(part(placed.ticket_key, 0) * 1024) as integer))
where is_kept_by_mood(placed.ticket_key, placed.person_no, days.month_no);
