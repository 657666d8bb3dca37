"""The description of a simulated home: `company.yml` and `mappings/`, that is, how its exports map onto the feeds.

Written as a user would write it, as an example of every reader. Not here: the exports themselves (`exports.py`).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

COMPANY_YML = """\
# SIMULATED DATA - DONNÉES SIMULÉES: no real company, no real person. Made by the project's simulator:
# customers {customers}, months {months}, seed {seed}, end {end}.
company: {{name: "Maison Exemple (données simulées)", language: fr, country: FR, time_zone: Europe/Paris, currency: EUR, simulated: true}}
history_months: 36
required: [crm_contacts, pos_transactions]
identity: {{trusted_keys: [customer_id, loyalty_card_id, email, phone], largest_cluster: 20}}

feeds:
  # the tills: a file a month, semicolons, decimal comma, day first, French column names
  pos_transactions:
    reader: csv
    location: inbox/caisse/tickets_*
    options: {{delimiter: ";", decimal: ",", date_format: "%d/%m/%Y %H:%M:%S"}}
    time_zone: Europe/Paris
    columns:
      transaction_id: '"Ticket"'
      line_number: '"Ligne"'
      sold_at: '"Date heure"'
      store_id: '"Magasin"'
      sales_channel: "case \\"Canal\\" when 'Magasin' then 'store' when 'Site' then 'web' when 'Appli' then 'app' when 'Téléphone' then 'phone' else \\"Canal\\" end"
      customer_id: '"Client"'
      loyalty_card_id: '"Carte"'
      email: '"E-mail"'
      product_id: '"Article"'
      quantity: '"Quantité"'
      net_amount: '"Montant net HT"'
      discount_amount: '"Remise"'
      currency: "'EUR'"
      returned_transaction_id: '"Ticket origine"'
      is_cancelled: "case \\"Annulé\\" when 'oui' then 'true' when 'non' then 'false' else \\"Annulé\\" end"
      updated_at: '"Modifié le"'
    expected_every: 31 days
    late_after: 36 hours
  pos_products:
    reader: csv
    location: inbox/caisse/articles.csv
    options: {{delimiter: ";", encoding: cp1252, decimal: ","}}
    columns:
      product_id: '"Code"'
      label: '"Libellé"'
      category: '"Famille"'
      brand: '"Marque"'
      margin_rate: '"Taux de marge"'
    load: full
  pos_stores:
    reader: xlsx
    location: inbox/caisse/magasins.xlsx
    columns: {{store_id: '"Code magasin"', label: '"Nom"', region: '"Région"', time_zone: '"Fuseau"'}}
    load: full

  # the CRM: full dumps of customers, a file a month of contacts in UTC
  crm_customers:
    reader: csv
    location: inbox/crm/clients_*
    options: {{delimiter: ";", encoding: cp1252, date_format: ["%d/%m/%Y %H:%M:%S", "%d/%m/%Y"]}}
    time_zone: Europe/Paris
    columns:
      customer_id: '"Code client"'
      email: '"Courriel"'
      phone: '"Téléphone"'
      first_name: '"Prénom"'
      last_name: '"Nom"'
      birth_date: '"Date de naissance"'
      postal_code: '"Code postal"'
      country: '"Pays"'
      created_at: '"Créé le"'
      allows_profiling: "case \\"Profilage accepté\\" when 'oui' then 'true' when 'non' then 'false' end"
      updated_at: '"Modifié le"'
    load: full
    expected_every: 26 weeks
    late_after: 7 days
  crm_contacts:
    reader: csv
    location: inbox/crm/contacts_*
    time_zone: UTC
    query: mappings/crm_contacts.sql
    expected_every: 31 days
    late_after: 36 hours
  crm_agents:
    reader: xlsx
    location: inbox/planning/conseillers.xlsx
    time_zone: Europe/Paris
    columns: {{agent_id: '"Matricule"', team: '"Équipe"', site: '"Site"', hourly_cost: '"Coût horaire"', valid_from: '"Depuis le"', valid_to: '"Jusqu''au"'}}
    load: full
  crm_evaluations:
    reader: csv
    location: inbox/qualite/evaluations.csv.gz
    time_zone: UTC
    columns: {{evaluation_id: evaluation_id, contact_id: contact_id, evaluator_id: evaluator_id, grid_version: grille, item_code: critere, level_code: niveau, evaluated_at: evalue_utc}}
  crm_subscriptions:
    reader: csv
    location: inbox/abonnements/abonnements.csv
    time_zone: UTC
    columns: {{subscription_id: subscription_id, customer_id: customer_id, plan: plan, monthly_amount: monthly_amount, currency: currency, started_at: started_at, cancellation_requested_at: cancellation_requested_at, ended_at: ended_at, end_reason: end_reason, updated_at: updated_at}}
  crm_leads:
    reader: csv
    location: inbox/crm/prospects.csv
    time_zone: UTC
    columns: {{lead_id: lead_id, customer_id: customer_id, created_at: created_at, converted_at: converted_at, source: source}}
  crm_assignments:
    reader: csv
    location: inbox/crm/experience.csv
    options: {{delimiter: ";"}}
    time_zone: UTC
    columns: {{experiment_code: experience, customer_id: code_client, arm: "case bras when 'traité' then 'treated' when 'témoin' then 'held_out' else bras end", assigned_at: affecte_utc}}
  identity_links:
    reader: csv
    location: inbox/crm/correspondances.csv
    columns: {{key_space_a: key_space_a, key_a: key_a, key_space_b: key_space_b, key_b: key_b}}

  # loyalty: Parquet, typed; rewards kept in a spreadsheet
  loyalty_members:
    reader: parquet
    location: inbox/fidelite/adherents.parquet
    time_zone: UTC
    columns: {{loyalty_card_id: numero_carte, customer_id: code_client, email: email, phone: telephone, tier: statut, joined_at: adhesion_utc, left_at: depart_utc, updated_at: modifie_utc}}
    load: full
  loyalty_movements:
    reader: parquet
    location: inbox/fidelite/mouvements.parquet
    time_zone: UTC
    columns: {{movement_id: movement_id, loyalty_card_id: loyalty_card_id, moved_at: moved_at, kind: kind, points: points, transaction_id: transaction_id, reward_id: reward_id}}
  loyalty_rewards:
    reader: xlsx
    location: inbox/fidelite/recompenses.xlsx
    columns:
      reward_id: '"Code"'
      label: '"Récompense"'
      kind: "case \\"Type\\" when 'monétaire' then 'monetary' when 'expérience' then 'experience' when 'défi' then 'challenge' when 'partenaire' then 'partner' else \\"Type\\" end"
      cost_amount: '"Coût"'
    load: full

  survey_responses:
    reader: json
    location: inbox/enquetes/reponses_*
    time_zone: UTC
    columns: {{response_id: id, survey_id: enquete, question_code: question, contact_id: contact, customer_id: client, sent_at: envoye, answered_at: repondu, score: note, verbatim: commentaire, language: langue}}
    expected_every: 31 days
    late_after: 3 days
  web_sessions:
    reader: parquet
    location: inbox/web/sessions.parquet
    time_zone: UTC
    columns: {{session_id: session_id, customer_id: customer_id, email: email, started_at: started_at, page_views: page_views, help_page_views: help_page_views, search_count: search_count, cart_amount: cart_amount}}

