-- What the estimator of effects reads: each drawn customer with what was known at time zero, and what was bought in the days
-- 1 to W after it. The day of time zero counts on neither side of a contact: it is in no outcome.

with

time_zeros as (

    select * from {{ ref('int_effect_time_zeros') }}

),

covariates as (

    select * from {{ ref('int_effect_covariates') }}

),

tickets as (

    select * from {{ ref('int_effect_tickets') }}

),

-- a ticket of unknown margin adds nothing to the margin: it is at least so much; null where no margin is known at all
margins as (

    select count(margin_amount) > 0 as is_known
    from tickets

),

bought as (

    select
        time_zeros.design,
        time_zeros.quarter_start,
        time_zeros.window_days,
        time_zeros.customer_number,
        time_zeros.is_treated,
        -- a purchase that was given back whole inside the window is none
        max(
            case
                when
                    tickets.net_amount > 0
                    and not coalesce(
                        tickets.returned_on <= {{ add_days_to_date('time_zeros.day_zero', 'time_zeros.window_days') }}, false
                    )
                    then 1
                else 0
            end
        ) as purchases,
        sum(tickets.net_amount) as net_amount,
        sum(tickets.margin_amount) as margin_amount
    from time_zeros
    inner join tickets
        on time_zeros.customer_number = tickets.customer_number
    where
        tickets.sold_on > time_zeros.day_zero
        and tickets.sold_on <= {{ add_days_to_date('time_zeros.day_zero', 'time_zeros.window_days') }}
    group by
        time_zeros.design, time_zeros.quarter_start, time_zeros.window_days, time_zeros.customer_number, time_zeros.is_treated

),

-- drawn on data of later months: kpis.md keeps such segments out of estimates
retrospective as (

    select distinct {{ quarter_of('month') }} as quarter_start
    from {{ ref('int_parameter_months') }}
    where parameter = 'value_thresholds' and not is_former and is_retrospective

),

final as (

    select
        time_zeros.design,
        time_zeros.quarter_start,
        time_zeros.window_days,
        time_zeros.customer_number,
        time_zeros.value_segment,
        retrospective.quarter_start is not null as is_segment_retrospective,
        time_zeros.is_treated,
        time_zeros.weight,
        cast(coalesce(bought.purchases, 0) as integer) as outcome_purchases,
        cast(coalesce(bought.net_amount, 0) as decimal(18, 4)) as outcome_amount,
        case when margins.is_known then cast(coalesce(bought.margin_amount, 0) as decimal(18, 4)) end as outcome_margin,
        covariates.x_days_since_0_2,
        covariates.x_days_since_3_7,
        covariates.x_days_since_8_14,
        covariates.x_days_since_15_30,
        covariates.x_last_amount,
        covariates.x_last_is_remote,
        covariates.x_last_is_returned,
        covariates.x_purchases_7,
        covariates.x_purchases_30,
        covariates.x_purchases_90,
        covariates.x_purchases_365,
        covariates.x_sessions_7,
        covariates.x_sessions_30,
        covariates.x_sessions_90,
        covariates.x_sessions_365,
        covariates.x_margin_365,
        covariates.x_tenure,
        covariates.x_month_2,
        covariates.x_month_3,
        covariates.x_gap_0_2,
        covariates.x_gap_3_7,
        covariates.x_gap_8_14,
        covariates.x_gap_15_30,
        covariates.x_gap_purchases
    from time_zeros
    cross join margins
    left join retrospective
        on time_zeros.quarter_start = retrospective.quarter_start
    inner join covariates
        on
            time_zeros.customer_number = covariates.customer_number
            and time_zeros.time_zero_at = covariates.time_zero_at
            and time_zeros.exposed_at = covariates.exposed_at
    left join bought
        on
            time_zeros.design = bought.design
            and time_zeros.quarter_start = bought.quarter_start
            and time_zeros.window_days = bought.window_days
            and time_zeros.customer_number = bought.customer_number
            and time_zeros.is_treated = bought.is_treated

)

select * from final
