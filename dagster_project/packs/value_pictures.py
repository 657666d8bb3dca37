"""The pictures of the page of the value: where the observed euros come from, and estimates with their intervals.

Here: the heat map of segment by channel and the forests of segments and quarters, text for text. Not here: their markup
and colours (`templates/`), how an amount is said (`value_texts.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from dagster_project.packs.charts import nice_steps
from dagster_project.packs.customers_html import HeatCell, HeatMap, sentence
from dagster_project.packs.figures import SEGMENTS, depth
from dagster_project.packs.formats import UNKNOWN, Formats
from dagster_project.packs.reading import ALL, TOTAL
from dagster_project.packs.reading_value import Increment, Interval
from dagster_project.packs.value import Estimate, FigureName, ValueReport, estimate_of
from dagster_project.packs.value_texts import Texts, alarm_texts

MOST_QUARTERS = 8


FOREST_WIDTH = 240.0


FOREST_MARGIN = 6.0


# Labels of an axis collide below this distance, in units of the view box.
TICK_DISTANCE = 46.0


@dataclass(frozen=True)
class Bar:
    """An estimate and its interval on the axis of its forest, in units of the view box."""

    low: float
    high: float
    value: float


@dataclass(frozen=True)
class ForestRow:
    """One estimate as texts; `bar` is None, and `words` says why, where there is none."""

    label: str
    bar: Bar | None
    value: str
    interval: str
    customers: str
    extra: tuple[str, ...]
    words: str
    is_greyed: bool
    is_total: bool
    alarms: tuple[str, ...]


@dataclass(frozen=True)
class Forest:
    """Estimates with their intervals on one axis. `zero`: where nothing is lost or gained; `ticks`: position, label, anchor."""

    rows: tuple[ForestRow, ...]
    zero: float
    ticks: tuple[tuple[float, str, str], ...]


@dataclass(frozen=True)
class Axis:
    """The axis of a forest, in euros, from `low` to `high`; zero is on it."""

    low: float
    high: float

    def at(self, value: float) -> float:
        """A position in the view box."""
        return round(FOREST_MARGIN + (value - self.low) / (self.high - self.low) * (FOREST_WIDTH - 2 * FOREST_MARGIN), 1)

    def ticks(self, formats: Formats) -> tuple[tuple[float, str, str], ...]:
        """Both ends and zero: position, label, and where the label is anchored; an end too near to zero has none."""
        ends = [(self.low, "start"), (self.high, "end")]
        far = [(end, anchor) for end, anchor in ends if abs(self.at(end) - self.at(0.0)) > TICK_DISTANCE]
        zero = "start" if self.low == 0 else "end" if self.high == 0 else "middle"
        return (
            (self.at(0.0), formats.short_money(0), zero),
            *((self.at(end), formats.short_money(end), side) for end, side in far),
        )


def map_channels(value: ValueReport) -> tuple[str, ...]:
    """The channels with a contact, the largest amount first; the total closes them."""
    if value.observed is None:
        return ()
    cells = value.observed.cells
    found = {channel for _, channel in cells if channel != ALL}
    amounts = {
        channel: (cells[TOTAL, channel].amount or Decimal(0)) if (TOTAL, channel) in cells else Decimal(0) for channel in found
    }
    return (*sorted(found, key=lambda channel: (-amounts[channel], channel)), ALL)


def channel_name(channel: str, texts: Texts) -> str:
    return texts.words.spaced(texts.value.channels.get(channel, "")) or channel


def value_map(texts: Texts) -> HeatMap | None:
    """Euros after contacts, segment by channel: the amounts of the cells add up to those of the margins."""
    observed, words = texts.value.observed, texts.words
    if observed is None:
        return None
    channels = map_channels(texts.value)
    present = {segment for segment, _ in observed.cells}
    segments = [segment for segment in SEGMENTS if segment in present and segment != TOTAL]
    inner = [
        float(cell.amount)
        for (segment, channel), cell in observed.cells.items()
        if segment != TOTAL and channel != ALL and cell.is_publishable and cell.amount is not None
    ]

    def view(segment: int, channel: str) -> HeatCell:
        is_total = segment == TOTAL or channel == ALL
        cell = observed.cells.get((segment, channel))
        if cell is None or cell.amount is None:
            return HeatCell(UNKNOWN, "", is_total=is_total)
        is_greyed = not cell.is_publishable
        return HeatCell(
            text=texts.formats.money(cell.amount, 0),
            small=words("contacts_count", count=texts.formats.count(cell.contacts)),
            ground=0 if is_total or is_greyed else depth(float(cell.amount), inner),
            is_greyed=is_greyed,
            reason=words("too_few_customers") if is_greyed else "",
            is_total=is_total,
        )

    return HeatMap(
        name="after",
        title=words("map_after"),
        caption=words("map_after_caption", quarter=texts.formats.quarter(observed.quarter)),
        rows=tuple(
            (texts.names.short_segment(segment), tuple(view(segment, channel) for channel in channels))
            for segment in (*segments, TOTAL)
        ),
        scale=(
            words("scale_low", value=texts.formats.money(min(inner), 0)),
            words("scale_high", value=texts.formats.money(max(inner), 0)),
        )
        if len(set(inner)) > 1
        else None,
    )


def segment_forest(estimate: Estimate, texts: Texts) -> Forest:
    """Sales added by segment, the total last; a segment that is not estimable says why."""
    rows = [(segment, estimate.chosen[segment]) for segment in (*SEGMENTS[1:], TOTAL) if segment in estimate.chosen]
    axis = _axis([row.amount for _, row in rows])

    def view(segment: int, row: Increment) -> ForestRow:
        interval = row.amount
        like = (interval.low, interval.high) if interval else ()
        per_customer = row.per_customer.value if row.per_customer else None
        return ForestRow(
            label=texts.names.short_segment(segment),
            bar=_bar(interval, axis),
            value=texts.gain(interval.value, *like) if interval else "",
            interval=texts.between(interval) if interval else "",
            customers=texts.formats.count(row.kept) if interval else "",
            extra=(texts.gain(per_customer), texts.gain(row.net.value, row.net.low) if row.net else UNKNOWN),
            words="" if interval else f"{texts.words('not_estimable')}. {texts.because(row.reason)}",
            is_greyed=not row.is_publishable,
            is_total=segment == TOTAL,
            alarms=alarm_texts(row, texts.words) if segment == TOTAL else (),
        )

    return Forest(tuple(view(*row) for row in rows), axis.at(0.0), axis.ticks(texts.formats))


def has_net(value: ValueReport) -> bool:
    return any(each.total.net is not None for each in value.estimates)


def quarter_forest(texts: Texts) -> Forest | None:
    """The headline of the last quarters, the newest first: net of cost where it is known of any, else sales added."""
    estimates = texts.value.estimates[:MOST_QUARTERS]
    if not estimates:
        return None
    name: FigureName = "net" if has_net(texts.value) else "because"
    words = texts.words
    axis = _axis([estimate_of(each.total, name) for each in estimates if each.is_complete and each.is_settled])

    def view(each: Estimate) -> ForestRow:
        is_whole = each.is_complete and each.is_settled
        interval = estimate_of(each.total, name) if is_whole else None
        like = (interval.low, interval.high) if interval else ()
        reason = ""
        if not is_whole:
            reason = sentence(words("incomplete_quarter"))
        elif not each.total.is_estimated:
            reason = f"{words('not_estimable')}. {texts.because(each.total.reason)}"
        elif interval is None:
            reason = words("no_margin" if each.total.margin is None else "no_cost")
        return ForestRow(
            label=_quarter_label(each, texts),
            bar=_bar(interval, axis),
            value=texts.gain(interval.value, *like) if interval else "",
            interval=texts.between(interval) if interval else "",
            customers=texts.formats.count(each.total.kept) if interval else "",
            extra=(),
            words=reason,
            is_greyed=not each.total.is_publishable,
            is_total=each.quarter == texts.value.quarter,
            alarms=alarm_texts(each.total, words),
        )

    return Forest(tuple(map(view, estimates)), axis.at(0.0), axis.ticks(texts.formats))


def _quarter_label(each: Estimate, texts: Texts) -> str:
    """The quarter; one that a random draw answers says so, because it stands among comparisons and is not comparable with them."""
    label = texts.formats.short_quarter(each.quarter)
    is_drawn = each.total.is_estimated and each.total.method == "hold_out"
    return f"{label} ({texts.words('hold_out_mark')})" if is_drawn else label


def _bar(interval: Interval | None, axis: Axis) -> Bar | None:
    if interval is None:
        return None
    return Bar(axis.at(float(interval.low)), axis.at(float(interval.high)), axis.at(float(interval.value)))


def _axis(intervals: Sequence[Interval | None]) -> Axis:
    """An axis that holds every interval and zero."""
    known = [each for each in intervals if each is not None]
    low = min([0.0, *(float(each.low) for each in known)])
    high = max([0.0, *(float(each.high) for each in known)])
    steps = nice_steps(low, high)
    return Axis(steps[0], steps[-1])
