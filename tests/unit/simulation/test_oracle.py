"""What the oracle knows, against closed forms and against simulations of its own model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from dagster_project.simulation.oracle import credible_margins, expected_rates, oracle_of, sees_change


def test_without_lapses_the_oracle_is_the_gamma_posterior() -> None:
    purchases, days = np.array([0.0, 3.0, 40.0]), np.array([365.25, 730.5, 730.5])
    rate, alive = expected_rates(purchases, days * 0.5, days, np.ones(3), mean=5.0, shape=1.2, lapse_rate=0.0)
    assert rate == pytest.approx((1.2 + purchases) / (1.2 / 5.0 + days / 365.25), rel=1e-3)
    assert alive == pytest.approx(rate)


@pytest.mark.parametrize("share", [1.0, 0.4])
def test_the_oracle_agrees_with_a_simulation_of_its_own_model(share: float) -> None:
    generator = np.random.default_rng(3)
    count, years = 400_000, 2.0
    rates = generator.gamma(1.2, 5.0 / 1.2, count)
    lives = generator.exponential(1 / 0.4, count)
    purchases = generator.poisson(share * rates * np.minimum(lives, years))
    last = np.minimum(lives, years) * generator.beta(np.maximum(purchases, 1), 1)
    rate, alive = expected_rates(
        np.array([4.0]), np.array([365.25]), np.array([years * 365.25]), np.array([share]), mean=5.0, shape=1.2, lapse_rate=0.4
    )
    chosen = (purchases == 4) & (abs(last - 1.0) < 0.1)
    assert chosen.sum() > 1000
    assert rate[0] == pytest.approx(rates[chosen].mean(), rel=0.04)
    assert alive[0] == pytest.approx((rates * (lives > years))[chosen].mean(), rel=0.08)


def test_a_longer_silence_means_less() -> None:
    last = np.array([700.0, 400.0, 100.0])
    _, alive = expected_rates(np.full(3, 12.0), last, np.full(3, 730.0), np.ones(3), mean=5.0, shape=1.2, lapse_rate=0.1)
    assert alive[0] > alive[1] > alive[2]


def test_margins_are_drawn_to_the_mean_by_the_known_variances() -> None:
    margins = credible_margins(np.array([0.0, 400.0]), np.array([0.0, 4.0]), mean=40.0, between=100.0, within=400.0)
    assert margins.tolist() == [40.0, 70.0]
    assert credible_margins(np.array([400.0]), np.array([4.0]), mean=40.0, between=0.0, within=400.0).tolist() == [40.0]


def test_of_who_is_seen_half_of_the_time_twice_as_much_is_expected_and_less_is_known() -> None:
    purchases, days = np.array([3.0, 3.0]), np.full(2, 730.5)
    rate, _ = expected_rates(purchases, days, days, np.array([1.0, 0.5]), mean=5.0, shape=1.2, lapse_rate=0.0)
    assert rate == pytest.approx((1.2 + purchases) / (1.2 / 5.0 + np.array([2.0, 1.0])), rel=1e-3)


def test_what_the_oracle_expects_is_raised_to_the_upper_quartile_of_its_own_group() -> None:
    people = pd.DataFrame(
        {
            "person_id": range(1, 7),
            "seen_days": [730.0] * 5 + [np.nan],
            "seen_purchases": [0, 2, 4, 8, 30, 0],
            "identified_purchases": [0, 2, 4, 8, 30, 0],
            "identified_days_until_last": [np.nan, 700, 700, 700, 700, np.nan],
            "identified_share": 1.0,
            "seen_margin": [0.0, 80.0, 160.0, 320.0, 1200.0, 0.0],
            "cohort_year": [2020, 2020, 2020, 2020, 2021, 2020],
            "region": "Nord",
        }
    )
    known = {
        "people_purchases_per_year_mean": 5.0,
        "people_purchases_per_year_shape": 1.2,
        "people_yearly_lapse_rate": 0.1,
        "margin_per_ticket_mean": 40.0,
        "margin_per_ticket_variance_between": 100.0,
        "margin_per_ticket_variance_within": 400.0,
    }
    expected = oracle_of(people, known)
    assert expected["person_id"].tolist() == [1, 2, 3, 4, 5]
    quartile = np.quantile(expected["next_margin"][:4], 0.75)
    assert expected["next_potential"].tolist() == pytest.approx([quartile] * 3 + expected["next_margin"][3:].tolist())


def test_a_change_is_seen_from_the_number_at_which_both_rates_are_equally_likely() -> None:
    # 4 a year becomes 16, in a quarter: 12 / 4 / ln 4 = 2.16 purchases; and back
    seen, in_vain = sees_change(
        np.array([2.0, 3.0, 2.0, 3.0]), np.full(4, 0.25), np.array([4.0, 4.0, 16.0, 16.0]), np.array([16.0, 16.0, 4.0, 4.0])
    )
    assert seen.tolist() == [False, True, True, False]
    # Poisson of mean 1: more than two; of mean 4: at most two
    few = 1 - np.exp(-1) * (1 + 1 + 0.5)
    assert in_vain == pytest.approx([few, few, np.exp(-4) * (1 + 4 + 8), np.exp(-4) * (1 + 4 + 8)])


def test_no_other_number_errs_less_over_both_sides() -> None:
    generator = np.random.default_rng(1)
    former, new, years, count = 8.0, 1.0, 0.25, 200_000
    stayed, changed = generator.poisson(former * years, count), generator.poisson(new * years, count)
    rates = np.full(count, former), np.full(count, new)
    missed = 1 - sees_change(changed.astype(float), np.full(count, years), *rates)[0].mean()
    in_vain = sees_change(stayed.astype(float), np.full(count, years), *rates)[0].mean()
    others = [(changed > most).mean() + (stayed <= most).mean() for most in range(6)]
    assert missed + in_vain == pytest.approx(min(others))
    assert sees_change(np.zeros(1), np.full(1, years), *(rate[:1] for rate in rates))[1][0] == pytest.approx(in_vain, abs=0.005)


def test_where_nothing_changed_nothing_is_seen() -> None:
    seen, _ = sees_change(np.array([0.0, 9.0]), np.full(2, 0.25), np.full(2, 4.0), np.full(2, 4.0))
    assert seen.tolist() == [False, False]
