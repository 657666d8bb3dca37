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

assignments as (

    select * from {{ ref('stg_crm__assignments') }}

),

customer_keys as (

    select * from {{ ref('int_customer_keys') }}

),

run_context as (

    select * from {{ source('run', 'run_context') }}

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

-- A customer of two records is in the arm drawn first: what was drawn later cannot undo it.
assigned as (

    select
        assignments.experiment_code,
        assignments.arm,
        assignments.assigned_at as time_zero_at,
        {{ company_day('assignments.assigned_at') }} as day_zero,
        {{ quarter_of(company_day('assignments.assigned_at')) }} as quarter_start,
        customers.customer_id,
        customers.customer_number
    from assignments
    inner join customer_keys
        on assignments.customer_id_hash = customer_keys.source_key_hash
    inner join customers
        on customer_keys.customer_id = customers.customer_id
    cross join run_context
    where assignments.arm in ('treated', 'held_out')
    qualify
        row_number() over (
            partition by assignments.experiment_code, customers.customer_number
            order by assignments.assigned_at, assignments.customer_id_hash
        ) = 1

),

-- One experiment for each quarter, the largest: two of them pooled are no random draw.
experiments as (

    select
        quarter_start,
        experiment_code
    from assigned
    group by quarter_start, experiment_code
    having min(arm) <> max(arm)
    qualify row_number() over (partition by quarter_start order by count(*) desc, experiment_code asc) = 1

),

ranked_arms as (

    select
        assigned.quarter_start,
        assigned.customer_number,
        assigned.arm,
        assigned.time_zero_at,
        assigned.day_zero,
        segments.value_segment,
        row_number() over (
            partition by assigned.quarter_start, assigned.arm
            order by {{ text_number("assigned.customer_id || assigned.experiment_code") }}, assigned.customer_id
        ) as place,
        count(*) over (partition by assigned.quarter_start, assigned.arm) as customers
    from assigned
    inner join experiments
        on
            assigned.quarter_start = experiments.quarter_start
            and assigned.experiment_code = experiments.experiment_code
    inner join segments
        on
            assigned.customer_id = segments.customer_id
            and {{ month_of('assigned.day_zero') }} = segments.month
    where segments.value_segment >= 0

),

arms as (

    select
        'hold_out' as design,
        quarter_start,
        customer_number,
        arm = 'treated' as is_treated,
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
