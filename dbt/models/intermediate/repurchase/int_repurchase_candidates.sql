-- Every ticket of a customer in the longest window after an eligible contact, returns and exchanges included.

with

contacts as (

    select * from {{ ref('int_repurchase_contacts') }}

),

tickets as (

    select
        transaction_id,
        customer_id,
        sold_at,
        sold_on,
        net_amount,
        margin_amount
    from {{ ref('int_tickets') }}
    where customer_id is not null

),

sales_feed as (

    {{ is_day_precision_of_repurchase() }}

),

longest as (

    -- Two days more than the window, so that it never reaches beyond the next bucket, in any time zone.
    select
        max(window_days) as window_days,
        max(window_days) + 2 as bucket_days
    from {{ source('run', 'repurchase_windows') }}

),

-- Days cut into buckets, joined by equality: a customer with thousands of contacts and tickets costs no square of them.
bucketed_contacts as (

    select
        contacts.*,
        longest.window_days,
        {{ integer_divide(days_between("date '1970-01-01'", 'contacts.closed_on'), 'longest.bucket_days') }} as bucket
    from contacts
    cross join longest

),

reaching_contacts as (

    select
        contact_id,
        customer_id,
        opened_at,
        closed_at,
        closed_on,
        window_days,
        bucket
    from bucketed_contacts

    union all

    select
        contact_id,
        customer_id,
        opened_at,
        closed_at,
        closed_on,
        window_days,
        bucket + 1 as bucket
    from bucketed_contacts

),

bucketed_tickets as (

    select
        tickets.*,
        sales_feed.is_day_precision,
        {{ integer_divide(days_between("date '1970-01-01'", 'tickets.sold_on'), 'longest.bucket_days') }} as bucket
    from tickets
    cross join longest
    cross join sales_feed

),

final as (

    select
        contacts.contact_id,
        contacts.opened_at,
        contacts.closed_at,
        contacts.closed_on,
        tickets.transaction_id,
        tickets.customer_id,
        tickets.sold_at,
        tickets.sold_on,
        tickets.net_amount,
        tickets.margin_amount,
        tickets.is_day_precision
    from reaching_contacts as contacts
    inner join bucketed_tickets as tickets
        on
            contacts.customer_id = tickets.customer_id
            and contacts.bucket = tickets.bucket
    where {{ is_in_window('tickets.sold_at', 'tickets.sold_on', 'contacts.window_days', 'contacts', 'tickets.is_day_precision') }}

)

select * from final
