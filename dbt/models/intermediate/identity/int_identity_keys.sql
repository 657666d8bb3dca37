with

run_context as (

    select * from {{ source('run', 'run_context') }}

),

rules as (

    select * from {{ source('run', 'identity_rules') }}

),

ties as (

    select * from {{ ref('int_identity_rows') }}

),

-- each row's keys one below the other
seen_keys as (

    select
        customer_key_space as key_space,
        customer_key as key_text,
        customer_hash as key_hash,
        first_seen_at
    from ties
    where customer_hash is not null
    union all
    select
        'loyalty' as key_space,
        card_key as key_text,
        card_hash as key_hash,
        first_seen_at
    from ties
    where card_hash is not null
    union all
    select
        'email' as key_space,
        email_key as key_text,
        email_hash as key_hash,
        first_seen_at
    from ties
    where email_hash is not null
    union all
    select
        'phone' as key_space,
        phone_key as key_text,
        phone_hash as key_hash,
        first_seen_at
    from ties
    where phone_hash is not null
    union all
    select
        key_space_a as key_space,
        key_a_key as key_text,
        key_a_hash as key_hash,
        cast(null as timestamp) as first_seen_at
    from {{ ref('stg_crm__identity_links') }}
    where key_a_hash is not null
    union all
    select
        key_space_b as key_space,
        key_b_key as key_text,
        key_b_hash as key_hash,
        cast(null as timestamp) as first_seen_at
    from {{ ref('stg_crm__identity_links') }}
    where key_b_hash is not null

),

keys as (

    select
        key_hash,
        min(key_space) as key_space,
        min(key_text) as key_text,
        min(first_seen_at) as first_seen_at
    from seen_keys
    group by key_hash

),

ranked as (

    select
        keys.*,
        case keys.key_space
            when 'crm' then 1
            when 'loyalty' then 2
            when 'pos' then 3
            when 'email' then 5
            when 'phone' then 6
            else 4
        end as key_rank,
        case when keys.key_space in ('loyalty', 'email', 'phone') then keys.key_space else 'customer' end as key_kind
    from keys

),

-- customers and cards that each shareable key was seen with
touches as (

    select
        email_hash as key_hash,
        customer_hash as other_hash
    from ties
    where email_hash is not null and customer_hash is not null
    union
    select
        email_hash as key_hash,
        card_hash as other_hash
    from ties
    where email_hash is not null and card_hash is not null
    union
    select
        phone_hash as key_hash,
        customer_hash as other_hash
    from ties
    where phone_hash is not null and customer_hash is not null
    union
    select
        phone_hash as key_hash,
        card_hash as other_hash
    from ties
    where phone_hash is not null and card_hash is not null
    union
    select
        card_hash as key_hash,
        customer_hash as other_hash
    from ties
    where card_hash is not null and customer_hash is not null

),

touched as (

    select
        key_hash,
        count(*) as touched_keys
    from touches
    group by key_hash

),

trusted_kinds as (

    select distinct
        case
            when key_space in ('loyalty', 'loyalty_card_id') then 'loyalty'
            when key_space in ('email', 'phone') then key_space
            else 'customer'
        end as key_kind
    from rules
    where rule_kind = 'trusted_key'

),

blocked_texts as (

    select distinct
        lower(trim(key)) as key_text,
        key_space
    from rules
    where rule_kind = 'blocked_key' and key is not null

),

blocked as (

    select distinct ranked.key_hash
    from ranked
    inner join blocked_texts
        on
            lower(ranked.key_text) = blocked_texts.key_text
            and ranked.key_space = coalesce(blocked_texts.key_space, ranked.key_space)

),

final as (

    select
        ranked.key_hash,
        ranked.key_space,
        ranked.key_text,
        ranked.key_rank,
        ranked.first_seen_at,
        coalesce(touched.touched_keys, 0) as touched_keys,
        case
            when blocked.key_hash is not null then 'blocked_by_configuration'
            when trusted_kinds.key_kind is null then 'not_trusted'
            when touched.touched_keys > run_context.shared_key_limit then 'shared_by_too_many'
        end as unusable_because
    from ranked
    cross join run_context
    left join touched on ranked.key_hash = touched.key_hash
    left join blocked on ranked.key_hash = blocked.key_hash
    left join trusted_kinds on ranked.key_kind = trusted_kinds.key_kind

)

select * from final
