-- What is true: who is who, what people are like, the effects. Nothing of this enters the inbox.
--
-- The as-of day of truth is the first day of the last month, as that of the published segments: the last 12 months end
-- before it, the next 12 begin with it. `seen_...` is what a company that knew who is who would have seen by then, since
-- the customer came (or changed); `identified_...` the same of the purchases whose ticket names the customer: from it
-- `oracle.py` computes what an oracle could know.

create view truth_links as
select 'crm' as source, customer_id as source_key, person_no as person_id from identities where is_in_crm
union all
-- ids that the tills know and the CRM does not
select 'crm', customer_id, person_no from identities where not is_in_crm
union all
select 'crm', duplicate_customer_id, person_no from identities where is_duplicated
union all
select 'loyalty', loyalty_card_id, person_no from identities where loyalty_card_id is not null
union all
select 'email', email, person_no from identities where has_email
union all
select 'email', replace(email, '@', '.nouveau@'), person_no from identities where has_email and changed_email and is_in_crm
union all
select 'email', second_email, person_no from identities where has_email and is_duplicated and second_email is not null
union all
select 'phone', '33' || substr(second_phone, 2), person_no from identities where has_phone and is_duplicated and not has_shared_phone and second_phone is not null
union all
select 'phone', '33' || substr(phone, 2), person_no from identities where has_phone and not has_shared_phone;

create table truth_as_of as
select min(day_no) as day_no, max(month_no) as month_no, min(day) as day from days where month_no = getvariable('months') - 1;

-- Expected quantity, price kept after discounts (sales weigh as they sell), and the margin of what is taken in exchange.
create table expected_line as
with draws as (select (i + 0.5) / 10000 as u from range(0, 10000) as r (i)),
sale_shares as (
    select
        sum(cast(store_weight * 1000000 as bigint)) filter (is_sale) / sum(cast(store_weight * 1000000 as bigint)) as store_share,
        sum(cast(web_weight * 1000000 as bigint)) filter (is_sale) / sum(cast(web_weight * 1000000 as bigint)) as web_share
    from days
    where is_simulated
),
means as (
    select
        sum(quantity_of(u)) / count(*) as quantity,
        1 - sum(discount_percent_of(true, u)) / count(*) / 100 as kept_in_sales,
        1 - sum(discount_percent_of(false, u)) / count(*) / 100 as kept_otherwise
    from draws
)
select
    quantity,
    coalesce(store_share, 0) * kept_in_sales + (1 - coalesce(store_share, 0)) * kept_otherwise as store_kept,
    coalesce(web_share, 0) * kept_in_sales + (1 - coalesce(web_share, 0)) * kept_otherwise as web_kept,
    (select sum(price_cents * margin_percent) / count(*) from product_slots) as exchange_margin_hundredths
from means
cross join sale_shares;

create table truth_margins as
with expected as (
    select
        people.person_no,
        people.web_share,
        1 - 1 / people.lines_per_ticket as more,
        -- a geometric number of lines, at most ten
        1 + more * (1 - pow(more, 9)) / (1 - more) as lines,
        people.web_share * getvariable('shopping_web_return_share') + (1 - people.web_share) * getvariable('shopping_store_return_share') as return_share,
        tastes.mean_margin_hundredths,
        expected_line.*
    from people
    inner join tastes using (taste_no)
    cross join expected_line
)
select
    person_no,
    round((
        lines * mean_margin_hundredths * quantity * (web_share * web_kept + (1 - web_share) * store_kept) * (1 - getvariable('shopping_cancelled_line_share'))
        * (1 - return_share * (1 + getvariable('shopping_returned_line_share') * (lines - 1)) / lines)
        + return_share * getvariable('shopping_exchange_share') * exchange_margin_hundredths
    ) / 10000, 6) as margin_per_ticket
from expected;

-- Families are judged by the contacts of 24 months.
create table truth_contact_window as
select min(days.day_no) as first_day_no from days inner join truth_as_of on days.month_no >= truth_as_of.month_no - 24;

