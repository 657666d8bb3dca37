"""Incremental re-purchase over 40 companies of a small world: what tells a sound estimator from a broken one in seconds.

The full form, 400 companies of the simulator, is `make truth-effect`. The limits here are those of 40 draws: four standard
errors around what the full form must reach.
"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from tests.truth.effect_units import ContactWorld, contact_company, effect_units
from tests.truth.increments import judged, measures, missing

COMPANIES = 40
WORLD = ContactWorld(effect=(0.0,) * 5)
MOODY = replace(WORLD, customers=3000, mood=0.9, mood_days=180, own_contacts_per_year=2.0, abandoned_share=0.35)


def found(world: ContactWorld, companies: int = COMPANIES) -> pd.Series:
    return pd.Series(measures(judged(effect_units(contact_company(world, number), number) for number in range(companies))))


@pytest.fixture(scope="module")
def without_effect() -> pd.Series:
    return found(WORLD)


@pytest.fixture(scope="module")
def with_effect() -> pd.Series:
    return found(replace(WORLD, effect=(0.3,) * 5))


def test_the_interval_holds_the_truth_with_and_without_an_effect(without_effect: pd.Series, with_effect: pd.Series) -> None:
    for world in (without_effect, with_effect):
        for name in ("rate", "amount"):
            assert world[f"{name}_coverage"] >= 0.82
            # the mean of 40 errors is sure to 0.16 standard errors
            assert abs(world[f"{name}_bias"]) < 0.6
            assert 0.7 < world[f"{name}_error_ratio"] < 1.4
    assert without_effect["estimated"] == with_effect["estimated"] == 1.0


def test_an_effect_is_found_and_none_is_seldom_taken_for_one(without_effect: pd.Series, with_effect: pd.Series) -> None:
    assert with_effect["rate_true"] > 0.08 and with_effect["rate_positive"] >= 0.5
    assert without_effect["rate_true"] == 0 and without_effect["rate_positive"] <= 0.15


def test_a_naive_comparison_and_one_without_later_contacts_are_wrong_where_this_is_right(without_effect: pd.Series) -> None:
    assert without_effect["rate_naive_bias"] > 1.5
    assert without_effect["rate_removed_bias"] > 0.7
    assert abs(without_effect["rate_bias"]) < without_effect["rate_removed_bias"] / 2


def test_an_observed_rate_read_as_an_effect_is_far_beyond_the_interval_and_the_estimate_is_not(
    without_effect: pd.Series, with_effect: pd.Series
) -> None:
    for world in (without_effect, with_effect):
        for name in ("rate", "amount"):
            assert world[f"{name}_observed_bias"] > 4
            assert abs(world[f"{name}_bias"]) < 0.6
        # half of them would have bought in any case
        assert 0.3 < world["rate_observed_error"] < 0.7


def test_the_alarms_are_quiet_without_and_loud_with_a_hidden_mood(without_effect: pd.Series) -> None:
    assert without_effect["placebo_alarm"] <= 0.15 and without_effect["negative_control_alarm"] <= 0.2
    moody = found(MOODY, companies=8)
    assert moody["rate_bias"] > 1
    assert moody["any_alarm"] >= 0.8 and moody["placebo_alarm"] > 0.2 and moody["negative_control_alarm"] > 0.5


def test_what_is_required_of_the_full_form_is_said_where_it_is_missed(without_effect: pd.Series) -> None:
    good = without_effect.to_dict() | {
        f"{name}_{measure}": value
        for name in ("rate", "amount")
        for measure, value in (("coverage", 0.95), ("bias", 0.1), ("error_ratio", 1.0), ("positive", 0.03))
    }
    assert missing("no effect", good) == []
    assert missing("no effect", good | {"rate_coverage": 0.9}) == ["rate_coverage 0.900, not 0.92 to 0.98"]
