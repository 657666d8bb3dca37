-- Who may leave, as of this month, with reasons in words and what to do. Who has left or bought since the month began is off.

with

run_context as (

    select * from {{ source('run', 'run_context') }}

),

scores as (

    select scores.*
    from {{ ref('int_churn_scores') }} as scores
    inner join run_context on scores.month = run_context.as_of_month
    where scores.band is not null

),

customers as (

    select * from {{ ref('int_customers') }}

),

running as (

    select
        customers.customer_number,
        min(case when subscriptions.cancellation_requested_at is not null then 1 else 0 end) = 1 as is_requested,
        cast(sum(subscriptions.monthly_amount) as decimal(18, 4)) as monthly_amount
    from {{ ref('stg_crm__subscriptions') }} as subscriptions
    inner join {{ ref('int_customer_keys') }} as customer_keys
        on subscriptions.customer_id_hash = customer_keys.source_key_hash
    inner join customers on customer_keys.customer_id = customers.customer_id
    where subscriptions.ended_at is null and customers.allows_profiling
    group by customers.customer_number

),

-- who has asked to cancel needs no score
at_risk as (

    select
        running.customer_number,
        'subscription' as churn_kind,
        cast(null as double) as churn_probability,
        'requested' as band,
        running.monthly_amount,
        cast(null as varchar) as parameter_version
    from running
    where running.is_requested
    union all
    select
        scores.customer_number,
        scores.churn_kind,
        scores.churn_probability,
        scores.band,
        scores.monthly_amount,
        scores.parameter_version
    from scores
    left join running on scores.customer_number = running.customer_number
    where
        not coalesce(running.is_requested, false)
        and case
            when scores.churn_kind = 'subscription' then running.customer_number is not null
            else scores.next_purchase_on is null
        end

),

reasons as (

    select * from {{ ref('int_churn_reasons') }}

),

texts as (

    select * from {{ ref('churn_reasons') }}
    where churn_kind = 'all' and reason in ('requested', 'none')

),

told as (

    select
        at_risk.customer_number,
        {%- for place in [1, 2, 3] %}
            {%- for language in ['fr', 'en'] %}
                max(case when reasons.place = {{ place }} then reasons.text_{{ language }} end) as reason_{{ place }}_{{ language }},
            {%- endfor %}
        {%- endfor %}
        max(case when reasons.place = 1 then reasons.action_fr end) as action_fr,
        max(case when reasons.place = 1 then reasons.action_en end) as action_en
    from at_risk
    inner join reasons on at_risk.customer_number = reasons.customer_number
    where at_risk.band <> 'requested'
    group by at_risk.customer_number

),

worded as (

    select
        {% for language in ['fr', 'en'] -%}
            coalesce(told.reason_1_{{ language }}, texts.text_{{ language }}) as reason_1_{{ language }},
            told.reason_2_{{ language }},
            told.reason_3_{{ language }},
            coalesce(told.action_{{ language }}, texts.action_{{ language }}) as suggested_action_{{ language }},
        {% endfor -%}
        at_risk.*
    from at_risk
    inner join texts on texts.reason = case when at_risk.band = 'requested' then 'requested' else 'none' end
    left join told on at_risk.customer_number = told.customer_number

),

final as (

    select
        customers.customer_id,
        worded.churn_kind,
        worded.churn_probability,
        worded.band,
        {%- for column in ['reason_1', 'reason_2', 'reason_3', 'suggested_action'] %}
            case when run_context.language = 'en' then worded.{{ column }}_en else worded.{{ column }}_fr end as {{ column }},
            worded.{{ column }}_fr,
            worded.{{ column }}_en,
        {%- endfor %}
        worded.monthly_amount,
        -- by the customer alone: who is held out stays so, month after month, and a larger share adds to a smaller one
        {{ hash_share("customers.customer_id || '/rescue'") }} < run_context.held_out_share as is_held_out,
        worded.parameter_version
    from worded
    inner join customers on worded.customer_number = customers.customer_number
    cross join run_context

)

select * from final
