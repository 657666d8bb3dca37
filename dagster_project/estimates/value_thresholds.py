"""Cut points of the value tiers and value segments.

Here: the fit (pure: values in, cut points out), when one is due, and the step of a run that makes it. Scoring with the
cut points is SQL (`int_customer_month_segments`); the files are those of `parameter_files.py`.

Cut points are order statistics of the positive values of the twelve months before the as-of month: two at the terciles
(tiers), four at the quintiles (segments), in the company's currency, rounded to cents. They are stored and then hold
for everybody until the next fit, so that nobody moves because others did.
"""

from __future__ import annotations

import calendar
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.estimates.parameter_files import FOLDER, load_versions, store_version, write_table

NAME = "value_thresholds"
# five customers in each of five segments: below, a cut point is the whim of one customer
MINIMUM_CUSTOMERS = 25
REFIT_MONTHS = 12
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
class Version:
    """What there is to know of a stored version before using it."""

    parameter_version: str
    fitted_as_of: date


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
    tiers, segments = _cuts(positive, 3), _cuts(positive, 5)
    for name, cuts in (("tier", tiers), ("segment", segments)):
        if any(low >= high for low, high in itertools.pairwise(cuts)):
            listed = ", ".join(map(str, cuts))
            raise FitRefusedError(f"the {name} cut points {listed} do not rise: too many customers have the same value")
    return Thresholds(
        (tiers[0], tiers[1]),
        (segments[0], segments[1], segments[2], segments[3]),
        int(values["sales_months_12m"].min()),
        len(positive),
    )


def _months_later(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def is_due(versions: Sequence[Version], as_of: date) -> bool:
    """Whether a run as of that date has to fit: none is stored, or the newest is 12 months old.

    Depends on the versions and the as-of date alone, never on the clock. A back-fill before the newest version is never
    due: a version is only added after all others, so that a back-fill cannot change what later dates have published.
    """
    if not versions:
        return True
    return as_of >= _months_later(max(version.fitted_as_of for version in versions), REFIT_MONTHS)


def as_row(thresholds: Thresholds, as_of: date, is_first: bool) -> pa.Table:
    """A version as one row. The first one also serves the months before it: it is marked retrospective."""
    cuts = dict(zip(("tier_low_cut", "tier_high_cut"), thresholds.tier_cuts, strict=True))
    cuts |= {f"segment_cut_{number}": cut for number, cut in enumerate(thresholds.segment_cuts, start=1)}
    row = {
        "parameter_version": f"value-{as_of.isoformat()}",
        "fitted_as_of": as_of,
        "is_retrospective": is_first,
        **cuts,
        "sales_months": thresholds.sales_months,
        "sample_size": thresholds.sample_size,
    }
    return pa.Table.from_pylist([row], schema=SCHEMA)


def usable_versions(versions: pa.Table, as_of: date) -> pa.Table:
    """The versions that a run as of that date may use: those fitted by then, else the first one, in retrospect."""
    ordered = versions.sort_by([("fitted_as_of", "ascending"), ("parameter_version", "ascending")])
    usable = ordered.filter(pc.less_equal(ordered["fitted_as_of"], pa.scalar(as_of, pa.date32())))
    return usable if usable.num_rows else ordered.slice(0, 1)


def stored_versions(home: Path) -> list[Version]:
    """The versions that a home keeps, oldest first."""
    rows = load_versions(home, NAME, SCHEMA).select(["parameter_version", "fitted_as_of"]).to_pylist()
    versions = [Version(row["parameter_version"], row["fitted_as_of"]) for row in rows]
    return sorted(versions, key=lambda version: version.fitted_as_of)


def write_input(home: Path, inputs: Path, as_of: date) -> tuple[str, ...]:
    """Write `parameters/value_thresholds.parquet` of a run's inputs; returns the versions in it."""
    usable = usable_versions(load_versions(home, NAME, SCHEMA), as_of)
    write_table(usable, inputs / FOLDER / f"{NAME}.parquet")
    return tuple(usable["parameter_version"].to_pylist())


def fit_if_due(home: Path, warehouse: Path, inputs: Path, as_of: date) -> FitReport:
    """The step of a run: fit when due, on the features of the warehouse, keep the version, and write the run's input.

    A refused fit is no failure: the reason is reported, earlier versions are used; without any nobody has a segment.
    """
    versions = stored_versions(home)
    sample, is_fitted, reason = 0, False, "not due"
    if is_due(versions, as_of):
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            rows = connection.execute(
                "select value_12m, sales_months_12m from intermediate.int_customer_month_features "
                "where allows_profiling and month = ?",
                [as_of.replace(day=1)],
            ).fetchall()
        try:
            thresholds = fit(pd.DataFrame(rows, columns=["value_12m", "sales_months_12m"], dtype=object))
        except FitRefusedError as refusal:
            reason = f"refused: {refusal}"
        else:
            store_version(home, NAME, f"value-{as_of.isoformat()}", as_row(thresholds, as_of, is_first=not versions))
            sample, is_fitted, reason = thresholds.sample_size, True, "due"
    return FitReport(is_fitted, reason, write_input(home, inputs, as_of), sample)
