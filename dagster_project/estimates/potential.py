"""What a customer could be worth: the margin to expect, and what comparable customers reach.

Here, pure: the expected margin of the next twelve months, the benchmarks of comparable customers, the cut points of the
tiers of potential. The models behind the expectation are `purchase_forecast.py`; when a fit is due and where it is kept is
`value_thresholds.py`. Scoring everybody is SQL (`int_customer_month_potential`), held against this by a test.

Potential = E + max(0, P75 - E): the expected margin E, raised to the upper quartile P75 of customers who began alike (year,
region and goods of the first purchase) where the customer is below it. Customers are never compared by what they spend.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd

from dagster_project.estimates.purchase_forecast import (
    Floats,
    PurchaseAmounts,
    PurchaseCounts,
    expected_amount,
    expected_purchases,
    fit_purchase_amounts,
    fit_purchase_counts,
)

FORECAST_WEEKS = 52
# a quartile of fewer customers is the whim of a handful: the next wider group is asked
MINIMUM_COMPARABLE = 50
GROUP = ("cohort_year", "region", "goods_family")
_CENT = Decimal("0.01")


def fit_forecast(histories: pd.DataFrame) -> tuple[PurchaseCounts, PurchaseAmounts]:
    """Both models on purchase histories, one row a customer.

    `histories`: `purchase_days` (1, 2, ...: days with a purchase), `age_days` (from the first one to the day of the
    fit), `recency_days` (from the last one), `value_before` (value of all of them). Raises ForecastRefusedError.
    """
    weeks = _weeks(histories)
    counts = fit_purchase_counts(weeks.groupby(list(weeks.columns)).size().rename("customers").reset_index())
    mean = _mean_amount(histories)
    # the first purchase is drawn like the others: it tells of the amounts of those who bought once, too
    amounts = pd.DataFrame({"repeats": histories["purchase_days"].astype(float), "mean_amount": mean})[mean > 0]
    return counts, fit_purchase_amounts(amounts.groupby(list(amounts.columns)).size().rename("customers").reset_index())


def expected_margin(counts: PurchaseCounts, amounts: PurchaseAmounts, histories: pd.DataFrame) -> Floats:
    """Expected margin of the next 52 weeks of each history, in the company's currency."""
    weeks = _weeks(histories)
    purchases = expected_purchases(
        counts,
        weeks["repeats"].to_numpy(),
        weeks["last_weeks"].to_numpy(),
        weeks["age_weeks"].to_numpy(),
        FORECAST_WEEKS,
    )
    number = histories["purchase_days"].to_numpy(dtype=np.float64)
    expected: Floats = purchases * expected_amount(amounts, number, _mean_amount(histories).to_numpy())
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
    """The two values at which ascending potentials split into three, in cents; None where they do not differ enough.

    Three customers in four of a group stand at its benchmark: where both terciles are one value, the upper tier begins
    with the next larger one.
    """
    values = sorted(Decimal(repr(float(value))).quantize(_CENT, rounding=ROUND_HALF_UP) for value in potentials)
    if not values:
        return None
    low, high = values[len(values) // 3], values[2 * len(values) // 3]
    if low >= high:
        high = next((value for value in values if value > low), low)
    return (low, high) if low < high else None


def _weeks(histories: pd.DataFrame) -> pd.DataFrame:
    age = histories["age_days"].to_numpy(dtype=np.float64)
    return pd.DataFrame(
        {
            "repeats": histories["purchase_days"].to_numpy(dtype=np.float64) - 1,
            "last_weeks": (age - histories["recency_days"].to_numpy(dtype=np.float64)) / 7,
            "age_weeks": age / 7,
        }
    )


def _mean_amount(histories: pd.DataFrame) -> pd.Series:
    return (histories["value_before"].astype(float) / histories["purchase_days"].astype(float)).clip(lower=0)
