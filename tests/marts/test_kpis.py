"""The KPI table: what is possible with the feeds at hand, what is said where it is not, and what the checks catch."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.feeds.contract import FEEDS
from tests.marts import inputs as tool
from tests.marts.conftest import Rows, contact, line
from tests.marts.inputs import DBT, build, query, write_inputs

KPIS = {row["kpi"] for row in csv.DictReader((DBT / "seeds" / "kpi_definition_texts.csv").open(encoding="utf-8"))}
AS_OF_MONTH = date(2024, 6, 1)


def _contacts(count: int, customer: str | None = None) -> list[dict[str, Any]]:
    """Contacts of March to June 2024, one every two days, answered after 10 s."""
    days = [(month, day) for month in (3, 4, 5, 6) for day in range(1, 29, 2)][:count]
    return [
        contact(
            f"K{month}-{day}",
            customer and f"{customer}{day}",
            f"2024-{month:02}-{day:02} 09:00:00",
            answered_at=f"2024-{month:02}-{day:02} 09:00:10",
            closed_at=f"2024-{month:02}-{day:02} 09:10:00",
            talk_seconds=300,
            reopen_count=0,
            case_id=f"D{month}-{day}",
        )
        for month, day in days
    ]


def _tickets() -> list[dict[str, Any]]:
    return [
        line(f"T{month}-{day}", f"2024-{month:02}-{day:02} 12:00:00", "20", customer_id=f"C{day}")
        for month in (2, 3, 4, 5, 6)
        for day in range(1, 29, 2)
    ]


def _company(folder: Path, rows: Rows, **more: Any) -> Path:
    return build(
        write_inputs(folder / "inputs", rows, **more), "+kpi_values +kpi_readiness +service_operations +contacts +purchases"
    )


def _values(warehouse: Path) -> dict[str, list[dict[str, Any]]]:
    made: dict[str, list[dict[str, Any]]] = {}
    for row in query(warehouse, "select * from marts.kpi_values"):
        made.setdefault(row["kpi"], []).append(row)
    return made


def _available(warehouse: Path) -> set[str]:
    return {kpi for kpi, rows in _values(warehouse).items() if any(row["value"] is not None for row in rows)}


def _reasons(warehouse: Path, kpi: str) -> dict[str, tuple[str, str]]:
    rows = query(warehouse, f"select feed, verdict, reason_en from marts.kpi_readiness where kpi = '{kpi}'")
    return {row["feed"]: (row["verdict"], row["reason_en"]) for row in rows}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Contacts and sales of known customers, targets, an earlier publication; late sales."""
    return _company(
        tmp_path_factory.mktemp("whole"),
        {"crm_contacts": _contacts(56, "C"), "pos_transactions": _tickets()},
        context={"minimum_sample": 10},
        feed_status={"pos_transactions": {"is_fresh": False}},
        windows=(30, 60),
        reference={
            "kpi_targets": [
                {
                    "kpi": "average_speed_of_answer",
                    "segment": "-1",
                    "target": "5",
                    "alert_above": "8",
                    "sector_benchmark": "12",
                },
            ]
        },
        kpi_history=[
            {
                "kpi": "inbound_contacts",
                "period_grain": "month",
                "period_start": "2024-04-01",
                "value_segment": -1,
                "value": 13,
                "immature_count": 0,
                "is_complete": True,
                "as_of_date": "2024-05-31",
                "publication_id": "P1",
            },
            {
                "kpi": "inbound_contacts",
                "period_grain": "month",
                "period_start": "2024-05-01",
                "value_segment": -1,
                "value": 14,
                "immature_count": 0,
                "is_complete": True,
                "as_of_date": "2024-05-31",
                "publication_id": "P1",
            },
        ],
    )


@pytest.fixture(scope="module")
def contacts_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _company(tmp_path_factory.mktemp("contacts_only"), {"crm_contacts": _contacts(56)})


