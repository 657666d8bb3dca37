{{ config(materialized='view') }}
-- Published as a view, too: it may read published tables only (publication/release.py).

with

customers as (

    select customer_id
    from {{ ref('customers') }}
    where allows_profiling

),

contacts as (

    select
        customer_id,
        opened_at as happened_at,
        'contact' as kind,
        channel,
        contact_id as reference,
        cast(null as decimal(18, 4)) as amount,
        cast(null as bigint) as points,
        coalesce(outcome, case when closed_at is null then 'open' else 'unknown' end) as detail,
        direction
    from {{ ref('contacts') }}
    where not is_set_aside

),

-- a ticket of exactly nothing (an exchange of equals) is neither a purchase nor a return
tickets as (

    select
        customer_id,
        sold_at as happened_at,
        case when net_amount > 0 then 'purchase' else 'return' end as kind,
        sales_channel as channel,
        transaction_id as reference,
        net_amount as amount,
        cast(null as bigint) as points,
        case
            when net_amount < 0 then 'refund'
            when is_net_positive then 'kept'
            else 'given_back'
        end as detail,
        cast(null as varchar) as direction
    from {{ ref('purchases') }}
    where net_amount <> 0

),

other_events as (

    select
        customer_id,
        happened_at,
        kind,
        channel,
        reference,
        cast(null as decimal(18, 4)) as amount,
        points,
        detail,
        cast(null as varchar) as direction
    from {{ ref('customer_events') }}

),

events as (

    select * from contacts
    union all
    select * from tickets
    union all
    select * from other_events

),

final as (

    select events.*
    from events
    inner join customers on events.customer_id = customers.customer_id

)

select * from final
