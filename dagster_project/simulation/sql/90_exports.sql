-- The exports as each system would write them: one view per feed, columns named as the system names them.
-- `file_month`: the month whose file carries the row (null: one file with the state at the end).
-- A state that changes after the end of a month is not known to that month's file.

create macro survey_response_id(response_key) as 'Q' || substr(md5(response_key), 1, 12);
create macro utc_text(instant) as strftime(instant, '%Y-%m-%d %H:%M:%S');
create macro month_end(month_no) as to_utc(cast(getvariable('first_month') + to_months(month_no + 1) as timestamp));
create macro month_no_of(instant) as date_diff('month', getvariable('first_month'), cast(to_wall(instant) as date));
-- French ways to write a telephone number
create macro phone_text(phone, variant) as case variant
    when 0 then substr(phone, 1, 2) || ' ' || substr(phone, 3, 2) || ' ' || substr(phone, 5, 2) || ' ' || substr(phone, 7, 2) || ' ' || substr(phone, 9, 2)
    when 1 then '+33 ' || substr(phone, 2, 1) || ' ' || substr(phone, 3, 2) || ' ' || substr(phone, 5, 2) || ' ' || substr(phone, 7, 2) || ' ' || substr(phone, 9, 2)
    when 2 then substr(phone, 1, 2) || '.' || substr(phone, 3, 2) || '.' || substr(phone, 5, 2) || '.' || substr(phone, 7, 2) || '.' || substr(phone, 9, 2)
    when 3 then '0033' || substr(phone, 2)
    else phone
end;

-- one slip: the second sign is left out, or changed over with the third
create macro without_second(text) as substr(text, 1, 1) || substr(text, 3);
create macro second_and_third_changed_over(text) as substr(text, 1, 1) || substr(text, 3, 1) || substr(text, 2, 1) || substr(text, 4);
create macro has_key_typo(record_key, kind) as draw('key typo ' || kind, record_key) < getvariable('identity_key_typo_share');

