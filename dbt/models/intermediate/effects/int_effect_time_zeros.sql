-- Each drawn customer with each window that is over, and the placebo: the same customers a window and a month earlier, if they
-- had bought by then and had no contact in the 90 days before.

with

sample as (

    select * from {{ ref('int_effect_sample') }}

),

windows as (

    select * from {{ source('run', 'repurchase_windows') }}

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

segments as (

    select
        customer_id,
        month,
        value_segment
    from {{ ref('int_customer_month_segments') }}

),

known as (

    {{ first_day_known_of_effects() }}

),

horizon as (

    {{ first_day_unknown_of_effects() }}

),

mature as (

    select
        sample.design,
        sample.quarter_start,
        windows.window_days,
        sample.customer_number,
        sample.is_treated,
        sample.weight,
        sample.value_segment,
        sample.time_zero_at,
        sample.day_zero,
        sample.time_zero_at as exposed_at,
        sample.day_zero as exposed_on
    from sample
    cross join windows
    cross join horizon
    where {{ add_days_to_date('sample.day_zero', 'windows.window_days') }} < horizon.first_day_unknown

),

earlier as (

    select
        quarter_start,
        window_days,
        customer_number,
        is_treated,
        weight,
        {{ add_days('time_zero_at', '-(window_days + ' ~ placebo_gap_days() ~ ')') }} as time_zero_at,
        {{ add_days_to_date('day_zero', '-(window_days + ' ~ placebo_gap_days() ~ ')') }} as day_zero,
        exposed_at,
        exposed_on
    from mature
    where design = 'main'

),

holding as (

    select distinct
        earlier.quarter_start,
        earlier.window_days,
        earlier.customer_number,
        earlier.is_treated
    from earlier
    inner join holdings
        on earlier.customer_number = holdings.customer_number
    where {{ is_held_at('earlier.time_zero_at') }}

),

contacted as (

    select distinct
        earlier.quarter_start,
        earlier.window_days,
        earlier.customer_number,
        earlier.is_treated
    from earlier
    inner join eligible_contacts
        on earlier.customer_number = eligible_contacts.customer_number
    where
        eligible_contacts.opened_on >= {{ add_days_to_date('earlier.day_zero', '-(' ~ quiet_days() ~ ')') }}
        and eligible_contacts.opened_at <= earlier.time_zero_at

),

placebo as (

    select
        earlier.quarter_start,
        earlier.window_days,
        earlier.customer_number,
        earlier.is_treated,
        earlier.weight,
        segments.value_segment,
        earlier.time_zero_at,
        earlier.day_zero,
        earlier.exposed_at,
        earlier.exposed_on
    from earlier
    cross join known
    inner join holding
        on
            earlier.quarter_start = holding.quarter_start
            and earlier.window_days = holding.window_days
            and earlier.customer_number = holding.customer_number
            and earlier.is_treated = holding.is_treated
    inner join customers
        on earlier.customer_number = customers.customer_number
    inner join segments
        on
            customers.customer_id = segments.customer_id
            and {{ month_of('earlier.day_zero') }} = segments.month
    left join contacted
        on
            earlier.quarter_start = contacted.quarter_start
            and earlier.window_days = contacted.window_days
            and earlier.customer_number = contacted.customer_number
            and earlier.is_treated = contacted.is_treated
    where
        contacted.customer_number is null
        and segments.value_segment >= 0
        and earlier.day_zero >= known.known_from

),

final as (

    select * from mature
    union all
    select
        'placebo' as design,
        placebo.*
    from placebo

)

select * from final
