with

customer_keys as (

    select * from {{ ref('int_customer_keys') }}

),

crm_consents as (

    select * from {{ ref('stg_crm__consents') }}

),

members as (

    select * from {{ ref('stg_loyalty__members') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

loyalty as (

    select coalesce(max(case when is_present then 1 else 0 end), 0) = 1 as is_present
    from {{ source('run', 'feed_status') }}
    where feed = 'loyalty_members'

),

first_seen as (

    select
        customer_id,
        min(first_seen_at) as first_seen_at
    from customer_keys
    where customer_id is not null
    group by customer_id

),

-- a deleted duplicate says nothing about the record that stays; a customer of whom only deleted records are left
-- is not profiled; a refusal holds, even of a deleted record
consents as (

    select
        customer_keys.customer_id,
        min(case when crm_consents.allows_profiling then 1 else 0 end) = 1
        and max(case when crm_consents.is_deleted then 0 else 1 end) = 1 as allows_profiling
    from crm_consents
    inner join customer_keys on crm_consents.customer_id_hash = customer_keys.source_key_hash
    where customer_keys.customer_id is not null
    group by customer_keys.customer_id

),

memberships as (

    select
        customer_keys.customer_id,
        members.tier
    from members
    inner join customer_keys on members.loyalty_card_id_hash = customer_keys.source_key_hash
    where customer_keys.customer_id is not null and members.left_at is null
    qualify
        row_number() over (
            partition by customer_keys.customer_id
            order by members.joined_at desc, members.loyalty_card_id_hash asc
        ) = 1

),

final as (

    select
        first_seen.customer_id,
        row_number() over (order by first_seen.customer_id) as customer_number,
        first_seen.first_seen_at,
        {{ company_day('first_seen.first_seen_at') }} as first_seen_on,
        coalesce(consents.allows_profiling, true) as allows_profiling,
        -- without the feed nobody is known to be a member, or not
        case when loyalty.is_present then memberships.customer_id is not null end as is_member,
        memberships.tier
    from first_seen
    cross join run_context
    left join consents on first_seen.customer_id = consents.customer_id
    cross join loyalty
    left join memberships on first_seen.customer_id = memberships.customer_id

)

select * from final
