-- Who joined in a quarter, and who joined later and stands for them: spending in the 90 days before and after the day of joining, which
-- itself is in neither. Only tickets count that a key known before the first of these days ties to the customer, for both alike: a card
-- shows purchases that were made without it before.

with

run_context as (

    select * from {{ source('run', 'run_context') }}

),

members as (

    select * from {{ ref('int_loyalty_members') }}
    where allows_profiling

),

sales as (

    select
        {{ company_day('max(feed_status.horizon_at)', 'max(run_context.time_zone)') }} as first_day_unknown,
        max(feed_status.first_day) as first_day
    from {{ source('run', 'feed_status') }} as feed_status
    cross join run_context
    where feed_status.feed = 'pos_transactions' and feed_status.is_present

),

joined as (

    select
        members.*,
        row_number() over (
            partition by members.quarter_start
            order by {{ text_number("members.customer_id || cast(members.quarter_start as varchar)") }}, members.customer_id
        ) - 1 as place,
        count(*) over (partition by members.quarter_start) as joined,
        max(members.joined_on) over (partition by members.quarter_start) as last_joined_on
    from members
    cross join sales
    cross join run_context
    where
        members.quarter_start >= run_context.first_month
        and {{ add_days_to_date('members.joined_on', loyalty_window_days()) }} < sales.first_day_unknown
        and {{ add_days_to_date('members.joined_on', '-' ~ loyalty_window_days()) }} >= sales.first_day

),

treated as (

    select
        quarter_start,
        customer_number,
        true as is_treated,
        joined_on as day_zero,
        first_known_at,
        {{ safe_divide('joined', 'least(joined, ' ~ var('effect_treated_cap') ~ ')') }} as weight
    from joined
    where place < {{ var('effect_treated_cap') }}

),

quarters as (

    select
        quarter_start,
        max(joined) as joined,
        max(last_joined_on) as last_joined_on
    from joined
    group by quarter_start

),

-- not members until the last window of the quarter is over; each with the day of one who joined
drawn as (

    select
        quarters.quarter_start,
        quarters.joined,
        members.customer_number,
        members.first_known_at,
        {{ text_number("members.customer_id || 'day' || cast(quarters.quarter_start as varchar)") }} % quarters.joined as place
    from quarters
    inner join members
        on {{ add_days_to_date('quarters.last_joined_on', loyalty_window_days()) }} < members.joined_on
    qualify
        row_number() over (
            partition by quarters.quarter_start
            order by {{ text_number("members.customer_id || 'later' || cast(quarters.quarter_start as varchar)") }}, members.customer_id
        ) <= {{ var('effect_controls_cap') }}

),

later as (

    select
        drawn.quarter_start,
        drawn.customer_number,
        false as is_treated,
        joined.joined_on as day_zero,
        drawn.first_known_at,
        cast(1 as double) as weight
    from drawn
    inner join joined on drawn.quarter_start = joined.quarter_start and drawn.place = joined.place

),

together as (

    select * from treated
    union all
    select * from later

),

units as (

    select
        together.*,
        {{ from_company_time(add_days_to_date('together.day_zero', '-' ~ loyalty_window_days())) }} as window_start_at,
        {{ from_company_time(add_days_to_date('together.day_zero', '-2 * ' ~ loyalty_window_days())) }} as placebo_start_at,
        {{ add_days_to_date('together.day_zero', '-2 * ' ~ loyalty_window_days()) }} >= sales.first_day as is_placebo_covered
    from together
    cross join sales
    cross join run_context

),

sums as (

    select
        units.quarter_start,
        units.customer_number,
        units.is_treated,
        sum(
            case
                when tickets.sold_on > units.day_zero and tickets.tied_since < units.window_start_at then tickets.net_amount
            end
        ) as spend_after,
        sum(
            case
                when
                    tickets.sold_on < units.day_zero
                    and tickets.sold_on >= {{ add_days_to_date('units.day_zero', '-' ~ loyalty_window_days()) }}
                    and tickets.tied_since < units.window_start_at
                    then tickets.net_amount
            end
        ) as spend_before,
        sum(case when tickets.sold_on > units.day_zero then tickets.net_amount end) as all_spend_after,
        -- the same twice, a window earlier, of the keys that were known then
        sum(
            case
                when
                    tickets.sold_on < units.day_zero
                    and tickets.sold_on >= {{ add_days_to_date('units.day_zero', '-' ~ loyalty_window_days()) }}
                    and tickets.tied_since < units.placebo_start_at
                    then tickets.net_amount
            end
        ) as placebo_after,
        sum(
            case
                when
                    tickets.sold_on < {{ add_days_to_date('units.day_zero', '-' ~ loyalty_window_days()) }}
                    and tickets.tied_since < units.placebo_start_at
                    then tickets.net_amount
            end
        ) as placebo_before
    from units
    inner join {{ ref('int_loyalty_tickets') }} as tickets
        on
            units.customer_number = tickets.customer_number
            and {{ add_days_to_date('units.day_zero', '-2 * ' ~ loyalty_window_days()) }} <= tickets.sold_on
            and {{ add_days_to_date('units.day_zero', loyalty_window_days()) }} >= tickets.sold_on
    group by units.quarter_start, units.customer_number, units.is_treated

),

final as (

    select
        units.quarter_start,
        units.customer_number,
        units.is_treated,
        units.day_zero,
        units.weight,
        coalesce(units.first_known_at < units.window_start_at, false) as is_tied,
        coalesce(units.first_known_at < units.placebo_start_at and units.is_placebo_covered, false) as has_placebo,
        cast(coalesce(sums.spend_before, 0) as decimal(18, 4)) as spend_before,
        cast(coalesce(sums.spend_after, 0) as decimal(18, 4)) as spend_after,
        cast(coalesce(sums.all_spend_after, 0) as decimal(18, 4)) as all_spend_after,
        cast(coalesce(sums.placebo_before, 0) as decimal(18, 4)) as placebo_before,
        cast(coalesce(sums.placebo_after, 0) as decimal(18, 4)) as placebo_after,
        ln(1 + greatest({{ days_between('units.first_known_at', 'units.day_zero') }}, 0)) as x_tenure,
        {{ days_between('units.quarter_start', 'units.day_zero') }} as x_day
    from units
    left join sums
        on
            units.quarter_start = sums.quarter_start
            and units.customer_number = sums.customer_number
            and units.is_treated = sums.is_treated

)

select * from final
