-- What may lead a customer to leave, as known at the start of each month, and beside it what came of it, which fits alone read.
-- A subscriber may end the subscription; another customer may stay silent beyond the own interval. Who has asked to cancel, and
-- who has been silent that long already, is no question of risk any more and has no row.

with

run_context as (

    select * from {{ source('run', 'run_context') }}

),

features as (

    select * from {{ ref('int_customer_month_features') }}
    where allows_profiling and is_in_history

),

signals as (

    select * from {{ ref('int_churn_signals') }}

),

subscription_months as (

    select * from {{ ref('int_subscription_months') }}

),

purchase_days as (

    select
        customers.customer_number,
        tickets.sold_on,
        lead(tickets.sold_on) over (partition by customers.customer_number order by tickets.sold_on) as next_sold_on
    from (
        select distinct
            customer_id,
            sold_on
        from {{ ref('int_tickets') }}
        where net_amount > 0 and customer_id is not null
    ) as tickets
    inner join {{ ref('int_customers') }} as customers on tickets.customer_id = customers.customer_id

),

sales_end as (

    select max({{ company_day('feed_status.horizon_at') }}) as end_day
    from {{ source('run', 'feed_status') }} as feed_status
    cross join run_context
    where feed_status.feed = 'pos_transactions'

),

-- before the criteria have their 90 days nobody is judged by them: no contact yet on record is not no contact
first_known as (

    select max({{ add_days_to_date('first_day', churn_days()) }}) as first_month
    from {{ source('run', 'feed_status') }}
    where feed in ('crm_contacts', 'pos_transactions') and is_present

),

dated as (

    select
        features.customer_number,
        features.customer_id,
        features.month,
        features.recency_days,
        features.purchases_12m,
        features.net_amount_12m,
        features.tenure_days,
        {{ add_days_to_date('features.month', '-features.recency_days') }} as last_purchase_on,
        {{ own_interval_days('features.age_days - features.recency_days', 'features.repeat_days') }} as interval_days
    from features
    cross join first_known
    where features.month >= coalesce(first_known.first_month, features.month)

),

subscribers as (

    select
        dated.customer_number,
        dated.customer_id,
        dated.month,
        'subscription' as churn_kind,
        subscription_months.monthly_amount,
        subscription_months.matures_on,
        cast(null as date) as next_purchase_on,
        subscription_months.has_churned,
        -- sales of which nothing is known say nothing
        case
            when dated.purchases_12m is not null and coalesce(dated.recency_days > {{ churn_days() }}, true) then 1 else 0
        end as unused,
        cast(coalesce(dated.purchases_12m, 0) as bigint) as purchases_12m,
        cast(0 as double) as silence,
        cast(1 as integer) as interval_days,
        subscription_months.tenure_days,
        cast(subscription_months.monthly_amount as double) as amount
    from dated
    inner join subscription_months
        on
            dated.customer_number = subscription_months.customer_number
            and dated.month = subscription_months.month
    where not subscription_months.is_requested

),

buyers as (

    select
        dated.*,
        {{ add_days_to_date('dated.last_purchase_on', 'dated.interval_days') }} as silent_from
    from dated
    left join subscription_months
        on
            dated.customer_number = subscription_months.customer_number
            and dated.month = subscription_months.month
    where
        subscription_months.customer_number is null
        and dated.recency_days <= dated.interval_days
        and dated.purchases_12m is not null

),

silences as (

    select
        buyers.customer_number,
        buyers.customer_id,
        buyers.month,
        'silence' as churn_kind,
        cast(buyers.net_amount_12m / 12 as decimal(18, 4)) as monthly_amount,
        {{ add_days_to_date('buyers.silent_from', 1) }} as matures_on,
        purchase_days.next_sold_on as next_purchase_on,
        case
            when buyers.silent_from < sales_end.end_day
                then coalesce(purchase_days.next_sold_on > buyers.silent_from, true)
        end as has_churned,
        case when buyers.recency_days > {{ churn_days() }} then 1 else 0 end as unused,
        buyers.purchases_12m,
        cast(buyers.recency_days as double) / buyers.interval_days as silence,
        buyers.interval_days,
        buyers.tenure_days,
        cast(greatest(buyers.net_amount_12m, 0) as double) / greatest(buyers.purchases_12m, 1) as amount
    from buyers
    cross join sales_end
    left join purchase_days
        on
            buyers.customer_number = purchase_days.customer_number
            and buyers.last_purchase_on = purchase_days.sold_on

),

together as (

    select * from subscribers
    union all
    select * from silences

),

final as (

    select
        together.customer_number,
        together.customer_id,
        together.month,
        together.churn_kind,
        together.monthly_amount,
        together.matures_on,
        together.next_purchase_on,
        together.has_churned,
        ln(1 + least(coalesce(signals.contacts, 0), 10)) as contacts,
        cast(coalesce(signals.unresolved, 0) as double) as unresolved,
        cast(coalesce(signals.dissatisfied, 0) as double) as dissatisfied,
        cast(coalesce(signals.satisfied, 0) as double) as satisfied,
        cast(coalesce(signals.resolved, 0) as double) as resolved,
        cast(coalesce(signals.intent, 0) as double) as intent,
        cast(together.unused as double) as unused,
        ln(1 + cast(greatest(together.purchases_12m, 0) as double)) as purchases,
        together.silence,
        ln(cast(together.interval_days as double)) as rhythm,
        cast(case when together.tenure_days < 180 then 1 else 0 end as double) as recent,
        ln(1 + cast(together.tenure_days as double)) as tenure,
        ln(1 + greatest(together.amount, 0)) as amount
    from together
    left join signals
        on
            together.customer_number = signals.customer_number
            and together.month = signals.month

)

select * from final
