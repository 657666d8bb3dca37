"""The estimate of rescue: it finds the customers kept where a plain comparison does not, adds up, and refuses what has no like."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from dagster_project.estimates.churn import CRITERIA, SUBSCRIPTION
from dagster_project.estimates.rescue import NotEstimableError, estimate, parts_of, sum_with_interval

EVERY_CRITERION = sorted({name for names in CRITERIA.values() for name in names})


def company(size: int = 4000, *, effect: float = 0.1, seed: int = 1, overlap: bool = True) -> pd.DataFrame:
    """Customers at risk. Those who had an unresolved matter are contacted more often and leave more often."""
    draw = np.random.default_rng(seed)
    made = {name: np.zeros(size) for name in EVERY_CRITERION}
    made["unresolved"] = (draw.random(size) < 0.4).astype(float)
    made["unused"] = (draw.random(size) < 0.5).astype(float)
    made["contacts"] = np.log1p(draw.poisson(0.5, size))
    treated = draw.random(size) < (0.05 + 0.25 * made["unresolved"] if overlap else made["unresolved"])
    staying = 0.85 - 0.3 * made["unresolved"] - 0.15 * made["unused"] + effect * treated
    return pd.DataFrame(made).assign(
        customer_number=np.arange(size),
        month=[date(2024, 1 + number % 3, 1) for number in range(size)],
        churn_kind=SUBSCRIPTION,
        value_segment=1 + np.arange(size) % 5,
        is_treated=treated,
        weight=1.0,
        is_retained=draw.random(size) < staying,
    )


def test_the_customers_kept_are_found_where_a_plain_difference_says_that_contacts_drive_away() -> None:
    shares, plain, covered = [], [], 0
    for seed in range(20):
        units = company(seed=seed)
        total, low, high = sum_with_interval(parts_of(units, SUBSCRIPTION).rows)
        treated = units["is_treated"].sum()
        shares.append(total / treated)
        covered += low <= 0.1 * treated <= high
        stayed = units.groupby("is_treated")["is_retained"].mean()
        plain.append(stayed[True] - stayed[False])
    assert np.mean(shares) == pytest.approx(0.1, abs=0.015)
    assert covered >= 17
    assert np.mean(plain) < 0.02, "the plain difference hides it"


def test_without_an_effect_zero_is_in_the_interval_nearly_always() -> None:
    held = 0
    for seed in range(20):
        _, low, high = sum_with_interval(parts_of(company(effect=0.0, seed=100 + seed), SUBSCRIPTION).rows)
        held += low <= 0 <= high
    assert held >= 17


def test_segments_and_months_add_up_to_the_whole() -> None:
    units = company()
    found = estimate(units)
    of_kind = found[found["churn_kind"] == SUBSCRIPTION]
    totals = of_kind[of_kind["value_segment"] == -1]
    cells = of_kind[of_kind["value_segment"] != -1]
    whole = sum_with_interval(parts_of(units, SUBSCRIPTION).rows)[0]
    assert totals["incremental_retained"].sum() == pytest.approx(whole, abs=1e-6)
    assert cells["incremental_retained"].sum() == pytest.approx(whole, abs=1e-6)
    assert totals["treated"].sum() == units["is_treated"].sum()
    alike = found[found["churn_kind"] == "all"].drop(columns="churn_kind").reset_index(drop=True)
    pd.testing.assert_frame_equal(alike, of_kind.drop(columns="churn_kind").reset_index(drop=True))


def test_rows_in_another_order_give_the_same_figures() -> None:
    units = company(1000)
    pd.testing.assert_frame_equal(estimate(units), estimate(units.sample(frac=1, random_state=2)))


def test_contacted_customers_without_like_are_refused() -> None:
    units = company(overlap=False)
    with pytest.raises(NotEstimableError, match=r"stays .* standard deviations apart|too few are alike"):
        parts_of(units, SUBSCRIPTION)
    assert estimate(units).empty


def test_thirty_of_each_are_needed() -> None:
    with pytest.raises(NotEstimableError, match="30 of each are needed"):
        parts_of(company(60), SUBSCRIPTION)
    assert estimate(company(60).iloc[:0]).empty


def test_a_customer_with_many_months_is_one_cluster() -> None:
    units = company(1000)
    rows = parts_of(units, SUBSCRIPTION).rows
    alone = sum_with_interval(rows)
    together = sum_with_interval(rows.assign(customer_number=rows["customer_number"] % 10))
    assert together[0] == pytest.approx(alone[0])
    assert together[2] - together[1] != pytest.approx(alone[2] - alone[1])


def test_a_drawn_part_of_the_customers_stands_for_all() -> None:
    units = company(4000)
    whole, drawn = estimate(units), estimate(units.assign(weight=3.0))
    for column in ("incremental_retained", "incremental_retained_low", "incremental_retained_high", "treated"):
        assert drawn[column].to_numpy() == pytest.approx(3 * whole[column].to_numpy(), rel=1e-6)
