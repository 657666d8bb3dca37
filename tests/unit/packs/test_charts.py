"""The trends: axes with round values, gaps that stay gaps, marks inside the picture."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest

from dagster_project.packs.charts import HEIGHT, WIDTH, Chart, Series, axis_label, clock_steps, draw, draw_series, nice_steps
from dagster_project.packs.figures import KpiFigures, Report
from dagster_project.packs.formats import Formats
from dagster_project.packs.wording import Words
from tests.unit.packs.published import IMMATURE, NOT_PUBLISHABLE, RESTATED

WORDS, FORMATS = Words("fr"), Formats("fr", "EUR")


def figures(report: Report, kpi: str) -> KpiFigures:
    return next(each for each in report.kpis if each.definition.kpi == kpi)


def chart(report: Report, kpi: str) -> Chart:
    return draw(figures(report, kpi), WORDS, FORMATS)


@pytest.mark.parametrize("low, high", [(0.0, 1.0), (0.71, 0.92), (0.0, 1204.0), (-40.0, 62.0), (5.0, 5.0), (1e-6, 2e-6)])
def test_ticks_are_round_and_enclose_the_values(low: float, high: float) -> None:
    steps = nice_steps(low, high)
    assert steps[0] <= low + 1e-12 and steps[-1] >= high - 1e-12
    assert 2 <= len(steps) <= 7


def test_ticks_of_durations_are_those_of_a_clock() -> None:
    assert clock_steps(0, 170) == [0.0, 60.0, 120.0, 180.0]
    assert clock_steps(0, 3 * 3600) == [0.0, 3600.0, 7200.0, 10800.0]


def test_every_mark_and_path_lies_inside_the_picture(report: Report) -> None:
    for kpi in report.kpis:
        drawn = draw(kpi, WORDS, FORMATS)
        points = [(mark.x, mark.y) for mark in drawn.marks]
        for path in (*drawn.lines, *drawn.dashed, *drawn.bands):
            numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?", path)]
            points += list(zip(numbers[::2], numbers[1::2], strict=True))
        assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in points), kpi.definition.kpi


def test_volumes_and_amounts_are_bars_from_zero_and_rates_are_lines_with_a_band(report: Report) -> None:
    bars, line = chart(report, "inbound_contacts"), chart(report, "service_level_missed_abandons")
    assert bars.is_bars and not bars.lines and bars.y_ticks[0].label == "0"
    assert line.lines and line.bands and not line.is_bars


def test_a_month_that_may_not_be_published_breaks_the_line_and_is_marked(report: Report) -> None:
    whole = figures(report, "nps")
    middle = len(whole.trend) // 2
    trend = tuple(
        (month, replace(cell, is_publishable=False) if index == middle and cell else cell)
        for index, (month, cell) in enumerate(whole.trend)
    )
    drawn = draw(replace(whole, trend=trend), WORDS, FORMATS)
    assert len(drawn.lines) == 2 and len(drawn.bands) == 2
    assert [mark.kind for mark in drawn.marks].count("gap") == 1
    assert "1\u00a0mois non publiable" in drawn.description


def test_a_month_between_two_gaps_is_a_dot_of_its_own(report: Report) -> None:
    whole = figures(report, "nps")
    trend = tuple(
        (month, replace(cell, is_publishable=False) if index in {5, 7} and cell else cell)
        for index, (month, cell) in enumerate(whole.trend)
    )
    assert [mark.kind for mark in draw(replace(whole, trend=trend), WORDS, FORMATS).marks][4:9] == [
        "plain",
        "gap",
        "lone",
        "gap",
        "plain",
    ]


def test_ticks_of_one_axis_are_all_in_the_same_unit(report: Report) -> None:
    labels = [tick.label.split("\u00a0")[1] for tick in chart(report, "average_speed_of_answer").y_ticks]
    assert len(set(labels)) == 1


def test_months_that_wait_for_their_windows_are_dashed_and_hollow(report: Report) -> None:
    drawn = chart(report, IMMATURE)
    assert len(drawn.dashed) == 1
    assert [mark.kind for mark in drawn.marks][-3:] == ["last", "provisional", "provisional"]


def test_a_restated_month_carries_its_mark_and_the_word(report: Report) -> None:
    marks = [mark for mark in chart(report, RESTATED).marks if mark.is_restated]
    assert len(marks) == 1 and "révisé" in marks[0].tooltip


def test_no_publishable_month_makes_no_trend_and_says_so(report: Report) -> None:
    assert chart(report, NOT_PUBLISHABLE).note == "Aucun mois publiable."


def test_labels_of_months_do_not_collide(report: Report) -> None:
    for kpi in report.kpis:
        positions = [tick.position for tick in draw(kpi, WORDS, FORMATS).x_ticks]
        assert all(after - before >= 30 for before, after in pairwise(positions))


def test_a_target_lies_inside_the_axis_and_in_the_description(report: Report) -> None:
    drawn = chart(report, "average_speed_of_answer")
    assert drawn.target is not None and 0 < drawn.target.position < HEIGHT
    assert "Cible\u00a0: ≤\u00a03\u00a0min\u00a000\u00a0s." in drawn.description


def test_a_line_that_starts_at_zero_shows_a_small_move_as_small(report: Report) -> None:
    whole = figures(report, "service_level_missed_abandons")
    trend = tuple(
        (month, cell and replace(cell, value=0.019 + 0.0001 * (index % 2))) for index, (month, cell) in enumerate(whole.trend)
    )
    series = Series("Part", "rate", trend, whole.month, is_from_zero=True)
    free = draw_series(replace(series, is_from_zero=False), WORDS, FORMATS)
    drawn = draw_series(series, WORDS, FORMATS)
    assert drawn.y_ticks[0].label == "0,0\u00a0%"
    heights = [[mark.y for mark in each.marks] for each in (free, drawn)]
    assert max(heights[1]) - min(heights[1]) < 1 < max(heights[0]) - min(heights[0])


def test_ticks_of_a_rate_that_hardly_moves_are_told_apart() -> None:
    steps = [0.019, 0.0192, 0.0194]
    assert [axis_label(step, "rate", FORMATS, steps) for step in steps] == ["1,90\u00a0%", "1,92\u00a0%", "1,94\u00a0%"]
