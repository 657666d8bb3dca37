"""Exact or not at all: amounts, truth values, dates and instants from text."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.company.model import Options
from dagster_project.feeds.casting import decimal_value
from tests.unit.feeds.homes import CONTACTS, PRODUCTS, TICKETS, Home

CONNECTION = duckdb.connect()


def parsed(text: str | None, options: Options, decimals: int = 4, reads_both: bool = False) -> Decimal | None:
    expression = decimal_value("written", options, "decimal(18,4)", decimals, reads_both)
    found = CONNECTION.execute(f"select {expression} from (select $written::varchar as written)", {"written": text}).fetchone()
    assert found is not None
    value: Decimal | None = found[0]
    return value


amounts = st.decimals(min_value=-(10**13), max_value=10**13, places=4, allow_nan=False, allow_infinity=False)


def written(value: Decimal, sign: str, thousands: str) -> str:
    return f"{value:,.4f}".replace(",", "\x00").replace(".", sign).replace("\x00", thousands)


@settings(max_examples=300, deadline=None)
@given(amounts, st.sampled_from([".", ","]), st.sampled_from(["", " ", "\u00a0", "\u202f", "'", ".", ","]))
def test_what_is_written_is_read_back_exactly(value: Decimal, sign: str, thousands: str) -> None:
    if sign == thousands:
        return
    configured = thousands if thousands in (".", ",", "'") else None
    options = Options(decimal=sign, thousands=configured)  # type: ignore[arg-type]
    assert parsed(written(value, sign, thousands), options) == value


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="0123456789.,- +eE '\u00a0", max_size=14), st.sampled_from([".", ","]))
def test_no_text_is_read_as_another_number_than_it_says(text: str, sign: str) -> None:
    value = parsed(text, Options(decimal=sign))  # type: ignore[arg-type]
    if value is not None:
        plain = text.replace(" ", "").replace("\u00a0", "").replace(sign, ".")
        assert Decimal(plain) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 234,50", "1234.50"),
        ("1234,5", "1234.5"),
        ("-0,01", "-0.01"),
        ("+3", "3"),
        ("12,75000000", "12.75"),
        (",5", "0.5"),
        ("99999999999999,9999", "99999999999999.9999"),
    ],
)
def test_a_french_amount_is_read(text: str, value: str) -> None:
    assert parsed(text, Options(decimal=",")) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        "1.234,50",
        "12a",
        "a",
        "1e3",
        "12,34567",
        "1 23,5",
        "1  234",
        "12 34",
        "--1",
        "1-",
        "€5",
        "99999999999999999",
        "1,2,3",
        "-",
        ",",
        "12,",
        "1 234,",
    ],
)
def test_an_amount_that_is_not_exact_is_refused(text: str) -> None:
    assert parsed(text, Options(decimal=",")) is None


def test_canonical_numbers_of_typed_readers_stand_beside_the_configured_sign() -> None:
    options = Options(decimal=",")
    assert parsed("12.75", options, reads_both=True) == Decimal("12.75")
    assert parsed("12,75", options, reads_both=True) == Decimal("12.75")
    assert parsed("12.75", options) is None


@pytest.mark.parametrize("decimals", [0, 4])
def test_a_sign_without_a_digit_after_it_is_what_a_cut_left_and_is_refused(decimals: int) -> None:
    assert parsed("3,", Options(decimal=","), decimals) is None
    assert parsed("3.", Options(decimal=","), decimals, reads_both=True) is None
    assert parsed("3.0", Options(decimal=","), decimals, reads_both=True) == 3
    assert parsed("3,00", Options(decimal=","), decimals) == 3


def land_bools(home: Home, values: list[str]) -> list[Any]:
    home.configure(pos_transactions=TICKETS | {"columns": TICKETS["columns"] | {"is_cancelled": "client"}})
    home.tickets("a.csv", *(f"T{number};1;05/03/2024 09:05;1;1;{value}" for number, value in enumerate(values)))
    home.land("pos_transactions")
    return [row[0] for row in home.raw("pos_transactions", "is_cancelled")]


def test_truth_values_are_read_in_two_languages(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert land_bools(home, ["true", "OUI", "1", "Vrai", "yes", "false", "non", "0", "FAUX", "no", ""]) == [True] * 5 + [
        False
    ] * 5 + [None]


def test_another_word_is_no_truth_value(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert land_bools(home, ["true", "perhaps"]) == [True]
    assert home.quarantine("pos_transactions") == [(3, ["is_cancelled is not a truth value: perhaps"])]


def test_null_tokens_are_null_and_nothing_else_is(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_transactions=TICKETS | {"options": TICKETS["options"] | {"null_tokens": ["?", "NULL"]}})
    home.tickets("a.csv", "T1;1;05/03/2024 09:05;1;1;?", "T2;1;05/03/2024 09:05;1;1; NULL ", "T3;1;05/03/2024 09:05;1;1;null")
    home.land("pos_transactions")
    assert home.raw("pos_transactions", "customer_id") == [(None,), (None,), ("null",)]


@pytest.mark.parametrize(
    ("margin", "accepted"), [("0", 1), ("1", 1), ("0.123456", 1), ("0.1234567", 0), ("1.01", 0), ("-0.1", 0)]
)
def test_a_rate_lies_between_its_bounds_with_at_most_six_decimals(tmp_path: Path, margin: str, accepted: int) -> None:
    home = Home(tmp_path, pos_products=PRODUCTS)
    home.put_lines("products/1.csv", "id,label,margin", f"P1,x,{margin}")
    assert home.land("pos_products").rows_accepted == accepted


CUSTOMERS: dict[str, Any] = {
    "location": "inbox/customers/*.csv",
    "time_zone": "Europe/Paris",
    "maximum_quarantine_share": 1,
    "options": {"date_format": ["%d/%m/%Y %H:%M"]},
    "columns": {
        "customer_id": "id",
        "created_at": "created",
        "birth_date": "born",
        "country": "country",
        "phone": "phone",
        "email": "email",
    },
}


def test_a_day_may_be_written_with_or_without_the_time_of_the_format_but_only_at_midnight(tmp_path: Path) -> None:
    home = Home(tmp_path, crm_customers=CUSTOMERS)
    home.put_lines(
        "customers/a.csv",
        "id,created,born,country,phone,email",
        "C1,01/02/2024 10:00,05/03/1980,FR,,",
        "C2,01/02/2024 10:00,05/03/1980 00:00,,,",
        "C3,01/02/2024 10:00,05/03/1980 07:00,,,",
        "C4,01/02/2024 10:00,,France,,",
    )
    home.land("crm_customers")
    assert home.raw("crm_customers", "customer_id, birth_date") == [("C1", date(1980, 3, 5)), ("C2", date(1980, 3, 5))]
    assert [reasons for _, reasons in home.quarantine("crm_customers")] == [
        ["birth_date is not a date (%d/%m/%Y %H:%M): 05/03/1980 07:00"],
        ["country is not an ISO 3166 alpha-2 code"],
    ]


@pytest.mark.parametrize("text", ["2024-01-05", "2024-01-05 9:30", "2024-01-05T09:30:15", "2024-01-05 09:30:15.123456"])
def test_iso_instants_are_read_when_no_format_is_configured(tmp_path: Path, text: str) -> None:
    home = Home(tmp_path, crm_contacts=CONTACTS)
    home.put_lines("crm/a.csv", "id,channel,opened,answered,closed", f"K1,phone,{text},,")
    assert home.land("crm_contacts").rows_accepted == 1


@pytest.mark.parametrize(
    "text",
    ["05/01/2024", "2024-1-5", "2024-13-05", "2024-02-30", "2024-01-05 24:00", "2024-01-05 10", "1704441600", "now"],
)
def test_anything_else_is_no_instant(tmp_path: Path, text: str) -> None:
    home = Home(tmp_path, crm_contacts=CONTACTS)
    home.put_lines("crm/a.csv", "id,channel,opened,answered,closed", f"K1,phone,{text},,")
    assert home.land("crm_contacts").rows_quarantined == 1


@settings(max_examples=50, deadline=None)
@given(st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(2024, 12, 31)))
def test_an_instant_written_by_a_format_is_read_back(moment: datetime) -> None:
    from dagster_project.feeds.casting import _strptime

    moment = moment.replace(second=0, microsecond=0)
    text = f"{moment.day}/{moment.month:02d}/{moment.year} {moment.hour}:{moment.minute:02d}"
    found = CONNECTION.execute(
        f"select {_strptime('written', '%d/%m/%Y %H:%M')} from (select $written::varchar as written)", {"written": text}
    ).fetchone()
    assert found == (moment,)


def test_an_instant_that_may_be_planned_may_lie_in_the_future(tmp_path: Path) -> None:
    agents = {
        "location": "inbox/agents/*.csv",
        "time_zone": "UTC",
        "maximum_quarantine_share": 1,
        "columns": {"agent_id": "id", "valid_from": "start", "valid_to": "stop"},
    }
    home = Home(tmp_path, crm_agents=agents)
    home.put_lines("agents/a.csv", "id,start,stop", "A1,2024-01-01,2030-01-01", "A2,2030-01-01,", "A3,2024-01-01,2999-01-01")
    home.land("crm_agents")
    assert home.raw("crm_agents", "agent_id") == [("A1",)]
    assert [reasons for _, reasons in home.quarantine("crm_agents")] == [
        ["valid_from lies in the future: 2030-01-01"],
        ["valid_to is after 2199: 2999-01-01"],
    ]


def test_a_whole_number_may_be_written_with_zero_decimals(tmp_path: Path) -> None:
    home = Home(
        tmp_path,
        crm_contacts=CONTACTS | {"columns": CONTACTS["columns"] | {"talk_seconds": "answered", "answered_at": None}},
    )
    home.put_lines(
        "crm/a.csv",
        "id,channel,opened,answered,closed",
        "K1,phone,2024-01-05,12.0,",
        "K2,phone,2024-01-05,12.5,",
        "K3,phone,2024-01-05,-1,",
    )
    home.land("crm_contacts")
    assert home.raw("crm_contacts", "contact_id, talk_seconds") == [("K1", 12)]
