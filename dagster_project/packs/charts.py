"""Geometry of the trend charts: where each mark of a small SVG lies, and what it says.

Here: scales, paths, ticks, alternative text. Not here: the SVG elements and their colours (`templates/`), which month
is shown (`figures.py`).

Drawn by the project itself rather than by a charting library: measured on 2 cores for 30 charts, altair with
vl-convert needs 2.3 s, 84 MB of installed renderer and 250 kB of page, with colours that cannot follow the reader's
light or dark scheme; this needs 20 ms.

Rates, scores and durations are lines with their interval as a band; volumes and amounts are bars from zero. Months that
may not be published are gaps with a mark on the base line; months that still wait for their windows are hollow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from dagster_project.packs.figures import KpiFigures, is_settled
from dagster_project.packs.formats import Formats
from dagster_project.packs.reading import Cell
from dagster_project.packs.wording import Words

WIDTH = 360.0
HEIGHT = 132.0
LEFT = 52.0
RIGHT = 14.0
TOP = 18.0
BOTTOM = 22.0
BARS = frozenset({"count", "currency"})
# Steps of a clock, for axes of durations; a decimal step would print 83 s.
_CLOCK_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 86_400)
# More lines than these are a grille before a small picture.
_MOST_INTERVALS = 4
# Month labels of a trend collide below this distance, in units of the view box.
_LABEL_DISTANCE = 30.0


@dataclass(frozen=True)
class Mark:
    """One month's mark. `kind`: plain (a line runs through it), lone (gaps on both sides), last, provisional, gap.

    `height` only for bars.
    """

    x: float
    y: float
    kind: str
    tooltip: str
    is_restated: bool
    height: float = 0.0


@dataclass(frozen=True)
class Series:
    """A series of months, or (`is_quarter`) of quarters, to draw. `last`: the one that is marked; `target`: its value and text.

    `is_from_zero`: the axis starts at zero even for a line, where small moves of a small share would look like a story.
    """

    label: str
    unit: str
    trend: Sequence[tuple[date, Cell | None]]
    last: date | None
    target: tuple[float, str] | None = None
    is_from_zero: bool = False
    is_quarter: bool = False


@dataclass(frozen=True)
class Tick:
    """A tick of an axis at `position`."""

    position: float
    label: str
    is_strong: bool = False


@dataclass(frozen=True)
class Chart:
    """A chart ready to draw; coordinates are in the view box `0 0 WIDTH HEIGHT`. Empty where `note` says why."""

    title: str
    description: str
    note: str = ""
    is_bars: bool = False
    bar_width: float = 0.0
    lines: tuple[str, ...] = ()
    dashed: tuple[str, ...] = ()
    bands: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    y_ticks: tuple[Tick, ...] = ()
    x_ticks: tuple[Tick, ...] = ()
    target: Tick | None = None

    base: float = HEIGHT - BOTTOM
    left: float = LEFT
    right: float = WIDTH - RIGHT


def draw(kpi: KpiFigures, words: Words, formats: Formats) -> Chart:
    """The trend of one KPI."""
    target = None
    if kpi.current is not None and kpi.current.target is not None:
        target = kpi.current.target, target_text(kpi.current.target, kpi, formats)
    definition = kpi.definition
    series = Series(definition.label, definition.unit, kpi.trend, kpi.month, target, is_quarter=kpi.is_quarter)
    return draw_series(series, words, formats)


def draw_series(series: Series, words: Words, formats: Formats) -> Chart:
    """A series; fewer than two publishable periods make no trend and the chart says so."""
    title = words("chart_title_quarter" if series.is_quarter else "chart_title", label=series.label)
    drawn = [(month, cell) for month, cell in series.trend if cell is not None and cell.is_publishable]
    if len(drawn) < 2:
        note = words("chart_short") if drawn else words("chart_empty")
        return Chart(title=title, description=note, note=note)
    unit = series.unit
    target, target_label = series.target or (None, "")
    low, high, steps = _domain([cell for _, cell in drawn], unit, target, series.is_from_zero or unit in BARS)
    bottom = HEIGHT - BOTTOM

    def at_y(value: float) -> float:
        inside = min(max(value, low), high)
        return round(bottom - (inside - low) / (high - low) * (bottom - TOP), 1)

    slot = (WIDTH - LEFT - RIGHT) / len(series.trend)

    def at_x(index: int) -> float:
        return round(LEFT + slot * (index + 0.5), 1)

    marks = tuple(_marks(series, words, formats, at_x, at_y, bottom))
    lines, dashed, bands = ((), (), ()) if unit in BARS else _paths(series.trend, at_x, at_y)
    return Chart(
        title=title,
        description=_description(series, drawn, words, formats),
        is_bars=unit in BARS,
        bar_width=round(slot * 0.68, 1),
        lines=lines,
        dashed=dashed,
        bands=bands,
        marks=marks,
        y_ticks=tuple(Tick(at_y(step), axis_label(step, unit, formats, steps)) for step in steps),
        x_ticks=tuple(_month_ticks([month for month, _ in series.trend], at_x, formats, series.is_quarter)),
        target=None if target is None else Tick(at_y(target), target_label),
    )


def target_text(target: float, kpi: KpiFigures, formats: Formats) -> str:
    """The target with the sense in which it is met: `≥ 80,0 %`, `≤ 5,0 %`."""
    sign = {"up": "≥\u00a0", "down": "≤\u00a0", "none": ""}[kpi.definition.direction]
    like = kpi.current.value if kpi.current else None
    return sign + formats.value(target, kpi.definition.unit, like)


def axis_label(step: float, unit: str, formats: Formats, steps: Sequence[float]) -> str:
    """A short label for a tick."""
    gap = steps[1] - steps[0] if len(steps) > 1 else 1.0
    if unit == "rate":
        return formats.rate(step, 0 if gap >= 0.00999 else 1 if gap >= 0.000999 else 2)
    if unit == "seconds":
        return _clock_label(step, max(abs(each) for each in steps), formats)
    if unit == "currency":
        return formats.short_money(step)
    if unit == "count":
        return formats.short_count(step)
    return formats.number(step, 0 if gap >= 0.99 else 1 if gap >= 0.099 else 2)


def nice_steps(low: float, high: float) -> list[float]:
    """Round values (1, 2 or 5 times a power of ten) that enclose `low`..`high` in at most `_MOST_INTERVALS`."""
    span = high - low or abs(high) or 1.0
    power = 10.0 ** (math.floor(math.log10(span)) - 1)
    return _first_that_fits(low, high, [m * power for m in (1, 2, 5, 10, 20, 50, 100)])


def clock_steps(low: float, high: float) -> list[float]:
    """The same for seconds, in steps of a clock."""
    if high - low < 2 or high - low > 3 * _CLOCK_STEPS[-1]:
        return nice_steps(low, high)
    return _first_that_fits(low, high, _CLOCK_STEPS)


def _first_that_fits(low: float, high: float, sizes: Sequence[float]) -> list[float]:
    for size in sizes:
        steps = _enclosing(low, high, size)
        if len(steps) - 1 <= _MOST_INTERVALS:
            return steps
    return steps


def _enclosing(low: float, high: float, step: float) -> list[float]:
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    if last == first:
        last += 1
    return [round(index * step, 10) for index in range(first, last + 1)]


def _domain(cells: Sequence[Cell], unit: str, target: float | None, is_from_zero: bool) -> tuple[float, float, list[float]]:
    """Lowest and highest value of the axis, and its ticks. A rate stays within 0..1; bars start at zero."""
    values = [cell.value for cell in cells if cell.value is not None]
    ends = [end for cell in cells for end in (cell.interval_low, cell.interval_high) if end is not None]
    # A few very wide intervals would flatten the line: a band may leave the picture by at most its line's own span.
    span = max(values) - min(values) or abs(values[0]) * 0.1 or 1.0
    low = max(min([*values, *ends]), min(values) - span)
    high = min(max([*values, *ends]), max(values) + span)
    if target is not None:
        low, high = min(low, target), max(high, target)
    if is_from_zero:
        low = min(0.0, low)
    if unit != "nps":
        low = max(0.0, low) if min(values) >= 0 else low
    steps = clock_steps(low, high) if unit == "seconds" else nice_steps(low, high)
    if unit == "rate":
        steps = [step for step in steps if 0.0 <= step <= 1.0]
    return min(low, steps[0]), max(high, steps[-1]), steps


def _marks(
    series: Series,
    words: Words,
    formats: Formats,
    at_x: Callable[[int], float],
    at_y: Callable[[float], float],
    bottom: float,
) -> list[Mark]:
    marks = []
    unit = series.unit
    for index, (month, cell) in enumerate(series.trend):
        if cell is None or cell.value is None:
            continue
        name = formats.period(month, is_quarter=series.is_quarter)
        if not cell.is_publishable:
            size = formats.count(cell.sample_size)
            tooltip = f"{name}\u00a0: {words('point_not_publishable')} (n = {size})"
            marks.append(Mark(at_x(index), bottom, "gap", tooltip, False))
            continue
        details = [f"n = {formats.count(cell.sample_size)}"] if cell.sample_size is not None else []
        if not is_settled(cell):
            details.append(words("point_provisional"))
        if cell.is_restated:
            details.append(words("point_restated"))
        tooltip = f"{name}\u00a0: {_value(cell, unit, formats)}" + (f" ({', '.join(details)})" if details else "")
        kind = "last" if month == series.last else "plain" if is_settled(cell) else "provisional"
        if kind == "plain" and not any(_is_drawn(series.trend, near) for near in (index - 1, index + 1)):
            kind = "lone"
        y = at_y(cell.value)
        height = round(at_y(0.0) - y, 1) if unit in BARS else 0.0
        marks.append(Mark(at_x(index), y, kind, tooltip, cell.is_restated, height))
    return marks


def _is_drawn(trend: Sequence[tuple[date, Cell | None]], index: int) -> bool:
    cell = trend[index][1] if 0 <= index < len(trend) else None
    return cell is not None and cell.is_publishable


def _paths(
    trend: Sequence[tuple[date, Cell | None]], at_x: Callable[[int], float], at_y: Callable[[float], float]
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Solid lines, dashed lines (into provisional months) and bands, each broken where a month may not be published."""
    runs: list[list[tuple[int, Cell]]] = [[]]
    for index, (_, cell) in enumerate(trend):
        if cell is not None and cell.is_publishable:
            runs[-1].append((index, cell))
        elif runs[-1]:
            runs.append([])
    lines: list[str] = []
    dashed: list[str] = []
    bands: list[str] = []
    for run in runs:
        for is_dashed, part in _split_by_maturity(run):
            points = [f"{at_x(index)},{at_y(cell.value)}" for index, cell in part if cell.value is not None]
            if len(points) > 1:
                (dashed if is_dashed else lines).append("M" + " L".join(points))
        banded = [
            (index, cell.interval_low, cell.interval_high)
            for index, cell in run
            if cell.interval_low is not None and cell.interval_high is not None
        ]
        if len(banded) > 1:
            upper = [f"{at_x(index)},{at_y(high)}" for index, _, high in banded]
            lower = [f"{at_x(index)},{at_y(low)}" for index, low, _ in reversed(banded)]
            bands.append("M" + " L".join([*upper, *lower]) + " Z")
        elif banded:
            index, low_end, high_end = banded[0]
            bands.append(f"M{at_x(index) - 2},{at_y(high_end)} h4 V{at_y(low_end)} h-4 Z")
    return tuple(lines), tuple(dashed), tuple(bands)


