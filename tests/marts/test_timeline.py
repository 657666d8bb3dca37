"""The history of each customer over all sources, on the company that has something in every feed, and on a few rows."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from dagster_project.publication.release import PublicationRow, publish
from tests.marts.conftest import Rows, contact, line
from tests.marts.inputs import build, key_hash, query, write_inputs


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    step = {"subscription_id": "S1", "customer_id": "C1", "monthly_amount": "10", "currency": "EUR"}
    session = {"page_views": 3, "search_count": 1}
    rows: Rows = {
        "crm_customers": [
            {"customer_id": "C1", "email": "anne@example.org", "created_at": "2024-01-05 09:00:00"},
            {"customer_id": "C2", "created_at": "2024-01-05 09:00:00", "allows_profiling": "false"},
        ],
        "crm_contacts": [
            contact("K1", "C1", "2024-03-01 09:00:00", closed_at="2024-03-01 09:05:00"),
            contact("K2", "C1", "2024-03-02 09:00:00", direction="outbound"),
            contact("K3", "C1", "2024-03-03 09:00:00", closed_at="2024-03-03 09:05:00", outcome="spam"),
            contact("K4", "C1", "2024-03-04 09:00:00", closed_at="2024-03-04 09:05:00", merged_into_contact_id="K1"),
            contact("K5", "C2", "2024-03-05 09:00:00", closed_at="2024-03-05 09:05:00"),
            contact("K6", None, "2024-03-06 09:00:00", closed_at="2024-03-06 09:05:00"),
            contact("K7", "C1", "2024-07-02 09:00:00"),  # after the as-of day
        ],
        "pos_transactions": [
            line("T1", "2024-04-01 10:00:00", "30", customer_id="C1"),
            line("T2", "2024-04-02 10:00:00", "-30", customer_id="C1", returned_transaction_id="T1"),
            line("T3", "2024-04-03 10:00:00", "12.50", customer_id="C1", sales_channel="web"),
            line("T4", "2024-04-04 10:00:00", "0", customer_id="C1"),
            line("T5", "2024-04-05 10:00:00", "99", customer_id="C1", is_cancelled="true"),
            line("T6", "2024-04-06 10:00:00", "70", customer_id="C2"),
        ],
        "loyalty_members": [{"loyalty_card_id": "F1", "customer_id": "C1", "joined_at": "2024-01-06 09:00:00"}],
        "loyalty_movements": [
            {"movement_id": "V1", "loyalty_card_id": "F1", "moved_at": "2024-04-01 10:00:00", "kind": "earn", "points": 30},
            {"movement_id": "V2", "loyalty_card_id": "F1", "moved_at": "2024-04-02 10:00:00", "kind": "adjust", "points": -30},
        ],
        "survey_responses": [
            {
                "response_id": "Q1",
                "survey_id": "after",
                "question_code": "csat",
                "contact_id": "K1",
                "sent_at": "2024-03-01 10:00:00",
                "answered_at": "2024-03-02 20:00:00",
                "score": "4",
                "verbatim": "private words",
            },
            {
                "response_id": "Q2",
                "survey_id": "after",
                "question_code": "csat",
                "contact_id": "K1",
                "sent_at": "2024-03-01 10:00:00",
            },
        ],
        "web_sessions": [
            session | {"session_id": "W1", "email": "Anne@example.org", "started_at": "2024-03-09 10:00:00"},
            session | {"session_id": "W2", "started_at": "2024-03-09 11:00:00"},
            # an id of nobody and an address that is known
            session
            | {"session_id": "W3", "customer_id": "GUEST", "email": "anne@example.org", "started_at": "2024-03-09 12:00:00"},
        ],
        "crm_subscriptions": [
            step
            | {
                "started_at": "2024-01-10 00:00:00",
                "cancellation_requested_at": "2024-05-01 00:00:00",
                "ended_at": "2024-07-31 00:00:00",  # after the as-of day
            }
        ],
    }
    inputs = write_inputs(tmp_path_factory.mktemp("timeline") / "inputs", rows, blocked_keys=("GUEST",))
    return build(inputs, "+customer_timeline +kpi_values", with_tests=True)


def test_a_customer_has_one_row_for_each_event_of_every_source_and_none_after_the_as_of_day(warehouse: Path) -> None:
    found = query(
        warehouse,
        "select happened_at, kind, channel, reference, amount, points, detail, direction from marts.customer_timeline order by all",
    )
    assert [tuple(row.values()) for row in found] == [
        (datetime(2024, 1, 10), "subscription", None, "S1", None, None, "started", None),
        (datetime(2024, 3, 1, 9), "contact", "phone", "K1", None, None, "resolved", "inbound"),
        (datetime(2024, 3, 2, 9), "contact", "phone", "K2", None, None, "open", "outbound"),
        (datetime(2024, 3, 2, 20), "answer", "phone", "Q1", None, None, "csat", None),
        (datetime(2024, 3, 9, 10), "visit", "web", "W1", None, None, "session", None),
        (datetime(2024, 3, 9, 12), "visit", "web", "W3", None, None, "session", None),
        (datetime(2024, 4, 1, 10), "points", None, "V1", None, 30, "earn", None),
        (datetime(2024, 4, 1, 10), "purchase", "store", "T1", Decimal("30"), None, "given_back", None),
        (datetime(2024, 4, 2, 10), "points", None, "V2", None, -30, "adjust", None),
        (datetime(2024, 4, 2, 10), "return", "store", "T2", Decimal("-30"), None, "refund", None),
        (datetime(2024, 4, 3, 10), "purchase", "web", "T3", Decimal("12.50"), None, "kept", None),
        (datetime(2024, 5, 1), "subscription", None, "S1", None, None, "cancellation_requested", None),
    ]


def test_who_refuses_profiling_has_no_timeline_and_stays_in_the_facts(warehouse: Path) -> None:
    assert query(warehouse, "select distinct customer_id from marts.customer_timeline") == [
        {"customer_id": key_hash("crm", "C1")}
    ]
    refused = key_hash("crm", "C2")
    [facts] = query(
        warehouse,
        f"""select (select count(*) from marts.contacts where customer_id = '{refused}') as contacts,
            (select count(*) from marts.purchases where customer_id = '{refused}') as purchases""",
    )
    assert facts == {"contacts": 1, "purchases": 1}


def test_no_free_text_is_in_the_timeline(warehouse: Path) -> None:
    rows = query(warehouse, "from marts.customer_timeline")
    assert "private words" not in json.dumps(rows, default=str)


def test_the_published_views_read_published_tables_only(warehouse: Path) -> None:
    # so that publication can make them anew over the published tables: it names no other schema
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        views = connection.execute("select view_name, sql from duckdb_views() where schema_name = 'marts'").fetchall()
    assert [name for name, _ in views] == ["customer_timeline"]
    assert not any(schema in sql for _, sql in views for schema in ("intermediate.", "staging.", "run."))


def test_the_published_timeline_is_read_without_the_warehouse_and_under_any_name(warehouse: Path, tmp_path: Path) -> None:
    history = query(warehouse, "from marts.customer_timeline order by all")
    copy = tmp_path / warehouse.name
    copy.write_bytes(warehouse.read_bytes())
    row = PublicationRow("id", datetime(2024, 7, 1), date(2024, 6, 30), None, "run", 0, 0, "0.0.0", "hash")
    release = publish(copy, tmp_path, row, keep=1, with_parquet=True)
    copy.unlink()
    moved = (release.folder / "service_value.duckdb").rename(tmp_path / "moved.duckdb")
    assert query(moved, "from customer_timeline order by all") == history
    with duckdb.connect() as connection:
        connection.execute(f"attach '{moved}' as elsewhere (read_only)")
        assert connection.sql("select count(*) from elsewhere.customer_timeline").fetchall() == [(len(history),)]
        file = release.folder / "parquet" / "customer_timeline.parquet"
        assert connection.sql(f"select count(*) from '{file}'").fetchall() == [(len(history),)]
