-- The ticket lines of one month (variable `month_no`), and what they bring later: refunds, corrections, late lines.

create or replace temp table month_lines as
with sold as (
    select tickets.*, days.is_sale, days.month_no
    from tickets
    inner join days using (day_no)
    where days.month_no = getvariable('month_no')
),
numbered as (
    select sold.* replace (line_no::integer as line_no), draw_bits('line', ticket_key || '-' || line_no) as line_bits
    from (select *, unnest(range(1, line_count + 1)) as line_no from sold) as sold
),
chosen as (
    select
        numbered.*,
        product_slots.product_no,
        product_slots.price_cents,
        product_slots.margin_percent,
        quantity_of(part(line_bits, 16)) as quantity,
        discount_percent_of(is_sale, part(line_bits, 32)) as discount_percent
    from numbered
    inner join product_slots on product_slots.slot = cast(floor(4096 * pow(part(line_bits, 0), 1 / taste)) as integer)
)
select
    * exclude (line_bits, price_cents, discount_percent, is_sale),
    quantity * price_cents * (100 - discount_percent) // 100 as net_cents,
    quantity * price_cents - quantity * price_cents * (100 - discount_percent) // 100 as discount_cents,
    part(line_bits, 48) < getvariable('shopping_cancelled_line_share') and sold_wall < getvariable('end_day') as is_cancelled,
    part(line_bits, 48) >= 0.5 and part(line_bits, 48) < 0.5 + getvariable('shopping_corrected_line_share') as is_corrected,
    part(line_bits, 48) >= 1 - getvariable('shopping_broken_line_share') as is_broken,
    part(line_bits, 40) as line_draw
from chosen;

-- The tickets that come with the next month's file: a till that was off line. None in the last month.
create or replace temp table late_tickets as
select ticket_key
from tickets
inner join days using (day_no)
where days.month_no = getvariable('month_no') and getvariable('month_no') < getvariable('months') - 1 and sales_channel = 'store'
    and draw('late', ticket_key) < getvariable('shopping_late_ticket_share');

insert into late_lines
select ticket_key, line_no, product_no, quantity, net_cents, discount_cents, is_cancelled, case when is_cancelled then sold_wall + interval 12 minute end, month_no + 1
from month_lines
semi join late_tickets using (ticket_key);

insert into refund_lines
with brought_back as (
    select
        *,
        draw_bits('refund', ticket_key) as refund_key,
        day_no + 3 + cast(floor(part(draw_bits('refund more', ticket_key), 0) * 22) as integer) as wished_day_no,
        case when sales_channel = 'store' or part(draw_bits('refund more', ticket_key), 16) < 0.25 then 'store' else sales_channel end as refund_channel
    from month_lines
    where has_return and not is_cancelled and not is_broken and (line_no = 1 or line_draw < getvariable('shopping_returned_line_share'))
        and getvariable('shopping_store_return_share') + getvariable('shopping_web_return_share') > 0
),
placed as (
    select
        brought_back.* exclude (day_no, month_no, store_no),
        refund_days.day_no as refund_day_no,
        refund_days.month_no as refund_month_no,
        coalesce(brought_back.store_no, people.store_no) as refund_store_no,
        to_wall(to_utc(getvariable('first_month') + to_days(refund_days.day_no) + to_seconds(minute_slots.minute * 60 + cast(part(refund_key, 16) * 59 as integer)))) as refund_wall
    from brought_back
    inner join people using (person_no)
    inner join days on days.day_no = brought_back.wished_day_no
    inner join days as refund_days on refund_days.day_no = case when refund_channel = 'store' then days.open_day_no else days.day_no end and refund_days.is_simulated
    inner join minute_slots on minute_slots.minute_key = minute_key(case when refund_channel = 'store' then 'store' else 'web' end, cast(floor(part(refund_key, 0) * 1024) as integer))
)
select refund_key, ticket_key, line_no, product_no, -quantity, -net_cents, -discount_cents, refund_wall, refund_channel,
    case when refund_channel = 'store' then refund_store_no end, person_no, bits, draw('linked', ticket_key) >= getvariable('shopping_unlinked_return_share'), refund_month_no
from placed
union all
-- an exchange: what is taken instead, on the same ticket
select refund_key, ticket_key, 50, product_slots.product_no, 1, product_slots.price_cents, 0, refund_wall, refund_channel,
    case when refund_channel = 'store' then refund_store_no end, person_no, bits, draw('linked', ticket_key) >= getvariable('shopping_unlinked_return_share'), refund_month_no
from placed
inner join product_slots on product_slots.slot = cast(floor(part(refund_key, 32) * 4096) as integer)
where line_no = 1 and draw('exchange', ticket_key) < getvariable('shopping_exchange_share');

-- The first version of these lines forgot the discount; the second, some days later, is right.
insert into corrections
select corrected.ticket_key, corrected.line_no, corrected.product_no, corrected.quantity, corrected.net_cents, corrected.discount_cents, corrected.updated_wall, days.month_no
from (
    select *, sold_wall + to_hours(cast(20 + floor(line_draw * 100) as integer)) as updated_wall
    from month_lines
    where is_corrected and discount_cents > 0 and not is_cancelled and not is_broken
) as corrected
anti join late_tickets using (ticket_key)
inner join days on days.day_no = cast(corrected.updated_wall as date) - getvariable('first_month') and days.is_simulated
-- what is corrected late in the evening of the last day is known only on the next
where to_utc(corrected.updated_wall) < getvariable('end_at');