-- Whether a ticket names the person in any way, and with what probability it does.
create macro names_customer(has_card, has_email, sales_channel, bits) as
    shows_card(has_card, sales_channel, bits) or shows_customer(has_card, sales_channel, bits) or (is_guest(sales_channel, bits) and has_email);
create macro named_share(has_card, has_email, kind) as case
    when kind = 'web' then 1 - getvariable('identity_guest_order_share') * (case when has_email then 0 else 1 end) * (case when has_card then 0.45 else 1 end)
    when has_card then 1 - 0.12 * 0.65
    else 0.30
end;

create table truth_purchases as
with current as (
    select
        periods.person_no,
        greatest(periods.first_day_no, 0) as since_day_no,
        (select day_no from truth_as_of) as day_no
    from periods
    where (select day_no from truth_as_of) between periods.from_day_no and periods.upto_day_no and periods.first_day_no < (select day_no from truth_as_of)
),
bought as (
    select
        current.person_no,
        count(*) as seen_purchases,
        count(*) filter (tickets.day_no >= (select first_day_no from truth_contact_window)) as purchases_24m,
        max(tickets.day_no) as last_day_no,
        count(*) filter (names_customer(identities.has_card, identities.has_email, tickets.sales_channel, tickets.bits)) as identified_purchases,
        max(tickets.day_no) filter (names_customer(identities.has_card, identities.has_email, tickets.sales_channel, tickets.bits)) as identified_last_day_no
    from current
    inner join identities using (person_no)
    inner join tickets on tickets.person_no = current.person_no and tickets.day_no >= current.since_day_no and tickets.day_no < current.day_no
    group by current.person_no
)
select
    current.person_no,
    coalesce(bought.purchases_24m, 0) as purchases_24m,
    coalesce(bought.identified_purchases, 0) as identified_purchases,
    round(people.web_share * named_share(identities.has_card, identities.has_email, 'web') + (1 - people.web_share) * named_share(identities.has_card, identities.has_email, 'store'), 6) as identified_share,
    people.web_share * named.web_slot + (1 - people.web_share) * named.store_slot as named_slot,
    current.day_no - current.since_day_no as seen_days,
    coalesce(bought.seen_purchases, 0) as seen_purchases,
    -- days until the last purchase, on a clock that runs with the season: purchases are spread by it
    people.web_share * since.web_slot + (1 - people.web_share) * since.store_slot as since_slot,
    people.web_share * upto.web_slot + (1 - people.web_share) * upto.store_slot as upto_slot,
    people.web_share * latest.web_slot + (1 - people.web_share) * latest.store_slot as latest_slot,
    round(case when since_slot < upto_slot then (current.day_no - current.since_day_no) * (latest_slot - since_slot) / (upto_slot - since_slot) else 0 end, 6) as seen_days_until_last,
    round(case when since_slot < upto_slot then (current.day_no - current.since_day_no) * (named_slot - since_slot) / (upto_slot - since_slot) else 0 end, 6) as identified_days_until_last
from current
inner join people using (person_no)
inner join identities using (person_no)
left join bought using (person_no)
left join day_starts as named on named.day_no = bought.identified_last_day_no
inner join day_starts as since on since.day_no = current.since_day_no
inner join day_starts as upto on upto.day_no = current.day_no
left join day_starts as latest on latest.day_no = bought.last_day_no;

create table truth_amounts as
select
    person_months.person_no,
    coalesce(sum(net_cents) filter (person_months.month_no >= truth_as_of.month_no - 12), 0) as net_cents_12m,
    coalesce(sum(margin_hundredths) filter (person_months.month_no >= truth_as_of.month_no - 12), 0) as margin_hundredths_12m,
    coalesce(sum(margin_hundredths) filter (changes.month_no is null or person_months.month_no >= changes.month_no), 0) as seen_margin_hundredths
from person_months
inner join truth_as_of on person_months.month_no < truth_as_of.month_no
left join (select periods.person_no, days.month_no from periods inner join days on days.day_no = periods.first_day_no where periods.period_no = 1) as changes
    on changes.person_no = person_months.person_no
