"""The versions of fitted parameters: every attempt to fit, what came of it, when the next is due, what a run may use.

Here: what all fits share. An attempt is one row in `HOME/parameters/fits/`, written last: a version counts when its
attempt says `fitted`, so that a killed run leaves nothing that counts. A refused fit leaves the former version in use, with the
reason in both languages; it is published in `parameter_versions`. What is fitted, and what is worse than the former version,
is said in the module of the fit; the list of all parameters is in `registry.py`.
"""

from __future__ import annotations

import calendar
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dagster_project.estimates.parameter_files import FOLDER, load_versions, write_table

FITS = "fits"
REFIT_MONTHS = 12
# of the population stability index: above it the customers are others than those of the fit (the usual reading in scoring)
STABILITY_LIMIT = 0.2
Verdict = Literal["fitted", "refused", "kept"]
SCHEMA = pa.schema(
    [
        pa.field("parameter", pa.string()),
        pa.field("parameter_version", pa.string()),
        pa.field("fitted_as_of", pa.date32()),
        pa.field("verdict", pa.string()),
        pa.field("is_retrospective", pa.bool_()),
        pa.field("sample_size", pa.int64()),
        pa.field("diagnostics", pa.string()),
        pa.field("reason_fr", pa.string()),
        pa.field("reason_en", pa.string()),
    ]
)


@dataclass(frozen=True)
class Reason:
    """Why a fit was made, kept or refused, for directors (French) and engineers (English)."""

    en: str
    fr: str


class FitRefusedError(ValueError):
    """The data cannot carry a fit, or the fit is worse than the former version; `reason` says why."""

    def __init__(
        self, reason: Reason, sample_size: int = 0, diagnostics: Mapping[str, float | int | str | None] | None = None
    ) -> None:
        super().__init__(reason.en)
        self.reason = reason
        self.sample_size = sample_size
        self.diagnostics = diagnostics or {}


@dataclass(frozen=True)
class Outcome:
    """What an attempt gives: the tables of the new version, or none where the former version is kept.

    `earlier`: versions as of earlier days that a first fit makes beside its own, oldest first, each on what was known then, so
    that past months have scores which nothing later has shaped.
    """

    tables: Mapping[str, pa.Table]
    sample_size: int
    reason: Reason
    diagnostics: Mapping[str, float | int | str | None] = field(default_factory=dict)
    earlier: Sequence[tuple[date, Outcome]] = ()


@dataclass(frozen=True)
class Fit:
    """One attempt. A version is retrospective when months before it use it: the first one that was fitted."""

    parameter: str
    parameter_version: str
    fitted_as_of: date
    verdict: Verdict
    is_retrospective: bool
    sample_size: int
    reason: Reason
    diagnostics: Mapping[str, Any] = field(default_factory=dict)

    def as_table(self) -> pa.Table:
        """The attempt as one row."""
        row = {
            "parameter": self.parameter,
            "parameter_version": self.parameter_version,
            "fitted_as_of": self.fitted_as_of,
            "verdict": self.verdict,
            "is_retrospective": self.is_retrospective,
            "sample_size": self.sample_size,
            "diagnostics": json.dumps(dict(self.diagnostics), sort_keys=True, ensure_ascii=False),
            "reason_fr": self.reason.fr,
            "reason_en": self.reason.en,
        }
        return pa.Table.from_pylist([row], schema=SCHEMA)


@dataclass(frozen=True)
class FitReport:
    """What the step of a run did, for the log and the asset's metadata. `attempt` is null where none was due."""

    attempt: Fit | None
    versions: tuple[str, ...]

    def metadata(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "is_fitted": self.attempt is not None and self.attempt.verdict == "fitted",
            "versions": ", ".join(self.versions) or "none",
        }
        if self.attempt is None:
            return told | {"verdict": "not due", "reason": "not due"}
        return told | {
            "verdict": self.attempt.verdict,
            "reason": self.attempt.reason.en,
            "sample_size": self.attempt.sample_size,
            **{f"diagnostic_{name}": value for name, value in self.attempt.diagnostics.items() if value is not None},
        }


def attempts(home: Path, parameter: str) -> list[Fit]:
    """All attempts at a parameter that a home keeps, oldest first."""
    paths = sorted((home / FOLDER / FITS).glob(f"{parameter}-*.parquet"))
    rows = [pq.read_table(path, schema=SCHEMA).to_pylist()[0] for path in paths]
    found = [
        Fit(
            row["parameter"],
            row["parameter_version"],
            row["fitted_as_of"],
            row["verdict"],
            row["is_retrospective"],
            row["sample_size"],
            Reason(row["reason_en"], row["reason_fr"]),
            json.loads(row["diagnostics"]),
        )
        for row in rows
    ]
    return sorted(found, key=lambda fit: fit.fitted_as_of)


def fitted(tried: Sequence[Fit]) -> list[Fit]:
    """The attempts that gave a version."""
    return [fit for fit in tried if fit.verdict == "fitted"]


def is_due(tried: Sequence[Fit], as_of: date) -> bool:
    """Whether a run as of that date has to look at the parameter: the first one of a month, after all former ones.

    Depends on the attempts and the as-of date alone, never on the clock. Without any version every run tries: what was
    missing may have come. A back-fill before the newest attempt is never due, so that it cannot change what later dates
    have published.
    """
    if not fitted(tried):
        return True
    newest = max(fit.fitted_as_of for fit in tried)
    return (as_of.year, as_of.month) > (newest.year, newest.month)


