-- The most usual order of each micro-segment: where they buy, on which channel they ask and how long after a purchase, what follows.
-- Every figure stands on at least 20 customers, or is null.

with

run_context as (

    select
        *,
        {{ add_months_to_date('as_of_month', -12) }} as year_start_on
    from {{ source('run', 'run_context') }}

),

scored as (

    select * from {{ ref('int_customer_micro_segments') }}

),

contacts as (

    select * from {{ ref('int_persona_contacts') }}

),

purchases_by_channel as (

    select
        scored.micro_segment,
        tickets.sales_channel,
        count(*) as purchases,
        count(distinct scored.customer_id) as customers
    from {{ ref('int_tickets') }} as tickets
    inner join scored on tickets.customer_id = scored.customer_id
    cross join run_context
    where
        tickets.net_amount > 0
        and tickets.sold_on >= run_context.year_start_on
        and tickets.sold_on < run_context.as_of_month
    group by scored.micro_segment, tickets.sales_channel

),

main_sales_channels as (

    select
        micro_segment,
        sales_channel,
        purchases,
        customers,
        sum(purchases) over (partition by micro_segment) as all_purchases
    from purchases_by_channel
    qualify row_number() over (partition by micro_segment order by purchases desc, sales_channel asc) = 1

),

contacts_by_channel as (

    select
        micro_segment,
        channel,
        count(*) as contacts,
        count(distinct customer_number) as customers
    from contacts
    group by micro_segment, channel

),

main_channels as (

    select
        micro_segment,
        channel,
        contacts,
        customers,
        sum(contacts) over (partition by micro_segment) as all_contacts
    from contacts_by_channel
    qualify row_number() over (partition by micro_segment order by contacts desc, channel asc) = 1

),

followed as (

    select
        micro_segment,
        count(distinct case when days_since_purchase is not null then customer_number end) as customers_after_purchase,
        {{ median_of('days_since_purchase') }} as median_days_since_purchase,
        count(distinct case when is_resolved is not null then customer_number end) as customers_resolved,
        sum(case when is_resolved then 1 else 0 end) as resolved,
        count(is_resolved) as resolvable,
        count(distinct case when is_repurchased is not null then customer_number end) as customers_repurchasing,
        sum(case when is_repurchased then 1 else 0 end) as repurchased,
        count(is_repurchased) as repurchasable
    from contacts
    group by micro_segment

),

final as (

    select
        main_sales_channels.micro_segment,
        case when main_sales_channels.customers >= {{ smallest_aggregate() }} then main_sales_channels.sales_channel end as sales_channel,
        {{ round_significant(safe_divide('main_sales_channels.purchases', 'main_sales_channels.all_purchases')) }} as sales_channel_share,
        case when main_channels.customers >= {{ smallest_aggregate() }} then main_channels.channel end as channel,
        {{ round_significant(safe_divide('main_channels.contacts', 'main_channels.all_contacts')) }} as channel_share,
        case
            when followed.customers_after_purchase >= {{ smallest_aggregate() }}
                then cast(followed.median_days_since_purchase as double)
        end as days_after_purchase,
        case
            when followed.customers_resolved >= {{ smallest_aggregate() }}
                then {{ round_significant(safe_divide('followed.resolved', 'followed.resolvable')) }}
        end as resolved_share,
        case
            when followed.customers_repurchasing >= {{ smallest_aggregate() }}
                then {{ round_significant(safe_divide('followed.repurchased', 'followed.repurchasable')) }}
        end as repurchased_share
    from main_sales_channels
    left join main_channels on main_sales_channels.micro_segment = main_channels.micro_segment
    left join followed on main_sales_channels.micro_segment = followed.micro_segment

)

select * from final
