"""Reading a published database into plain records; the only module of the packs that knows SQL.

Here: the published tables `kpi_values`, `kpi_definitions`, `kpi_readiness`, `segment_labels` and `publication`, and for
the page of the customers `segment_sizes`, `segment_migrations`, `personas`, `relationship_models` and
`parameter_versions`, and for the page of the value `repurchase_after_contact`, its detail, `repurchase_increment`,
`churn_rescues`, `channels` and the counts of `churn_risks`, opened read-only. Not here: which month to show and how
figures compare (`figures.py`, `customers.py`, `value.py`). No other table is read, and of that of single customers
nothing but counts: nothing about a single customer can reach a pack.

Columns may be added to published tables; what is not read here is not shown.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class SegmentSize:
    """One cell of the overlay in one month: value segment x relational family, known at the start of the month.

    Sums, contacts and answers are those of the 12 months before. `share` and `csat` are 0..1, `nps` -100..100.
    """

    month: date
    segment: int
    family: str
    customers: int
    share: float | None
    net_amount_12m: Decimal | None
    margin_12m: Decimal | None
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
    net_amount_12m_mean: Decimal | None
    purchases_12m_mean: float | None
    contacts_12m_mean: float | None
    csat: float | None
    csat_answers: int
    is_publishable: bool


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

    `labels`: by axis (`value_segment`, `relational_family`) and member.
    """

    sizes: tuple[SegmentSize, ...] | None
    migrations: tuple[Migration, ...] | None
    personas: tuple[Persona, ...] | None
    models: tuple[RelationshipModel, ...] | None
    versions: tuple[ParameterVersion, ...] | None
    labels: Mapping[tuple[str, str], str]


@dataclass(frozen=True)
class AfterContact:
    """What was bought after the contacts of one month: by segment and channel, or (`dimension`) by a member of the detail.

    Contacts, amounts, margins and costs add over months, segments and channels; customers do not. Amounts are None where
    no window is over.
    """

    month: date
    segment: int
    channel: str
    window_days: int
    dimension: str
    member: str
    contacts: int
    contacts_repurchasing: int
    amount: Decimal | None
    margin: Decimal | None
    amount_without_margin: Decimal | None
    cost: Decimal | None
    contacts_costed: int
    pending: Decimal
    immature_count: int
    is_publishable: bool


@dataclass(frozen=True)
class Interval:
    """An estimate with the ends of its 95 % interval."""

    value: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True)
class Increment:
    """What was bought because of the contacts of a quarter, estimated; its reason in one language.

    `rate` and `per_customer` may be negative. None where not estimable, `margin` and `net` also where margin or cost is
    not known. Alarms are None where they cannot be known.
    """

    quarter: date
    segment: int
    window_days: int
    method: str
    is_estimated: bool
    reason: str
    rate: Interval | None
    per_customer: Interval | None
    amount: Interval | None
    margin: Interval | None
    cost: Decimal | None
    net: Interval | None
    treated: int
    kept: int
    kept_share: float | None
    controls: int
    effective_sample: float | None
    worst_balance: float | None
    placebo_alarm: bool | None
    negative_control_alarm: bool | None
    sensitivity: float | None
    sensitivity_of_interval: float | None
    immature_count: int
    is_publishable: bool


@dataclass(frozen=True)
class Rescue:
    """Customers at risk who were contacted in a month, and how many stayed; its reason in one language.

    `expected_rate` is what the score expected of those whom it had named (`scored`). Estimates are None where not estimable.
    """

    month: date
    segment: int
    contacted: int
    retained: int
    retained_rate: float | None
    retained_low: float | None
    retained_high: float | None
    scored: int
    scored_rate: float | None
    expected_rate: float | None
    estimated_contacted: int
    rescued: Interval | None
    subscribers_contacted: int
    secured: Interval | None
    billed: Decimal | None
    reversed: Decimal | None
    immature_count: int
    is_publishable: bool
    is_estimated: bool
    reason: str


@dataclass(frozen=True)
class RiskCount:
    """How many customers are at risk in the as-of month, by what leaving means for them."""

    kind: str
    customers: int
    held_out: int


@dataclass(frozen=True)
class PeriodState:
    """Whether the feeds cover a period of a KPI (total) whole, and whether it was restated."""

    kpi: str
    grain: str
    start: date
    is_complete: bool
    is_restated: bool


