-- What a customer's contacts and answers said in the 90 days before each start of a month. A matter counts from the day
-- after it is known: a contact from its opening, how it ended from its closing, an answer from the day on which it was given.

with

run_context as (

    select
        *,
        {{ month_number('first_month') }} as first_month_number,
        {{ month_number('as_of_month') }} as as_of_month_number
    from {{ source('run', 'run_context') }}

),

customers as (

    select
        customer_keys.source_key_hash,
        customers.customer_number
    from {{ ref('int_customer_keys') }} as customer_keys
    inner join {{ ref('int_customers') }} as customers on customer_keys.customer_id = customers.customer_id
    where customers.allows_profiling

),

months as (

    select calendar_months.month
    from {{ ref('int_calendar_months') }} as calendar_months
    cross join run_context
    where calendar_months.month_number between run_context.first_month_number and run_context.as_of_month_number

),

contacts as (

    select
        contacts.contact_id,
        customers.customer_number,
        contacts.direction = 'inbound' as is_inbound,
        {{ company_day('contacts.opened_at') }} as opened_on,
        {{ company_day('contacts.closed_at') }} as closed_on,
        {{ is_set_aside() }} as is_set_aside,
        coalesce(contacts.outcome, '') as outcome,
        coalesce(contacts.is_automated, false) as is_automated,
        coalesce(contacts.has_cancellation_intent, false) as has_cancellation_intent
    from {{ ref('stg_crm__contacts') }} as contacts
    inner join customers on contacts.customer_id_hash = customers.source_key_hash
    cross join run_context

),

-- who answered about a contact is who had it
answers as (

    select
        responses.response_id,
        coalesce(customers.customer_number, contacts.customer_number) as customer_number,
        {{ company_day('responses.answered_at') }} as answered_on,
        case
            when coalesce(questions.higher_is_better, true) then responses.score - questions.scale_min
            else questions.scale_max - responses.score
        end
        / (questions.scale_max - questions.scale_min) as range_position
    from {{ ref('stg_survey__responses') }} as responses
    inner join {{ ref('stg_reference__survey_questions') }} as questions
        on
            responses.question_code = questions.question_code
            and questions.construct in ('csat', 'ces', 'nps')
            and questions.scale_max > questions.scale_min
            and responses.score between questions.scale_min and questions.scale_max
    left join customers on responses.customer_id_hash = customers.source_key_hash
    left join contacts on responses.contact_id = contacts.contact_id
    cross join run_context
    where responses.answered_at is not null

),

-- `until_on`: the last start of a month that knows of it
signals as (

    select
        customer_number,
        opened_on as known_on,
        -- what was set aside as merged or spam is none any more from then on
        case
            when is_set_aside and coalesce(closed_on, opened_on) < {{ add_days_to_date('opened_on', churn_days()) }}
                then coalesce(closed_on, opened_on)
            else {{ add_days_to_date('opened_on', churn_days()) }}
        end as until_on,
        1 as contacts,
        0 as unresolved,
        0 as dissatisfied,
        0 as satisfied,
        0 as resolved,
        0 as intent
    from contacts
    where is_inbound
    union all
    select
        customer_number,
        closed_on as known_on,
        {{ add_days_to_date('closed_on', churn_days()) }} as until_on,
        0 as contacts,
        case when is_inbound and outcome in ('unresolved', 'abandoned') then 1 else 0 end as unresolved,
        0 as dissatisfied,
        0 as satisfied,
        case when outcome = 'resolved' and not is_automated then 1 else 0 end as resolved,
        case when has_cancellation_intent then 1 else 0 end as intent
    from contacts
    where
        closed_on is not null
        and not is_set_aside
        and (outcome in ('unresolved', 'abandoned', 'resolved') or has_cancellation_intent)
    union all
    select
        customer_number,
        answered_on as known_on,
        {{ add_days_to_date('answered_on', churn_days()) }} as until_on,
        0 as contacts,
        0 as unresolved,
        case when range_position < 0.5 then 1 else 0 end as dissatisfied,
        case when range_position >= 0.75 then 1 else 0 end as satisfied,
        0 as resolved,
        0 as intent
    from answers
    where customer_number is not null

),

final as (

    select
        signals.customer_number,
        months.month,
        cast(sum(signals.contacts) as integer) as contacts,
        max(signals.unresolved) as unresolved,
        max(signals.dissatisfied) as dissatisfied,
        max(signals.satisfied) as satisfied,
        max(signals.resolved) as resolved,
        max(signals.intent) as intent
    from signals
    inner join months
        on
            signals.known_on < months.month
            and signals.until_on >= months.month
    group by signals.customer_number, months.month

)

select * from final