-- CRM: two full dumps, in the middle and at the end; a deleted customer is in the first only.
create view export_crm_customers as
with records as (
    select identities.*, people.allows_profiling, false as is_second
    from identities
    inner join people using (person_no)
    where is_in_crm
    union all
    select identities.*, people.allows_profiling, true
    from identities
    inner join people using (person_no)
    where is_duplicated
),
dated as (
    select
        *,
        to_utc(cast(known_since as timestamp) + to_seconds(28800 + seconds_of_creation // 3)) + case when is_second then interval 45 day else interval 0 day end as created_at,
        person_no || '-' || is_second as record_key,
        draw_bits('record', record_key) as bits,
        has_typo or (is_second and draw('second name', person_no) < getvariable('identity_duplicate_name_typo_share')) as has_first_name_typo,
        case when is_second then coalesce(second_email, email) else email end as own_email,
        case when is_second then coalesce(second_phone, phone) else phone end as own_phone
    from records
),
dumps as (
    select dated.*, dump_month, dump_month = getvariable('months') - 1 as is_last
    from dated
    cross join (select distinct unnest([getvariable('months') // 2 - 1, getvariable('months') - 1]) as dump_month)
    where dump_month >= 0 and created_at < month_end(dump_month)
),
changed as (
    -- the moment of the change of address lies between the dumps
    select *, is_last and changed_email and created_at < month_end(getvariable('months') // 2 - 1) and getvariable('months') > 1 as is_changed
    from dumps
    where not (is_last and is_deleted and getvariable('months') > 1)
)
select
    dump_month as file_month,
    case when is_second then duplicate_customer_id else customer_id end as "Code client",
    case
        when not has_email or (is_second and part(bits, 0) < getvariable('identity_duplicate_missing_email_share')) then null
        when is_changed then replace(own_email, '@', '.nouveau@')
        when has_key_typo(record_key, 'email') then without_second(own_email)
        when part(bits, 16) < 0.07 then upper(own_email)
        else own_email
    end as "Courriel",
    case
        when has_shared_phone then phone_text(getvariable('shared_phone'), 0)
        when not has_phone then null
        when has_key_typo(record_key, 'phone') then phone_text(second_and_third_changed_over(own_phone), cast(floor(part(bits, 32) * 6) as integer))
        else phone_text(own_phone, cast(floor(part(bits, 32) * 6) as integer))
    end as "Téléphone",
    case when has_first_name_typo then without_second(first_name) else first_name end as "Prénom",
    case when is_second and part(bits, 48) < 0.5 then upper(strip_accents(last_name)) when has_typo then last_name || 'e' else last_name end as "Nom",
    case
        when part(bits, 8) >= 1 - getvariable('identity_missing_birth_date_share') then null
        -- a year out
        else strftime(case when has_key_typo(record_key, 'birth date') then birth_date - to_years(1) else birth_date end, '%d/%m/%Y')
    end as "Date de naissance",
    case when draw('postal code', record_key) >= getvariable('identity_missing_postal_code_share') then postal_code end as "Code postal",
    'FR' as "Pays",
    strftime(to_wall(created_at), '%d/%m/%Y %H:%M:%S') as "Créé le",
    case when allows_profiling then 'oui' else 'non' end as "Profilage accepté",
    strftime(case when is_changed then to_wall(month_end(getvariable('months') // 2 - 1)) + to_hours(cast(33 + 24 * floor(part(bits, 40) * 25) as integer)) else to_wall(created_at) end, '%d/%m/%Y %H:%M:%S') as "Modifié le"
from changed;

create view export_crm_contacts as
with states as (
    select
        contacts.*,
        file_month,
        least(month_end(file_month), getvariable('end_at')) as known_until,
        draw_bits('contact record', contact_key) as bits
    from contacts, lateral (
        select unnest(list_distinct([month_no_of(opened_at), month_no_of(greatest(coalesce(answered_at, opened_at), opened_at)), month_no_of(closed_at)])) as file_month
    )
    where file_month between 0 and getvariable('months') - 1
),
known as (
    select *, closed_at < known_until as is_closed, answered_at < known_until as is_answered
    from states
)
select
    file_month,
    'K' || to_hex10(known.contact_key) as "id_contact",
    'D' || to_hex10(case_key) as "id_dossier",
    case when is_identified and identities.is_in_crm
        then case when identities.is_duplicated and part(bits, 0) < 0.4 then identities.duplicate_customer_id else identities.customer_id end
    end as "code_client",
    case channel when 'phone' then 'Téléphone' when 'email' then 'Courriel' when 'form' then 'Formulaire' when 'social' then 'Réseaux sociaux'
        when 'store_desk' then 'Comptoir' when 'messaging' then 'Messagerie' else 'Chat' end as "canal",
    case direction when 'inbound' then 'E' else 'S' end as "sens",
    reason as "motif",
    utc_text(opened_at) as "ouvert_utc",
    case when is_answered then utc_text(answered_at) end as "pris_en_charge_utc",
    case when is_closed then utc_text(closed_at) end as "clos_utc",
    case when is_closed then talk_seconds end as "duree_conversation_s",
    case when is_closed then hold_seconds end as "duree_attente_s",
    case when is_closed then wrap_up_seconds end as "duree_saisie_s",
    case when is_closed then case outcome when 'resolved' then 'résolu' when 'unresolved' then 'non résolu' when 'abandoned' then 'abandonné' when 'transferred' then 'transféré' when 'merged' then 'fusionné' else 'indésirable' end end as "issue",
    case when is_answered then agents.agent_id end as "conseiller",
    queue as "file",
    case when is_closed then transfer_count end as "transferts",
    case when is_closed then reopen_count end as "reouvertures",
    case when is_closed and outcome = 'merged' then 'K' || to_hex10(previous_key) end as "fusionne_dans",
    case when is_automated then 1 else 0 end as "robot",
    case when wishes_to_leave(reason, bits) then 1 else 0 end as "veut_partir",
    case when is_answered and reason = 'abonnement' and part(bits, 16) < 0.16 then 'remise_3_mois' end as "offre",
    language as "langue",
    utc_text(case when is_closed then closed_at when is_answered then answered_at else opened_at end) as "modifie_utc"
from known
left join identities using (person_no)
left join agents using (agent_no);

create view export_crm_agents as
select agent_id as "Matricule", team as "Équipe", site as "Site", hourly_cost as "Coût horaire", cast(valid_from as timestamp) as "Depuis le", cast(valid_to as timestamp) as "Jusqu'au"
from agent_periods
where valid_from < getvariable('end_day');

create view export_crm_evaluations as
select evaluation_id, 'K' || to_hex10(contact_key) as contact_id, evaluator_id, 'default-1' as grille, item_code as critere, level_code as niveau, utc_text(evaluated_at) as evalue_utc
from evaluations
where evaluated_at < getvariable('end_at');

create view export_crm_subscriptions as
select subscription_id, identities.customer_id, plan, printf('%d.%02d', monthly_cents // 100, monthly_cents % 100) as monthly_amount, 'EUR' as currency, utc_text(started_at) as started_at,
    case when asks_first and end_at - interval 10 day < getvariable('end_at') then utc_text(end_at - interval 10 day) end as cancellation_requested_at,
    case when end_at < getvariable('end_at') then utc_text(end_at) end as ended_at,
    case when end_at < getvariable('end_at') then end_reason end as end_reason,
    utc_text(case when end_at < getvariable('end_at') then end_at when asks_first and end_at - interval 10 day < getvariable('end_at') then end_at - interval 10 day else started_at end) as updated_at
from subscriptions
inner join identities using (person_no);

create view export_crm_leads as
select lead_id, case when identities.is_in_crm then identities.customer_id end as customer_id, utc_text(created_at) as created_at, utc_text(converted_at) as converted_at, source
from leads
left join identities using (person_no)
where created_at < getvariable('end_at');

create view export_crm_assignments as
select 'rappel_proactif_1' as experience, identities.customer_id as code_client, case arm when 'treated' then 'traité' else 'témoin' end as bras, utc_text(assigned_at) as affecte_utc
from assignments
inner join identities using (person_no)
where identities.is_in_crm;

create view export_identity_links as
select 'crm' as key_space_a, customer_id as key_a, 'loyalty' as key_space_b, loyalty_card_id as key_b
from identities
where is_in_crm and loyalty_card_id is not null and company_knows_link;

create view export_pos_products as
select product_id as "Code", label as "Libellé", category as "Famille", brand as "Marque", replace(printf('%.2f', cast(margin_rate as double)), '.', ',') as "Taux de marge"
from products;

create view export_pos_stores as
select store_id as "Code magasin", label as "Nom", region as "Région", 'Europe/Paris' as "Fuseau"
from stores;

create view export_loyalty_rewards as
select reward_id as "Code", label as "Récompense", case kind when 'monetary' then 'monétaire' when 'experience' then 'expérience' when 'challenge' then 'défi' else 'partenaire' end as "Type", cost_amount as "Coût"
from rewards;

create view export_loyalty_members as
select
    members.loyalty_card_id as numero_carte,
    case when not identities.card_lacks_customer and identities.is_in_crm then identities.customer_id end as code_client,
    case when identities.has_email then identities.email end as email,
    case when identities.has_shared_phone then getvariable('shared_phone') when identities.has_phone and draw('card phone', members.person_no) < 0.5 then phone_text(identities.phone, 1) end as telephone,
    members.tier as statut,
    members.joined_at as adhesion_utc,
    case when members.left_at < getvariable('end_at') then members.left_at end as depart_utc,
    case when members.left_at < getvariable('end_at') then members.left_at else members.joined_at end as modifie_utc
from members
inner join identities using (person_no)
where members.joined_at < getvariable('end_at');

create view export_loyalty_movements as
select movements.movement_id, movements.loyalty_card_id, movements.moved_at, movements.kind, movements.points,
    ticket_text(coalesce(tickets.ticket_key, refunds.ticket_key), coalesce(tickets.sales_channel, refunds.sales_channel), coalesce(tickets.store_no, refunds.store_no), coalesce(tickets.sold_wall, refunds.sold_wall)) as transaction_id,
    movements.reward_id
from movements
left join tickets using (ticket_key)
left join (select distinct ticket_key, sales_channel, store_no, sold_wall from refund_lines) as refunds on refunds.ticket_key = movements.ticket_key
where movements.moved_at < getvariable('end_at');

-- Surveys: a row goes out with the file of the month of the answer; unanswered ones with that of the sending.
create view export_survey_responses as
with dated as (
    select survey_rows.*, case when answered_at < getvariable('end_at') then answered_at end as known_answered_at
    from survey_rows
    where sent_at < getvariable('end_at') and (question_code <> 'verbatim' or answered_at < getvariable('end_at'))
),
versions as (
    select dated.*, month_no_of(coalesce(known_answered_at, sent_at)) as file_month, true as is_final
    from dated
    union all
    -- sent in one month, answered in the next: the first file says that there is no answer
    select dated.*, month_no_of(sent_at), false
    from dated
    where question_code <> 'verbatim' and month_no_of(known_answered_at) > month_no_of(sent_at)
)
select
    file_month,
    survey_response_id(response_key) as id,
    survey_id as enquete,
    question_code as question,
    case when contact_key is not null then 'K' || to_hex10(contact_key) end as contact,
    case when identities.is_in_crm and (contact_key is null or draw('named answer', response_key) < 0.8) then identities.customer_id end as client,
    strftime(sent_at, '%Y-%m-%dT%H:%M:%S') as envoye,
    case when is_final then strftime(known_answered_at, '%Y-%m-%dT%H:%M:%S') end as repondu,
    case when is_final and known_answered_at is not null then score end as note,
    case when is_final and known_answered_at is not null then verbatim end as commentaire,
    versions.language as langue
from versions
inner join identities using (person_no);

create view export_web_sessions as
select
    'V' || to_hex10(session_key) as session_id,
    case when is_logged_in and part(session_key, 40) < 0.7 and identities.is_in_crm then identities.customer_id end as customer_id,
    case when is_logged_in and part(session_key, 40) >= 0.5 and identities.has_email then identities.email end as email,
    date_trunc('second', started_at) as started_at,
    page_views,
    help_page_views,
    search_count,
    cast(cart_cents / 100 as decimal(18, 2)) as cart_amount
from sessions
inner join identities using (person_no);
