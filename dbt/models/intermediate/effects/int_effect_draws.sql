-- Who is drawn of each quarter before anything is asked of them: exposed customers, and candidates for controls with a pseudo-date
-- that is the time zero of an exposed one. A table of its own, so that what is asked then is asked of few.

with

exposures as (

    select * from {{ ref('int_effect_exposures') }}
    where value_segment >= 0

),

customers as (

    select
        customer_id,
        customer_number,
        {{ text_number('customer_id') }} as customer_draw
    from {{ ref('int_customers') }}
    where allows_profiling

),

holdings as (

    select * from {{ ref('int_effect_holdings') }}

),

ranked_exposures as (

    select
        exposures.*,
        customers.customer_id,
        row_number() over (
            partition by exposures.design, exposures.quarter_start
            order by
                {{ text_number("customers.customer_id || exposures.design || cast(exposures.quarter_start as varchar)") }},
                customers.customer_id
        ) - 1 as place,
        count(*) over (partition by exposures.design, exposures.quarter_start) as exposed
    from exposures
    inner join customers
        on exposures.customer_number = customers.customer_number

),

exposed as (

    select
        design,
        quarter_start,
        customer_id,
        customer_number,
        true as is_treated,
        time_zero_at,
        day_zero,
        value_segment,
        place as draw,
        {{ safe_divide('exposed', 'least(exposed, ' ~ var('effect_treated_cap') ~ ')') }} as weight
    from ranked_exposures
    where place < {{ var('effect_treated_cap') }}

),

quarters as (

    select
        design,
        quarter_start,
        max(exposed) as exposed,
        cast(extract(year from quarter_start) * 4 + extract(quarter from quarter_start) as bigint) as quarter_number
    from ranked_exposures
    group by design, quarter_start

),

buyers as (

    select distinct
        customers.customer_id,
        customers.customer_number,
        customers.customer_draw
    from holdings
    inner join customers
        on holdings.customer_number = customers.customer_number

),

-- three times as many as are wanted: some have no purchase yet, or had a contact
shares as (

    select least(1.0, 3.0 * {{ var('effect_controls_cap') }} / greatest(count(*), 1)) as share
    from buyers

),

-- each quarter takes another part of the circle on which the customers stand in the order of their draw (2^31 and its golden part)
drawn as (

    select
        quarters.design,
        quarters.quarter_start,
        buyers.customer_id,
        buyers.customer_number,
        {{ text_number("buyers.customer_id || 'control' || quarters.design || cast(quarters.quarter_start as varchar)") }} as draw,
        {{ text_number("buyers.customer_id || 'date' || quarters.design || cast(quarters.quarter_start as varchar)") }}
        % quarters.exposed as place,
        shares.share
    from buyers
    cross join quarters
    cross join shares
    where (buyers.customer_draw + quarters.quarter_number * 1327217885) % 2147483648 < shares.share * 2147483648

),

candidates as (

    select
        drawn.design,
        drawn.quarter_start,
        drawn.customer_id,
        drawn.customer_number,
        false as is_treated,
        ranked_exposures.time_zero_at,
        ranked_exposures.day_zero,
        cast(null as integer) as value_segment,
        drawn.draw,
        {{ safe_divide('1', 'drawn.share') }} as weight
    from drawn
    inner join ranked_exposures
        on
            drawn.design = ranked_exposures.design
            and drawn.quarter_start = ranked_exposures.quarter_start
            and drawn.place = ranked_exposures.place

),

final as (

    select * from exposed
    union all
    select * from candidates

)

select * from final
