"""A line of the table: what is needed, whether it is met, the mean of several companies, how it is printed."""

from __future__ import annotations

from typing import Any

import pytest

from dagster_project.simulation.recovery import Recovery, Requirement, mean_over_homes
from dagster_project.simulation.recovery_table import NOT_COMPUTED, recovery_table


def line(found: float | None, oracle: float | None, **required: Any) -> Recovery:
    return Recovery("a", found, oracle, 10, requirement=Requirement(**required))


def test_what_is_needed_is_the_largest_of_what_is_required() -> None:
    assert line(0.7, 0.9, share_of_oracle=0.9).needed == pytest.approx(0.81)
    assert line(0.7, 0.9, below_oracle=0.03).needed == pytest.approx(0.87)
    assert line(0.7, 0.8, at_least=0.8, share_of_oracle=0.95).needed == pytest.approx(0.8)
    assert line(0.7, 0.9, at_least=0.8, share_of_oracle=0.95).needed == pytest.approx(0.855)
    assert Recovery("a", 0.7, 0.9, 10).needed is None


def test_it_is_met_at_the_bound_and_not_beyond_it() -> None:
    assert line(0.8, None, at_least=0.8).is_met and not line(0.799, None, at_least=0.8).is_met
    assert line(0.08, None, at_most=0.08).is_met and not line(0.081, None, at_most=0.08).is_met
    assert Recovery("a", 0.0, None, 10).is_met is None


def test_what_is_not_computed_or_has_no_oracle_to_be_held_against_is_not_met() -> None:
    assert line(None, 0.9, at_least=0.1).is_met is False
    assert line(0.9, None, share_of_oracle=0.9).is_met is False


def test_the_mean_over_homes_is_weighted_and_leaves_out_what_is_not_computed() -> None:
    first = [Recovery("a", 0.5, 1.0, 10), Recovery("b", None, 0.9, 0, "nothing"), Recovery("c", None, 0.6, 0, "nothing")]
    second = [Recovery("a", 0.7, 0.8, 30), Recovery("b", 0.4, None, 5), Recovery("c", None, 0.8, 0, "nothing")]
    assert mean_over_homes([first, second]) == [
        Recovery("a", pytest.approx(0.65), pytest.approx(0.85), 40, worst=0.5),
        Recovery("b", 0.4, None, 5, worst=0.4),
        Recovery("c", None, pytest.approx(0.7), 0, "nothing"),
    ]


def test_the_worst_company_is_the_highest_where_little_is_wanted() -> None:
    [mean] = mean_over_homes([[line(0.05, None, at_most=0.08)], [line(0.1, None, at_most=0.08)]])
    assert (mean.found, mean.worst, mean.is_met) == (pytest.approx(0.075), 0.1, True)


def test_a_figure_that_must_lie_between_two_ends_is_missed_on_either_side() -> None:
    ends = (0.9, 1.1)
    assert line(0.9, None, between=ends).is_met and line(1.1, None, between=ends).is_met
    assert line(0.89, None, between=ends).is_met is False and line(1.11, None, between=ends).is_met is False
    [mean] = mean_over_homes([[line(0.8, None, between=ends)], [line(1.1, None, between=ends)]])
    assert (mean.found, mean.worst, mean.is_met) == (pytest.approx(0.95), 0.8, True)
    table = recovery_table([line(0.8, None, between=ends)], 1)
    assert list(table.columns[3].cells) == ["0.900 to 1.100"] and list(table.columns[4].cells) == ["NO"]


def test_the_table_says_what_is_needed_and_missed_and_what_is_not_computed_and_why() -> None:
    lines = [
        Recovery("a", 0.45, 0.5, 1234, requirement=Requirement(share_of_oracle=0.9), worst=0.4),
        Recovery("b", None, None, 0, "no feed", Requirement(at_least=0.8)),
        Recovery("c", 0.1, None, 7, "", Requirement(at_most=0.08)),
        Recovery("d", 0.1, None, 7),
    ]
    rows = zip(*(list(column.cells) for column in recovery_table(lines, 1).columns), strict=True)
    assert list(rows) == [
        ("a", "0.450", "0.500", ">= 0.450", "yes", "0.400", "1,234", ""),
        ("b", NOT_COMPUTED, "", ">= 0.800", "NO", "", "0", "no feed"),
        ("c", "0.100", "", "<= 0.080", "NO", "", "7", ""),
        ("d", "0.100", "", "", "", "", "7", ""),
    ]