def is_old(version: Fit, as_of: date, months: int = REFIT_MONTHS) -> bool:
    """Whether a version has stood for so many months."""
    number = version.fitted_as_of.year * 12 + version.fitted_as_of.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return as_of >= date(year, month, min(version.fitted_as_of.day, calendar.monthrange(year, month)[1]))


def usable(tried: Sequence[Fit], as_of: date) -> list[Fit]:
    """The versions that a run as of that date may use, oldest first: those fitted by then, else the first, in retrospect."""
    versions = fitted(tried)
    return [fit for fit in versions if fit.fitted_as_of <= as_of] or versions[:1]


def stability_index(expected: Sequence[float], found: Sequence[float]) -> float:
    """Population stability index of shares by class: sum of (found - expected) ln(found / expected), both adding up to 1.

    An empty class counts as one in ten thousand, so that it stays finite. Source: Siddiqi, Credit Risk Scorecards (2006).
    """
    total = 0.0
    for share, other in zip(expected, found, strict=True):
        low, high = max(share, 1e-4), max(other, 1e-4)
        total += (high - low) * math.log(high / low)
    return total


def fit_if_due(
    home: Path,
    inputs: Path,
    as_of: date,
    parameter: str,
    prefix: str,
    schemas: Mapping[str, pa.Schema],
    make: Callable[[Fit | None], Outcome],
) -> FitReport:
    """The step of a run: attempt when due, keep what came of it, and write the run's input.

    `make` gets the newest version (None: there is none) and returns the outcome, without tables where the former version
    is good enough, or raises FitRefusedError. A refusal is no failure: earlier versions stay in use.
    """
    tried = attempts(home, parameter)
    attempt: Fit | None = None
    if is_due(tried, as_of):
        versions = fitted(tried)
        former = versions[-1] if versions else None
        name = f"{prefix}-{as_of.isoformat()}"
        try:
            outcome = make(former)
        except FitRefusedError as refusal:
            attempt = Fit(parameter, name, as_of, "refused", False, refusal.sample_size, refusal.reason, refusal.diagnostics)
        else:
            earlier = [
                Fit(
                    parameter,
                    f"{prefix}-{day.isoformat()}",
                    day,
                    "fitted",
                    False,
                    made.sample_size,
                    made.reason,
                    made.diagnostics,
                )
                for day, made in outcome.earlier
            ]
            for fit, (_, made) in zip(earlier, outcome.earlier, strict=True):
                for table, rows in made.tables.items():
                    write_table(rows, home / FOLDER / table / f"{fit.parameter_version}.parquet")
            for number, fit in enumerate(earlier):
                is_oldest = number == 0 and not versions
                write_table(
                    replace(fit, is_retrospective=is_oldest).as_table(),
                    home / FOLDER / FITS / f"{parameter}-{fit.fitted_as_of.isoformat()}.parquet",
                )
            verdict: Verdict = "fitted" if outcome.tables else "kept"
            is_first = verdict == "fitted" and not versions and not earlier
            attempt = Fit(parameter, name, as_of, verdict, is_first, outcome.sample_size, outcome.reason, outcome.diagnostics)
            for table, rows in outcome.tables.items():
                write_table(rows, home / FOLDER / table / f"{name}.parquet")
        write_table(attempt.as_table(), home / FOLDER / FITS / f"{parameter}-{as_of.isoformat()}.parquet")
        _forget_refusals_of_the_month(home, tried, attempt)
    write_fits(home, inputs, as_of)
    return FitReport(attempt, write_input(home, inputs, as_of, parameter, schemas))


def _forget_refusals_of_the_month(home: Path, tried: Sequence[Fit], newest: Fit) -> None:
    """Without a version every day tries: one refusal a month is enough to remember."""
    for fit in tried:
        day, other = fit.fitted_as_of, newest.fitted_as_of
        if fit.verdict == "refused" and day != other and (day.year, day.month) == (other.year, other.month):
            (home / FOLDER / FITS / f"{fit.parameter}-{day.isoformat()}.parquet").unlink(missing_ok=True)


def write_input(home: Path, inputs: Path, as_of: date, parameter: str, schemas: Mapping[str, pa.Schema]) -> tuple[str, ...]:
    """Write a parameter's tables of a run's inputs, one file each; returns the versions in them."""
    names = [fit.parameter_version for fit in usable(attempts(home, parameter), as_of)]
    for table, schema in schemas.items():
        rows = load_versions(home, table, schema)
        chosen = rows.filter(pc.is_in(rows["parameter_version"], pa.array(names, pa.string())))
        write_table(chosen, inputs / FOLDER / f"{table}.parquet")
    return tuple(names)


def write_fits(home: Path, inputs: Path, as_of: date) -> None:
    """Write `parameters/fits.parquet` of a run's inputs: all attempts by that date, and the versions used in retrospect."""
    names = {path.name[: -len("-2024-01-01.parquet")] for path in (home / FOLDER / FITS).glob("*.parquet")}
    tables = []
    for name in sorted(names):
        tried = attempts(home, name)
        kept = [fit for fit in tried if fit.fitted_as_of <= as_of]
        kept += [fit for fit in usable(tried, as_of) if fit not in kept]
        tables += [fit.as_table() for fit in kept]
    write_table(pa.concat_tables([SCHEMA.empty_table(), *tables]), inputs / FOLDER / f"{FITS}.parquet")