packs:
  - {{audience: direction, language: fr, every: month, formats: [html, xlsx]}}
  - {{audience: direction, language: en, every: month, formats: [html, xlsx]}}
"""

CONTACTS_SQL = """\
-- The CRM's contacts onto the feed crm_contacts: French labels to the codes of the reference table `channels`.
select
    id_contact as contact_id,
    id_dossier as case_id,
    code_client as customer_id,
    case canal
        when 'Téléphone' then 'phone'
        when 'Courriel' then 'email'
        when 'Formulaire' then 'form'
        when 'Réseaux sociaux' then 'social'
        when 'Comptoir' then 'store_desk'
        when 'Messagerie' then 'messaging'
        when 'Chat' then 'chat'
        else canal
    end as channel,
    case sens when 'E' then 'inbound' when 'S' then 'outbound' else sens end as direction,
    motif as reason,
    ouvert_utc as opened_at,
    pris_en_charge_utc as answered_at,
    clos_utc as closed_at,
    duree_conversation_s as talk_seconds,
    duree_attente_s as hold_seconds,
    duree_saisie_s as wrap_up_seconds,
    case issue
        when 'résolu' then 'resolved'
        when 'non résolu' then 'unresolved'
        when 'abandonné' then 'abandoned'
        when 'transféré' then 'transferred'
        when 'fusionné' then 'merged'
        when 'indésirable' then 'spam'
        else issue
    end as outcome,
    conseiller as agent_id,
    file as queue,
    transferts as transfer_count,
    reouvertures as reopen_count,
    fusionne_dans as merged_into_contact_id,
    case robot when '1' then 'true' when '0' then 'false' end as is_automated,
    case veut_partir when '1' then 'true' when '0' then 'false' end as has_cancellation_intent,
    offre as retention_offer,
    langue as language,
    modifie_utc as updated_at
from source
"""


def write_description(home: Path, *, customers: int, months: int, seed: int, end: date) -> None:
    """Write `company.yml` and `mappings/` of a simulated home."""
    home.mkdir(parents=True, exist_ok=True)
    text = COMPANY_YML.format(customers=customers, months=months, seed=seed, end=end)
    (home / "company.yml").write_text(text, encoding="utf-8")
    mappings = home / "mappings"
    mappings.mkdir(exist_ok=True)
    (mappings / "crm_contacts.sql").write_text(CONTACTS_SQL, encoding="utf-8")
