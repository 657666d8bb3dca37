-- Days, months and the times of day: seasons, sales, closed Sundays and holidays, the story's months.
-- `holidays` (day) is filled before by the program.

-- One number for a kind of activity and a slot: the joins on it are on one column. (With two columns the planner joins the
-- two slot tables with each other on the kind first, 134 million rows.)
create macro day_key(kind, slot) as slot + case kind when 'store' then 0 else 65536 end;
create macro minute_key(kind, slot) as slot + 1024 * case kind when 'store' then 0 when 'web' then 1 when 'phone' then 2 else 3 end;

create table months as
select
    month_no::integer as month_no,
    cast(getvariable('first_month') + to_months(month_no::integer) as date) as month,
    cast(getvariable('months') - 1 - month_no as integer) as months_before_end,
    case
        when not getvariable('story_is_told') then 'normal'
        when months_before_end <= getvariable('story_remedy_month') then 'remedy'
        when months_before_end <= getvariable('story_recall_month') - getvariable('story_recall_months') then 'strained'
        when months_before_end <= getvariable('story_recall_month') then 'recall'
        else 'normal'
    end as regime,
    case regime
        when 'remedy' then getvariable('story_remedy_load')
        when 'strained' then getvariable('story_strained_load')
        when 'recall' then getvariable('story_recall_load')
        else 1.0
    end * case when month(month) = 12 then 1.05 else 1.0 end as load,
    case regime
        when 'remedy' then getvariable('story_remedy_resolution')
        when 'strained' then getvariable('story_strained_resolution')
        when 'recall' then getvariable('story_recall_resolution')
        else 0.0
    end as resolution
from range(0, getvariable('months')) as r (month_no);

create table days as
with plain as (
    select
        cast(day as date) as day,
        cast(day as date) - getvariable('first_month') as day_no,
        isodow(day) as weekday,
        month(day) as month_of_year,
        day(day) as day_of_month,
        datediff('month', getvariable('first_month'), cast(day as date)) as month_no,
        exists (from holidays where holidays.day = cast(r.day as date)) as is_holiday
    -- 120 days more than the simulation: what was begun before its end may end after it (and is then not exported)
    from range(getvariable('first_month'), getvariable('end_day') + 120, interval 1 day) as r (day)
),
kinds as (
    select
        *,
        weekday < 7 and not is_holiday as is_open,
        -- the French sales: four weeks from the second week of January and from the last week of June
        (month_of_year = 1 and day_of_month >= 8) or (month_of_year = 2 and day_of_month <= 4)
        or (month_of_year = 6 and day_of_month >= 25) or (month_of_year = 7 and day_of_month <= 22) as is_sale
    from plain
),
weights as (
    select
        *,
        [1.02, 0.92, 0.96, 0.94, 1.0, 0.97, 0.98, 0.78, 1.0, 0.98, 1.1, 1.3][month_of_year]
        * case when is_sale then 1.28 else 1.0 end
        * case
            when month_of_year = 12 and day_of_month between 5 and 23 then 1.35
            when month_of_year = 12 and day_of_month >= 26 then 0.75
            when month_of_year = 11 and day_of_month between 22 and 30 then 1.3
            else 1.0
        end as season
    from kinds
)
select
    *,
    day_no < getvariable('days') as is_simulated,
    case when is_open then round(pow(season * [0.8, 0.9, 1.05, 0.95, 1.15, 1.75, 1.0][weekday], getvariable('shopping_seasonality')), 9) else 0 end as store_weight,
    round(pow(season * [1.1, 1.0, 1.0, 1.0, 0.9, 0.9, 1.15][weekday], getvariable('shopping_seasonality')), 9) as web_weight,
    -- what the calls of a day have in common
    exp(0.09 * normal('day', day_no)) as load_factor,
    min(case when is_open then day_no end) over (order by day_no rows between current row and unbounded following) as open_day_no
from weights;

-- What part of all sales lies before a day, in whole slots: integers, so that the sums are exact.
create table day_shares as
with channels as (
    select 'store' as kind, day_no, cast(store_weight * 1000000 as bigint) as weight from days where is_simulated
    union all
    select 'web', day_no, cast(web_weight * 1000000 as bigint) from days where is_simulated
)
select
    kind,
    day_no,
    coalesce(sum(weight) over (partition by kind order by day_no rows between unbounded preceding and 1 preceding), 0)
    / sum(weight) over (partition by kind) as below
from channels
where weight > 0;

create table day_slots as
select kinds.kind, slot::integer as slot, day_key(kinds.kind, slot::integer) as day_key, day_shares.day_no
from (values ('store'), ('web')) as kinds (kind)
cross join range(0, 65536) as slots (slot)
asof join day_shares on day_shares.kind = kinds.kind and day_shares.below <= slot / 65536.0;

-- Where a day lies among the slots: a customer who joins on that day buys from there on.
create table day_starts as
select
    days.day_no,
    coalesce((select min(slot) from day_slots where kind = 'store' and day_slots.day_no >= days.day_no), 65536) as store_slot,
    coalesce((select min(slot) from day_slots where kind = 'web' and day_slots.day_no >= days.day_no), 65536) as web_slot
from days;

-- Times of day by kind of activity: weights per hour, read off in 1,024 slots.
create table hour_weights as
select kind, hour::integer as hour, weights[hour + 1] as weight
from (values
    ('store', [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 10, 9, 7, 8, 10, 12, 13, 10, 4, 0, 0, 0, 0]),
    ('web', [2, 1, 1, 1, 1, 1, 2, 4, 6, 7, 8, 8, 10, 10, 8, 7, 7, 8, 9, 11, 14, 15, 11, 6]),
    ('phone', [0, 0, 0, 0, 0, 0, 0, 0, 0, 13, 16, 14, 8, 7, 9, 9, 9, 11, 8, 0, 0, 0, 0, 0]),
    ('chat', [0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 11, 10, 11, 10, 9, 9, 9, 10, 11, 9, 0, 0, 0, 0])
) as profiles (kind, weights)
cross join range(0, 24) as hours (hour);

create table minute_slots as
with below as (
    select
        kind,
        hour,
        weight,
        coalesce(sum(weight) over (partition by kind order by hour rows between unbounded preceding and 1 preceding), 0) as weight_below,
        sum(weight) over (partition by kind) as total
    from hour_weights
)
select
    minute_key(kind, slot::integer) as minute_key,
    cast(hour * 60 + floor(60 * (slot / 1024.0 * total - weight_below) / weight) as integer) as minute
from below
inner join range(0, 1024) as slots (slot)
    on slot / 1024.0 * total >= weight_below and slot / 1024.0 * total < weight_below + weight;
