"""Parameters of value and potential: cut points of the tiers and segments, and the forecast behind the potential.

Here: the fit of the cut points of value (pure: values in, cut points out), when a fit is due, and the step of a run that
makes it, the potential included (`potential.py`). Scoring is SQL (`int_customer_month_potential`,
`int_customer_month_segments`); the files are those of `parameter_files.py`.

Cut points are order statistics of the positive values of the twelve months before the as-of month: two at the terciles
(tiers), four at the quintiles (segments), in the company's currency, rounded to cents. They are stored and then hold
for everybody until the next fit, so that nobody moves because others did. Where the histories cannot carry the forecast,
the version has no potential, says why, and segments follow value alone.
"""

from __future__ import annotations

import calendar
import itertools
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.estimates import potential
from dagster_project.estimates.parameter_files import FOLDER, load_versions, store_version, write_table
from dagster_project.estimates.purchase_forecast import ForecastRefusedError, PurchaseAmounts, PurchaseCounts

NAME = "value_thresholds"
BENCHMARKS = "potential_benchmarks"
# by id, which is a hash: a sample that no property of a customer decides, and the same one in every run
LARGEST_SAMPLE = 100_000
# five customers in each of five segments: below, a cut point is the whim of one customer
MINIMUM_CUSTOMERS = 25
REFIT_MONTHS = 12
# of the twelve before: cut points of a shorter look-back would let everybody rise while the year fills
MINIMUM_SALES_MONTHS = 9
_CENT = Decimal("0.01")
_MONEY = pa.decimal128(18, 4)
SCHEMA = pa.schema(
    [
        pa.field("parameter_version", pa.string()),
        pa.field("fitted_as_of", pa.date32()),
        pa.field("is_retrospective", pa.bool_()),
        pa.field("tier_low_cut", _MONEY),
        pa.field("tier_high_cut", _MONEY),
        *(pa.field(f"segment_cut_{number}", _MONEY) for number in range(1, 5)),
        # months of sales behind the values: the cut points hold for no shorter look-back
        pa.field("sales_months", pa.int32()),
        pa.field("sample_size", pa.int64()),
        pa.field("potential_low_cut", _MONEY),
        pa.field("potential_high_cut", _MONEY),
        *(pa.field(f"bgnbd_{name}", pa.float64()) for name in ("r", "alpha", "a", "b", "log_likelihood")),
        *(pa.field(f"gamma_gamma_{name}", pa.float64()) for name in ("p", "q", "gamma", "log_likelihood")),
        pa.field("forecast_customers", pa.int64()),
        # null where there is a forecast
        pa.field("no_potential_because", pa.string()),
    ]
)
BENCHMARK_SCHEMA = pa.schema(
    [
        pa.field("parameter_version", pa.string()),
        pa.field("fitted_as_of", pa.date32()),
        # null = all
        pa.field("cohort_year", pa.int32()),
        pa.field("region", pa.string()),
        pa.field("goods_family", pa.string()),
        pa.field("expected_margin_p75", pa.float64()),
        pa.field("customers", pa.int64()),
    ]
)


class FitRefusedError(ValueError):
    """The data cannot carry a fit; the message says why. Months stay without a segment until it can."""


@dataclass(frozen=True)
class Thresholds:
    """Cut points in the company's currency: a value at or above a cut is in the tier or segment above it."""

    tier_cuts: tuple[Decimal, Decimal]
    segment_cuts: tuple[Decimal, Decimal, Decimal, Decimal]
    sales_months: int
    sample_size: int


@dataclass(frozen=True)
class Potential:
    """The forecast, the cut points of the tiers of potential, and the benchmarks of comparable customers."""

    counts: PurchaseCounts
    amounts: PurchaseAmounts
    tier_cuts: tuple[Decimal, Decimal]
    benchmarks: pd.DataFrame


@dataclass(frozen=True)
class Version:
    """What there is to know of a stored version before using it."""

    parameter_version: str
    fitted_as_of: date
    sales_months: int = 12


@dataclass(frozen=True)
class FitReport:
    """What the step of a run did, for the log and the asset's metadata."""

    is_fitted: bool
    reason: str
    versions: tuple[str, ...]
    sample_size: int = 0

    def metadata(self) -> dict[str, Any]:
        return {
            "is_fitted": self.is_fitted,
            "reason": self.reason,
            "versions": ", ".join(self.versions) or "none",
            "sample_size": self.sample_size,
        }


