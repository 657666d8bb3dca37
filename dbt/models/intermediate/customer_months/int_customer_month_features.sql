-- Tiers remember a year (int_customer_month_scores): a year of run-in before the months of history, so that no segment depends
-- on how long the history is.
with

run_context as (

    select
        *,
        {{ month_number('first_month') }} as first_history_month_number,
        {{ month_number('first_month') }} - 12 as first_month_number,
        -- what lies further back than a year before the run-in shows only in the recency: it is kept in one bucket
        {{ month_number('first_month') }} - 25 as bucket_month_number,
        {{ month_number('as_of_month') }} as as_of_month_number
    from {{ source('run', 'run_context') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

tickets as (

    select * from {{ ref('int_tickets') }}

),

returns as (

    select * from {{ ref('int_ticket_returns') }}

),

contacts as (

    select * from {{ ref('stg_crm__contacts') }}

),

customer_keys as (

    select * from {{ ref('int_customer_keys') }}

),

-- From which day on the feeds can say anything. Before it, and without the feed, nothing is known: no purchase is not known.
first_days as (

    select
        max(case when feed = 'pos_transactions' and is_present then first_day end) as sales_first_day,
        max(case when feed = 'pos_transactions' and is_present then {{ company_day('horizon_at') }} end) as sales_end_day,
        max(case when feed = 'crm_contacts' and is_present then first_day end) as contacts_first_day
    from {{ source('run', 'feed_status') }}
    cross join run_context

),

months as (

    select
        calendar_months.month,
        calendar_months.month_number
    from {{ ref('int_calendar_months') }} as calendar_months
    cross join run_context
    where calendar_months.month_number between run_context.bucket_month_number and run_context.as_of_month_number

),

customer_tickets as (

    select
        customers.customer_number,
        greatest({{ month_number('tickets.sold_month') }}, run_context.bucket_month_number) as month_number,
        tickets.transaction_id,
        tickets.sold_on,
        tickets.net_amount,
        tickets.margin_amount,
        tickets.value_amount
    from tickets
    inner join customers on tickets.customer_id = customers.customer_id
    cross join run_context

),

tickets_by_month as (

    select
        customer_number,
        month_number,
        sum(case when net_amount > 0 then 1 else 0 end) as purchases,
        max(case when net_amount > 0 then sold_on end) as last_purchase_on,
        min(case when net_amount > 0 then sold_on end) as first_purchase_on,
        count(distinct case when net_amount > 0 then sold_on end) as purchase_days,
        sum(net_amount) as net_amount,
        sum(margin_amount) as margin_amount,
        sum(value_amount) as value_amount
    from customer_tickets
    group by customer_number, month_number

),

customer_contacts as (

    select
        customers.customer_number,
        greatest(
            {{ month_number(company_day('contacts.opened_at')) }}, run_context.bucket_month_number
        ) as month_number,
        case
            when {{ is_set_aside() }}
                then {{ month_number(company_day('coalesce(contacts.closed_at, contacts.opened_at)')) }}
        end as void_month_number
    from contacts
    inner join customer_keys on contacts.customer_id_hash = customer_keys.source_key_hash
    inner join customers on customer_keys.customer_id = customers.customer_id
    cross join run_context
    where contacts.direction = 'inbound'

),

contacts_by_month as (

    select
        customer_number,
        month_number,
        count(*) as contacts
    from customer_contacts
    group by customer_number, month_number

),

-- a purchase is none any more from the month after its linked refunds have reached its amount
voided_purchases as (

    select
        refunds.original_transaction_id,
        min(refunds.refunded_on) as voided_on
    from (
        select
            returns.original_transaction_id,
            {{ company_day('returns.refunded_at') }} as refunded_on,
            sum(returns.returned_amount) over (
                partition by returns.original_transaction_id
                order by returns.refunded_at, returns.refund_transaction_id
                rows between unbounded preceding and current row
            ) as returned_so_far
        from returns
        cross join run_context
    ) as refunds
    inner join tickets on refunds.original_transaction_id = tickets.transaction_id
    where refunds.returned_so_far >= tickets.net_amount and tickets.net_amount > 0
    group by refunds.original_transaction_id

),

-- what counted when it happened and had become void by the start of a month: purchases refunded, contacts merged, spam
voids as (

    select
        customer_tickets.customer_number,
        months.month_number,
        1 as purchases,
        0 as contacts
    from voided_purchases
    inner join customer_tickets on voided_purchases.original_transaction_id = customer_tickets.transaction_id
    inner join months
        on
            customer_tickets.month_number < months.month_number
            and {{ month_number('voided_purchases.voided_on') }} < months.month_number
            and customer_tickets.month_number + 12 >= months.month_number
    union all
    select
        customer_contacts.customer_number,
        months.month_number,
        0 as purchases,
        1 as contacts
    from customer_contacts
    inner join months
        on
            customer_contacts.month_number < months.month_number
            and customer_contacts.void_month_number < months.month_number
            and customer_contacts.month_number + 12 >= months.month_number
    where customer_contacts.void_month_number is not null

),

voids_by_month as (

    select
        customer_number,
        month_number,
        sum(purchases) as purchases,
        sum(contacts) as contacts
    from voids
    group by customer_number, month_number

),

spine as (

    select
        customers.customer_number,
        months.month_number
    from customers
    inner join months on {{ month_number('customers.first_seen_on') }} <= months.month_number

),

-- all frames end with the month before: nothing of the month itself is seen
known as (

    select
        spine.customer_number,
        spine.month_number,
        sum(tickets_by_month.purchases) over trailing_year as purchases_12m,
        sum(tickets_by_month.net_amount) over trailing_year as net_amount_12m,
        sum(tickets_by_month.margin_amount) over trailing_year as margin_12m,
        sum(tickets_by_month.value_amount) over trailing_year as value_12m,
        sum(contacts_by_month.contacts) over trailing_year as contacts_12m,
        max(tickets_by_month.last_purchase_on) over everything_before as last_purchase_on,
        min(tickets_by_month.first_purchase_on) over everything_before as first_purchase_on,
        sum(tickets_by_month.purchase_days) over everything_before as purchase_days,
        sum(tickets_by_month.value_amount) over everything_before as value_before
    from spine
    left join tickets_by_month
        on
            spine.customer_number = tickets_by_month.customer_number
            and spine.month_number = tickets_by_month.month_number
    left join contacts_by_month
        on
            spine.customer_number = contacts_by_month.customer_number
            and spine.month_number = contacts_by_month.month_number
    window
        trailing_year as (
            partition by spine.customer_number
            order by spine.month_number
            rows between 12 preceding and 1 preceding
        ),
        everything_before as (
            partition by spine.customer_number
            order by spine.month_number
            rows between unbounded preceding and 1 preceding
        )

),

known_months as (

    select
        months.month_number,
        months.month,
        coalesce(months.month > first_days.sales_first_day, false) as is_sales_known,
        coalesce(months.month > first_days.contacts_first_day, false) as is_contacts_known,
        -- a first or a last week may be missing: a shop that opens after the New Year has its January
        case
            when first_days.sales_first_day is not null
                then
                    greatest(
                        0,
                        least(
                            12,
                            months.month_number
                            - ({{ month_number(add_days_to_date('first_days.sales_first_day', -7)) }} + 1)
                        )
                        - greatest(
                            0,
                            months.month_number
                            - {{ month_number(add_days_to_date('first_days.sales_end_day', 6)) }}
                        )
                    )
        end as sales_months_12m
    from months
    cross join first_days

),

final as (

    select
        customers.customer_id,
        customers.customer_number,
        months.month,
        known.month_number >= run_context.first_history_month_number as is_in_history,
        customers.allows_profiling,
        {{ days_between('known.last_purchase_on', 'months.month') }} as recency_days,
        case
            when months.is_sales_known
                then cast(coalesce(known.purchases_12m, 0) - coalesce(voids_by_month.purchases, 0) as bigint)
        end as purchases_12m,
        case when months.is_sales_known then cast(coalesce(known.net_amount_12m, 0) as decimal(18, 4)) end as net_amount_12m,
        cast(known.margin_12m as decimal(18, 4)) as margin_12m,
        case when months.is_sales_known then cast(coalesce(known.value_12m, 0) as decimal(18, 4)) end as value_12m,
        cast(months.sales_months_12m as integer) as sales_months_12m,
        known.first_purchase_on,
        -- who was a customer before the sales begin has bought before, unseen: the history begins with the sales, not with the
        -- first purchase in them
        case
            when known.first_purchase_on is null then cast(null as bigint)
            when customers.first_seen_on < first_days.sales_first_day
                then {{ days_between('first_days.sales_first_day', 'months.month') }}
            else {{ days_between('known.first_purchase_on', 'months.month') }}
        end as age_days,
        cast(known.purchase_days as bigint) as purchase_days,
        cast(
            known.purchase_days
            - case when customers.first_seen_on < first_days.sales_first_day then 0 else 1 end as bigint
        ) as repeat_days,
        cast(known.value_before as decimal(18, 4)) as value_before,
        case
            when months.is_contacts_known
                then cast(coalesce(known.contacts_12m, 0) - coalesce(voids_by_month.contacts, 0) as bigint)
        end as contacts_12m,
        greatest({{ days_between('customers.first_seen_on', 'months.month') }}, 0) as tenure_days
    from known
    inner join customers on known.customer_number = customers.customer_number
    inner join known_months as months on known.month_number = months.month_number
    cross join run_context
    cross join first_days
    left join voids_by_month
        on
            known.customer_number = voids_by_month.customer_number
            and known.month_number = voids_by_month.month_number
    where known.month_number >= run_context.first_month_number

)

select * from final
