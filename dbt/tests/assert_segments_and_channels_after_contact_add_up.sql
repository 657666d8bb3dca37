-- A returned row is a month and window of which the amounts of the segments, or of the channels, do not add up to the total.

with

cells as (

    select
        period_start,
        window_days,
        value_segment,
        channel,
        coalesce(observed_amount, 0) + pending_amount as amount,
        contacts_mature + immature_count as contacts
    from {{ ref('repurchase_after_contact') }}

),

sums as (

    select
        period_start,
        window_days,
        sum(case when value_segment = -1 and channel = 'all' then amount end) as total_amount,
        sum(case when value_segment <> -1 and channel = 'all' then amount end) as segments_amount,
        sum(case when value_segment = -1 and channel <> 'all' then amount end) as channels_amount,
        sum(case when value_segment = -1 and channel = 'all' then contacts end) as total_contacts,
        sum(case when value_segment <> -1 and channel = 'all' then contacts end) as segments_contacts,
        sum(case when value_segment = -1 and channel <> 'all' then contacts end) as channels_contacts
    from cells
    group by period_start, window_days

)

select * from sums
where
    total_amount is distinct from segments_amount
    or total_amount is distinct from channels_amount
    or total_contacts is distinct from segments_contacts
    or total_contacts is distinct from channels_contacts