def _split_by_maturity(run: Sequence[tuple[int, Cell]]) -> list[tuple[bool, list[tuple[int, Cell]]]]:
    """Solid then dashed stretches of a run; a dashed stretch starts at the last settled month."""
    parts: list[tuple[bool, list[tuple[int, Cell]]]] = []
    for item in run:
        is_dashed = not is_settled(item[1])
        if parts and parts[-1][0] == is_dashed:
            parts[-1][1].append(item)
        else:
            parts.append((is_dashed, [*parts[-1][1][-1:], item] if parts else [item]))
    return parts


def _month_ticks(months: Sequence[date], at_x: Callable[[int], float], formats: Formats, is_quarter: bool) -> list[Tick]:
    """The year at each January, the middle of the year between, and the first month where there is room."""
    ticks: list[Tick] = []
    every = len(months) <= 8
    if is_quarter:
        ticks = [Tick(at_x(index), formats.short_quarter(month), month.month == 1) for index, month in enumerate(months)]
        months = ()
    for index, month in enumerate(months):
        if month.month == 1:
            ticks.append(Tick(at_x(index), str(month.year), True))
        elif every or month.month in (4, 7, 10):
            ticks.append(Tick(at_x(index), formats.month_name(month)))
    if months and ticks and not any(tick.is_strong for tick in ticks):
        ticks[0] = Tick(ticks[0].position, formats.short_month(months[0] if every else _first_tick_month(months)))
    kept: list[Tick] = []
    for tick in ticks:
        if kept and tick.position - kept[-1].position < _LABEL_DISTANCE:
            if tick.is_strong:
                kept[-1] = tick
            continue
        kept.append(tick)
    return kept


