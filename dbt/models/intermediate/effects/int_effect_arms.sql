-- Who was drawn into which arm of an experiment, those too who refuse profiling or are too new for a segment.

with

customers as (

    select
        customer_id,
        customer_number,
        allows_profiling
    from {{ ref('int_customers') }}

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

-- A customer of two records is in the arm drawn first: what was drawn later cannot undo it.
assigned as (

    select
        assignments.experiment_code,
        assignments.arm,
        assignments.assigned_at as time_zero_at,
        {{ company_day('assignments.assigned_at') }} as day_zero,
        {{ quarter_of(company_day('assignments.assigned_at')) }} as quarter_start,
        customers.customer_id,
        customers.customer_number,
        customers.allows_profiling
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

final as (

    select
        assigned.quarter_start,
        assigned.customer_number,
        assigned.arm = 'treated' as is_treated,
        assigned.time_zero_at,
        assigned.day_zero,
        case
            when assigned.allows_profiling then {{ segment_at('segments.value_segment') }} else cast(-2 as integer)
        end as value_segment,
        {{ text_number("assigned.customer_id || assigned.experiment_code") }} as draw
    from assigned
    inner join experiments
        on
            assigned.quarter_start = experiments.quarter_start
            and assigned.experiment_code = experiments.experiment_code
    left join segments
        on
            assigned.customer_id = segments.customer_id
            and {{ month_of('assigned.day_zero') }} = segments.month

)

select * from final