@dataclass(frozen=True)
class ValueTables:
    """What the page of the value shows, as published; None where the publication has no such table.

    `after` are the cells by segment and channel, `detail` those by a dimension. `channels`: names in one language.
    """

    after: tuple[AfterContact, ...] | None
    detail: tuple[AfterContact, ...] | None
    increments: tuple[Increment, ...] | None
    rescues: tuple[Rescue, ...] | None
    risks: tuple[RiskCount, ...] | None
    states: tuple[PeriodState, ...]
    channels: Mapping[str, str]


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
            return _rows(connection, table, columns=columns) if table in names else None

        sizes = rows("segment_sizes", _SIZE_COLUMNS)
        migrations = rows("segment_migrations", "period_start, axis, from_segment, to_segment, customers, is_recut")
        personas = rows("personas", _PERSONA_COLUMNS.format(language=language))
        models = rows("relationship_models", _MODEL_COLUMNS.format(language=language))
        versions = rows("parameter_versions", _VERSION_COLUMNS.format(language=language))
        labels = _rows(connection, "segment_labels")
    return CustomerTables(
        sizes=None if sizes is None else tuple(map(_size, sizes)),
        migrations=None if migrations is None else tuple(map(_migration, migrations)),
        personas=None if personas is None else tuple(map(_persona, personas)),
        models=None if models is None else tuple(map(_model, models)),
        versions=None if versions is None else tuple(map(_version, versions)),
        labels={(str(row["axis"]), str(row["member"])): _text(row[f"label_{language}"]) for row in labels},
    )


def read_value(database: Path, language: str) -> ValueTables:
    """Read the published tables about what the service brings in, with their texts in `language` (`fr` or `en`).

    A publication of an older version may lack them. Raises FileNotFoundError where there is no file, duckdb.Error
    where a table lacks a column that the page needs.
    """
    if not database.exists():
        raise FileNotFoundError(f"{database}: no published database; a run has to publish first")
    with duckdb.connect(str(database), read_only=True) as connection:
        names = {row[0] for row in connection.execute("select table_name from information_schema.tables").fetchall()}

        def rows(table: str, columns: str, condition: str = "") -> list[dict[str, Any]] | None:
            return _rows(connection, table, condition, columns) if table in names else None

        after = rows("repurchase_after_contact", f"value_segment, channel, {_AFTER_COLUMNS}")
        detail = rows("repurchase_after_contact_detail", f"dimension, member, {_AFTER_COLUMNS}")
        increments = rows("repurchase_increment", _INCREMENT_COLUMNS.format(language=language))
        rescues = rows("churn_rescues", _RESCUE_COLUMNS.format(language=language))
        risks = rows("churn_risks", _RISK_COLUMNS, "group by churn_kind")
        states = _rows(connection, "kpi_values", "where value_segment = -1", _STATE_COLUMNS)
        channels = rows("channels", f"channel, label_{language} as label") or []
    return ValueTables(
        after=None if after is None else tuple(map(_after, after)),
        detail=None if detail is None else tuple(map(_after, detail)),
        increments=None if increments is None else tuple(map(_increment, increments)),
        rescues=None if rescues is None else tuple(map(_rescue, rescues)),
        risks=None if risks is None else tuple(map(_risk, risks)),
        states=tuple(map(_state, states)),
        channels={str(row["channel"]): _text(row["label"]) for row in channels},
    )


# By name, so that a table that lacks one is an error that names it and no column of dashes.
_SIZE_COLUMNS = """period_start, value_segment, relational_family, customers, share, net_amount_12m, margin_12m,
    contacts_per_customer, csat, csat_low, csat_high, csat_answers, nps, nps_low, nps_high, nps_answers, is_publishable,
    is_csat_publishable, is_nps_publishable"""
_PERSONA_COLUMNS = """micro_segment, label_{language} as label, customers, share, portrait_{language} as portrait,
    habits_{language} as habits, likes_{language} as likes, irritants_{language} as irritants,
    journey_{language} as journey, value_segment, relational_family, margin_12m_mean, net_amount_12m_mean,
    purchases_12m_mean, contacts_12m_mean, csat, csat_answers, is_publishable"""
_MODEL_COLUMNS = """value_segment, relational_family, recommended_distance, recommended_tempo, recommended_frequency,
    proactivity as recommended_proactivity, reply_within_hours as recommended_reply_within_hours, practised_distance,
    practised_tempo, practised_frequency, practised_proactivity, practised_reply_within_hours, gap, customers,
    satisfaction, satisfaction_low, satisfaction_high, answers, is_publishable, because_{language} as because"""
_VERSION_COLUMNS = """parameter, parameter_version, fitted_as_of, is_accepted, is_in_use, is_retrospective, sample_size,
    diagnostics, reason_{language} as reason"""

