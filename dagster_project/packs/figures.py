"""What a pack says of each KPI: which month, against what, with which caveat.

Here: pure functions from published records to a report that page, workbook and terminal all show. Not here: reading
(`reading.py`), typography (`formats.py`), layout. No KPI is computed: the only arithmetic is the change between two
published values of one series.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from dagster_project.packs.reading import (
    TOTAL,
    Cell,
    Definition,
    Direction,
    FeedReadiness,
    Publication,
    Published,
    Verdict,
)

# The order of the story; a topic that is not named here follows, and nothing of a publication is hidden.
TOPICS: tuple[str, ...] = ("service", "satisfaction", "value")
# Best first, as a reader scans; the total leads because it is the only cell that is not exploratory.
SEGMENTS: tuple[int, ...] = (TOTAL, 5, 4, 3, 2, 1, 0, -2)
TREND_MONTHS = 24
MONTHS_OF_QUARTER = 3
# A month counts as complete for a KPI when at most this share of its events still waits for its window: without the
# tolerance a single case that stays open would hold back a month for ever.
SETTLED_SHARE = 0.05


@dataclass(frozen=True)
class Change:
    """A value against the period before.

    `absolute` is in the KPI's unit, `relative` is a share of the previous value (None for units where it misleads, or
    when the previous value is zero). `is_favourable` is None where the KPI has no better side, nothing moved, the
    uncertainty of a sampled figure is not known (a percentile), or the move is `is_steady`: smaller than the uncertainty
    of both months together.
    """

    absolute: float
    relative: float | None
    is_favourable: bool | None
    is_steady: bool


@dataclass(frozen=True)
class KpiFigures:
    """One KPI of the report. `current` is None when there is nothing to show; `month` is then None too.

    `is_quarter`: `month` and those of the trend are the first ones of quarters.

    `trend` is the total series, one entry for every month from the first to the last known one, None where the
    publication has no row. `partial_until`: the last day covered, where `month` is not complete for its feeds because
    they hold no complete one.
    """

    definition: Definition
    topic: str
    verdict: Verdict
    reasons: tuple[str, ...]
    month: date | None
    partial_until: date | None
    current: Cell | None
    previous: Cell | None
    change: Change | None
    trend: tuple[tuple[date, Cell | None], ...]
    segments: Mapping[int, Cell]
    is_quarter: bool = False

    @property
    def is_shown(self) -> bool:
        """Whether a number may be printed at all."""
        return self.verdict != "unavailable" and self.current is not None

    @property
    def status(self) -> str | None:
        """One of on_target, watch, alert, not_publishable, unavailable, no_month; None without a target.

        `unavailable` is readiness's word; `no_month`: the KPI can be had, but no complete month of it is published.
        """
        if self.verdict == "unavailable":
            return "unavailable"
        if self.current is None:
            return "no_month"
        if not self.current.is_publishable:
            return "not_publishable"
        return self.current.status


@dataclass(frozen=True)
class FeedFigures:
    """One feed, over all the KPIs that need it. `last_day` is the last day that it covers, company time."""

    feed: str
    is_present: bool
    is_fresh: bool | None
    history_days: int | None
    last_day: date | None
    kpis: int


@dataclass(frozen=True)
class Report:
    """Everything that a pack shows, in reading order. `reference_month`: first day of the last complete month.

    `last_day`: the last day that every required feed covers (the publication's `data_horizon`, in company time). How far
    each feed reaches stands in `feeds`.
    """

    publication: Publication
    reference_month: date
    open_month: date | None
    last_day: date | None
    kpis: tuple[KpiFigures, ...]
    feeds: tuple[FeedFigures, ...]
    segment_labels: Mapping[int, str]

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics that have a KPI, in reading order."""
        return tuple(dict.fromkeys(kpi.topic for kpi in self.kpis))

    def of_topic(self, topic: str) -> tuple[KpiFigures, ...]:
        """The KPIs of a topic, headline ones first."""
        return tuple(kpi for kpi in self.kpis if kpi.topic == topic)

    def of_verdict(self, verdict: Verdict) -> tuple[KpiFigures, ...]:
        """The KPIs of a verdict."""
        return tuple(kpi for kpi in self.kpis if kpi.verdict == verdict)

    @property
    def headlines(self) -> tuple[KpiFigures, ...]:
        """The KPIs that were fixed in advance as the ones to look at."""
        return tuple(kpi for kpi in self.kpis if kpi.definition.is_headline)

    @property
    def segmented(self) -> tuple[KpiFigures, ...]:
        """The KPIs with a value of at least one segment; of several variants of one measure only the headline ones.

        Volumes are left out: their share of the total says how many customers a segment has, not how it is served.
        """
        return tuple(
            kpi
            for kpi in self.kpis
            if kpi.is_shown
            and (kpi.definition.is_headline or (kpi.definition.unit != "count" and not _is_variant(kpi.definition.kpi)))
            and any(member != TOTAL and cell.value is not None for member, cell in kpi.segments.items())
        )


def build_report(published: Published, time_zone: str) -> Report:
    """The report of one publication; `time_zone` is the company's (an instant becomes a day in it)."""
    as_of = published.publication.as_of_date
    horizon = published.publication.data_horizon
    last_day = None if horizon is None else last_covered_day(horizon, time_zone)
    # an as-of date after the data makes no month complete that they do not hold
    reference = last_complete_month(as_of if last_day is None else min(as_of, last_day))
    totals: dict[str, dict[date, Cell]] = {}
    by_segment: dict[tuple[str, date], dict[int, Cell]] = {}
    for cell in published.cells:
        if cell.segment == TOTAL:
            totals.setdefault(cell.kpi, {})[cell.month] = cell
        by_segment.setdefault((cell.kpi, cell.month), {})[cell.segment] = cell
    readiness: dict[str, list[FeedReadiness]] = {}
    for row in published.readiness:
        readiness.setdefault(row.kpi, []).append(row)
    kpis = [
        _kpi(
            definition,
            readiness.get(definition.kpi, []),
            totals.get(definition.kpi, {}),
            by_segment,
            reference,
            time_zone,
        )
        for definition in published.definitions
    ]
    feeds = _feeds(published.readiness, time_zone)
    return Report(
        publication=published.publication,
        reference_month=reference,
        open_month=None if is_last_day_of_month(as_of) else as_of.replace(day=1),
        last_day=last_day,
        kpis=tuple(sorted(kpis, key=_reading_key)),
        feeds=feeds,
        segment_labels=published.segment_labels,
    )


def is_last_day_of_month(day: date) -> bool:
    """Whether the month of `day` is complete at its end."""
    return (day + timedelta(days=1)).day == 1


def last_complete_month(as_of: date) -> date:
    """First day of the last month that ends on or before `as_of`."""
    return as_of.replace(day=1) if is_last_day_of_month(as_of) else months_after(as_of, -1)


def months_after(month: date, count: int) -> date:
    """First day of the month that is `count` months after the month of `month` (before it where negative)."""
    years, rest = divmod(month.month - 1 + count, 12)
    return date(month.year + years, rest + 1, 1)


def months_between(first: date, last: date, step: int = 1) -> list[date]:
    """First days of the months from `first` to `last`, both included, every `step` months back from the last."""
    months = []
    month = last
    while month >= first:
        months.append(month)
        month = months_after(month, -step)
    return months[::-1]


def last_covered_day(horizon: datetime, time_zone: str) -> date:
    """The last whole day before an exclusive end (naive UTC), in the company's time zone."""
    local = horizon.replace(tzinfo=UTC).astimezone(ZoneInfo(time_zone))
    return (local - timedelta(microseconds=1)).date()


def is_settled(cell: Cell) -> bool:
    """Whether a month's figure will hardly move: few of its events still wait for their window."""
    events = (cell.sample_size or 0) + cell.immature_count
    return cell.immature_count == 0 or cell.immature_count <= SETTLED_SHARE * events


def change_between(current: Cell, previous_value: float | None, previous: Cell | None, direction: Direction) -> Change | None:
    """The change from the month before; None where either side is missing or may not be published.

    `previous_value` is what the publication says; `previous` is the row of that month, for its interval. Two
    half-widths add in quadrature: the samples of two months are treated as independent.
    """
    if current.value is None or previous_value is None or not current.is_publishable:
        return None
    if previous is not None and not previous.is_publishable:
        return None
    absolute = current.value - previous_value
    relative = None
    if current.unit in {"count", "currency", "seconds"} and previous_value > 0:
        relative = absolute / previous_value
    margin = _margin(current, previous)
    is_steady = absolute != 0 and margin is not None and abs(absolute) <= margin
    is_favourable = None
    is_judged = margin is not None or current.unit in {"count", "currency"}
    if absolute != 0 and not is_steady and is_judged and direction != "none":
        is_favourable = (absolute > 0) == (direction == "up")
    return Change(absolute, relative, is_favourable, is_steady)


def against_total(cell: Cell, total: Cell | None) -> Literal["above", "below"] | None:
    """Whether a segment's interval excludes the value of the total; None without both, or where not publishable."""
    if total is None or total.value is None or not cell.is_publishable or not total.is_publishable:
        return None
    if cell.interval_low is None or cell.interval_high is None:
        return None
    if cell.interval_low > total.value:
        return "above"
    return "below" if cell.interval_high < total.value else None


def shade(cell: Cell, row: Iterable[Cell]) -> int:
    """Depth of the ground of a cell, 0 to 4, between the smallest and the largest publishable value of its row."""
    return depth(cell.value if cell.is_publishable else None, [other.value for other in row if other.is_publishable])


def depth(value: float | None, others: Iterable[float | None]) -> int:
    """Depth of a ground, 0 to 4, of a value between the smallest and the largest of several (itself among them)."""
    values = [other for other in others if other is not None]
    if value is None or len(values) < 2 or max(values) == min(values):
        return 0
    return min(4, int(5 * (value - min(values)) / (max(values) - min(values))))


def _kpi(
    definition: Definition,
    readiness: list[FeedReadiness],
    totals: Mapping[date, Cell],
    by_segment: Mapping[tuple[str, date], Mapping[int, Cell]],
    reference: date,
    time_zone: str,
) -> KpiFigures:
    verdict, reasons = _verdict(readiness, totals.values())
    covered = min((last_covered_day(row.horizon_at, time_zone) for row in readiness if row.horizon_at), default=date.max)
    last = min(reference, last_complete_month(covered)) if covered < date.max else reference
    valued = {} if verdict == "unavailable" else {month: cell for month, cell in totals.items() if cell.value is not None}
    is_quarter = any(cell.is_quarter for cell in totals.values())
    length = MONTHS_OF_QUARTER if is_quarter else 1
    over = {month: cell for month, cell in valued.items() if months_after(month, length - 1) <= last}
    # where no month has all its history the last one is shown, and says so
    known = {month: cell for month, cell in over.items() if cell.is_complete} or over
    partial_until = None
    # A single wave of answers that ends the day before its month does would else never be seen.
    partial = covered.replace(day=1)
    if not known and not is_quarter and partial <= reference and partial in valued:
        known = {partial: valued[partial]}
        partial_until = covered
    settled = [month for month, cell in known.items() if is_settled(cell)]
    month = max(settled or known, default=None)
    current = known.get(month) if month else None
    previous = totals.get(months_after(month, -length)) if month else None
    change = change_between(current, current.previous_value, previous, definition.direction) if current else None
    first = max(min(known), months_after(max(known), -(TREND_MONTHS - length))) if known else last
    return KpiFigures(
        definition=definition,
        topic=definition.topic,
        verdict=verdict,
        reasons=reasons,
        month=month,
        partial_until=partial_until,
        current=current,
        previous=previous,
        change=change,
        trend=tuple((each, known.get(each)) for each in months_between(first, max(known), length)) if known else (),
        segments=by_segment.get((definition.kpi, month), {}) if month else {},
        is_quarter=is_quarter,
    )


def _verdict(readiness: list[FeedReadiness], totals: Iterable[Cell]) -> tuple[Verdict, tuple[str, ...]]:
    """The worst verdict over the feeds, with the reasons of every feed that is not ready (the worst ones first)."""
    if any(cell.status == "unavailable" for cell in totals) or not readiness:
        worst: Verdict = "unavailable"
    else:
        verdicts = {row.verdict for row in readiness}
        worst = "unavailable" if "unavailable" in verdicts else "degraded" if "degraded" in verdicts else "ready"
    order = {"unavailable": 0, "degraded": 1}
    # why it is impossible; what would beside that be thin helps nobody
    shown = {"unavailable"} if any(row.verdict == "unavailable" for row in readiness) else {"degraded"}
    bad = sorted((row for row in readiness if row.verdict in shown), key=lambda row: (order[row.verdict], row.feed))
    # where a feed is not there, what the others lack for it helps nobody either
    if worst == "unavailable" and any(not row.is_present for row in bad):
        bad = [row for row in bad if not row.is_present]
    return worst, tuple(dict.fromkeys(row.reason for row in bad if row.reason))


def _reading_key(kpi: KpiFigures) -> tuple[int, str, bool, int, str]:
    order = TOPICS.index(kpi.topic) if kpi.topic in TOPICS else len(TOPICS)
    return order, kpi.topic, not kpi.definition.is_headline, kpi.definition.position, kpi.definition.kpi


def _is_variant(code: str) -> bool:
    """Whether the KPI is one of several treatments or windows of a measure (they would repeat a row of segments)."""
    stem, _, last = code.rpartition("_")
    return code.startswith("service_level_") or (bool(stem) and last.isdigit())


def _margin(current: Cell, previous: Cell | None) -> float | None:
    """Half-width of the uncertainty of the difference; None where a side has no interval."""
    if previous is None or current.interval_low is None or current.interval_high is None:
        return None
    if previous.interval_low is None or previous.interval_high is None:
        return None
    return math.hypot((current.interval_high - current.interval_low) / 2, (previous.interval_high - previous.interval_low) / 2)


def _feeds(readiness: Iterable[FeedReadiness], time_zone: str) -> tuple[FeedFigures, ...]:
    by_feed: dict[str, list[FeedReadiness]] = {}
    for row in readiness:
        by_feed.setdefault(row.feed, []).append(row)
    return tuple(
        FeedFigures(
            feed=feed,
            is_present=any(row.is_present for row in rows),
            is_fresh=_all_known([row.is_fresh for row in rows]),
            history_days=max((row.history_days for row in rows if row.history_days is not None), default=None),
            last_day=max(
                (last_covered_day(row.horizon_at, time_zone) for row in rows if row.horizon_at is not None),
                default=None,
            ),
            kpis=len({row.kpi for row in rows}),
        )
        for feed, rows in sorted(by_feed.items())
    )


def _all_known(values: list[bool | None]) -> bool | None:
    known = [value for value in values if value is not None]
    return all(known) if known else None
