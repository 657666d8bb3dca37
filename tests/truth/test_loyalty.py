"""The lift of the loyalty programme over 40 made companies; 400 of them are in `make truth-effect`.

The limits here are those of 40 draws: four standard errors around what the full form must reach.
"""

from __future__ import annotations

import pytest

from tests.truth.loyalty import WORLDS, measures

COMPANIES = 40


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, float]]:
    return {name: measures(world, COMPANIES) for name, world in WORLDS.items()}


def test_the_interval_holds_the_truth_with_and_without_an_effect(found: dict[str, dict[str, float]]) -> None:
    for name in ("no effect", "effect"):
        assert found[name]["estimated"] >= 0.8
        assert found[name]["coverage"] >= 0.82
        assert abs(found[name]["bias"]) < 0.6
        assert 0.7 < found[name]["error_ratio"] < 1.5


def test_an_effect_is_found_none_is_seldom_taken_for_one_and_after_less_before_is_far_off(
    found: dict[str, dict[str, float]],
) -> None:
    assert found["effect"]["true"] > 20 and found["effect"]["positive"] >= 0.55
    assert found["no effect"]["true"] == 0 and found["no effect"]["positive"] <= 0.15
    assert found["no effect"]["naive_bias"] > 1.5


def test_customers_who_join_while_they_buy_more_anyway_are_refused_by_the_placebo(found: dict[str, dict[str, float]]) -> None:
    assert found["mood"]["alarm"] >= 0.75 and found["mood"]["estimated"] <= 0.25
    assert found["no effect"]["alarm"] <= 0.25