_AFTER_COLUMNS = """period_start, window_days, contacts_mature, contacts_repurchasing, observed_amount, observed_margin,
    amount_without_margin, contact_cost, contacts_costed, pending_amount, immature_count, is_publishable"""
_INCREMENT_COLUMNS = """period_start, value_segment, window_days, method, verdict, reason_{language} as reason,
    incremental_rate, incremental_rate_low, incremental_rate_high, incremental_amount_per_customer,
    incremental_amount_per_customer_low, incremental_amount_per_customer_high, incremental_amount, incremental_amount_low,
    incremental_amount_high, incremental_margin, incremental_margin_low, incremental_margin_high, contact_cost,
    incremental_net_margin, incremental_net_margin_low, incremental_net_margin_high, treated, treated_kept, kept_share,
    controls, effective_sample, worst_balance, placebo_alarm, negative_control_alarm, sensitivity, sensitivity_of_interval,
    immature_count, is_publishable"""
_RESCUE_COLUMNS = """period_start, value_segment, at_risk_contacted, retained, retained_rate, retained_rate_low,
    retained_rate_high, scored_contacted, scored_retained_rate, expected_retained_rate, estimated_contacted,
    incremental_retained, incremental_retained_low, incremental_retained_high, subscribers_contacted, secured_revenue,
    secured_revenue_low, secured_revenue_high, billed_revenue, reversed_revenue, immature_count, is_publishable, verdict,
    reason_{language} as reason"""
# Customers are counted here and nowhere named.
_RISK_COLUMNS = "churn_kind, count(*) as customers, count(*) filter (where is_held_out) as held_out"
_STATE_COLUMNS = "kpi, period_grain, period_start, is_complete, is_restated"


def _rows(connection: duckdb.DuckDBPyConnection, table: str, condition: str = "", columns: str = "*") -> list[dict[str, Any]]:
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


def _size(row: Mapping[str, Any]) -> SegmentSize:
    return SegmentSize(
        month=row["period_start"],
        segment=int(row["value_segment"]),
        family=str(row["relational_family"]),
        customers=int(row["customers"]),
        share=_number(row["share"]),
        net_amount_12m=row["net_amount_12m"],
        margin_12m=row["margin_12m"],
        contacts_per_customer=_number(row["contacts_per_customer"]),
        csat=_number(row["csat"]),
        csat_low=_number(row["csat_low"]),
        csat_high=_number(row["csat_high"]),
        csat_answers=int(row["csat_answers"] or 0),
        nps=_number(row["nps"]),
        nps_low=_number(row["nps_low"]),
        nps_high=_number(row["nps_high"]),
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
        label=_text(row["label"]) or str(row["micro_segment"]),
        customers=int(row["customers"]),
        share=_number(row["share"]),
        portrait=_text(row["portrait"]),
        habits=_lines(row["habits"]),
        likes=_lines(row["likes"]),
        irritants=_lines(row["irritants"]),
        journey=_lines(row["journey"]),
        segment=None if segment is None else int(segment),
        family=_text(row["relational_family"]),
        margin_12m_mean=row["margin_12m_mean"],
        net_amount_12m_mean=row["net_amount_12m_mean"],
        purchases_12m_mean=_number(row["purchases_12m_mean"]),
        contacts_12m_mean=_number(row["contacts_12m_mean"]),
        csat=_number(row["csat"]),
        csat_answers=int(row["csat_answers"] or 0),
        is_publishable=bool(row["is_publishable"]),
    )


def _model(row: Mapping[str, Any]) -> RelationshipModel:
    return RelationshipModel(
        segment=int(row["value_segment"]),
        family=str(row["relational_family"]),
        wanted=_policy(row, "recommended"),
        practised=_policy(row, "practised"),
        gap=_names(row["gap"]),
        customers=int(row["customers"]),
        satisfaction=_number(row["satisfaction"]),
        satisfaction_low=_number(row["satisfaction_low"]),
        satisfaction_high=_number(row["satisfaction_high"]),
        answers=int(row["answers"] or 0),
        is_publishable=bool(row["is_publishable"]),
        because=_text(row["because"]),
    )


def _policy(row: Mapping[str, Any], kind: str) -> ContactPolicy:
    return ContactPolicy(
        distance=_text(row[f"{kind}_distance"]),
        tempo=_text(row[f"{kind}_tempo"]),
        frequency=_number(row[f"{kind}_frequency"]),
        proactivity=_text(row[f"{kind}_proactivity"]),
        reply_within_hours=_number(row[f"{kind}_reply_within_hours"]),
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
        diagnostics=_diagnostics(_text(row["diagnostics"])),
        reason=_text(row["reason"]),
    )


