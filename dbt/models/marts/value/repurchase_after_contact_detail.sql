with

contacts as (

    select
        contact_id,
        relational_family,
        {{ dimension_member('reason') }} as reason_member,
        {{ dimension_member('team') }} as team_member,
        {{ dimension_member('queue') }} as queue_member
    from {{ ref('int_contacts') }}

),

outcomes as (

    select
        outcomes.*,
        contacts.relational_family,
        contacts.reason_member,
        contacts.team_member,
        contacts.queue_member
    from {{ ref('int_repurchase_outcomes') }} as outcomes
    inner join contacts
        on outcomes.contact_id = contacts.contact_id

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
        relational_family,
        reason_member,
        team_member,
        queue_member,
        sum(case when is_mature then 1 else 0 end) as customers_contacted,
        sum(case when is_repurchased then 1 else 0 end) as customers_repurchasing,
        sum(case when is_mature then 1 else 0 end) as contacts_mature,
        sum(case when is_mature then 0 else 1 end) as immature_count,
        sum(case when is_repurchased then 1 else 0 end) as contacts_repurchasing,
        sum(case when is_mature then contact_cost end) as contact_cost,
        sum(case when is_mature and contact_cost is not null then 1 else 0 end) as contacts_costed
    from outcomes
    where is_alone
    group by
        grouping sets ( -- noqa: PRS, LT02
            (opened_month, window_days, relational_family),
            (opened_month, window_days, reason_member),
            (opened_month, window_days, team_member),
            (opened_month, window_days, queue_member)
        )

),

repeated_customers as (

    select
        opened_month,
        window_days,
        customer_number,
        relational_family,
        reason_member,
        team_member,
        queue_member,
        max(case when is_mature then 1 else 0 end) as is_contacted,
        max(case when is_repurchased then 1 else 0 end) as is_repurchasing,
        sum(case when is_mature then 1 else 0 end) as contacts_mature,
        sum(case when is_mature then 0 else 1 end) as immature_count,
        sum(case when is_repurchased then 1 else 0 end) as contacts_repurchasing,
        sum(case when is_mature then contact_cost end) as contact_cost,
        sum(case when is_mature and contact_cost is not null then 1 else 0 end) as contacts_costed
    from outcomes
    where not is_alone
    group by
        grouping sets ( -- noqa: PRS, LT02
            (opened_month, window_days, customer_number, relational_family),
            (opened_month, window_days, customer_number, reason_member),
            (opened_month, window_days, customer_number, team_member),
            (opened_month, window_days, customer_number, queue_member)
        )

),

parts as (

    select * from alone

    union all

    select
        opened_month,
        window_days,
        relational_family,
        reason_member,
        team_member,
        queue_member,
        sum(is_contacted) as customers_contacted,
        sum(is_repurchasing) as customers_repurchasing,
        sum(contacts_mature) as contacts_mature,
        sum(immature_count) as immature_count,
        sum(contacts_repurchasing) as contacts_repurchasing,
        sum(contact_cost) as contact_cost,
        sum(contacts_costed) as contacts_costed
    from repeated_customers
    group by opened_month, window_days, relational_family, reason_member, team_member, queue_member

),

named_parts as (

    select
        parts.*,
        {{ detail_dimension('parts') }} as dimension,
        coalesce(relational_family, reason_member, team_member, queue_member) as member
    from parts

),

contacted as (

    select
        opened_month,
        window_days,
        dimension,
        member,
        sum(customers_contacted) as customers_contacted,
        sum(customers_repurchasing) as customers_repurchasing,
        sum(contacts_mature) as contacts_mature,
        sum(immature_count) as immature_count,
        sum(contacts_repurchasing) as contacts_repurchasing,
        sum(contact_cost) as contact_cost,
        sum(contacts_costed) as contacts_costed
    from named_parts
    group by opened_month, window_days, dimension, member

),

credited_parts as (

    select
        outcomes.opened_month,
        outcomes.window_days,
        outcomes.relational_family,
        outcomes.reason_member,
        outcomes.team_member,
        outcomes.queue_member,
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
    group by
        grouping sets ( -- noqa: PRS, LT02
            (outcomes.opened_month, outcomes.window_days, outcomes.relational_family),
            (outcomes.opened_month, outcomes.window_days, outcomes.reason_member),
            (outcomes.opened_month, outcomes.window_days, outcomes.team_member),
            (outcomes.opened_month, outcomes.window_days, outcomes.queue_member)
        )

),

credited as (

    select
        credited_parts.*,
        {{ detail_dimension('credited_parts') }} as dimension,
        coalesce(relational_family, reason_member, team_member, queue_member) as member
    from credited_parts

),

joined as (

    select
        contacted.*,
        credited.observed_amount,
        credited.observed_margin,
        credited.amount_without_margin,
        credited.pending_amount,
        {{ safe_divide('contacted.customers_repurchasing', 'contacted.customers_contacted') }} as share,
        nullif(cast(contacted.customers_contacted as double), 0) as sample
    from contacted
    left join credited
        on
            contacted.opened_month = credited.opened_month
            and contacted.window_days = credited.window_days
            and contacted.dimension = credited.dimension
            and contacted.member = credited.member

),

final as (

    select
        joined.opened_month as period_start,
        joined.window_days,
        joined.dimension,
        joined.member,
        cast(joined.customers_contacted as bigint) as customers_contacted,
        cast(joined.customers_repurchasing as bigint) as customers_repurchasing,
        {{ round_significant('joined.share') }} as observed_rate,
        {{ round_significant(wilson_low('joined.share', 'joined.sample')) }} as observed_rate_low,
        {{ round_significant(wilson_high('joined.share', 'joined.sample')) }} as observed_rate_high,
        cast(joined.contacts_mature as bigint) as contacts_mature,
        cast(joined.contacts_repurchasing as bigint) as contacts_repurchasing,
        case when joined.contacts_mature > 0 then cast(coalesce(joined.observed_amount, 0) as decimal(38, 4)) end
            as observed_amount,
        case
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
