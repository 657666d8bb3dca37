-- A returned row is a window in which the credited and pending euros are not, to the cent, the euros of all tickets that
-- lie in a window of an eligible contact. The eligible euros are taken from the ticket lines with `exists`, without the
-- models of candidates and credits.

with

lines as (

    select
        transaction_id,
        min(sold_at) as sold_at,
        sum(net_amount) as net_amount
    from {{ ref('stg_pos__transactions') }}
    where not coalesce(is_cancelled, false)
    group by transaction_id

),

tickets as (

    select
        lines.transaction_id,
        lines.net_amount,
        lines.sold_at,
        {{ company_day('lines.sold_at') }} as sold_on,
        purchases.customer_id
    from lines
    cross join {{ source('run', 'run_context') }} as run_context
    left join {{ ref('purchases') }} as purchases
        on lines.transaction_id = purchases.transaction_id

),

contacts as (

    select * from {{ ref('int_repurchase_windows') }}

),

eligible as (

    select
        windows.window_days,
        sum(tickets.net_amount) as net_amount,
        count(*) as tickets
    from tickets
    cross join {{ source('run', 'repurchase_windows') }} as windows
    where
        exists (
            select 1
            from contacts
            where
                contacts.customer_id = tickets.customer_id
                and contacts.window_days = windows.window_days
                and {{ is_in_window(
                    'tickets.sold_at', 'tickets.sold_on', 'contacts.window_days', 'contacts', 'contacts.is_day_precision'
                ) }}
        )
    group by windows.window_days

),

credited as (

    select
        window_days,
        sum(net_amount) as net_amount,
        count(*) as tickets
    from {{ ref('repurchase_credits') }}
    group by window_days

)

select
    coalesce(eligible.window_days, credited.window_days) as window_days,
    eligible.net_amount as eligible_amount,
    credited.net_amount as credited_amount,
    eligible.tickets as eligible_tickets,
    credited.tickets as credited_tickets
from eligible
full outer join credited
    on eligible.window_days = credited.window_days
where
    eligible.net_amount is distinct from credited.net_amount
    or eligible.tickets is distinct from credited.tickets