group by person_months.person_no;

-- The most probable family by what a contact centre sees: how often somebody calls, on which channels. The number of first
-- contacts is negative binomial (the log-normal spread of people taken as a gamma of the same mean and variance), the
-- channels are drawn from the family's own shares. Sums over whole millionths of a logarithm, so that they are exact.
create table truth_oracle_families as
with candidates as (
    select family, factor, share
    from (values
        ('soliciting', 1.65, getvariable('people_family_cuts')[1]),
        ('time_pressed', 1.0, getvariable('people_family_cuts')[2] - getvariable('people_family_cuts')[1]),
        ('autonomous', 0.6, getvariable('people_family_cuts')[3] - getvariable('people_family_cuts')[2]),
        ('trusting', 0.9, 1 - getvariable('people_family_cuts')[3])
    ) as c (family, factor, share)
),
current as (
    select periods.*
    from periods
    where (select day_no from truth_as_of) between periods.from_day_no and periods.upto_day_no and periods.first_day_no < (select day_no from truth_as_of)
),
first_contacts_seen as (
    select contacts.person_no, contacts.channel, months.regime = 'remedy' as has_chat, count(*) as contacts
    from contacts
    inner join days on days.day_no = cast(to_wall(contacts.opened_at) as date) - getvariable('first_month')
    inner join months on months.month_no = days.month_no
    inner join current on current.person_no = contacts.person_no and days.day_no >= current.first_day_no and days.day_no < (select day_no from truth_as_of)
        and days.day_no >= (select first_day_no from truth_contact_window)
    where contacts.generation = 0 and contacts.is_identified and contacts.cause in ('purchase', 'self')
    group by all
),
channels as (
    select seen.person_no, candidates.family, sum(contacts) as contacts,
        sum(contacts * cast(round(1000000 * ln(greatest(choice.upto - choice.below, 0.0001))) as bigint)) as score
    from first_contacts_seen as seen
    cross join candidates
    left join channel_choice as choice
        on choice.family = candidates.family and choice.has_chat = seen.has_chat and choice.channel = seen.channel
    group by seen.person_no, candidates.family
),
exposures as (
    select
        current.person_no,
        -- contacts expected of a factor of 1
        greatest(0.0001, (1 - getvariable('service_unidentified_share')) * (
            greatest(0, least(current.last_day_no + 1, (select day_no from truth_as_of)) - greatest(current.first_day_no, (select first_day_no from truth_contact_window)))
            / 365.25 * getvariable('service_own_contacts_per_year')
            + coalesce(truth_purchases.purchases_24m, 0) * (people.web_share * getvariable('service_contact_per_web_ticket') + (1 - people.web_share) * getvariable('service_contact_per_store_ticket'))
        )) as exposure
    from current
    inner join people using (person_no)
    left join truth_purchases using (person_no)
),
scored as (
    select
        exposures.person_no,
        candidates.family,
        coalesce(channels.score, 0)
        + cast(round(1000000 * (
            ln(greatest(candidates.share, 0.000001))
            + (1 / (exp(0.2025) - 1)) * ln(1 / (1 + exposure * candidates.factor * (exp(0.2025) - 1)))
            + coalesce(channels.contacts, 0) * ln(exposure * candidates.factor * (exp(0.2025) - 1) / (1 + exposure * candidates.factor * (exp(0.2025) - 1)))
        )) as bigint) as score,
        coalesce(channels.contacts, 0) as seen_contacts
    from exposures
    cross join candidates
    left join channels on channels.person_no = exposures.person_no and channels.family = candidates.family
)
select person_no, any_value(seen_contacts) as seen_contacts, arg_max(family, (score, family)) as oracle_family
from scored
group by person_no;

