-- The bounded sample on which effects are estimated: exposed customers, and controls at a pseudo-date drawn from the days of
-- the exposed. A control had no contact before its date; what happens after it, a contact too, removes nobody.

with

draws as (

    select * from {{ ref('int_effect_draws') }}

),

customers as (

    select
        customer_id,
        customer_number
    from {{ ref('int_customers') }}
    where allows_profiling

),

holdings as (

    select * from {{ ref('int_effect_holdings') }}

),

eligible_contacts as (

    select
        customer_number,
        opened_at,
        opened_on
    from {{ ref('int_repurchase_contacts') }}

),

contacts as (

    select
        customer_number,
        opened_at,
        opened_on
    from {{ ref('int_contacts') }}
    where
        customer_number is not null
        and (is_handled or (is_inbound and is_abandoned) or (direction = 'outbound' and not is_set_aside))

),

segments as (

    select
        customer_id,
        month,
        value_segment
    from {{ ref('int_customer_month_segments') }}

),

drawn as (

    select * from {{ ref('int_effect_arms') }}

),

dated as (

    select * from draws
    where not is_treated

),

holding as (

    select distinct
        dated.design,
        dated.quarter_start,
        dated.customer_number
    from dated
    inner join holdings
        on dated.customer_number = holdings.customer_number
    where {{ is_held_at('dated.time_zero_at') }}

),

contacted as (

    select
        dated.design,
        dated.quarter_start,
        dated.customer_number
    from dated
    inner join eligible_contacts
        on dated.customer_number = eligible_contacts.customer_number
    where
        dated.design = 'main'
        and eligible_contacts.opened_on >= {{ add_days_to_date('dated.day_zero', '-(' ~ quiet_days() ~ ')') }}
        and eligible_contacts.opened_at <= dated.time_zero_at

    union

    select
        dated.design,
        dated.quarter_start,
        dated.customer_number
    from dated
    inner join contacts
        on dated.customer_number = contacts.customer_number
    where
        dated.design = 'negative_control'
        and contacts.opened_on >= {{ add_days_to_date('dated.day_zero', '-(' ~ quiet_days() ~ ' + ' ~ landmark_days() ~ ')') }}
        and contacts.opened_at <= dated.time_zero_at

),

quiet as (

    select
        dated.design,
        dated.quarter_start,
        dated.customer_id,
        dated.customer_number,
        dated.time_zero_at,
        dated.day_zero,
        dated.draw,
        dated.weight,
        segments.value_segment
    from dated
    inner join holding
        on
            dated.design = holding.design
            and dated.quarter_start = holding.quarter_start
            and dated.customer_number = holding.customer_number
    inner join segments
        on
            dated.customer_id = segments.customer_id
            and {{ month_of('dated.day_zero') }} = segments.month
    left join contacted
        on
            dated.design = contacted.design
            and dated.quarter_start = contacted.quarter_start
            and dated.customer_number = contacted.customer_number
    where contacted.customer_number is null and segments.value_segment >= 0

),

ranked_controls as (

    select
        quiet.*,
        row_number() over (partition by quiet.design, quiet.quarter_start order by quiet.draw, quiet.customer_id) as place,
        count(*) over (partition by quiet.design, quiet.quarter_start) as controls
    from quiet

),

controls as (

    select
        design,
        quarter_start,
        customer_number,
        false as is_treated,
        time_zero_at,
        day_zero,
        value_segment,
        weight * {{ safe_divide('controls', 'least(controls, ' ~ var('effect_controls_cap') ~ ')') }} as weight
    from ranked_controls
    where place <= {{ var('effect_controls_cap') }}

),

-- who has no segment is counted (int_effect_costs) and compared with nobody
ranked_arms as (

    select
        drawn.*,
        row_number() over (partition by quarter_start, is_treated order by draw, customer_number) as place,
        count(*) over (partition by quarter_start, is_treated) as customers
    from drawn
    where value_segment >= 0

),

arms as (

    select
        'hold_out' as design,
        quarter_start,
        customer_number,
        is_treated,
        time_zero_at,
        day_zero,
        value_segment,
        {{ safe_divide('customers', 'least(customers, ' ~ var('effect_controls_cap') ~ ')') }} as weight
    from ranked_arms
    where place <= {{ var('effect_controls_cap') }}

),

exposed as (

    select
        design,
        quarter_start,
        customer_number,
        is_treated,
        time_zero_at,
        day_zero,
        value_segment,
        weight
    from draws
    where is_treated

),

final as (

    select * from exposed
    union all
    select * from controls
    union all
    select * from arms

)

select * from final
