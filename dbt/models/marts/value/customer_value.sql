{#- French puts a no-break space before a colon. #}
{%- set nbsp = '\u00a0' %}
-- How many customers are active and stay, what they are worth, and how many leads become customers.

with

run_context as (

    select * from {{ source('run', 'run_context') }}

),

activity as (

    select * from {{ ref('int_customer_activity') }}

),

leads as (

    select * from {{ ref('int_lead_outcomes') }}

),

active as (

    select
        month,
        coalesce(value_segment, -1) as value_segment,
        count(*) as active_customers
    from activity
    group by month, rollup(value_segment)

),

known_months as (

    select distinct
        month,
        month_number
    from activity
    where is_year_known

),

-- by the segment of a year ago: that of today follows from whether they have stayed
retention as (

    select
        known_months.month,
        coalesce(before.value_segment, -1) as value_segment,
        count(*) as active_a_year_ago,
        count(activity.customer_number) as retained
    from activity as before
    inner join known_months on before.month_number + 12 = known_months.month_number
    left join activity
        on
            before.customer_number = activity.customer_number
            and before.month_number + 12 = activity.month_number
    where before.is_year_known
    group by known_months.month, rollup(before.value_segment)

),

-- a customer's leads are one cluster, a lead without a customer is its own
lead_clusters as (

    select
        month,
        coalesce(value_segment, -1) as value_segment,
        coalesce(customer_id, lead_id) as cluster_id,
        count(*) as leads,
        sum(case when is_mature then 1 else 0 end) as n,
        sum(case when is_mature and is_converted then 1 else 0 end) as y
    from leads
    group by month, coalesce(customer_id, lead_id), rollup(value_segment)

),

lead_sums as (

    select
        month,
        value_segment,
        sum(leads) as leads,
        sum(n) as n,
        sum(y) as y,
        sum(y * y) as yy,
        sum(y * n) as yn,
        sum(n * n) as nn,
        sum(case when n > 0 then 1 else 0 end) as k
    from lead_clusters
    group by month, value_segment

),

lead_rates as (

    select
        lead_sums.*,
        {{ safe_divide('y', 'n') }} as share,
        {{ effective_sample('y', 'n', 'yy', 'yn', 'nn', 'k') }} as sample
    from lead_sums

),

values_of_customers as (

    select
        value_segment,
        cast(lifetime_value as decimal(18, 4)) as lifetime_value
    from {{ ref('customers') }}
    where lifetime_value is not null

),

worth as (

    select
        coalesce(value_segment, -1) as value_segment,
        count(*) as customers,
        sum(lifetime_value) as total,
        sum(cast(lifetime_value * lifetime_value as decimal(38, 8))) as squares
    from values_of_customers
    group by rollup(value_segment)

),

lifetimes as (

    select
        run_context.as_of_month as month,
        worth.value_segment,
        worth.customers,
        {{ safe_divide('worth.total', 'worth.customers') }} as mean,
        case
            when worth.customers > 1
                then
                    sqrt(
                        greatest(
                            cast(worth.squares as double) / worth.customers
                            - {{ safe_divide('worth.total', 'worth.customers') }} * {{ safe_divide('worth.total', 'worth.customers') }},
                            0.0
                        ) / (worth.customers - 1)
                    )
        end as standard_error
    from worth
    cross join run_context

),

refusals as (

    select
        max_by(fits.reason_fr, fits.fitted_as_of) as reason_fr,
        max_by(fits.reason_en, fits.fitted_as_of) as reason_en
    from {{ source('parameters', 'fits') }} as fits
    where fits.parameter = 'lifetime_value' and fits.verdict = 'refused'

),

any_worth as (

    select count(*) as customers from values_of_customers

),

cells as (

    select
        month,
        value_segment
    from active
    union
    select
        month,
        value_segment
    from retention
    union
    select
        month,
        value_segment
    from lead_sums
    union
    select
        month,
        value_segment
    from lifetimes

),

joined as (

    select
        cells.month,
        cells.value_segment,
        coalesce(active.active_customers, 0) as active_customers,
        retention.active_a_year_ago,
        retention.retained,
        {{ safe_divide('retention.retained', 'retention.active_a_year_ago') }} as retention_rate,
        cast(retention.active_a_year_ago as double) as retention_sample,
        lifetimes.customers as lifetime_value_customers,
        lifetimes.mean as lifetime_value_mean,
        lifetimes.standard_error,
        case
            when lifetimes.mean is not null then cast(null as varchar)
            when cells.month <> run_context.as_of_month
                then 'la valeur à vie n’est publiée que pour le mois de la date d’arrêté'
            when any_worth.customers > 0 then 'aucun client de la cellule n’a de valeur à vie'
            else coalesce('prévision refusée{{ nbsp }}: ' || refusals.reason_fr, 'aucune prévision n’est en usage')
        end as lifetime_value_reason_fr,
        case
            when lifetimes.mean is not null then cast(null as varchar)
            when cells.month <> run_context.as_of_month
                then 'the lifetime value is published for the month of the as-of date only'
            when any_worth.customers > 0 then 'no customer of the cell has a lifetime value'
            else coalesce('forecast refused: ' || refusals.reason_en, 'no forecast is in use')
        end as lifetime_value_reason_en,
        lead_rates.leads,
        lead_rates.n as mature_leads,
        lead_rates.y as converted_leads,
        lead_rates.share as lead_conversion_rate,
        lead_rates.sample as lead_sample,
        run_context.minimum_sample
    from cells
    cross join run_context
    cross join refusals
    cross join any_worth
    left join active on cells.month = active.month and cells.value_segment = active.value_segment
    left join retention on cells.month = retention.month and cells.value_segment = retention.value_segment
    left join lead_rates on cells.month = lead_rates.month and cells.value_segment = lead_rates.value_segment
    left join lifetimes on cells.month = lifetimes.month and cells.value_segment = lifetimes.value_segment

),

lead_feed as (

    select coalesce(max(case when is_present then 1 else 0 end), 0) = 1 as is_present
    from {{ source('run', 'feed_status') }}
    where feed = 'crm_leads'

),

final as (

    select
        joined.month as period_start,
        cast(joined.value_segment as integer) as value_segment,
        cast(joined.active_customers as bigint) as active_customers,
        cast(joined.active_a_year_ago as bigint) as active_a_year_ago,
        cast(joined.retained as bigint) as retained,
        {{ round_significant('joined.retention_rate') }} as retention_rate,
        {{ round_significant(wilson_low('joined.retention_rate', 'joined.retention_sample')) }} as retention_rate_low,
        {{ round_significant(wilson_high('joined.retention_rate', 'joined.retention_sample')) }} as retention_rate_high,
        cast(joined.lifetime_value_customers as bigint) as lifetime_value_customers,
        {{ round_significant('joined.lifetime_value_mean') }} as lifetime_value_mean,
        {{ round_significant('joined.lifetime_value_mean - ' ~ z_95() ~ ' * joined.standard_error') }} as lifetime_value_mean_low,
        {{ round_significant('joined.lifetime_value_mean + ' ~ z_95() ~ ' * joined.standard_error') }} as lifetime_value_mean_high,
        joined.lifetime_value_reason_fr,
        joined.lifetime_value_reason_en,
        -- without the feed no lead is not known
        case when lead_feed.is_present then cast(coalesce(joined.leads, 0) as bigint) end as leads,
        case when lead_feed.is_present then cast(coalesce(joined.mature_leads, 0) as bigint) end as mature_leads,
        case when lead_feed.is_present then cast(coalesce(joined.converted_leads, 0) as bigint) end as converted_leads,
        {{ round_significant('joined.lead_conversion_rate') }} as lead_conversion_rate,
        {{ round_significant(wilson_low('joined.lead_conversion_rate', 'joined.lead_sample')) }} as lead_conversion_rate_low,
        {{ round_significant(wilson_high('joined.lead_conversion_rate', 'joined.lead_sample')) }} as lead_conversion_rate_high,
        cast(joined.active_customers as bigint) as sample_size,
        cast(coalesce(joined.leads - joined.mature_leads, 0) as bigint) as immature_count,
        coalesce(joined.active_a_year_ago, 0) >= joined.minimum_sample as is_retention_publishable,
        coalesce(joined.lifetime_value_customers, 0) >= joined.minimum_sample as is_lifetime_value_publishable,
        coalesce(joined.mature_leads, 0) >= joined.minimum_sample as is_lead_conversion_publishable,
        joined.active_customers >= joined.minimum_sample as is_publishable
    from joined
    cross join lead_feed

)

select * from final