-- Of the changed the purchases of the first three months after it that name them, and how many there would be at one
-- purchase a year if nobody left: a year's purchases are laid over the seasons until the end of the simulation.
create table truth_after_change as
with windows as (
    select
        periods.person_no,
        periods.first_day_no as from_day_no,
        greatest(periods.first_day_no, least(
            (select day_no from truth_as_of), (select min(later.day_no) from days as later where later.month_no = days.month_no + 3)
        )) as upto_day_no
    from periods
    inner join days on days.day_no = periods.first_day_no
    where periods.period_no = 1
),
bought as (
    select windows.person_no, count(*) as purchases
    from windows
    inner join identities using (person_no)
    inner join tickets on tickets.person_no = windows.person_no and tickets.day_no >= windows.from_day_no and tickets.day_no < windows.upto_day_no
    where names_customer(identities.has_card, identities.has_email, tickets.sales_channel, tickets.bits)
    group by windows.person_no
)
select
    windows.person_no,
    coalesce(bought.purchases, 0) as purchases_after_change,
    people.web_share * since.web_slot + (1 - people.web_share) * since.store_slot as since_slot,
    people.web_share * upto.web_slot + (1 - people.web_share) * upto.store_slot as upto_slot,
    round((getvariable('days') - windows.from_day_no) / 365.25 * (upto_slot - since_slot) / (65536 - since_slot), 9) as years_after_change
from windows
inner join people using (person_no)
left join bought using (person_no)
inner join day_starts as since on since.day_no = windows.from_day_no
inner join day_starts as upto on upto.day_no = windows.upto_day_no;

create table truth_people as
with survival as (
    -- the expected share of a year for which a customer of today stays one
    select case when getvariable('people_yearly_lapse_rate') > 0
        then (1 - exp(-getvariable('people_yearly_lapse_rate'))) / getvariable('people_yearly_lapse_rate')
        else 1.0
    end as share
),
described as (
    select
        people.person_no,
        current.segment,
        current.family,
        current.purchases_per_year,
        current.expected_yearly_amount,
        current.contact_factor,
        changed.first_day_no as changed_day_no,
        truth_margins.margin_per_ticket,
        people.first_day_no < truth_as_of.day_no as is_customer,
        people.first_day_no < truth_as_of.day_no and people.lapse_day_no >= truth_as_of.day_no as is_alive,
        case
            when people.first_day_no >= truth_as_of.day_no then null
            when people.lapse_day_no < truth_as_of.day_no then 0
            else round(current.purchases_per_year * survival.share * truth_margins.margin_per_ticket, 4)
        end as expected_margin_12m,
        -- comparable: come in the same year, to a shop of the same region
        year(cast(people.known_since as date)) as cohort,
        stores.region
    from people
    cross join truth_as_of
    cross join survival
    inner join stores on stores.store_no = people.store_no
    inner join truth_margins on truth_margins.person_no = people.person_no
    left join periods as changed on changed.person_no = people.person_no and changed.period_no = 1
    inner join periods as current
        on current.person_no = people.person_no and current.period_no = case when changed.person_no is not null and changed.first_day_no <= truth_as_of.day_no then 1 else 0 end
),
compared as (
    select cohort, region, quantile_disc(expected_margin_12m, 0.75) as comparable_margin_12m
    from described
    where expected_margin_12m is not null
    group by cohort, region
)
select
    people.person_no as person_id,
    described.segment as value_segment,
    described.family as relational_family,
    described.purchases_per_year,
    described.expected_yearly_amount,
    described.contact_factor,
    people.web_share,
    people.attitude,
    cast(getvariable('first_month') + people.first_day_no as date) as first_day,
    case when people.lapse_day_no < getvariable('days') then cast(getvariable('first_month') + people.lapse_day_no as date) end as lapsed_on,
    getvariable('people_yearly_lapse_rate') as yearly_lapse_rate,
    case when described.is_customer then cast(coalesce(amounts.net_cents_12m, 0) / 100 as decimal(18, 4)) end as net_amount_12m,
    case when described.is_customer then cast(coalesce(amounts.margin_hundredths_12m, 0) / 10000 as decimal(18, 4)) end as margin_12m,
    described.margin_per_ticket,
    described.expected_margin_12m,
    greatest(described.expected_margin_12m, compared.comparable_margin_12m) as potential_12m,
    case when described.changed_day_no is not null then cast(getvariable('first_month') + cast(described.changed_day_no as integer) as date) end as changed_on,
    case when described.changed_day_no is not null then people.segment end as former_value_segment,
    case when described.changed_day_no is not null then people.family end as former_relational_family,
    case when described.changed_day_no is not null then people.purchases_per_year end as former_purchases_per_year,
    after_change.purchases_after_change,
    after_change.years_after_change,
    described.cohort as cohort_year,
    described.region,
    purchases.seen_days,
    purchases.seen_purchases,
    purchases.seen_days_until_last,
    purchases.identified_purchases,
    purchases.identified_days_until_last,
    purchases.identified_share,
    case when purchases.person_no is not null then cast(coalesce(amounts.seen_margin_hundredths, 0) / 10000 as decimal(18, 4)) end as seen_margin,
    families.seen_contacts,
    families.oracle_family,
    people.allows_profiling,
    people.language,
    identities.is_in_crm,
    assignments.arm as experiment_arm
