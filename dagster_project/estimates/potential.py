"""What a customer could be worth: the margin to expect, and what comparable customers reach.

Here, pure: the expected margin of the next twelve months, the benchmarks of comparable customers, the cut points of the
tiers of potential. The models behind the expectation are `purchase_forecast.py`; when a fit is due and where it is kept is
`value_thresholds.py`. Scoring everybody is SQL (`int_customer_month_potential`), held against this by a test.

Potential = E + max(0, P75 - E): the expected margin E, raised to the upper quartile P75 of customers who began alike (year,
region and goods of the first purchase) where the customer is below it. Customers are never compared by what they spend.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans

from dagster_project.estimates.purchase_forecast import (
    Floats,
    PurchaseAmounts,
    PurchaseCounts,
    amount_log_likelihood,
    count_log_likelihood,
    expected_amount,
    expected_purchases,
    fit_purchase_amounts,
    fit_purchase_counts,
)

FORECAST_WEEKS = 52
# a quartile of fewer customers is the whim of a handful: the next wider group is asked
MINIMUM_COMPARABLE = 50
GROUP = ("cohort_year", "region", "goods_family")
TIERS = 3
# a tier of fewer is the whim of a few: one customer with 5,000 tickets would be a tier of their own
MINIMUM_TIER_SHARE = 0.02
_CENT = Decimal("0.01")


def fit_forecast(histories: pd.DataFrame) -> tuple[PurchaseCounts, PurchaseAmounts]:
    """Both models on purchase histories, one row a customer.

    `histories`: `purchase_days` (1, 2, ...: days with a purchase), `repeat_days` (of them after the beginning of the
    history, which is the first one, or the beginning of the observation for those who were customers before it),
    `age_days` (from the beginning to the day of the fit), `recency_days` (from the last one), `value_before` (value of all
    of them). Raises ForecastRefusedError.
    """
    weeks = _weeks(histories)
    weeks["is_known_before"] = _numbers(histories, "repeat_days") == _numbers(histories, "purchase_days")
    counts = fit_purchase_counts(weeks.groupby(list(weeks.columns)).size().rename("customers").reset_index())
    mean = _mean_amount(histories)
    # the first purchase is drawn like the others: it tells of the amounts of those who bought once, too
    amounts = pd.DataFrame({"repeats": _numbers(histories, "purchase_days"), "mean_amount": mean})[mean > 0]
    return counts, fit_purchase_amounts(amounts.groupby(list(amounts.columns)).size().rename("customers").reset_index())


def log_likelihoods(counts: PurchaseCounts, amounts: PurchaseAmounts, histories: pd.DataFrame) -> Floats:
    """Log-likelihood of each history (as those of `fit_forecast`) under both models."""
    weeks, number, mean = _weeks(histories), _numbers(histories, "purchase_days"), _mean_amount(histories)
    known_before = _numbers(histories, "repeat_days") == number
    x, last, age = (weeks[name].to_numpy() for name in ("repeats", "last_weeks", "age_weeks"))
    total = count_log_likelihood(x, last, age, counts.r, counts.alpha, counts.a, counts.b, known_before)
    paid = mean > 0
    total[paid] += amount_log_likelihood(number[paid], mean[paid], amounts.p, amounts.q, amounts.gamma)
    return total


def expected_margin(
    counts: PurchaseCounts, amounts: PurchaseAmounts, histories: pd.DataFrame, weeks: float = FORECAST_WEEKS
) -> Floats:
    """Expected margin of the next `weeks` weeks of each history, in the company's currency."""
    made = _weeks(histories)
    x, last, age = (made[name].to_numpy() for name in ("repeats", "last_weeks", "age_weeks"))
    number = _numbers(histories, "purchase_days")
    expected: Floats = expected_purchases(counts, x, last, age, weeks) * expected_amount(amounts, number, _mean_amount(histories))
    return expected


