-- How satisfied the customers of each cell of the overlay are, in all, by side of the channel, and by band of waits.

with

customers as (

    select * from {{ ref('int_overlay_customers') }}

),

run_context as (

    select
        *,
        {{ add_months_to_date('as_of_month', -12) }} as first_day
    from {{ source('run', 'run_context') }}

),

channels as (

    select * from {{ ref('stg_reference__channels') }}

),

bands as (

    {% for hours in reply_bands() -%}
        {{ 'union all' if not loop.first }}
        select
            {{ hours }} as band_hours,
            {{ reply_bands()[loop.index0 - 1] if not loop.first else 0 }} as previous_hours
    {% endfor %}

),

contacts as (

    select
        contacts.contact_id,
        contacts.customer_number,
        channels.distance,
        channels.tempo,
        case
            when contacts.is_inbound and contacts.is_answered and channels.tempo = 'asynchronous'
                then contacts.wait_seconds
        end as reply_seconds
    from {{ ref('int_contacts') }} as contacts
    inner join run_context
        on
            contacts.opened_on >= run_context.first_day
            and contacts.opened_on < run_context.as_of_month
    left join channels on contacts.channel = channels.channel
    where
        contacts.customer_number is not null
        and not contacts.is_set_aside

),

-- Two sides are compared by those who know both: who goes to the desk may be another sort of customer than who writes.
habits as (

    select
        customer_number,
        min(distance) <> max(distance) as has_both_distances,
        min(tempo) <> max(tempo) as has_both_tempos
    from contacts
    group by customer_number

),

answers as (

    select
        contacts.customer_number,
        case when habits.has_both_distances then contacts.distance end as distance,
        case when habits.has_both_tempos then contacts.tempo end as tempo,
        contacts.reply_seconds,
        -- the top boxes: three quarters of the range and more
        case when answers.csat >= 0.75 then 1 else 0 end as satisfied
    from contacts
    inner join {{ ref('int_contact_answers') }} as answers on contacts.contact_id = answers.contact_id
    inner join habits on contacts.customer_number = habits.customer_number
    where answers.csat is not null

),

-- each answer once in every subset that it belongs to
members as (

    select
        customer_number,
        'all' as subset,
        0 as band_hours,
        satisfied
    from answers

    union all

    select
        customer_number,
        distance as subset,
        0 as band_hours,
        satisfied
    from answers
    where distance is not null

    union all

    select
        customer_number,
        tempo as subset,
        0 as band_hours,
        satisfied
    from answers
    where tempo is not null

    union all

    select
        answers.customer_number,
        case
            when bands.previous_hours = 0 or answers.reply_seconds > bands.previous_hours * 3600 then 'within_band'
            else 'before_band'
        end as subset,
        bands.band_hours,
        answers.satisfied
    from answers
    inner join bands on answers.reply_seconds <= bands.band_hours * 3600

),

clusters as (

    select
        customers.value_segment,
        customers.relational_family,
        members.subset,
        members.band_hours,
        sum(members.satisfied) as y,
        count(*) as n
    from members
    inner join customers on members.customer_number = customers.customer_number
    group by members.customer_number, customers.value_segment, customers.relational_family, members.subset, members.band_hours

),

cells as (

    select
        {{ overlay_cell() }},
        subset,
        band_hours,
        cast(sum(y) as bigint) as y,
        cast(sum(n) as bigint) as n,
        cast(sum(y * y) as bigint) as yy,
        cast(sum(y * n) as bigint) as yn,
        cast(sum(n * n) as bigint) as nn,
        count(*) as k
    from clusters
    group by subset, band_hours, cube(value_segment, relational_family)

),

sampled as (

    select
        cells.*,
        {{ safe_divide('y', 'n') }} as satisfaction,
        {{ effective_sample('y', 'n', 'yy', 'yn', 'nn', 'k') }} as sample
    from cells

),

final as (

    select
        value_segment,
        relational_family,
        subset,
        band_hours,
        y as satisfied,
        n as answers,
        cast(k as bigint) as answering_customers,
        satisfaction,
        {{ wilson_low('satisfaction', 'sample') }} as satisfaction_low,
        {{ wilson_high('satisfaction', 'sample') }} as satisfaction_high
    from sampled

)

select * from final
