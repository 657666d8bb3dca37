"""Whether a forecast may become a lifetime value: it passes on its own kind of customers, and is refused when the year turned out otherwise."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from dagster_project.estimates.lifetime_value import PARAMETER, attempt
from dagster_project.estimates.parameter_versions import Fit, FitRefusedError, Reason

HELD_OUT = date(2023, 6, 1)
AS_OF = date(2024, 6, 30)


def histories(count: int = 6000, *, change: float = 1.0, sales_months: int = 12) -> pd.DataFrame:
    """Customers drawn from the models themselves, observed for up to two years; `change` times as much in the year held out."""
    draw = np.random.default_rng(11)
    rate, leave = draw.gamma(1.2, 1 / 10.0, count), draw.beta(1.0, 6.0, count)
    scale = 60 / draw.gamma(4.0, 1.0, count)
    rows = []
    for customer in range(count):
        age = int(draw.integers(120, 730))
        day, days, later, is_alive = 0.0, 1, 0, True
        last = 0.0
        while is_alive:
            day += draw.exponential(7 / rate[customer])
            if day > age + 365:
                break
            if day <= age:
                days, last = days + 1, day
            else:
                later += 1
            is_alive = draw.uniform() > leave[customer]
        rows.append((days, age, age - int(last), later))
    made = pd.DataFrame(rows, columns=["purchase_days", "age_days", "recency_days", "later"])
    amount = draw.gamma(2.0 * made["purchase_days"]) * scale
    then = np.where(made["later"] > 0, draw.gamma(2.0 * np.maximum(made["later"], 1)) * scale * change, 0)
    return made.assign(
        repeat_days=made["purchase_days"] - 1,
        value_before=[Decimal(repr(round(float(value), 2))) for value in amount],
        value_then=[Decimal(repr(round(float(value), 2))) for value in then],
        sales_months_12m=sales_months,
    )


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return histories()


def test_a_forecast_that_comes_within_a_tenth_of_the_year_held_out_passes(rows: pd.DataFrame) -> None:
    outcome = attempt(rows, HELD_OUT, AS_OF, None)
    version = outcome.tables[PARAMETER].to_pylist()[0]
    assert abs(version["held_out_error"]) < 0.06
    assert version["held_out_error"] == pytest.approx(version["held_out_forecast"] / version["held_out_actual"] - 1, abs=1e-6)
    assert (version["horizon_years"], version["yearly_discount_rate"], version["customers"]) == (3, 0.1, 6000)
    assert outcome.reason.en.startswith("the forecast of the year from 2023-06-01 is off by ")


def test_a_forecast_that_is_off_by_more_is_refused_with_both_figures(rows: pd.DataFrame) -> None:
    halved = rows.assign(value_then=[value / 2 for value in rows["value_then"]])
    with pytest.raises(FitRefusedError, match=r"is off by \+(8|9|10)\d?\.\d%, more than 10%") as refusal:
        attempt(halved, HELD_OUT, AS_OF, None)
    found = refusal.value.diagnostics
    assert found["held_out_forecast"] > 1.7 * found["held_out_actual"]
    assert re.search(r"commençant le 1er juin 2023 s’écarte de \+\d+,\d\u00a0%, plus de 10\u00a0%$", refusal.value.reason.fr)


def test_without_a_year_to_hold_it_against_there_is_no_lifetime_value(rows: pd.DataFrame) -> None:
    for short in (rows.iloc[:0], rows.assign(sales_months_12m=8)):
        with pytest.raises(FitRefusedError, match="no whole year of sales to hold the forecast against"):
            attempt(short, HELD_OUT, AS_OF, None)


def test_too_few_customers_and_a_year_without_sales_are_refused(rows: pd.DataFrame) -> None:
    with pytest.raises(FitRefusedError, match="100 customers with a purchase"):
        attempt(rows.iloc[:100], HELD_OUT, AS_OF, None)
    with pytest.raises(FitRefusedError, match="customers brought nothing in the year held out"):
        attempt(rows.assign(value_then=Decimal(0)), HELD_OUT, AS_OF, None)


def test_a_forecast_that_has_passed_is_not_tried_again_within_the_year(rows: pd.DataFrame) -> None:
    former = Fit(PARAMETER, "lifetime-2024-01-31", date(2024, 1, 31), "fitted", True, 6000, Reason("", ""))
    assert attempt(rows.iloc[:0], HELD_OUT, AS_OF, former).tables == {}
    with pytest.raises(FitRefusedError):
        attempt(rows.iloc[:0], HELD_OUT, date(2025, 1, 31), former)
