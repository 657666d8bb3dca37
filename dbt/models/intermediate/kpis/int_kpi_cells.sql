-- The cells that stand on the KPI table, whatever mart they come from: all channels, all queues, all families.

with

operations as (

    select * from {{ ref('int_operations_values') }}
    where
        channel = 'all'
        and queue = 'all'
        and period_grain in ('month', 'week')

),

satisfaction as (

    select * from {{ ref('satisfaction') }}
    where
        channel = 'all'
        and relational_family = 'all'

),

invitations as (

    select * from {{ ref('int_survey_invitations') }}
    where invitation_month >= first_month

),

repurchases as (

    select * from {{ ref('repurchase_after_contact') }}
    where channel = 'all'

),

drawn_at_random as (

    select
        period_start,
        window_days
    from {{ ref('repurchase_increment') }}
    where method = 'hold_out' and value_segment = -1 and verdict = 'estimated'

),

-- what was drawn at random replaces what is estimated, for the total and every segment alike: they speak of other customers
increments as (

    select increments.*
    from {{ ref('repurchase_increment') }} as increments
    left join drawn_at_random
        on
            increments.period_start = drawn_at_random.period_start
            and increments.window_days = drawn_at_random.window_days
    where
        increments.verdict = 'estimated'
        and increments.method = case when drawn_at_random.period_start is null then 'estimate' else 'hold_out' end

),

during_contacts as (

    select * from {{ ref('int_sales_during_contacts') }}

),

first_purchases as (

    select * from {{ ref('int_first_purchases_after_contacts') }}

),

customer_values as (

    select * from {{ ref('customer_value') }}

),

loyalty as (

    select * from {{ ref('loyalty_effect') }}
    where verdict = 'estimated'

),

rescues as (

    select * from {{ ref('churn_rescues') }}

),

-- Each customer is a cluster; an invitation without a customer is one of its own.
invitation_clusters as (

    select
        *,
        coalesce(customer_id, contact_key || '/' || respondent_key || '/' || survey_id) as cluster_id
    from invitations

),

invited as (

    select
        invitation_month,
        cluster_id,
        coalesce(value_segment, -1) as value_segment,
        sum(case when is_mature and is_answered then 1 else 0 end) as y,
        sum(case when is_mature then 1 else 0 end) as n,
        sum(case when is_mature then 0 else 1 end) as immature
    from invitation_clusters
    group by invitation_month, cluster_id, rollup(value_segment)

),

response_cells as (

    select
        invitation_month,
        value_segment,
        sum(y) as y,
        sum(n) as n,
        sum(y * y) as yy,
        sum(y * n) as yn,
        sum(n * n) as nn,
        sum(case when n > 0 then 1 else 0 end) as k,
        sum(immature) as immature_count
    from invited
    group by invitation_month, value_segment

),

response_samples as (

    select
        response_cells.*,
        {{ safe_divide('y', 'n') }} as share,
        {{ effective_sample('y', 'n', 'yy', 'yn', 'nn', 'k') }} as sample
    from response_cells
    where n > 0

),

