"""The whole way on real data: what lands and what is published equals the independent recount, cent by cent.

Needs the folder of the real data (SERVICE_VALUE_REAL_DATA; without it every test fails). The home is built in a
temporary folder, or in SERVICE_VALUE_REAL_HOME to look at it afterwards (it must not have been run before). Three runs:
the first, the same again, and a back-fill of a past date.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from tests.real.build_real_home import build_real_home
from tests.real.recount import AS_OF_DATE, WINDOWS, Recount, recount

pytestmark = pytest.mark.real

PROJECT = Path(__file__).resolve().parents[2]
SALT = "public data, no person to protect"
SECONDS_ALLOWED = 180
BACK_FILL_DATE = "2017-03-31"

ROWS_LANDED = {
    "pos_transactions": 1_469_307,
    "pos_products": 92_331,
    "pos_stores": 457,
    "loyalty_members": 2_469,
    "crm_contacts": 141_712,
    "identity_links": 5_244,
    "survey_responses": 45_296,
}
# kpi -> column of the recount's months
COUNTS = {
    "inbound_contacts": "inbound_contacts",
    "inbound_cases": "inbound_contacts",
    "contacting_customers": "contacting_customers",
    "active_customers": "active_customers",
}
# kpi -> columns of the recount's months: numerator, denominator
RATES = {
    "transfer_rate": ("transferred", "handled"),
    "reopening_rate": ("reopened", "handled"),
    "first_contact_resolution": ("fcr_numerator", "fcr_denominator"),
}
# The log has no time of answer and no durations; the survey is about no contact and does not say who was asked.
UNAVAILABLE = (
    "service_level_missed_abandons", "service_level_met_abandons", "service_level_met_short_abandons",
    "service_level_without_quick_abandons", "service_level_without_abandons", "average_speed_of_answer",
    "average_handling_time", "speed_of_answer_median", "speed_of_answer_p90",
    "abandonment_rate", "short_abandonment_rate", "nps", "ces_mean", "ces_easy", "survey_response_rate",
    "retention_rate", "lead_conversion_rate", "lifetime_value_mean", "loyalty_spend_lift",
)  # fmt: skip


@dataclass(frozen=True)
class RealHome:
    """The home after its first run."""

    folder: Path
    seconds: float


@pytest.fixture(scope="session")
def source() -> Path:
    named = os.environ.get("SERVICE_VALUE_REAL_DATA")
    if not named:
        pytest.fail("SERVICE_VALUE_REAL_DATA is not set; it must name the folder of the real data (make test-real sets it)")
    return Path(named).resolve()


@pytest.fixture(scope="session")
def expected(source: Path) -> Recount:
    return recount(source)


def run_product(home: Path, *options: str) -> float:
    """Run the command on the home; returns the seconds that it took. Fails with its output if it does not publish."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "dagster_project.cli", "run", str(home), *options],
        cwd=PROJECT,
        env=os.environ | {"SERVICE_VALUE_SALT": SALT},
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.monotonic() - started
    print(f"\nrun {' '.join(options) or 'as of the last covered day'}: {seconds:.1f} s")
    if done.returncode:
        pytest.fail(f"the run ended with {done.returncode}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}")
    return seconds


@pytest.fixture(scope="session")
def home(source: Path, tmp_path_factory: pytest.TempPathFactory) -> RealHome:
    named = os.environ.get("SERVICE_VALUE_REAL_HOME")
    folder = Path(named).resolve() if named else tmp_path_factory.mktemp("real") / "home"
    if (folder / "raw").exists():
        pytest.fail(f"{folder} has been run before; SERVICE_VALUE_REAL_HOME must name a new folder")
    build_real_home(source, folder)
    return RealHome(folder, run_product(folder))


@pytest.fixture(scope="session")
def first_manifest(home: RealHome) -> dict[str, Any]:
    return read_manifest(home.folder / "published")


