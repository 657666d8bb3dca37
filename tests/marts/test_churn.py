"""The churn risk scored in SQL, held against the model in Python, and that nothing which came later moves a score."""

from __future__ import annotations

import random
import re
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dagster_project.estimates.churn import CRITERIA, PARAMETERS, PREFIXES, SILENCE, SUBSCRIPTION, Risk, as_rows, read_rows
from tests.marts.conftest import Rows, contact, line
from tests.marts.inputs import DBT, build, query, write_inputs

FIRST_DAY = date(2022, 9, 1)
DAYS = 668  # until 29 June 2024
CUSTOMERS = 90
SELECTION = "+churn_risks +customers +customer_months"
FITTED = date(2024, 2, 1)
# the start of April in Paris
APRIL = datetime(2024, 3, 31, 22)
WEIGHTS = {
    SUBSCRIPTION: {
        "contacts": 0.3,
        "unresolved": 0.8,
        "dissatisfied": 0.6,
        "intent": 1.5,
        "unused": 0.7,
        "recent": 0.5,
        "amount": 0.4,
    },
    SILENCE: {
        "contacts": -0.2,
        "unresolved": 0.4,
        "satisfied": -0.3,
        "purchases": -0.6,
        "silence": 3.0,
        "rhythm": -0.2,
        "amount": 0.1,
    },
}


def company(seed: int = 4) -> Rows:
    """Customers with contacts, answers, tickets and subscriptions over 22 months; the first refuses profiling."""
    draw = random.Random(seed)
    names = ("crm_customers", "crm_contacts", "crm_subscriptions", "pos_transactions", "survey_responses")
    rows: Rows = {name: [] for name in names}

    def moment(earliest: int = 0) -> datetime:
        return datetime.combine(FIRST_DAY, datetime.min.time()) + timedelta(days=draw.randrange(earliest, DAYS), hours=12)

    for customer in range(CUSTOMERS):
        key = f"C{customer}"
        rows["crm_customers"].append(
            {"customer_id": key, "allows_profiling": str(customer > 0).lower(), "created_at": f"{FIRST_DAY} 08:00:00"}
        )
        for _ in range(draw.choice([0, 1, 3, 8, 20])):
            number = len(rows["pos_transactions"])
            rows["pos_transactions"].append(line(f"T{number}", f"{moment()}", str(draw.choice([12, 30, 75.5])), customer_id=key))
        for _ in range(draw.choice([0, 0, 2, 5, 9])):
            opened, number = moment(), len(rows["crm_contacts"])
            closed = opened + timedelta(days=draw.choice([0, 0, 1, 20, 45]), minutes=9)
            outcome = draw.choice(["resolved", "resolved", "unresolved", "abandoned", "spam", "merged"])
            wish = str(draw.random() < 0.2).lower()
            rows["crm_contacts"].append(
                contact(f"K{number}", key, f"{opened}", closed_at=f"{closed}", outcome=outcome, has_cancellation_intent=wish)
            )
            if draw.random() < 0.5:
                answered = opened + timedelta(days=draw.choice([1, 5, 40]))
                rows["survey_responses"].append(
                    {
                        "response_id": f"R{number}",
                        "survey_id": "after",
                        "question_code": "csat",
                        "contact_id": f"K{number}",
                        "sent_at": f"{opened}",
                        "answered_at": f"{answered}",
                        "score": str(draw.randint(1, 5)),
                    }
                )
        if customer % 2 == 0:
            started = moment() - timedelta(days=300)
            row: dict[str, Any] = {
                "subscription_id": f"S{customer}",
                "customer_id": key,
                "monthly_amount": draw.choice(["4.99", "7.99"]),
                "currency": "EUR",
                "started_at": f"{started}",
            }
            if draw.random() < 0.6:
                ended = max(started + timedelta(days=40), moment(120))
                row |= {"ended_at": f"{ended}", "cancellation_requested_at": f"{ended - timedelta(days=draw.choice([3, 25]))}"}
            rows["crm_subscriptions"].append(row)
    return rows


def risk(kind: str) -> Risk:
    """A model with round weights; its means are what reasons are told against."""
    said = WEIGHTS[kind]
    weights = np.array([said.get(name, 0.0) for name in CRITERIA[kind]])
    intercept = -2.0 if kind == SUBSCRIPTION else -1.0
    return Risk(CRITERIA[kind], intercept, weights, np.full(len(weights), 0.2), 0.25, 0.45)


