-- For each eligible contact and window: has the customer bought again, and kept something of it?

with

contacts as (

    select * from {{ ref('int_repurchase_windows') }}

),

candidates as (

    select * from {{ ref('int_repurchase_candidates') }}
    where net_amount > 0

),

returns as (

    select * from {{ ref('int_ticket_returns') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

purchases as (

    select
        contacts.contact_id,
        contacts.window_days,
        contacts.closed_at,
        contacts.closed_on,
        contacts.is_day_precision,
        candidates.transaction_id,
        candidates.net_amount
    from candidates
    inner join contacts
        on candidates.contact_id = contacts.contact_id
    where
        contacts.is_mature
        and {{ is_in_window('candidates.sold_at', 'candidates.sold_on', 'contacts.window_days', 'contacts', 'contacts.is_day_precision') }}

),

dated_returns as (

    select
        returns.original_transaction_id as transaction_id,
        returns.refunded_at,
        returns.returned_amount as amount,
        {{ company_day('returns.refunded_at') }} as refunded_on
    from returns
    cross join run_context

),

-- Only refunds inside the same window count: a return after it changes nothing.
returned as (

    select
        purchases.contact_id,
        purchases.window_days,
        purchases.transaction_id,
        sum(dated_returns.amount) as amount
    from purchases
    inner join dated_returns
        on purchases.transaction_id = dated_returns.transaction_id
    where
        {{ is_in_window(
            'dated_returns.refunded_at', 'dated_returns.refunded_on', 'purchases.window_days', 'purchases',
            'purchases.is_day_precision'
        ) }}
    group by purchases.contact_id, purchases.window_days, purchases.transaction_id

),

kept as (

    select distinct
        purchases.contact_id,
        purchases.window_days
    from purchases
    left join returned
        on
            purchases.contact_id = returned.contact_id
            and purchases.window_days = returned.window_days
            and purchases.transaction_id = returned.transaction_id
    where purchases.net_amount > coalesce(returned.amount, 0)

),

final as (

    select
        contacts.contact_id,
        contacts.customer_id,
        contacts.customer_number,
        contacts.is_alone,
        contacts.channel,
        contacts.opened_month,
        contacts.value_segment,
        contacts.window_days,
        contacts.contact_cost,
        contacts.is_mature,
        case when contacts.is_mature then kept.contact_id is not null end as is_repurchased
    from contacts
    left join kept
        on
            contacts.contact_id = kept.contact_id
            and contacts.window_days = kept.window_days

)

select * from final
