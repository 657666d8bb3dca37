-- When a purchase has been eaten up by its linked refunds. Written once: it decides who had bought, and what was bought again.

with

tickets as (

    select * from {{ ref('int_tickets') }}
    where net_amount > 0

),

returns as (

    select * from {{ ref('int_ticket_returns') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

returned_so_far as (

    select
        tickets.transaction_id,
        tickets.net_amount,
        returns.refunded_at,
        {{ company_day('returns.refunded_at') }} as refunded_on,
        sum(returns.returned_amount) over (
            partition by tickets.transaction_id
            order by returns.refunded_at, returns.refund_transaction_id
            rows between unbounded preceding and current row
        ) as amount_so_far
    from returns
    cross join run_context
    inner join tickets
        on returns.original_transaction_id = tickets.transaction_id

),

final as (

    select
        transaction_id,
        min(refunded_at) as returned_at,
        min(refunded_on) as returned_on
    from returned_so_far
    where amount_so_far >= net_amount
    group by transaction_id

)

select * from final
