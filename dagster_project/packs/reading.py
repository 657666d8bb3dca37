"""Reading a published database into plain records; the only module of the packs that knows SQL.

Here: the published tables `kpi_values`, `kpi_definitions`, `kpi_readiness`, `segment_labels` and `publication`, opened
read-only. Not here: which month to show and how figures compare (`figures.py`). No other table is read: nothing about
a single customer can reach a pack.

Columns may be added to published tables; what is not read here is not shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

import duckdb

Verdict = Literal["ready", "degraded", "unavailable"]
Direction = Literal["up", "down", "none"]

TOTAL = -1
VERDICTS: tuple[Verdict, ...] = ("ready", "degraded", "unavailable")
_DIRECTIONS: dict[str, Direction] = {"higher_is_better": "up", "lower_is_better": "down", "neutral": "none"}


@dataclass(frozen=True)
class Publication:
    """The one row of `publication`. Instants are naive UTC; `data_horizon` is an exclusive end."""

    publication_id: str
    published_at: datetime
    as_of_date: date
    data_horizon: datetime | None
    run_id: str
    checks_passed: int
    checks_warned: int
    project_version: str
    inputs_hash: str


@dataclass(frozen=True)
class Definition:
    """What a KPI is, in one language."""

    kpi: str
    label: str
    purpose: str
    formula: str
    caveats: str
    unit: str
    direction: Direction
    feeds: tuple[str, ...]
    owner: str
    version: str
    is_headline: bool
    topic: str
    position: int


@dataclass(frozen=True)
class FeedReadiness:
    """One KPI on one feed, the reason in one language. `horizon_at` is a naive UTC exclusive end."""

    kpi: str
    feed: str
    is_present: bool
    is_fresh: bool | None
    history_days: int | None
    verdict: Verdict
    reason: str
    horizon_at: datetime | None


@dataclass(frozen=True)
class Cell:
    """One value of `kpi_values`, month grain. Rates are 0..1; None where there is no number."""

    kpi: str
    month: date
    segment: int
    value: float | None
    interval_low: float | None
    interval_high: float | None
    sample_size: int | None
    immature_count: int
    is_complete: bool
    is_publishable: bool
    unit: str
    previous_value: float | None
    target: float | None
    benchmark: float | None
    status: str | None
    is_restated: bool


@dataclass(frozen=True)
class Published:
    """Everything that a pack shows, as published."""

    publication: Publication
    definitions: tuple[Definition, ...]
    readiness: tuple[FeedReadiness, ...]
    cells: tuple[Cell, ...]
    segment_labels: Mapping[int, str]


def read_published(database: Path, language: str) -> Published:
    """Read the published tables of `database` with their texts in `language` (`fr` or `en`).

    Raises FileNotFoundError where there is no file, duckdb.Error where a table is missing, ValueError where the
    publication row is not exactly one.
    """
    if not database.exists():
        raise FileNotFoundError(f"{database}: no published database; a run has to publish first")
    with duckdb.connect(str(database), read_only=True) as connection:
        publications = _rows(connection, "publication")
        if len(publications) != 1:
            raise ValueError(f"{database}: table publication has {len(publications)} rows, expected 1")
        return Published(
            publication=_publication(publications[0]),
            definitions=tuple(_definition(row, language) for row in _rows(connection, "kpi_definitions")),
            readiness=tuple(_readiness(row, language) for row in _rows(connection, "kpi_readiness")),
            cells=tuple(_cell(row) for row in _rows(connection, "kpi_values", "where period_grain = 'month'")),
            segment_labels=_segment_labels(_rows(connection, "segment_labels"), language),
        )


def _rows(connection: duckdb.DuckDBPyConnection, table: str, condition: str = "") -> list[dict[str, Any]]:
    cursor = connection.execute(f"select * from {table} {condition} order by all")
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _publication(row: Mapping[str, Any]) -> Publication:
    return Publication(
        publication_id=str(row["publication_id"]),
        published_at=row["published_at"],
        as_of_date=row["as_of_date"],
        data_horizon=row["data_horizon"],
        run_id=str(row["run_id"]),
        checks_passed=int(row["checks_passed"]),
        checks_warned=int(row["checks_warned"]),
        project_version=str(row["project_version"]),
        inputs_hash=str(row["inputs_hash"]),
    )


def _definition(row: Mapping[str, Any], language: str) -> Definition:
    return Definition(
        kpi=str(row["kpi"]),
        label=_text(row[f"label_{language}"]) or str(row["kpi"]),
        purpose=_text(row[f"purpose_{language}"]),
        formula=_text(row[f"formula_{language}"]),
        caveats=_text(row[f"caveats_{language}"]),
        unit=str(row["unit"]),
        direction=_DIRECTIONS[row["direction"]],
        feeds=_names(row["feeds"]),
        owner=_text(row["owner"]),
        version=_text(row["version"]),
        is_headline=bool(row["is_headline"]),
        topic=str(row["topic"]),
        position=int(row["position"]),
    )


def _readiness(row: Mapping[str, Any], language: str) -> FeedReadiness:
    verdict = str(row["verdict"])
    if verdict not in VERDICTS:
        raise ValueError(f"kpi_readiness: verdict {verdict!r} of {row['kpi']} is not one of {', '.join(VERDICTS)}")
    days = row["history_days"]
    return FeedReadiness(
        kpi=str(row["kpi"]),
        feed=str(row["feed"]),
        is_present=bool(row["is_present"]),
        is_fresh=row["is_fresh"],
        history_days=None if days is None else int(days),
        verdict=VERDICTS[VERDICTS.index(verdict)],
        reason=_text(row[f"reason_{language}"]),
        horizon_at=row["horizon_at"],
    )


def _cell(row: Mapping[str, Any]) -> Cell:
    size = row["sample_size"]
    return Cell(
        kpi=str(row["kpi"]),
        month=row["period_start"],
        segment=int(row["value_segment"]),
        value=_number(row["value"]),
        interval_low=_number(row["interval_low"]),
        interval_high=_number(row["interval_high"]),
        sample_size=None if size is None else int(size),
        immature_count=int(row["immature_count"] or 0),
        is_complete=bool(row["is_complete"]),
        is_publishable=bool(row["is_publishable"]),
        unit=str(row["unit"]),
        previous_value=_number(row["previous_value"]),
        target=_number(row["target"]),
        benchmark=_number(row["benchmark"]),
        status=_text(row["status"]) or None,
        is_restated=bool(row["is_restated"]),
    )


def _segment_labels(rows: list[dict[str, Any]], language: str) -> dict[int, str]:
    """Labels by member of the value segment; rows of other axes have no `value_segment`."""
    return {int(row["value_segment"]): _text(row[f"label_{language}"]) for row in rows if row["value_segment"] is not None}


def _number(value: Any) -> float | None:
    """A finite float, else None: a NaN is no figure."""
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _names(value: Any) -> tuple[str, ...]:
    """A list of names, stored as text with commas between."""
    return tuple(name.strip() for name in str(value or "").split(",") if name.strip())
