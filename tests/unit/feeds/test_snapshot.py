"""The inputs of a run: what dbt reads, typed, complete, and the same bytes for the same state."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import yaml

from dagster_project.feeds.contract import FEEDS, raw_schema
from dagster_project.feeds.horizon import resolve_as_of
from dagster_project.feeds.snapshot import link_raw, write_snapshot
from tests.unit.feeds.homes import PRODUCTS, TICKETS, Home, query

SOURCES = Path(__file__).resolve().parents[3] / "dbt" / "models" / "sources.yml"


def landed(path: Path) -> Home:
    home = Home(path, pos_transactions=TICKETS | {"expected_every": "1 day", "late_after": "36 hours"}, pos_products=PRODUCTS)
    home.tickets("a.csv", "T1;1;05/03/2024 09:05;1;1;C1", "T2;1;06/03/2024 09:05;1;2;C1", "T3;x;06/03/2024 09:05;1;2;C1")
    home.put_lines("products/1.csv", "id,label,margin", "P1,x,0.5")
    home.land("pos_transactions")
    home.land("pos_products")
    return home


def rows(home: Home, name: str) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        found = connection.execute(f"select * from read_parquet('{home.path}/warehouse/inputs/{name}', union_by_name = true)")
        names = [column[0] for column in found.description or []]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def test_every_feed_of_the_contract_can_be_read_with_its_whole_schema(tmp_path: Path) -> None:
    home = landed(tmp_path)
    write_snapshot(home.path, home.company, date(2024, 3, 6))
    for feed in FEEDS.values():
        described = query(
            f"describe select * from read_parquet('{home.path}/warehouse/inputs/raw/{feed.name}/*.parquet', union_by_name = true)"
        )
        assert {str(row[0]): str(row[1]).lower() for row in described} == raw_schema(feed)
    assert len(rows(home, "raw/pos_transactions/*.parquet")) == 2


def test_the_inputs_have_the_columns_and_types_that_dbt_declares(tmp_path: Path) -> None:
    home = landed(tmp_path)
    write_snapshot(home.path, home.company, date(2024, 3, 6))
    declared = yaml.safe_load(SOURCES.read_text(encoding="utf-8"))["sources"]
    folders = {"run": "", "identity": "identity/", "parameters": "parameters/"}
    for source in declared:
        if source["name"] not in folders:
            continue
        for table in source["tables"]:
            path = f"{home.path}/warehouse/inputs/{folders[source['name']]}{table['name']}.parquet"
            found = {str(row[0]): str(row[1]).lower() for row in query(f"describe select * from read_parquet('{path}')")}
            assert found == {column["name"]: column["data_type"] for column in table["columns"]}, table["name"]


def test_the_context_says_when_the_as_of_day_is_over(tmp_path: Path) -> None:
    home = landed(tmp_path)
    as_of = resolve_as_of(home.path, home.company)
    write_snapshot(home.path, home.company, as_of)
    (context,) = rows(home, "run_context.parquet")
    assert (context["as_of_date"], context["as_of_end_at"], context["first_month"], context["as_of_month"]) == (
        date(2024, 3, 6),
        datetime(2024, 3, 6, 23),
        date(2021, 4, 1),
        date(2024, 3, 1),
    )


def test_the_status_of_each_feed_is_as_of_the_date(tmp_path: Path) -> None:
    home = landed(tmp_path)
    write_snapshot(home.path, home.company, date(2024, 3, 6))
    status = {row["feed"]: row for row in rows(home, "feed_status.parquet")}
    assert set(status) == set(FEEDS)
    tickets = status["pos_transactions"]
    assert (tickets["is_present"], tickets["row_count"], tickets["first_day"], tickets["last_day"]) == (
        True,
        2,
        date(2024, 3, 5),
        date(2024, 3, 6),
    )
    assert (tickets["horizon_at"], tickets["is_fresh"], tickets["rows_quarantined"]) == (
        datetime(2024, 3, 6, 23),
        True,
        1,
    )
    assert tickets["quarantined_share"] == 1 / 3
    assert (
        status["pos_products"]["is_present"],
        status["pos_products"]["horizon_at"],
        status["pos_products"]["is_full_load"],
    ) == (True, None, True)
    assert (status["crm_contacts"]["is_configured"], status["crm_contacts"]["is_present"]) == (False, False)
    write_snapshot(home.path, home.company, date(2024, 3, 5))
    earlier = {row["feed"]: row for row in rows(home, "feed_status.parquet")}["pos_transactions"]
    assert (earlier["row_count"], earlier["horizon_at"]) == (1, datetime(2024, 3, 5, 23))
    write_snapshot(home.path, home.company, date(2024, 3, 10))
    assert {row["feed"]: row for row in rows(home, "feed_status.parquet")}["pos_transactions"]["is_fresh"] is False


def digest(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*.parquet"))
    }


def test_the_same_state_gives_the_same_bytes_and_leaves_nothing_of_the_last_run(tmp_path: Path) -> None:
    home = landed(tmp_path)
    inputs = home.path / "warehouse" / "inputs"
    write_snapshot(home.path, home.company, date(2024, 3, 6))
    before = digest(inputs)
    (inputs / "raw" / "pos_transactions" / "stale.parquet").write_bytes(b"")
    write_snapshot(home.path, home.company, date(2024, 3, 6))
    assert digest(inputs) == before
    assert sorted(path.name for path in (home.path / "warehouse").iterdir()) == ["inputs"]


def test_rows_of_a_replaced_file_are_left_out(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_transactions=TICKETS)
    home.tickets("a.csv", "T1;1;05/03/2024 09:05;1;1;C1")
    gone = home.tickets("b.csv", "T2;1;06/03/2024 09:05;1;2;C1")
    home.land("pos_transactions")
    gone.unlink()
    home.configure(pos_transactions=TICKETS | {"key_space": "pos"})
    home.land("pos_transactions")
    write_snapshot(home.path, home.company, date(2024, 3, 6))
    found = {(row["transaction_id"], row["customer_id_key_space"]) for row in rows(home, "raw/pos_transactions/*.parquet")}
    assert found == {("T1", "pos"), ("T2", "crm")}


def test_raw_of_a_feed_that_the_configuration_no_longer_names_is_absent(tmp_path: Path) -> None:
    home = landed(tmp_path)
    home.configure(pos_transactions=TICKETS)
    assert write_snapshot(home.path, home.company, date(2024, 3, 6)).feeds_present == ["pos_transactions"]
    assert rows(home, "raw/pos_products/*.parquet") == []


def test_rules_of_identity_name_trusted_spaces_and_blocked_keys(tmp_path: Path) -> None:
    home = landed(tmp_path)
    text = (home.path / "company.yml").read_text(encoding="utf-8")
    text += "identity: {trusted_keys: [customer_id, email], blocked_keys: ['email:info@example.org', '0000']}\n"
    (home.path / "company.yml").write_text(text, encoding="utf-8")
    write_snapshot(home.path, home.company, date(2024, 3, 6))
    assert [tuple(row.values()) for row in rows(home, "identity_rules.parquet")] == [
        ("trusted_key", "crm", None),
        ("trusted_key", "email", None),
        ("blocked_key", None, "0000"),
        ("blocked_key", "email", "info@example.org"),
    ]


def test_the_history_of_earlier_publications_is_handed_over(tmp_path: Path) -> None:
    home = landed(tmp_path)
    (home.path / "history" / "kpi_values").mkdir(parents=True)
    query(f"""copy (select 'csat' as kpi, 'month' as period_grain, date '2024-01-01' as period_start,
        -1 as value_segment,
        0.5::double as value, 0::bigint as immature_count, date '2024-02-01' as as_of_date, 'p1' as publication_id)
        to '{home.path}/history/kpi_values/p1.parquet' (format parquet)""")
    write_snapshot(home.path, home.company, date(2024, 3, 6))
    assert [row["publication_id"] for row in rows(home, "kpi_history.parquet")] == ["p1"]


def test_the_gate_sees_raw_as_it_stands(tmp_path: Path) -> None:
    home = landed(tmp_path)
    link_raw(home.path, home.path / "warehouse" / "landed")
    assert query(
        f"select count(*) from read_parquet('{home.path}/warehouse/landed/raw/pos_transactions/*.parquet', union_by_name = true)"
    ) == [(2,)]
    assert (home.path / "warehouse" / "landed" / "reference" / "channels.parquet").is_file()
