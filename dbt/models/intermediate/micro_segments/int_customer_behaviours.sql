-- How each customer behaved in the twelve months before the as-of month. Nothing fitted is read, because the fit of the micro-segments
-- reads this. A trait whose feed is absent is null for everybody; a share of nothing (no contact, no purchase) is null, too.

with

run_context as (

    select
        *,
        {{ add_months_to_date('as_of_month', -12) }} as year_start_on
    from {{ source('run', 'run_context') }}

),

-- days before the as-of month on which the feed can say something
feeds as (

    select
        coalesce(max(case when feed = 'pos_transactions' and is_present then first_day end) < max(as_of_month), false)
            as is_sales_known,
        coalesce(max(case when feed = 'crm_contacts' and is_present then first_day end) < max(as_of_month), false)
            as is_contacts_known,
        coalesce(max(case when feed = 'loyalty_movements' and is_present then first_day end) < max(as_of_month), false)
            as is_points_known,
        coalesce(max(case when feed = 'web_sessions' and is_present then first_day end) < max(as_of_month), false)
            as is_web_known
    from {{ source('run', 'feed_status') }}
    cross join run_context

),

customers as (

    select
        customer_id,
        month,
        purchases_12m,
        net_amount_12m,
        contacts_12m,
        recency_days,
        tenure_days
    from {{ ref('int_customer_month_features') }}
    cross join run_context
    where allows_profiling and month = run_context.as_of_month

),

customer_keys as (

    select
        source_key_hash,
        customer_id
    from {{ ref('int_customer_keys') }}

),

tickets as (

    select tickets.*
    from {{ ref('int_tickets') }} as tickets
    cross join run_context
    where
        tickets.customer_id is not null
        and tickets.sold_on >= run_context.year_start_on
        and tickets.sold_on < run_context.as_of_month

),

products as (

    select * from {{ ref('stg_pos__products') }}

),

purchases as (

    select
        customer_id,
        sum(case when net_amount > 0 then 1 else 0 end) as purchases,
        sum(case when net_amount > 0 and sales_channel <> 'store' then 1 else 0 end) as remote_purchases,
        sum(case when net_amount > 0 then net_amount end) as bought_amount,
        sum(case when net_amount < 0 then -net_amount else 0 end) as returned_amount
    from tickets
    group by customer_id

),

goods as (

    select
        tickets.customer_id,
        count(distinct products.category) as categories,
        -- a line that says nothing of a discount is not one without
        sum(lines.discount_amount) as discount_amount,
        sum(case when lines.discount_amount is not null then lines.net_amount + lines.discount_amount end) as full_amount
    from tickets
    inner join {{ ref('int_ticket_lines') }} as lines on tickets.transaction_id = lines.transaction_id
    left join products on lines.product_id = products.product_id
    where tickets.net_amount > 0 and lines.net_amount > 0 and not lines.is_cancelled
    group by tickets.customer_id

),

contacts as (

    select
        customer_id,
        count(*) as contacts,
        sum(case when distance = 'remote' then 1 else 0 end) as remote_contacts,
        sum(case when distance is not null then 1 else 0 end) as placed_contacts,
        sum(case when tempo = 'synchronous' then 1 else 0 end) as synchronous_contacts,
        sum(case when tempo is not null then 1 else 0 end) as timed_contacts,
        sum(case when days_since_purchase <= {{ after_purchase_days() }} then 1 else 0 end) as contacts_after_purchase
    from {{ ref('int_customer_recent_contacts') }}
    group by customer_id

),

sessions as (

    select
        coalesce(by_customer.customer_id, by_email.customer_id) as customer_id,
        count(*) as sessions,
        sum(sessions.help_page_views) as help_page_views
    from {{ ref('stg_web__sessions') }} as sessions
    cross join run_context
    left join customer_keys as by_customer on sessions.customer_id_hash = by_customer.source_key_hash
    left join customer_keys as by_email on sessions.email_hash = by_email.source_key_hash
    where
        {{ company_day('sessions.started_at') }} >= run_context.year_start_on
        and {{ company_day('sessions.started_at') }} < run_context.as_of_month
    group by coalesce(by_customer.customer_id, by_email.customer_id)

),

-- whether the sessions count help pages at all
help_pages as (

    select count(help_page_views) > 0 as is_known
    from sessions

),

redemptions as (

    select
        customer_keys.customer_id,
        count(*) as redemptions
    from {{ ref('stg_loyalty__movements') }} as movements
    inner join customer_keys on movements.loyalty_card_id_hash = customer_keys.source_key_hash
    cross join run_context
    where
        movements.kind = 'burn'
        and {{ company_day('movements.moved_at') }} >= run_context.year_start_on
        and {{ company_day('movements.moved_at') }} < run_context.as_of_month
    group by customer_keys.customer_id

),

final as (

    select
        customers.customer_id,
        customers.month,
        cast(customers.purchases_12m as double) as purchases_12m,
        -- a year of more refunds than purchases is worth nothing a purchase; `greatest` and `least` would pass over a null
        case
            when customers.purchases_12m > 0
                then greatest({{ safe_divide('customers.net_amount_12m', 'customers.purchases_12m') }}, 0)
        end as amount_per_purchase,
        {{ safe_divide('purchases.remote_purchases', 'purchases.purchases') }} as remote_purchase_share,
        cast(customers.contacts_12m as double) as contacts_12m,
        {{ safe_divide('contacts.synchronous_contacts', 'contacts.timed_contacts') }} as synchronous_contact_share,
        case when feeds.is_sales_known then {{ safe_divide('contacts.contacts_after_purchase', 'contacts.contacts') }} end
            as contact_after_purchase_share,
        case when feeds.is_web_known and help_pages.is_known then cast(coalesce(sessions.help_page_views, 0) as double) end
            as help_page_views_12m,
        case when feeds.is_points_known then cast(coalesce(redemptions.redemptions, 0) as double) end as redemptions_12m,
        case when feeds.is_web_known then cast(coalesce(sessions.sessions, 0) as double) end as sessions_12m,
        cast(customers.recency_days as double) as recency_days,
        case
            when purchases.bought_amount > 0
                then least({{ safe_divide('purchases.returned_amount', 'purchases.bought_amount') }}, 1)
        end as return_share,
        case
            when goods.full_amount > 0
                then least(greatest({{ safe_divide('goods.discount_amount', 'goods.full_amount') }}, 0), 1)
        end as discount_share,
        cast(nullif(goods.categories, 0) as double) as categories_12m,
        {{ safe_divide('contacts.remote_contacts', 'contacts.placed_contacts') }} as remote_contact_share,
        cast(customers.tenure_days as double) as tenure_days
    from customers
    cross join feeds
    cross join help_pages
    left join purchases on customers.customer_id = purchases.customer_id
    left join goods on customers.customer_id = goods.customer_id
    left join contacts on customers.customer_id = contacts.customer_id
    left join sessions on customers.customer_id = sessions.customer_id
    left join redemptions on customers.customer_id = redemptions.customer_id

)

select * from final
