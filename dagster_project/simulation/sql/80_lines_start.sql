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
create table ticket_totals (ticket_key ubigint, person_no integer, sold_wall timestamp, net_cents bigint, carries_card boolean, is_refund boolean);

-- Identity on the ticket, from the ticket's own bits: who shows a card, who is logged in, who orders as a guest.
create macro shows_card(has_card, sales_channel, bits) as has_card and part(bits, 8) < case when sales_channel = 'store' then 0.88 else 0.55 end;
create macro is_guest(sales_channel, bits) as sales_channel <> 'store' and part(bits, 24) < getvariable('identity_guest_order_share');
create macro shows_customer(has_card, sales_channel, bits) as case
    when sales_channel <> 'store' then not is_guest(sales_channel, bits)
    when has_card then part(bits, 40) < 0.35
    else part(bits, 40) < 0.30
end;
create macro ticket_text(ticket_key, sales_channel, store_no, sold_wall) as
    case when sales_channel = 'store' then printf('S%02d', store_no) else 'WEB' end || strftime(sold_wall, '%y%m%d') || to_hex10(ticket_key);
