"""A figure as of a date is the same whether or not later rows are in raw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.marts.conftest import Rows, contact, line
from tests.marts.inputs import build, query, write_inputs

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
