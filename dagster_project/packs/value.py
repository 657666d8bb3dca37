"""What the page of the value says: euros after contacts, because of the service, net of cost, customers kept, changes.

Here: pure functions from published records to what page and workbook both show. Not here: reading (`reading_value.py`),
words and layout (`value_html.py`). The only arithmetic: sums over the months of a quarter of what adds (contacts, credited
amounts, margins, costs), amounts per contact, and the exact split of a change. Customers, intervals and figures of
different windows are never added, and no figure of one kind of euros to one of another.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, TypeVar

from dagster_project.packs.figures import SETTLED_SHARE, months_after
from dagster_project.packs.reading import ALL, TOTAL
from dagster_project.packs.reading_value import (
    AfterContact,
    Increment,
    Interval,
    PeriodState,
    Rescue,
    RiskCount,
    ValueTables,
)

WINDOW = 60
WINDOWS = (30, 60, 90)
CENT = Decimal("0.01")
# Estimated customers are no whole ones.
TENTH = Decimal("0.1")
# As a table reads: who the customer is, what the matter was, who answered.
DIMENSIONS: tuple[str, ...] = ("relational_family", "reason", "queue", "team")

FigureName = Literal["after", "because", "net", "retained", "rescued", "secured"]
Trust = Literal["alarm", "small", "open", "hold_out", "unchecked", "care", "none"]
# Why there is no comparison with the period before.
NoChange = Literal["no_period", "no_previous", "immature", "not_estimable", "other_method", "small"]
KPIS: Mapping[FigureName, str] = {
    "after": "repurchase_amount_60",
    "because": "repurchase_increment_amount_60",
    "net": "repurchase_increment_net_margin_60",
    "retained": "retained_after_contact_rate",
    "rescued": "rescued_customers",
    "secured": "secured_revenue",
}
Member = TypeVar("Member", bound=int | str)


@dataclass(frozen=True)
class Split:
    """A change as three parts that add up to it exactly.

    `volume`: what the number alone would have brought, at the composition and the rates of before. `mix`: what the shares
    of the members brought, at the rates of before; a member of one period only has no rate to compare and counts here. `rate`: the rest, what each
    member brought more or less per unit.
    """

    before: Decimal
    after: Decimal
    volume: Decimal
    mix: Decimal
    rate: Decimal

    @property
    def change(self) -> Decimal:
        """The whole change."""
        return self.after - self.before


def split_change(
    before: Mapping[Member, tuple[int, Decimal]], after: Mapping[Member, tuple[int, Decimal]], step: Decimal = CENT
) -> Split | None:
    """Split the change of a sum over members (segments), each given as its number of units and its value.

    With N units, share m and value per unit r of each member: volume = (N1 - N0) Σ m0 r0, mix = N1 Σ (m1 - m0) r0,
    rate = N1 Σ m1 (r1 - r0). A member without units before has no r0: it takes its own r1, so that it has no part in
    the rate. Every amount is rounded to `step`, and the rate takes what rounding leaves (at most one step), so that the parts
    add up to the change of the rounded sums. None where there was no unit before.

    By hand: 100 contacts of A at 10 and 100 of B at 30 (4,000), then 90 of A at 12 and 210 of B at 28 (6,960): half as
    many contacts again bring 2,000 (volume), more of them of B 1,200 (mix), and the amounts per contact -240 (rate).
    """
    units_before = sum(units for units, _ in before.values())
    units_after = sum(units for units, _ in after.values())
    if not units_before:
        return None
    sum_before = sum((value for _, value in before.values()), Decimal(0))
    sum_after = sum((value for _, value in after.values()), Decimal(0))
    at_rates_before = Decimal(0)
    for member, (units, value) in after.items():
        former_units, former_value = before.get(member, (0, Decimal(0)))
        at_rates_before += former_value * units / former_units if former_units else value
    at_volume = sum_before * units_after / units_before
    first, last = _rounded(sum_before, step), _rounded(sum_after, step)
    volume, mix = _rounded(at_volume - sum_before, step), _rounded(at_rates_before - at_volume, step)
    return Split(first, last, volume, mix, last - first - volume - mix)


@dataclass(frozen=True)
class Sum:
    """What adds over the months of a quarter. None where nothing is known of it."""

    contacts: int
    contacts_repurchasing: int
    amount: Decimal | None
    margin: Decimal | None
    cost: Decimal | None
    contacts_costed: int
    immature_count: int
    is_publishable: bool

    @property
    def is_settled(self) -> bool:
        """Whether hardly a contact still waits for its window."""
        return _is_settled(self.immature_count, self.contacts)


@dataclass(frozen=True)
class Observed:
    """What was bought after the contacts of a quarter, within `WINDOW` days, by (segment, channel), totals among them.

    `is_complete`: the feeds cover all three months; `is_settled`: hardly a contact still waits for its window.
    """

    quarter: date
    cells: Mapping[tuple[int, str], Sum]
    is_complete: bool
    is_settled: bool
    is_restated: bool

    @property
    def total(self) -> Sum | None:
        """All contacts of the quarter."""
        return self.cells.get((TOTAL, ALL))

    @property
    def segments(self) -> dict[int, tuple[int, Decimal]]:
        """Contacts and amount by segment; they add up to the total."""
        found = {
            segment: (cell.contacts, cell.amount)
            for (segment, channel), cell in self.cells.items()
            if segment != TOTAL and channel == ALL and cell.amount is not None
        }
        total = self.total
        return found if total is None or total.amount is None else _with_rest(found, total.contacts, total.amount)


@dataclass(frozen=True)
class Estimate:
    """What was bought because of the contacts of a quarter, one window: the hold-out where it is estimated, else the estimate.

    `chosen`: its rows by segment, total among them; `other`: the total by the method that was not chosen, where there is one.
    """

    quarter: date
    window_days: int
    chosen: Mapping[int, Increment]
    other: Increment | None
    is_complete: bool
    is_restated: bool

    @property
    def total(self) -> Increment:
        """The row that speaks of all segments."""
        return self.chosen[TOTAL]

    @property
    def is_settled(self) -> bool:
        """Whether hardly a customer still waits for the end of the window."""
        return _is_settled(self.total.immature_count, self.total.treated)

    def segments(self, name: FigureName) -> dict[int, tuple[int, Decimal]]:
        """Customers and value by estimated segment; they add up to the total."""
        found = {
            segment: (row.kept, interval.value)
            for segment, row in self.chosen.items()
            if segment != TOTAL and (interval := estimate_of(row, name)) is not None
        }
        total = estimate_of(self.total, name)
        return found if total is None else _with_rest(found, self.total.kept, total.value)


@dataclass(frozen=True)
class Kept:
    """What became of customers at risk who were contacted in a month, by segment, total among them."""

    month: date
    rows: Mapping[int, Rescue]
    is_complete: bool
    is_restated: bool

    @property
    def total(self) -> Rescue:
        """All of them."""
        return self.rows[TOTAL]

    @property
    def is_settled(self) -> bool:
        """Whether hardly a customer still waits for the 90 days."""
        return _is_settled(self.total.immature_count, self.total.contacted)

    def segments(self, name: FigureName) -> dict[int, tuple[int, Decimal]]:
        """Units and value by segment, and the rest of the total."""
        total = _kept_value(self.total, name)
        if total is None:
            return {}
        found = {
            segment: part
            for segment, row in self.rows.items()
            if segment != TOTAL and (part := _kept_value(row, name)) is not None
        }
        return _with_rest(found, *total)


@dataclass(frozen=True)
class Figure:
    """One headline figure: its period (first day), value, and the change since the period before or why there is none.

    `is_steady`: the change is within the uncertainty of both periods together; None where a period has no interval.
    `alarmed`: the periods of the comparison whose figure has an alarm. `has_other_members`: whether other segments could be
    estimated before.
    """

    name: FigureName
    period: date | None
    value: Decimal | None
    interval: Interval | None
    is_publishable: bool
    is_restated: bool
    previous: date | None
    split: Split | None
    no_change: NoChange | None
    is_steady: bool | None
    alarmed: tuple[date, ...] = ()
    has_other_members: bool = False


@dataclass(frozen=True)
class DetailRow:
    """What was bought after the contacts of one member of a dimension, in the quarter."""

    member: str
    sum: Sum


@dataclass(frozen=True)
class ValueReport:
    """Everything that the page of the value shows. `quarter`, `month`: of the earned and of the kept figures.

    `estimates`: of the window of the headline, newest quarter first; `windows`: of `quarter`, by window.
    `observed_windows`: amounts after contacts of `quarter`, by window. `pending`: what was bought after contacts whose window is not over.
    `missing`: the tables that the publication has not.
    """

    quarter: date | None
    month: date | None
    observed: Observed | None
    estimate: Estimate | None
    kept: Kept | None
    figures: Mapping[FigureName, Figure]
    estimates: tuple[Estimate, ...]
    quarters_observed: Mapping[date, Observed]
    windows: Mapping[int, Estimate]
    observed_windows: Mapping[int, Sum]
    detail: Mapping[str, tuple[DetailRow, ...]]
    risks: tuple[RiskCount, ...]
    pending: Decimal
    missing: frozenset[str]
    channels: Mapping[str, str] = field(default_factory=dict)

    @property
    def last_estimated(self) -> Estimate | None:
        """The newest complete quarter that could be estimated, where that of the page could not."""
        if self.estimate is not None and self.estimate.total.is_estimated:
            return None
        return next(
            (
                each
                for each in self.estimates
                if each.total.is_estimated
                and each.is_complete
                and each.is_settled
                and (self.quarter is None or each.quarter <= self.quarter)
            ),
            None,
        )

    @property
    def trust(self) -> Trust:
        """Whether the figures because of the service may be relied on."""
        if self.estimate is None or not self.estimate.total.is_estimated:
            return "none"
        total = self.estimate.total
        headline = total.net or total.amount
        if has_alarm(total):
            return "alarm"
        if not total.is_publishable:
            return "small"
        if headline is None or headline.low <= 0 <= headline.high:
            return "open"
        if total.method == "hold_out":
            return "hold_out"
        if total.placebo_alarm is None or total.negative_control_alarm is None:
            return "unchecked"
        return "care"


def has_alarm(row: Increment) -> bool:
    """Whether a check found an effect where there can be none."""
    return bool(row.placebo_alarm) or bool(row.negative_control_alarm)


def estimate_of(row: Increment, name: FigureName) -> Interval | None:
    """The estimate of a headline figure in a row: the amount, or what is left of the margin after the cost."""
    return row.amount if name == "because" else row.net


def quarter_of(day: date) -> date:
    """First day of the calendar quarter of `day`."""
    return date(day.year, day.month - (day.month - 1) % 3, 1)


def quarter_before(day: date) -> date:
    """First day of the quarter before that of `day`."""
    return months_after(quarter_of(day), -3)


def months_of(quarter: date) -> tuple[date, date, date]:
    """First days of the three months of a quarter."""
    first, second, third = (date(quarter.year, quarter.month + offset, 1) for offset in range(3))
    return first, second, third


def build_value_report(tables: ValueTables, as_of: date) -> ValueReport:
    """The report of one publication as of `as_of`."""
    states = {(state.kpi, state.grain, state.start): state for state in tables.states}
    observed = _observed([row for row in tables.after or () if row.window_days == WINDOW], states)
    estimates = _estimates(tables.increments or (), states)
    of_window = {each.quarter: each for each in estimates if each.window_days == WINDOW}
    ready = [each.quarter for each in observed.values() if each.is_complete and each.is_settled]
    ready += [each.quarter for each in of_window.values() if each.is_complete and each.is_settled] if not ready else []
    quarter = max((each for each in ready if each <= as_of), default=None)
    kept = _kept(tables.rescues or (), states)
    month = max((each.month for each in kept.values() if each.is_complete and each.is_settled), default=None)
    found = {
        "repurchase_after_contact": tables.after,
        "repurchase_after_contact_detail": tables.detail,
        "repurchase_increment": tables.increments,
        "churn_rescues": tables.rescues,
        "churn_risks": tables.risks,
    }
    after = [row for row in tables.after or () if quarter and row.month in months_of(quarter) and _is_total(row)]
    return ValueReport(
        quarter=quarter,
        month=month,
        observed=observed.get(quarter) if quarter else None,
        estimate=of_window.get(quarter) if quarter else None,
        kept=kept.get(month) if month else None,
        figures={
            "after": _after_figure(quarter, observed),
            "because": _estimate_figure("because", quarter, of_window),
            "net": _estimate_figure("net", quarter, of_window),
            "retained": _kept_figure("retained", month, kept),
            "rescued": _kept_figure("rescued", month, kept),
            "secured": _kept_figure("secured", month, kept),
        },
        estimates=tuple(sorted(of_window.values(), key=lambda each: each.quarter, reverse=True)),
        quarters_observed=observed,
        windows={each.window_days: each for each in estimates if each.quarter == quarter},
        observed_windows={
            window: _sum([row for row in after if row.window_days == window])
            for window in WINDOWS
            if any(row.window_days == window for row in after)
        },
        detail=_detail(tables.detail or (), quarter),
        risks=tables.risks or (),
        pending=sum((row.pending for row in tables.after or () if row.window_days == WINDOW and _is_total(row)), Decimal(0)),
        missing=frozenset(name for name, rows in found.items() if rows is None),
        channels=tables.channels,
    )


def _rounded(value: Decimal, step: Decimal) -> Decimal:
    return value.quantize(step, rounding="ROUND_HALF_UP")


def _with_rest(found: dict[int, tuple[int, Decimal]], units: int, value: Decimal) -> dict[int, tuple[int, Decimal]]:
    """The members, and as one more (`TOTAL`) what they leave of the total: those too few to be told apart."""
    rest = units - sum(count for count, _ in found.values()), value - sum((part for _, part in found.values()), Decimal(0))
    return found | ({TOTAL: rest} if any(rest) else {})


def _is_settled(immature: int, mature: int) -> bool:
    return immature <= SETTLED_SHARE * (immature + mature)


def _is_total(row: AfterContact) -> bool:
    return row.segment == TOTAL and row.channel == ALL


def _added(values: Iterable[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known, Decimal(0)) if known else None


def _sum(rows: Sequence[AfterContact]) -> Sum:
    """The sum over months. A quarter has at least as many customers as its largest month: one that may be published is enough."""
    return Sum(
        contacts=sum(row.contacts for row in rows),
        contacts_repurchasing=sum(row.contacts_repurchasing for row in rows),
        amount=_added(row.amount for row in rows),
        margin=_added(row.margin for row in rows),
        cost=_added(row.cost for row in rows),
        contacts_costed=sum(row.contacts_costed for row in rows),
        immature_count=sum(row.immature_count for row in rows),
        is_publishable=any(row.is_publishable for row in rows),
    )


def _observed(rows: Sequence[AfterContact], states: Mapping[tuple[str, str, date], PeriodState]) -> dict[date, Observed]:
    by_quarter: dict[date, dict[tuple[int, str], list[AfterContact]]] = {}
    for row in rows:
        by_quarter.setdefault(quarter_of(row.month), {}).setdefault((row.segment, row.channel), []).append(row)
    found = {}
    for quarter, cells in by_quarter.items():
        sums = {cell: _sum(of_cell) for cell, of_cell in cells.items()}
        months = [states.get((KPIS["after"], "month", month)) for month in months_of(quarter)]
        total = sums.get((TOTAL, ALL))
        found[quarter] = Observed(
            quarter=quarter,
            cells=sums,
            is_complete=all(state is not None and state.is_complete for state in months),
            is_settled=total is not None and total.is_settled,
            is_restated=any(state is not None and state.is_restated for state in months),
        )
    return found


def _estimates(rows: Sequence[Increment], states: Mapping[tuple[str, str, date], PeriodState]) -> list[Estimate]:
    groups: dict[tuple[date, int], dict[str, dict[int, Increment]]] = {}
    for row in rows:
        groups.setdefault((row.quarter, row.window_days), {}).setdefault(row.method, {})[row.segment] = row
    found = []
    for (quarter, window), methods in groups.items():
        # as in the KPI table: what was drawn at random replaces what is estimated
        order = sorted(
            (method for method, of_method in methods.items() if TOTAL in of_method),
            key=lambda method: (not methods[method][TOTAL].is_estimated, method != "hold_out"),
        )
        if not order:
            continue
        # of two that are not estimated the comparison tells more than a hold-out that is too small
        if not methods[order[0]][TOTAL].is_estimated and "estimate" in order:
            order.sort(key=lambda method: method != "estimate")
        months = [states.get((KPIS["after"], "month", month)) for month in months_of(quarter)]
        state = states.get((f"repurchase_increment_amount_{window}", "quarter", quarter))
        covered = all(each is not None and each.is_complete for each in months)
        found.append(
            Estimate(
                quarter=quarter,
                window_days=window,
                chosen=methods[order[0]],
                other=methods[order[1]][TOTAL] if len(order) > 1 else None,
                is_complete=state.is_complete if state is not None else covered,
                is_restated=state is not None and state.is_restated,
            )
        )
    return found


def _kept(rows: Sequence[Rescue], states: Mapping[tuple[str, str, date], PeriodState]) -> dict[date, Kept]:
    by_month: dict[date, dict[int, Rescue]] = {}
    for row in rows:
        by_month.setdefault(row.month, {})[row.segment] = row
    found = {}
    for month, of_month in by_month.items():
        state = states.get((KPIS["retained"], "month", month))
        if TOTAL in of_month:
            is_complete = state is not None and state.is_complete
            found[month] = Kept(month, of_month, is_complete, state is not None and state.is_restated)
    return found


def _kept_value(row: Rescue, name: FigureName) -> tuple[int, Decimal] | None:
    """Units and value of a row: those at risk who were contacted and who stayed, or the estimate and whom it is about."""
    if name == "retained":
        return row.contacted, Decimal(row.retained)
    interval = row.rescued if name == "rescued" else row.secured
    units = row.estimated_contacted if name == "rescued" else row.subscribers_contacted
    return None if interval is None else (units, interval.value)


def _after_figure(quarter: date | None, observed: Mapping[date, Observed]) -> Figure:
    now = observed.get(quarter) if quarter else None
    total = now.total if now else None
    if quarter is None or now is None or total is None or total.amount is None:
        return _no_figure("after", quarter)
    before = observed.get(quarter_before(quarter))
    split: Split | None = None
    no_change: NoChange | None = None
    if before is None or before.total is None or before.total.amount is None:
        no_change = "no_previous"
    elif not (before.is_complete and before.is_settled):
        no_change = "immature"
    elif not (total.is_publishable and before.total.is_publishable):
        no_change = "small"
    else:
        split = split_change(before.segments, now.segments)
    return Figure(
        name="after",
        period=quarter,
        value=total.amount,
        interval=None,
        is_publishable=total.is_publishable,
        is_restated=now.is_restated,
        previous=before.quarter if before else None,
        split=split,
        no_change=no_change if split is None else None,
        is_steady=None,
    )


def _estimate_figure(name: FigureName, quarter: date | None, estimates: Mapping[date, Estimate]) -> Figure:
    now = estimates.get(quarter) if quarter else None
    interval = estimate_of(now.total, name) if now else None
    if quarter is None or now is None or interval is None:
        return _no_figure(name, quarter)
    before = estimates.get(quarter_before(quarter))
    former = estimate_of(before.total, name) if before else None
    split: Split | None = None
    no_change: NoChange | None = None
    if before is None:
        no_change = "no_previous"
    elif not (before.is_complete and before.is_settled):
        no_change = "immature"
    elif former is None:
        no_change = "not_estimable"
    elif before.total.method != now.total.method:
        # as in the KPI table: who was drawn at random is not who was compared
        no_change = "other_method"
    elif not (now.total.is_publishable and before.total.is_publishable):
        no_change = "small"
    else:
        split = split_change(before.segments(name), now.segments(name))
    return Figure(
        name=name,
        period=quarter,
        value=interval.value,
        interval=interval,
        is_publishable=now.total.is_publishable,
        is_restated=now.is_restated,
        previous=before.quarter if before else None,
        split=split,
        no_change=no_change,
        is_steady=_is_steady(split, interval, former),
        alarmed=tuple(each.quarter for each in (before, now) if each is not None and has_alarm(each.total)),
        has_other_members=before is not None and before.segments(name).keys() != now.segments(name).keys(),
    )


def _kept_figure(name: FigureName, month: date | None, kept: Mapping[date, Kept]) -> Figure:
    now = kept.get(month) if month else None
    value = _kept_value(now.total, name) if now else None
    if month is None or now is None or value is None:
        return _no_figure(name, month)
    before = kept.get(months_after(month, -1))
    former = _kept_value(before.total, name) if before else None
    split: Split | None = None
    no_change: NoChange | None = None
    if before is None:
        no_change = "no_previous"
    elif not (before.is_complete and before.is_settled):
        no_change = "immature"
    elif former is None:
        no_change = "not_estimable"
    elif not (now.total.is_publishable and before.total.is_publishable):
        no_change = "small"
    else:
        split = split_change(before.segments(name), now.segments(name), CENT if name == "secured" else TENTH)
    interval = _kept_interval(now.total, name)
    return Figure(
        name=name,
        period=month,
        value=value[1],
        interval=interval,
        is_publishable=now.total.is_publishable,
        is_restated=now.is_restated,
        previous=before.month if before else None,
        split=split,
        no_change=no_change,
        is_steady=_is_steady(split, interval, _kept_interval(before.total, name) if before else None),
        has_other_members=name != "retained" and split is not None and _members(before, name) != _members(now, name),
    )


def _members(kept: Kept | None, name: FigureName) -> frozenset[int]:
    return frozenset(kept.segments(name)) if kept else frozenset()


def _kept_interval(row: Rescue, name: FigureName) -> Interval | None:
    return {"rescued": row.rescued, "secured": row.secured}.get(name)


def _no_figure(name: FigureName, period: date | None) -> Figure:
    return Figure(name, period, None, None, False, False, None, None, "no_period" if period is None else "not_estimable", None)


def _is_steady(split: Split | None, now: Interval | None, before: Interval | None) -> bool | None:
    """Half-widths add in quadrature: the samples of two periods are treated as independent."""
    if split is None or now is None or before is None:
        return None
    margin = math.hypot(float(now.high - now.low) / 2, float(before.high - before.low) / 2)
    return abs(float(split.change)) <= margin


def _detail(rows: Sequence[AfterContact], quarter: date | None) -> dict[str, tuple[DetailRow, ...]]:
    """By dimension, the largest amount first; members that may not be published last."""
    groups: dict[tuple[str, str], list[AfterContact]] = {}
    for row in rows:
        if quarter is not None and row.window_days == WINDOW and row.month in months_of(quarter):
            groups.setdefault((row.dimension, row.member), []).append(row)
    found: dict[str, list[DetailRow]] = {}
    for (dimension, member), of_member in groups.items():
        found.setdefault(dimension, []).append(DetailRow(member, _sum(of_member)))
    order = [*DIMENSIONS, *sorted(set(found) - set(DIMENSIONS))]
    return {
        dimension: tuple(
            sorted(found[dimension], key=lambda row: (not row.sum.is_publishable, -(row.sum.amount or 0), row.member))
        )
        for dimension in order
        if dimension in found
    }
