-- The next generation: the unresolved come back, the abandoned try again or are called back, the transferred go on at once.

create or replace table next_arrivals as
with ended as (
    select
        contacts.*,
        draw_bits('next', contact_key) as bits,
        months.regime
    from contacts
    inner join days on days.day_no = cast(to_wall(opened_at) as date) - getvariable('first_month')
    inner join months on months.month_no = days.month_no
    where generation = getvariable('generation') and person_no is not null and is_identified and cause not in ('spam', 'duplicate', 'proactive')
),
decided as (
    select
        *,
        case
            when outcome = 'transferred' then 'continuation'
            when outcome = 'abandoned' and channel = 'phone' and regime = 'remedy' and part(bits, 0) < getvariable('story_call_back_share') then 'call_back'
            when outcome = 'abandoned' and part(bits, 16) < getvariable('service_retry_after_abandon_share') then 'retry'
            when outcome = 'unresolved' and part(bits, 16) < getvariable('service_repeat_after_unresolved_share') then 'repeat'
        end as next_cause
    from ended
),
planned as (
    select
        *,
        case when next_cause in ('continuation', 'call_back') then 'phone' when part(bits, 32) < 0.35 then 'phone' when is_automated then 'phone' else channel end as wished_channel,
        case next_cause
            when 'continuation' then closed_at + to_seconds(20 + cast(part(bits, 48) * 100 as integer))
            when 'call_back' then closed_at + to_seconds(2700 + cast(part(bits, 48) * 9000 as integer))
            when 'retry' then closed_at + to_seconds(600 + cast(waiting(part(bits, 48)) * 16000 as integer))
            when 'repeat' then closed_at + to_seconds(5400 + cast(waiting(part(bits, 48)) * 190000 as integer))
        end as wished_at
    from decided
    where next_cause is not null
),
channelled as (
    -- who was transferred stays on the channel
    select * replace (case when next_cause = 'continuation' then channel else wished_channel end as wished_channel), to_wall(wished_at) as wished_wall
    from planned
),
opened as (
    select
        channelled.*,
        case
            when next_cause = 'continuation' or wished_channel not in ('phone', 'chat', 'store_desk') then wished_at
            when day.is_open and hour(wished_wall) between 10 and 17 then wished_at
            else to_utc(getvariable('first_month')
                + to_days(cast(case when hour(wished_wall) < 10 or not day.is_open then day.open_day_no else next_day.open_day_no end as integer))
                + to_seconds(36600 + cast(draw('next morning', contact_key) * 20000 as integer)))
        end as next_opened_at
    from channelled
    inner join days as day on day.day_no = cast(wished_wall as date) - getvariable('first_month')
    inner join days as next_day on next_day.day_no = day.day_no + 1
)
select
    draw_bits('follow up', contact_key) as contact_key,
    case_key,
    person_no,
    wished_channel as channel,
    case when next_cause = 'call_back' then 'outbound' else 'inbound' end as direction,
    reason,
    next_opened_at as opened_at,
    cast(generation + 1 as integer) as generation,
    contact_key as previous_key,
    next_cause as cause
from opened
where next_opened_at < getvariable('end_at');

delete from arrivals;
insert into arrivals select * from next_arrivals;
