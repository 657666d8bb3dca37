"""Small companies whose warehouses several tests read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.marts.inputs import build, write_inputs

Rows = dict[str, list[dict[str, Any]]]


def contact(contact_id: str, customer_id: str | None, opened_at: str, **more: Any) -> dict[str, Any]:
    """An inbound telephone contact; closed, where `closed_at` is given, as resolved."""
    row = {
        "contact_id": contact_id,
        "customer_id": customer_id,
        "channel": "phone",
        "direction": "inbound",
        "opened_at": opened_at,
        "outcome": "resolved" if more.get("closed_at") else None,
    }
    return row | more


def line(transaction_id: str, sold_at: str, net_amount: str, **more: Any) -> dict[str, Any]:
    """A ticket line in euros, sold in a store, without a customer unless a key is given."""
    row = {
        "transaction_id": transaction_id,
        "line_number": 1,
        "sold_at": sold_at,
        "sales_channel": "store",
        "quantity": "1",
        "net_amount": net_amount,
        "currency": "EUR",
    }
    return row | more


def every_feed() -> Rows:
    """A company that has something in every feed."""
    return {
        "crm_customers": [
            {"customer_id": "C1", "email": "anne@example.org", "phone": "+33100000001", "created_at": "2023-01-05 09:00:00"},
            {"customer_id": "C2", "email": "bruno@example.org", "created_at": "2023-02-05 09:00:00"},
            {"customer_id": "C3", "allows_profiling": "false", "created_at": "2023-03-05 09:00:00"},
        ],
        "crm_contacts": [
            contact(
                "K1",
                "C1",
                "2024-03-01 09:00:00",
                answered_at="2024-03-01 09:00:10",
                closed_at="2024-03-01 09:06:00",
                talk_seconds=300,
                hold_seconds=20,
                wrap_up_seconds=40,
                agent_id="A1",
                case_id="D1",
                queue="general",
            ),
            contact(
                "K2",
                "C2",
                "2024-04-02 09:00:00",
                answered_at="2024-04-02 09:01:00",
                closed_at="2024-04-02 09:10:00",
                agent_id="A1",
                case_id="D2",
                reason="delivery",
                queue="general",
            ),
            contact("K3", None, "2024-04-03 09:00:00", closed_at="2024-04-03 09:00:03", outcome="abandoned"),
            contact("K4", "C9", "2024-05-04 09:00:00", channel="email", answered_at="2024-05-04 12:00:00"),
        ],
        "crm_agents": [{"agent_id": "A1", "team": "north", "hourly_cost": "24", "valid_from": "2022-01-01 00:00:00"}],
        "crm_evaluations": [
            {
                "evaluation_id": "E1",
                "contact_id": "K1",
                "evaluator_id": "A2",
                "grid_version": "default-1",
                "item_code": "greeting",
                "level_code": "compliant",
                "evaluated_at": "2024-03-04 09:00:00",
            },
        ],
        "crm_subscriptions": [
            {
                "subscription_id": "S1",
                "customer_id": "C1",
                "monthly_amount": "10",
                "currency": "USD",
                "started_at": "2024-01-01 00:00:00",
                "cancellation_requested_at": "2024-08-01 00:00:00",
            },
        ],
        "crm_leads": [{"lead_id": "L1", "customer_id": "C2", "created_at": "2023-02-01 00:00:00"}],
        "crm_assignments": [
            {"experiment_code": "X1", "customer_id": "C1", "arm": "treated", "assigned_at": "2024-02-01 00:00:00"},
        ],
        "identity_links": [{"key_space_a": "crm", "key_a": "C2", "key_space_b": "loyalty", "key_b": "F2"}],
        "pos_transactions": [
            line("T1", "2023-06-01 10:00:00", "100", customer_id="C1", product_id="P1", store_id="M1"),
            line("T2", "2024-03-10 10:00:00", "60", customer_id="C1", product_id="P1", store_id="M1"),
            line("T3", "2024-04-20 10:00:00", "40", loyalty_card_id="F2", product_id="P2", store_id="M2"),
            line("T4", "2024-05-01 10:00:00", "-10", loyalty_card_id="F2", product_id="P2", returned_transaction_id="T3"),
            line("T5", "2024-05-02 10:00:00", "15", sales_channel="web", email="Bruno@example.org"),
            line("T6", "2024-05-03 10:00:00", "99", customer_id="C1", is_cancelled="true"),
            line("T7", "2024-06-03 10:00:00", "7.50"),
        ],
        "pos_products": [{"product_id": "P1", "label": "Lamp", "category": "light", "margin_rate": "0.4"}],
        "pos_stores": [{"store_id": "M1", "label": "Centre", "region": "North"}],
        "loyalty_members": [
            {"loyalty_card_id": "F1", "customer_id": "C1", "tier": "gold", "joined_at": "2023-05-01 09:00:00"},
            {"loyalty_card_id": "F2", "tier": "silver", "joined_at": "2023-05-01 09:00:00"},
        ],
        "loyalty_movements": [
            {
                "movement_id": "V1",
                "loyalty_card_id": "F1",
                "moved_at": "2024-03-10 10:00:00",
                "kind": "earn",
                "points": 60,
                "transaction_id": "T2",
            },
        ],
        "loyalty_rewards": [{"reward_id": "R1", "label": "Voucher", "kind": "monetary", "cost_amount": "5"}],
        "survey_responses": [
            {
                "response_id": "Q1",
                "survey_id": "after",
                "question_code": "csat",
                "contact_id": "K1",
                "customer_id": "C1",
                "sent_at": "2024-03-02 09:00:00",
                "answered_at": "2024-03-02 10:00:00",
                "score": "5",
            },
            {
                "response_id": "Q2",
                "survey_id": "after",
                "question_code": "csat",
                "contact_id": "K2",
                "sent_at": "2024-04-03 09:00:00",
            },
            {
                "response_id": "Q3",
                "survey_id": "relation",
                "question_code": "nps",
                "customer_id": "C2",
                "sent_at": "2024-05-02 09:00:00",
                "answered_at": "2024-05-02 10:00:00",
                "score": "9",
            },
        ],
        "web_sessions": [
            {"session_id": "W1", "customer_id": "C1", "started_at": "2024-03-09 10:00:00", "page_views": 4},
            {"session_id": "W2", "email": "bruno@example.org", "started_at": "2024-03-09 10:00:00", "page_views": 4},
        ],
    }


EXCHANGE_RATES = [{"currency": "USD", "valid_from": "2023-12-31", "rate": "0.9"}]
ONE_VERSION = {
    "parameter_version": "value-2024-06-30",
    "fitted_as_of": "2024-06-30",
    "tier_low_cut": "20",
    "tier_high_cut": "60",
    "segment_cut_1": "10",
    "segment_cut_2": "20",
    "segment_cut_3": "40",
    "segment_cut_4": "80",
    "sample_size": "25",
}


@pytest.fixture(scope="session")
def whole_company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The warehouse of the company with every feed, built with all data tests and unit tests."""
    inputs = write_inputs(
        tmp_path_factory.mktemp("whole") / "inputs",
        every_feed(),
        reference={"exchange_rates": EXCHANGE_RATES},
        value_thresholds=[ONE_VERSION],
    )
    return build(inputs, with_tests=True, with_unit_tests=True)
