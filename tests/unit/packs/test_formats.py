"""Typography: what a French and an English reader expect of numbers, money, durations and dates."""

from __future__ import annotations

from datetime import date

import pytest

from dagster_project.packs.formats import MINUS, UNKNOWN, Formats

FRENCH, ENGLISH = Formats("fr", "EUR"), Formats("en", "EUR")


def test_french_money_has_narrow_no_break_spaces_a_comma_and_a_no_break_space_before_the_euro() -> None:
    assert FRENCH.money(1234.5) == "1\u202f234,50\u00a0€"
    assert FRENCH.money(-0.004) == "0,00\u00a0€"


def test_english_money_has_the_sign_first_and_a_point() -> None:
    assert ENGLISH.money(1234.5) == "€1,234.50"
    assert ENGLISH.money(-1234.5) == f"{MINUS}€1,234.50"


def test_large_amounts_lose_their_cents_and_so_does_the_amount_beside_them() -> None:
    assert FRENCH.value(12_345.67, "currency") == "12\u202f346\u00a0€"
    assert FRENCH.value(9_000.5, "currency", 12_345.67) == "9\u202f001\u00a0€"
    assert FRENCH.value(9_000.5, "currency") == "9\u202f000,50\u00a0€"


def test_french_percentages_have_a_no_break_space_and_english_ones_none() -> None:
    assert FRENCH.rate(0.7235) == "72,4\u00a0%"
    assert ENGLISH.rate(0.7235) == "72.4%"


def test_counts_are_grouped_in_the_manner_of_the_language() -> None:
    assert FRENCH.count(1_204_000) == "1\u202f204\u202f000"
    assert ENGLISH.count(1_204_000) == "1,204,000"


@pytest.mark.parametrize("value, text", [(0.125, "0,13"), (-0.125, f"{MINUS}0,13"), (1.005, "1,01"), (-0.001, "0,00")])
def test_rounding_is_half_away_from_zero_on_the_decimal_text_and_never_minus_zero(value: float, text: str) -> None:
    assert FRENCH.number(value, 2) == text


@pytest.mark.parametrize(
    "seconds, text",
    [
        (0.0, "0\u00a0s"),
        (4.26, "4,3\u00a0s"),
        (42.0, "42\u00a0s"),
        (89.6, "90\u00a0s"),
        (192.0, "3\u00a0min\u00a012\u00a0s"),
        (3599.7, "1\u00a0h\u00a000\u00a0min"),
        (18_420.0, "5\u00a0h\u00a007\u00a0min"),
        (276_480.0, "3,2\u00a0j"),
        (-90.0, f"{MINUS}1\u00a0min\u00a030\u00a0s"),
    ],
)
def test_durations_read_as_people_say_them(seconds: float, text: str) -> None:
    assert FRENCH.duration(seconds) == text


@pytest.mark.parametrize("unit", ["rate", "score", "nps", "seconds", "count", "currency"])
def test_what_is_not_known_is_a_dash_and_never_zero(unit: str) -> None:
    assert FRENCH.value(None, unit) == UNKNOWN


def test_the_first_of_the_month_is_an_ordinal_in_french_only() -> None:
    assert FRENCH.day(date(2025, 11, 1)) == "1er\u00a0novembre\u00a02025"
    assert FRENCH.day(date(2025, 11, 11)) == "11\u00a0novembre\u00a02025"
    assert ENGLISH.day(date(2025, 11, 1)) == "November\u00a01,\u00a02025"


def test_months_are_named_in_the_language() -> None:
    assert FRENCH.month(date(2025, 8, 1)) == "août 2025"
    assert ENGLISH.short_month(date(2025, 11, 1)) == "Nov\u00a02025"


@pytest.mark.parametrize(
    "hours, french, english",
    [
        (0.5, "30\u00a0min", "30\u00a0min"),
        (4.0, "4\u00a0h", "4\u00a0h"),
        (1.5, "1,5\u00a0h", "1.5\u00a0h"),
        (26.96, "27\u00a0h", "27\u00a0h"),
        (48.0, "2\u00a0j", "2\u00a0d"),
        (60.0, "2,5\u00a0j", "2.5\u00a0d"),
        (None, UNKNOWN, UNKNOWN),
    ],
)
def test_a_promise_in_hours_has_no_more_digits_than_a_promise_has(hours: float | None, french: str, english: str) -> None:
    assert (FRENCH.hours(hours), ENGLISH.hours(hours)) == (french, english)
