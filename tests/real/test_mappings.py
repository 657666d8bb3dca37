"""The mapping queries of the real home, each trap of the data on a few rows that can be checked by hand.

The whole files are checked in `test_real_home.py`. `source` is what landing gives a query: text columns, `?` still a
text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

MAPPINGS = Path(__file__).resolve().parent / "home" / "mappings"
LOG_COLUMNS = (
    "number", "incident_state", "sys_mod_count", "caller_id", "opened_at", "sys_updated_at", "contact_type", "category",
    "assigned_to", "assignment_group", "reassignment_count", "reopen_count", "resolved_at",
)  # fmt: skip
QUESTIONS = (
    "NETPRO", "Q7ALL", "Q7ART", "Q7FOOD", "Q7STORE", "Q7SIGN", "Q7WALKWAYS", "Q7SCREENS", "Q7INFODOWN", "Q7INFOUP",
    "Q7WIFI", "Q7ROADS", "Q7PARK", "Q7AIRTRAIN", "Q7LTPARKING", "Q7RENTAL",
)  # fmt: skip


def mapped(name: str, columns: tuple[str, ...], rows: list[Mapping[str, str | None]]) -> list[dict[str, Any]]:
    """Run a mapping over rows of text; the rows come back in the order of `source_line`."""
    with duckdb.connect(config={"enable_external_access": "false"}) as connection:
        named = ", ".join(f'"{column}" varchar' for column in columns)
        connection.execute(f"create table source ({named}, source_file varchar, source_line bigint)")
        for line, row in enumerate(rows, start=2):
            values = [row.get(column) for column in columns]
            marks = ", ".join("?" for _ in range(len(columns) + 2))
            connection.execute(f"insert into source values ({marks})", [*values, "file", line])
        query = (MAPPINGS / f"{name}.sql").read_text(encoding="utf-8")
        found = connection.execute(f"select * from (\n{query}\n) order by source_line")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def update(state: str, modification: int, updated: str, resolved: str = "?", **more: str) -> dict[str, str]:
    """One row of the incident log."""
    return {
        "number": "INC1", "incident_state": state, "sys_mod_count": str(modification), "caller_id": "Caller 1",
        "opened_at": "29/2/2016 01:16", "sys_updated_at": updated, "contact_type": "Phone", "category": "Category 1",
        "assigned_to": "?", "assignment_group": "?", "reassignment_count": "0", "reopen_count": "0",
        "resolved_at": resolved,
    } | more  # fmt: skip


def incidents(*rows: Mapping[str, str | None]) -> list[dict[str, Any]]:
    return mapped("crm_contacts", LOG_COLUMNS, list(rows))


def test_times_are_day_first_and_move_by_44_weeks() -> None:
    (row,) = incidents(update("New", 0, "1/3/2016 01:23"))
    assert row["opened_at"] == datetime(2017, 1, 2, 1, 16)
    assert row["updated_at"] == datetime(2017, 1, 3, 1, 23)
    assert row["opened_at"].weekday() == datetime(2016, 2, 29).weekday()


def test_updates_of_one_minute_are_told_apart_by_their_modification() -> None:
    rows = incidents(update("Active", 10, "1/3/2016 09:00"), update("New", 9, "1/3/2016 09:00"))
    assert [row["updated_at"] for row in rows] == [
        datetime(2017, 1, 3, 9, 0, 0, 10_000), datetime(2017, 1, 3, 9, 0, 0, 9_000),
    ]  # fmt: skip


def test_a_resolution_that_lies_ahead_is_not_known() -> None:
    resolved = "5/3/2016 10:00"
    rows = incidents(
        update("New", 0, "1/3/2016 09:00", resolved),
        update("Resolved", 1, "2/3/2016 09:00", resolved),
        update("Active", 2, "3/3/2016 09:00", resolved),
        update("Resolved", 3, "5/3/2016 10:00", resolved),
        update("Closed", 4, "10/3/2016 10:00", resolved),
    )
    assert [(row["outcome"], row["closed_at"]) for row in rows] == [
        (None, None),
        ("resolved", datetime(2017, 1, 4, 9, 0)),
        (None, None),
        ("resolved", datetime(2017, 1, 7, 10, 0)),
        ("resolved", datetime(2017, 1, 7, 10, 0)),
    ]


def test_without_a_recorded_resolution_the_last_entry_into_resolved_is_the_end() -> None:
    rows = incidents(
        update("Resolved", 0, "1/3/2016 09:00"),
        update("Active", 1, "1/3/2016 12:00"),
        update("Resolved", 2, "2/3/2016 09:00"),
        update("Resolved", 3, "2/3/2016 11:00"),
        update("Closed", 4, "7/3/2016 09:00"),
    )
    assert rows[-1]["closed_at"] == datetime(2017, 1, 4, 9, 0)
    assert rows[-1]["outcome"] == "resolved"


def test_an_incident_closed_without_ever_being_resolved_is_unresolved_and_ends_with_its_closing() -> None:
    rows = incidents(update("New", 0, "1/3/2016 09:00"), update("Closed", 1, "6/3/2016 09:00"))
    assert (rows[1]["outcome"], rows[1]["closed_at"]) == ("unresolved", datetime(2017, 1, 8, 9, 0))


def test_an_unexplained_state_leaves_the_incident_open() -> None:
    (row,) = incidents(update("-100", 1, "1/3/2016 09:00", "1/3/2016 08:00"))
    assert (row["outcome"], row["closed_at"]) == (None, None)


def test_every_way_of_contact_has_a_channel_and_an_unknown_one_goes_through_to_be_refused() -> None:
    ways = ("Phone", "IVR", "Email", "Self service", "Direct opening", "Fax")
    rows = incidents(*(update("New", 0, "1/3/2016 09:00", number=f"INC{way}", contact_type=way) for way in ways))
    assert [row["channel"] for row in rows] == ["phone", "phone", "email", "portal", "portal", "Fax"]


LINE = {
    "household_id": "1", "store_id": "9", "basket_id": "100", "product_id": "20", "quantity": "1", "sales_value": "1.5",
    "retail_disc": "0.0", "coupon_disc": "0.0", "coupon_match_disc": "0.0", "week": "1",
    "transaction_timestamp": "2017-01-01 11:53:26",
}  # fmt: skip


def lines(*rows: Mapping[str, str | None]) -> list[dict[str, Any]]:
    return mapped("pos_transactions", tuple(LINE), [LINE | dict(row) for row in rows])


def test_the_dust_of_a_subtraction_is_zero_and_a_double_is_exact_to_the_cent() -> None:
    rows = lines({"sales_value": "1.776357e-15"}, {"sales_value": "8.290000000000001", "product_id": "21"})
    assert [row["net_amount"] for row in rows] == [Decimal("0.00"), Decimal("8.29")]


def test_the_three_discounts_add_up_exactly() -> None:
    (row,) = lines({"retail_disc": "0.1", "coupon_disc": "0.2", "coupon_match_disc": "4.440892e-16"})
    assert row["discount_amount"] == Decimal("0.30")


def test_lines_are_numbered_by_product_within_the_basket_whatever_the_order_of_the_file() -> None:
    rows = lines({"product_id": "100"}, {"product_id": "20"}, {"product_id": "3", "basket_id": "101"})
    assert [(row["transaction_id"], row["line_number"]) for row in rows] == [("100", 2), ("100", 1), ("101", 1)]


def answers(**given: str) -> dict[str, dict[str, Any]]:
    """The rows of one respondent who left blank what is not given: question -> row."""
    blank = dict.fromkeys(QUESTIONS, "0") | {"NETPRO": "11", "Q7ALL": "Blank"}
    row = {"RESPNUM": "7", "INTDATE": "5", "LANG": "3"} | blank | given
    return {found["question_code"]: found for found in mapped("survey_responses", tuple(row), [row])}


def test_a_respondent_becomes_one_row_a_question_all_with_the_same_line() -> None:
    rows = answers(NETPRO="10")
    assert set(rows) == {question.lower() for question in QUESTIONS}
    assert {row["source_line"] for row in rows.values()} == {2}
    assert rows["netpro"]["response_id"] == "7-netpro"
    assert (rows["netpro"]["answered_at"], rows["netpro"]["language"]) == ("2017-05-05", "zh")


def test_codes_for_no_answer_are_null_on_their_own_question_only() -> None:
    blank = answers()
    assert all(row["score"] is None for row in blank.values())
    given = answers(NETPRO="0", Q7ALL="5", Q7ART="6", Q7FOOD="1")
    scores = {code: row["score"] for code, row in given.items() if row["score"] is not None}
    assert scores == {"netpro": "0", "q7all": "5", "q7food": "1"}
    assert answers(NETPRO="6")["netpro"]["score"] == "6"


def test_a_code_that_the_dictionary_does_not_have_goes_through() -> None:
    assert answers(Q7ART="11")["q7art"]["score"] == "11"
