"""The table in the terminal, at widths that people have and without a terminal at all."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from dagster_project.packs.terminal import print_kpis
from tests.unit.packs.published import COMPANY, KPIS, SCRIPT, make_published


def printed(database: Path, width: int, language: str = "fr", *, colours: bool = False) -> str:
    stream = io.StringIO()
    print_kpis(database, COMPANY, language, Console(file=stream, width=width, force_terminal=colours, no_color=None))
    return stream.getvalue()


@pytest.mark.parametrize("width", [80, 100, 160])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_kpi_has_a_line_with_its_whole_label_and_no_line_is_too_wide(database: Path, width: int, language: str) -> None:
    text = printed(database, width, language)
    table = [line for line in text.splitlines() if line.strip()]
    assert max(len(line) for line in table) <= width
    flat = re.sub(r"\s+", " ", text)
    for kpi in KPIS:
        label = kpi.label_fr if language == "fr" else kpi.label_en
        assert label.split()[0] in flat
        assert "…" not in text


@pytest.mark.parametrize("width", [100, 160])
def test_labels_keep_at_least_forty_characters_on_a_line_where_a_hundred_columns_are_there(database: Path, width: int) -> None:
    text = printed(database, width)
    for kpi in KPIS:
        assert kpi.label_fr[:42].rstrip() in text


def test_caveats_stand_in_the_table_only_where_there_is_room(database: Path) -> None:
    assert "Réserve" in printed(database, 160)
    assert "Réserve" not in printed(database, 100)


def test_an_unavailable_kpi_is_words_and_not_a_number(database: Path) -> None:
    line = next(line for line in printed(database, 160).splitlines() if "Clients actifs" in line)
    assert "Indisponible" in line
    assert not re.search(r"\d", line)


def test_a_month_that_may_still_move_is_marked_at_any_width_and_the_mark_is_explained(tmp_path: Path) -> None:
    waiting = "update kpi_values set immature_count = 250 where kpi = 'nps'"
    text = printed(make_published(tmp_path / "a.duckdb", (waiting,)), 100)
    assert "nov.\u00a02025*" in text and "* mois partiel ou provisoire" in text


def test_without_such_a_month_there_is_no_mark(database: Path) -> None:
    assert "*" not in printed(database, 100)


def test_values_are_in_the_formats_of_the_language(database: Path) -> None:
    assert "1\u202f234,50\u00a0€" in printed(database, 160)
    assert "€1,234.50" in printed(database, 160, "en")


def test_without_a_terminal_there_is_no_colour_code(database: Path) -> None:
    assert "\x1b[" not in printed(database, 100)
    assert "\x1b[" in printed(database, 100, colours=True)


def test_a_label_is_never_read_as_markup(database: Path) -> None:
    assert SCRIPT in printed(database, 160)


def test_simulated_data_are_named_as_such(database: Path) -> None:
    assert "Données simulées" in printed(database, 100)
