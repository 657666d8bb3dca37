-- Subscriptions that run at the start of each month, together for each customer, and what became of them.

with

run_context as (

    select
        *,
        {{ month_number('first_month') }} as first_month_number,
        {{ month_number('as_of_month') }} as as_of_month_number
    from {{ source('run', 'run_context') }}

),

subscriptions as (

    select
        customers.customer_number,
        subscriptions.monthly_amount,
        subscriptions.started_at,
        subscriptions.cancellation_requested_at,
        subscriptions.ended_at,
        {{ company_day('subscriptions.started_at') }} as started_on
    from {{ ref('stg_crm__subscriptions') }} as subscriptions
    inner join {{ ref('int_customer_keys') }} as customer_keys
        on subscriptions.customer_id_hash = customer_keys.source_key_hash
    inner join {{ ref('int_customers') }} as customers on customer_keys.customer_id = customers.customer_id
    cross join run_context

),

months as (

    select
        calendar_months.month,
        calendar_months.starts_at,
        {{ add_days('calendar_months.starts_at', churn_days()) }} as looked_at_until
    from {{ ref('int_calendar_months') }} as calendar_months
    cross join run_context
    where calendar_months.month_number between run_context.first_month_number and run_context.as_of_month_number

),

horizon as (

    select max(horizon_at) as horizon_at
    from {{ source('run', 'feed_status') }}
    where feed = 'crm_subscriptions'

),

running as (

    select
        subscriptions.customer_number,
        months.month,
        months.looked_at_until,
        cast(sum(subscriptions.monthly_amount) as decimal(18, 4)) as monthly_amount,
        min(subscriptions.started_on) as started_on,
        min(case when subscriptions.cancellation_requested_at < months.starts_at then 1 else 0 end) = 1 as is_requested
    from subscriptions
    inner join months
        on
            subscriptions.started_at < months.starts_at
            and (subscriptions.ended_at is null or subscriptions.ended_at >= months.starts_at)
    group by subscriptions.customer_number, months.month, months.looked_at_until

),

-- who moves from one subscription to another has not left
kept as (

    select distinct
        subscriptions.customer_number,
        months.month
    from subscriptions
    inner join months
        on
            subscriptions.started_at < months.looked_at_until
            and (subscriptions.ended_at is null or subscriptions.ended_at >= months.looked_at_until)

),

final as (

    select
        running.customer_number,
        running.month,
        running.monthly_amount,
        {{ days_between('running.started_on', 'running.month') }} as tenure_days,
        running.is_requested,
        {{ add_days_to_date('running.month', churn_days()) }} as matures_on,
        case
            when running.looked_at_until <= horizon.horizon_at then kept.customer_number is null
        end as has_churned
    from running
    cross join horizon
    left join kept on running.customer_number = kept.customer_number and running.month = kept.month

)

select * from final
