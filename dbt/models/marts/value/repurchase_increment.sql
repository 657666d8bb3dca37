{#- What stands in a row that no estimate speaks of. -#}
{%- set nbsp = '\u00a0' -%}
with

costs as (

    select * from {{ ref('int_effect_costs') }}

),

estimates as (

    select * from {{ source('estimates', 'repurchase_increments') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

),

segments as (

    select
        costs.method,
        costs.quarter_start,
        costs.window_days,
        costs.value_segment,
        costs.immature_count,
        costs.contacts,
        costs.contacts_costed,
        coalesce(estimates.verdict, 'not_estimable') = 'estimated' as is_estimated,
        -- the customers that the drawn ones stand for: what the estimate adds up
        coalesce(estimates.treated, costs.treated) as treated,
        -- a contact whose time was not recorded costs what the others cost
        case
            when costs.contacts = 0 then cast(0 as decimal(38, 4))
            when costs.contacts_costed = costs.contacts then costs.contact_cost
            else
                cast(
                    round(cast(costs.contact_cost as double) * {{ safe_divide('costs.contacts', 'costs.contacts_costed') }}, 4)
                    as decimal(38, 4)
                )
        end as whole_cost,
        estimates.treated_kept
    from costs
    left join estimates
        on
            costs.method = estimates.method
            and costs.quarter_start = estimates.quarter_start
            and costs.window_days = estimates.window_days
            and costs.value_segment = estimates.value_segment

),

-- the cost of those of whom the estimate speaks
kept_costs as (

    select
        segments.*,
        case
            when segments.is_estimated
                then
                    cast(
                        round(
                            cast(segments.whole_cost as double)
                            * {{ safe_divide('segments.treated_kept', 'segments.treated') }},
                            4
                        ) as decimal(38, 4)
                    )
        end as kept_cost
    from segments

),

cells as (

    select
        method,
        quarter_start,
        window_days,
        value_segment,
        treated,
        immature_count,
        contacts,
        contacts_costed,
        kept_cost,
        cast(null as decimal(38, 4)) as segmented_cost,
        cast(null as double) as segmented
    from kept_costs

    union all

    select
        method,
        quarter_start,
        window_days,
        cast(-1 as integer) as value_segment,
        sum(treated) as treated,
        sum(immature_count) as immature_count,
        sum(contacts) as contacts,
        sum(contacts_costed) as contacts_costed,
        -- of a part of the segments the cost is not known: then it is not known of the whole
        case
            when sum(case when is_estimated then 1 else 0 end) = count(kept_cost) then sum(kept_cost)
        end as kept_cost,
        -- of all customers with a segment, where none of the segments is estimated but all of them together
        case
            when
                sum(case when is_estimated then 1 else 0 end) = 0
                and sum(case when value_segment >= 0 and treated > 0 then 1 else 0 end)
                = sum(case when value_segment >= 0 and treated > 0 and whole_cost is not null then 1 else 0 end)
                then sum(case when value_segment >= 0 then whole_cost end)
        end as segmented_cost,
        cast(sum(case when value_segment >= 0 then treated end) as double) as segmented
    from kept_costs
    group by method, quarter_start, window_days

),

joined as (

    select
        cells.method,
        cells.quarter_start,
        cells.window_days,
        cells.value_segment,
        cells.treated,
        cells.immature_count,
        cells.contacts,
        cells.contacts_costed,
        coalesce(
            cells.kept_cost,
            cast(
                round(
                    cast(cells.segmented_cost as double) * {{ safe_divide('estimates.treated_kept', 'cells.segmented') }}, 4
                ) as decimal(38, 4)
            )
        ) as kept_cost,
        coalesce(estimates.verdict, 'not_estimable') as verdict,
        coalesce(estimates.verdict, 'not_estimable') = 'estimated' as is_estimated,
        estimates.incremental_rate,
        estimates.incremental_rate_low,
        estimates.incremental_rate_high,
        estimates.incremental_amount_per_customer,
        estimates.incremental_amount_per_customer_low,
        estimates.incremental_amount_per_customer_high,
        cast(estimates.incremental_amount as decimal(38, 4)) as incremental_amount,
        cast(estimates.incremental_amount_low as decimal(38, 4)) as incremental_amount_low,
        cast(estimates.incremental_amount_high as decimal(38, 4)) as incremental_amount_high,
        cast(estimates.incremental_margin as decimal(38, 4)) as incremental_margin,
        cast(estimates.incremental_margin_low as decimal(38, 4)) as incremental_margin_low,
        cast(estimates.incremental_margin_high as decimal(38, 4)) as incremental_margin_high,
        coalesce(estimates.treated_kept, 0) as treated_kept,
        coalesce(estimates.controls, 0) as controls,
        estimates.effective_sample,
        estimates.worst_balance,
        estimates.placebo_alarm,
        estimates.negative_control_alarm,
        estimates.sensitivity,
        estimates.sensitivity_of_interval,
        estimates.reason_fr,
        estimates.reason_en
    from cells
    left join estimates
        on
            cells.method = estimates.method
            and cells.quarter_start = estimates.quarter_start
            and cells.window_days = estimates.window_days
            and cells.value_segment = estimates.value_segment
    where cells.treated > 0

),

final as (

    select
        joined.quarter_start as period_start,
        cast(joined.value_segment as integer) as value_segment,
        cast(joined.window_days as integer) as window_days,
        joined.method,
        joined.verdict,
        {{ round_significant('joined.incremental_rate') }} as incremental_rate,
        {{ round_significant('joined.incremental_rate_low') }} as incremental_rate_low,
        {{ round_significant('joined.incremental_rate_high') }} as incremental_rate_high,
        {{ round_significant('joined.incremental_amount_per_customer') }} as incremental_amount_per_customer,
        {{ round_significant('joined.incremental_amount_per_customer_low') }} as incremental_amount_per_customer_low,
        {{ round_significant('joined.incremental_amount_per_customer_high') }} as incremental_amount_per_customer_high,
        joined.incremental_amount,
        joined.incremental_amount_low,
        joined.incremental_amount_high,
        joined.incremental_margin,
        joined.incremental_margin_low,
        joined.incremental_margin_high,
        case when joined.is_estimated then cast(joined.kept_cost as decimal(38, 4)) end as contact_cost,
        case when joined.is_estimated then cast(joined.incremental_margin - joined.kept_cost as decimal(38, 4)) end
            as incremental_net_margin,
        case when joined.is_estimated then cast(joined.incremental_margin_low - joined.kept_cost as decimal(38, 4)) end
            as incremental_net_margin_low,
        case when joined.is_estimated then cast(joined.incremental_margin_high - joined.kept_cost as decimal(38, 4)) end
            as incremental_net_margin_high,
        cast(joined.treated as bigint) as treated,
        cast(joined.treated_kept as bigint) as treated_kept,
        {{ round_significant(safe_divide('joined.treated_kept', 'joined.treated')) }} as kept_share,
        cast(joined.controls as bigint) as controls,
        {{ round_significant('joined.effective_sample') }} as effective_sample,
        {{ round_significant('joined.worst_balance') }} as worst_balance,
        cast(joined.contacts as bigint) as contacts,
        cast(joined.contacts_costed as bigint) as contacts_costed,
        joined.placebo_alarm,
        joined.negative_control_alarm,
        {{ round_significant('joined.sensitivity') }} as sensitivity,
        {{ round_significant('joined.sensitivity_of_interval') }} as sensitivity_of_interval,
        coalesce(
            joined.reason_fr,
            case
                when joined.value_segment = -2
                    then
                        'non estimable{{ nbsp }}: ces clients refusent le profilage, ou leur historique est trop court pour un segment'
                else 'non estimable{{ nbsp }}: aucun de ces clients n’a de segment'
            end
        ) as reason_fr,
        coalesce(
            joined.reason_en,
            case
                when joined.value_segment = -2
                    then
                        'not estimable because these customers refuse profiling, or their history is too short for a segment'
                else 'not estimable because none of these customers has a segment'
            end
        ) as reason_en,
        cast(joined.treated_kept as bigint) as sample_size,
        cast(joined.immature_count as bigint) as immature_count,
        joined.is_estimated and joined.treated_kept >= run_context.minimum_sample as is_publishable
    from joined
    cross join run_context

)

select * from final
