"""The relational families scored in SQL, held against a recount and the model in Python, on customers drawn at random."""

from __future__ import annotations

import random
from collections import Counter
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dagster_project.estimates.relational_families import as_rows, read_observations
from dagster_project.estimates.relationship_mixture import FAMILIES, Families, axes, family_of, log_likelihoods, observe
from tests.marts.conftest import Rows, line
from tests.marts.inputs import build, key_hash, query, write_inputs
from tests.unit.estimates.relationship_worlds import TRUE

FIRST_DAY = date(2021, 3, 1)
DAYS = 1215  # until 27 June 2024
CUSTOMERS = 50
# a later version that knows chat, and one of its own for the years before
EARLY = Families(
    channels=("email", "phone", "self_service", "store_desk"),
    shares=np.array([0.3, 0.3, 0.2, 0.2]),
    channel_shares=np.array([[0.3, 0.4, 0.1, 0.2], [0.2, 0.5, 0.2, 0.1], [0.4, 0.1, 0.4, 0.1], [0.1, 0.4, 0.1, 0.4]]),
    contact_rates=np.array([1.5, 1.2, 0.8, 0.7]),
    dispersion=2.5,
    contacts_per=np.array([0.3, 0.1, 0.2]),
    expectations=None,
    expectation_deviation=None,
)
VERSIONS = {date(2023, 9, 1): EARLY, date(2024, 3, 15): TRUE}
SELECTION = "+int_customer_month_families +int_customer_preferences"


def company(seed: int = 3) -> Rows:
    """Contacts with cases, repeats, spam and mergers; help pages; tickets; expectations. Chat comes in 2024, fax is in no version."""
    draw = random.Random(seed)
    rows: Rows = {name: [] for name in ("crm_customers", "crm_contacts", "web_sessions", "pos_transactions", "survey_responses")}

    def moment() -> datetime:
        return datetime.combine(FIRST_DAY + timedelta(days=draw.randrange(DAYS)), datetime.min.time()) + timedelta(hours=12)

    for customer in range(CUSTOMERS):
        key = f"C{customer}"
        created = FIRST_DAY + timedelta(days=draw.choice([0, 0, 500, 900]))
        rows["crm_customers"].append(
            {"customer_id": key, "allows_profiling": str(customer > 0).lower(), "created_at": f"{created} 08:00:00"}
        )
        favourite = draw.choice(["phone", "email", "store_desk", "chat"])
        for _ in range(draw.choice([1, 4, 12, 25])):
            opened = max(moment(), datetime.combine(created, datetime.min.time()) + timedelta(hours=12))
            channel = draw.choice([favourite, favourite, "phone", "email", "store_desk", "fax", "chat"])
            if channel == "chat" and opened.year < 2024:
                channel = "phone"
            number = len(rows["crm_contacts"])
            outcome = draw.choice([None, "resolved", "resolved", "resolved", "spam", "merged"])
            closed = min(opened + timedelta(days=draw.choice([0, 3, 40])), datetime(2024, 6, 30, 12))
            rows["crm_contacts"].append(
                {
                    "contact_id": f"K{number}",
                    "case_id": draw.choice([None, f"D{customer}-{draw.randrange(20)}"]),
                    "customer_id": key,
                    "channel": channel,
                    "direction": draw.choice(["inbound"] * 5 + ["outbound"]),
                    "reason": draw.choice([None, "late", "bill", "size"]),
                    "opened_at": str(opened),
                    "closed_at": None if outcome is None else str(closed),
                    "outcome": outcome,
                    "merged_into_contact_id": f"K{draw.randrange(number)}" if outcome == "merged" and number else None,
                }
            )
        for _ in range(draw.choice([0, 1, 6])):
            session = {"session_id": f"W{len(rows['web_sessions'])}", "customer_id": key, "started_at": str(moment())}
            rows["web_sessions"].append(session | {"page_views": 3, "help_page_views": draw.choice([0, 1, 2])})
        for _ in range(draw.choice([0, 3, 20])):
            ticket = line(f"T{len(rows['pos_transactions'])}", str(moment()), draw.choice(["30", "12", "-5"]), customer_id=key)
            rows["pos_transactions"].append(ticket | {"sales_channel": draw.choice(["store", "web", "phone"])})
        for _ in range(draw.choice([0, 0, 3])):
            sent = moment()
            rows["survey_responses"].append(
                {
                    "response_id": f"Q{len(rows['survey_responses'])}",
                    "survey_id": "servqual",
                    "question_code": draw.choice(
                        ["servqual_expectation_r1", "servqual_expectation_t1", "servqual_perception_r1"]
                    ),
                    "customer_id": key,
                    "sent_at": str(sent - timedelta(days=1)),
                    "answered_at": str(sent),
                    "score": str(draw.randrange(1, 9)),
                }
            )
    return rows