@pytest.fixture(scope="module")
def tickets_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _company(tmp_path_factory.mktemp("tickets_only"), {"pos_transactions": _tickets()})


@pytest.fixture(scope="module")
def survey_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    answers = [
        {
            "response_id": f"R{number}",
            "survey_id": "S",
            "question_code": question,
            "answered_at": "2024-05-02 09:00:00",
            "score": score,
        }
        for number, (question, score) in enumerate([("csat", "5"), ("csat", "1"), ("nps", "9")])
    ]
    return _company(tmp_path_factory.mktemp("survey_only"), {"survey_responses": answers})


def test_every_kpi_is_defined_in_both_languages_and_names_feeds_of_the_contract() -> None:
    for row in csv.DictReader((DBT / "seeds" / "kpi_definition_texts.csv").open(encoding="utf-8")):
        assert all(row[name].strip() for name in row), row["kpi"]
        assert row["label_fr"] != row["label_en"]
        assert not any(" :" in row[name] or "'" in row[name] for name in row if name.endswith("_fr")), row["kpi"]
    needs = list(csv.DictReader((DBT / "seeds" / "kpi_feeds.csv").open(encoding="utf-8")))
    assert {row["kpi"] for row in needs} == KPIS
    assert {row["feed"] for row in needs} <= set(FEEDS)


def test_no_target_is_shipped_because_nobody_chose_one() -> None:
    assert len((DBT / "seeds" / "kpi_targets.csv").read_text(encoding="utf-8").splitlines()) == 1


def test_every_kpi_has_a_row_or_is_ready_without_events(whole: Path) -> None:
    values = _values(whole)
    assert set(values) <= KPIS
    for kpi in KPIS - set(values):
        assert {verdict for verdict, _ in _reasons(whole, kpi).values()} <= {"ready", "degraded"}


def test_a_company_with_contacts_only_gets_operations_and_is_told_the_rest(contacts_only: Path) -> None:
    available = _available(contacts_only)
    assert {"inbound_contacts", "service_level_missed_abandons", "average_handling_time", "transfer_rate"} <= available
    assert not {kpi for kpi in available if kpi.startswith(("repurchase", "csat", "nps", "ces", "active"))}
    # No customer is known: distinct customers and resolution cannot be told.
    assert not {"contacting_customers", "first_contact_resolution"} & available
    verdict, reason = _reasons(contacts_only, "first_contact_resolution")["crm_contacts"]
    assert (verdict, "0% of inbound handled contacts tied to a customer" in reason) == ("unavailable", True)
    verdict, reason = _reasons(contacts_only, "repurchase_rate_60")["pos_transactions"]
    assert (verdict, "add it to company.yml" in reason) == ("unavailable", True)


def test_a_company_with_tickets_only_gets_its_active_customers(tickets_only: Path) -> None:
    assert _available(tickets_only) == {"active_customers"}
    verdicts = {feed: verdict for feed, (verdict, _) in _reasons(tickets_only, "active_customers").items()}
    # Half a year of sales: the figure stands, and says that it is short. Subscriptions are not needed beside sales.
    assert verdicts == {"pos_transactions": "degraded", "crm_subscriptions": "ready"}


def test_a_rescue_that_cannot_be_estimated_says_so_and_not_that_nothing_concerns_it(whole: Path) -> None:
    for kpi in ("rescued_customers", "secured_revenue"):
        verdict, said = _reasons(whole, kpi)["crm_contacts"]
        assert verdict == "unavailable"
        assert "cannot be estimated for any month: the table churn_rescues says why" in said


def test_a_company_with_a_survey_only_gets_its_scores(survey_only: Path) -> None:
    assert _available(survey_only) == {"csat", "csat_mean", "nps_relation"}
    assert _reasons(survey_only, "csat")["crm_contacts"][0] == "ready"
    # No date of sending, no response rate; no question about a contact, no NPS after a contact.
    assert _reasons(survey_only, "survey_response_rate")["survey_responses"][0] == "unavailable"
    assert "nothing in it concerns" in _reasons(survey_only, "nps")["survey_responses"][1]


