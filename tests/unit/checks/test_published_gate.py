"""The published gate: every table with input that keeps its rules and input that breaks them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from dagster_project.checks.gate import run_published_gate
from dagster_project.checks.published_suites import published_checks
from dagster_project.checks.published_tables import TABLES
from dagster_project.checks.verdicts import SuiteVerdict, read_verdict, verdict_path
from tests.unit.checks.marts import ANNA, BRUNO, PUBLISHED, make_warehouse, manifest_of


def run(
    folder: Path,
    changes: Sequence[str] = (),
    tables: Sequence[str] = PUBLISHED,
    present: Sequence[str] | None = (),
    inputs: Path | None = None,
) -> dict[str, SuiteVerdict]:
    warehouse = make_warehouse(folder / "service_value.duckdb", changes)
    manifest = manifest_of(warehouse, tables)
    verdicts = run_published_gate(warehouse, manifest, folder / "checks", "run", inputs, present)
    assert [verdict.suite for verdict in verdicts] == sorted(tables)
    for verdict in verdicts:
        assert read_verdict(verdict_path(folder / "checks", f"published/{verdict.suite}")) == verdict
    return {verdict.suite: verdict for verdict in verdicts}


def test_tables_that_keep_their_rules_pass(tmp_path: Path) -> None:
    verdicts = run(tmp_path, present=None)
    assert {name: verdict.failures + verdict.warnings for name, verdict in verdicts.items() if verdict.verdict != "passed"} == {}
    assert verdicts["kpi_values"].evaluated_rows == 5


def test_the_manifest_may_be_given_as_a_file(tmp_path: Path) -> None:
    warehouse = make_warehouse(tmp_path / "service_value.duckdb")
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps(manifest_of(warehouse, ["channels"])), encoding="utf-8")
    (verdict,) = run_published_gate(warehouse, manifest, tmp_path / "checks", "run")
    assert verdict.verdict == "passed"


def test_every_table_that_the_project_publishes_has_rules() -> None:
    assert set(PUBLISHED) <= set(TABLES)


# a card that is right but for its customers, of whom there are none here
PERSONA = """insert into marts.personas values ('v3-a', 'Valeur haute', 'Valeur haute', 'High value', 20, 1.0, 'P', 'P', 'H', 'H', 'L', 'L', 'I',
    'I', 'J', 'J', 5, 'unknown', 0.5, 0.4, 0.6, 30, true, true, '{"fr": {"portrait": "P"}, "en": {"irritants": "I"}}', 2, 1, 1.0)"""
BROKEN: list[tuple[str, tuple[str, ...], str, str, str]] = [
    # (table, tables that its rules read, what is done to it, expected words, expected example)
    (
        "customer_value",
        (),
        "update marts.customer_value set retained = 29 where value_segment = 3",
        "retention and conversion are their counts divided",
        "value_segment 3",
    ),
    (
        "customer_value",
        (),
        "update marts.customer_value set lifetime_value_mean = null where value_segment = -1",
        "or the reason why not",
        "value_segment -1",
    ),
    (
        "customer_value",
        (),
        "update marts.customer_value set leads = 9 where value_segment = 3",
        "active customers and leads of the segments of a month add up to the total",
        "9",
    ),
    (
        "loyalty_effect",
        (),
        "update marts.loyalty_effect set redeemers = 21 where tier = 'gold'",
        "the redemption rate is redeemers / members",
        "tier gold",
    ),
    (
        "loyalty_effect",
        (),
        "update marts.loyalty_effect set placebo_alarm = true where tier = 'all'",
        "and not where the placebo rings",
        "tier all",
    ),
    (
        "loyalty_effect",
        (),
        "update marts.loyalty_effect set tier = 'gold', reward_kind = 'monetary' where tier = 'all'",
        "in the total alone",
        "tier gold",
    ),
    (
        "loyalty_effect",
        (),
        "update marts.loyalty_effect set members = 81, redemption_rate = 20 / 81 where tier = 'gold'",
        "the members of the tiers add up to the total",
        "81",
    ),
    (
        "recommendation_tests",
        (),
        "update marts.recommendation_tests set advantage_low = -0.01 where method = 'co_purchase'",
        "only where its advantage is beyond chance",
        "method co_purchase",
    ),
    (
        "recommendation_tests",
        (),
        "update marts.recommendation_tests set is_used = true",
        "one of the two methods is used",
        "",
    ),
    (
        "product_recommendations",
        ("customers", "products", "recommendation_tests"),
        f"update marts.product_recommendations set customer_id = '{BRUNO}'",
        "who allows profiling",
        "rank 1",
    ),
    (
        "product_recommendations",
        ("customers", "products", "recommendation_tests"),
        "update marts.recommendation_tests set is_used = not is_used",
        "unless it beats popularity",
        "rank 1",
    ),
    (
        "product_recommendations",
        ("customers", "products", "recommendation_tests"),
        "update marts.product_recommendations set because_product_id = product_id where rank = 1",
        "what goes with a product is another one",
        "rank 1",
    ),
    (
        "customers",
        ("customer_keys",),
        "insert into marts.customers select * replace (false as is_member) from marts.customers where tier = 'gold'",
        "there is one row per `customer_id`",
        "(2 rows)",
    ),
    (
        "customers",
        ("customer_keys",),
        "update marts.customers set customer_id = 'C000007' where tier = 'gold'",
        "`customer_id` is a sha256",
        "customer_id (not shown)",
    ),
    (
        "customers",
        ("customer_keys",),
        "update marts.customers set value_segment = 7 where tier = 'gold'",
        "`value_segment` is one of -2",
        "value_segment 7",
    ),
    (
        "customers",
        ("customer_keys",),
        "update marts.customers set value_tier = 4 where tier = 'gold'",
        "`value_tier` is one of 1, 2, 3",
        "value_tier 4",
    ),
    (
        "customers",
        ("customer_keys",),
        "update marts.customers set churn_probability = 1.5 where tier = 'gold'",
        "0 <= `churn_probability` <= 1",
        "churn_probability 1.5",
    ),
    (
        "customers",
        ("customer_keys",),
        "update marts.customers set lifetime_value = 'nan'::double where tier = 'gold'",
        "`lifetime_value` is a finite number",
        ANNA[:40],
    ),
    (
        "customers",
        ("customer_keys",),
        "update marts.customers set relational_family = 'loving' where tier = 'gold'",
        "`relational_family` is a member",
        "relational_family loving",
    ),
    (
        "churn_risks",
        ("customers",),
        "update marts.churn_risks set churn_probability = null",
        "who has asked to cancel has no probability, and everybody else has one",
        ANNA[:40],
    ),
    (
        "churn_risks",
        ("customers",),
        "update marts.churn_risks set churn_probability = 0.4",
        "a probability at risk is that of the customer",
        "1",
    ),
    (
        "churn_risks",
        ("customers",),
        f"update marts.churn_risks set customer_id = '{BRUNO}'",
        "`customer_id` is a row of `customers` who allows profiling",
        BRUNO[:40],
    ),
    (
        "churn_rescues",
        (),
        "update marts.churn_rescues set retained_rate = 0.7 where value_segment = 3",
        "the retained rate is retained / at_risk_contacted",
        "value_segment 3",
    ),
    (
        "churn_rescues",
        (),
        "update marts.churn_rescues set secured_revenue = 12.5 where value_segment = 3",
        "what is not estimable has no estimate and no revenue",
        "value_segment 3",
    ),
    (
        "churn_rescues",
        (),
        "update marts.churn_rescues set at_risk_contacted = 5, retained_rate = 0.6 where value_segment = -1",
        "contacted and retained of the segments add up to the total",
        "5",
    ),
    (
        "personas",
        ("customers",),
        PERSONA,
        "the customers of each card are the customers with its micro-segment",
        "20",
    ),
    (
        "personas",
        ("customers",),
        PERSONA + "; update marts.personas set customers = 19",
        "20 <= `customers`",
        "v3-a",
    ),
    (
        "personas",
        ("customers",),
        PERSONA
        + "; insert into marts.personas select * replace ('v3-b' as micro_segment, 'Other' as label_en) from marts.personas",
        "no two personas have the same label",
        "v3-b",
    ),
    (
        "personas",
        ("customers",),
        PERSONA + "; update marts.personas set portrait_fr = 'Q'",
        "`card` is JSON and says what the columns say",
        "v3-a",
    ),
    (
        "personas",
        ("customers",),
        PERSONA + "; update marts.personas set card = '{\"fr'",
        "`card` is JSON and says what the columns say",
        "v3-a",
    ),
    (
        "personas",
        ("customers",),
        PERSONA
        + "; update marts.personas set card = replace(card, '\"I\"', '\"{value} % <b>\"'), irritants_en = '{value} % <b>'",
        "no text has a gap",
        "v3-a",
    ),
    (
        "customers",
        ("customer_keys",),
        "update marts.customers set micro_segment = 'v3-a' where not allows_profiling",
        "who is not profiled has no segment",
        BRUNO[:40],
    ),
    (
        "customers",
        ("customer_keys",),
        "update marts.customers set value_segment = 2 where not allows_profiling",
        "who is not profiled has no segment",
        BRUNO[:40],
    ),
    (
        "customers",
        ("customer_keys",),
        "update marts.customers set micro_segment = 'see anna@example.com' where tier = 'gold'",
        "`micro_segment` holds no e-mail address",
        ANNA[:40],
    ),
    (
        "customers",
        ("customer_keys",),
        "update marts.customers set tier = 'tel. 06 12 34 56 78' where tier = 'gold'",
        "`tier` holds no e-mail address and no telephone",
        ANNA[:40],
    ),
    (
        "customers",
        ("customer_keys",),
        "delete from marts.customers where tier = 'gold'",
        "as many customers as distinct customers",
        "{'customers': 1} against {'customers': 2}",
    ),
    (
        "customer_keys",
        ("customers",),
        f"update marts.customer_keys set customer_id = sha256('nobody') where customer_id = '{ANNA}'",
        "`customer_id` is a row of `customers`",
        "key_space crm",
    ),
    (
        "customer_keys",
        ("customers",),
        "update marts.customer_keys set source_key_hash = sha256('k1')",
        "there is one row per `key_space`, `source_key_hash`",
        "(2 rows)",
    ),
    (
        "customer_months",
        ("customers",),
        "update marts.customer_months set period_start = date '2024-01-02' where value_segment = 3",
        "`period_start` is the first day of a month",
        "period_start 2024-01-02",
    ),
    (
        "customer_months",
        ("customers",),
        "update marts.customer_months set value_tier = null",
        "segments 1 to 5 have a value tier",
        ANNA[:40],
    ),
    (
        "customer_months",
        ("customers",),
        "update marts.customer_months set recency_days = -1 where value_segment = 3",
        "0 <= `recency_days`",
        "recency_days -1",
    ),
    (
        "customer_months",
        ("customers",),
        "update marts.customer_months set lead_axis = null",
        "who has a relational family has its axes",
        ANNA[:40],
    ),
    (
        "customer_months",
        ("customers",),
        "update marts.customer_months set interactions_24m = 2 where value_segment = 3",
        "at least 3 interactions",
        ANNA[:40],
    ),
    (
        "contacts",
        ("channels",),
        "update marts.contacts set channel = 'pigeon' where contact_id = 'K2'",
        "member of the published table `channels`",
        "contact_id K2",
    ),
    (
        "contacts",
        ("channels",),
        "update marts.contacts set outcome = 'lost' where contact_id = 'K2'",
        "`outcome` is a member",
        "contact_id K2: outcome lost",
    ),
    (
        "contacts",
        ("channels",),
        "update marts.contacts set wait_seconds = -3 where contact_id = 'K1'",
        "0 <= `wait_seconds`",
        "contact_id K1: wait_seconds -3",
    ),
    (
        "contacts",
        ("channels",),
        "update marts.contacts set closed_at = opened_at - interval 1 day where contact_id = 'K1'",
        "opened, answered and closed in this order",
        "contact_id K1",
    ),
    (
        "contacts",
        ("channels",),
        "update marts.contacts set value_segment = 0 where contact_id = 'K2'",
        "a contact without a customer has segment -2",
        "contact_id K2",
    ),
    (
        "contacts",
        ("channels",),
        "update marts.contacts set agent_id = 'Jean Martin' where contact_id = 'K1'",
        "`agent_id` is a sha256",
        "contact_id K1",
    ),
    (
        "contacts",
        ("channels",),
        "update marts.contacts set reason = 'write to anna@example.com' where contact_id = 'K1'",
        "`reason` holds no e-mail address",
        "contact_id K1",
    ),
    (
        "contacts",
        ("channels",),
        "update marts.contacts set contact_id = 'anna@example.com' where contact_id = 'K1'",
        "`contact_id` holds no e-mail address",
        "contact_id (not shown)",
    ),
    (
        "contacts",
        ("channels",),
        "update marts.contacts set nps_answer = 11 where contact_id = 'K1'",
        "0 <= `nps_answer` <= 10",
        "nps_answer 11",
    ),
    (
        "contacts",
        ("channels",),
        "delete from marts.contacts where contact_id = 'K2'",
        "as many contacts as the feed has",
        "against",
    ),
    (
        "purchases",
        (),
        "update marts.purchases set net_amount = 20.4999 where transaction_id = 'T1'",
        "tickets and their net amounts add up",
        "'net_amount': 30.4999} against {'tickets': 2, 'net_amount': 30.5000}",
    ),
    (
        "purchases",
        (),
        "delete from marts.purchases where transaction_id = 'T2'",
        "tickets and their net amounts add up",
        "{'tickets': 1",
    ),
    (
        "purchases",
        (),
        "update marts.purchases set is_net_positive = false where transaction_id = 'T1'",
        "more was bought than returned",
        "transaction_id T1",
    ),
    (
        "purchases",
        (),
        "update marts.purchases set returned_amount = -1 where transaction_id = 'T1'",
        "0 <= `returned_amount`",
        "returned_amount -1.0000",
    ),
    (
        "purchases",
        (),
        "update marts.purchases set transaction_id = 'T1'",
        "there is one row per `transaction_id`",
        "transaction_id T1 (2 rows)",
    ),
    (
        "purchases",
        (),
        "update marts.purchases set sold_at = null where transaction_id = 'T1'",
        "`sold_at` is always known",
        "transaction_id T1",
    ),
    (
        "contacts",
        ("channels",),
        "update marts.contacts set is_set_aside = true where contact_id = 'K1'",
        "a merged contact and spam are not handled",
        "contact_id K1",
    ),
    (
        "customer_events",
        ("customers",),
        f"update marts.customer_events set customer_id = '{BRUNO}' where reference = 'R1'",
        "`customer_id` is a row of `customers` who allows profiling",
        "reference R1",
    ),
    (
        "customer_events",
        ("customers",),
        "update marts.customer_events set points = 3 where reference = 'R1'",
        "movements of points have points",
        "reference R1",
    ),
    (
        "customer_timeline",
        ("customers", "purchases", "customer_events"),
        f"update marts.customer_timeline set customer_id = '{BRUNO}' where reference = 'K1'",
        "`customer_id` is a row of `customers` who allows profiling",
        "reference K1",
    ),
    (
        "customer_timeline",
        ("customers", "purchases", "customer_events"),
        "update marts.customer_timeline set kind = 'return' where reference = 'T1'",
        "a purchase has an amount above 0, a return one below 0",
        "reference T1",
    ),
    (
        "customer_timeline",
        ("customers", "purchases", "customer_events"),
        "update marts.customer_timeline set points = null where reference = 'M1'",
        "movements of points have points",
        "reference M1",
    ),
    (
        "customer_timeline",
        ("customers", "purchases", "customer_events"),
        "update marts.customer_timeline set reference = 'R1', detail = 'csat', kind = 'answer' where reference = 'K1'",
        "there is one row per `kind`, `reference`, `detail`",
        "(2 rows)",
    ),
    (
        "customer_timeline",
        ("customers", "purchases", "customer_events"),
        "delete from marts.customer_timeline where reference = 'T1'",
        "the amounts add up to the tickets",
        "against",
    ),
    (
        "customer_timeline",
        ("customers", "purchases", "customer_events"),
        "delete from marts.customer_timeline where reference = 'R1'",
        "as many answers, movements, visits and steps",
        "{'events': 1} against {'events': 2}",
    ),
    (
        "relationship_models",
        ("customers",),
        "update marts.relationship_models set gap = 'tempo,distance' where value_segment = -1 and relational_family = 'all'",
        "`gap` names the measures",
        "relational_family all",
    ),
    (
        "relationship_models",
        ("customers",),
        "update marts.relationship_models set practised_tempo = 'synchronous' where value_segment = -1",
        "`gap` names the measures",
        "relational_family all",
    ),
    (
        "relationship_models",
        ("customers",),
        "update marts.relationship_models set satisfaction_low = 0.85 where satisfaction is not null",
        "`satisfaction_low` <= `satisfaction` <= `satisfaction_high`",
        "satisfaction_low 0.85",
    ),
    (
        "relationship_models",
        ("customers",),
        "update marts.relationship_models set reply_within_hours = 96 where satisfaction is not null",
        "1 <= `reply_within_hours` <= 72",
        "reply_within_hours 96",
    ),
    (
        "relationship_models",
        ("customers",),
        "delete from marts.relationship_models where value_segment = 3 and relational_family = 'unknown'",
        "every customer who may be profiled, once",
        "{'customers': 0} against {'customers': 1}",
    ),
    (
        "relationship_models",
        ("customers",),
        "update marts.relationship_models set customers = 2 where value_segment = -1 and relational_family = 'all'",
        "the total is the sum of the cells",
        "{'customers': 1} against {'customers': 2}",
    ),
    (
        "satisfaction",
        (),
        "update marts.satisfaction set value = 1.2, interval_high = 1.3 where construct = 'csat'",
        "csat within 0..1",
        "construct csat",
    ),
    (
        "satisfaction",
        (),
        "update marts.satisfaction set numerator = 11 where construct = 'csat'",
        "numerator within 0..denominator",
        "construct csat",
    ),
    (
        "satisfaction",
        (),
        "update marts.satisfaction set value = -120, interval_low = -130 where construct = 'nps'",
        "NPS within -100..100",
        "construct nps",
    ),
    (
        "satisfaction",
        (),
        "update marts.satisfaction set value = 21 where construct = 'nps'",
        "promoters minus detractors",
        "construct nps",
    ),
    (
        "satisfaction",
        (),
        "update marts.satisfaction set denominator = 0 where construct = 'nps'",
        "`denominator` is above 0",
        "construct nps",
    ),
    (
        "satisfaction",
        (),
        "update marts.satisfaction set interval_low = 0.9 where construct = 'csat'",
        "`interval_low` <= `value` <= `interval_high`",
        "interval_low 0.9, value 0.8",
    ),
    (
        "satisfaction",
        (),
        "update marts.satisfaction set answered = 13 where construct = 'csat'",
        "no more invitations are answered than were sent",
        "construct csat",
    ),
    (
        "service_operations",
        ("channels",),
        "update marts.service_operations set value = 0.26 where kpi = 'abandonment_rate'",
        "a rate is its numerator divided by its denominator",
        "kpi abandonment_rate",
    ),
    (
        "service_operations",
        ("channels",),
        "update marts.service_operations set period_start = date '2024-01-03' where period_grain = 'week'",
        "first day of its period",
        "period_start 2024-01-03",
    ),
    (
        "service_operations",
        ("channels",),
        "update marts.service_operations set value_segment = 1, period_grain = 'day' where period_grain = 'week'",
        "a day has the total of the segments only",
        "period_grain day",
    ),
    (
        "service_operations",
        ("channels",),
        "update marts.service_operations set value = 3 where channel = 'all' and kpi = 'inbound_contacts'",
        "channels add up to the total",
        "against",
    ),
    (
        "repurchase_credits",
        ("purchases", "contacts", "channels"),
        "update marts.repurchase_credits set net_amount = 20",
        "each credited amount is that of a ticket",
        "against",
    ),
    (
        "repurchase_credits",
        ("purchases", "contacts", "channels"),
        "update marts.contacts set closed_at = timestamp '2024-01-07 00:00:00' where contact_id = 'K1'",
        "closed before the sale",
        "{'credits': 1} against {'credits': 0}",
    ),
    (
        "repurchase_credits",
        ("purchases", "contacts", "channels"),
        "update marts.repurchase_credits set window_days = 45",
        "`window_days` is one of 30, 60, 90",
        "window_days 45",
    ),
    (
        "repurchase_after_contact",
        ("repurchase_credits", "channels", "purchases", "contacts"),
        "update marts.repurchase_after_contact set pending_amount = 1",
        "observed and pending amounts of the months add up",
        "against",
    ),
    (
        "repurchase_after_contact",
        ("repurchase_credits", "channels", "purchases", "contacts"),
        "update marts.repurchase_after_contact set observed_amount = 20 where value_segment = 3",
        "the amounts of the segments add up",
        "against",
    ),
    (
        "repurchase_after_contact",
        ("repurchase_credits", "channels", "purchases", "contacts"),
        "update marts.repurchase_after_contact set customers_repurchasing = 2",
        "customers who buy again are among those contacted",
        "window_days 60",
    ),
    (
        "repurchase_after_contact",
        ("repurchase_credits", "channels", "purchases", "contacts"),
        "update marts.repurchase_after_contact set observed_rate_low = 1.5",
        "`observed_rate_low` <= `observed_rate`",
        "observed_rate_low 1.5",
    ),
    (
        "repurchase_after_contact_detail",
        ("repurchase_credits", "channels", "purchases", "contacts"),
        "update marts.repurchase_after_contact_detail set pending_amount = 0.01 where dimension = 'team'",
        "the euros of the members of each dimension add up",
        "against",
    ),
    (
        "repurchase_after_contact_detail",
        ("repurchase_credits", "channels", "purchases", "contacts"),
        "update marts.repurchase_after_contact_detail set customers_repurchasing = 2 where dimension = 'team'",
        "customers who buy again are among those contacted",
        "dimension team",
    ),
    (
        "repurchase_increment",
        (),
        "update marts.repurchase_increment set incremental_amount = 399.99 where value_segment = 3",
        "the amounts of the estimated segments add up",
        "against",
    ),
    (
        "repurchase_increment",
        (),
        "update marts.repurchase_increment set incremental_net_margin = 41 where value_segment = 3",
        "the net margin is the margin less the cost",
        "value_segment 3",
    ),
    (
        "repurchase_increment",
        (),
        "update marts.repurchase_increment set treated_kept = 51 where value_segment = -1",
        "are among those contacted",
        "value_segment -1",
    ),
    (
        "repurchase_increment",
        (),
        "update marts.repurchase_increment set incremental_rate = 0.1 where value_segment = 0",
        "only what is estimated has a figure",
        "value_segment 0",
    ),
    (
        "repurchase_increment",
        (),
        "update marts.repurchase_increment set worst_balance = 0.11 where value_segment = 3",
        "no estimate without balance",
        "value_segment 3",
    ),
    (
        "repurchase_increment",
        (),
        "update marts.repurchase_increment set verdict = 'because of' where value_segment = 3",
        "`verdict` is a member",
        "verdict because of",
    ),
    (
        "kpi_readiness",
        ("kpi_definitions",),
        "update marts.kpi_readiness set verdict = 'perhaps' where kpi = 'nps'",
        "`verdict` is a member",
        "verdict perhaps",
    ),
    (
        "kpi_readiness",
        ("kpi_definitions",),
        "update marts.kpi_readiness set kpi = 'mood' where kpi = 'nps'",
        "`kpi` is a row of `kpi_definitions`",
        "kpi mood",
    ),
    (
        "kpi_values",
        ("kpi_definitions", "kpi_readiness"),
        "update marts.kpi_values set value = 1.5, interval_high = 2 where unit = 'rate'",
        "a rate lies within 0..1",
        "kpi abandonment_rate",
    ),
    (
        "kpi_values",
        ("kpi_definitions", "kpi_readiness"),
        "update marts.kpi_values set value = 0, status = null where kpi = 'nps'",
        "unavailable has no value",
        "kpi nps",
    ),
    (
        "kpi_values",
        ("kpi_definitions", "kpi_readiness"),
        "update marts.kpi_values set value = null where kpi = 'abandonment_rate'",
        "only an unavailable one has none",
        "kpi abandonment_rate",
    ),
    (
        "kpi_values",
        ("kpi_definitions", "kpi_readiness"),
        "update marts.kpi_values set status = 'fine' where unit = 'rate'",
        "`status` is a member",
        "status fine",
    ),
    (
        "kpi_values",
        ("kpi_definitions", "kpi_readiness"),
        "update marts.kpi_values set value = 3 where value_segment = 3",
        "inbound contacts of the segments add up",
        "against",
    ),
    (
        "kpi_values",
        ("kpi_definitions", "kpi_readiness"),
        "update marts.kpi_values set value_segment = 9 where value_segment = 3",
        "`value_segment` is one of",
        "value_segment 9",
    ),
]


@pytest.mark.parametrize(
    ("table", "others", "change", "words", "example"),
    BROKEN,
    ids=[f"{item[0]}: {item[3]} ({item[2][:60]})" for item in BROKEN],
)
def test_a_table_that_breaks_a_rule_fails_and_the_column_and_the_row_are_named(
    tmp_path: Path, table: str, others: tuple[str, ...], change: str, words: str, example: str
) -> None:
    verdict = run(tmp_path, [change], [table, *others])[table]
    assert verdict.verdict == "failed"
    found = [line for line in verdict.failures if words in line]
    assert found, verdict.failures
    assert found[0].startswith(f"{table}: expected that ")
    assert any(example in line for line in found), found
    assert "anna@example.com" not in " ".join(verdict.failures)
    assert verdict.exceptions == 0


def test_a_column_of_personal_data_fails_by_its_name(tmp_path: Path) -> None:
    verdict = run(tmp_path, ["alter table marts.channels add column email varchar"], ["channels"])["channels"]
    assert any("no column has the name of personal data" in line and "for example email" in line for line in verdict.failures)
    assert any("no column that the contract does not name" in line and "email" in line for line in verdict.failures)


def test_a_column_that_the_contract_names_and_the_table_lacks_fails_with_what_needs_it(tmp_path: Path) -> None:
    verdict = run(tmp_path, ["alter table marts.purchases drop column returned_amount"], ["purchases"])["purchases"]
    assert any("returned_amount is missing" in line for line in verdict.failures)
    assert any("not evaluated: column returned_amount" in line for line in verdict.failures)


@pytest.mark.parametrize(
    ("kind", "named"),
    [("double", "net_amount is DOUBLE, not DECIMAL(18,4)"), ("decimal(18,2)", "DECIMAL(18,2), not DECIMAL(18,4)")],
)
def test_a_column_of_another_type_than_in_the_contract_fails(tmp_path: Path, kind: str, named: str) -> None:
    verdict = run(tmp_path, [f"alter table marts.purchases alter net_amount type {kind}"], ["purchases"])["purchases"]
    assert any(named in line for line in verdict.failures)


def test_money_as_a_float_and_an_instant_called_a_date_fail_by_their_names() -> None:
    types = {
        "channel": "VARCHAR",
        "cost_amount": "DOUBLE",
        "incremental_amount": "DOUBLE",
        "seen_date": "TIMESTAMP",
        "is_open": "INTEGER",
    }
    checks = {check.name: check for check in published_checks("channels", TABLES["channels"], types, (), None)}
    example = checks["types as named"].example or ""
    assert all(name in example for name in ("cost_amount is DOUBLE", "seen_date is TIMESTAMP", "is_open is INTEGER"))
    assert "incremental_amount" not in example


def test_a_table_that_is_not_in_the_warehouse_fails(tmp_path: Path) -> None:
    verdict = run(tmp_path, [], ["stores"])["stores"]
    assert verdict.verdict == "failed"
    assert "cannot be read" in verdict.failures[0]


def test_a_published_table_without_declared_rules_fails(tmp_path: Path) -> None:
    verdict = run(tmp_path, ["create table marts.novelty as select 1 as nothing"], ["novelty", "channels"])["novelty"]
    assert verdict.failures[0].endswith(
        "no rules are declared for the published table novelty: add it to checks/published_tables.py"
    )


def test_a_table_whose_feeds_are_present_may_not_be_empty(tmp_path: Path) -> None:
    empty = ["delete from marts.purchases", "delete from staging.raw_stg_pos__transactions"]
    assert run(tmp_path / "absent", empty, ["purchases"], present=[])["purchases"].verdict == "passed"
    verdict = run(tmp_path / "present", empty, ["purchases"], present=["pos_transactions"])["purchases"]
    assert verdict.failures == ["purchases: expected that the table has rows (>= 1); found 0"]


def test_which_feeds_are_present_comes_from_the_published_readiness_where_nothing_else_says_it(tmp_path: Path) -> None:
    empty = ["delete from marts.purchases", "delete from staging.raw_stg_pos__transactions"]
    tables = ["purchases", "kpi_readiness", "kpi_definitions"]
    assert run(tmp_path, empty, tables, present=None)["purchases"].verdict == "failed"


def test_a_table_that_is_never_empty_fails_when_it_is(tmp_path: Path) -> None:
    assert "has rows" in run(tmp_path, ["delete from marts.channels"], ["channels"])["channels"].failures[0]


def test_an_empty_table_does_not_hide_that_its_lines_hold_money(tmp_path: Path) -> None:
    verdict = run(tmp_path, ["delete from marts.purchases"], ["purchases"])["purchases"]
    assert any("add up to those of the lines" in line for line in verdict.failures)


def test_a_staging_view_that_cannot_be_read_fails_the_sum_that_needs_it(tmp_path: Path) -> None:
    verdict = run(tmp_path, ["drop view staging.stg_pos__transactions"], ["purchases"])["purchases"]
    assert verdict.exceptions == 1
    assert "stg_pos__transactions does not exist" in verdict.failures[0]


def test_nothing_published_is_later_than_the_as_of_day(tmp_path: Path) -> None:
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    with duckdb.connect() as connection:
        end = datetime(2024, 1, 6)
        connection.execute(
            f"copy (select timestamp '{end}' as as_of_end_at) to '{inputs / 'run_context.parquet'}' (format parquet)"
        )
        connection.execute(
            f"copy (select 'crm_contacts' as feed, true as is_present) to '{inputs / 'feed_status.parquet'}' (format parquet)"
        )
    verdict = run(tmp_path, [], ["purchases"], present=None, inputs=inputs)["purchases"]
    assert [line.split("; ")[-1] for line in verdict.failures] == ["for example transaction_id T1: sold_at 2024-01-06 10:00:00"]


def test_a_ready_kpi_without_a_value_is_a_warning(tmp_path: Path) -> None:
    tables = ["kpi_values", "kpi_definitions", "kpi_readiness"]
    verdict = run(tmp_path, ["delete from marts.kpi_values where kpi = 'abandonment_rate'"], tables)["kpi_values"]
    assert verdict.verdict == "warned"
    assert "every KPI that is ready or degraded has a value" in verdict.warnings[0]


def test_a_warehouse_that_cannot_be_opened_fails_every_table(tmp_path: Path) -> None:
    manifest = manifest_of(tmp_path / "service_value.duckdb", ["channels", "contacts"])
    verdicts = run_published_gate(tmp_path / "service_value.duckdb", manifest, tmp_path / "checks", "run")
    assert [verdict.verdict for verdict in verdicts] == ["failed", "failed"]
    assert all("the gate could not be run" in verdict.failures[0] for verdict in verdicts)


def test_a_manifest_without_published_tables_is_a_failure(tmp_path: Path) -> None:
    warehouse = make_warehouse(tmp_path / "service_value.duckdb")
    (verdict,) = run_published_gate(warehouse, {"nodes": {}}, tmp_path / "checks", "run")
    assert verdict.verdict == "failed"


def test_the_warehouse_can_be_written_again_once_the_gate_is_done(tmp_path: Path) -> None:
    run(tmp_path, [], ["channels"])
    with duckdb.connect(str(tmp_path / "service_value.duckdb")) as connection:
        connection.execute("create table marts.later as select 1 as nothing")
