"""The value of a customer over a finite horizon, and whether the forecast behind it can be believed.

Lifetime value is the margin expected in the next three years, each year discounted from its middle (`int_customer_lifetime_values`
scores it with the forecast of `value_thresholds`; for buying without a contract only). Here: the test that the forecast has to
pass before anybody is shown a figure. The models are fitted on what was known a year before the as-of month, forecast the
year that followed, and the total is held against what customers then brought. Off by more than 10 %, or without a year to
hold it against, there is no lifetime value, and the reason is published.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
from babel.dates import format_date
from babel.numbers import format_percent

from dagster_project.estimates import potential
from dagster_project.estimates.parameter_versions import Fit, FitRefusedError, FitReport, Outcome, Reason, is_old
from dagster_project.estimates.parameter_versions import fit_if_due as attempt_if_due
from dagster_project.estimates.purchase_forecast import ForecastRefusedError
from dagster_project.estimates.value_thresholds import LARGEST_SAMPLE, MINIMUM_SALES_MONTHS, fit_forecast

PARAMETER = "lifetime_value"
PREFIX = "lifetime"
HORIZON_YEARS = 3
YEARLY_DISCOUNT_RATE = 0.10
LARGEST_ERROR = 0.10
SCHEMA = pa.schema(
    [
        pa.field("parameter_version", pa.string()),
        pa.field("fitted_as_of", pa.date32()),
        pa.field("horizon_years", pa.int32()),
        pa.field("yearly_discount_rate", pa.float64()),
        pa.field("held_out_from", pa.date32()),
        pa.field("held_out_forecast", pa.float64()),
        pa.field("held_out_actual", pa.float64()),
        pa.field("held_out_error", pa.float64()),
        pa.field("customers", pa.int64()),
    ]
)
SCHEMAS = {PARAMETER: SCHEMA}
_SHORT = Reason(
    "there is no whole year of sales to hold the forecast against, after a history that can carry it",
    "aucune année complète de ventes pour confronter la prévision, après un historique suffisant",
)


def _french_day(day: date) -> str:
    text = format_date(day, "d MMMM y", locale="fr")
    return text.replace("1 ", "1er ", 1) if day.day == 1 else text


def _french_percent(share: float, sign: str = "") -> str:
    return format_percent(share, f"{sign}0.#\u00a0%;−0.#\u00a0%", locale="fr")


def attempt(histories: pd.DataFrame, held_out_from: date, as_of: date, former: Fit | None) -> Outcome:
    """The test of the forecast.

    `histories`: what was known at `held_out_from` of customers with a purchase (columns of `potential.fit_forecast` and
    `sales_months_12m`), and `value_then`, what they brought in the twelve months that followed; no row where no such year
    is known. Raises FitRefusedError.
    """
    if former is not None and not is_old(former, as_of):
        kept = Reason("the forecast has passed within the year", "la prévision a réussi l’épreuve dans l’année")
        return Outcome({}, former.sample_size, kept)
    if histories.empty or int(histories["sales_months_12m"].min()) < MINIMUM_SALES_MONTHS:
        raise FitRefusedError(_SHORT)
    try:
        counts, amounts = fit_forecast(histories)
    except ForecastRefusedError as refusal:
        raise FitRefusedError(
            Reason(str(refusal), f"la prévision ne peut être ajustée : {refusal.french}"), len(histories)
        ) from refusal
    forecast = float(potential.expected_margin(counts, amounts, histories).sum())
    actual = float(sum(histories["value_then"]))
    if actual <= 0:
        raise FitRefusedError(
            Reason("customers brought nothing in the year held out", "les clients n’ont rien rapporté pendant l’année d’épreuve"),
            len(histories),
        )
    error = forecast / actual - 1
    found: dict[str, float | int | str | None] = {
        "held_out_from": held_out_from.isoformat(),
        "held_out_forecast": round(forecast, 2),
        "held_out_actual": round(actual, 2),
        "held_out_error": float(f"{error:.9g}"),
    }
    if abs(error) > LARGEST_ERROR:
        raise FitRefusedError(
            Reason(
                f"the forecast of the year from {held_out_from} is off by {error:+.1%}, more than {LARGEST_ERROR:.0%}",
                f"la prévision de l’année commençant le {_french_day(held_out_from)} s’écarte de {_french_percent(error, '+')}, "
                f"plus de {_french_percent(LARGEST_ERROR)}",
            ),
            len(histories),
            found,
        )
    row = {
        "parameter_version": f"{PREFIX}-{as_of.isoformat()}",
        "fitted_as_of": as_of,
        "horizon_years": HORIZON_YEARS,
        "yearly_discount_rate": YEARLY_DISCOUNT_RATE,
        "held_out_from": held_out_from,
        "held_out_forecast": found["held_out_forecast"],
        "held_out_actual": found["held_out_actual"],
        "held_out_error": found["held_out_error"],
        "customers": len(histories),
    }
    reason = Reason(
        f"the forecast of the year from {held_out_from} is off by {error:+.1%}",
        f"la prévision de l’année commençant le {_french_day(held_out_from)} s’écarte de {_french_percent(error, '+')}",
    )
    return Outcome({PARAMETER: pa.Table.from_pylist([row], schema=SCHEMA)}, len(histories), reason, found)


def fit_if_due(home: Path, warehouse: Path, inputs: Path, as_of: date) -> FitReport:
    """The step of a run: hold the forecast against the last year when due, and write the run's input."""
    month = as_of.replace(day=1)
    held_out_from = month.replace(year=month.year - 1)

    def make(former: Fit | None) -> Outcome:
        return attempt(read_histories(warehouse, held_out_from, month), held_out_from, as_of, former)

    return attempt_if_due(home, inputs, as_of, PARAMETER, PREFIX, SCHEMAS, make)


def read_histories(warehouse: Path, held_out_from: date, month: date) -> pd.DataFrame:
    """Customers with a purchase by `held_out_from`, and what they brought until `month`; at most `LARGEST_SAMPLE`, by id."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        cursor = connection.execute(
            """select before.purchase_days, before.repeat_days, before.age_days, before.recency_days, before.value_before,
                before.sales_months_12m, later.value_12m as value_then
            from intermediate.int_customer_month_features as before
            inner join intermediate.int_customer_month_features as later
                on before.customer_id = later.customer_id and later.month = ?
            where before.allows_profiling and before.month = ? and before.purchase_days > 0 and later.sales_months_12m = 12
            order by before.customer_id limit ?""",
            [month, held_out_from, LARGEST_SAMPLE],
        )
        names = [column[0] for column in cursor.description or []]
        return pd.DataFrame(cursor.fetchall(), columns=names, dtype=object)