@pytest.mark.parametrize("home", ["contacts_only", "tickets_only", "survey_only", "whole"])
def test_an_unavailable_kpi_has_one_row_without_a_number_and_never_a_zero(home: str, request: pytest.FixtureRequest) -> None:
    warehouse: Path = request.getfixturevalue(home)
    unavailable = {row["kpi"] for row in query(warehouse, "select kpi from marts.kpi_readiness where verdict = 'unavailable'")}
    assert unavailable
    for kpi in unavailable:
        [row] = _values(warehouse)[kpi]
        assert (row["value"], row["numerator"], row["status"]) == (None, None, "unavailable")
        assert (row["period_start"], row["period_grain"], row["value_segment"]) == (AS_OF_MONTH, "month", -1)
        assert (row["is_publishable"], row["is_restated"]) == (False, False)


def test_a_source_that_records_no_abandons_has_no_abandonment_rate(contacts_only: Path) -> None:
    verdict, reason = _reasons(contacts_only, "abandonment_rate")["crm_contacts"]
    assert (verdict, "outcome = abandoned" in reason) == ("unavailable", True)


def test_a_late_feed_degrades_and_says_so(whole: Path) -> None:
    verdict, reason = _reasons(whole, "repurchase_rate_30")["pos_transactions"]
    assert (verdict, "is late" in reason) == ("degraded", True)
    assert "repurchase_rate_30" in _available(whole)


def test_a_window_that_is_not_asked_for_is_unavailable(whole: Path) -> None:
    verdict, reason = _reasons(whole, "repurchase_rate_90")["crm_contacts"]
    assert (verdict, "windows.repurchase_days" in reason) == ("unavailable", True)


def test_the_value_before_the_target_and_the_restatement_stand_beside_the_value(whole: Path) -> None:
    months = {
        row["period_start"]: row
        for row in _values(whole)["inbound_contacts"]
        if row["period_grain"] == "month" and row["value_segment"] == -1
    }
    assert [row["value"] for _, row in sorted(months.items())] == [14.0, 14.0, 14.0, 14.0]
    assert months[date(2024, 3, 1)]["previous_value"] is None
    assert months[date(2024, 4, 1)]["previous_value"] == 14.0
    assert [row["is_restated"] for _, row in sorted(months.items())] == [False, True, False, False]
    [speed] = [
        row
        for row in _values(whole)["average_speed_of_answer"]
        if row["period_grain"] == "month" and row["period_start"] == AS_OF_MONTH and row["value_segment"] == -1
    ]
    assert (speed["value"], speed["target"], speed["benchmark"], speed["status"]) == (10.0, 5.0, 12.0, "alert")


def test_weeks_stand_beside_months_for_operations(whole: Path) -> None:
    weeks = [row for row in _values(whole)["service_level_missed_abandons"] if row["period_grain"] == "week"]
    assert len({row["period_start"] for row in weeks}) == 18
    assert all(row["period_start"].weekday() == 0 for row in weeks)


def test_customers_are_active_by_a_running_subscription_too(tmp_path: Path) -> None:
    subscription = {"monthly_amount": "9", "currency": "EUR", "started_at": "2024-01-10 00:00:00"}
    warehouse = _company(
        tmp_path,
        {
            "crm_subscriptions": [
                subscription | {"subscription_id": "S1", "customer_id": "C1"},
                subscription | {"subscription_id": "S2", "customer_id": "C2", "ended_at": "2024-03-15 00:00:00"},
                # Ends at the very start of April in Paris: not running any more at that instant.
                subscription | {"subscription_id": "S3", "customer_id": "C3", "ended_at": "2024-03-31 22:00:00"},
            ]
        },
    )
    rows = {row["period_start"]: row["value"] for row in _values(warehouse)["active_customers"] if row["value_segment"] == -1}
    assert rows[date(2024, 2, 1)] == rows[date(2024, 3, 1)] == 3.0
    assert rows[date(2024, 4, 1)] == rows[date(2024, 5, 1)] == 1.0
    assert date(2024, 1, 1) not in rows