from people
inner join described on described.person_no = people.person_no
left join compared on compared.cohort = described.cohort and compared.region = described.region and described.expected_margin_12m is not null
inner join identities on identities.person_no = people.person_no
left join truth_amounts as amounts on amounts.person_no = people.person_no
left join truth_purchases as purchases on purchases.person_no = people.person_no
left join truth_after_change as after_change on after_change.person_no = people.person_no
left join truth_oracle_families as families on families.person_no = people.person_no
left join assignments on assignments.person_no = people.person_no;

-- Which purchase a contact has caused. The contacts of one case follow from each other (repeats, retries, call-backs,
-- continuations), so that what a contact and its follow-ups have caused is what its case has caused from then on.
create view truth_contact_effects as
select
    'K' || to_hex10(caused_purchases.contact_key) as contact_id,
    'D' || to_hex10(contacts.case_key) as case_id,
    contacts.generation,
    contacts.opened_at,
    tickets.person_no as person_id,
    ticket_text(tickets.ticket_key, tickets.sales_channel, tickets.store_no, tickets.sold_wall) as transaction_id,
    to_utc(tickets.sold_wall) as sold_at
from caused_purchases
inner join contacts using (contact_key)
inner join tickets on tickets.ticket_key = caused_purchases.ticket_key and tickets.cause = 'effect';

create view truth_effects as
with segments as (select segment::integer as segment from range(1, 6) as r (segment))
select 'purchase_after_resolved_60_days' as effect, segment, getvariable('effects_purchase_after_resolved')[segment] as value from segments
union all
select 'purchase_after_call_back_60_days', segment, getvariable('effects_purchase_after_call_back')[segment] from segments
union all
select 'purchase_after_proactive_call_60_days', segment, getvariable('effects_purchase_after_proactive_call')[segment] from segments
union all
select 'wait_on_satisfaction', segment, -getvariable('effects_wait_on_satisfaction')[segment] from segments
union all
select 'resolution_on_satisfaction', segment, getvariable('effects_resolution_on_satisfaction') from segments
union all
select 'mood_on_answer', segment, getvariable('survey_mood_on_answer') from segments
union all
-- hidden: no feed shows it
select 'hidden_mood_on_purchases_and_contacts', segment, getvariable('confounding_strength') from segments
union all
-- logarithms of the hazard's ratios
select 'churn_' || criterion, segment, round(ln(ratio), 9)
from segments
cross join (values
    ('unresolved', getvariable('churn_unresolved_ratio')), ('dissatisfied', getvariable('churn_dissatisfied_ratio')), ('unused', getvariable('churn_unused_ratio')),
    ('new', getvariable('churn_new_ratio')), ('dearer_plan', getvariable('churn_dearer_plan_ratio')), ('intent', getvariable('churn_intent_ratio'))
) as criteria (criterion, ratio)
union all
-- the share of the hazard that a resolved contact takes away
select 'rescue_on_churn', segment, getvariable('churn_rescue') from segments
union all
-- what came of it: purchases that exist only because of a contact
select 'caused_purchases', segments.segment, count(tickets.ticket_key)
from segments
left join caused_purchases using (segment)
left join tickets on tickets.ticket_key = caused_purchases.ticket_key and tickets.cause = 'effect'
group by segments.segment;

