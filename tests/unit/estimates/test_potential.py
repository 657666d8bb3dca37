"""Potential by hand: benchmarks of comparable customers, the raise to them, cut points where many are alike."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from dagster_project.estimates.potential import benchmarks, potential, tier_cuts
from dagster_project.estimates.value_thresholds import BENCHMARK_SCHEMA, benchmark_rows, fit_potential


def group(year: int, region: str, margins: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"expected_margin": margins, "cohort_year": year, "region": region, "goods_family": "lamps"})


def test_the_benchmark_is_the_upper_quartile_of_the_group_and_small_groups_have_none() -> None:
    # 101 customers of the north worth 0 to 100: their upper quartile is 75. Nine of the south are too few.
    marks = benchmarks(pd.concat([group(2023, "North", [*range(101)]), group(2023, "South", [500.0] * 9)], ignore_index=True))
    found = {(row.cohort_year, row.region): (row.expected_margin_p75, row.customers) for row in marks.fillna(-1).itertuples()}
    assert found[(2023, "North")] == (75.0, 101)
    assert (2023, "South") not in found
    assert found[(2023, -1)][1] == found[(-1, -1)][1] == 110


def test_who_is_below_comparable_customers_could_be_worth_what_they_are() -> None:
    customers = pd.concat([group(2023, "North", [*range(101)]), group(2024, "South", [10.0, 400.0])], ignore_index=True)
    found = potential(customers, benchmarks(customers))
    assert found[0] == found[75] == 75.0
    assert found[76] == 76.0 and found[100] == 100.0
    # no group of their own, nor of their year: they are held against all
    of_all = np.quantile(customers["expected_margin"], 0.75)
    assert found[101] == pytest.approx(of_all)
    assert found[102] == 400.0


def test_tiers_of_potential_are_cut_where_few_customers_are() -> None:
    # three heaps: 75 customers near 100, 20 near 300, 5 near 1,000; the breaks lie between them, halfway as a ratio
    low, high = tier_cuts([*np.linspace(95, 105, 75), *np.linspace(280, 320, 20), *np.linspace(950, 1050, 5)]) or (0, 0)
    assert float(low) == pytest.approx((100 * 300) ** 0.5, rel=0.01)
    assert float(high) == pytest.approx((300 * 1000) ** 0.5, rel=0.01)
    # benchmarks a few euros apart make no tiers of their own
    found = tier_cuts([*np.linspace(193, 198, 750), *np.geomspace(200, 1200, 250)])
    assert found is not None and found[0] > 250
    assert tier_cuts([75.0] * 75) is None
    assert tier_cuts([75.0] * 75 + [100.0]) is None
    assert tier_cuts([]) is None


def test_the_order_of_potentials_changes_no_cut_point() -> None:
    values = np.random.default_rng(7).lognormal(5, 1, 2000).tolist()
    assert tier_cuts(values) == tier_cuts(values[::-1])


def test_one_giant_makes_no_tier_of_its_own() -> None:
    many = [*np.linspace(95, 105, 300), *np.linspace(280, 320, 80), *np.linspace(450, 550, 40)]
    low, high = tier_cuts([*many, 900_000.0]) or (0, 0)
    assert 105 < low < 280
    assert 320 < high < 450


def histories(customers: int, seed: int) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    rate, mean = draw.gamma(1.0, 1 / 8.0, customers), 100 / draw.gamma(4.0, 1.0, customers)
    age = draw.integers(60, 700, customers)
    days = 1 + draw.poisson(rate * age / 7)
    return pd.DataFrame(
        {
            "purchase_days": days,
            "repeat_days": days - 1,
            "age_days": age,
            "recency_days": np.where(days > 1, (age * draw.uniform(0, 0.6, customers)).astype(int), age),
            "value_before": [Decimal(repr(round(float(value), 2))) for value in days * mean],
            "value_12m": [Decimal(repr(round(float(value), 2))) for value in days * mean / 2],
            "cohort_year": draw.integers(2022, 2025, customers),
            "region": draw.choice(["North", "South"], customers),
            "goods_family": draw.choice(["lamps", "chairs"], customers),
        }
    )


def test_a_fit_gives_forecast_cut_points_and_benchmarks_and_its_order_changes_nothing() -> None:
    rows = histories(2000, seed=3)
    fitted = fit_potential(rows)
    again = fit_potential(rows.sample(frac=1, random_state=1).reset_index(drop=True))
    assert (fitted.counts, fitted.amounts, fitted.tier_cuts) == (again.counts, again.amounts, again.tier_cuts)
    pd.testing.assert_frame_equal(fitted.benchmarks, again.benchmarks)
    assert fitted.tier_cuts[0] < fitted.tier_cuts[1]
    stored = benchmark_rows(fitted, date(2024, 6, 30))
    assert stored.schema == BENCHMARK_SCHEMA
    # 3 years x 2 regions x 2 kinds of goods, 3 years, all
    assert stored.num_rows == 12 + 3 + 1
    assert stored["cohort_year"].null_count == 1 and stored["region"].null_count == 4
