-- Customers who had bought nothing when they turned to the service and bought for the first time after it: apart, never added to
-- re-purchase. A first purchase given back whole inside the window is none.

with

contacts as (

    select
        contact_id,
        customer_id,
        opened_at,
        closed_at,
        closed_on,
        opened_month,
        value_segment
    from {{ ref('int_contacts') }}
    where
        is_inbound
        and is_handled
        and is_in_history
        and customer_id is not null
        and closed_at is not null

),

tickets as (

    select * from {{ ref('int_tickets') }}
    where
        customer_id is not null
        and net_amount > 0

),

returned_purchases as (

    select * from {{ ref('int_returned_purchases') }}

),

windows as (

    select * from {{ source('run', 'repurchase_windows') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

sales_feed as (

    {{ is_day_precision_of_repurchase() }}

),

horizon as (

    select case when count(horizon_at) = 2 then min(horizon_at) end as horizon_at
    from {{ source('run', 'feed_status') }}
    where feed in ('crm_contacts', 'pos_transactions')

),

first_tickets as (

    select
        tickets.transaction_id,
        tickets.customer_id,
        tickets.sold_at,
        tickets.sold_on,
        returned_purchases.returned_at,
        returned_purchases.returned_on
    from tickets
    left join returned_purchases
        on tickets.transaction_id = returned_purchases.transaction_id
    qualify row_number() over (partition by tickets.customer_id order by tickets.sold_at, tickets.transaction_id) = 1

),

-- the latest contact before the purchase
credited as (

    select
        contacts.contact_id,
        contacts.closed_at,
        contacts.closed_on,
        contacts.opened_month,
        contacts.value_segment,
        sales_feed.is_day_precision,
        first_tickets.customer_id,
        first_tickets.sold_at,
        first_tickets.sold_on,
        first_tickets.returned_at,
        first_tickets.returned_on
    from contacts
    cross join sales_feed
    inner join first_tickets
        on contacts.customer_id = first_tickets.customer_id
    where
        case
            when sales_feed.is_day_precision then contacts.closed_on < first_tickets.sold_on
            else contacts.closed_at < first_tickets.sold_at
        end
    qualify
        row_number() over (partition by first_tickets.customer_id order by contacts.opened_at desc, contacts.contact_id desc) = 1

),

in_window as (

    select
        credited.opened_month,
        credited.value_segment,
        windows.window_days,
        case
            when credited.is_day_precision
                then
                    coalesce(
                        {{ from_company_time(add_days_to_date('credited.closed_on', 'windows.window_days + 1')) }} <= horizon.horizon_at,
                        false
                    )
            else {{ is_before_horizon(add_days('credited.closed_at', 'windows.window_days'), 'horizon.horizon_at') }}
        end as is_mature
    from credited
    cross join windows
    cross join horizon
    cross join run_context
    where
        {{ is_in_window('credited.sold_at', 'credited.sold_on', 'windows.window_days', 'credited', 'credited.is_day_precision') }}
        and not coalesce(
            {{ is_in_window(
                'credited.returned_at', 'credited.returned_on', 'windows.window_days', 'credited', 'credited.is_day_precision'
            ) }},
            false
        )

),

final as (

    select
        opened_month as month,
        window_days,
        coalesce(value_segment, -1) as value_segment,
        cast(sum(case when is_mature then 1 else 0 end) as bigint) as customers,
        cast(sum(case when is_mature then 0 else 1 end) as bigint) as immature_count
    from in_window
    group by opened_month, window_days, rollup(value_segment)

)

select * from final
