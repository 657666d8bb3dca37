"""The worksheet of the value as rows: one row per figure, period, window, method, segment and channel.

Here: which figures, in which order, with their quality. Not here: formats and writing (`xlsx.py`), the figures
themselves (`value.py`). Nothing is added here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from dagster_project.packs.cells import Content, Typed, as_float
from dagster_project.packs.customers_html import Names, sentence
from dagster_project.packs.figures import SEGMENTS
from dagster_project.packs.reading import ALL, TOTAL
from dagster_project.packs.reading_value import Increment, Interval
from dagster_project.packs.value import WINDOW, FigureName, Sum, ValueReport, estimate_of
from dagster_project.packs.value_texts import EARNED, KEPT
from dagster_project.packs.wording import Words

VALUE_HEADS = (
    "figure_head",
    "method_head",
    "period_head",
    "window_head",
    "segment",
    "channel_head",
    "unit",
    "value",
    "interval_low",
    "interval_high",
    "n_long",
    "publishable",
    "complete_head",
    "kept_share_head",
    "controls_head",
    "effective_head",
    "balance_head",
    "placebo_head",
    "negative_control_head",
    "sensitivity_head",
    "verdict_reason",
)
_NO_QUALITY: tuple[Content, ...] = (None,) * 8


@dataclass(frozen=True)
class _Place:
    """What a row is about."""

    name: FigureName
    method: str
    period: date | None
    window: int | None = None
    segment: int = TOTAL
    channel: str = ALL


def value_rows(value: ValueReport, names: Names, words: Words, unit: Callable[[str], str]) -> list[list[Content]]:
    """All rows in reading order, with the columns of `VALUE_HEADS`; `unit` names a unit."""
    return list(_Rows(value, names, words, unit).all())


class _Rows:
    def __init__(self, value: ValueReport, names: Names, words: Words, unit: Callable[[str], str]) -> None:
        self._value, self._names, self._words, self._unit = value, names, words, unit

    def all(self) -> Iterator[list[Content]]:
        yield from self._observed()
        yield from self._estimates()
        yield from self._kept()
        yield from self._changes()

    def _observed(self) -> Iterator[list[Content]]:
        """After contacts: of every quarter the total, of that of the page every cell, and the totals of its other windows."""
        value = self._value

        def order(place: tuple[int, str]) -> tuple[int, bool, str]:
            return SEGMENTS.index(place[0]), place[1] != ALL, place[1]

        for quarter in sorted(value.quarters_observed, reverse=True):
            observed = value.quarters_observed[quarter]
            is_whole = observed.is_complete and observed.is_settled
            for segment, channel in sorted(observed.cells, key=order):
                if quarter == value.quarter or (segment, channel) == (TOTAL, ALL):
                    yield self._after(quarter, WINDOW, segment, channel, observed.cells[segment, channel], is_whole)
        for window, total in value.observed_windows.items():
            if window != WINDOW and value.quarter is not None:
                yield self._after(value.quarter, window, TOTAL, ALL, total, total.is_settled)

    def _after(self, quarter: date, window: int, segment: int, channel: str, cell: Sum, is_whole: bool) -> list[Content]:
        grey = not cell.is_publishable
        return self._row(
            _Place("after", self._words("observed_mark"), quarter, window, segment, channel),
            (Typed(as_float(cell.amount), "currency", grey), None, None),
            Typed(cell.contacts, "integer", grey),
            cell.is_publishable,
            is_whole,
        )

    def _estimates(self) -> Iterator[list[Content]]:
        """Because of the service and net of cost: of every quarter all segments, of that of the page all windows and methods."""
        value = self._value
        others = [each for window, each in sorted(value.windows.items()) if window != WINDOW]
        for estimate in (*value.estimates, *others):
            is_whole = estimate.is_complete and estimate.is_settled
            rows = [estimate.chosen[segment] for segment in SEGMENTS if segment in estimate.chosen]
            for row in (*rows, *([estimate.other] if estimate.other else [])):
                yield self._estimate("because", row, is_whole)
                yield self._estimate("net", row, is_whole)

    def _estimate(self, name: FigureName, row: Increment, is_whole: bool) -> list[Content]:
        words, grey = self._words, not row.is_publishable
        return self._row(
            _Place(name, words.named("method", row.method), row.quarter, row.window_days, row.segment),
            _ends(estimate_of(row, name), "currency", grey),
            Typed(row.kept, "integer", grey),
            row.is_publishable,
            is_whole,
            (
                Typed(row.kept_share, "rate", grey),
                Typed(row.controls, "integer", grey),
                Typed(row.effective_sample, "score", grey),
                Typed(row.worst_balance, "score", grey),
                self._yes(row.placebo_alarm),
                self._yes(row.negative_control_alarm),
                Typed(row.sensitivity, "score", grey),
                words.spaced(sentence(row.reason)),
            ),
        )

    def _kept(self) -> Iterator[list[Content]]:
        """Customers at risk of the month of the page: retained, kept because of the contact, revenue secured."""
        words, kept = self._words, self._value.kept
        if kept is None:
            return
        is_whole = kept.is_complete and kept.is_settled
        reasons: Sequence[Content] = (None,) * 7
        for row in (kept.rows[segment] for segment in SEGMENTS if segment in kept.rows):
            grey = not row.is_publishable
            retained = Typed(row.retained, "integer", grey)
            of_row: dict[FigureName, tuple[Sequence[Content], int]] = {
                "retained": ((retained, None, None), row.contacted),
                "rescued": (_ends(row.rescued, "score", grey), row.estimated_contacted),
                "secured": (_ends(row.secured, "currency", grey), row.subscribers_contacted),
            }
            for name, (ends, sample) in of_row.items():
                mark = words("observed_mark" if name == "retained" else "estimated_mark")
                yield self._row(
                    _Place(name, mark, row.month, None, row.segment),
                    ends,
                    Typed(sample, "integer", grey),
                    row.is_publishable,
                    is_whole,
                    (*reasons, None if name == "retained" else words.spaced(row.reason)),
                )

    def _changes(self) -> Iterator[list[Content]]:
        """The change of each headline figure and its three parts, which add up to it."""
        for name in (*EARNED, *KEPT):
            figure = self._value.figures[name]
            if figure.split is None:
                continue
            kind = "score" if name in ("retained", "rescued") else "currency"
            parts = ("change", "volume", "mix", "rate")
            for part, amount in zip(
                parts, (figure.split.change, figure.split.volume, figure.split.mix, figure.split.rate), strict=True
            ):
                place = _Place(name, self._words(f"part_{part}"), figure.period, WINDOW if name in EARNED else None)
                cell = Typed(float(amount), kind, bool(figure.alarmed))
                yield self._row(place, (cell, None, None), None, figure.is_publishable, True)

    def _row(
        self,
        place: _Place,
        ends: Sequence[Content],
        sample: Content,
        is_publishable: bool,
        is_whole: bool,
        quality: Sequence[Content] = _NO_QUALITY,
    ) -> list[Content]:
        return [
            self._words(f"figure_{place.name}"),
            place.method,
            Typed(place.period, "date"),
            Typed(place.window, "integer"),
            self._names.segment(place.segment),
            self._words.spaced(self._value.channels.get(place.channel, "")) or place.channel,
            self._unit("count" if place.name in ("retained", "rescued") else "currency"),
            *ends,
            sample,
            self._yes(is_publishable),
            self._yes(is_whole),
            *quality,
        ]

    def _yes(self, is_true: bool | None) -> str | None:
        return None if is_true is None else self._words("yes" if is_true else "no")


def _ends(interval: Interval | None, kind: str, is_greyed: bool) -> tuple[Content, Content, Content]:
    """Value and both ends; blanks where there is none."""
    if interval is None:
        return None, None, None
    value, low, high = (Typed(as_float(end), kind, is_greyed) for end in (interval.value, interval.low, interval.high))
    return value, low, high