def _cuts(values: Sequence[Decimal], parts: int) -> tuple[Decimal, ...]:
    """The values at which ascending `values` split into equal parts, rounded to cents. Exact: no floating point."""
    cuts = [values[number * len(values) // parts] for number in range(1, parts)]
    return tuple(cut.quantize(_CENT, rounding=ROUND_HALF_UP) for cut in cuts)


def fit(values: pd.DataFrame) -> Thresholds:
    """Cut points of the column `value_12m` (Decimal, company's currency), one row a customer, in any order.

    `sales_months_12m` is the number of months (0..12) of the twelve before that the sales cover, the same in all rows.

    Raises FitRefusedError with fewer than 25 positive values, or when two cut points coincide (too many equal values).
    """
    positive = sorted(value for value in values["value_12m"] if value is not None and value > 0)
    if len(positive) < MINIMUM_CUSTOMERS:
        raise FitRefusedError(
            f"{len(positive)} customers had a positive value in the year before, {MINIMUM_CUSTOMERS} are needed"
        )
    sales_months = int(values["sales_months_12m"].min())
    if sales_months < MINIMUM_SALES_MONTHS:
        raise FitRefusedError(f"{sales_months} months of sales are known, {MINIMUM_SALES_MONTHS} of the twelve before are needed")
    tiers, segments = _cuts(positive, 3), _cuts(positive, 5)
    for name, cuts in (("tier", tiers), ("segment", segments)):
        if any(low >= high for low, high in itertools.pairwise(cuts)):
            listed = ", ".join(map(str, cuts))
            raise FitRefusedError(f"the {name} cut points {listed} do not rise: too many customers have the same value")
    return Thresholds(
        (tiers[0], tiers[1]),
        (segments[0], segments[1], segments[2], segments[3]),
        sales_months,
        len(positive),
    )


def fit_potential(customers: pd.DataFrame) -> Potential:
    """The forecast and what follows from it, on customers with a purchase (columns of `potential.py` and `value_12m`).

    The cut points are terciles among those with a positive value, whom alone they serve. Raises ForecastRefusedError.
    """
    counts, amounts = potential.fit_forecast(customers)
    counts, amounts = _stored(counts), _stored(amounts)
    scored = customers.assign(expected_margin=potential.expected_margin(counts, amounts, customers))
    marks = potential.benchmarks(scored)
    marks["expected_margin_p75"] = marks["expected_margin_p75"].map(_rounded)
    scored["potential"] = potential.potential(scored, marks)
    cuts = potential.tier_cuts(scored.loc[scored["value_12m"].astype(float) > 0, "potential"].tolist())
    if cuts is None:
        raise ForecastRefusedError("the potentials of all customers are alike: they make no tiers")
    return Potential(counts, amounts, cuts, marks)


def _stored(model: Any) -> Any:
    """A model with its parameters as they are stored: scores must not depend on digits that nobody sees."""
    return replace(model, **{name: _rounded(value) for name, value in asdict(model).items() if isinstance(value, float)})


def _rounded(number: float) -> float:
    return float(f"{number:.9g}")


def _months_later(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def is_due(versions: Sequence[Version], as_of: date) -> bool:
    """Whether a run as of that date has to fit: none is stored, or the newest is 12 months old.

    A version of less than twelve months of sales is due again every month until the year is whole: each step lets values
    grow by a ninth at most.

    Depends on the versions and the as-of date alone, never on the clock. A back-fill before the newest version is never
    due: a version is only added after all others, so that a back-fill cannot change what later dates have published.
    """
    if not versions:
        return True
    newest = max(versions, key=lambda version: version.fitted_as_of)
    months = REFIT_MONTHS if newest.sales_months >= 12 else 1
    return as_of >= _months_later(newest.fitted_as_of, months)


def as_row(
    thresholds: Thresholds, as_of: date, is_first: bool, forecast: Potential | None = None, because: str | None = None
) -> pa.Table:
    """A version as one row. The first one also serves the months before it: it is marked retrospective."""
    told: dict[str, Any] = {"no_potential_because": because}
    if forecast is not None:
        told |= {f"bgnbd_{name}": value for name, value in asdict(forecast.counts).items() if name != "customers"}
        told |= {f"gamma_gamma_{name}": value for name, value in asdict(forecast.amounts).items() if name != "customers"}
        told |= dict(zip(("potential_low_cut", "potential_high_cut"), forecast.tier_cuts, strict=True))
        told["forecast_customers"] = forecast.counts.customers
    cuts = dict(zip(("tier_low_cut", "tier_high_cut"), thresholds.tier_cuts, strict=True))
    cuts |= {f"segment_cut_{number}": cut for number, cut in enumerate(thresholds.segment_cuts, start=1)}
    row = {
        "parameter_version": f"value-{as_of.isoformat()}",
        "fitted_as_of": as_of,
        "is_retrospective": is_first,
        **cuts,
        "sales_months": thresholds.sales_months,
        "sample_size": thresholds.sample_size,
        **told,
    }
    return pa.Table.from_pylist([row], schema=SCHEMA)


def benchmark_rows(forecast: Potential | None, as_of: date) -> pa.Table:
    """The benchmarks of a version as rows; none where it has no forecast."""
    if forecast is None:
        return BENCHMARK_SCHEMA.empty_table()
    rows = forecast.benchmarks.astype(object).where(forecast.benchmarks.notna(), None)
    version = {"parameter_version": f"value-{as_of.isoformat()}", "fitted_as_of": as_of}
    return pa.Table.from_pylist(
        [
            version | row | {"cohort_year": None if row["cohort_year"] is None else int(row["cohort_year"])}
            for row in rows.to_dict("records")
        ],
        schema=BENCHMARK_SCHEMA,
    )


def usable_versions(versions: pa.Table, as_of: date) -> pa.Table:
    """The versions that a run as of that date may use: those fitted by then, else the first one, in retrospect."""
    ordered = versions.sort_by([("fitted_as_of", "ascending"), ("parameter_version", "ascending")])
    usable = ordered.filter(pc.less_equal(ordered["fitted_as_of"], pa.scalar(as_of, pa.date32())))
    return usable if usable.num_rows else ordered.slice(0, 1)


def stored_versions(home: Path) -> list[Version]:
    """The versions that a home keeps, oldest first."""
    rows = load_versions(home, NAME, SCHEMA).select(["parameter_version", "fitted_as_of", "sales_months"]).to_pylist()
    versions = [Version(row["parameter_version"], row["fitted_as_of"], row["sales_months"] or 12) for row in rows]
    return sorted(versions, key=lambda version: version.fitted_as_of)


def write_input(home: Path, inputs: Path, as_of: date) -> tuple[str, ...]:
    """Write the parameters of a run's inputs, two files under `parameters/`; returns the versions in them."""
    usable = usable_versions(load_versions(home, NAME, SCHEMA), as_of)
    write_table(usable, inputs / FOLDER / f"{NAME}.parquet")
    marks = load_versions(home, BENCHMARKS, BENCHMARK_SCHEMA)
    write_table(
        marks.filter(pc.is_in(marks["parameter_version"], usable["parameter_version"])), inputs / FOLDER / f"{BENCHMARKS}.parquet"
    )
    return tuple(usable["parameter_version"].to_pylist())


def fit_if_due(home: Path, warehouse: Path, inputs: Path, as_of: date) -> FitReport:
    """The step of a run: fit when due, on the features of the warehouse, keep the version, and write the run's input.

    A refused fit is no failure: the reason is reported, earlier versions are used; without any nobody has a segment.
    """
    versions = stored_versions(home)
    sample, is_fitted, reason = 0, False, "not due"
    if is_due(versions, as_of):
        customers = _read_customers(warehouse, as_of)
        try:
            thresholds = fit(customers)
        except FitRefusedError as refusal:
            reason = f"refused: {refusal}"
        else:
            forecast, because = None, None
            try:
                forecast = fit_potential(customers[customers["purchase_days"] > 0].reset_index(drop=True))
            except ForecastRefusedError as refusal:
                because = str(refusal)
            version = f"value-{as_of.isoformat()}"
            # the benchmarks first: what a killed run leaves of them is written again, the cut points make the version
            write_table(benchmark_rows(forecast, as_of), home / FOLDER / BENCHMARKS / f"{version}.parquet")
            store_version(home, NAME, version, as_row(thresholds, as_of, not versions, forecast, because))
            sample, is_fitted = thresholds.sample_size, True
            reason = "due" if because is None else f"due; without potential: {because}"
    return FitReport(is_fitted, reason, write_input(home, inputs, as_of), sample)


def _read_customers(warehouse: Path, as_of: date) -> pd.DataFrame:
    """What is known at the start of the as-of month of those who may be profiled, at most `LARGEST_SAMPLE` of them."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        cursor = connection.execute(
            """select features.value_12m, features.sales_months_12m, coalesce(features.purchase_days, 0) as purchase_days,
                features.age_days, features.recency_days, features.value_before,
                origins.cohort_year, origins.region, origins.goods_family
            from intermediate.int_customer_month_features as features
            left join intermediate.int_customer_origins as origins on features.customer_id = origins.customer_id
            where features.allows_profiling and features.month = ?
            order by features.customer_id limit ?""",
            [as_of.replace(day=1), LARGEST_SAMPLE],
        )
        names = [column[0] for column in cursor.description or []]
        return pd.DataFrame(cursor.fetchall(), columns=names, dtype=object).astype({"purchase_days": int})