-- Satisfaction of the answered contacts of a segment if all had waited so long, everything else as it was.
create view truth_satisfaction_curves as
with levels as (
    select channel, segment, usual_wait_seconds,
        round(satisfaction + points_lost_by_wait(segment, coalesce(wait_seconds, 0) / usual_wait_seconds), 2) as without_wait,
        count(*) as contacts
    from experiences
    group by all
),
waits as (select unnest([0, 0.25, 0.5, 1, 2, 3, 4, 6, 8, 12, 16]) as relative_wait),
shifted as (
    select levels.*, waits.relative_wait, round(without_wait - points_lost_by_wait(segment, relative_wait), 6) as satisfaction
    from levels
    cross join waits
)
select
    segment,
    channel,
    round(relative_wait * usual_wait_seconds, 2) as wait_seconds,
    round(sum(contacts * cast(round(satisfaction * 1000000) as bigint)) / sum(contacts) / 1000000, 6) as satisfaction,
    round(sum(case when box(satisfaction, 1, 5) >= 4 then contacts else 0 end) / sum(contacts), 6) as satisfied_share,
    sum(contacts)::bigint as contacts
from shifted
group by segment, channel, relative_wait, usual_wait_seconds;

create view truth_verbatims as
select
    survey_response_id(response_key) as response_id,
    theme,
    case mood when 'pleased' then 'positive' when 'mixed' then 'neutral' else 'negative' end as sentiment
from verbatims
where answered_at < getvariable('end_at');

create view truth_evaluators as
select evaluator_id, round(getvariable('quality_evaluator_bias') * normal('evaluator', cast(substr(evaluator_id, 4) as integer)), 6) as bias
from (select distinct evaluator_id from evaluations);

-- The hazard of each month in which a subscription was running, and what it is made of.
create view truth_churn_hazards as
select
    subscriptions.subscription_id,
    m.person_no as person_id,
    months.month,
    m.is_unresolved,
    m.is_dissatisfied,
    m.is_unused,
    m.is_new,
    m.is_dearer_plan,
    m.has_intent,
    m.is_rescued,
    round(1 - exp(-m.ratio_without_rescue * (m.next_day_no - m.first_day_no) / getvariable('churn_mean_days')), 9) as monthly_hazard_without_rescue,
    round(1 - exp(-m.ratio * (m.next_day_no - m.first_day_no) / getvariable('churn_mean_days')), 9) as monthly_hazard,
    subscriptions.end_day_no < m.next_day_no as has_ended
from subscription_months as m
inner join subscriptions using (person_no)
inner join months using (month_no)
where subscriptions.end_day_no >= m.from_day_no;

create view truth_parameters as
select parameter, value from given_parameters
union all
select 'as_of_date', year(day) * 10000 + month(day) * 100 + day(day) from truth_as_of
union all
-- spread of margins, in currency squared: among people, and among one person's tickets
select 'margin_per_ticket_mean', round(avg(cast(round(margin_per_ticket * 1000000) as bigint)) / 1000000, 6) from truth_margins
union all
select 'margin_per_ticket_variance_between', round((sum(m * m) - sum(m) * sum(m) / count(*)) / count(*) / 100000000, 6)
from (select cast(round(margin_per_ticket * 10000) as hugeint) as m from truth_margins)
union all
select 'margin_per_ticket_variance_within', round(coalesce(sum(squares - total * total / tickets) / sum(tickets - 1), 0) / 100000000, 6)
from (
    select person_no, count(*) as tickets, sum(margin_hundredths) as total, sum(cast(margin_hundredths as hugeint) * margin_hundredths) as squares
    from ticket_margins
    group by person_no
    having count(*) > 1
);
