"""The raw gate: every landed feed against its contract, with input that keeps it and input that breaks it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.checks import gate as gate_module
from dagster_project.checks.gate import reference_members, run_raw_gate
from dagster_project.checks.landed import LandedCounts
from dagster_project.checks.raw_suites import raw_checks
from dagster_project.checks.verdicts import SuiteVerdict, read_verdict, verdict_path
from dagster_project.feeds.contract import FEEDS
from tests.unit.checks.fixtures import (
    REFERENCES,
    Row,
    company,
    counts_of,
    digest,
    good_rows,
    raw_row,
    write_raw,
)


def run(
    folder: Path, feed: str, rows: list[Row], counts: LandedCounts | None = None, load: str = "delta", **written: Any
) -> SuiteVerdict:
    """The verdict of the gate on one configured feed."""
    write_raw(folder / "inputs", feed, rows, **written)
    reports = {} if counts is None else {feed: counts}
    verdicts = run_raw_gate(folder / "inputs", company(feed, load=load), reports, "run", folder / "checks", REFERENCES)
    assert [verdict.suite for verdict in verdicts] == [feed]
    assert read_verdict(verdict_path(folder / "checks", f"raw/{feed}")) == verdicts[0]
    return verdicts[0]


def test_every_feed_of_the_contract_passes_with_rows_that_keep_it(tmp_path: Path) -> None:
    rows = {feed: good_rows(feed) for feed in FEEDS}
    # the customers of all feeds are those of the CRM
    for feed in FEEDS:
        write_raw(tmp_path / "inputs", feed, rows[feed])
    reports = {feed: counts_of(feed, rows[feed]) for feed in FEEDS}
    verdicts = run_raw_gate(tmp_path / "inputs", company(*FEEDS), reports, "run", tmp_path / "checks", REFERENCES)
    assert [verdict.suite for verdict in verdicts] == sorted(FEEDS)
    assert {verdict.suite: verdict.failures + verdict.warnings for verdict in verdicts if verdict.verdict != "passed"} == {}
    assert {verdict.evaluated_rows for verdict in verdicts} == {3}
    assert (tmp_path / "checks" / "index.html").is_file()


def set_to(column: str, value: Any, row: int = 1) -> Callable[[list[Row]], Any]:
    return lambda rows: rows[row].update({column: value})


def both(first: Callable[[list[Row]], Any], second: Callable[[list[Row]], Any]) -> Callable[[list[Row]], Any]:
    return lambda rows: (first(rows), second(rows))


def repeat(**changes: Any) -> Callable[[list[Row]], Any]:
    return lambda rows: rows.append({**rows[1], "source_line": 99, **changes})


LINE = "inbox/{feed}.csv line 3"
BROKEN = [
    # (feed, what is done to the second row, expected words, the row is named)
    ("crm_contacts", set_to("contact_id", None), "`contact_id` is always known", True),
    ("crm_contacts", set_to("direction", None), "`direction` is always known", True),
    ("crm_contacts", set_to("direction", "sideways"), "`direction` is a member of the contract", "direction sideways"),
    ("crm_contacts", set_to("channel", "pigeon"), "reference table column channels.channel", "channel pigeon"),
    ("crm_contacts", set_to("talk_seconds", -5), "0 <= `talk_seconds`", "talk_seconds -5"),
    (
        "crm_contacts",
        set_to("opened_at", datetime(2107, 1, 1)),
        "`opened_at` lies between 1900 and 2100",
        "opened_at 2107",
    ),
    ("crm_contacts", set_to("closed_at", datetime(2024, 1, 1)), "no row where closed_at is before opened_at", True),
    ("crm_contacts", set_to("answered_at", datetime(2023, 1, 1)), "no row where answered_at is before opened_at", True),
    ("crm_contacts", set_to("customer_id_hash", None), "`customer_id_hash` is there where `customer_id_key` is", True),
    ("crm_contacts", set_to("customer_id_hash", "C000007"), "is a sha256 in hexadecimal", True),
    ("crm_contacts", set_to("customer_id_key_space", None), "`customer_id_key_space` is known", True),
    (
        "crm_contacts",
        both(set_to("customer_id_key", None), set_to("customer_id_hash", None)),
        "`customer_id_key` is known where `customer_id` holds a text",
        True,
    ),
    ("crm_contacts", set_to("agent_id_hash", None), "`agent_id_hash` is there", True),
    ("crm_contacts", set_to("version_at", None), "`version_at` is always known", True),
    ("crm_contacts", set_to("row_hash", None), "`row_hash` is always known", True),
    ("crm_contacts", set_to("is_tombstone", None), "`is_tombstone` is always known", True),
    (
        "crm_contacts",
        repeat(),
        "there is one row per `contact_id`, `row_hash`",
        "contact_id contact_id-1, row_hash 1001 (2 rows)",
    ),
    ("crm_customers", set_to("country", "France"), "country is not an ISO 3166 alpha-2 code", True),
    ("crm_agents", set_to("hourly_cost", Decimal("-1")), "hourly_cost is negative", True),
    ("crm_evaluations", set_to("item_code", "unheard"), "evaluation_items.item_code", "item_code unheard"),
    ("crm_assignments", set_to("arm", "neither"), "`arm` is a member", "arm neither"),
    ("pos_products", set_to("margin_rate", Decimal("1.2")), "0 <= `margin_rate` <= 1", "margin_rate 1.2"),
    ("pos_products", repeat(), "there is one row per `product_id`, `row_hash`, `sequence`", "product_id product_id-1"),
    ("pos_transactions", set_to("sales_channel", "kiosk"), "`sales_channel` is a member", "sales_channel kiosk"),
    ("pos_transactions", set_to("net_amount", None), "`net_amount` is always known", True),
    (
        "survey_responses",
        both(set_to("sent_at", None), set_to("answered_at", None)),
        "sent_at and answered_at are both missing",
        True,
    ),
    ("loyalty_movements", set_to("kind", "gift"), "`kind` is a member", "kind gift"),
    ("web_sessions", set_to("page_views", -1), "0 <= `page_views`", "page_views -1"),
]


@pytest.mark.parametrize(("feed", "change", "words", "named"), BROKEN, ids=[f"{item[0]}: {item[2]}" for item in BROKEN])
def test_a_row_that_breaks_the_contract_fails_and_the_column_and_the_row_are_named(
    tmp_path: Path, feed: str, change: Callable[[list[Row]], Any], words: str, named: str | bool
) -> None:
    rows = good_rows(feed)
    change(rows)
    verdict = run(tmp_path, feed, rows)
    assert verdict.verdict == "failed"
    (failure,) = [line for line in verdict.failures if words in line]
    assert failure.startswith(f"{feed}: expected that ")
    assert "1 row found" in failure
    assert (LINE.format(feed=feed) if named is True else str(named)) in failure


def test_no_example_shows_a_clear_customer(tmp_path: Path) -> None:
    rows = good_rows("crm_customers")
    rows[1]["source_file"] = "inbox/anna@example.com.csv"
    rows.append({**rows[1], "source_line": 9})
    failures = " ".join(run(tmp_path, "crm_customers", rows).failures)
    assert "customer_id-1" not in failures
    assert f"customer_id_hash {digest('customer_id-1')[:40]}" in failures
    assert "anna@example.com" not in failures


def test_zero_rows_in_a_configured_feed_fail(tmp_path: Path) -> None:
    verdict = run(tmp_path, "crm_leads", [])
    assert verdict.verdict == "failed"
    assert verdict.evaluated_rows == 0
    assert "crm_leads: expected that the table has rows (>= 1); found 0" in verdict.failures


def test_a_configured_feed_without_any_file_fails(tmp_path: Path) -> None:
    (verdict,) = run_raw_gate(tmp_path / "inputs", company("crm_leads"), {}, "run", tmp_path / "checks", REFERENCES)
    assert verdict.verdict == "failed"
    assert "cannot be read" in verdict.failures[0]


def test_a_truncated_file_fails(tmp_path: Path) -> None:
    write_raw(tmp_path / "inputs", "crm_leads", good_rows("crm_leads"))
    batch = tmp_path / "inputs" / "raw" / "crm_leads" / "000001-abc.parquet"
    batch.write_bytes(batch.read_bytes()[:-200])
    (verdict,) = run_raw_gate(tmp_path / "inputs", company("crm_leads"), {}, "run", tmp_path / "checks", REFERENCES)
    assert verdict.verdict == "failed"
    assert verdict.exceptions == 1


def test_a_feed_that_is_not_configured_and_has_no_row_has_no_suite_and_one_with_rows_has(tmp_path: Path) -> None:
    write_raw(tmp_path / "inputs", "crm_leads", good_rows("crm_leads"))
    write_raw(tmp_path / "inputs", "web_sessions", [])
    write_raw(tmp_path / "inputs", "pos_stores", good_rows("pos_stores"))
    verdicts = run_raw_gate(tmp_path / "inputs", company("crm_leads"), {}, "run", tmp_path / "checks", REFERENCES)
    assert [(verdict.suite, verdict.verdict) for verdict in verdicts] == [
        ("crm_leads", "passed"),
        ("pos_stores", "passed"),
    ]


def test_a_column_missing_in_one_file_fails_with_its_name_and_all_that_needs_it(tmp_path: Path) -> None:
    verdict = run(tmp_path, "crm_contacts", good_rows("crm_contacts"), drop=["direction"])
    assert verdict.verdict == "failed"
    assert any("direction in 000001-abc.parquet is missing" in line for line in verdict.failures)
    not_evaluated = [line for line in verdict.failures if "not evaluated: column direction" in line]
    assert len(not_evaluated) == 2  # known, and a member


def test_a_column_of_another_type_fails_with_both_types(tmp_path: Path) -> None:
    verdict = run(tmp_path, "pos_transactions", good_rows("pos_transactions"), types={"net_amount": "double"})
    assert any("net_amount in 000001-abc.parquet is DOUBLE, not DECIMAL(18,4)" in line for line in verdict.failures)


def test_a_column_that_the_contract_does_not_name_is_a_warning(tmp_path: Path) -> None:
    rows = good_rows("crm_leads")
    write_raw(tmp_path / "inputs", "crm_leads", rows)
    batch = tmp_path / "inputs" / "raw" / "crm_leads" / "000002-abd.parquet"
    duckdb.connect().execute(
        f"copy (select *, 1 as surplus from '{batch.with_name('schema.parquet')}') to '{batch}' (format parquet)"
    )
    (verdict,) = run_raw_gate(tmp_path / "inputs", company("crm_leads"), {}, "run", tmp_path / "checks", REFERENCES)
    assert verdict.verdict == "warned"
    assert "surplus in 000002-abd.parquet is not in the contract" in verdict.warnings[0]


def test_a_tombstone_needs_its_key_only(tmp_path: Path) -> None:
    rows = good_rows("crm_customers")
    gone = dict.fromkeys(rows[0]) | {
        name: rows[0][name] for name in ("customer_id", "batch_id", "sequence", "source_file", "file_hash", "version_at")
    }
    rows.append(gone | {"row_hash": 2**63 - 1, "is_tombstone": True, "sequence": 2})
    assert run(tmp_path, "crm_customers", rows, counts_of("crm_customers", rows), load="full").verdict == "passed"


def test_a_version_that_comes_back_is_fine_where_files_are_states_and_a_fault_where_they_are_not(
    tmp_path: Path,
) -> None:
    rows = good_rows("crm_customers")
    rows.append({**rows[1], "sequence": 3, "version_at": datetime(2024, 5, 1)})
    assert run(tmp_path / "full", "crm_customers", rows, load="full").verdict == "passed"
    assert run(tmp_path / "delta", "crm_customers", rows, load="delta").verdict == "failed"


def test_two_versions_of_one_instant_are_a_warning_that_names_the_key(tmp_path: Path) -> None:
    rows = good_rows("crm_contacts")
    rows.append({**rows[1], "row_hash": 77})
    verdict = run(tmp_path, "crm_contacts", rows)
    assert verdict.verdict == "warned"
    assert "`contact_id`, `version_at`" in verdict.warnings[0]
    assert "contact_id contact_id-1" in verdict.warnings[0]


def test_the_sums_and_rows_of_the_landing_are_those_of_raw(tmp_path: Path) -> None:
    rows = good_rows("pos_transactions")
    assert run(tmp_path / "good", "pos_transactions", rows, counts_of("pos_transactions", rows)).verdict == "passed"

    counts = counts_of("pos_transactions", rows)
    counts.money["net_amount"]["accepted"] += Decimal("0.0001")  # type: ignore[index]
    verdict = run(tmp_path / "money", "pos_transactions", rows, counts)
    assert any("the sum of `net_amount`" in line and "found 38.2500" in line for line in verdict.failures)
    assert any("`net_amount` read = accepted" in line for line in verdict.failures)

    verdict = run(tmp_path / "rows", "pos_transactions", rows, counts_of("pos_transactions", rows, rows_accepted=4, rows_read=4))
    assert any("raw holds the rows that landing accepted (= 4); found 3" in line for line in verdict.failures)


def test_rows_read_that_are_nowhere_fail(tmp_path: Path) -> None:
    rows = good_rows("crm_leads", 200)
    counts = counts_of("crm_leads", rows, rows_read=202, rows_quarantined=1)
    verdict = run(tmp_path, "crm_leads", rows, counts)
    assert [line.split(";")[0] for line in verdict.failures] == [
        "crm_leads: expected that rows read = accepted 200 + already_known 0 + quarantined 1 + erased 0 (= 201)"
    ]


@pytest.mark.parametrize(("quarantined", "verdict"), [(2, "passed"), (3, "failed")])
def test_the_share_in_quarantine_has_a_limit(tmp_path: Path, quarantined: int, verdict: str) -> None:
    rows = good_rows("crm_leads", 200 - quarantined)
    counts = counts_of("crm_leads", rows, rows_read=200, rows_quarantined=quarantined)
    found = run(tmp_path, "crm_leads", rows, counts)
    assert found.verdict == verdict
    assert all("the share of rows in quarantine (3 of 200) is allowed (<= 0.01); found 0.015" in line for line in found.failures)


@pytest.mark.parametrize(("unknown", "verdict"), [(1, "passed"), (5, "warned")])
def test_tickets_whose_customers_the_crm_does_not_know_are_a_warning_above_one_per_cent(
    tmp_path: Path, unknown: int, verdict: str
) -> None:
    tickets = good_rows("pos_transactions", 100)
    for row in tickets[unknown:]:
        row.update(
            {
                "customer_id": "customer_id-0",
                "customer_id_key": "customer_id-0",
                "customer_id_hash": digest("customer_id-0"),
            }
        )
    for number, row in enumerate(tickets[:unknown]):
        row.update({"customer_id_hash": digest(f"stranger {number}")})
    write_raw(tmp_path / "inputs", "pos_transactions", tickets)
    write_raw(tmp_path / "inputs", "crm_customers", good_rows("crm_customers"))
    both_feeds = company("pos_transactions", "crm_customers")
    verdicts = run_raw_gate(tmp_path / "inputs", both_feeds, {}, "run", tmp_path / "checks", REFERENCES)
    tickets_verdict = verdicts[1]
    assert tickets_verdict.verdict == verdict
    assert all("few of the tickets" in line and "found 0.05" in line for line in tickets_verdict.warnings)


def test_contacts_mostly_without_a_reason_are_a_warning(tmp_path: Path) -> None:
    rows = good_rows("crm_contacts")
    for row in rows[:2]:
        row["reason"] = None
    verdict = run(tmp_path, "crm_contacts", rows)
    assert verdict.verdict == "warned"
    assert "the share of contacts without a `reason` is small (<= 0.5); found 0.6667" in verdict.warnings[0]


def test_an_exception_in_the_gate_fails_every_suite_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("no engine")

    monkeypatch.setattr(gate_module, "GxSession", broken)
    write_raw(tmp_path / "inputs", "crm_leads", good_rows("crm_leads"))
    (verdict,) = run_raw_gate(tmp_path / "inputs", company("crm_leads"), {}, "run", tmp_path / "checks", REFERENCES)
    assert verdict.verdict == "failed"
    assert verdict.failures == ["crm_leads: expected that the suite can be evaluated; the gate could not be run: no engine"]


def test_a_suite_that_cannot_be_made_fails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = raw_checks

    def broken(feed: Any, *rest: Any) -> Any:
        if feed.name == "crm_leads":
            raise KeyError("rule")
        return made(feed, *rest)

    monkeypatch.setattr(gate_module, "raw_checks", broken)
    for feed in ("crm_leads", "pos_stores"):
        write_raw(tmp_path / "inputs", feed, good_rows(feed))
    verdicts = run_raw_gate(tmp_path / "inputs", company("crm_leads", "pos_stores"), {}, "run", tmp_path / "checks", REFERENCES)
    assert [(verdict.suite, verdict.verdict) for verdict in verdicts] == [
        ("crm_leads", "failed"),
        ("pos_stores", "passed"),
    ]


def test_what_an_earlier_attempt_left_is_gone(tmp_path: Path) -> None:
    left = verdict_path(tmp_path / "checks", "raw/web_sessions")
    left.parent.mkdir(parents=True)
    left.write_text("{}")
    run(tmp_path, "crm_leads", good_rows("crm_leads"))
    assert not left.exists()


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    rows = good_rows("crm_contacts", 30)
    for row in rows[::2]:
        row["channel"] = "pigeon"
    first, second = ([path.read_bytes() for path in files(tmp_path, rows)] for _ in range(2))
    assert first == second


def files(folder: Path, rows: list[Row]) -> list[Path]:
    run(folder, "crm_contacts", rows)
    return sorted(path for path in (folder / "checks").rglob("*") if path.is_file())


def test_the_members_of_a_reference_are_those_of_the_home_and_else_those_of_the_project(tmp_path: Path) -> None:
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    (seeds / "channels.csv").write_text("channel,distance\nphone,remote\n", encoding="utf-8")
    assert reference_members(tmp_path / "inputs", seeds)["channels.channel"] == {"phone"}
    assert reference_members(tmp_path / "inputs", seeds)["evaluation_levels.level_code"] == set()
    folder = tmp_path / "inputs" / "reference"
    folder.mkdir(parents=True)
    duckdb.connect().execute(f"copy (select 'pigeon' as channel) to '{folder / 'channels.parquet'}' (format parquet)")
    assert reference_members(tmp_path / "inputs", seeds)["channels.channel"] == {"pigeon"}


def test_a_reference_without_members_passes_nothing(tmp_path: Path) -> None:
    write_raw(tmp_path / "inputs", "crm_contacts", [raw_row(FEEDS["crm_contacts"], 1)])
    (verdict,) = run_raw_gate(tmp_path / "inputs", company("crm_contacts"), {}, "run", tmp_path / "checks", {})
    assert any("channels.channel" in line for line in verdict.failures)
