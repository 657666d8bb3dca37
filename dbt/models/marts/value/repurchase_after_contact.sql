with

outcomes as (

    select
        outcomes.*,
        {{ dimension_member('channel') }} as channel_member
    from {{ ref('int_repurchase_outcomes') }} as outcomes

),

credits as (

    select * from {{ ref('repurchase_credits') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

-- A customer counts once in each cell, however many contacts it holds. Those with one contact in the month (most) add up.
alone as (

    select
        opened_month,
        window_days,
        value_segment,
        channel_member,
        sum(case when is_mature then 1 else 0 end) as customers_contacted,
        sum(case when is_repurchased then 1 else 0 end) as customers_repurchasing,
        sum(case when is_mature then 1 else 0 end) as contacts_mature,
        sum(case when is_mature then 0 else 1 end) as immature_count,
        sum(case when is_repurchased then 1 else 0 end) as contacts_repurchasing,
        sum(case when is_mature then contact_cost end) as contact_cost,
        sum(case when is_mature and contact_cost is not null then 1 else 0 end) as contacts_costed,
        -- one contact each: its square is itself
        sum(case when is_repurchased then 1 else 0 end) as yy,
        sum(case when is_repurchased then 1 else 0 end) as yn,
        sum(case when is_mature then 1 else 0 end) as nn
    from outcomes
    where is_alone
    group by opened_month, window_days, value_segment, channel_member

),

repeated as (

    select
        opened_month,
        window_days,
        customer_number,
        coalesce(value_segment, -1) as value_segment,
        coalesce(channel_member, 'all') as channel,
        max(case when is_mature then 1 else 0 end) as is_contacted,
        max(case when is_repurchased then 1 else 0 end) as is_repurchasing,
        sum(case when is_mature then 1 else 0 end) as contacts_mature,
        sum(case when is_mature then 0 else 1 end) as immature_count,
        sum(case when is_repurchased then 1 else 0 end) as contacts_repurchasing,
        sum(case when is_mature then contact_cost end) as contact_cost,
        sum(case when is_mature and contact_cost is not null then 1 else 0 end) as contacts_costed
    from outcomes
    where not is_alone
    group by opened_month, window_days, customer_number, cube(value_segment, channel_member)

),

parts as (

    select
        opened_month,
        window_days,
        coalesce(value_segment, -1) as value_segment,
        coalesce(channel_member, 'all') as channel,
        sum(customers_contacted) as customers_contacted,
        sum(customers_repurchasing) as customers_repurchasing,
        sum(contacts_mature) as contacts_mature,
        sum(immature_count) as immature_count,
        sum(contacts_repurchasing) as contacts_repurchasing,
        sum(contact_cost) as contact_cost,
        sum(contacts_costed) as contacts_costed,
        sum(yy) as yy,
        sum(yn) as yn,
        sum(nn) as nn
    from alone
    group by opened_month, window_days, cube(value_segment, channel_member)

    union all

    select
        opened_month,
        window_days,
        value_segment,
        channel,
        sum(is_contacted) as customers_contacted,
        sum(is_repurchasing) as customers_repurchasing,
        sum(contacts_mature) as contacts_mature,
        sum(immature_count) as immature_count,
        sum(contacts_repurchasing) as contacts_repurchasing,
        sum(contact_cost) as contact_cost,
        sum(contacts_costed) as contacts_costed,
        sum(contacts_repurchasing * contacts_repurchasing) as yy,
        sum(contacts_repurchasing * contacts_mature) as yn,
        sum(contacts_mature * contacts_mature) as nn
    from repeated
    group by opened_month, window_days, value_segment, channel

),

contacted as (

    select
        opened_month,
        window_days,
        value_segment,
        channel,
        sum(customers_contacted) as customers_contacted,
        sum(customers_repurchasing) as customers_repurchasing,
        sum(contacts_mature) as contacts_mature,
        sum(immature_count) as immature_count,
        sum(contacts_repurchasing) as contacts_repurchasing,
        sum(contact_cost) as contact_cost,
        sum(contacts_costed) as contacts_costed,
        sum(yy) as yy,
        sum(yn) as yn,
        sum(nn) as nn
    from parts
    group by opened_month, window_days, value_segment, channel

),

credited as (

    select
        outcomes.opened_month,
        outcomes.window_days,
        coalesce(outcomes.value_segment, -1) as value_segment,
        coalesce(outcomes.channel_member, 'all') as channel,
        sum(case when not credits.is_pending then credits.net_amount end) as observed_amount,
        sum(case when not credits.is_pending then credits.margin_amount end) as observed_margin,
        sum(case when not credits.is_pending and credits.margin_amount is null then credits.net_amount end)
            as amount_without_margin,
        sum(case when credits.is_pending then credits.net_amount end) as pending_amount
    from credits
    inner join outcomes
        on
            credits.contact_id = outcomes.contact_id
            and credits.window_days = outcomes.window_days
    group by outcomes.opened_month, outcomes.window_days, cube(outcomes.value_segment, outcomes.channel_member)

),

joined as (

    select
        contacted.*,
        credited.observed_amount,
        credited.observed_margin,
        credited.amount_without_margin,
        credited.pending_amount,
        {{ safe_divide('contacted.customers_repurchasing', 'contacted.customers_contacted') }} as share,
        -- Each customer is one event of the cell: the design effect is 1.
        nullif(cast(contacted.customers_contacted as double), 0) as sample,
        {{ safe_divide('contacted.contacts_repurchasing', 'contacted.contacts_mature') }} as share_per_contact,
        {{ effective_sample(
            'contacted.contacts_repurchasing', 'contacted.contacts_mature', 'contacted.yy', 'contacted.yn', 'contacted.nn',
            'contacted.customers_contacted'
        ) }} as sample_per_contact
    from contacted
    left join credited
        on
            contacted.opened_month = credited.opened_month
            and contacted.window_days = credited.window_days
            and contacted.value_segment = credited.value_segment
            and contacted.channel = credited.channel

),

-- A cell whose windows are all open has no rate and no amount, only what is pending; nought stands for a window that is over.
final as (

    select
        joined.opened_month as period_start,
        cast(joined.value_segment as integer) as value_segment,
        joined.channel,
        joined.window_days,
        cast(joined.customers_contacted as bigint) as customers_contacted,
        cast(joined.customers_repurchasing as bigint) as customers_repurchasing,
        {{ round_significant('joined.share') }} as observed_rate,
        {{ round_significant(wilson_low('joined.share', 'joined.sample')) }} as observed_rate_low,
        {{ round_significant(wilson_high('joined.share', 'joined.sample')) }} as observed_rate_high,
        cast(joined.contacts_mature as bigint) as contacts_mature,
        cast(joined.contacts_repurchasing as bigint) as contacts_repurchasing,
        {{ round_significant('joined.share_per_contact') }} as observed_rate_per_contact,
        {{ round_significant(wilson_low('joined.share_per_contact', 'joined.sample_per_contact')) }}
            as observed_rate_per_contact_low,
        {{ round_significant(wilson_high('joined.share_per_contact', 'joined.sample_per_contact')) }}
            as observed_rate_per_contact_high,
        case when joined.contacts_mature > 0 then cast(coalesce(joined.observed_amount, 0) as decimal(38, 4)) end
            as observed_amount,
        case
            -- nothing was credited, or a margin is known of something that was
            when
                joined.contacts_mature > 0
                and (joined.observed_amount is null or joined.observed_margin is not null)
                then cast(coalesce(joined.observed_margin, 0) as decimal(38, 4))
        end as observed_margin,
        case when joined.contacts_mature > 0 then cast(coalesce(joined.amount_without_margin, 0) as decimal(38, 4)) end
            as amount_without_margin,
        cast(joined.contact_cost as decimal(38, 4)) as contact_cost,
        cast(joined.contacts_costed as bigint) as contacts_costed,
        cast(coalesce(joined.pending_amount, 0) as decimal(38, 4)) as pending_amount,
        cast(joined.customers_contacted as bigint) as sample_size,
        cast(joined.immature_count as bigint) as immature_count,
        joined.customers_contacted >= run_context.minimum_sample as is_publishable
    from joined
    cross join run_context

)

select * from final
