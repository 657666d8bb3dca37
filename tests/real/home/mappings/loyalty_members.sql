/*
The 2,469 households of the ticket lines. The source knows a household by its loyalty card only, so each one is a
member. When it joined is not recorded: joined_at is its first basket, the first instant at which it is known to
have been a member. No purchase before joining can follow from that, so that no effect of joining can be read from
it.
*/
select
    household_id as loyalty_card_id,
    household_id as customer_id,
    min(transaction_timestamp) as joined_at,
    min(source_file) as source_file,
    min(source_line) as source_line
from source
group by household_id
