-- Tables that the months fill one after the other (`81_lines_of_month.sql`): what a month owes to later months.

create table refund_lines (
    ticket_key ubigint, original_key ubigint, line_no integer, product_no integer, quantity integer, net_cents bigint, discount_cents bigint,
    sold_wall timestamp, sales_channel varchar, store_no integer, person_no integer, bits ubigint, is_linked boolean, month_no integer
);
create table corrections (
    ticket_key ubigint, line_no integer, product_no integer, quantity integer, net_cents bigint, discount_cents bigint, updated_wall timestamp, month_no integer
);
create table late_lines (
    ticket_key ubigint, line_no integer, product_no integer, quantity integer, net_cents bigint, discount_cents bigint,
    is_cancelled boolean, updated_wall timestamp, month_no integer
);
-- Margin and net amount of a person in a month, cancelled lines left out, refunds in: whoever bought, known or not.
create table person_months (person_no integer, month_no integer, net_cents bigint, margin_hundredths bigint);
-- The margins of single tickets, of some 5,000 people: how much they differ within a person.
create table ticket_margins (person_no integer, margin_hundredths bigint);
create table ticket_totals (ticket_key ubigint, person_no integer, sold_wall timestamp, net_cents bigint, carries_card boolean, is_refund boolean);

create macro subscription_id_of(person_no) as printf('AB%06d', (person_no::bigint * 48271) % 999983);
-- `bits`: those of the contact's record in the CRM
create macro wishes_to_leave(reason, bits) as coalesce(reason = 'abonnement' and part(bits, 16) < 0.4, false);

create macro quantity_of(u) as case when u < 0.86 then 1 when u < 0.96 then 2 when u < 0.985 then 4 else 6 end;
create macro discount_percent_of(is_sale, u) as case
    when is_sale and u < 0.62 then [20, 30, 40, 50][1 + cast(floor(u / 0.62 * 4) as integer)]
    when not is_sale and u < 0.10 then [10, 15, 20][1 + cast(floor(u / 0.10 * 3) as integer)]
    else 0
end;

-- Identity on the ticket, from the ticket's own bits: who shows a card, who is logged in, who orders as a guest.
create macro shows_card(has_card, sales_channel, bits) as has_card and part(bits, 8) < case when sales_channel = 'store' then 0.88 else 0.55 end;
create macro is_guest(sales_channel, bits) as sales_channel <> 'store' and part(bits, 24) < getvariable('identity_guest_order_share');
create macro shows_customer(has_card, sales_channel, bits) as case
    when sales_channel <> 'store' then not is_guest(sales_channel, bits)
    when has_card then part(bits, 40) < 0.35
    else part(bits, 40) < 0.30
end;
create macro ticket_text(ticket_key, sales_channel, store_no, sold_wall) as
    case when sales_channel = 'store' then 'S' || substr((100 + store_no)::varchar, 2) else 'WEB' end || strftime(sold_wall, '%y%m%d') || to_hex10(ticket_key);