def benchmarks(customers: pd.DataFrame) -> pd.DataFrame:
    """Upper quartile of the expected margin of comparable customers, widest group last.

    `customers`: `expected_margin` and the three columns of the group. Returns `cohort_year`, `region`, `goods_family` (null =
    all), `expected_margin_p75`, `customers`; groups of fewer than 50 customers are left out, the group of all never is.
    """
    made = []
    for level in (GROUP, GROUP[:1], ()):
        grouped = customers.groupby(list(level), sort=True)["expected_margin"] if level else None
        if grouped is None:
            rows = pd.DataFrame(
                {"expected_margin_p75": [customers["expected_margin"].quantile(0.75)], "customers": [len(customers)]}
            )
        else:
            rows = grouped.agg(expected_margin_p75=lambda values: values.quantile(0.75), customers="size").reset_index()
            rows = rows[rows["customers"] >= MINIMUM_COMPARABLE]
        made.append(rows.reindex(columns=[*GROUP, "expected_margin_p75", "customers"]))
    return pd.concat([rows for rows in made if len(rows)], ignore_index=True)


def potential(customers: pd.DataFrame, marks: pd.DataFrame) -> Floats:
    """Potential of each customer (`expected_margin` and the group): the narrowest group that has a benchmark counts."""
    found = np.full(len(customers), np.nan)
    for level in (GROUP, GROUP[:1], ()):
        rows = marks[
            marks[list(level)].notna().all(axis=1) & marks[[name for name in GROUP if name not in level]].isna().all(axis=1)
        ]
        if level:
            joined = customers[list(level)].merge(rows[[*level, "expected_margin_p75"]], on=list(level), how="left")
            value = joined["expected_margin_p75"].to_numpy(dtype=np.float64)
        else:
            value = np.full(len(customers), float(rows["expected_margin_p75"].iloc[0]))
        found = np.where(np.isnan(found), value, found)
    raised: Floats = np.maximum(customers["expected_margin"].to_numpy(dtype=np.float64), found)
    return raised


def tier_cuts(potentials: Sequence[float]) -> tuple[Decimal, Decimal] | None:
    """The two natural breaks of positive potentials, in cents; None where they are not of three different sizes.

    Terciles would be noise: three customers in four of a group stand at its benchmark, and benchmarks of like groups lie a few
    euros apart. The breaks are those of three clusters of least squares of the logarithms (Fisher 1958; Jenks 1967), which
    lie where few customers are: halfway, as a ratio, between the centres of neighbouring clusters. Where a tier would hold
    fewer than one customer in fifty, the extremes are first pulled in to the 2nd and 98th percentile.
    """
    values = np.log(np.sort(np.array([value for value in potentials if value >= 0.01], dtype=np.float64)))
    if len(np.unique(values.round(6))) < TIERS:
        return None
    breaks = _breaks(values)
    sizes = np.bincount(np.digitize(values, breaks), minlength=TIERS)
    if sizes.min() < MINIMUM_TIER_SHARE * len(values):
        values = np.clip(values, *np.quantile(values, [MINIMUM_TIER_SHARE, 1 - MINIMUM_TIER_SHARE]))
        if len(np.unique(values.round(6))) < TIERS:
            return None
        breaks = _breaks(values)
    low, high = (Decimal(repr(float(np.exp(mark)))).quantize(_CENT, rounding=ROUND_HALF_UP) for mark in breaks)
    return (low, high) if low < high else None


def _breaks(values: Floats) -> list[float]:
    """Halfway between the centres of three clusters of ascending `values` of at least three different sizes."""
    # from the quantiles above the benchmark on: where they coincide, from equal distances
    start = np.quantile(values, [0.5, 0.85, 0.97])
    if len(np.unique(start.round(6))) < TIERS:
        start = np.linspace(values[0], values[-1], TIERS)
    found = KMeans(n_clusters=TIERS, init=start.reshape(-1, 1), n_init=1, algorithm="lloyd").fit(values.reshape(-1, 1))
    centres = np.sort(found.cluster_centers_.ravel())
    return [float((one + other) / 2) for one, other in itertools.pairwise(centres)]


def _weeks(histories: pd.DataFrame) -> pd.DataFrame:
    age, repeats = _numbers(histories, "age_days"), _numbers(histories, "repeat_days")
    return pd.DataFrame(
        {
            "repeats": repeats,
            "last_weeks": np.where(repeats > 0, age - _numbers(histories, "recency_days"), 0) / 7,
            "age_weeks": age / 7,
        }
    )


def _numbers(histories: pd.DataFrame, name: str) -> Floats:
    numbers: Floats = histories[name].to_numpy(dtype=np.float64)
    return numbers


def _mean_amount(histories: pd.DataFrame) -> Floats:
    mean: Floats = np.maximum(_numbers(histories, "value_before") / _numbers(histories, "purchase_days"), 0)
    return mean
