with

candidates as (

    select * from {{ ref('int_repurchase_candidates') }}

),

windows as (

    select * from {{ ref('int_repurchase_windows') }}

),

-- One contact for each ticket, whatever the window: if the window of the latest contact does not hold the ticket, no
-- earlier one does. It takes the credit whether its own window is over or not, so that nothing passes to an earlier one.
latest as (

    select *
    from candidates
    qualify
        row_number() over (partition by transaction_id order by closed_at desc, opened_at desc, contact_id desc) = 1

),

final as (

    select
        latest.contact_id,
        latest.transaction_id,
        latest.customer_id,
        windows.window_days,
        latest.net_amount,
        latest.margin_amount,
        not windows.is_mature as is_pending
    from latest
    inner join windows
        on latest.contact_id = windows.contact_id
    where {{ is_in_window('latest.sold_at', 'latest.sold_on', 'windows.window_days', 'windows', 'windows.is_day_precision') }}

)

select * from final