def versions(kind: str) -> list[dict[str, Any]]:
    return [row | {"fitted_as_of": FITTED.isoformat()} for row in as_rows(risk(kind), kind, FITTED).to_pylist()]


def inputs(folder: Path, rows: Rows) -> Path:
    covered = {"horizon_at": "2024-06-30 22:00:00", "first_day": FIRST_DAY.isoformat(), "is_present": "true"}
    return write_inputs(
        folder,
        rows,
        context={"held_out_share": 0.3},
        feed_status=dict.fromkeys(("crm_contacts", "crm_subscriptions", "pos_transactions"), covered),
        churn_subscription=versions(SUBSCRIPTION),
        churn_silence=versions(SILENCE),
    )


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(inputs(tmp_path_factory.mktemp("churn") / "inputs", company()), SELECTION, with_tests=True)


def features(warehouse: Path, kind: str) -> pd.DataFrame:
    return pd.DataFrame(
        query(warehouse, f"from intermediate.int_churn_features where churn_kind = '{kind}' order by customer_number, month")
    )


@pytest.mark.parametrize("kind", [SUBSCRIPTION, SILENCE])
def test_probabilities_in_sql_are_those_of_the_model_in_python(warehouse: Path, kind: str) -> None:
    rows = features(warehouse, kind)
    scores = query(warehouse, f"from intermediate.int_churn_scores where churn_kind = '{kind}' order by customer_number, month")
    assert len(rows) == len(scores) > 200
    assert [row["churn_probability"] for row in scores] == pytest.approx(list(risk(kind).probability(rows)), rel=1e-8)
    assert {row["parameter_version"] for row in scores} == {f"{PREFIXES[kind]}-{FITTED}"}
    assert all(row["is_frozen"] == (row["month"] >= FITTED) for row in scores)


def test_the_criteria_vary_so_that_the_comparison_means_something(warehouse: Path) -> None:
    for kind, criteria in CRITERIA.items():
        rows = features(warehouse, kind)
        for criterion in criteria:
            assert len(set(rows[criterion])) > 1, (kind, criterion)


def test_the_fit_reads_the_rows_whose_outcome_is_known(warehouse: Path) -> None:
    for kind in CRITERIA:
        rows = read_rows(warehouse, kind)
        known = features(warehouse, kind).dropna(subset=["has_churned"])
        assert len(rows) == len(known) > 0
        assert set(rows["has_churned"]) == {True, False}, kind


def test_customers_and_months_carry_the_scores_and_who_refuses_has_none(warehouse: Path) -> None:
    [found] = query(
        warehouse,
        """select count(months.churn_probability) as scored,
            count(case when not customers.allows_profiling then months.churn_probability end) as refused
        from marts.customer_months as months inner join marts.customers as customers using (customer_id)""",
    )
    [scores] = query(warehouse, "select count(*) as scores from intermediate.int_churn_scores")
    assert found["scored"] == scores["scores"] > 0 and found["refused"] == 0
    [agree] = query(
        warehouse,
        """select count(*) as customers from marts.customers as customers
        inner join marts.customer_months as months using (customer_id)
        where months.period_start = date '2024-06-01' and customers.churn_probability is distinct from months.churn_probability""",
    )
    assert agree["customers"] == 0


def test_reasons_are_the_largest_contributions_against_the_mean(warehouse: Path) -> None:
    texts = {
        (row["reason"], row["direction"], kind): row["text_en"]
        for row in query(warehouse, "from seeds.churn_reasons")
        for kind in ([SUBSCRIPTION, SILENCE] if row["churn_kind"] == "all" else [row["churn_kind"]])
    }
    risks = {row["customer_id"]: row for row in query(warehouse, "from marts.churn_risks where band <> 'requested'")}
    assert len(risks) >= 10
    checked = Counter[str]()
    for kind in CRITERIA:
        model = risk(kind)
        rows = features(warehouse, kind)
        for row in rows[rows["month"].astype(str).str[:10] == "2024-06-01"].to_dict("records"):
            if row["customer_id"] not in risks:
                continue
            parts = {
                name: float(weight) * (row[name] - 0.2) for name, weight in zip(model.criteria, model.coefficients, strict=True)
            }
            parts["tenure"] = parts.get("tenure", 0.0) + parts.pop("recent", 0.0)
            told = [
                texts[name, "high" if row[name] > 0.2 else "low", kind]
                for name, part in sorted(parts.items(), key=lambda item: -round(item[1], 9))
                if part > 1e-9 and (name, "high" if row[name] > 0.2 else "low", kind) in texts
            ]
            found = [risks[row["customer_id"]][f"reason_{place}_en"] for place in (1, 2, 3)]
            assert [text for text in found if text] == (told[:3] or ["shows several weak signs together"])
            checked[kind] += 1
    assert checked[SILENCE] > 3 and checked[SUBSCRIPTION] > 3


