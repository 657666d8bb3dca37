"""A figure as of a date is the same whether or not later rows are in raw."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path
from typing import Any

from dagster_project.estimates.relational_families import as_rows
from tests.marts.conftest import Rows, contact, line
from tests.marts.inputs import build, query, write_inputs
from tests.marts.test_potential import BENCHMARKS, VERSION
from tests.marts.test_relational_families import company
from tests.unit.estimates.relationship_worlds import TRUE

SELECTION = "+customers +customer_months +purchases +int_contacts int_version_conflicts stg_crm__subscriptions"


def known_in_june() -> Rows:
    return {
        "crm_contacts": [
            contact("K1", "C1", "2024-06-10 09:00:00", updated_at="2024-06-10 09:00:00"),
            contact("K2", "C1", "2024-06-11 09:00:00", closed_at="2024-06-11 09:30:00", updated_at="2024-06-11 09:30:00"),
        ],
        "pos_transactions": [
            line("T1", "2024-05-10 09:00:00", "100", customer_id="C1", updated_at="2024-05-10 09:00:00"),
            line("T2", "2024-06-30 21:59:59", "20", customer_id="C2"),
        ],
    }


def known_in_august() -> Rows:
    """The same with what came later: a closing, a correction, a refund, a sale just after the end of June in Paris."""
    rows = known_in_june()
    rows["crm_contacts"] += [
        contact("K1", "C1", "2024-06-10 09:00:00", closed_at="2024-07-02 09:00:00", updated_at="2024-07-02 09:00:00"),
        contact("K3", "C7", "2024-07-05 09:00:00"),
    ]
    rows["pos_transactions"] += [
        line("T1", "2024-05-10 09:00:00", "90", customer_id="C1", updated_at="2024-07-01 09:00:00"),
        line("T3", "2024-06-30 22:00:00", "55", customer_id="C8"),
        line("T4", "2024-07-03 09:00:00", "-100", customer_id="C1", returned_transaction_id="T1"),
    ]
    return rows


def snapshot(warehouse: Path) -> dict[str, list[dict[str, Any]]]:
    tables = ("marts.customers", "marts.customer_months", "marts.purchases", "intermediate.int_contacts")
    return {table: query(warehouse, f"from {table} order by all") for table in tables}


def test_later_rows_do_not_change_an_earlier_date(tmp_path: Path) -> None:
    covered = {"horizon_at": "2024-06-30 22:00:00"}
    status = {"crm_contacts": covered, "pos_transactions": covered}
    then = build(write_inputs(tmp_path / "then", known_in_june(), feed_status=status), SELECTION)
    again = build(write_inputs(tmp_path / "again", known_in_august(), feed_status=status), SELECTION)
    assert snapshot(again) == snapshot(then)
    assert [row["transaction_id"] for row in snapshot(then)["marts.purchases"]] == ["T1", "T2"]


SEGMENTS = (
    "+customers +customer_months +segment_sizes +segment_migrations +relationship_models +customer_timeline +repurchase_credits"
)
EVENTS = {
    "crm_contacts": "opened_at",
    "pos_transactions": "sold_at",
    "web_sessions": "started_at",
    "survey_responses": "answered_at",
}


def shuffled_after(rows: Rows, day: str) -> Rows:
    """What happened after that day has happened to others, and what is not about a customer is another's, too."""
    draw = random.Random(3)
    made: Rows = {}
    for feed, time in EVENTS.items():
        later = [row for row in rows[feed] if row[time] > f"{day} 23:59:59"]
        values = [[row[name] for row in later] for name in ("customer_id", time)]
        for column in values:
            draw.shuffle(column)
        moved = [row | {"customer_id": who, time: at} for row, who, at in zip(later, *values, strict=True)]
        made[feed] = [row for row in rows[feed] if row[time] <= f"{day} 23:59:59"] + moved
    return rows | made


