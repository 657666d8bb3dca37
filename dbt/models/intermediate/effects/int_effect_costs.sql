-- How many customers each estimate is about, those that no sample holds too, and what their contacts have cost: every handled
-- contact from time zero to the end of the window, also those that would have been made anyway. So the net margin is no flattery.

with

exposures as (

    select * from {{ ref('int_effect_exposures') }}
    where design = 'main'

),

arms as (

    select * from {{ ref('int_effect_arms') }}
    where is_treated

),

contacts as (

    select
        customer_number,
        opened_at,
        opened_on,
        cast(round(handle_seconds * hourly_cost / 3600, 4) as decimal(18, 4)) as contact_cost
    from {{ ref('int_contacts') }}
    where customer_number is not null and is_handled

),

windows as (

    select * from {{ source('run', 'repurchase_windows') }}

),

horizon as (

    {{ first_day_unknown_of_effects() }}

),

treated as (

    select
        'estimate' as method,
        quarter_start,
        customer_number,
        value_segment,
        time_zero_at,
        day_zero
    from exposures

    union all

    select
        'hold_out' as method,
        quarter_start,
        customer_number,
        value_segment,
        time_zero_at,
        day_zero
    from arms

),

with_windows as (

    select
        treated.*,
        windows.window_days,
        coalesce(
            {{ add_days_to_date('treated.day_zero', 'windows.window_days') }} < horizon.first_day_unknown, false
        ) as is_mature
    from treated
    cross join windows
    cross join horizon

),

costs as (

    select
        with_windows.method,
        with_windows.quarter_start,
        with_windows.window_days,
        with_windows.value_segment,
        count(*) as contacts,
        count(contacts.contact_cost) as contacts_costed,
        sum(contacts.contact_cost) as contact_cost
    from with_windows
    inner join contacts
        on with_windows.customer_number = contacts.customer_number
    where
        with_windows.is_mature
        and contacts.opened_at >= with_windows.time_zero_at
        and contacts.opened_on <= {{ add_days_to_date('with_windows.day_zero', 'with_windows.window_days') }}
    group by with_windows.method, with_windows.quarter_start, with_windows.window_days, with_windows.value_segment

),

counts as (

    select
        method,
        quarter_start,
        window_days,
        value_segment,
        sum(case when is_mature then 1 else 0 end) as treated,
        sum(case when is_mature then 0 else 1 end) as immature_count
    from with_windows
    group by method, quarter_start, window_days, value_segment

),

final as (

    select
        counts.method,
        counts.quarter_start,
        counts.window_days,
        counts.value_segment,
        cast(counts.treated as bigint) as treated,
        cast(counts.immature_count as bigint) as immature_count,
        cast(coalesce(costs.contacts, 0) as bigint) as contacts,
        cast(coalesce(costs.contacts_costed, 0) as bigint) as contacts_costed,
        cast(costs.contact_cost as decimal(38, 4)) as contact_cost
    from counts
    left join costs
        on
            counts.method = costs.method
            and counts.quarter_start = costs.quarter_start
            and counts.window_days = costs.window_days
            and counts.value_segment = costs.value_segment

)

select * from final
