"""What personal data looks like."""

from __future__ import annotations

import duckdb
import pytest

from dagster_project.checks.personal_data import holds_personal_data, is_forbidden, masked

PERSONAL = [
    "anna@example.com",
    "write to a.b-c@mail.example.fr now",
    "+33612345678",
    "+33 6 12 34 56 78",
    "tel. 06.12.34.56.78",
    "'x@y.org'",
]
HARMLESS = [
    "",
    "31254898140",
    "0612345678",
    "T-2024-01-02",
    "2024-01-02 03:04:05",
    "a @ b",
    "1+1=2",
    "5 – Fort potentiel",
    "20 %",
]


@pytest.mark.parametrize("text", PERSONAL)
def test_addresses_and_telephone_numbers_are_found_and_masked(text: str) -> None:
    assert duckdb.execute(f"select {holds_personal_data('text')} from (select ? as text)", [text]).fetchone() == (True,)
    assert "***" in masked(text)
    assert duckdb.execute(f"select {holds_personal_data('text')} from (select ? as text)", [masked(text)]).fetchone() == (False,)


@pytest.mark.parametrize("text", HARMLESS)
def test_ids_dates_and_words_are_not(text: str) -> None:
    assert duckdb.execute(f"select {holds_personal_data('text')} from (select ? as text)", [text]).fetchone() == (False,)
    assert masked(text) == text


@pytest.mark.parametrize(
    "column", ["email", "Phone", "last_name", "birth_date", "verbatim", "customer_id_key", "email_hash", "key_a"]
)
def test_columns_of_personal_data_are_known_by_name(column: str) -> None:
    assert is_forbidden(column)


@pytest.mark.parametrize("column", ["label", "customer_id", "source_key_hash", "key_space", "channel", "weekday_fr"])
def test_other_columns_are_not(column: str) -> None:
    assert not is_forbidden(column)