def segmented(folder: Path, rows: Rows, selection: str, history_months: int = 24) -> dict[str, list[dict[str, Any]]]:
    """The published tables of a build as of the end of March 2024, with a forecast and families fitted long before."""
    value = {"parameter_version": "value-2023-01-01", "fitted_as_of": "2023-01-01"}
    inputs = write_inputs(
        folder,
        rows,
        context={"as_of_date": "2024-03-31", "history_months": history_months},
        feed_status={feed: {"horizon_at": "2024-03-31 22:00:00"} for feed in EVENTS},
        value_thresholds=[VERSION | value],
        potential_benchmarks=[benchmark | value for benchmark in BENCHMARKS],
        relational_families=as_rows(TRUE, TRUE, date(2023, 1, 1)).to_pylist(),
    )
    warehouse = build(inputs, selection)
    names = [row["table_name"] for row in query(warehouse, "from information_schema.tables where table_schema = 'marts'")]
    assert set(selection.replace("+", "").split()) <= set(names)
    return {table: query(warehouse, f"from marts.{table} order by all") for table in names}


def test_shuffling_what_came_after_moves_nobody_and_nor_does_a_shorter_history(tmp_path: Path) -> None:
    """Every published table about customers, to the last of them; two builds of the same rows are equal by the way."""
    rows = company()
    other = shuffled_after(rows, "2024-03-31")
    assert other["pos_transactions"] != rows["pos_transactions"]
    tables = segmented(tmp_path / "rows", rows, SEGMENTS)
    assert {row["value_segment"] for row in tables["customer_months"]} >= {0, 2, 3, 4, 5}
    assert len({row["relational_family"] for row in tables["customer_months"]}) == 5
    again = segmented(tmp_path / "other", other, SEGMENTS)
    for table, expected in tables.items():
        assert again[table] == expected, table
    short = segmented(tmp_path / "short", rows, "+customers +customer_months", history_months=3)
    assert short["customers"] == tables["customers"]
    assert min(row["period_start"] for row in short["customer_months"]) == date(2024, 1, 1)
    assert short["customer_months"] == [row for row in tables["customer_months"] if row["period_start"] >= date(2024, 1, 1)]


def test_the_later_date_knows_the_later_rows(tmp_path: Path) -> None:
    inputs = write_inputs(tmp_path / "inputs", known_in_august(), context={"as_of_date": "2024-08-31"})
    warehouse = build(inputs, SELECTION)
    purchases = {row["transaction_id"]: row for row in query(warehouse, "from marts.purchases")}
    assert set(purchases) == {"T1", "T2", "T3", "T4"}
    assert (purchases["T1"]["net_amount"], purchases["T1"]["returned_amount"]) == (90, 100)
    assert purchases["T1"]["is_net_positive"] is False
    [closed] = query(warehouse, "select closed_at from intermediate.int_contacts where contact_id = 'K1'")
    assert str(closed["closed_at"]) == "2024-07-02 09:00:00"


def test_two_versions_of_one_instant_are_counted_as_a_conflict_and_one_of_them_counts(tmp_path: Path) -> None:
    rows = known_in_june()
    rows["pos_transactions"].append(line("T2", "2024-06-30 21:59:59", "21", customer_id="C2"))
    warehouse = build(write_inputs(tmp_path / "inputs", rows), SELECTION)
    conflicts = query(warehouse, "from intermediate.int_version_conflicts where conflicts > 0")
    assert conflicts == [{"feed": "pos_transactions", "conflicts": 1}]
    [ticket] = query(warehouse, "select net_amount from marts.purchases where transaction_id = 'T2'")
    assert ticket["net_amount"] in (20, 21)


def test_a_subscription_that_will_end_is_still_running_on_the_as_of_date(tmp_path: Path) -> None:
    subscription = {
        "subscription_id": "S1",
        "customer_id": "C1",
        "monthly_amount": "10",
        "currency": "EUR",
        "started_at": "2024-01-01 00:00:00",
        "cancellation_requested_at": "2024-06-15 00:00:00",
        "ended_at": "2024-07-15 00:00:00",
        "end_reason": "price",
    }
    warehouse = build(write_inputs(tmp_path / "inputs", {"crm_subscriptions": [subscription]}), SELECTION)
    [row] = query(warehouse, "from staging.stg_crm__subscriptions")
    assert str(row["cancellation_requested_at"]) == "2024-06-15 00:00:00"
    assert row["ended_at"] is None
    assert row["end_reason"] is None