def test_a_kpi_without_any_figure_is_unavailable_and_says_why(tmp_path: Path) -> None:
    # The CRM knows ids, the tills cards, and nobody ties them: everything is there, and no re-purchase can be seen.
    tickets = [line(f"T{day}", f"2024-02-{day:02} 12:00:00", "20", loyalty_card_id=f"F{day}") for day in range(1, 29)]
    tickets += [line(f"U{day}", f"2024-06-{day:02} 12:00:00", "20", loyalty_card_id=f"F{day}") for day in range(1, 29)]
    warehouse = _company(tmp_path, {"crm_contacts": _contacts(56, "C"), "pos_transactions": tickets})
    verdict, reason = _reasons(warehouse, "repurchase_rate_60")["pos_transactions"]
    assert (verdict, "identity_links" in reason) == ("unavailable", True)
    [row] = _values(warehouse)["repurchase_rate_60"]
    assert (row["value"], row["status"]) == (None, "unavailable")


def test_of_two_feeds_that_can_stand_for_each_other_the_better_one_counts(tmp_path: Path) -> None:
    rows: Rows = {
        "crm_subscriptions": [
            {
                "subscription_id": "S1",
                "customer_id": "C1",
                "monthly_amount": "9",
                "currency": "EUR",
                "started_at": "2024-01-10 00:00:00",
            }
        ],
        # tickets of nobody known: they cannot tell who is active, the subscriptions can
        "pos_transactions": [line(f"T{day}", f"2024-05-{day:02} 12:00:00", "20") for day in range(1, 29)],
    }
    warehouse = _company(tmp_path, rows)
    assert {verdict for verdict, _ in _reasons(warehouse, "active_customers").values()} <= {"ready", "degraded"}
    assert "active_customers" in _available(warehouse)


def _run_assertions(inputs: Path, warehouse: Path, names: Iterable[str]) -> None:
    tool._invoke(["test", "--select", *names], inputs, warehouse, tool._at(tool._manifest(), inputs))


_PENDING = "update marts.repurchase_after_contact set pending_amount = pending_amount + 0.01 where value_segment = -1"
_TRANSFERS = "update marts.service_operations set numerator = numerator + 1 where kpi = 'transfer_rate' and channel = 'phone'"
_VERDICT = "update marts.kpi_readiness set verdict = 'unavailable' where kpi = 'inbound_contacts'"
_CREDITS = "delete from marts.repurchase_credits where window_days = 60"
# What is done to a good warehouse, for each assertion that has to notice it.
BROKEN = {
    "assert_credited_and_pending_euros_are_the_eligible_euros": _CREDITS,
    "assert_months_after_contact_add_up_to_the_credits": _PENDING,
    "assert_segments_and_channels_after_contact_add_up": _PENDING,
    "assert_operations_add_up_where_events_add": _TRANSFERS,
    "assert_operations_agree_with_contacts": "update marts.contacts set handle_seconds = handle_seconds + 1",
    "assert_kpi_values_agree_with_readiness": _VERDICT,
}


@pytest.fixture(scope="module")
def checked(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The inputs of the company whose warehouse the assertions are run on."""
    return whole.parents[1] / "inputs"


def test_the_assertions_hold_on_a_good_warehouse(whole: Path, checked: Path) -> None:
    _run_assertions(checked, whole, BROKEN)


@pytest.mark.parametrize("assertion", sorted(BROKEN))
def test_each_assertion_catches_what_it_is_for(assertion: str, whole: Path, checked: Path, tmp_path: Path) -> None:
    broken = tmp_path / whole.name
    shutil.copy(whole, broken)
    with duckdb.connect(str(broken)) as connection:
        connection.execute(BROKEN[assertion])
    with pytest.raises(AssertionError, match=f"{assertion}: fail"):
        _run_assertions(checked, broken, [assertion])