@pytest.fixture(scope="session")
def database(home: RealHome, first_manifest: dict[str, Any]) -> Iterator[duckdb.DuckDBPyConnection]:
    """The first publication, opened where it lies, so that later runs do not move it."""
    version = home.folder / "published" / "versions" / first_manifest["publication"]["publication_id"]
    with duckdb.connect(str(version / "service_value.duckdb"), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def second_run(home: RealHome, first_manifest: dict[str, Any], raw_before: dict[str, str]) -> dict[str, Any]:
    """The manifest of the publication of a second run; raw as it was before is taken first."""
    assert first_manifest and raw_before
    run_product(home.folder)
    return read_manifest(home.folder / "published")


@pytest.fixture(scope="session")
def raw_before(home: RealHome) -> dict[str, str]:
    return fingerprint(home.folder / "raw")


@pytest.fixture(scope="session")
def back_fill(home: RealHome, second_run: dict[str, Any]) -> Iterator[duckdb.DuckDBPyConnection]:
    """The publication of a run as of a past date, made after the newer ones."""
    assert second_run
    run_product(home.folder, "--as-of", BACK_FILL_DATE)
    versions = home.folder / "published" / "versions"
    (version,) = [path for path in versions.iterdir() if read_manifest(path)["publication"]["as_of_date"] == BACK_FILL_DATE]
    with duckdb.connect(str(version / "service_value.duckdb"), read_only=True) as connection:
        yield connection


def read_manifest(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return loaded


def fingerprint(folder: Path) -> dict[str, str]:
    """Path -> sha256 of every file below `folder`."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def landed(home: RealHome, feed: str, selection: str) -> tuple[Any, ...]:
    """One row of aggregates over all that raw holds of a feed."""
    rows = str(home.folder / "raw" / feed / "*" / "rows.parquet")
    found = duckdb.execute(f"select {selection} from read_parquet(?)", [rows]).fetchone()
    assert found is not None
    return found


def one_row(database: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    found = database.execute(query).fetchone()
    assert found is not None
    return found


def monthly(database: duckdb.DuckDBPyConnection, kpi: str) -> dict[str, dict[Hashable, Any]]:
    """The published months of a KPI over all segments: 2017-01 -> the row."""
    table = database.execute(
        "select * from kpi_values where kpi = ? and period_grain = 'month' and value_segment = -1", [kpi]
    ).fetch_df()
    rows = table.astype(object).where(table.notna(), None).to_dict(orient="records")
    return {f"{row['period_start']:%Y-%m}": row for row in rows}


def months_of(expected: Recount) -> dict[str, dict[Hashable, Any]]:
    """The recount's months: 2017-01 -> the figures."""
    return {f"{row['month']:%Y-%m}": row for row in expected.months.to_dict(orient="records")}


def dollars(cents: int) -> Decimal:
    return Decimal(int(cents)) / 100


def nine_digits(value: float) -> float:
    return float(f"{value:.9g}")


# -- what lands ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("feed", "rows"), ROWS_LANDED.items())
def test_every_row_of_a_feed_lands_and_none_is_refused(home: RealHome, feed: str, rows: int) -> None:
    (manifest,) = [read_manifest(path) for path in (home.folder / "raw" / feed).iterdir()]
    report = manifest["report"]
    accounted = ("rows_accepted", "rows_already_known", "rows_quarantined", "rows_erased")
    assert report["rows_read"] == rows == sum(report[name] for name in accounted)
    assert report["rows_accepted"] == rows
    for money in report["money"].values():
        parts = ("accepted", "already_known", "quarantined", "erased")
        assert Decimal(money["read"]) == sum(Decimal(money[part]) for part in parts)
    assert landed(home, feed, "count(*), count(*) filter (where is_tombstone)") == (rows, 0)
    assert landed(home, feed, "count(*) filter (where source_file is null or source_line is null)") == (0,)


def test_the_amounts_of_the_ticket_lines_land_to_the_cent(home: RealHome, expected: Recount) -> None:
    found = landed(
        home, "pos_transactions",
        "sum(net_amount), sum(discount_amount), sum(quantity), count(distinct transaction_id),"
        " count(distinct (transaction_id, line_number)), count(distinct source_line),"
        " count(*) filter (where net_amount = 0), min(net_amount), count(distinct customer_id_hash),"
        " count(distinct loyalty_card_id_hash), bool_and(currency = 'USD')",
    )  # fmt: skip
    assert found == (
        Decimal("4596039.5800"), Decimal("822553.1900"), expected.counts["quantity"], 155_848,
        1_469_307, 1_469_307, expected.counts["lines_of_zero"], Decimal(0), 2_469, 2_469, True,
    )  # fmt: skip
    assert (dollars(expected.cents["net"]), dollars(expected.cents["discount"])) == (found[0], found[1])


def test_an_amount_is_a_decimal_and_an_instant_a_utc_timestamp(home: RealHome) -> None:
    types = "typeof(any_value(net_amount)), typeof(any_value(sold_at)), min(sold_at)::varchar, max(sold_at)::varchar"
    assert landed(home, "pos_transactions", types) == (
        "DECIMAL(18,4)", "TIMESTAMP", "2017-01-01 11:53:26", "2018-01-01 04:01:20",
    )  # fmt: skip


def test_every_update_of_an_incident_lands_as_a_version_of_its_own(home: RealHome) -> None:
    found = landed(
        home, "crm_contacts",
        "count(distinct contact_id), count(distinct (contact_id, version_at)), count(distinct customer_id_hash),"
        " count(*) filter (where customer_id is null), count(*) filter (where agent_id is null),"
        " count(*) filter (where queue is null), count(answered_at), count(*) filter (where closed_at < opened_at),"
        " count(*) filter (where closed_at > version_at), count(distinct source_line)",
    )  # fmt: skip
    assert found == (24_918, 141_712, 5_244, 29, 27_496, 14_213, 0, 0, 0, 141_712)


def test_the_hours_of_the_clock_changes_are_counted(home: RealHome) -> None:
    """Openings, ends and updates of March 12 between 2 and 3 and of November 5 between 1 and 2, New York time."""
    (manifest,) = [read_manifest(path) for path in (home.folder / "raw" / "crm_contacts").iterdir()]
    assert (manifest["report"]["instants_missing"], manifest["report"]["instants_ambiguous"]) == (22, 12)


def test_an_end_lands_only_on_rows_that_could_know_it(home: RealHome) -> None:
    ended = "count(closed_at), count(*) filter (where (closed_at is null) <> (outcome is null))"
    # 25,751 rows Resolved and 24,985 rows Closed
    assert landed(home, "crm_contacts", ended) == (50_736, 0)


def test_the_codes_for_no_answer_are_no_scores(home: RealHome, expected: Recount) -> None:
    found = landed(
        home, "survey_responses",
        "count(*) filter (where question_code = 'netpro'), count(score) filter (where question_code = 'netpro'),"
        " max(score) filter (where question_code = 'netpro'), count(score) filter (where question_code = 'q7all'),"
        " count(score), min(score) filter (where question_code <> 'netpro'),"
        " max(score) filter (where question_code <> 'netpro'), count(distinct answered_at), count(sent_at)",
    )  # fmt: skip
    assert found == (2_831, 2_746, 10, 2_688, expected.counts["survey_scores"], 1, 5, expected.counts["survey_days"], 0)
    assert landed(home, "survey_responses", "count(distinct source_line)") == (2_831,)


# -- what is published -----------------------------------------------------------------------------------------------


def test_a_run_on_the_real_home_takes_less_than_three_minutes(home: RealHome) -> None:
    print(f"\nfirst run: {home.seconds:.1f} s")
    assert home.seconds < SECONDS_ALLOWED


def test_the_as_of_date_is_the_last_day_that_contacts_and_tickets_cover(first_manifest: dict[str, Any]) -> None:
    assert first_manifest["publication"]["as_of_date"] == AS_OF_DATE


def test_the_published_purchases_are_the_tickets_of_the_file(database: duckdb.DuckDBPyConnection, expected: Recount) -> None:
    totals = "select count(*), sum(net_amount), sum(returned_amount), count(*) filter (where is_net_positive) from purchases"
    assert one_row(database, totals) == (155_848, Decimal("4596039.5800"), Decimal(0), 155_370)
    found = database.execute("select transaction_id, sold_at, net_amount from purchases").fetch_df()
    wanted = expected.purchases.assign(transaction_id=expected.purchases["basket_id"].astype(str))
    both = wanted.merge(found, on="transaction_id", how="outer", suffixes=("", "_published"), indicator=True)
    assert (both["_merge"] == "both").all()
    assert (both["sold_at"] == both["sold_at_published"]).all()
    assert ((both["net_amount"].astype(float) * 100).round().astype("int64") == both["net_cents"]).all()


def test_the_tickets_that_utc_puts_in_2018_belong_to_december(database: duckdb.DuckDBPyConnection, expected: Recount) -> None:
    found = database.execute(
        "select strftime(timezone('America/New_York', timezone('UTC', sold_at)), '%Y-%m'), count(*), sum(net_amount)"
        " from purchases group by 1"
    ).fetchall()
    wanted = {month: (row["tickets"], dollars(row["net_cents"])) for month, row in months_of(expected).items()}
    assert {month: (tickets, amount) for month, tickets, amount in found} == wanted
    assert wanted["2017-12"] == (13_097, Decimal("421720.45"))
    late = "select count(*), sum(net_amount) from purchases where sold_at >= timestamp '2018-01-01'"
    assert one_row(database, late) == (86, Decimal("1893.2600"))


def test_the_published_contacts_are_the_last_states_of_the_incidents(
    database: duckdb.DuckDBPyConnection, expected: Recount
) -> None:
    found = database.execute(
        "select contact_id, opened_at, closed_at, outcome, answered_at, reason, queue, is_handled from contacts"
    ).fetch_df()
    both = expected.contacts.merge(
        found, left_on="number", right_on="contact_id", how="outer", suffixes=("", "_published"), indicator=True
    )
    assert len(both) == 24_918
    assert (both["_merge"] == "both").all()
    assert (both["opened_at"] == both["opened_at_published"]).all()
    assert (both["ended_at"] == both["closed_at_published"]).all()
    assert (both["outcome"] == both["outcome_published"]).all()
    assert (both["category"].fillna("") == both["reason"].fillna("")).all()
    assert (both["assignment_group"].fillna("") == both["queue"].fillna("")).all()
    assert both["is_handled"].all()
    assert both["answered_at"].isna().all()
    assert expected.counts["contacts_unresolved"] == int((both["outcome_published"] == "unresolved").sum()) == 13


def test_a_household_its_card_and_its_callers_are_one_customer(database: duckdb.DuckDBPyConnection, expected: Recount) -> None:
    found = pd.concat(
        [
            database.execute("select contact_id as event, customer_id from contacts").fetch_df(),
            database.execute("select transaction_id as event, customer_id from purchases").fetch_df(),
        ]
    )
    wanted = pd.concat(
        [
            expected.contacts[["number", "customer"]].set_axis(["event", "customer"], axis=1),
            expected.purchases[["basket_id", "customer"]].set_axis(["event", "customer"], axis=1).astype({"event": str}),
        ]
    )
    both = wanted.merge(found, on="event", validate="one_to_one")
    assert len(both) == 24_918 + 155_848
    assert (both["customer"].isna() == both["customer_id"].isna()).all()
    identified = both.dropna()
    pairs = identified[["customer", "customer_id"]].drop_duplicates()
    assert pairs["customer"].is_unique and pairs["customer_id"].is_unique
    assert one_row(database, "select count(*), count(*) filter (where is_member) from customers") == (2_469, 2_469)
    keys = database.execute("select key_space, count(*) from customer_keys group by 1").fetchall()
    assert dict(keys) == {"caller": 5_244, "loyalty": 2_469, "pos": 2_469}
    assert expected.counts["keys"] == 10_182
    assert one_row(database, "select count(customer_id) from contacts") == (24_915,)


def test_a_customer_has_a_row_for_each_month_since_it_was_first_seen(
    database: duckdb.DuckDBPyConnection, expected: Recount
) -> None:
    found = one_row(database, "select count(*), count(distinct customer_id) from customer_months")
    assert found == (expected.counts["customer_months"], 2_469)


def test_the_dimensions_hold_what_the_tickets_name_beside_what_the_files_list(
    database: duckdb.DuckDBPyConnection,
) -> None:
    # 17 products are named by tickets only
    assert one_row(database, "select count(*) from products") == (92_331 + 17,)
    assert one_row(database, "select count(*) from stores") == (457,)


@pytest.mark.parametrize(("kpi", "column"), COUNTS.items())
def test_a_counted_kpi_equals_the_recount_month_by_month(
    database: duckdb.DuckDBPyConnection, expected: Recount, kpi: str, column: str
) -> None:
    found = {month: row["value"] for month, row in monthly(database, kpi).items() if row["value"]}
    assert found == {month: row[column] for month, row in months_of(expected).items() if row[column]}


@pytest.mark.parametrize(("kpi", "columns"), RATES.items())
def test_a_rate_has_the_numerator_and_the_denominator_of_the_recount(
    database: duckdb.DuckDBPyConnection, expected: Recount, kpi: str, columns: tuple[str, str]
) -> None:
    assert_rates(database, expected, kpi, columns)


def assert_rates(database: duckdb.DuckDBPyConnection, expected: Recount, kpi: str, columns: tuple[str, str]) -> None:
    found = monthly(database, kpi)
    wanted = {month: row for month, row in months_of(expected).items() if row[columns[1]]}
    assert {month: (row["numerator"], row["denominator"]) for month, row in found.items()} == {
        month: (row[columns[0]], row[columns[1]]) for month, row in wanted.items()
    }
    for month, row in wanted.items():
        assert found[month]["value"] == pytest.approx(nine_digits(row[columns[0]] / row[columns[1]]), rel=1e-9)
        if kpi == "first_contact_resolution":
            assert found[month]["immature_count"] == row["fcr_immature"]


@pytest.mark.parametrize("days", WINDOWS)
def test_repurchase_rates_and_amounts_equal_the_recount_month_by_month(
    database: duckdb.DuckDBPyConnection, expected: Recount, days: int
) -> None:
    assert_repurchase(database, expected, days)


def assert_repurchase(database: duckdb.DuckDBPyConnection, expected: Recount, days: int) -> None:
    windows = expected.windows[expected.windows["window_days"] == days].to_dict(orient="records")
    wanted = {f"{row['month']:%Y-%m}": row for row in windows if row["customers_contacted"]}
    rates = {month: row for month, row in monthly(database, f"repurchase_rate_{days}").items() if row["denominator"]}
    amounts = {m: row for m, row in monthly(database, f"repurchase_amount_{days}").items() if row["value"] is not None}
    assert {month: (row["numerator"], row["denominator"]) for month, row in rates.items()} == {
        month: (row["customers_repurchasing"], row["customers_contacted"]) for month, row in wanted.items()
    }
    assert {month: round(row["value"] * 100) for month, row in amounts.items()} == {
        month: row["credited_cents"] for month, row in wanted.items()
    }
    for row in windows:
        immature = row["contacts"] - row["mature_contacts"]
        month = f"{row['month']:%Y-%m}"
        if month in rates:
            assert rates[month]["immature_count"] == immature
    found = database.execute(
        "select period_start, customers_contacted, customers_repurchasing, observed_amount, pending_amount"
        " from repurchase_after_contact where window_days = ? and value_segment = -1 and channel = 'all'",
        [days],
    ).fetchall()
    by_month = {f"{start:%Y-%m}": figures for start, *figures in found}
    for month, row in wanted.items():
        assert by_month[month] == [
            row["customers_contacted"], row["customers_repurchasing"], dollars(row["credited_cents"]),
            dollars(row["pending_cents"]),
        ]  # fmt: skip


@pytest.mark.parametrize("days", WINDOWS)
def test_each_ticket_is_credited_to_the_contact_of_the_recount(
    database: duckdb.DuckDBPyConnection, expected: Recount, days: int
) -> None:
    assert_credits(database, expected, days)


def assert_credits(database: duckdb.DuckDBPyConnection, expected: Recount, days: int) -> None:
    found = database.execute(
        "select transaction_id, contact_id, is_pending, (net_amount * 100)::bigint as cents"
        " from repurchase_credits where window_days = ?",
        [days],
    ).fetch_df()
    wanted = expected.credits[expected.credits["window_days"] == days]
    columns = ["transaction_id", "contact_id", "is_pending", "cents"]
    assert set(found[columns].itertuples(index=False, name=None)) == set(wanted[columns].itertuples(index=False, name=None))
    assert len(found) == len(wanted) == expected.counts[f"credits_{days}"]
    credited, pending = (found.loc[found["is_pending"] == value, "cents"].sum() for value in (False, True))
    assert credited == expected.counts[f"credited_cents_{days}"]
    assert pending == expected.counts[f"pending_cents_{days}"]
    assert credited + pending == expected.counts[f"eligible_cents_{days}"]


@pytest.mark.parametrize("kpi", ["inbound_contacts", "repurchase_amount_60"])
def test_the_segments_of_what_adds_make_up_the_total(database: duckdb.DuckDBPyConnection, kpi: str) -> None:
    rows = database.execute(
        "select period_start, sum(value) filter (where value_segment <> -1),"
        " sum(value) filter (where value_segment = -1)"
        " from kpi_values where kpi = ? and period_grain = 'month' group by 1",
        [kpi],
    ).fetchall()
    assert rows
    for month, parts, total in rows:
        assert parts == pytest.approx(total, abs=0.01), month


@pytest.mark.parametrize("grain", ["month", "week"])
def test_no_incident_falls_between_two_periods(database: duckdb.DuckDBPyConnection, grain: str) -> None:
    total = (
        f"select sum(value) from kpi_values where kpi = 'inbound_contacts' and value_segment = -1 and period_grain = '{grain}'"
    )
    assert one_row(database, total) == (24_918,)


def test_the_relationship_score_leaves_blanks_out(database: duckdb.DuckDBPyConnection, expected: Recount) -> None:
    found = monthly(database, "nps_relation")
    assert list(found) == ["2017-05"]
    row = found["2017-05"]
    promoters_less_detractors = expected.counts["promoters"] - expected.counts["detractors"]
    assert (row["numerator"], row["denominator"]) == (promoters_less_detractors, 2_746) == (1_094, 2_746)
    assert row["value"] == nine_digits(expected.satisfaction["nps"]) == pytest.approx(39.84, abs=0.005)
    # with the 84 blanks, coded 11, as promoters
    assert expected.satisfaction["nps_with_blanks_as_promoters"] == pytest.approx(41.63, abs=0.005)


def test_satisfaction_is_that_of_the_airport_as_a_whole(database: duckdb.DuckDBPyConnection, expected: Recount) -> None:
    csat, mean = monthly(database, "csat")["2017-05"], monthly(database, "csat_mean")["2017-05"]
    assert (csat["numerator"], csat["denominator"]) == (2_206, 2_688)
    assert csat["value"] == nine_digits(expected.satisfaction["csat"])
    assert mean["denominator"] == 2_688
    assert mean["value"] == nine_digits(expected.satisfaction["csat_mean"])


@pytest.mark.parametrize("kpi", UNAVAILABLE)
def test_what_the_sources_do_not_say_is_not_shown_as_a_number(database: duckdb.DuckDBPyConnection, kpi: str) -> None:
    found = database.execute("select value, status from kpi_values where kpi = ?", [kpi]).fetchall()
    assert found == [(None, "unavailable")]


def test_no_caller_and_no_resolver_is_published_by_name(database: duckdb.DuckDBPyConnection) -> None:
    columns = database.execute(
        "select table_name, column_name from duckdb_columns()"
        " where database_name = current_database() and not internal and data_type = 'VARCHAR'"
    ).fetchall()
    assert len(columns) > 50
    for table, column in columns:
        found = one_row(
            database, f"""select count(*) from "{table}" where regexp_matches("{column}", '(Caller|Resolver) [0-9]')"""
        )
        assert found == (0,), f"{table}.{column}"


# -- again, and as of a past date ------------------------------------------------------------------------------------


def test_a_second_run_lands_nothing_new(home: RealHome, raw_before: dict[str, str], second_run: dict[str, Any]) -> None:
    assert second_run
    assert fingerprint(home.folder / "raw") == raw_before


def test_a_second_run_publishes_identical_figures(first_manifest: dict[str, Any], second_run: dict[str, Any]) -> None:
    assert second_run["publication"]["publication_id"] != first_manifest["publication"]["publication_id"]
    assert second_run["digests"] == first_manifest["digests"]
    assert second_run["digest"] == first_manifest["digest"]
    assert second_run["publication"]["inputs_hash"] == first_manifest["publication"]["inputs_hash"]


@pytest.fixture(scope="session")
def expected_then(source: Path) -> Recount:
    return recount(source, BACK_FILL_DATE)


def test_a_back_fill_leaves_the_newest_publication_current(
    home: RealHome, back_fill: duckdb.DuckDBPyConnection, second_run: dict[str, Any]
) -> None:
    assert str(one_row(back_fill, "select as_of_date from publication")[0]) == BACK_FILL_DATE
    assert read_manifest(home.folder / "published")["publication"] == second_run["publication"]


def test_a_back_fill_knows_only_what_was_known_then(back_fill: duckdb.DuckDBPyConnection, expected_then: Recount) -> None:
    totals = "select count(*), sum(net_amount), count(*) filter (where is_net_positive) from purchases"
    counts = expected_then.counts
    assert one_row(back_fill, totals) == (
        counts["tickets"],
        dollars(expected_then.cents["net"]),
        counts["tickets_net_positive"],
    )
    found = back_fill.execute("select contact_id, closed_at, coalesce(outcome, '') as outcome from contacts").fetch_df()
    both = expected_then.contacts.merge(
        found, left_on="number", right_on="contact_id", how="outer", suffixes=("", "_published"), indicator=True
    )
    assert (both["_merge"] == "both").all()
    assert (both["outcome"] == both["outcome_published"]).all()
    assert both["ended_at"].isna().sum() == both["closed_at_published"].isna().sum() == 1_145
    ended = both.dropna(subset=["ended_at"])
    assert (ended["ended_at"] == ended["closed_at_published"]).all()


def test_a_back_fill_publishes_the_figures_of_the_recount_of_its_date(
    back_fill: duckdb.DuckDBPyConnection, expected_then: Recount
) -> None:
    for kpi, column in COUNTS.items():
        found = {month: row["value"] for month, row in monthly(back_fill, kpi).items() if row["value"]}
        assert found == {month: row[column] for month, row in months_of(expected_then).items() if row[column]}, kpi
    for kpi, columns in RATES.items():
        assert_rates(back_fill, expected_then, kpi, columns)
    for days in WINDOWS:
        assert_repurchase(back_fill, expected_then, days)
        assert_credits(back_fill, expected_then, days)
