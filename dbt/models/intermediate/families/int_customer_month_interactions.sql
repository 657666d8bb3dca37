-- What each month knew at its start of the relationship of the 24 months before. An event enters with the month after it
-- and leaves 24 months later: running sums over these changes alone, then one row for each month in between.

with

run_context as (

    select
        *,
        -- labels are confirmed by the month before: half a year of run-in, so that the first months of history have theirs
        {{ month_number('first_month') }} - 6 as first_month_number,
        {{ month_number('as_of_month') }} as as_of_month_number
    from {{ source('run', 'run_context') }}

),

customers as (

    select * from {{ ref('int_customers') }}

),

interactions as (

    select * from {{ ref('int_interactions') }}

),

tickets as (

    select * from {{ ref('int_tickets') }}

),

responses as (

    select * from {{ ref('stg_survey__responses') }}

),

questions as (

    select * from {{ ref('stg_reference__survey_questions') }}

),

customer_keys as (

    select * from {{ ref('int_customer_keys') }}

),

months as (

    select
        calendar_months.month,
        calendar_months.month_number
    from {{ ref('int_calendar_months') }} as calendar_months
    cross join run_context
    where calendar_months.month_number between run_context.first_month_number and run_context.as_of_month_number

),

contacts_first_day as (

    select max(case when is_present then first_day end) as first_day
    from {{ source('run', 'feed_status') }}
    where feed = 'crm_contacts'

),

events as (

    select
        interactions.customer_number,
        interactions.month_number,
        interactions.void_month_number,
        1 as interactions,
        case when interactions.kind = 'contact' then 1 else 0 end as contacts,
        0 as store_purchases,
        0 as remote_purchases,
        0 as expectation_answers,
        cast(0 as bigint) as expectation_millionths
    from interactions
    union all
    -- only purchases after which a contact would have been seen
    select
        customers.customer_number,
        {{ month_number('tickets.sold_month') }} as month_number,
        cast(null as integer) as void_month_number,
        0 as interactions,
        0 as contacts,
        case when coalesce(tickets.sales_channel, 'store') = 'store' then 1 else 0 end as store_purchases,
        case when coalesce(tickets.sales_channel, 'store') = 'store' then 0 else 1 end as remote_purchases,
        0 as expectation_answers,
        cast(0 as bigint) as expectation_millionths
    from tickets
    inner join customers on tickets.customer_id = customers.customer_id
    inner join contacts_first_day on tickets.sold_on >= contacts_first_day.first_day
    where tickets.net_amount > 0
    union all
    -- how much is expected, 0 = the low end of the scale, 1 = the high end
    select
        customers.customer_number,
        {{ month_number(company_day('responses.answered_at')) }} as month_number,
        cast(null as integer) as void_month_number,
        0 as interactions,
        0 as contacts,
        0 as store_purchases,
        0 as remote_purchases,
        1 as expectation_answers,
        cast(
            round(
                1000000
                * case
                    when coalesce(questions.higher_is_better, true) then responses.score - questions.scale_min
                    else questions.scale_max - responses.score
                end
                / (questions.scale_max - questions.scale_min)
            ) as bigint
        ) as expectation_millionths
    from responses
    inner join questions
        on
            responses.question_code = questions.question_code
            and questions.construct = 'servqual_expectation'
            and questions.scale_max > questions.scale_min
            and responses.score between questions.scale_min and questions.scale_max
    inner join customer_keys on responses.customer_id_hash = customer_keys.source_key_hash
    inner join customers on customer_keys.customer_id = customers.customer_id
    cross join run_context
    where responses.answered_at is not null

),

placed as (

    select
        events.*,
        greatest(events.month_number + 1, run_context.first_month_number) as from_month_number,
        least(events.month_number + 25, coalesce(events.void_month_number + 1, events.month_number + 25)) as until_month_number
    from events
    cross join run_context

),

counted as (

    select
        customer_number,
        from_month_number,
        until_month_number,
        sum(interactions) as interactions,
        sum(contacts) as contacts,
        sum(store_purchases) as store_purchases,
        sum(remote_purchases) as remote_purchases,
        sum(expectation_answers) as expectation_answers,
        sum(expectation_millionths) as expectation_millionths
    from placed
    where until_month_number > from_month_number
    group by customer_number, from_month_number, until_month_number

),

changes as (

    select
        customer_number,
        from_month_number as month_number,
        interactions,
        contacts,
        store_purchases,
        remote_purchases,
        expectation_answers,
        expectation_millionths
    from counted
    union all
    select
        customer_number,
        until_month_number as month_number,
        -interactions as interactions,
        -contacts as contacts,
        -store_purchases as store_purchases,
        -remote_purchases as remote_purchases,
        -expectation_answers as expectation_answers,
        -expectation_millionths as expectation_millionths
    from counted

),

changes_by_month as (

    select
        changes.customer_number,
        changes.month_number,
        sum(changes.interactions) as interactions,
        sum(changes.contacts) as contacts,
        sum(changes.store_purchases) as store_purchases,
        sum(changes.remote_purchases) as remote_purchases,
        sum(changes.expectation_answers) as expectation_answers,
        sum(changes.expectation_millionths) as expectation_millionths
    from changes
    inner join run_context on changes.month_number <= run_context.as_of_month_number
    group by changes.customer_number, changes.month_number

),

states as (

    select
        customer_number,
        month_number as from_month_number,
        lead(month_number) over (partition by customer_number order by month_number) as until_month_number,
        sum(interactions) over everything_until as interactions,
        sum(contacts) over everything_until as contacts,
        sum(store_purchases) over everything_until as store_purchases,
        sum(remote_purchases) over everything_until as remote_purchases,
        sum(expectation_answers) over everything_until as expectation_answers,
        sum(expectation_millionths) over everything_until as expectation_millionths
    from changes_by_month
    window everything_until as (
        partition by customer_number
        order by month_number
        rows between unbounded preceding and current row
    )

),

-- who bought and never came is kept in the as-of month alone, where frequencies are fitted
final as (

    select
        customers.customer_id,
        months.month,
        months.month_number,
        customers.allows_profiling,
        cast(states.interactions as bigint) as interactions_24m,
        cast(states.contacts as bigint) as contacts_24m,
        cast(states.store_purchases as bigint) as store_purchases_24m,
        cast(states.remote_purchases as bigint) as remote_purchases_24m,
        greatest(
            0,
            {{ days_between(
                "greatest(customers.first_seen_on, contacts_first_day.first_day, " ~ add_months_to_date('months.month', -24) ~ ")",
                'months.month'
            ) }}
        ) as seen_days_24m,
        cast(states.expectation_millionths as double)
        / nullif(1000000 * states.expectation_answers, 0) as expectation
    from states
    cross join run_context
    cross join contacts_first_day
    inner join customers on states.customer_number = customers.customer_number
    inner join months
        on
            states.from_month_number <= months.month_number
            and coalesce(states.until_month_number, run_context.as_of_month_number + 1) > months.month_number
    where
        states.interactions > 0
        or (
            months.month_number = run_context.as_of_month_number
            and states.store_purchases + states.remote_purchases > 0
        )

)

select * from final
