-- The people: what they are like (truth) and what the systems know of them (identity noise).
-- `first_names`, `last_names`: lists given by the program as variables.

create macro yearly_amount(purchases_per_year, lines_per_ticket, mean_price_cents) as
    purchases_per_year * lines_per_ticket * mean_price_cents * 1.15 * 0.94 / 100;
create macro segment_of(amount) as cast(1 + len(list_filter(getvariable('people_segment_cuts'), lambda cut: amount >= cut)) as integer);
-- how often somebody calls, beside how often they buy
create macro contact_factor_of(person_no, family) as
    round(exp(0.45 * normal('calls', person_no) - 0.10) * case family when 'soliciting' then 1.65 when 'time_pressed' then 1.0 when 'autonomous' then 0.6 else 0.9 end, 6);
create macro patience_factor_of(family) as round(case family when 'time_pressed' then 0.65 when 'trusting' then 1.4 else 1.0 end, 6);

create table people as
with drawn as (
    select
        person_no::integer as person_no,
        draw_bits('person', person_no) as a,
        draw_bits('person more', person_no) as b,
        draw_bits('person service', person_no) as c,
        normal('rate', person_no) as rate_normal,
        draw('rate', person_no) as rate_uniform
    from range(1, getvariable('customers') + 1) as r (person_no)
),
latent as (
    select
        *,
        round(getvariable('people_purchases_per_year_mean') * gamma_of(getvariable('people_purchases_per_year_shape'), rate_normal, rate_uniform), 6) as purchases_per_year,
        cast(1 + floor(5 * pow(part(a, 0), 1.1)) as integer) as taste_no,
        round(1.35 + 1.5 * part(a, 16) * part(b, 0) + 0.5 * part(a, 16), 4) as lines_per_ticket,
        round(greatest(0.02, least(0.97, 0.36 + 0.28 * normal('web', person_no))), 4) as web_share,
        case
            when part(a, 48) < getvariable('people_family_cuts')[1] then 'soliciting'
            when part(a, 48) < getvariable('people_family_cuts')[2] then 'time_pressed'
            when part(a, 48) < getvariable('people_family_cuts')[3] then 'autonomous'
            else 'trusting'
        end as family,
        part(b, 16) < getvariable('people_joining_share') as is_joining
    from drawn
),
lives as (
    select
        *,
        case when is_joining then cast(floor(part(b, 32) * getvariable('days')) as integer) else 0 end as first_day_no,
        -- those who were there before came up to six years earlier
        case when is_joining then 0 else cast(30 + floor(part(b, 32) * 2100) as integer) end as days_known_before,
        cast(least(1000000, 365.25 * waiting(part(b, 48)) / greatest(getvariable('people_yearly_lapse_rate'), 0.000001)) as integer) as life_days
    from latent
)
select
    lives.person_no,
    lives.purchases_per_year,
    lives.taste_no,
    tastes.taste,
    lives.lines_per_ticket,
    lives.web_share,
    lives.family,
    round(yearly_amount(lives.purchases_per_year, lives.lines_per_ticket, tastes.mean_price_cents), 2) as expected_yearly_amount,
    segment_of(yearly_amount(lives.purchases_per_year, lives.lines_per_ticket, tastes.mean_price_cents)) as segment,
    lives.first_day_no,
    lives.days_known_before,
    cast(getvariable('first_month') + lives.first_day_no - lives.days_known_before as date) as known_since,
    lives.first_day_no + lives.life_days as lapse_day_no,
    least(getvariable('days') - 1, lives.first_day_no + lives.life_days) as last_day_no,
    contact_factor_of(lives.person_no, lives.family) as contact_factor,
    patience_factor_of(lives.family) as patience_factor,
    round(0.35 * normal('attitude', lives.person_no), 6) as attitude,
    part(lives.c, 0) < getvariable('people_card_share') + case when lives.purchases_per_year > 8 then 0.15 else 0 end as has_card,
    part(lives.c, 16) >= getvariable('people_profiling_refused_share') as allows_profiling,
    case when part(lives.c, 32) < getvariable('people_english_share') then 'en' else 'fr' end as language,
    part(lives.c, 48) as home_draw,
    (select store_no from (select store_no, sum(weight) over (order by store_no) / sum(weight) over () as upto from stores) as s where s.upto >= part(lives.c, 48) order by store_no limit 1) as store_no
