"""The agents' list: the CRM's ids, consent, who is held out, what has changed, and no formula for a spreadsheet."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb
import pytest

from dagster_project.publication import agents_list
from dagster_project.publication.agents_list import guarded, write_agents_list

Risk = tuple[str, str, float | None, str, bool]


def release(
    folder: Path, risks: Sequence[Risk], refusing: Sequence[str] = (), ids: dict[str, str] | None = None
) -> tuple[Path, Path]:
    """A published database with these risks (customer, band, probability, first reason, held out), and its warehouse."""
    folder.mkdir(exist_ok=True)
    database, warehouse = folder / "published.duckdb", folder / "warehouse.duckdb"
    for path in (database, warehouse):
        path.unlink(missing_ok=True)
    customers = sorted({risk[0] for risk in risks} | set(refusing) | set(ids or {}))
    with duckdb.connect(str(database)) as connection:
        connection.execute("create table customers (customer_id varchar, allows_profiling boolean)")
        connection.executemany("insert into customers values (?, ?)", [[name, name not in refusing] for name in customers])
        connection.execute(
            """create table churn_risks (customer_id varchar, band varchar, churn_probability double, reason_1 varchar,
                reason_2 varchar, reason_3 varchar, suggested_action varchar, is_held_out boolean)"""
        )
        for risk in risks:
            connection.execute("insert into churn_risks values (?, ?, ?, ?, null, null, 'call', ?)", list(risk))
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema intermediate; create schema staging")
        connection.execute("create table intermediate.int_customer_keys (source_key_hash varchar, customer_id varchar)")
        connection.execute(
            "create table staging.stg_crm__customers (customer_id_hash varchar, customer_id varchar, is_deleted boolean)"
        )
        for name in ("subscriptions", "contacts"):
            connection.execute(f"create table staging.stg_crm__{name} (customer_id_hash varchar, customer_id varchar)")
        for name in customers:
            crm_id = (ids or {}).get(name, name.upper())
            connection.execute("insert into intermediate.int_customer_keys values (?, ?)", [f"hash {name}", name])
            connection.execute("insert into staging.stg_crm__customers values (?, ?, false)", [f"hash {name}", crm_id])
    return warehouse, database


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def test_the_list_names_the_ids_of_the_crm_the_most_urgent_first(tmp_path: Path) -> None:
    risks: list[Risk] = [
        ("b", "high", 0.2, "new", False),
        ("a", "very_high", 0.5, "silent", False),
        ("c", "requested", None, "asked", False),
    ]
    report = write_agents_list(*release(tmp_path / "work", risks), tmp_path, date(2024, 6, 30))
    rows = read(tmp_path / "outbox" / "agents_list.csv")
    assert [row["customer_id"] for row in rows] == ["C", "A", "B"]
    assert rows[1] == {
        "customer_id": "A",
        "band": "very_high",
        "reason_1": "silent",
        "reason_2": "",
        "reason_3": "",
        "suggested_action": "call",
        "since": "new",
        "as_of_date": "2024-06-30",
    }
    assert (report.new, report.changed, report.same, report.left) == (3, 0, 0, 0)


def test_who_is_held_out_and_who_refuses_profiling_are_on_neither_file(tmp_path: Path) -> None:
    risks: list[Risk] = [("a", "high", 0.2, "new", True), ("b", "high", 0.2, "new", False), ("c", "high", 0.2, "new", False)]
    report = write_agents_list(*release(tmp_path / "work", risks, refusing=["b"]), tmp_path, date(2024, 6, 30))
    assert [row["customer_id"] for row in read(tmp_path / "outbox" / "agents_list.csv")] == ["C"]
    assert read(tmp_path / "outbox" / "agents_list_left.csv") == []
    assert report.held_out == 1


def test_the_list_says_who_is_new_changed_or_the_same_and_who_has_left(tmp_path: Path) -> None:
    first: list[Risk] = [
        ("a", "high", 0.2, "new", False),
        ("b", "high", 0.3, "silent", False),
        ("c", "high", 0.4, "silent", False),
    ]
    write_agents_list(*release(tmp_path / "work", first), tmp_path, date(2024, 6, 30))
    second: list[Risk] = [
        ("a", "high", 0.25, "new", False),
        ("b", "very_high", 0.6, "silent", False),
        ("d", "high", 0.3, "new", False),
    ]
    report = write_agents_list(*release(tmp_path / "work", second, ids={"c": "C"}), tmp_path, date(2024, 7, 1))
    since = {row["customer_id"]: row["since"] for row in read(tmp_path / "outbox" / "agents_list.csv")}
    assert since == {"A": "same", "B": "changed", "D": "new"}
    assert read(tmp_path / "outbox" / "agents_list_left.csv") == [
        {"customer_id": "C", "former_band": "high", "as_of_date": "2024-07-01"}
    ]
    assert (report.new, report.changed, report.same, report.left) == (1, 1, 1, 1)


def test_who_refuses_profiling_since_the_last_list_is_not_even_said_to_have_left(tmp_path: Path) -> None:
    first: list[Risk] = [("a", "high", 0.2, "new", False), ("b", "high", 0.3, "silent", False)]
    write_agents_list(*release(tmp_path / "work", first), tmp_path, date(2024, 6, 30))
    work = release(tmp_path / "work", [], refusing=["a"], ids={"a": "A", "b": "B"})
    write_agents_list(*work, tmp_path, date(2024, 7, 1))
    assert [row["customer_id"] for row in read(tmp_path / "outbox" / "agents_list_left.csv")] == ["B"]


def test_the_same_run_once_more_writes_the_same_bytes(tmp_path: Path) -> None:
    risks: list[Risk] = [("a", "high", 0.2, "new", False)]
    work = release(tmp_path / "work", risks)
    write_agents_list(*work, tmp_path, date(2024, 6, 30))
    before = (tmp_path / "outbox" / "agents_list.csv").read_bytes()
    write_agents_list(*work, tmp_path, date(2024, 6, 30))
    assert (tmp_path / "outbox" / "agents_list.csv").read_bytes() == before


def test_what_is_kept_of_a_list_holds_no_id_of_the_crm(tmp_path: Path) -> None:
    write_agents_list(
        *release(tmp_path / "work", [("a", "high", 0.2, "new", False)], ids={"a": "CLEAR-77"}), tmp_path, date(2024, 6, 30)
    )
    [kept] = (tmp_path / "history" / "agents_lists").glob("*.parquet")
    assert b"CLEAR-77" not in kept.read_bytes()
    assert b"CLEAR-77" in (tmp_path / "outbox" / "agents_list.csv").read_bytes()


@pytest.mark.parametrize("cell", ["=1+1", "+33123", "-2", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"])
def test_a_cell_that_a_spreadsheet_would_compute_gets_an_apostrophe(cell: str) -> None:
    assert guarded(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["C000123", "silent for long", "a=b", "", None])
def test_other_cells_stay_as_they_are(cell: str | None) -> None:
    assert guarded(cell) == (cell or "")


def test_a_customer_id_that_is_a_formula_is_guarded_and_counted(tmp_path: Path) -> None:
    work = release(tmp_path / "work", [("a", "high", 0.2, "=cmd|' /C calc'!A0", False)], ids={"a": "=HYPERLINK(1)"})
    report = write_agents_list(*work, tmp_path, date(2024, 6, 30))
    [row] = read(tmp_path / "outbox" / "agents_list.csv")
    assert (row["customer_id"], row["reason_1"]) == ("'=HYPERLINK(1)", "'=cmd|' /C calc'!A0")
    assert report.guarded_ids == 1


def test_a_failure_leaves_the_former_list_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_agents_list(*release(tmp_path / "work", [("a", "high", 0.2, "new", False)]), tmp_path, date(2024, 6, 30))
    before = (tmp_path / "outbox" / "agents_list.csv").read_bytes()

    def full_disk(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(agents_list.os, "fsync", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_agents_list(*release(tmp_path / "work", [("b", "high", 0.2, "new", False)]), tmp_path, date(2024, 7, 1))
    assert (tmp_path / "outbox" / "agents_list.csv").read_bytes() == before


def test_somebody_whom_no_feed_of_the_crm_names_is_counted_and_not_listed(tmp_path: Path) -> None:
    warehouse, database = release(tmp_path / "work", [("a", "high", 0.2, "new", False)])
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("delete from staging.stg_crm__customers")
    report = write_agents_list(warehouse, database, tmp_path, date(2024, 6, 30))
    assert report.without_id == 1 and read(tmp_path / "outbox" / "agents_list.csv") == []