def build_company(folder: Path, rows: Rows) -> Path:
    versions = [row for as_of, families in VERSIONS.items() for row in as_rows(families, families, as_of).to_pylist()]
    inputs = write_inputs(folder / "inputs", rows, relational_families=versions)
    return build(inputs, SELECTION, with_tests=True)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_company(tmp_path_factory.mktemp("families"), company())


# --- a recount in Python ----------------------------------------------------------------------------------------------


def month_number(instant: str) -> int:
    day = datetime.fromisoformat(instant)
    return day.year * 12 + day.month - 1


def interactions_of(rows: Rows) -> list[tuple[str, str, int, int | None]]:
    """(customer, channel, month, month in which it was void) of the first contacts of matters and the days of help."""
    opened = {row["contact_id"]: row["opened_at"] for row in rows["crm_contacts"]}
    found: list[tuple[str, str, int, int | None]] = []
    ordered = sorted(
        (row for row in rows["crm_contacts"] if row["direction"] == "inbound"),
        key=lambda row: (row["opened_at"], row["contact_id"]),
    )
    cases: set[tuple[str, str]] = set()
    week = timedelta(days=7)
    chains: dict[tuple[str, str], tuple[datetime, datetime, str | None, set[int]]] = {}
    for row in ordered:
        case = (row["customer_id"], row["case_id"] or row["contact_id"])
        matter = (row["customer_id"], f"={row['reason']}" if row["reason"] else row["contact_id"])
        at = datetime.fromisoformat(row["opened_at"])
        started, last, last_case, weeks = chains.get(matter, (at, at, None, set()))
        if last < at - week or (row["case_id"] and last_case and row["case_id"] != last_case):
            started, weeks = at, set()
        number = (at - started) // week
        is_first = case not in cases and number not in weeks
        cases.add(case)
        chains[matter] = (started, at, row["case_id"], weeks | {number})
        into = opened.get(row["merged_into_contact_id"] or "")
        is_merged_into_later = into is not None and row["opened_at"] < into <= (row["closed_at"] or "")
        is_void = (row["outcome"] in ("spam", "merged") or row["merged_into_contact_id"]) and not is_merged_into_later
        if is_first:
            void = month_number(row["closed_at"] or row["opened_at"]) if is_void else None
            found.append((row["customer_id"], row["channel"], month_number(row["opened_at"]), void))
    since = min(opened.values())[:10]
    days = {
        (row["customer_id"], row["started_at"][:10])
        for row in rows["web_sessions"]
        if row["help_page_views"] > 0 and row["started_at"] >= since
    }
    return found + [(customer, "self_service", month_number(day), None) for customer, day in sorted(days)]


