with

customers as (

    select * from {{ ref('stg_crm__customers') }}

),

keys as (

    select * from {{ ref('int_identity_keys') }}

),

-- a key that identifies nobody (the switchboard of an office) is no evidence that two records are one person
final as (

    select
        customers.customer_id_hash as key_hash,
        {{ plain_letters('customers.first_name') }} as first_name,
        {{ plain_letters('customers.last_name') }} as last_name,
        customers.birth_date,
        {{ plain_code('customers.postal_code') }} as postal_code,
        case when emails.key_hash is not null then customers.email_key end as email_key,
        case when phones.key_hash is not null then customers.phone_key end as phone_key
    from customers
    inner join keys
        on customers.customer_id_hash = keys.key_hash and keys.unusable_because is null
    left join keys as emails
        on customers.email_hash = emails.key_hash and emails.unusable_because is null
    left join keys as phones
        on customers.phone_hash = phones.key_hash and phones.unusable_because is null
    where not coalesce(customers.is_deleted, false)

)

select * from final