from lives
inner join tastes using (taste_no);

-- What a person is like, period by period: one period for those who do not change, two for those who do. Whatever depends
-- on the rate, the segment or the family looks it up here by day. `draw_key` stands for the person in the draws of a period.
create table periods as
with changing as (
    select
        people.*,
        tastes.mean_price_cents,
        change.day_no as change_day_no,
        draw_bits('change', people.person_no) as bits
    from people
    inner join tastes using (taste_no)
    inner join (
        select min(days.day_no) as day_no
        from days
        inner join months using (month_no)
        where months.months_before_end = getvariable('changes_months_before_end')
    ) as change
        on change.day_no > people.first_day_no and change.day_no <= people.last_day_no
    where getvariable('changes_share') > 0 and draw('changes', people.person_no) < getvariable('changes_share')
        and not (getvariable('changes_is_between_ends') and people.segment = 3)
),
changed as (
    select
        * exclude (purchases_per_year, family),
        round(
            purchases_per_year * case
                when case when getvariable('changes_is_between_ends') then segment < 3 else part(bits, 0) < 0.5 end then getvariable('changes_rate_factor')
                else 1 / getvariable('changes_rate_factor')
            end,
            6
        ) as purchases_per_year,
        case
            when not getvariable('changes_is_family_changed') then family
            -- one of the three others
            else list_filter(['soliciting', 'time_pressed', 'autonomous', 'trusting'], lambda other: other <> family)[1 + cast(floor(part(bits, 16) * 3) as integer)]
        end as family
    from changing
)
select
    people.person_no,
    0 as period_no,
    people.person_no::varchar as draw_key,
    -1000000 as from_day_no,
    coalesce(changing.change_day_no - 1, 1000000) as upto_day_no,
    people.first_day_no,
    coalesce(changing.change_day_no - 1, people.last_day_no) as last_day_no,
    people.purchases_per_year,
    people.expected_yearly_amount,
    people.segment,
    people.family,
    people.contact_factor,
    people.patience_factor,
    people.language
from people
left join changing using (person_no)
union all
select
    person_no,
    1,
    person_no || '/1',
    change_day_no,
    1000000,
    change_day_no,
    last_day_no,
    purchases_per_year,
    round(yearly_amount(purchases_per_year, lines_per_ticket, mean_price_cents), 2),
    segment_of(yearly_amount(purchases_per_year, lines_per_ticket, mean_price_cents)),
    family,
    contact_factor_of(person_no, family),
    patience_factor_of(family),
    language
from changed;

