"""Reading a published database into plain records; with `reading_value.py` the only module of the packs that knows SQL.

Here: the published tables `kpi_values`, `kpi_definitions`, `kpi_readiness`, `segment_labels` and `publication`, and for
the page of the customers `segment_sizes`, `segment_migrations`, `personas`, `relationship_models` and
`parameter_versions`, opened read-only. Not here: the tables of the page of the value (`reading_value.py`), which month to
show and how figures compare (`figures.py`, `customers.py`). No other table is read: nothing about a single customer can
reach a pack.

Columns may be added to published tables; what is not read here is not shown.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb

Verdict = Literal["ready", "degraded", "unavailable"]
Direction = Literal["up", "down", "none"]

TOTAL = -1
ALL = "all"
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
    """One value of `kpi_values`, of a month or (`is_quarter`) of the quarter that begins with it. Rates are 0..1; None where
    there is no number. `has_alarm`: a check of the estimate behind it rings."""

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
    is_quarter: bool = False
    has_alarm: bool = False


@dataclass(frozen=True)
class Published:
    """What the page of the KPIs shows, as published."""

    publication: Publication
    definitions: tuple[Definition, ...]
    readiness: tuple[FeedReadiness, ...]
    cells: tuple[Cell, ...]
    segment_labels: Mapping[int, str]


@dataclass(frozen=True)
class SegmentSize:
    """One cell of the overlay in one month: value segment x relational family, known at the start of the month.

    Sums, contacts and answers are those of the 12 months before, `sales_months_12m` how many of these have known sales;
    `identified_*` without what names no customer, and `margin_coverage` the share of their net amount whose margin is known,
    0..1. `share` and `csat` are 0..1, `nps` -100..100.
    """

    month: date
    segment: int
    family: str
    customers: int
    customers_not_profiled: int
    share: float | None
    net_amount_12m: Decimal | None
    margin_12m: Decimal | None
    identified_net_amount_12m: Decimal | None
    identified_margin_12m: Decimal | None
    sales_months_12m: int | None
    margin_coverage: float | None
    contacts_per_customer: float | None
    csat: float | None
    csat_low: float | None
    csat_high: float | None
    csat_answers: int
    nps: float | None
    nps_low: float | None
    nps_high: float | None
    nps_answers: int
    is_publishable: bool
    is_csat_publishable: bool
    is_nps_publishable: bool


@dataclass(frozen=True)
class Migration:
    """Customers who passed from one member of an axis to another (or stayed) as `month` began."""

    month: date
    axis: str
    origin: str
    destination: str
    customers: int
    is_recut: bool


@dataclass(frozen=True)
class Persona:
    """The description of one micro-segment, in one language; lists are one text a line."""

    micro_segment: str
    label: str
    customers: int
    share: float | None
    portrait: str
    habits: tuple[str, ...]
    likes: tuple[str, ...]
    irritants: tuple[str, ...]
    journey: tuple[str, ...]
    segment: int | None
    family: str
    margin_12m_mean: Decimal | None
    margin_coverage: float | None
    net_amount_12m_mean: Decimal | None
    purchases_12m_mean: float | None
    contacts_12m_mean: float | None
    csat: float | None
    csat_answers: int
    is_publishable: bool
    is_csat_publishable: bool


@dataclass(frozen=True)
class ContactPolicy:
    """How customers are contacted. `frequency`: contacts per customer and year; empty or None where not known."""

    distance: str
    tempo: str
    frequency: float | None
    proactivity: str
    reply_within_hours: float | None


@dataclass(frozen=True)
class RelationshipModel:
    """The contact policy that a cell of the overlay wants beside the one practised. `gap`: codes of what differs."""

    segment: int
    family: str
    wanted: ContactPolicy
    practised: ContactPolicy
    gap: tuple[str, ...]
    customers: int
    satisfaction: float | None
    satisfaction_low: float | None
    satisfaction_high: float | None
    answers: int
    is_publishable: bool
    because: str


@dataclass(frozen=True)
class ParameterVersion:
    """One fit that was tried, with its reason in one language. `diagnostics`: name to number or text."""

    parameter: str
    version: str
    fitted_as_of: date
    is_accepted: bool
    is_in_use: bool
    is_retrospective: bool
    sample_size: int | None
    diagnostics: Mapping[str, float | str]
    reason: str


@dataclass(frozen=True)
class CustomerTables:
    """What the page of the customers shows, as published; None where the publication has no such table.

    `labels`: by axis (`value_segment`, `relational_family`) and member. `meanings`: the tiers that make a value segment.
    """

    sizes: tuple[SegmentSize, ...] | None
    migrations: tuple[Migration, ...] | None
    personas: tuple[Persona, ...] | None
    models: tuple[RelationshipModel, ...] | None
    versions: tuple[ParameterVersion, ...] | None
    labels: Mapping[tuple[str, str], str]
    meanings: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


def read_published(database: Path, language: str) -> Published:
    """Read the published tables of `database` with their texts in `language` (`fr` or `en`).

    Raises FileNotFoundError where there is no file, duckdb.Error where a table is missing, ValueError where the
    publication row is not exactly one.
    """
    if not database.exists():
        raise FileNotFoundError(f"{database}: no published database; a run has to publish first")
    with duckdb.connect(str(database), read_only=True) as connection:
        publications = table_rows(connection, "publication")
        if len(publications) != 1:
            raise ValueError(f"{database}: table publication has {len(publications)} rows, expected 1")
        alarms = _alarms(connection)
        return Published(
            publication=_publication(publications[0]),
            definitions=tuple(_definition(row, language) for row in table_rows(connection, "kpi_definitions")),
            readiness=tuple(_readiness(row, language) for row in table_rows(connection, "kpi_readiness")),
            cells=tuple(_cell(row, alarms) for row in table_rows(connection, "kpi_values", _PACK_GRAIN)),
            segment_labels=_segment_labels(table_rows(connection, "segment_labels"), language),
        )


def read_customers(database: Path, language: str) -> CustomerTables:
    """Read the published tables about groups of customers with their texts in `language` (`fr` or `en`).

    A publication of an older version may lack them. Raises FileNotFoundError where there is no file, duckdb.Error
    where a table lacks a column that the page needs.
    """
    if not database.exists():
        raise FileNotFoundError(f"{database}: no published database; a run has to publish first")
    with duckdb.connect(str(database), read_only=True) as connection:
        names = {row[0] for row in connection.execute("select table_name from information_schema.tables").fetchall()}

        def rows(table: str, columns: str) -> list[dict[str, Any]] | None:
            return table_rows(connection, table, columns=columns) if table in names else None

        sizes = rows("segment_sizes", _SIZE_COLUMNS)
        migrations = rows("segment_migrations", "period_start, axis, from_segment, to_segment, customers, is_recut")
        personas = rows("personas", _PERSONA_COLUMNS.format(language=language))
        models = rows("relationship_models", _MODEL_COLUMNS.format(language=language))
        versions = rows("parameter_versions", _VERSION_COLUMNS.format(language=language))
        labels = table_rows(connection, "segment_labels")
    return CustomerTables(
        sizes=None if sizes is None else tuple(map(_size, sizes)),
        migrations=None if migrations is None else tuple(map(_migration, migrations)),
        personas=None if personas is None else tuple(map(_persona, personas)),
        models=None if models is None else tuple(map(_model, models)),
        versions=None if versions is None else tuple(map(_version, versions)),
        labels={(str(row["axis"]), str(row["member"])): clean_text(row[f"label_{language}"]) for row in labels},
        meanings={
            int(row["value_segment"]): _lines(row[f"meaning_{language}"]) for row in labels if row.get(f"meaning_{language}")
        },
    )


# What is estimated has quarters only; a KPI of months is never shown by quarter beside them.
_PACK_GRAIN = """where period_grain = 'month' or (
    period_grain = 'quarter' and kpi not in (select kpi from kpi_values where period_grain = 'month'))"""
_ALARMS = """select period_start, window_days from repurchase_increment
    where value_segment = -1 and verdict = 'estimated'
    group by period_start, window_days
    having count(*) filter (where method = 'hold_out') = 0 and bool_or(coalesce(placebo_alarm, false) or coalesce(negative_control_alarm, false))"""
# By name, so that a table that lacks one is an error that names it and no column of dashes.
_SIZE_COLUMNS = """period_start, value_segment, relational_family, customers, customers_not_profiled, share, net_amount_12m, margin_12m,
    identified_net_amount_12m, identified_margin_12m, sales_months_12m, margin_coverage, contacts_per_customer, csat, csat_low, csat_high, csat_answers, nps, nps_low, nps_high, nps_answers, is_publishable,
    is_csat_publishable, is_nps_publishable"""
_PERSONA_COLUMNS = """micro_segment, label_{language} as label, customers, share, portrait_{language} as portrait,
    habits_{language} as habits, likes_{language} as likes, irritants_{language} as irritants,
    journey_{language} as journey, value_segment, relational_family, margin_12m_mean, margin_coverage, net_amount_12m_mean,
    purchases_12m_mean, contacts_12m_mean, csat, csat_answers, is_publishable,
    is_csat_publishable"""
_MODEL_COLUMNS = """value_segment, relational_family, recommended_distance, recommended_tempo, recommended_frequency,
    proactivity as recommended_proactivity, reply_within_hours as recommended_reply_within_hours, practised_distance,
    practised_tempo, practised_frequency, practised_proactivity, practised_reply_within_hours, gap, customers,
    satisfaction, satisfaction_low, satisfaction_high, answers, is_publishable, because_{language} as because"""
_VERSION_COLUMNS = """parameter, parameter_version, fitted_as_of, is_accepted, is_in_use, is_retrospective, sample_size,
    diagnostics, reason_{language} as reason"""


def table_rows(
    connection: duckdb.DuckDBPyConnection, table: str, condition: str = "", columns: str = "*"
) -> list[dict[str, Any]]:
    """The rows of a published table in one order, by the names of their columns."""
    cursor = connection.execute(f"select {columns} from {table} {condition} order by all")
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
        label=clean_text(row[f"label_{language}"]) or str(row["kpi"]),
        purpose=clean_text(row[f"purpose_{language}"]),
        formula=clean_text(row[f"formula_{language}"]),
        caveats=clean_text(row[f"caveats_{language}"]),
        unit=str(row["unit"]),
        direction=_DIRECTIONS[row["direction"]],
        feeds=_names(row["feeds"]),
        owner=clean_text(row["owner"]),
        version=clean_text(row["version"]),
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
        reason=clean_text(row[f"reason_{language}"]),
        horizon_at=row["horizon_at"],
    )


def _alarms(connection: duckdb.DuckDBPyConnection) -> frozenset[tuple[str, date]]:
    """KPIs and quarters of estimates of which a check rings. A hold-out is drawn at random, and has no such checks."""
    tables = {row[0] for row in connection.execute("select table_name from information_schema.tables").fetchall()}
    if "repurchase_increment" not in tables:
        return frozenset()
    found = connection.execute(_ALARMS).fetchall()
    return frozenset(
        (f"repurchase_increment_{measure}_{window}", quarter)
        for quarter, window in found
        for measure in ("rate", "amount", "net_margin")
    )


def _cell(row: Mapping[str, Any], alarms: frozenset[tuple[str, date]]) -> Cell:
    size = row["sample_size"]
    return Cell(
        kpi=str(row["kpi"]),
        month=row["period_start"],
        segment=int(row["value_segment"]),
        value=finite(row["value"]),
        interval_low=finite(row["interval_low"]),
        interval_high=finite(row["interval_high"]),
        sample_size=None if size is None else int(size),
        immature_count=int(row["immature_count"] or 0),
        is_complete=bool(row["is_complete"]),
        is_publishable=bool(row["is_publishable"]),
        unit=str(row["unit"]),
        previous_value=finite(row["previous_value"]),
        target=finite(row["target"]),
        benchmark=finite(row["benchmark"]),
        status=clean_text(row["status"]) or None,
        is_restated=bool(row["is_restated"]),
        is_quarter=row["period_grain"] == "quarter",
        has_alarm=(str(row["kpi"]), row["period_start"]) in alarms,
    )


def _segment_labels(rows: list[dict[str, Any]], language: str) -> dict[int, str]:
    """Labels by member of the value segment; rows of other axes have no `value_segment`."""
    return {int(row["value_segment"]): clean_text(row[f"label_{language}"]) for row in rows if row["value_segment"] is not None}


def _size(row: Mapping[str, Any]) -> SegmentSize:
    return SegmentSize(
        month=row["period_start"],
        segment=int(row["value_segment"]),
        family=str(row["relational_family"]),
        customers=int(row["customers"]),
        customers_not_profiled=int(row["customers_not_profiled"] or 0),
        share=finite(row["share"]),
        net_amount_12m=row["net_amount_12m"],
        margin_12m=row["margin_12m"],
        identified_net_amount_12m=row["identified_net_amount_12m"],
        identified_margin_12m=row["identified_margin_12m"],
        sales_months_12m=row["sales_months_12m"],
        margin_coverage=finite(row["margin_coverage"]),
        contacts_per_customer=finite(row["contacts_per_customer"]),
        csat=finite(row["csat"]),
        csat_low=finite(row["csat_low"]),
        csat_high=finite(row["csat_high"]),
        csat_answers=int(row["csat_answers"] or 0),
        nps=finite(row["nps"]),
        nps_low=finite(row["nps_low"]),
        nps_high=finite(row["nps_high"]),
        nps_answers=int(row["nps_answers"] or 0),
        is_publishable=bool(row["is_publishable"]),
        is_csat_publishable=bool(row["is_csat_publishable"]),
        is_nps_publishable=bool(row["is_nps_publishable"]),
    )


def _migration(row: Mapping[str, Any]) -> Migration:
    return Migration(
        month=row["period_start"],
        axis=str(row["axis"]),
        origin=str(row["from_segment"]),
        destination=str(row["to_segment"]),
        customers=int(row["customers"]),
        is_recut=bool(row["is_recut"]),
    )


def _persona(row: Mapping[str, Any]) -> Persona:
    segment = row["value_segment"]
    return Persona(
        micro_segment=str(row["micro_segment"]),
        label=clean_text(row["label"]) or str(row["micro_segment"]),
        customers=int(row["customers"]),
        share=finite(row["share"]),
        portrait=clean_text(row["portrait"]),
        habits=_lines(row["habits"]),
        likes=_lines(row["likes"]),
        irritants=_lines(row["irritants"]),
        journey=_lines(row["journey"]),
        segment=None if segment is None else int(segment),
        family=clean_text(row["relational_family"]),
        margin_12m_mean=row["margin_12m_mean"],
        margin_coverage=finite(row["margin_coverage"]),
        net_amount_12m_mean=row["net_amount_12m_mean"],
        purchases_12m_mean=finite(row["purchases_12m_mean"]),
        contacts_12m_mean=finite(row["contacts_12m_mean"]),
        csat=finite(row["csat"]),
        csat_answers=int(row["csat_answers"] or 0),
        is_publishable=bool(row["is_publishable"]),
        is_csat_publishable=bool(row["is_csat_publishable"]),
    )


def _model(row: Mapping[str, Any]) -> RelationshipModel:
    return RelationshipModel(
        segment=int(row["value_segment"]),
        family=str(row["relational_family"]),
        wanted=_policy(row, "recommended"),
        practised=_policy(row, "practised"),
        gap=_names(row["gap"]),
        customers=int(row["customers"]),
        satisfaction=finite(row["satisfaction"]),
        satisfaction_low=finite(row["satisfaction_low"]),
        satisfaction_high=finite(row["satisfaction_high"]),
        answers=int(row["answers"] or 0),
        is_publishable=bool(row["is_publishable"]),
        because=clean_text(row["because"]),
    )


def _policy(row: Mapping[str, Any], kind: str) -> ContactPolicy:
    return ContactPolicy(
        distance=clean_text(row[f"{kind}_distance"]),
        tempo=clean_text(row[f"{kind}_tempo"]),
        frequency=finite(row[f"{kind}_frequency"]),
        proactivity=clean_text(row[f"{kind}_proactivity"]),
        reply_within_hours=finite(row[f"{kind}_reply_within_hours"]),
    )


def _version(row: Mapping[str, Any]) -> ParameterVersion:
    size = row["sample_size"]
    return ParameterVersion(
        parameter=str(row["parameter"]),
        version=str(row["parameter_version"]),
        fitted_as_of=row["fitted_as_of"],
        is_accepted=bool(row["is_accepted"]),
        is_in_use=bool(row["is_in_use"]),
        is_retrospective=bool(row["is_retrospective"]),
        sample_size=None if size is None else int(size),
        diagnostics=_diagnostics(clean_text(row["diagnostics"])),
        reason=clean_text(row["reason"]),
    )


def _diagnostics(text: str) -> dict[str, float | str]:
    """Numbers and texts by name; what is neither (a list, a truth value) as its own JSON, what is no JSON as it stands."""
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = {"diagnostics": text}
    if not isinstance(found, dict):
        found = {"diagnostics": text}
    kept: dict[str, float | str] = {}
    for name, value in found.items():
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            continue
        is_plain = isinstance(value, int | float | str) and not isinstance(value, bool)
        kept[str(name)] = value if is_plain else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return kept


def _lines(value: Any) -> tuple[str, ...]:
    """The lines of a text, without empty ones."""
    return tuple(line.strip() for line in clean_text(value).splitlines() if line.strip())


def finite(value: Any) -> float | None:
    """A finite float, else None: a NaN is no figure."""
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def clean_text(value: Any) -> str:
    """A text without white space around it; empty for null."""
    return "" if value is None else str(value).strip()


def _names(value: Any) -> tuple[str, ...]:
    """A list of names, stored as text with commas between."""
    return tuple(name.strip() for name in str(value or "").split(",") if name.strip())
