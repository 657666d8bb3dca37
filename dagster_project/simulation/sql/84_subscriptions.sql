-- Subscriptions and their true hazard of ending, month by month.
--
-- A subscription ends when its hazard, added up from the 31st day on, passes an exponential draw. The hazard of a day is
-- 1 / mean_days times the ratios of the criteria that held at the start of the calendar month; without criteria the sum is
-- the number of days. Sums are over whole millionths of a day, so that they are exact.

create table subscription_starts as
with drawn as (
    select
        people.person_no,
        draw_bits('subscription', people.person_no) as bits,
        people.first_day_no
    from people
    inner join identities using (person_no)
    where identities.is_in_crm and draw('subscribes', people.person_no) < 0.11
)
select
    *,
    first_day_no - case when first_day_no = 0 then 400 else 0 end + cast(floor(part(bits, 0) * 700) as integer) as start_day_no,
    cast(floor(getvariable('churn_mean_days') * waiting(part(bits, 16)) * 1000000) as bigint) as hazard_drawn,
    part(bits, 32) >= 0.7 as is_dearer_plan
from drawn;

-- What may lead a subscriber to leave, or keep them. The wish to leave is the one that the CRM's record shows.
create table subscriber_events as
select
    contacts.person_no,
    cast(to_wall(contacts.closed_at) as date) - getvariable('first_month') as day_no,
    contacts.outcome in ('unresolved', 'abandoned') as is_unresolved,
    coalesce(experiences.satisfaction < 3, false) as is_dissatisfied,
    contacts.outcome = 'resolved' and not contacts.is_automated as is_rescue,
    wishes_to_leave(contacts.reason, draw_bits('contact record', contacts.contact_key)) as has_intent,
    false as is_purchase
from contacts
semi join subscription_starts using (person_no)
left join experiences using (contact_key)
union all
select tickets.person_no, tickets.day_no, false, false, false, false, true
from tickets
semi join subscription_starts using (person_no);

create table subscription_months as
with spans as (
    select month_no, min(day_no) as first_day_no, max(day_no) + 1 as next_day_no
    from days
    where is_simulated
    group by month_no
),
lived as (
    select
        starts.person_no,
        starts.is_dearer_plan,
        starts.start_day_no,
        starts.hazard_drawn,
        spans.month_no,
        spans.first_day_no,
        greatest(spans.first_day_no, starts.start_day_no + 30) as from_day_no,
        spans.next_day_no
    from subscription_starts as starts
    inner join spans on spans.next_day_no > starts.start_day_no + 30
),
events as (
    select
        lived.person_no,
        lived.month_no,
        bool_or(is_unresolved) as is_unresolved,
        bool_or(is_dissatisfied) as is_dissatisfied,
        bool_or(is_rescue) as is_rescued,
        bool_or(has_intent) as has_intent,
        bool_or(is_purchase) as has_purchase
    from lived
    inner join subscriber_events
        on subscriber_events.person_no = lived.person_no
        and subscriber_events.day_no >= lived.first_day_no - getvariable('churn_window_days')
        and subscriber_events.day_no < lived.first_day_no
    group by lived.person_no, lived.month_no
),
criteria as (
    select
        lived.*,
        coalesce(events.is_unresolved, false) as is_unresolved,
        coalesce(events.is_dissatisfied, false) as is_dissatisfied,
        -- before the company's first day nothing is known of purchases
        not coalesce(events.has_purchase, false) and lived.first_day_no > 0 as is_unused,
        lived.first_day_no - lived.start_day_no < getvariable('churn_new_days') as is_new,
        coalesce(events.has_intent, false) as has_intent,
        coalesce(events.is_rescued, false) as is_rescued
    from lived
    left join events using (person_no, month_no)
),
weighed as (
    select
        *,
        case when is_unresolved then getvariable('churn_unresolved_ratio') else 1 end
        * case when is_dissatisfied then getvariable('churn_dissatisfied_ratio') else 1 end
        * case when is_unused then getvariable('churn_unused_ratio') else 1 end
        * case when is_new then getvariable('churn_new_ratio') else 1 end
        * case when is_dearer_plan then getvariable('churn_dearer_plan_ratio') else 1 end
        * case when has_intent then getvariable('churn_intent_ratio') else 1 end as ratio_without_rescue,
        ratio_without_rescue * case when is_rescued then 1 - getvariable('churn_rescue') else 1 end as ratio
    from criteria
),
hazards as (
    select *, cast(round((next_day_no - from_day_no) * ratio * 1000000) as bigint) as hazard
    from weighed
)
select
    *,
    -- the hazard before the company's first day, and that of the months before
    greatest(0, -(start_day_no + 30)) * 1000000::bigint
    + coalesce(sum(hazard) over (partition by person_no order by month_no rows between unbounded preceding and 1 preceding), 0) as hazard_before
from hazards;

create table subscriptions as
with in_months as (
    select person_no, from_day_no + cast(floor((hazard_drawn - hazard_before) / 1000000 / ratio) as integer) as end_day_no
    from subscription_months
    where hazard_before <= hazard_drawn and hazard_drawn < hazard_before + hazard
),
through as (
    select person_no, max(hazard_before + hazard) as hazard_upto, max(next_day_no) as next_day_no
    from subscription_months
    group by person_no
),
ended as (
    select
        starts.*,
        case
            -- before the company's first day, or the 30th day after its last
            when in_months.end_day_no is not null then in_months.end_day_no
            when through.hazard_upto <= hazard_drawn then through.next_day_no + cast((hazard_drawn - through.hazard_upto) // 1000000 as integer)
            else start_day_no + 30 + cast(hazard_drawn // 1000000 as integer)
        end as end_day_no
    from subscription_starts as starts
    left join in_months using (person_no)
    left join through using (person_no)
)
select
    person_no,
    subscription_id_of(person_no) as subscription_id,
    case when is_dearer_plan then 'Livraison Plus Famille' else 'Livraison Plus' end as plan,
    case when is_dearer_plan then 799 else 499 end as monthly_cents,
    to_utc(getvariable('first_month') + to_days(start_day_no) + to_seconds(30000 + cast(part(bits, 48) * 40000 as integer))) as started_at,
    to_utc(getvariable('first_month') + to_days(end_day_no) + to_seconds(79000)) as end_at,
    part(bits, 40) < 0.7 as asks_first,
    ['prix', 'usage', 'insatisfaction', 'demenagement'][1 + cast(floor(part(bits, 24) * 4) as integer)] as end_reason,
    end_day_no
from ended
where start_day_no < getvariable('days') - 1;
