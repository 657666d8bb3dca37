"""Normalised keys of people: the same person written in several ways has one key."""

from __future__ import annotations

import duckdb
import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.feeds.keys import email_key, phone_key

CONNECTION = duckdb.connect()


def key_of(rule: str, text: str) -> str | None:
    found = CONNECTION.execute(f"select {rule} from (select $written::varchar as written)", {"written": text}).fetchone()
    assert found is not None
    value: str | None = found[0]
    return value


@pytest.mark.parametrize(
    ("country", "text", "key"),
    [
        ("FR", "06 12 34 56 78", "33612345678"),
        ("FR", "+33 6 12 34 56 78", "33612345678"),
        ("FR", "0033612345678", "33612345678"),
        ("FR", "+33 (0)6.12.34.56.78", "33612345678"),
        ("FR", "612345678", "33612345678"),
        ("FR", "+44 20 7946 0958", "442079460958"),
        ("FR", "12", None),
        ("FR", "unknown", None),
        ("FR", "", None),
        ("FR", "06 12 34 56 78 ext 5", "33612345678"),
        ("IT", "06 698 12345", "390669812345"),
        ("US", "(212) 555-0123", "12125550123"),
        ("US", "1 212 555 0123", "12125550123"),
        ("US", "011 33 6 12 34 56 78", "33612345678"),
        ("GB", "020 7946 0958", "442079460958"),
    ],
)
def test_a_phone_number_becomes_its_e164_digits(country: str, text: str, key: str | None) -> None:
    assert key_of(phone_key("written", country), text) == key


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["FR", "DE", "ES", "GB", "US", "BE", "CH", "IT", "PT", "NL"]), st.booleans())
def test_a_countrys_example_number_has_the_key_that_the_reference_library_gives(country: str, is_international: bool) -> None:
    example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    assert example is not None
    form = phonenumbers.PhoneNumberFormat.INTERNATIONAL if is_international else phonenumbers.PhoneNumberFormat.NATIONAL
    expected = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164).lstrip("+")
    assert key_of(phone_key("written", country), phonenumbers.format_number(example, form)) == expected


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (" Jo@Example.FR ", "jo@example.fr"),
        ("jo", None),
        ("jo@", None),
        ("@x.fr", None),
        ("a@b@c", None),
        ("jo o@x.fr", None),
    ],
)
def test_an_address_has_exactly_one_at_sign(text: str, key: str | None) -> None:
    assert key_of(email_key("written"), text) == key
