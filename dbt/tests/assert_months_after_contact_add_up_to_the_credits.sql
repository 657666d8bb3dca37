-- A returned row is a window of which the months of `repurchase_after_contact` (all segments, all channels) do not add up
-- to `repurchase_credits`.

with

months as (

    select
        window_days,
        coalesce(sum(observed_amount), 0) as observed_amount,
        sum(pending_amount) as pending_amount
    from {{ ref('repurchase_after_contact') }}
    where
        value_segment = -1
        and channel = 'all'
    group by window_days

),

credits as (

    select
        window_days,
        sum(case when is_pending then 0 else net_amount end) as observed_amount,
        sum(case when is_pending then net_amount else 0 end) as pending_amount
    from {{ ref('repurchase_credits') }}
    group by window_days

)

select
    months.window_days,
    months.observed_amount,
    credits.observed_amount as credited_amount,
    months.pending_amount,
    credits.pending_amount as credits_pending
from months
full outer join credits
    on months.window_days = credits.window_days
where
    coalesce(months.observed_amount, 0) <> coalesce(credits.observed_amount, 0)
    or coalesce(months.pending_amount, 0) <> coalesce(credits.pending_amount, 0)
