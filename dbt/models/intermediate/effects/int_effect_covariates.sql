-- What was known of each customer at time zero, by day. Skewed counts and amounts are ln(1 + x).

with

-- the windows of one time zero share what was known at it
instants as (

    select distinct
        customer_number,
        time_zero_at,
        day_zero,
        exposed_at,
        exposed_on
    from {{ ref('int_effect_time_zeros') }}

),

tickets as (

    select * from {{ ref('int_effect_tickets') }}

),

sessions as (

    select * from {{ ref('stg_web__sessions') }}

),

customers as (

    select
        customer_keys.source_key_hash,
        customers.customer_number
    from {{ ref('int_customer_keys') }} as customer_keys
    inner join {{ ref('int_customers') }} as customers
        on customer_keys.customer_id = customers.customer_id

),

first_seen as (

    select
        customer_number,
        first_seen_on
    from {{ ref('int_customers') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

web_feed as (

    select coalesce(max(date_precision), 'second') = 'day' as is_day_precision
    from {{ source('run', 'feed_status') }}
    where feed = 'web_sessions'

),

-- the customer by their id, else (an id of nobody, too) by their e-mail
customer_sessions as (

    select
        coalesce(by_id.customer_number, by_email.customer_number) as customer_number,
        sessions.started_at
    from sessions
    left join customers as by_id
        on sessions.customer_id_hash = by_id.source_key_hash
    left join customers as by_email
        on sessions.email_hash = by_email.source_key_hash
    where by_id.customer_number is not null or by_email.customer_number is not null

),

dated_sessions as (

    select
        customer_sessions.customer_number,
        {{ company_day('customer_sessions.started_at') }} as started_on,
        case
            when web_feed.is_day_precision
                then {{ add_seconds(from_company_time(add_days_to_date(company_day('customer_sessions.started_at'), 1)), -1) }}
            else customer_sessions.started_at
        end as known_at
    from customer_sessions
    cross join run_context
    cross join web_feed

),

sessions_before as (

    select
        instants.customer_number,
        instants.time_zero_at,
        instants.exposed_at,
        sum(case when dated_sessions.started_on >= {{ add_days_to_date('instants.day_zero', -7) }} then 1 else 0 end) as sessions_7,
        sum(case when dated_sessions.started_on >= {{ add_days_to_date('instants.day_zero', -30) }} then 1 else 0 end) as sessions_30,
        sum(case when dated_sessions.started_on >= {{ add_days_to_date('instants.day_zero', -90) }} then 1 else 0 end) as sessions_90,
        count(*) as sessions_365
    from instants
    inner join dated_sessions
        on instants.customer_number = dated_sessions.customer_number
    where
        dated_sessions.known_at < instants.time_zero_at
        and dated_sessions.started_on >= {{ add_days_to_date('instants.day_zero', -365) }}
    group by instants.customer_number, instants.time_zero_at, instants.exposed_at

),

bought as (

    select
        instants.customer_number,
        instants.time_zero_at,
        instants.exposed_at,
        tickets.net_amount,
        tickets.value_amount,
        tickets.net_amount > 0 as is_purchase,
        tickets.known_at < instants.time_zero_at as is_before,
        {{ days_between('tickets.sold_on', 'instants.day_zero') }} as days_before,
        {{ days_between('tickets.sold_on', 'instants.exposed_on') }} as days_before_exposure,
        case when tickets.is_remote then 1 else 0 end as is_remote,
        case when tickets.returned_at < instants.time_zero_at then 1 else 0 end as is_returned,
        -- second, amount in cents, channel and return in one number: of two purchases of one second the same is the last in every run
        {{ seconds_between("timestamp '2000-01-01 00:00:00'", 'tickets.known_at') }} * 4294967296
        + cast(least(greatest(tickets.net_amount, 0), 10000000) * 100 as bigint) * 4
        + case when tickets.is_remote then 2 else 0 end
        + case when tickets.returned_at < instants.time_zero_at then 1 else 0 end as recency
    from instants
    inner join tickets
        on instants.customer_number = tickets.customer_number
    where tickets.known_at < instants.exposed_at

),

-- what lies after time zero is of the placebo, and of its gap only
purchases as (

    select
        *,
        case when is_purchase and is_before then days_before end as days_since,
        case when is_purchase and is_before then recency end as recency_before,
        case
            when is_purchase and not is_before and days_before_exposure < {{ placebo_gap_days() }} then days_before_exposure
        end as gap_days_since
    from bought

),

purchases_before as (

    select
        customer_number,
        time_zero_at,
        exposed_at,
        min(days_since) as days_since,
        max_by(net_amount, recency_before) as last_amount,
        max_by(is_remote, recency_before) as last_is_remote,
        max_by(is_returned, recency_before) as last_is_returned,
        sum(case when days_since <= 7 then 1 else 0 end) as purchases_7,
        sum(case when days_since <= 30 then 1 else 0 end) as purchases_30,
        sum(case when days_since <= 90 then 1 else 0 end) as purchases_90,
        sum(case when days_since <= 365 then 1 else 0 end) as purchases_365,
        sum(case when is_before and days_before <= 365 then value_amount end) as value_365,
        min(gap_days_since) as gap_days_since,
        count(gap_days_since) as gap_purchases
    from purchases
    group by customer_number, time_zero_at, exposed_at

),

final as (

    select
        instants.customer_number,
        instants.time_zero_at,
        instants.exposed_at,
        cast(case when purchases_before.days_since <= 2 then 1 else 0 end as double) as x_days_since_0_2,
        cast(case when purchases_before.days_since between 3 and 7 then 1 else 0 end as double) as x_days_since_3_7,
        cast(case when purchases_before.days_since between 8 and 14 then 1 else 0 end as double) as x_days_since_8_14,
        cast(case when purchases_before.days_since between 15 and 30 then 1 else 0 end as double) as x_days_since_15_30,
        ln(1 + cast(coalesce(purchases_before.last_amount, 0) as double)) as x_last_amount,
        cast(coalesce(purchases_before.last_is_remote, 0) as double) as x_last_is_remote,
        cast(coalesce(purchases_before.last_is_returned, 0) as double) as x_last_is_returned,
        ln(1 + cast(coalesce(purchases_before.purchases_7, 0) as double)) as x_purchases_7,
        ln(1 + cast(coalesce(purchases_before.purchases_30, 0) as double)) as x_purchases_30,
        ln(1 + cast(coalesce(purchases_before.purchases_90, 0) as double)) as x_purchases_90,
        ln(1 + cast(coalesce(purchases_before.purchases_365, 0) as double)) as x_purchases_365,
        ln(1 + cast(coalesce(sessions_before.sessions_7, 0) as double)) as x_sessions_7,
        ln(1 + cast(coalesce(sessions_before.sessions_30, 0) as double)) as x_sessions_30,
        ln(1 + cast(coalesce(sessions_before.sessions_90, 0) as double)) as x_sessions_90,
        ln(1 + cast(coalesce(sessions_before.sessions_365, 0) as double)) as x_sessions_365,
        ln(1 + cast(greatest(coalesce(purchases_before.value_365, 0), 0) as double)) as x_margin_365,
        ln(1 + cast(greatest(coalesce({{ days_between('first_seen.first_seen_on', 'instants.day_zero') }}, 0), 0) as double)) as x_tenure,
        cast(case when extract(month from instants.exposed_on) % 3 = 2 then 1 else 0 end as double) as x_month_2,
        cast(case when extract(month from instants.exposed_on) % 3 = 0 then 1 else 0 end as double) as x_month_3,
        cast(case when purchases_before.gap_days_since <= 2 then 1 else 0 end as double) as x_gap_0_2,
        cast(case when purchases_before.gap_days_since between 3 and 7 then 1 else 0 end as double) as x_gap_3_7,
        cast(case when purchases_before.gap_days_since between 8 and 14 then 1 else 0 end as double) as x_gap_8_14,
        cast(case when purchases_before.gap_days_since between 15 and 30 then 1 else 0 end as double) as x_gap_15_30,
        ln(1 + cast(coalesce(purchases_before.gap_purchases, 0) as double)) as x_gap_purchases
    from instants
    inner join first_seen
        on instants.customer_number = first_seen.customer_number
    left join purchases_before
        on
            instants.customer_number = purchases_before.customer_number
            and instants.time_zero_at = purchases_before.time_zero_at
            and instants.exposed_at = purchases_before.exposed_at
    left join sessions_before
        on
            instants.customer_number = sessions_before.customer_number
            and instants.time_zero_at = sessions_before.time_zero_at
            and instants.exposed_at = sessions_before.exposed_at

)

select * from final
