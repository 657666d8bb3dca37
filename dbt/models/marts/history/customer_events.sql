-- What happened to customers and stands in no other published table: the part of `customer_timeline` that it cannot read there.

with

customers as (

    select customer_id
    from {{ ref('int_customers') }}
    where allows_profiling

),

all_keys as (

    select
        source_key_hash,
        customer_id
    from {{ ref('int_customer_keys') }}
    where customer_id is not null

),

customer_keys as (

    select
        all_keys.source_key_hash,
        all_keys.customer_id
    from all_keys
    inner join customers on all_keys.customer_id = customers.customer_id

),

answers as (

    select
        responses.customer_id,
        responses.answered_at as happened_at,
        'answer' as kind,
        responses.channel,
        responses.response_id as reference,
        cast(null as bigint) as points,
        coalesce(responses.construct, 'unknown') as detail
    from {{ ref('int_survey_responses') }} as responses
    inner join customers on responses.customer_id = customers.customer_id
    where responses.is_answered

),

movements as (

    select
        customer_keys.customer_id,
        movements.moved_at as happened_at,
        'points' as kind,
        cast(null as varchar) as channel,
        movements.movement_id as reference,
        cast(movements.points as bigint) as points,
        movements.kind as detail
    from {{ ref('stg_loyalty__movements') }} as movements
    inner join customer_keys on movements.loyalty_card_id_hash = customer_keys.source_key_hash

),

-- the customer by their id, else (an id of nobody, too) by their e-mail
visits as (

    select
        customers.customer_id,
        sessions.started_at as happened_at,
        'visit' as kind,
        'web' as channel,
        sessions.session_id as reference,
        cast(null as bigint) as points,
        'session' as detail
    from {{ ref('stg_web__sessions') }} as sessions
    left join all_keys as by_id
        on sessions.customer_id_hash = by_id.source_key_hash
    left join all_keys as by_email
        on sessions.email_hash = by_email.source_key_hash
    inner join customers
        on coalesce(by_id.customer_id, by_email.customer_id) = customers.customer_id

),

subscription_steps as (

    {% for step, instant in [
        ('started', 'started_at'), ('cancellation_requested', 'cancellation_requested_at'), ('ended', 'ended_at')
    ] %}
        {{ 'union all' if not loop.first }}
        select
            customer_keys.customer_id,
            subscriptions.{{ instant }} as happened_at,
            'subscription' as kind,
            cast(null as varchar) as channel,
            subscriptions.subscription_id as reference,
            cast(null as bigint) as points,
            '{{ step }}' as detail
        from {{ ref('stg_crm__subscriptions') }} as subscriptions
        inner join customer_keys on subscriptions.customer_id_hash = customer_keys.source_key_hash
        where subscriptions.{{ instant }} is not null
    {% endfor %}

),

final as (

    select * from answers
    union all
    select * from movements
    union all
    select * from visits
    union all
    select * from subscription_steps

)

select * from final