def _first_tick_month(months: Sequence[date]) -> date:
    return next((month for month in months if month.month in (1, 4, 7, 10)), months[0])


def _description(series: Series, drawn: Sequence[tuple[date, Cell]], words: Words, formats: Formats) -> str:
    """The chart in words, for a reader who does not see it."""
    unit = series.unit

    def name(month: date) -> str:
        return formats.period(month, is_quarter=series.is_quarter)

    smallest = min(drawn, key=lambda item: item[1].value or 0.0)
    largest = max(drawn, key=lambda item: item[1].value or 0.0)
    text = words(
        "chart_description",
        first_month=name(drawn[0][0]),
        first_value=_value(drawn[0][1], unit, formats),
        last_month=name(drawn[-1][0]),
        last_value=_value(drawn[-1][1], unit, formats),
        minimum=_value(smallest[1], unit, formats),
        minimum_month=name(smallest[0]),
        maximum=_value(largest[1], unit, formats),
        maximum_month=name(largest[0]),
    )
    gaps = sum(1 for _, cell in series.trend if cell is None or not cell.is_publishable)
    if gaps:
        text += words("chart_gaps", count=gaps)
    if series.target is not None:
        text += words("chart_target", target=series.target[1])
    return text


def _value(cell: Cell | None, unit: str, formats: Formats) -> str:
    return formats.value(None if cell is None else cell.value, unit)


def _clock_label(seconds: float, longest: float, formats: Formats) -> str:
    """A tick of a duration; all ticks of an axis are in the unit that suits the longest of them."""
    days = "j" if formats.language == "fr" else "d"
    size, name = next((item for item in ((86_400, days), (3_600, "h"), (60, "min")) if longest >= 2 * item[0]), (1, "s"))
    value = seconds / size
    decimals = 0 if value == round(value) else 1
    return f"{formats.number(value, decimals)}\u00a0{name}"