def test_the_language_of_the_company_and_the_hold_out_hold(warehouse: Path) -> None:
    rows = query(warehouse, "from marts.churn_risks")
    assert all(row["reason_1"] == row["reason_1_fr"] and row["suggested_action"] == row["suggested_action_fr"] for row in rows)
    assert {row["is_held_out"] for row in rows} == {True, False}
    [share] = query(
        warehouse,
        """select avg(case when ('0x' || substr(sha256(range || '/rescue'), 1, 8))::bigint / 4294967296.0 < 0.3 then 1 else 0 end) as share
        from range(20000)""",
    )
    assert share["share"] == pytest.approx(0.3, abs=0.01), "the draw is even"


def shuffled(rows: Rows, seed: int = 8) -> Rows:
    """The same past; what happened or became known from April on is dealt out anew among customers, days and ends."""
    draw = random.Random(seed)

    def is_later(text: str | None) -> bool:
        return text is not None and datetime.fromisoformat(text) >= APRIL

    changed: Rows = {name: [dict(row) for row in of_feed] for name, of_feed in rows.items()}
    for name, at in (("crm_contacts", "opened_at"), ("pos_transactions", "sold_at")):
        later = [row for row in changed[name] if is_later(row[at])]
        keys = [row["customer_id"] for row in later]
        draw.shuffle(keys)
        for row, key in zip(later, keys, strict=True):
            row["customer_id"] = key
    for row in changed["crm_contacts"]:
        if is_later(row["closed_at"]):
            row["outcome"] = draw.choice(["resolved", "unresolved", "spam", "abandoned"])
            row["has_cancellation_intent"] = draw.choice(["true", "false"])
    for row in changed["survey_responses"]:
        if is_later(row["answered_at"]):
            row["score"] = str(draw.randint(1, 5))
    for row in changed["crm_subscriptions"]:
        for at in ("ended_at", "cancellation_requested_at"):
            if is_later(row.get(at)):
                row[at] = None if draw.random() < 0.5 else f"{APRIL + timedelta(days=draw.randrange(1, 80))}"
    return changed


def test_shuffling_the_future_moves_no_score(warehouse: Path, tmp_path: Path) -> None:
    other = build(inputs(tmp_path / "inputs", shuffled(company())), "+int_churn_scores")
    columns = ", ".join(sorted({name for names in CRITERIA.values() for name in names}))
    sql = f"""select scores.customer_id, scores.month, scores.churn_kind, scores.churn_probability, scores.band, {columns}
        from intermediate.int_churn_scores as scores
        inner join intermediate.int_churn_features as features using (customer_number, month)
        where scores.month {{}} date '2024-04-01' order by all"""
    before = query(warehouse, sql.format("<="))
    assert query(other, sql.format("<=")) == before
    assert len(before) > 500
    assert query(other, sql.format(">")) != query(warehouse, sql.format(">")), "the future did change"


def test_sql_and_python_name_the_same_criteria_and_days() -> None:
    text = (DBT / "macros" / "kpi" / "churn.sql").read_text(encoding="utf-8")
    listed = re.search(r"churn_criteria\(\).*?return\(\[(.*?)\]\)", text, re.DOTALL)
    assert listed is not None
    assert set(re.findall(r"'(\w+)'", listed[1])) == {name for names in CRITERIA.values() for name in names}
    sources = (DBT / "models" / "sources.yml").read_text(encoding="utf-8")
    assert all(f"- name: {parameter}\n" in sources for parameter in PARAMETERS.values())