-- The hidden mood of a person in a month: what their purchases and their own contacts are multiplied by, and the share of
-- those drawn (1 + strength times as many as meant) that stay.
create macro mood_factor(person_no, month_no) as 1 + getvariable('confounding_strength')
    * case when part(draw_bits('mood', person_no || '-' || (month_no // getvariable('confounding_months'))), 0) < 0.5 then -1 else 1 end;
create macro is_kept_by_mood(key, person_no, month_no) as getvariable('confounding_strength') = 0
    or part(draw_bits('kept by mood', key), 0) < mood_factor(person_no, month_no) / (1 + getvariable('confounding_strength'));

create table identities as
with drawn as (
    select
        person_no,
        language,
        has_card,
        store_no,
        known_since,
        draw_bits('identity', person_no) as a,
        draw_bits('identity more', person_no) as b,
        draw_bits('name', person_no) as c,
        draw_bits('contact point', person_no) as d,
        -- 48271 is coprime with 9999991, a prime: numbers that tell nothing and never meet
        (person_no::bigint * 48271) % 9999991 as number
    from people
),
named as (
    select
        *,
        case when language = 'en'
            then getvariable('english_first_names')[1 + cast(floor(part(c, 0) * len(getvariable('english_first_names'))) as integer)]
            else getvariable('first_names')[1 + cast(floor(part(c, 0) * len(getvariable('first_names'))) as integer)]
        end as first_name,
        getvariable('last_names')[1 + cast(floor(part(c, 16) * len(getvariable('last_names'))) as integer)] as last_name
    from drawn
)
select
    named.person_no,
    first_name,
    last_name,
    cast(date '1940-01-01' + cast(floor(part(c, 32) * 23700) as integer) as date) as birth_date,
    stores.department || printf('%03d', cast(floor(part(c, 48) * 90) as integer) * 10) as postal_code,
    part(a, 0) >= getvariable('identity_unknown_to_crm_share') as is_in_crm,
    part(a, 16) < getvariable('identity_duplicate_share') and part(a, 0) >= getvariable('identity_unknown_to_crm_share') as is_duplicated,
    case when part(a, 0) < getvariable('identity_unknown_to_crm_share') then printf('C9%07d', number) else printf('C0%07d', number) end as customer_id,
    printf('C1%07d', number) as duplicate_customer_id,
    case when has_card then printf('29%08d', number) end as loyalty_card_id,
    -- an address that the person has; whether a system knows it is said by the flags
    lower(strip_accents(replace(replace(first_name, ' ', ''), '''', ''))) || '.' || lower(strip_accents(replace(replace(last_name, ' ', ''), '''', ''))) || (number % 999983)::varchar
    || case when part(a, 48) < 0.5 then '@example.com' else '@example.fr' end as email,
    part(a, 32) >= getvariable('identity_missing_email_share') as has_email,
    part(b, 0) >= getvariable('identity_missing_phone_share') as has_phone,
    part(b, 16) < getvariable('identity_shared_phone_share') as has_shared_phone,
    -- ranges kept for fiction by the French regulator; beyond 60,000 people a block that no ten-digit number can have
    case
        when named.person_no <= 60000
            then ['063998', '019900', '026191', '035301', '046571', '053649'][1 + (named.person_no - 1) // 10000] || printf('%04d', ((named.person_no - 1) * 7919) % 10000)
        else '0700' || printf('%06d', (named.person_no::bigint * 48271) % 999983)
    end as phone,
    -- what the second record of a person says where it says something else: half the addresses are at another provider only
    case
        when draw('second email', named.person_no) >= getvariable('identity_duplicate_changed_email_share') then null
        when draw('second provider', named.person_no) < 0.5
            then lower(strip_accents(replace(replace(first_name, ' ', ''), '''', ''))) || '.' || lower(strip_accents(replace(replace(last_name, ' ', ''), '''', ''))) || (number % 999983)::varchar || '@example.org'
        else 'contact' || number::varchar || '@example.net'
    end as second_email,
    case when draw('second phone', named.person_no) < getvariable('identity_duplicate_changed_phone_share') then '0800' || printf('%06d', (named.person_no::bigint * 7919) % 999983) end as second_phone,
    part(b, 32) < getvariable('identity_card_without_customer_share') as card_lacks_customer,
    part(b, 48) < getvariable('identity_company_link_share') as company_knows_link,
    part(d, 0) < getvariable('identity_changed_email_share') as changed_email,
    part(d, 16) < getvariable('identity_deleted_share') as is_deleted,
    part(d, 32) < getvariable('identity_name_typo_share') as has_typo,
    cast(floor(part(d, 48) * 86400) as integer) as seconds_of_creation,
    named.has_card,
    named.known_since
from named
inner join stores using (store_no);
