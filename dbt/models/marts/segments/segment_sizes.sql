-- How many customers each cell of the overlay holds at the start of each month, what they brought and how content they were in the
-- twelve months before.

with

segments as (

    select * from {{ ref('int_customer_month_segments') }}

),

features as (

    select * from {{ ref('int_customer_month_features') }}

),

-- of the twelve months before, those of which sales are known: the same of all customers
sales_months as (

    select
        month,
        min(sales_months_12m) as sales_months_12m
    from features
    group by month

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

answers as (

    select
        customer_id,
        {{ month_number(company_day('answered_at')) }} as answer_month_number,
        case
            when construct = 'nps' then case when oriented_score >= 9 then 1 when oriented_score <= 6 then -1 else 0 end
            when 4 * (oriented_score - scale_min) >= 3 * (scale_max - scale_min) then 1
            else 0
        end as score,
        construct
    from {{ ref('int_survey_answers') }}
    cross join run_context
    where construct in ('csat', 'nps') and has_valid_score and customer_id is not null

),

unidentified as (

    select
        {{ month_number('sold_month') }} as month_number,
        sum(net_amount) as net_amount,
        sum(margin_amount) as margin_amount
    from {{ ref('int_tickets') }}
    where customer_id is null
    group by sold_month

),

-- what nobody is known to have bought has no customer and no family, and is in the totals; no customer's share of it can be told, so
-- that the identified amounts, which alone are divided by customers, stand beside
members as (

    select
        segments.month,
        segments.value_segment,
        segments.relational_family,
        1 as customers,
        case when features.allows_profiling then 0 else 1 end as customers_not_profiled,
        features.net_amount_12m,
        features.margin_12m,
        features.net_amount_12m as identified_net_amount_12m,
        features.margin_12m as identified_margin_12m,
        -- a ticket whose margin is not known is worth its net amount
        features.value_12m - coalesce(features.margin_12m, 0) as net_amount_without_margin_12m,
        features.contacts_12m
    from segments
    inner join features
        on segments.customer_id = features.customer_id and segments.month = features.month

    union all

    select
        months.month,
        -2 as value_segment,
        'unknown' as relational_family,
        0 as customers,
        0 as customers_not_profiled,
        sum(unidentified.net_amount) as net_amount_12m,
        sum(unidentified.margin_amount) as margin_12m,
        null as identified_net_amount_12m,
        null as identified_margin_12m,
        null as net_amount_without_margin_12m,
        null as contacts_12m
    from (select distinct month from segments) as months
    inner join unidentified
        on
            {{ month_number('months.month') }} > unidentified.month_number
            and {{ month_number('months.month') }} <= unidentified.month_number + 12
    group by months.month

),

sized as (

    select
        month,
        coalesce(value_segment, -1) as value_segment,
        coalesce(relational_family, 'all') as relational_family,
        sum(customers) as customers,
        sum(customers_not_profiled) as customers_not_profiled,
        sum(net_amount_12m) as net_amount_12m,
        sum(margin_12m) as margin_12m,
        sum(identified_net_amount_12m) as identified_net_amount_12m,
        sum(identified_margin_12m) as identified_margin_12m,
        sum(net_amount_without_margin_12m) as net_amount_without_margin_12m,
        sum(contacts_12m) as contacts_12m,
        count(contacts_12m) as customers_with_contacts_known
    from members
    group by month, cube(value_segment, relational_family)

),

answers_by_month as (

    select
        customer_id,
        construct,
        answer_month_number,
        sum(score) as y,
        count(*) as n,
        sum(case when score > 0 then 1 else 0 end) as positives,
        sum(case when score < 0 then 1 else 0 end) as negatives
    from answers
    group by customer_id, construct, answer_month_number

),

-- an answer counts for the twelve months that begin after it
known as (

    select
        segments.month,
        segments.value_segment,
        segments.relational_family,
        answers_by_month.construct,
        answers_by_month.customer_id,
        sum(answers_by_month.y) as y,
        sum(answers_by_month.n) as n,
        sum(answers_by_month.positives) as positives,
        sum(answers_by_month.negatives) as negatives
    from answers_by_month
    inner join segments
        on
            answers_by_month.customer_id = segments.customer_id
            and answers_by_month.answer_month_number < {{ month_number('segments.month') }}
            and answers_by_month.answer_month_number >= {{ month_number('segments.month') }} - 12
    group by
        segments.month, segments.value_segment, segments.relational_family, answers_by_month.construct,
        answers_by_month.customer_id

),

judged as (

    select
        month,
        construct,
        coalesce(value_segment, -1) as value_segment,
        coalesce(relational_family, 'all') as relational_family,
        sum(y) as y,
        sum(n) as n,
        sum(y * y) as yy,
        sum(y * n) as yn,
        sum(n * n) as nn,
        count(*) as k,
        sum(positives) as positives,
        sum(negatives) as negatives
    from known
    group by month, construct, cube(value_segment, relational_family)

),

described as (

    select
        judged.*,
        {{ safe_divide('y', 'n') }} as mean,
        {{ effective_sample('y', 'n', 'yy', 'yn', 'nn', 'k') }} as sample
    from judged

),

satisfied as (

    select
        month,
        value_segment,
        relational_family,
        n as csat_answers,
        k as csat_customers,
        {{ round_significant('mean') }} as csat,
        {{ round_significant(wilson_low('mean', 'sample')) }} as csat_low,
        {{ round_significant(wilson_high('mean', 'sample')) }} as csat_high
    from described
    where construct = 'csat'

),

-- the wider of the multinomial variance and that between customers, of whom some answered twice
spread as (

    select
        described.*,
        {{ z_95() }} * sqrt(
            greatest(
                greatest({{ safe_divide('positives + negatives', 'n') }} - mean * mean, 0.0) / cast(n as double),
                coalesce({{ cluster_variance('y', 'n', 'yy', 'yn', 'nn', 'k') }}, 0.0)
            )
        ) as half_width
    from described
    where construct = 'nps'

),

recommending as (

    select
        month,
        value_segment,
        relational_family,
        n as nps_answers,
        k as nps_customers,
        {{ round_significant('100 * mean') }} as nps,
        {{ round_significant('100 * greatest(mean - half_width, -1.0)') }} as nps_low,
        {{ round_significant('100 * least(mean + half_width, 1.0)') }} as nps_high
    from spread

),

final as (

    select
        sized.month as period_start,
        cast(sized.value_segment as integer) as value_segment,
        sized.relational_family,
        cast(sized.customers as bigint) as customers,
        cast(sized.customers_not_profiled as bigint) as customers_not_profiled,
        {{ round_significant(safe_divide('sized.customers', 'totals.customers')) }} as share,
        cast(sized.net_amount_12m as decimal(18, 4)) as net_amount_12m,
        cast(sized.margin_12m as decimal(18, 4)) as margin_12m,
        cast(sized.identified_net_amount_12m as decimal(18, 4)) as identified_net_amount_12m,
        cast(sized.identified_margin_12m as decimal(18, 4)) as identified_margin_12m,
        sales_months.sales_months_12m,
        {{ margin_coverage('sized.net_amount_without_margin_12m', 'sized.identified_net_amount_12m') }} as margin_coverage,
        {{ round_significant(safe_divide('sized.contacts_12m', 'sized.customers_with_contacts_known')) }} as contacts_per_customer,
        satisfied.csat,
        satisfied.csat_low,
        satisfied.csat_high,
        cast(coalesce(satisfied.csat_answers, 0) as bigint) as csat_answers,
        cast(coalesce(satisfied.csat_customers, 0) as bigint) as csat_customers,
        recommending.nps,
        recommending.nps_low,
        recommending.nps_high,
        cast(coalesce(recommending.nps_answers, 0) as bigint) as nps_answers,
        cast(coalesce(recommending.nps_customers, 0) as bigint) as nps_customers,
        sized.customers >= run_context.minimum_sample as is_publishable,
        -- a hundred answers of one customer are the word of one customer
        coalesce(satisfied.csat_customers, 0) >= run_context.minimum_sample as is_csat_publishable,
        coalesce(recommending.nps_customers, 0) >= run_context.minimum_sample as is_nps_publishable
    from sized
    cross join run_context
    left join sales_months on sized.month = sales_months.month
    inner join sized as totals
        on sized.month = totals.month and totals.value_segment = -1 and totals.relational_family = 'all'
    left join satisfied
        on
            sized.month = satisfied.month
            and sized.value_segment = satisfied.value_segment
            and sized.relational_family = satisfied.relational_family
    left join recommending
        on
            sized.month = recommending.month
            and sized.value_segment = recommending.value_segment
            and sized.relational_family = recommending.relational_family

)

select * from final
