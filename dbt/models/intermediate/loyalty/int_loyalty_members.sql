-- Members of the loyalty programme: since when, until when, and in which tier (of today: the feed tells no other).

with

cards as (

    select
        members.loyalty_card_id_hash as card_hash,
        keys.customer_id,
        members.tier,
        members.joined_at,
        members.left_at
    from {{ ref('stg_loyalty__members') }} as members
    inner join {{ ref('int_customer_keys') }} as keys
        on members.loyalty_card_id_hash = keys.source_key_hash
    where keys.customer_id is not null

),

-- the card that is not given back, else the last one
newest as (

    select
        customer_id,
        tier
    from cards
    qualify
        row_number() over (
            partition by customer_id
            order by case when left_at is null then 0 else 1 end, joined_at desc, card_hash asc
        ) = 1

),

memberships as (

    select
        customer_id,
        min(joined_at) as joined_at,
        case when count(*) = count(left_at) then max(left_at) end as left_at
    from cards
    group by customer_id

),

-- since when the company knows anything of the customer by a key that is on the tickets or in the CRM
known as (

    select
        customer_id,
        min(first_seen_at) as first_known_at
    from {{ ref('int_customer_keys') }}
    where customer_id is not null
    group by customer_id

),

final as (

    select
        customers.customer_number,
        customers.customer_id,
        customers.allows_profiling,
        known.first_known_at,
        {{ company_day('memberships.joined_at') }} as joined_on,
        {{ quarter_of(company_day('memberships.joined_at')) }} as quarter_start,
        {{ company_day('memberships.left_at') }} as left_on,
        case when customers.allows_profiling then {{ dimension_member('newest.tier') }} else 'unknown' end as tier
    from memberships
    cross join {{ source('run', 'run_context') }} as run_context
    inner join {{ ref('int_customers') }} as customers on memberships.customer_id = customers.customer_id
    inner join newest on memberships.customer_id = newest.customer_id
    inner join known on memberships.customer_id = known.customer_id

)

select * from final
