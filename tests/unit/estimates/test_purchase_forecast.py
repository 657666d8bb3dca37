"""BG/NBD and Gamma-Gamma: the published figures of CDNOW, simulated truth, invariants, refusals."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dagster_project.estimates.purchase_forecast import (
    ForecastRefusedError,
    PurchaseAmounts,
    PurchaseCounts,
    expected_amount,
    expected_purchases,
    fit_purchase_amounts,
    fit_purchase_counts,
)

# what Fader, Hardie and Lee (2005) and Fader and Hardie (2013) report
CDNOW = PurchaseCounts(0.243, 4.414, 0.793, 2.426, -9582.4, 2357)


def cdnow(name: str) -> pd.DataFrame:
    """A data file of the package `lifetimes`, which is not imported: it is older than the pandas of this project."""
    found = importlib.util.find_spec("lifetimes")
    assert found is not None and found.submodule_search_locations
    return pd.read_csv(Path(found.submodule_search_locations[0]) / "datasets" / name)


def grouped(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.groupby(list(rows.columns)).size().rename("customers").reset_index()


def histories() -> pd.DataFrame:
    rows = cdnow("cdnow_customers_summary.csv")
    return grouped(pd.DataFrame({"repeats": rows["frequency"], "last_weeks": rows["recency"], "age_weeks": rows["T"]}))


def test_the_purchases_of_cdnow_have_the_published_parameters() -> None:
    fitted = fit_purchase_counts(histories())
    assert (round(fitted.r, 3), round(fitted.alpha, 3), round(fitted.a, 3), round(fitted.b, 3)) == (0.243, 4.414, 0.793, 2.426)
    assert round(fitted.log_likelihood, 1) == CDNOW.log_likelihood
    assert fitted.customers == CDNOW.customers


def test_the_amounts_of_cdnow_have_the_published_parameters() -> None:
    rows = cdnow("cdnow_customers_summary_with_transactions.csv")
    rows = rows[(rows["x"] > 0) & (rows["zbar"] > 0)]
    fitted = fit_purchase_amounts(grouped(pd.DataFrame({"repeats": rows["x"], "mean_amount": rows["zbar"]})))
    assert fitted.customers == 946
    assert (fitted.p, fitted.q, fitted.gamma) == pytest.approx((6.25, 3.74, 15.44), abs=0.01)


def test_the_order_of_the_histories_changes_nothing() -> None:
    rows = histories()
    assert fit_purchase_counts(rows) == fit_purchase_counts(rows.iloc[::-1])


def test_the_customer_of_the_paper_is_expected_to_buy_as_the_paper_says() -> None:
    # Fader, Hardie and Lee, "Implementing the BG/NBD model in Excel" (2005): x = 2, t_x = 30.43, T = 38.86, 39 weeks: 1.226
    counts = PurchaseCounts(0.243, 4.414, 0.793, 2.426, 0, 0)
    expected = expected_purchases(counts, np.array([2.0]), np.array([30.43]), np.array([38.86]), 39)
    assert round(float(expected[0]), 3) == 1.226


def test_a_longer_silence_is_a_lower_expectation_and_no_time_ahead_is_none() -> None:
    last = np.array([38.0, 30.0, 20.0, 5.0])
    expected = expected_purchases(CDNOW, np.full(4, 3.0), last, np.full(4, 38.86), 52)
    assert (np.diff(expected) < 0).all()
    nothing = expected_purchases(CDNOW, np.full(4, 3.0), last, np.full(4, 38.86), 0)
    assert nothing == pytest.approx(np.zeros(4), abs=1e-12)


def test_an_amount_lies_between_the_customers_own_mean_and_that_of_all() -> None:
    amounts = PurchaseAmounts(6.25, 3.74, 15.44, 0, 0)
    of_all = 6.25 * 15.44 / (3.74 - 1)
    few, many = expected_amount(amounts, np.array([1.0, 50.0]), np.array([80.0, 80.0]))
    assert of_all < few < many < 80
    assert float(expected_amount(amounts, np.array([0.0]), np.array([0.0]))[0]) == pytest.approx(of_all)


def simulate(counts: PurchaseCounts, customers: int, seed: int) -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame]:
    """Histories of customers drawn from the model, their purchases in the 52 weeks after, and the single rows."""
    draw = np.random.default_rng(seed)
    rows, later = [], []
    for _ in range(customers):
        rate, leave = draw.gamma(counts.r, 1 / counts.alpha), draw.beta(counts.a, counts.b)
        age = draw.uniform(10, 100)
        time, x, last, ahead, is_alive = 0.0, 0, 0.0, 0, True
        while is_alive:
            time += draw.exponential(1 / rate) if rate > 0 else np.inf
            if time > age + 52:
                break
            if time <= age:
                x, last = x + 1, time
            else:
                ahead += 1
            is_alive = draw.uniform() >= leave
        rows.append((x, round(last, 2), round(age, 2)))
        later.append(ahead)
    single = pd.DataFrame(rows, columns=["repeats", "last_weeks", "age_weeks"])
    return grouped(single), np.array(later), single


def test_simulated_truth_is_recovered_and_the_year_ahead_is_forecast() -> None:
    truth = PurchaseCounts(0.8, 6.0, 0.9, 3.0, 0, 0)
    rows, later, single = simulate(truth, 20_000, seed=1)
    fitted = fit_purchase_counts(rows)
    assert (fitted.r, fitted.alpha) == pytest.approx((truth.r, truth.alpha), rel=0.1)
    assert fitted.a / (fitted.a + fitted.b) == pytest.approx(truth.a / (truth.a + truth.b), rel=0.1)
    ahead = expected_purchases(
        fitted, *(single[name].to_numpy(dtype=float) for name in ("repeats", "last_weeks", "age_weeks")), weeks=52
    )
    assert ahead.sum() == pytest.approx(later.sum(), rel=0.03)


def test_customers_of_before_the_observation_are_recovered_where_it_is_said_that_they_are_seen_by_a_purchase_only() -> None:
    truth = PurchaseCounts(0.8, 6.0, 0.9, 3.0, 0, 0)
    _, _, single = simulate(truth, 30_000, seed=2)
    # who bought nothing in the observation is not in the data
    seen = single[single["repeats"] > 0]
    fitted = fit_purchase_counts(grouped(seen.assign(is_known_before=True)))
    assert (fitted.r, fitted.alpha) == pytest.approx((truth.r, truth.alpha), rel=0.15)
    # taken for all customers, those who buy seldom are missing: far too many seem to buy often
    unaware = fit_purchase_counts(grouped(seen))
    assert unaware.r > 1.5 * truth.r


def test_too_few_customers_are_refused_in_words() -> None:
    few = pd.DataFrame({"repeats": [0, 2], "last_weeks": [0.0, 9.0], "age_weeks": [20.0, 20.0], "customers": [150, 40]})
    with pytest.raises(ForecastRefusedError, match="190 customers with a purchase, 40 of them with a second one"):
        fit_purchase_counts(few)
    with pytest.raises(ForecastRefusedError, match="40 customers with a second purchase; 50 are needed"):
        fit_purchase_amounts(pd.DataFrame({"repeats": [2], "mean_amount": [10.0], "customers": [40]}))


def test_customers_without_any_difference_are_refused_instead_of_given_an_endless_parameter() -> None:
    alike = pd.DataFrame({"repeats": [3], "mean_amount": [10.0], "customers": [500]})
    with pytest.raises(ForecastRefusedError, match="Gamma-Gamma: the likelihood has no maximum"):
        fit_purchase_amounts(alike)
