"""Reading the published tables about what the service brings in into plain records.

Here: `repurchase_after_contact` and its detail, `repurchase_increment`, `churn_rescues`, `channels`, the counts of
`churn_risks` and the states of periods in `kpi_values`, opened read-only. Not here: the other tables (`reading.py`), what
is made of them (`value.py`). Of the customers at risk nothing but counts is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.packs.reading import ALL, TOTAL, clean_text, finite, table_rows


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
    contacts: int
    contacts_costed: int
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
            return table_rows(connection, table, condition, columns) if table in names else None

        after = rows("repurchase_after_contact", f"value_segment, channel, {_AFTER_COLUMNS}")
        detail = rows("repurchase_after_contact_detail", f"dimension, member, {_AFTER_COLUMNS}")
        increments = rows("repurchase_increment", _INCREMENT_COLUMNS.format(language=language))
        rescues = rows("churn_rescues", _RESCUE_COLUMNS.format(language=language))
        risks = rows("churn_risks", _RISK_COLUMNS, "group by churn_kind")
        states = table_rows(connection, "kpi_values", "where value_segment = -1", _STATE_COLUMNS)
        channels = rows("channels", f"channel, label_{language} as label") or []
    return ValueTables(
        after=None if after is None else tuple(map(_after, after)),
        detail=None if detail is None else tuple(map(_after, detail)),
        increments=None if increments is None else tuple(map(_increment, increments)),
        rescues=None if rescues is None else tuple(map(_rescue, rescues)),
        risks=None if risks is None else tuple(map(_risk, risks)),
        states=tuple(map(_state, states)),
        channels={str(row["channel"]): clean_text(row["label"]) for row in channels},
    )


_AFTER_COLUMNS = """period_start, window_days, contacts_mature, contacts_repurchasing, observed_amount, observed_margin,
    contact_cost, contacts_costed, pending_amount, immature_count, is_publishable"""


_INCREMENT_COLUMNS = """period_start, value_segment, window_days, method, verdict, reason_{language} as reason,
    incremental_rate, incremental_rate_low, incremental_rate_high, incremental_amount_per_customer,
    incremental_amount_per_customer_low, incremental_amount_per_customer_high, incremental_amount, incremental_amount_low,
    incremental_amount_high, incremental_margin, incremental_margin_low, incremental_margin_high, contact_cost,
    incremental_net_margin, incremental_net_margin_low, incremental_net_margin_high, treated, treated_kept, kept_share,
    controls, effective_sample, contacts, contacts_costed, worst_balance, placebo_alarm, negative_control_alarm, sensitivity, sensitivity_of_interval,
    immature_count, is_publishable"""


_RESCUE_COLUMNS = """period_start, value_segment, at_risk_contacted, retained, retained_rate, retained_rate_low,
    retained_rate_high, scored_contacted, scored_retained_rate, expected_retained_rate, estimated_contacted,
    incremental_retained, incremental_retained_low, incremental_retained_high, subscribers_contacted, secured_revenue,
    secured_revenue_low, secured_revenue_high, billed_revenue, reversed_revenue, immature_count, is_publishable, verdict,
    reason_{language} as reason"""


# Customers are counted here and nowhere named.
_RISK_COLUMNS = "churn_kind, count(*) as customers, count(*) filter (where is_held_out) as held_out"


_STATE_COLUMNS = "kpi, period_grain, period_start, is_complete, is_restated"


def _after(row: Mapping[str, Any]) -> AfterContact:
    return AfterContact(
        month=row["period_start"],
        segment=int(row.get("value_segment", TOTAL)),
        channel=str(row.get("channel", ALL)),
        window_days=int(row["window_days"]),
        dimension=clean_text(row.get("dimension")),
        member=clean_text(row.get("member")),
        contacts=int(row["contacts_mature"]),
        contacts_repurchasing=int(row["contacts_repurchasing"]),
        amount=row["observed_amount"],
        margin=row["observed_margin"],
        cost=row["contact_cost"],
        contacts_costed=int(row["contacts_costed"] or 0),
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
        reason=clean_text(row["reason"]),
        rate=_interval(row, "incremental_rate"),
        per_customer=_interval(row, "incremental_amount_per_customer"),
        amount=_interval(row, "incremental_amount"),
        margin=_interval(row, "incremental_margin"),
        cost=row["contact_cost"],
        net=_interval(row, "incremental_net_margin"),
        treated=int(row["treated"]),
        kept=int(row["treated_kept"]),
        kept_share=finite(row["kept_share"]),
        controls=int(row["controls"]),
        effective_sample=finite(row["effective_sample"]),
        contacts=int(row["contacts"] or 0),
        contacts_costed=int(row["contacts_costed"] or 0),
        worst_balance=finite(row["worst_balance"]),
        placebo_alarm=row["placebo_alarm"],
        negative_control_alarm=row["negative_control_alarm"],
        sensitivity=finite(row["sensitivity"]),
        sensitivity_of_interval=finite(row["sensitivity_of_interval"]),
        immature_count=int(row["immature_count"]),
        is_publishable=bool(row["is_publishable"]),
    )


def _rescue(row: Mapping[str, Any]) -> Rescue:
    return Rescue(
        month=row["period_start"],
        segment=int(row["value_segment"]),
        contacted=int(row["at_risk_contacted"]),
        retained=int(row["retained"]),
        retained_rate=finite(row["retained_rate"]),
        retained_low=finite(row["retained_rate_low"]),
        retained_high=finite(row["retained_rate_high"]),
        scored=int(row["scored_contacted"]),
        scored_rate=finite(row["scored_retained_rate"]),
        expected_rate=finite(row["expected_retained_rate"]),
        estimated_contacted=int(row["estimated_contacted"] or 0),
        rescued=_interval(row, "incremental_retained"),
        subscribers_contacted=int(row["subscribers_contacted"]),
        secured=_interval(row, "secured_revenue"),
        billed=_decimal(row["billed_revenue"]),
        reversed=_decimal(row["reversed_revenue"]),
        immature_count=int(row["immature_count"]),
        is_publishable=bool(row["is_publishable"]),
        is_estimated=row["verdict"] == "estimated",
        reason=clean_text(row["reason"]),
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
    number = finite(value)
    return None if number is None else Decimal(repr(number))
