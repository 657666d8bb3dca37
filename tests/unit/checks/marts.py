"""A hand-made warehouse whose published tables keep their rules, with the manifest that describes it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

ANNA = hashlib.sha256(b"anna").hexdigest()
BRUNO = hashlib.sha256(b"bruno").hexdigest()

_TABLES = {
    "customers": f"""
        select * from (values
            ('{ANNA}', timestamp '2024-01-01 08:00:00', true, 'gold', 3, 2, null::integer, 'unknown',
             null::varchar, null::varchar,
             null::varchar, null::double,
             0.5::double, timestamp '2024-01-05 09:00:00', timestamp '2024-01-06 10:00:00', true),
            ('{BRUNO}', timestamp '2024-01-02 08:00:00', false, null, -2, null, null, 'unknown', null, null, null,
             null, null,
             null, null, false)
        ) as t(customer_id, first_seen_at, is_member, tier, value_segment, value_tier, potential_tier,
         relational_family,
            micro_segment, preferred_distance, preferred_tempo, lifetime_value, churn_probability, last_contact_at,
            last_purchase_at, allows_profiling)""",
    "customer_keys": f"""
        select * from (values
            ('crm', sha256('k1'), '{ANNA}', null::varchar, 'alone', timestamp '2024-01-01 08:00:00'),
            ('crm', sha256('k2'), '{BRUNO}', null, 'alone', timestamp '2024-01-02 08:00:00'),
            ('email', sha256('k3'), null, null, 'shared_by_too_many', timestamp '2024-01-02 08:00:00')
        ) as t(key_space, source_key_hash, customer_id, retired_customer_id, match_rule, valid_from)""",
    "customer_months": f"""
        select * from (values
            ('{ANNA}', date '2024-01-01', 5::bigint, 2::bigint, 30.5::decimal(18,4), null::decimal(18,4),
             1::bigint, 3, 2,
             'trusting', 4::bigint, -0.5::double, -1.5::double, 12, 20.0::double, 35.0::double, 2, 0.5::double),
            ('{BRUNO}', date '2024-01-01', null, null, null, null, null, -2, null, 'unknown', null, null, null, 12, null, null, null,
             null)
        ) as t(customer_id, period_start, recency_days, purchases_12m, net_amount_12m, margin_12m, contacts_12m,
         value_segment,
            value_tier, relational_family, interactions_24m, lead_axis, expectation_axis, sales_months_12m,
            expected_margin_12m, potential_12m, potential_tier, churn_probability)""",
    "contacts": f"""
        select *, null::double as csat, null::double as nps_answer, 30::bigint as handle_seconds,
            false as is_set_aside from (values
            ('K1', 'CASE1', '{ANNA}', 'phone', 'inbound', 'delivery', 'support', sha256('agent'),
             timestamp '2024-01-05 09:00:00',
             timestamp '2024-01-05 09:00:20', timestamp '2024-01-05 09:10:00', 'resolved', 3, 'unknown',
              20::bigint, true),
            ('K2', null, null, 'email', 'inbound', null, 'support', null, timestamp '2024-01-05 10:00:00', null,
             null, null, -2,
             'unknown', null, false)
        ) as t(contact_id, case_id, customer_id, channel, direction, reason, queue, agent_id, opened_at,
         answered_at, closed_at,
            outcome, value_segment, relational_family, wait_seconds, is_handled)""",
    "purchases": f"""
        select * from (values
            ('T1', '{ANNA}', timestamp '2024-01-06 10:00:00', date '2024-01-06', 'S1', 'store', 20.5::decimal(18,4),
             0::decimal(18,4), null::decimal(18,4), true),
            ('T2', '{BRUNO}', timestamp '2024-01-02 10:00:00', date '2024-01-02', 'S1', 'web', 10::decimal(18,4),
             0::decimal(18,4), null, true)
        ) as t(transaction_id, customer_id, sold_at, sold_on, store_id, sales_channel, net_amount, returned_amount,
            margin_amount, is_net_positive)""",
    "churn_risks": f"""
        select * from (values
            ('{ANNA}', 'silence', 0.5::double, 'high', 'silencieux', 'silencieux', 'silent', null::varchar, null::varchar, null::varchar,
             null::varchar, null::varchar, null::varchar, 'appeler', 'appeler', 'call', 2.5::decimal(18,4), false, 'churn-silence-1')
        ) as t(customer_id, churn_kind, churn_probability, band, reason_1, reason_1_fr, reason_1_en, reason_2, reason_2_fr, reason_2_en,
            reason_3, reason_3_fr, reason_3_en, suggested_action, suggested_action_fr, suggested_action_en, monthly_amount,
            is_held_out, parameter_version)""",
    "churn_rescues": """
        select * from (values
            (date '2024-01-01', -1, 4::bigint, 3::bigint, 0.75::double, 0.3::double, 0.95::double, 4::bigint, 0::bigint,
             'not_estimable', 'trop peu', 'too few', null::double, null::double, false),
            (date '2024-01-01', 3, 4::bigint, 3::bigint, 0.75::double, 0.3::double, 0.95::double, 4::bigint, 0::bigint,
             'not_estimable', 'trop peu', 'too few', null::double, null::double, false)
        ) as t(period_start, value_segment, at_risk_contacted, retained, retained_rate, retained_rate_low, retained_rate_high,
            sample_size, immature_count, verdict, reason_fr, reason_en, incremental_retained, secured_revenue, is_publishable)""",
    "customer_value": """
        select * from (values
            (date '2024-01-01', -1, 40::bigint, 50::bigint, 30::bigint, 0.6::double, 0.46::double, 0.72::double, 40::bigint, 12.5::double,
             10.0::double, 15.0::double, null::varchar, null::varchar, 10::bigint, 8::bigint, 2::bigint, 0.25::double, 0.07::double,
             0.59::double, 40::bigint, 2::bigint, true, true, false, true),
            (date '2024-01-01', 3, 40, 50, 30, 0.6, 0.46, 0.72, null, null, null, null, 'refusée', 'refused', 10, 8, 2, 0.25, 0.07, 0.59,
             40, 2, true, false, false, true)
        ) as t(period_start, value_segment, active_customers, active_a_year_ago, retained, retention_rate, retention_rate_low,
            retention_rate_high, lifetime_value_customers, lifetime_value_mean, lifetime_value_mean_low, lifetime_value_mean_high,
            lifetime_value_reason_fr, lifetime_value_reason_en, leads, mature_leads, converted_leads, lead_conversion_rate,
            lead_conversion_rate_low, lead_conversion_rate_high, sample_size, immature_count, is_retention_publishable, is_lifetime_value_publishable,
            is_lead_conversion_publishable, is_publishable)""",
    "loyalty_effect": """
        select *, 'un mot' as reason_fr, 'a word' as reason_en from (values
            (date '2024-01-01', 'all', 'all', 80::bigint, 20::bigint, 0.25::double, 0.17::double, 0.36::double, 40::bigint, 35::bigint,
             90::bigint, 60.0::double, 75.0::double, 9.5::double, -1.5::double, 20.5::double, 0.0::double, 0.04::double, false, 'estimated',
             80::bigint, 5::bigint, true, true),
            (date '2024-01-01', 'gold', 'all', 80, 20, 0.25, 0.17, 0.36, 40, 0, 0, null, null, null, null, null, null, null, null,
             'not_estimable', 80, 0, true, false)
        ) as t(period_start, tier, reward_kind, members, redeemers, redemption_rate, redemption_rate_low, redemption_rate_high, joined,
            joined_kept, controls, spend_before, spend_after, spend_lift, spend_lift_low, spend_lift_high, untied_share, worst_balance,
            placebo_alarm, verdict, sample_size, immature_count, is_publishable, is_lift_publishable)""",
    "recommendation_tests": """
        select *, 'un mot' as reason_fr, 'a word' as reason_en from (values
            ('co_purchase', 90::bigint, 300::bigint, 0.3::double, 0.25::double, 0.35::double, 300::bigint, 0.1::double, 0.05::double,
             0.15::double, 'better', true),
            ('popularity', 60, 300, 0.2, 0.16, 0.25, 300, null, null, null, 'better', false)
        ) as t(method, numerator, denominator, value, interval_low, interval_high, sample_size, advantage, advantage_low,
            advantage_high, verdict, is_used)""",
    "product_recommendations": f"""
        select *, 'parce que' as because, 'parce que' as because_fr, 'because' as because_en from (values
            ('{ANNA}', 1, 'P1', 0.5::double, 'co_purchase', 'P2', 2.5::double),
            ('{ANNA}', 2, 'P3', 0.2, 'popularity', null, null)
        ) as t(customer_id, rank, product_id, score, basis, because_product_id, lift)""",
    # no card: there are not twenty customers here
    "personas": """
        select * from (values
            (null::varchar, null::varchar, null::varchar, null::varchar, null::bigint, null::double, null::varchar, null::varchar,
             null::varchar, null::varchar, null::varchar, null::varchar, null::varchar, null::varchar, null::varchar, null::varchar,
             null::integer, null::varchar, null::double, null::double, null::double, null::bigint, null::boolean, null::boolean,
             null::varchar, null::double, null::double, null::double)
        ) as t(micro_segment, label, label_fr, label_en, customers, share, portrait_fr, portrait_en, habits_fr, habits_en,
            likes_fr, likes_en, irritants_fr, irritants_en, journey_fr, journey_en, value_segment, relational_family,
            csat, csat_low, csat_high, csat_answers, is_publishable, is_csat_publishable, card,
            purchases_12m_mean, contacts_12m_mean, margin_coverage)
        where false""",
    "customer_events": f"""
        select * from (values
            ('{ANNA}', timestamp '2024-01-05 12:00:00', 'answer', 'phone', 'R1', null::bigint, 'csat'),
            ('{ANNA}', timestamp '2024-01-06 10:00:00', 'points', null, 'M1', 20, 'earn')
        ) as t(customer_id, happened_at, kind, channel, reference, points, detail)""",
    "customer_timeline": f"""
        select * from (values
            ('{ANNA}', timestamp '2024-01-05 09:00:00', 'contact', 'phone', 'K1', null::decimal(18,4), null::bigint,
             'resolved', 'inbound'),
            ('{ANNA}', timestamp '2024-01-05 12:00:00', 'answer', 'phone', 'R1', null, null, 'csat', null),
            ('{ANNA}', timestamp '2024-01-06 10:00:00', 'purchase', 'store', 'T1', 20.5, null, 'kept', null),
            ('{ANNA}', timestamp '2024-01-06 10:00:00', 'points', null, 'M1', null, 20, 'earn', null)
        ) as t(customer_id, happened_at, kind, channel, reference, amount, points, detail, direction)""",
    "relationship_models": """
        select *, 'parce que' as because, 'parce que' as because_fr, 'because' as because_en from (values
            (-1, 'all', 'remote', 'remote', 'synchronous', 'asynchronous', 2.0::double, 3.0::double, 'reactive', 'reactive',
             24.0::double, 6.5::double, 'tempo,frequency', 1::bigint, 0.8::double, 0.5::double, 0.9::double, 10::bigint, 5::bigint, false),
            (3, 'all', null, null, null, null, null, null, null, null, null, null, '', 1, null, null, null, 0, 0, false),
            (-1, 'unknown', null, null, null, null, null, null, null, null, null, null, '', 1, null, null, null, 0, 0, false),
            (3, 'unknown', null, null, null, null, null, null, null, null, null, null, '', 1, null, null, null, 0, 0, false)
        ) as t(value_segment, relational_family, recommended_distance, practised_distance, recommended_tempo,
            practised_tempo, recommended_frequency, practised_frequency, proactivity, practised_proactivity,
            reply_within_hours, practised_reply_within_hours, gap, customers, satisfaction, satisfaction_low,
            satisfaction_high, answers, answering_customers, is_publishable)""",
    "satisfaction": """
        select * from (values
            (date '2024-01-01', -1, 'all', 'all', 'csat', 8::decimal(38,9), 10::bigint, 0.8::double, 0.5::double,
             0.95::double, 10::bigint, 12::bigint, 11::bigint),
            (date '2024-01-01', -1, 'all', 'all', 'nps', 2, 10, 20.0, -10.0, 50.0, 10, 12, 11)
        ) as t(period_start, value_segment, relational_family, channel, construct, numerator, denominator, value,
         interval_low,
            interval_high, sample_size, sent, answered)""",
    "service_operations": """
        select * from (values
            ('month', date '2024-01-01', 'all', 'all', -1, 'inbound_contacts', 2::bigint, null::bigint,
             2.0::double, null::double, null::double, 2::bigint),
            ('month', date '2024-01-01', 'phone', 'all', -1, 'inbound_contacts', 1, null, 1.0, null, null, 1),
            ('month', date '2024-01-01', 'email', 'all', -1, 'inbound_contacts', 1, null, 1.0, null, null, 1),
            ('week', date '2024-01-01', 'all', 'all', -1, 'abandonment_rate', 1, 4, 0.25, 0.05, 0.7, 4)
        ) as t(period_grain, period_start, channel, queue, value_segment, kpi, numerator, denominator, value,
         interval_low,
            interval_high, sample_size)""",
    "repurchase_credits": f"""
        select * from (values ('K1', 'T1', '{ANNA}', 60, 20.5::decimal(18,4), null::decimal(18,4), false))
        as t(contact_id, transaction_id, customer_id, window_days, net_amount, margin_amount, is_pending)""",
    "repurchase_after_contact": """
        select * from (values
            (date '2024-01-01', -1, 'all', 60, 1::bigint, 1::bigint, 1.0::double, 0.2::double, 1.0::double,
             20.5::decimal(38,4), 0::decimal(38,4)),
            (date '2024-01-01', 3, 'all', 60, 1, 1, 1.0, 0.2, 1.0, 20.5, 0)
        ) as t(period_start, value_segment, channel, window_days, customers_contacted, customers_repurchasing,
         observed_rate,
            observed_rate_low, observed_rate_high, observed_amount, pending_amount)""",
    "repurchase_after_contact_detail": """
        select date '2024-01-01' as period_start, 60 as window_days, dimension, 'unknown' as member, 1::bigint as customers_contacted,
            1::bigint as customers_repurchasing, 1.0::double as observed_rate, 0.2::double as observed_rate_low,
            1.0::double as observed_rate_high, 20.5::decimal(38,4) as observed_amount, 0::decimal(38,4) as pending_amount
        from (values ('relational_family'), ('reason'), ('team'), ('queue')) as t(dimension)""",
    "repurchase_increment": """
        select *, 'raison' as reason_fr, 'reason' as reason_en from (values
            (date '2024-01-01', -1, 60, 'estimate', 0.1::double, 0.05::double, 0.15::double, 400::decimal(38,4), 100::decimal(38,4),
             60::decimal(38,4), 40::decimal(38,4), 50::bigint, 40::bigint, 0.02::double, 1.5::double, 1.2::double, 'estimated', true),
            (date '2024-01-01', 3, 60, 'estimate', 0.1, 0.05, 0.15, 400, 100, 60, 40, 40, 40, 0.02, 1.5, 1.2, 'estimated', true),
            (date '2024-01-01', 0, 60, 'estimate', null, null, null, null, null, null, null, 10, 0, null, null, null, 'not_estimable', false)
        ) as t(period_start, value_segment, window_days, method, incremental_rate, incremental_rate_low, incremental_rate_high,
            incremental_amount, incremental_margin, contact_cost, incremental_net_margin, treated, treated_kept, worst_balance,
            sensitivity, sensitivity_of_interval, verdict, is_publishable)""",
    "products": """
        select * from (values ('P1', 'Lampe', null::varchar, null::varchar), ('P2', 'Ampoule', null, null), ('P3', 'Vase', null, null))
        as t(product_id, label, category, brand)""",
    "channels": """
        select * from (values ('all', 'Tous', 'All', null, null, null), ('phone', 'Téléphone', 'Telephone',
         'remote', 'synchronous', 20),
            ('email', 'Courriel', 'E-mail', 'remote', 'asynchronous', 14400))
        as t(channel, label_fr, label_en, distance, tempo, answer_threshold_seconds)""",
    "kpi_definitions": """
        select kpi, 'Libellé' as label_fr, 'Label' as label_en, 'But' as purpose_fr, 'Purpose' as purpose_en,
            'Formule' as formula_fr, 'Formula' as formula_en, unit, 'neutral' as direction, 1 as version
        from (values ('inbound_contacts', 'count'), ('abandonment_rate', 'rate'), ('nps', 'nps')) as t(kpi, unit)""",
    "kpi_readiness": """
        select *, 'raison' as reason_fr, 'reason' as reason_en from (values
            ('inbound_contacts', 'crm_contacts', true, true, 30::bigint, null::double, 'ready'),
            ('abandonment_rate', 'crm_contacts', true, true, 30, 0.9, 'ready'),
            ('abandonment_rate', 'pos_transactions', true, true, 30, null, 'ready'),
            ('abandonment_rate', 'crm_customers', true, true, 30, null, 'ready'),
            ('nps', 'survey_responses', false, null, null, null, 'unavailable')
        ) as t(kpi, feed, is_present, is_fresh, history_days, coverage, verdict)""",
    "kpi_values": """
        select *, false as is_restated from (values
            ('inbound_contacts', 'month', date '2024-01-01', -1, 2::decimal(38,9), null::bigint, 2.0::double,
             null::double, null::double, 2::bigint, false, 'count', null),
            ('inbound_contacts', 'month', date '2024-01-01', 3, 1, null, 1.0, null, null, 1, false, 'count', null),
            ('inbound_contacts', 'month', date '2024-01-01', -2, 1, null, 1.0, null, null, 1, false, 'count', null),
            ('abandonment_rate', 'week', date '2024-01-01', -1, 1, 4, 0.25, 0.05, 0.7, 4, false, 'rate',
             'not_publishable'),
            ('nps', 'month', date '2024-01-01', -1, null, null, null, null, null, null, false, 'nps', 'unavailable')
        ) as t(kpi, period_grain, period_start, value_segment, numerator, denominator, value, interval_low,
         interval_high,
            sample_size, is_publishable, unit, status)""",
}
_STAGING = {
    "stg_crm__contacts": "select * from (values ('K1'), ('K2')) as t(contact_id)",
    "stg_pos__transactions": """
        select * from (values ('T1', 20::decimal(18,4), false), ('T1', 0.5, null), ('T1', 99, true), ('T2', 10,
         false), ('T3', 7, true))
        as t(transaction_id, net_amount, is_cancelled)""",
}
PUBLISHED = sorted(_TABLES)


def make_warehouse(path: Path, changes: Sequence[str] = ()) -> Path:
    """A warehouse with every table, changed by SQL statements."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute("create schema staging")
        for name, query in _TABLES.items():
            connection.execute(f"create table marts.{name} as {query}")
        for name, query in _STAGING.items():
            connection.execute(f"create table staging.raw_{name} as {query}")
            # as dbt does: a view that names its own database
            connection.execute(f'create view staging.{name} as select * from "{path.stem}"."staging"."raw_{name}"')
        for change in changes:
            connection.execute(change)
    return path


def manifest_of(warehouse: Path, tables: Sequence[str] = PUBLISHED) -> dict[str, Any]:
    """The part of a dbt manifest that the gate reads,
    with the columns and types that the tables have before any change."""
    nodes = {}
    with duckdb.connect() as connection:
        for name in tables:
            columns = connection.execute(f"describe {_TABLES.get(name, 'select 1 as nothing')}").fetchall()
            nodes[f"model.service_value.{name}"] = {
                "name": name,
                "alias": name,
                "schema": "marts",
                "resource_type": "model",
                "fqn": ["service_value", "marts", name],
                "config": {"materialized": "table"},
                "columns": {column[0]: {"name": column[0], "data_type": column[1].lower()} for column in columns},
            }
    return {"nodes": nodes, "unit_tests": {}}