together as (

    select
        kpi,
        period_grain,
        period_start,
        value_segment,
        cast(numerator as decimal(38, 9)) as numerator,
        denominator,
        value,
        interval_low,
        interval_high,
        sample_size,
        immature_count
    from operations

    union all

    select
        construct as kpi,
        'month' as period_grain,
        period_start,
        value_segment,
        numerator,
        denominator,
        value,
        interval_low,
        interval_high,
        sample_size,
        immature_count
    from satisfaction

    union all

    select
        'survey_response_rate' as kpi,
        'month' as period_grain,
        invitation_month as period_start,
        value_segment,
        cast(y as decimal(38, 9)) as numerator,
        cast(n as bigint) as denominator,
        share as value,
        {{ wilson_low('share', 'sample') }} as interval_low,
        {{ wilson_high('share', 'sample') }} as interval_high,
        cast(n as bigint) as sample_size,
        cast(immature_count as bigint) as immature_count
    from response_samples

    union all

    select
        'repurchase_rate_' || cast(window_days as varchar) as kpi,
        'month' as period_grain,
        period_start,
        value_segment,
        cast(customers_repurchasing as decimal(38, 9)) as numerator,
        customers_contacted as denominator,
        observed_rate as value,
        observed_rate_low as interval_low,
        observed_rate_high as interval_high,
        sample_size,
        immature_count
    from repurchases
    where customers_contacted > 0

    union all

    -- An amount is a sum, not a ratio: it has no denominator and no interval.
    select
        'repurchase_amount_' || cast(window_days as varchar) as kpi,
        'month' as period_grain,
        period_start,
        value_segment,
        cast(observed_amount as decimal(38, 9)) as numerator,
        cast(null as bigint) as denominator,
        cast(observed_amount as double) as value,
        cast(null as double) as interval_low,
        cast(null as double) as interval_high,
        sample_size,
        immature_count
    from repurchases
    where customers_contacted > 0

    union all

    -- A difference of rates, which may be negative: it has customers concerned and no numerator.
    select
        'repurchase_increment_rate_' || cast(window_days as varchar) as kpi,
        'quarter' as period_grain,
        period_start,
        value_segment,
        cast(null as decimal(38, 9)) as numerator,
        treated_kept as denominator,
        incremental_rate as value,
        incremental_rate_low as interval_low,
        incremental_rate_high as interval_high,
        sample_size,
        immature_count
    from increments

    union all

    select
        'repurchase_increment_amount_' || cast(window_days as varchar) as kpi,
        'quarter' as period_grain,
        period_start,
        value_segment,
        cast(incremental_amount as decimal(38, 9)) as numerator,
        cast(null as bigint) as denominator,
        cast(incremental_amount as double) as value,
        cast(incremental_amount_low as double) as interval_low,
        cast(incremental_amount_high as double) as interval_high,
        sample_size,
        immature_count
    from increments

    union all

    select
        'repurchase_increment_net_margin_60' as kpi,
        'quarter' as period_grain,
        period_start,
        value_segment,
        cast(incremental_net_margin as decimal(38, 9)) as numerator,
        cast(null as bigint) as denominator,
        cast(incremental_net_margin as double) as value,
        cast(incremental_net_margin_low as double) as interval_low,
        cast(incremental_net_margin_high as double) as interval_high,
        sample_size,
        immature_count
    from increments
    where window_days = 60 and incremental_net_margin is not null

    union all

    select
        'sales_during_contact_amount' as kpi,
        'month' as period_grain,
        month as period_start,
        value_segment,
        cast(net_amount as decimal(38, 9)) as numerator,
        cast(null as bigint) as denominator,
        cast(net_amount as double) as value,
        cast(null as double) as interval_low,
        cast(null as double) as interval_high,
        customers as sample_size,
        cast(0 as bigint) as immature_count
    from during_contacts

    union all

    select
        'first_purchases_after_contact_60' as kpi,
        'month' as period_grain,
        month as period_start,
        value_segment,
        cast(customers as decimal(38, 9)) as numerator,
        cast(null as bigint) as denominator,
        cast(customers as double) as value,
        cast(null as double) as interval_low,
        cast(null as double) as interval_high,
        customers as sample_size,
        immature_count
    from first_purchases
    where window_days = 60

    union all

    select
        'active_customers' as kpi,
        'month' as period_grain,
        period_start,
        value_segment,
        cast(active_customers as decimal(38, 9)) as numerator,
        cast(null as bigint) as denominator,
        cast(active_customers as double) as value,
        cast(null as double) as interval_low,
        cast(null as double) as interval_high,
        active_customers as sample_size,
        cast(0 as bigint) as immature_count
    from customer_values
    where active_customers > 0

    union all

    select
        'retention_rate' as kpi,
        'month' as period_grain,
        period_start,
        value_segment,
        cast(retained as decimal(38, 9)) as numerator,
        active_a_year_ago as denominator,
        retention_rate as value,
        retention_rate_low as interval_low,
        retention_rate_high as interval_high,
        active_a_year_ago as sample_size,
        cast(0 as bigint) as immature_count
    from customer_values
    where active_a_year_ago > 0

    union all

    -- a mean of estimates: no sum of it is a figure
    select
        'lifetime_value_mean' as kpi,
        'month' as period_grain,
        period_start,
        value_segment,
        cast(null as decimal(38, 9)) as numerator,
        lifetime_value_customers as denominator,
        lifetime_value_mean as value,
        lifetime_value_mean_low as interval_low,
        lifetime_value_mean_high as interval_high,
        lifetime_value_customers as sample_size,
        cast(0 as bigint) as immature_count
    from customer_values
    where lifetime_value_mean is not null

    union all

    select
        'lead_conversion_rate' as kpi,
        'month' as period_grain,
        period_start,
        value_segment,
        cast(converted_leads as decimal(38, 9)) as numerator,
        mature_leads as denominator,
        lead_conversion_rate as value,
        lead_conversion_rate_low as interval_low,
        lead_conversion_rate_high as interval_high,
        mature_leads as sample_size,
        immature_count
    from customer_values
    where mature_leads > 0

    union all

    select
        'loyalty_spend_lift' as kpi,
        'quarter' as period_grain,
        period_start,
        cast(-1 as integer) as value_segment,
        cast(null as decimal(38, 9)) as numerator,
        joined_kept as denominator,
        spend_lift as value,
        spend_lift_low as interval_low,
        spend_lift_high as interval_high,
        joined_kept as sample_size,
        immature_count
    from loyalty

    union all

    select
        'retained_after_contact_rate' as kpi,
        'month' as period_grain,
        period_start,
        value_segment,
        cast(retained as decimal(38, 9)) as numerator,
        at_risk_contacted as denominator,
        retained_rate as value,
        retained_rate_low as interval_low,
        retained_rate_high as interval_high,
        sample_size,
        immature_count
    from rescues

    union all

    select
        'rescued_customers' as kpi,
        'month' as period_grain,
        period_start,
        value_segment,
        cast(incremental_retained as decimal(38, 9)) as numerator,
        cast(null as bigint) as denominator,
        incremental_retained as value,
        incremental_retained_low as interval_low,
        incremental_retained_high as interval_high,
        estimated_contacted as sample_size,
        immature_count
    from rescues
    where incremental_retained is not null

    union all

    select
        'secured_revenue' as kpi,
        'month' as period_grain,
        period_start,
        value_segment,
        cast(secured_revenue as decimal(38, 9)) as numerator,
        cast(null as bigint) as denominator,
        secured_revenue as value,
        secured_revenue_low as interval_low,
        secured_revenue_high as interval_high,
        subscribers_contacted as sample_size,
        immature_count
    from rescues
    where secured_revenue is not null

),

final as (

    select
        kpi,
        period_grain,
        period_start,
        cast(value_segment as integer) as value_segment,
        numerator,
        denominator,
        {{ round_significant('value') }} as value,
        {{ round_significant('interval_low') }} as interval_low,
        {{ round_significant('interval_high') }} as interval_high,
        sample_size,
        immature_count
    from together

)

select * from final
