-- What becomes of the contacts of one generation: who answers, after how long, how it ends.
--
-- Waits on the synchronous channels: with the load r of the hour (calls to staff, by hour, weekday, month and a common
-- factor of the day) a caller waits at all with probability r^3, then exponentially with a mean that grows as 1 / (1.08 - r):
-- the shape of Erlang's formula without its counts, so that it holds at any size of the sample. Whoever's patience ends
-- first abandons. Asynchronous channels: log-normal delays, answered in opening hours.

insert into contacts
with placed as (
    select
        arrivals.*,
        to_wall(opened_at) as opened_wall,
        cast(opened_wall as date) - getvariable('first_month') as day_no,
        draw_bits('answer', contact_key) as a,
        draw_bits('answer more', contact_key) as b,
        draw_bits('answer end', contact_key) as c,
        normal('talk', contact_key) as talk_normal,
        normal('delay', contact_key) as delay_normal,
        coalesce(periods.family, 'unknown') as family,
        coalesce(periods.segment, 0) as segment,
        coalesce(periods.patience_factor, 1.0) as patience_factor,
        coalesce(periods.language, 'en') as language
    from arrivals
    left join periods
        on periods.person_no = arrivals.person_no
        and cast(to_wall(arrivals.opened_at) as date) - getvariable('first_month') between periods.from_day_no and periods.upto_day_no
),
loaded as (
    select
        placed.*,
        days.month_no,
        months.regime,
        months.resolution as regime_resolution,
        channel in ('phone', 'chat', 'store_desk') as is_synchronous,
        cause in ('continuation', 'call_back', 'proactive') as is_expected,
        least(1.02, getvariable('service_base_load')
            * coalesce([0.84, 1.02, 1.06, 0.84, 0.72, 0.78, 0.84, 0.94, 1.08, 0.98][hour(opened_wall) - 8], 0.8)
            * [1.1, 1.0, 0.98, 0.96, 0.99, 0.88, 0.8][isodow(opened_wall)]
            -- the chat came with the remedy and is well staffed; the shops have their own rhythm
            * case channel when 'phone' then months.load when 'chat' then 0.82 when 'store_desk' then 0.72 else months.load end
            * days.load_factor) as load
    from placed
    inner join days on days.day_no = placed.day_no and days.is_simulated
    inner join months on months.month_no = days.month_no
),
waiting_times as (
    select
        *,
        case when is_synchronous and not is_expected then
            getvariable('service_wait_scale')
            * case when segment = 5 and channel = 'phone' then getvariable('service_priority_factor') else 1 end
            * case when part(a, 0) < least(0.97, pow(load, 3))
                then 6 + case channel when 'phone' then 34 when 'chat' then 22 else 55 end * load / greatest(0.1, 1.08 - load) * waiting(part(a, 16))
                else 1 + 6 * part(a, 16)
            end
        else 0 end as queue_seconds,
        getvariable('service_patience_seconds') * patience_factor * case channel when 'chat' then 0.6 when 'store_desk' then 8 else 1 end * waiting(part(a, 32)) as patience_seconds,
        -- messages: hours until the answer, before opening hours are looked at
        case channel when 'email' then 6.0 when 'form' then 7.5 when 'social' then 2.5 else 0.7 end
        * pow(load / getvariable('service_base_load'), 2.2) * exp(0.8 * delay_normal) * getvariable('service_wait_scale') as delay_hours,
        cause not in ('spam', 'duplicate') and not is_expected and generation = 0
        and ((channel = 'chat' and part(a, 48) < getvariable('service_automated_chat_share')) or (channel = 'messaging' and part(a, 48) < getvariable('service_automated_chat_share') / 2)) as is_automated
    from loaded
),
answer_walls as (
    select
        *,
        not is_automated and is_synchronous and channel <> 'store_desk' and queue_seconds > patience_seconds as is_abandoned,
        to_wall(opened_at + to_seconds(cast(120 + delay_hours * 3600 as integer))) as answer_wall
    from waiting_times
),
in_hours as (
    -- a message that would be answered at night or on a closed day is answered in the next morning's opening hours
    select
        answer_walls.*,
        case
            when hour(answer_wall) between 8 and 19 and day.is_open then answer_wall
            when hour(answer_wall) < 8 or not day.is_open then getvariable('first_month') + to_days(cast(day.open_day_no as integer)) + to_seconds(30600 + cast(part(b, 0) * 9000 as integer))
            else getvariable('first_month') + to_days(cast(next_day.open_day_no as integer)) + to_seconds(30600 + cast(part(b, 0) * 9000 as integer))
        end as office_wall
    from answer_walls
    inner join days as day on day.day_no = cast(answer_wall as date) - getvariable('first_month')
    inner join days as next_day on next_day.day_no = day.day_no + 1
),
answered as (
    select
        *,
        case
            when is_automated or is_abandoned or cause in ('spam', 'duplicate') then null
            when is_expected and direction = 'outbound' then opened_at + to_seconds(8 + cast(part(a, 0) * 20 as integer))
            when is_synchronous then opened_at + to_seconds(cast(queue_seconds as integer))
            else greatest(opened_at + to_seconds(60), to_utc(office_wall))
        end as answered_at,
        case
            when direction = 'outbound' then 'Rappel clients'
            when channel = 'phone' then case when part(b, 16) < 0.55 then 'Téléphone Lille' else 'Téléphone Nantes' end
            when channel in ('chat', 'messaging') then 'Digital Lille'
            when channel = 'store_desk' then 'Magasins'
            else 'Écrit Nantes'
        end as wanted_team,
        cast(greatest(35, case channel when 'phone' then 285 when 'chat' then 520 when 'store_desk' then 340 when 'messaging' then 300 else 390 end * exp(0.5 * talk_normal)) as integer) as talk_seconds,
        case
            when direction = 'outbound' then 'rappel'
            when cause = 'continuation' then 'expert'
            when channel = 'phone' and segment = 5 then 'prioritaire'
            when reason in ('livraison', 'commande', 'facture') then 'commandes'
            when reason in ('retour_remboursement', 'produit_defectueux', 'rappel_produit', 'reclamation') then 'apres_vente'
            else 'conseil'
        end as queue
    from in_hours
),
staffed as (
    select answered.*, staff.team, staff.agent_nos[1 + cast(floor(part(b, 32) * len(staff.agent_nos)) as integer)] as agent_no
    from answered
    left join staff on staff.month_no = answered.month_no and staff.team = answered.wanted_team and answered.answered_at is not null
),
ended as (
    select
        staffed.*,
        case
            when cause = 'spam' then 'spam'
            when cause = 'duplicate' then 'merged'
            when is_abandoned then 'abandoned'
            when is_automated then case when part(c, 0) < 0.62 then 'resolved' else 'unresolved' end
            when direction = 'inbound' and cause <> 'continuation' and channel in ('phone', 'chat', 'email') and part(c, 16) < getvariable('service_transfer_share') then 'transferred'
            when part(c, 0) < getvariable('service_resolution_share') + regime_resolution + coalesce(agents.quality, 0)
                + case reason when 'rappel_produit' then -0.12 when 'retour_remboursement' then -0.05 when 'reclamation' then -0.10 when 'information_produit' then 0.08 when 'magasin' then 0.10 else 0 end
                + case when channel = 'store_desk' then 0.05 when direction = 'outbound' then 0.06 else 0 end
                then 'resolved'
            else 'unresolved'
        end as outcome
    from staffed
    left join agents using (agent_no)
)
select
    contact_key,
    case_key,
    person_no,
    channel,
    direction,
    reason,
    opened_at,
    generation,
    previous_key,
    cause,
    answered_at,
    case
        when outcome = 'abandoned' then opened_at + to_seconds(cast(greatest(1, patience_seconds) as integer))
        when outcome in ('spam', 'merged') then opened_at + to_seconds(3600 + cast(part(c, 32) * 30000 as integer))
        when is_automated then opened_at + to_seconds(60 + cast(part(c, 32) * 300 as integer))
        when is_synchronous then answered_at + to_seconds(talk_seconds + case when part(c, 32) < 0.25 then cast(20 + 160 * part(b, 48) as integer) else 0 end)
        -- a quarter of the written matters needs a second day
        when part(c, 32) < 0.25 then answered_at + to_seconds(talk_seconds + cast(7200 + 100000 * waiting(part(b, 48)) as integer))
        else answered_at + to_seconds(talk_seconds)
    end as closed_at,
    case when answered_at is not null then talk_seconds end as talk_seconds,
    case when answered_at is not null and is_synchronous then case when part(c, 32) < 0.25 then cast(20 + 160 * part(b, 48) as integer) else 0 end end as hold_seconds,
    case when answered_at is not null then cast(20 + 100 * part(c, 48) as integer) end as wrap_up_seconds,
    outcome,
    agent_no,
    team,
    queue,
    case when outcome = 'transferred' then 1 else 0 end as transfer_count,
    case when outcome = 'resolved' and not is_synchronous and not is_automated and part(b, 0) < 0.04 then 1 else 0 end as reopen_count,
    is_automated,
    person_no is not null and (direction = 'outbound' or generation > 0
        or part(b, 48) >= getvariable('service_unidentified_share') * case channel when 'social' then 5 when 'store_desk' then 2 else 1 end) as is_identified,
    cast(date_diff('second', opened_at, answered_at) as integer) as wait_seconds,
    case channel when 'phone' then 45 when 'chat' then 30 when 'store_desk' then 90 when 'email' then 30000 when 'form' then 36000 when 'social' then 14000 else 6000 end as usual_wait_seconds,
    segment,
    family,
    language
from ended;