def _after(row: Mapping[str, Any]) -> AfterContact:
    return AfterContact(
        month=row["period_start"],
        segment=int(row.get("value_segment", TOTAL)),
        channel=str(row.get("channel", ALL)),
        window_days=int(row["window_days"]),
        dimension=_text(row.get("dimension")),
        member=_text(row.get("member")),
        contacts=int(row["contacts_mature"]),
        contacts_repurchasing=int(row["contacts_repurchasing"]),
        amount=row["observed_amount"],
        margin=row["observed_margin"],
        amount_without_margin=row["amount_without_margin"],
        cost=row["contact_cost"],
        contacts_costed=int(row["contacts_costed"]),
        pending=row["pending_amount"],
        immature_count=int(row["immature_count"]),
        is_publishable=bool(row["is_publishable"]),
    )


def _increment(row: Mapping[str, Any]) -> Increment:
    return Increment(
        quarter=row["period_start"],
        segment=int(row["value_segment"]),
        window_days=int(row["window_days"]),
        method=str(row["method"]),
        is_estimated=row["verdict"] == "estimated",
        reason=_text(row["reason"]),
        rate=_interval(row, "incremental_rate"),
        per_customer=_interval(row, "incremental_amount_per_customer"),
        amount=_interval(row, "incremental_amount"),
        margin=_interval(row, "incremental_margin"),
        cost=row["contact_cost"],
        net=_interval(row, "incremental_net_margin"),
        treated=int(row["treated"]),
        kept=int(row["treated_kept"]),
        kept_share=_number(row["kept_share"]),
        controls=int(row["controls"]),
        effective_sample=_number(row["effective_sample"]),
        worst_balance=_number(row["worst_balance"]),
        placebo_alarm=row["placebo_alarm"],
        negative_control_alarm=row["negative_control_alarm"],
        sensitivity=_number(row["sensitivity"]),
        sensitivity_of_interval=_number(row["sensitivity_of_interval"]),
        immature_count=int(row["immature_count"]),
        is_publishable=bool(row["is_publishable"]),
    )


def _rescue(row: Mapping[str, Any]) -> Rescue:
    return Rescue(
        month=row["period_start"],
        segment=int(row["value_segment"]),
        contacted=int(row["at_risk_contacted"]),
        retained=int(row["retained"]),
        retained_rate=_number(row["retained_rate"]),
        retained_low=_number(row["retained_rate_low"]),
        retained_high=_number(row["retained_rate_high"]),
        scored=int(row["scored_contacted"]),
        scored_rate=_number(row["scored_retained_rate"]),
        expected_rate=_number(row["expected_retained_rate"]),
        estimated_contacted=int(row["estimated_contacted"] or 0),
        rescued=_interval(row, "incremental_retained"),
        subscribers_contacted=int(row["subscribers_contacted"]),
        secured=_interval(row, "secured_revenue"),
        billed=_decimal(row["billed_revenue"]),
        reversed=_decimal(row["reversed_revenue"]),
        immature_count=int(row["immature_count"]),
        is_publishable=bool(row["is_publishable"]),
        is_estimated=row["verdict"] == "estimated",
        reason=_text(row["reason"]),
    )


def _risk(row: Mapping[str, Any]) -> RiskCount:
    return RiskCount(str(row["churn_kind"]), int(row["customers"]), int(row["held_out"]))


def _state(row: Mapping[str, Any]) -> PeriodState:
    return PeriodState(
        kpi=str(row["kpi"]),
        grain=str(row["period_grain"]),
        start=row["period_start"],
        is_complete=bool(row["is_complete"]),
        is_restated=bool(row["is_restated"]),
    )


def _interval(row: Mapping[str, Any], name: str) -> Interval | None:
    """An estimate with both ends; None where any of the three is not known."""
    ends = [_decimal(row[name + end]) for end in ("", "_low", "_high")]
    value, low, high = ends
    return None if value is None or low is None or high is None else Interval(value, low, high)


def _decimal(value: Any) -> Decimal | None:
    """A decimal of a decimal, or of the shortest text of a finite float."""
    if value is None or isinstance(value, Decimal):
        return value
    number = _number(value)
    return None if number is None else Decimal(repr(number))


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
    return tuple(line.strip() for line in _text(value).splitlines() if line.strip())


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
