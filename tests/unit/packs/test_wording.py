"""The words of both languages."""

from __future__ import annotations

import string

import pytest

from dagster_project.packs import wording, wording_customers, wording_value
from dagster_project.packs.wording import LANGUAGES, Words


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_keys_and_the_same_placeholders() -> None:
    french, english = Words("fr"), Words("en")
    assert french.names() == english.names()
    differing = [key for key in french.names() if placeholders(french(key)) != placeholders(english(key))]
    assert differing == []


def test_no_text_of_a_page_takes_the_key_of_another() -> None:
    for shared, customers, value in (
        (wording._FRENCH, wording_customers.FRENCH, wording_value.FRENCH),
        (wording._ENGLISH, wording_customers.ENGLISH, wording_value.ENGLISH),
    ):
        assert shared.keys() & customers.keys() == shared.keys() & value.keys() == customers.keys() & value.keys() == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_has_a_double_space(language: str) -> None:
    words = Words(language)
    bad = [key for key in words.names() if not words(key).strip() or "  " in words(key)]
    assert bad == []


def test_french_texts_never_let_a_colon_or_a_question_mark_start_a_line() -> None:
    french = Words("fr")
    bad = [key for key in french.names() if any(f" {mark}" in french(key) for mark in ":;!?%€»") or "« " in french(key)]
    assert bad == []


def test_published_french_texts_get_no_break_spaces_and_english_ones_stay() -> None:
    assert Words("fr").spaced("Ainsi : « oui » ; 5 % ?") == "Ainsi\u00a0: «\u00a0oui\u00a0»\u202f; 5\u00a0%\u202f?"
    assert Words("en").spaced("So: 5 %") == "So: 5 %"


def test_a_language_that_the_project_does_not_speak_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'de' is not known: expected one of fr, en"):
        Words("de")


def test_an_unknown_key_is_an_error_and_an_unknown_feed_keeps_its_name() -> None:
    with pytest.raises(KeyError):
        Words("fr")("no_such_text")
    assert Words("fr").feed("erp_orders") == "erp_orders"
    assert Words("fr").feed("pos_transactions") == "Tickets de caisse"
