-- Who was exposed in each quarter, and from when on: design `main`, the first eligible contact of an episode; design
-- `negative_control`, an abandoned contact after which the service was not reached: it cannot have had an effect.

with

eligible_contacts as (

    select * from {{ ref('int_repurchase_contacts') }}

),

contacts as (

    select * from {{ ref('int_contacts') }}
    where customer_number is not null and is_in_history

),

holdings as (

    select * from {{ ref('int_effect_holdings') }}

),

segments as (

    select
        customer_id,
        month,
        value_segment
    from {{ ref('int_customer_month_segments') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

-- before it nobody knows whether a contact was the first of its episode
known as (

    {{ first_day_known_of_effects() }}

),

opened as (

    select
        customer_number,
        opened_at as time_zero_at,
        opened_on as day_zero,
        value_segment,
        lag(opened_on) over (partition by customer_number order by opened_at, contact_id) as previous_on
    from eligible_contacts

),

contacted as (

    select
        opened.customer_number,
        opened.time_zero_at,
        opened.day_zero,
        opened.value_segment
    from opened
    cross join known
    where
        opened.day_zero >= known.known_from
        and (opened.previous_on is null or {{ days_between('opened.previous_on', 'opened.day_zero') }} > {{ quiet_days() }})

),

-- The customer may have been served after all, by a second try or a call back: whether so is judged a week later, and time zero
-- is then, so that nothing that follows time zero decides who is exposed.
abandoned as (

    select
        contacts.contact_id,
        contacts.customer_id,
        contacts.customer_number,
        contacts.opened_on,
        {{ add_days('contacts.opened_at', landmark_days()) }} as time_zero_at,
        lag(contacts.opened_on) over (
            partition by contacts.customer_number
            order by contacts.opened_at, contacts.contact_id
        ) as previous_on
    from contacts
    where contacts.is_inbound and contacts.is_abandoned

),

first_abandoned as (

    select
        abandoned.contact_id,
        abandoned.customer_id,
        abandoned.customer_number,
        abandoned.opened_on,
        abandoned.time_zero_at,
        {{ company_day('abandoned.time_zero_at') }} as day_zero
    from abandoned
    cross join known
    cross join run_context
    where
        abandoned.opened_on >= known.known_from
        and (
            abandoned.previous_on is null
            or {{ days_between('abandoned.previous_on', 'abandoned.opened_on') }} > {{ quiet_days() }}
        )

),

reached as (

    select distinct first_abandoned.contact_id
    from first_abandoned
    inner join contacts
        on first_abandoned.customer_number = contacts.customer_number
    where
        (contacts.is_handled or (contacts.direction = 'outbound' and not contacts.is_set_aside))
        and contacts.opened_on >= {{ add_days_to_date('first_abandoned.opened_on', '-(' ~ quiet_days() ~ ')') }}
        and contacts.opened_at <= first_abandoned.time_zero_at

),

holding as (

    select distinct first_abandoned.contact_id
    from first_abandoned
    inner join holdings
        on first_abandoned.customer_number = holdings.customer_number
    where {{ is_held_at('first_abandoned.time_zero_at') }}

),

unreached as (

    select
        first_abandoned.customer_number,
        first_abandoned.time_zero_at,
        first_abandoned.day_zero,
        {{ segment_at('segments.value_segment') }} as value_segment
    from first_abandoned
    inner join holding
        on first_abandoned.contact_id = holding.contact_id
    left join segments
        on
            first_abandoned.customer_id = segments.customer_id
            and {{ month_of('first_abandoned.day_zero') }} = segments.month
    where first_abandoned.contact_id not in (select reached.contact_id from reached)

),

exposures as (

    select
        'main' as design,
        contacted.*
    from contacted

    union all

    select
        'negative_control' as design,
        unreached.*
    from unreached

),

final as (

    select
        design,
        {{ quarter_of('day_zero') }} as quarter_start,
        customer_number,
        time_zero_at,
        day_zero,
        value_segment
    from exposures
    qualify
        row_number() over (
            partition by design, {{ quarter_of('day_zero') }}, customer_number
            order by time_zero_at
        ) = 1

)

select * from final