insert into person_months
select person_no, getvariable('month_no'), sum(net_cents), sum(net_cents * margin_percent)
from month_lines
where not is_cancelled
group by person_no
union all
select refund_lines.person_no, getvariable('month_no'), sum(net_cents), sum(net_cents * cast(products.margin_rate * 100 as integer))
from refund_lines
inner join products using (product_no)
where refund_lines.month_no = getvariable('month_no')
group by refund_lines.person_no;

insert into ticket_margins
select any_value(person_no), sum(net_cents * margin_percent)
from month_lines
where not is_cancelled and person_no % greatest(1, getvariable('customers') // 5000) = 0
group by ticket_key;

insert into ticket_totals
select ticket_key, any_value(person_no), any_value(sold_wall), sum(case when is_cancelled then 0 else net_cents end), true, false
from month_lines
inner join people using (person_no)
where shows_card(people.has_card, month_lines.sales_channel, month_lines.bits)
group by ticket_key;

insert into ticket_totals
select ticket_key, any_value(refund_lines.person_no), any_value(sold_wall), sum(net_cents), true, true
from refund_lines
inner join people using (person_no)
where refund_lines.month_no = getvariable('month_no') and shows_card(people.has_card, refund_lines.sales_channel, refund_lines.bits)
group by ticket_key;

create or replace temp table month_rows as
select
    lines.ticket_key, lines.sales_channel, lines.store_no, lines.sold_wall, lines.person_no, lines.bits, lines.line_no, lines.product_no, lines.quantity,
    case when lines.is_corrected and not lines.is_cancelled then lines.net_cents + lines.discount_cents else lines.net_cents end as net_cents,
    case when lines.is_corrected and not lines.is_cancelled then 0 else lines.discount_cents end as discount_cents,
    cast(null as varchar) as original_text,
    lines.is_cancelled,
    case when lines.is_cancelled then lines.sold_wall + interval 12 minute end as updated_wall,
    lines.is_broken
from month_lines as lines
anti join late_tickets using (ticket_key)
union all
select
    tickets.ticket_key, tickets.sales_channel, tickets.store_no, tickets.sold_wall, tickets.person_no, tickets.bits, late_lines.line_no, late_lines.product_no, late_lines.quantity,
    late_lines.net_cents, late_lines.discount_cents, null, late_lines.is_cancelled, late_lines.updated_wall, false
from late_lines
inner join tickets using (ticket_key)
where late_lines.month_no = getvariable('month_no')
union all
select
    tickets.ticket_key, tickets.sales_channel, tickets.store_no, tickets.sold_wall, tickets.person_no, tickets.bits, corrections.line_no, corrections.product_no, corrections.quantity,
    corrections.net_cents, corrections.discount_cents, null, false, corrections.updated_wall, false
from corrections
inner join tickets using (ticket_key)
where corrections.month_no = getvariable('month_no')
union all
select
    refund_lines.ticket_key, refund_lines.sales_channel, refund_lines.store_no, refund_lines.sold_wall, refund_lines.person_no, refund_lines.bits, refund_lines.line_no,
    refund_lines.product_no, refund_lines.quantity, refund_lines.net_cents, refund_lines.discount_cents,
    case when refund_lines.is_linked then ticket_text(original.ticket_key, original.sales_channel, original.store_no, original.sold_wall) end, false, null, false
from refund_lines
inner join tickets as original on original.ticket_key = refund_lines.original_key
where refund_lines.month_no = getvariable('month_no');

create macro if not exists euros(cents) as
    case when cents < 0 then '-' else '' end || (abs(cents) // 100) || ',' || lpad((abs(cents) % 100)::varchar, 2, '0');

-- Named as the till names them. A broken line has a letter in its amount or a day that does not exist: it must end in quarantine.
create or replace temp view export_pos_transactions as
select
    ticket_text(month_rows.ticket_key, sales_channel, month_rows.store_no, sold_wall) as "Ticket",
    line_no as "Ligne",
    case when is_broken and line_no % 2 = 0 then '31/02/' || strftime(sold_wall, '%Y %H:%M:%S') else strftime(sold_wall, '%d/%m/%Y %H:%M:%S') end as "Date heure",
    'S' || substr((100 + month_rows.store_no)::varchar, 2) as "Magasin",
    case sales_channel when 'store' then 'Magasin' when 'web' then 'Site' when 'app' then 'Appli' else 'Téléphone' end as "Canal",
    case when shows_customer(identities.has_card, sales_channel, month_rows.bits)
        then case when identities.is_duplicated and part(month_rows.bits, 4) < 0.4 then identities.duplicate_customer_id else identities.customer_id end
    end as "Client",
    case when shows_card(identities.has_card, sales_channel, month_rows.bits) then identities.loyalty_card_id end as "Carte",
    case when is_guest(sales_channel, month_rows.bits) and identities.has_email
        then case when part(month_rows.bits, 12) < 0.12 then upper(identities.email) else identities.email end
    end as "E-mail",
    products.product_id as "Article",
    quantity as "Quantité",
    case when is_broken and line_no % 2 = 1 then replace(euros(net_cents), ',', ',O') else euros(net_cents) end as "Montant net HT",
    euros(discount_cents) as "Remise",
    original_text as "Ticket origine",
    case when is_cancelled then 'oui' else 'non' end as "Annulé",
    strftime(updated_wall, '%d/%m/%Y %H:%M:%S') as "Modifié le"
from month_rows
inner join identities using (person_no)
inner join products using (product_no);