def recount(rows: Rows, month: date) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The three tables of `observe`, as known at the start of a month."""
    now = month_number(str(month))
    made = interactions_of(rows)
    used = {(number, channel) for _, channel, number, _ in made}
    window = range(now - 24, now)
    in_use = sorted({(number, channel) for number in window for first, channel in used if first <= number <= first + 5})
    known = [(key, channel, number) for key, channel, number, void in made if number in window and (void is None or void >= now)]
    contacts_since = min(row["opened_at"] for row in rows["crm_contacts"])[:10]
    customers: list[dict[str, Any]] = []
    for row in rows["crm_customers"]:
        key = row["customer_id"]
        own = [channel for name, channel, _ in known if name == key]
        tickets = [
            ticket["sales_channel"]
            for ticket in rows["pos_transactions"]
            if ticket["customer_id"] == key
            and float(ticket["net_amount"]) > 0
            and month_number(ticket["sold_at"]) in window
            and ticket["sold_at"][:10] >= contacts_since
        ]
        said = [
            (int(answer["score"]) - 1) / 6
            for answer in rows["survey_responses"]
            if answer["customer_id"] == key
            and answer["question_code"].startswith("servqual_expectation")
            and int(answer["score"]) <= 7
            and month_number(answer["answered_at"]) in window
        ]
        events = [row["created_at"]]
        for feed, at in (("crm_contacts", "opened_at"), ("web_sessions", "started_at"), ("pos_transactions", "sold_at")):
            events += [event[at] for event in rows[feed] if event["customer_id"] == key]
        events += [answer["sent_at"] for answer in rows["survey_responses"] if answer["customer_id"] == key]
        since = max(min(events)[:10], contacts_since, f"{month.year - 2}-{month.month:02d}-01")
        customers.append(
            {
                "customer_id": key_hash("crm", key),
                "interactions_24m": len(own),
                "contacts_24m": sum(channel != "self_service" for channel in own),
                "seen_days_24m": max(0, (month - date.fromisoformat(since)).days),
                "store_purchases_24m": tickets.count("store"),
                "remote_purchases_24m": len(tickets) - tickets.count("store"),
                "expectation": float(np.mean(said)) if said else float("nan"),
                "allows_profiling": row["allows_profiling"] == "true",
            }
        )
    counted = Counter((key_hash("crm", key), number, channel) for key, channel, number in known)
    return (
        pd.DataFrame(customers),
        pd.DataFrame(
            [(*key, times) for key, times in counted.items()], columns=["customer_id", "month_number", "channel", "interactions"]
        ),
        pd.DataFrame(in_use, columns=["month_number", "channel"]),
    )


MONTHS = (date(2022, 8, 1), date(2023, 7, 1), date(2024, 2, 1), date(2024, 4, 1), date(2024, 6, 1))


@pytest.mark.parametrize("month", MONTHS)
def test_what_a_month_knows_is_what_a_recount_finds(warehouse: Path, month: date) -> None:
    expected = recount(company(), month)[0]
    expected = expected[expected["interactions_24m"] > 0].set_index("customer_id").sort_index()
    found = pd.DataFrame(
        query(
            warehouse,
            f"""select * exclude (month, month_number) from intermediate.int_customer_month_interactions
            where month = date '{month}' and interactions_24m > 0""",
        )
    )
    found = found.set_index("customer_id").sort_index()
    assert len(found) > 25
    for column in expected:
        assert found[column].astype(float).to_numpy() == pytest.approx(
            expected[column].astype(float).to_numpy(), abs=1e-6, nan_ok=True
        ), column


@pytest.mark.parametrize("month", MONTHS)
def test_the_axes_in_sql_are_those_of_the_model_in_python(warehouse: Path, month: date) -> None:
    customers, seen, in_use = recount(company(), month)
    customers = customers[customers["allows_profiling"] & (customers["interactions_24m"] >= 3)]
    # the first version serves the months before it, in retrospect
    families = VERSIONS[date(2024, 3, 15)] if month > date(2024, 3, 15) else VERSIONS[date(2023, 9, 1)]
    observed = observe(customers, seen, in_use, families.channels)
    lead, expectation = axes(families, observed)
    rows = query(warehouse, f"from intermediate.int_customer_month_families where month = date '{month}' order by customer_id")
    assert [row["customer_id"] for row in rows] == list(observed.customer_ids)
    assert len(rows) > 15
    assert [row["lead_axis"] for row in rows] == pytest.approx(lead, rel=1e-5, abs=1e-5)
    assert [row["expectation_axis"] for row in rows] == pytest.approx(expectation, rel=1e-5, abs=1e-5)
    assert [row["label"] for row in rows] == list(family_of(lead, expectation))
    scores = log_likelihoods(families, observed) + np.log(families.shares)
    assert np.ptp(scores, axis=1).max() > 5, "the families differ"


def test_all_four_families_are_found(warehouse: Path) -> None:
    rows = query(warehouse, "select distinct relational_family from intermediate.int_customer_month_families")
    assert {row["relational_family"] for row in rows} == set(FAMILIES)


def test_the_fit_reads_what_a_recount_finds(warehouse: Path) -> None:
    month = date(2024, 6, 1)
    customers, seen, in_use = read_observations(warehouse, month)
    expected_customers, expected_seen, expected_in_use = recount(company(), month)
    is_read = expected_customers["allows_profiling"] & (
        expected_customers[["interactions_24m", "store_purchases_24m", "remote_purchases_24m"]].sum(axis=1) > 0
    )
    expected_customers = expected_customers[is_read]
    assert sorted(customers["customer_id"]) == sorted(expected_customers["customer_id"])
    expected_seen = expected_seen[expected_seen["customer_id"].isin(expected_customers["customer_id"])]
    columns = ["customer_id", "month_number", "channel", "interactions"]
    assert sorted(map(tuple, seen[columns].to_numpy().tolist())) == sorted(map(tuple, expected_seen[columns].to_numpy().tolist()))
    pairs = ["month_number", "channel"]
    assert sorted(map(tuple, in_use[pairs].to_numpy().tolist())) == sorted(map(tuple, expected_in_use.to_numpy().tolist()))


def test_a_family_changes_only_after_two_equal_labels(warehouse: Path) -> None:
    rows = query(
        warehouse,
        "select customer_id, month, label, relational_family from intermediate.int_customer_month_families order by all",
    )
    held, moved = 0, 0
    before: dict[str, Any] = {}
    for row in rows:
        is_next = before and before["customer_id"] == row["customer_id"] and (row["month"] - before["month"]).days < 32
        if not is_next:
            assert row["relational_family"] == row["label"]
        elif row["label"] == before["label"]:
            moved += before["relational_family"] != row["relational_family"]
            assert row["relational_family"] == row["label"]
        else:
            held += row["label"] != before["relational_family"]
            assert row["relational_family"] == before["relational_family"]
        before = row
    assert held > 10 and moved > 10


def test_nothing_after_the_start_of_a_month_changes_it(warehouse: Path, tmp_path: Path) -> None:
    """Everything since 1 February 2024 is another company's: other contacts, and other ends of those that were open."""
    start = "2024-02-01"
    early, late = company(), company(seed=8)
    times = {
        "crm_contacts": "opened_at",
        "web_sessions": "started_at",
        "pos_transactions": "sold_at",
        "survey_responses": "answered_at",
    }
    mixed: Rows = {"crm_customers": early["crm_customers"]}
    keys = {"crm_contacts": "contact_id", "web_sessions": "session_id", "pos_transactions": "transaction_id"} | {
        "survey_responses": "response_id"
    }
    for feed, at in times.items():
        later = [row | {keys[feed]: f"{row[keys[feed]]}-late"} for row in late[feed] if row[at] >= start]
        mixed[feed] = [dict(row) for row in early[feed] if row[at] < start] + later
    ends = 0
    for row in mixed["crm_contacts"]:
        if row["opened_at"] < start and (row["closed_at"] or "9999") >= start:
            ends += 1
            row |= {"closed_at": "2024-03-01 12:00:00", "outcome": "spam", "merged_into_contact_id": None}
    assert ends > 5
    other = build_company(tmp_path, mixed)

    def families(path: Path, condition: str) -> list[dict[str, Any]]:
        return query(path, f"from intermediate.int_customer_month_families where month {condition} order by all")

    assert len(families(warehouse, f"<= date '{start}'")) > 300
    assert families(other, f"<= date '{start}'") == families(warehouse, f"<= date '{start}'")
    assert families(other, f"> date '{start}'") != families(warehouse, f"> date '{start}'")


def test_who_is_not_profiled_has_neither_family_nor_preferences(warehouse: Path) -> None:
    refused = key_hash("crm", "C0")
    for table in ("int_customer_month_families", "int_customer_preferences"):
        assert query(warehouse, f"from intermediate.{table} where customer_id = '{refused}'") == []
        assert query(warehouse, f"select 1 from intermediate.{table} limit 1")
