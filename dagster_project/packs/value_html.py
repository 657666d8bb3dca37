"""The page of the value: euros after contacts and because of the service, customers kept, origin, construction, doubt.

Here: the view of a value report that the template lays out, text for text. Not here: the figures (`value.py`), the
markup and the style (`templates/`), the frame of a page (`html.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dagster_project.packs.charts import nice_steps
from dagster_project.packs.customers import FAMILIES, CustomerReport
from dagster_project.packs.customers_html import HeatCell, HeatMap, Names, sentence
from dagster_project.packs.figures import SEGMENTS, Report, depth
from dagster_project.packs.formats import UNKNOWN, Formats
from dagster_project.packs.html import Company, Frame, render_page
from dagster_project.packs.reading import ALL, TOTAL, Increment, Interval
from dagster_project.packs.rows import reason_text
from dagster_project.packs.value import (
    KPIS,
    WINDOW,
    WINDOWS,
    Estimate,
    Figure,
    FigureName,
    Kept,
    Sum,
    ValueReport,
    estimate_of,
    has_alarm,
)
from dagster_project.packs.wording import Words

SECTIONS = ("earned", "kept", "origin", "computed", "doubt")
EARNED: tuple[FigureName, ...] = ("after", "because", "net")
KEPT: tuple[FigureName, ...] = ("retained", "rescued", "secured")
TABLES: Mapping[FigureName, str] = {
    "after": "repurchase_after_contact",
    "because": "repurchase_increment",
    "net": "repurchase_increment",
    "retained": "churn_rescues",
    "rescued": "churn_rescues",
    "secured": "churn_rescues",
}
# From here on cents are noise to a director; the parts of a change keep them, because they have to add up.
WHOLE_EUROS_FROM = 100
MOST_QUARTERS = 8
MOST_MEMBERS = 12
FOREST_WIDTH = 240.0
FOREST_MARGIN = 6.0
# Labels of an axis collide below this distance, in units of the view box.
TICK_DISTANCE = 46.0
# What a published reason begins with: the page has said it already.
_NOT_ESTIMABLE = re.compile(r"^(non estimable\s*:|not estimable( because|:))\s*", re.IGNORECASE)


@dataclass(frozen=True)
class FigureCard:
    """One headline figure as texts. `lines` are under the figure; `alarms` and `caveats` are short and about this figure."""

    name: str
    label: str
    mark: str
    figure: str
    is_words: bool
    is_greyed: bool
    interval: str
    lines: tuple[str, ...]
    change: str
    alarms: tuple[str, ...]
    caveats: tuple[str, ...]
    period: str


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


@dataclass(frozen=True)
class ChangeRow:
    """The change of one figure as texts; `words` says why there is none, else what to know of it."""

    label: str
    periods: str
    before: str
    now: str
    change: str
    volume: str
    mix: str
    rate: str
    words: str
    is_compared: bool
    is_greyed: bool


@dataclass(frozen=True)
class Check:
    """One of the two checks: its name, its state (quiet, ringing, unknown) with a word, and what it did."""

    name: str
    state: str
    state_word: str
    text: str


@dataclass(frozen=True)
class Texts:
    """What every part of the page is written with."""

    value: ValueReport
    report: Report
    names: Names
    words: Words
    formats: Formats

    def euros(self, value: Decimal | None, *like: Decimal | None) -> str:
        """An amount; `like` are others beside it, so that all get the same decimals."""
        if value is None:
            return UNKNOWN
        largest = max(abs(each) for each in (value, *like) if each is not None)
        return self.formats.money(value, 0 if largest >= WHOLE_EUROS_FROM else 2)

    def gain(self, value: Decimal | None, *like: Decimal | None) -> str:
        """An amount with its sign."""
        text = self.euros(value, *like)
        return f"+{text}" if value is not None and value > 0 else text

    def between(self, interval: Interval) -> str:
        """`entre -1 204 € et 3 400 €`."""
        ends = interval.low, interval.high
        return self.words("between", low=self.euros(interval.low, *ends), high=self.euros(interval.high, *ends))

    def because(self, reason: str) -> str:
        """A published reason without the verdict that it begins with, as a sentence."""
        text = self.words.spaced(sentence(_NOT_ESTIMABLE.sub("", reason)))
        return text if text.endswith(".") else f"{text}."


def render_value(
    report: Report, value: ValueReport, customers: CustomerReport, company: Company, audience: str, words: Words
) -> str:
    """The whole page. Pure: the same reports give the same text."""
    formats = Formats(words.language, company.currency)
    texts = Texts(value, report, Names(customers, words), words, formats)
    shown = value.estimate
    quarter = formats.quarter(value.quarter) if value.quarter else ""
    subtitle = words("proof_period", quarter=quarter) if quarter else words("proof_no_period")
    view = {
        "quarter": quarter,
        "month": formats.month(value.month) if value.month else "",
        "answer": answer(texts),
        "trust": trust(texts),
        "earned_cards": [card(name, texts) for name in EARNED],
        "kept_cards": [card(name, texts) for name in KEPT],
        "risks": _risks(texts),
        "map": _map(texts),
        "map_channels": [_channel(channel, texts) for channel in _channels(value)],
        "segments": segment_forest(shown, texts) if shown else None,
        "quarters": quarter_forest(texts),
        "has_net": _has_net(value),
        "details": _details(texts),
        "changes": [change_row(name, texts) for name in (*EARNED, *KEPT)],
        "windows": _windows(texts),
        "constructions": _constructions(texts),
        "technical": _technical(shown, texts) if shown else [],
        "checks": checks(shown, texts) if shown else [],
        "sensitivity": sensitivity(shown, texts) if shown else (),
        "methods": _methods(shown, texts) if shown and shown.other else [],
        "limits": _limits(texts),
        "lacks": [words("table_missing", table=table) for table in sorted(value.missing)],
    }
    frame = Frame("proof", subtitle, SECTIONS, ("value.css",))
    return render_page("value.html", frame, view, report, company, audience, words)


def answer(texts: Texts) -> str:
    """The answer in one sentence: net of cost where it is known, else sales."""
    value, words = texts.value, texts.words
    if value.quarter is None:
        return words("answer_nothing")
    quarter = texts.formats.quarter(value.quarter)
    total = value.estimate.total if value.estimate else None
    headline = (total.net or total.amount) if total else None
    if total is None or headline is None:
        return words("answer_none", quarter=quarter)
    if has_alarm(total):
        return words("answer_alarm", quarter=quarter)
    kind = "gain" if headline.low > 0 else "loss" if headline.high < 0 else "open"
    number, ends = headline.value, (headline.low, headline.high)
    if kind == "loss":
        number, ends = -number, (-headline.high, -headline.low)
    return words(
        f"answer_{kind}" if total.net else f"answer_sales_{kind}",
        quarter=quarter,
        value=texts.euros(number, *ends),
        low=texts.euros(ends[0], *ends),
        high=texts.euros(ends[1], *ends),
    )


def trust(texts: Texts) -> Mapping[str, str]:
    """Whether it may be relied on: level (for the icon), word, reason, and of whom the estimate speaks."""
    value, words, formats = texts.value, texts.words, texts.formats
    level = value.trust
    total = value.estimate.total if value.estimate else None
    fills: dict[str, str] = {}
    if level == "alarm" and total:
        fills["alarms"] = " ".join(_alarms(total, words))
    elif level == "unchecked" and total:
        missing = [
            name
            for name, alarm in (("placebo", total.placebo_alarm), ("negative_control", total.negative_control_alarm))
            if alarm is None
        ]
        fills["unchecked"] = words("unchecked_both" if len(missing) > 1 else f"unchecked_{missing[0]}")
    elif level == "none":
        fills["reason"] = " ".join(part for part in (why("because", texts), _last_estimated(texts)) if part)
    share = ""
    if level != "none" and total:
        share = words(
            "trust_share",
            kept=formats.count(total.kept),
            treated=formats.count(total.treated),
            share=formats.rate(total.kept_share, 0),
        )
    return {
        "level": level,
        "icon": {"alarm": "alert", "hold_out": "ready", "none": "unavailable"}.get(level, "degraded"),
        "word": words(f"trust_{level}"),
        "text": words(f"trust_{level}_text", **fills),
        "share": share,
    }


def _last_estimated(texts: Texts) -> str:
    last = texts.value.last_estimated
    if last is None:
        return ""
    headline = last.total.net or last.total.amount
    if headline is None:
        return ""
    return texts.words(
        "last_estimated",
        quarter=texts.formats.quarter(last.quarter),
        value=texts.euros(headline.value, headline.low, headline.high),
        between=texts.between(headline),
    )


def _alarms(row: Increment, words: Words) -> tuple[str, ...]:
    return tuple(
        words(f"alarm_{name}")
        for name, alarm in (("placebo", row.placebo_alarm), ("negative_control", row.negative_control_alarm))
        if alarm
    )


def why(name: FigureName, texts: Texts) -> str:
    """Why a figure has no number: the verdict of its own row, else readiness, else what is missing."""
    value, words = texts.value, texts.words
    if TABLES[name] in value.missing:
        return words("table_missing", table=TABLES[name])
    row = value.estimate.total if value.estimate and name in ("because", "net") else None
    if row is not None and not row.is_estimated:
        return texts.because(row.reason)
    if row is not None and name == "net":
        return words("no_margin" if row.margin is None else "no_cost")
    if value.kept and name in ("rescued", "secured") and not value.kept.total.is_estimated:
        return texts.because(value.kept.total.reason)
    kpi = next((each for each in texts.report.kpis if each.definition.kpi == KPIS[name]), None)
    if kpi is not None and kpi.verdict == "unavailable":
        return reason_text(kpi, words)
    if name in EARNED:
        return words("no_row" if value.quarter else "no_quarter")
    return words("no_row" if value.month else "no_mature_month")


def card(name: FigureName, texts: Texts) -> FigureCard:
    """The card of one headline figure: a number with its doubt, or words."""
    value, words = texts.value, texts.words
    figure = value.figures[name]
    total = value.estimate.total if value.estimate and name in ("because", "net") else None
    mark = words("observed_mark" if name in ("after", "retained") else "net_mark" if name == "net" else "estimated_mark")
    if total is not None and total.is_estimated and total.method == "hold_out":
        mark = f"{mark}, {words('hold_out_mark')}"
    shared = {"name": name, "label": words(f"figure_{name}"), "mark": mark, "period": period_text(name, figure.period, texts)}
    if figure.value is None:
        is_refused = (total is not None and not total.is_estimated) or (
            name in ("rescued", "secured") and value.kept is not None and not value.kept.total.is_estimated
        )
        return FigureCard(
            **shared,
            figure=words("not_estimable" if is_refused else "unavailable_because"),
            is_words=True,
            is_greyed=True,
            interval="",
            lines=(why(name, texts),),
            change="",
            alarms=(),
            caveats=(),
        )
    caveats = [] if figure.is_publishable else [words("small_sample")]
    if figure.is_restated:
        caveats.append(words("caveat_restated_long"))
    kpi = next((each for each in texts.report.kpis if each.definition.kpi == KPIS[name]), None)
    if kpi is not None and kpi.verdict == "degraded":
        caveats.append(reason_text(kpi, words))
    return FigureCard(
        **shared,
        figure=number_text(name, figure.value, texts),
        is_words=False,
        is_greyed=not figure.is_publishable,
        interval=_interval_text(name, figure.interval, texts),
        lines=tuple(line for line in _lines(name, texts) if line),
        change=_change_text(figure, texts),
        alarms=_alarms(total, words) if total is not None else (),
        caveats=tuple(caveats),
    )


def number_text(name: FigureName, value: Decimal, texts: Texts) -> str:
    """A headline figure in its unit."""
    if name == "retained":
        return texts.formats.count(int(value))
    return texts.formats.number(float(value), 1) if name == "rescued" else texts.euros(value)


def _interval_text(name: FigureName, interval: Interval | None, texts: Texts) -> str:
    if interval is None:
        return ""
    if name == "rescued":
        low, high = (texts.formats.number(float(end), 1) for end in (interval.low, interval.high))
        return texts.words("between", low=low, high=high)
    return texts.between(interval)


def _lines(name: FigureName, texts: Texts) -> tuple[str, ...]:
    """What stands under a figure: what it is about, of what it is made, what it is not."""
    value, words, formats = texts.value, texts.words, texts.formats
    if name == "after":
        total = value.observed.total if value.observed else None
        if total is None:
            return ()
        margin = words("after_margin", margin=texts.euros(total.margin, total.amount)) if total.margin is not None else ""
        return words("after_contacts", contacts=formats.count(total.contacts)), margin, words("after_not")
    if name in ("because", "net"):
        row = value.estimate.total if value.estimate else None
        if row is None:
            return ()
        if name == "because":
            return words("because_customers", kept=formats.count(row.kept)), words("because_not")
        margin_value = row.margin.value if row.margin else None
        margin = texts.euros(margin_value, row.cost)
        return (words("net_parts", margin=margin, cost=texts.euros(row.cost, margin_value)),)
    return _kept_lines(name, value.kept, texts) if value.kept else ()


def _kept_lines(name: FigureName, kept: Kept, texts: Texts) -> tuple[str, ...]:
    words, formats, row = texts.words, texts.formats, kept.total
    if name == "retained":
        rate = formats.rate(row.retained_rate, 0)
        if row.retained_low is not None and row.retained_high is not None:
            low, high = formats.rate(row.retained_low, 0), formats.rate(row.retained_high, 0)
            rate = words("retained_rate_of", rate=rate, low=low, high=high)
        expected = ""
        if row.scored and row.expected_rate is not None:
            expected = words(
                "retained_expected",
                scored=formats.count(row.scored),
                rate=formats.rate(row.scored_rate, 0),
                expected=formats.rate(row.expected_rate, 0),
            )
        return words("retained_of", contacted=formats.count(row.contacted), rate=rate), expected
    if name == "rescued":
        return (words("rescued_of", customers=formats.count(row.estimated_contacted)),)
    return (
        words("secured_of", customers=formats.count(row.subscribers_contacted)),
        words("secured_billed", billed=texts.euros(row.billed)) if row.billed is not None else "",
        words("secured_reversed", reversed=texts.euros(row.reversed)) if row.reversed else "",
    )


def period_text(name: FigureName, period: date | None, texts: Texts) -> str:
    """A quarter for what is earned, a month for what is kept."""
    if period is None:
        return ""
    return texts.formats.short_quarter(period) if name in EARNED else texts.formats.short_month(period)


def _change_text(figure: Figure, texts: Texts) -> str:
    words = texts.words
    if figure.split is None:
        return words("change_none", reason=words(f"no_change_{figure.no_change}")) if figure.no_change else ""
    text = words(
        "change_from",
        change=_signed(figure.name, figure.split.change, texts),
        period=period_text(figure.name, figure.previous, texts),
    )
    return f"{text}, {words('change_steady')}" if figure.is_steady else text


def _signed(name: FigureName, value: Decimal, texts: Texts) -> str:
    if name in ("retained", "rescued"):
        text = texts.formats.number(float(value), 1)
        return f"+{text}" if value > 0 else text
    return texts.gain(value)


def change_row(name: FigureName, texts: Texts) -> ChangeRow:
    """The exact split of one figure's change, with the decimals in which it adds up; or why there is none."""
    words, formats = texts.words, texts.formats
    figure = texts.value.figures[name]
    label = words(f"figure_{name}")
    split = figure.split
    if split is None:
        reason = why(name, texts) if figure.value is None else words(f"no_change_{figure.no_change}")
        return ChangeRow(label, "", "", "", "", "", "", "", sentence(reason), False, False)

    def exact(value: Decimal, is_signed: bool = False) -> str:
        is_money = name not in ("retained", "rescued")
        text = formats.money(value, 2) if is_money else formats.number(float(value), 1)
        return f"+{text}" if is_signed and value > 0 else text

    notes = [words("changes_alarm")] if figure.alarmed else []
    notes += [words("changes_steady")] if figure.is_steady else []
    before, now = period_text(name, figure.previous, texts), period_text(name, figure.period, texts)
    return ChangeRow(
        label=label,
        periods=f"{before} → {now}",
        before=exact(split.before),
        now=exact(split.after),
        change=exact(split.change, True),
        volume=exact(split.volume, True),
        mix=exact(split.mix, True),
        rate=exact(split.rate, True),
        words=" ".join(notes),
        is_compared=True,
        is_greyed=bool(figure.alarmed),
    )


def _risks(texts: Texts) -> str:
    value, words, formats = texts.value, texts.words, texts.formats
    if "churn_risks" in value.missing:
        return ""
    if not value.risks:
        return words("risks_none")
    kinds = [
        words(f"risk_{risk.kind}", count=formats.count(risk.customers))
        for risk in value.risks
        if f"risk_{risk.kind}" in words.names()
    ]
    return words(
        "risks_now",
        customers=formats.count(sum(risk.customers for risk in value.risks)),
        kinds=", ".join(kinds),
        held_out=formats.count(sum(risk.held_out for risk in value.risks)),
    )


def _channels(value: ValueReport) -> tuple[str, ...]:
    """The channels with a contact, the largest amount first; the total closes them."""
    if value.observed is None:
        return ()
    cells = value.observed.cells
    found = {channel for _, channel in cells if channel != ALL}
    amounts = {
        channel: (cells[TOTAL, channel].amount or Decimal(0)) if (TOTAL, channel) in cells else Decimal(0) for channel in found
    }
    return (*sorted(found, key=lambda channel: (-amounts[channel], channel)), ALL)


def _channel(channel: str, texts: Texts) -> str:
    return texts.words.spaced(texts.value.channels.get(channel, "")) or channel


def _map(texts: Texts) -> HeatMap | None:
    """Euros after contacts, segment by channel: the amounts of the cells add up to those of the margins."""
    observed, words = texts.value.observed, texts.words
    if observed is None:
        return None
    channels = _channels(texts.value)
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
            alarms=_alarms(row, texts.words) if segment == TOTAL else (),
        )

    return Forest(tuple(view(*row) for row in rows), axis.at(0.0), axis.ticks(texts.formats))


def _has_net(value: ValueReport) -> bool:
    return any(each.total.net is not None for each in value.estimates)


def quarter_forest(texts: Texts) -> Forest | None:
    """The headline of the last quarters, the newest first: net of cost where it is known of any, else sales added."""
    estimates = texts.value.estimates[:MOST_QUARTERS]
    if not estimates:
        return None
    name: FigureName = "net" if _has_net(texts.value) else "because"
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
            label=texts.formats.short_quarter(each.quarter),
            bar=_bar(interval, axis),
            value=texts.gain(interval.value, *like) if interval else "",
            interval=texts.between(interval) if interval else "",
            customers=texts.formats.count(each.total.kept) if interval else "",
            extra=(),
            words=reason,
            is_greyed=not each.total.is_publishable,
            is_total=each.quarter == texts.value.quarter,
            alarms=_alarms(each.total, words),
        )

    return Forest(tuple(map(view, estimates)), axis.at(0.0), axis.ticks(texts.formats))


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


def _details(texts: Texts) -> list[tuple[str, list[tuple[str, str, str, str, str, bool]]]]:
    """By dimension: member, contacts, share of them followed by a purchase, amount, amount per contact, whether greyed."""
    words, formats = texts.words, texts.formats

    def line(dimension: str, member: str, cell: Sum) -> tuple[str, str, str, str, str, bool]:
        per_contact = cell.amount / cell.contacts if cell.amount is not None and cell.contacts else None
        followed = cell.contacts_repurchasing / cell.contacts if cell.contacts else None
        return (
            _member(dimension, member, texts),
            formats.count(cell.contacts),
            formats.rate(followed, 0),
            formats.money(cell.amount, 0) if cell.amount is not None else UNKNOWN,
            formats.money(per_contact, 2) if per_contact is not None else UNKNOWN,
            not cell.is_publishable,
        )

    return [
        (words.named("dimension", dimension), [line(dimension, row.member, row.sum) for row in rows[:MOST_MEMBERS]])
        for dimension, rows in texts.value.detail.items()
    ]


def _member(dimension: str, member: str, texts: Texts) -> str:
    """The name of a member of the detail: a family's own, else the company's code made readable."""
    if dimension == "relational_family" and member in FAMILIES:
        return texts.names.family(member)
    return texts.words("member_unknown") if member == "unknown" else sentence(member.replace("_", " "))


def _windows(texts: Texts) -> list[tuple[str, str, str, str, str, str, str, bool]]:
    """By window: after, because with its interval, net with its interval, and whether it is that of the headlines."""
    rows = []
    for window in WINDOWS:
        observed, estimate = texts.value.observed_windows.get(window), texts.value.windows.get(window)
        if observed is None and estimate is None:
            continue
        row = estimate.total if estimate else None
        refusal = texts.words("not_estimable") if row is not None and not row.is_estimated else UNKNOWN
        amount, net = (row.amount, row.net) if row else (None, None)
        rows.append(
            (
                texts.words("window_days_value", days=window),
                texts.euros(observed.amount) if observed else UNKNOWN,
                texts.gain(amount.value, amount.low) if amount else refusal,
                texts.between(amount) if amount else "",
                texts.gain(net.value, net.low) if net else refusal,
                texts.between(net) if net else "",
                texts.words("headline_mark") if window == WINDOW else "",
                not (row and row.is_publishable),
            )
        )
    return rows


def _constructions(texts: Texts) -> list[tuple[str, str, str]]:
    """Label, construction and caveats of the KPIs behind the headline figures, as published."""
    known = {kpi.definition.kpi: kpi.definition for kpi in texts.report.kpis}
    spaced = texts.words.spaced
    return [
        (spaced(known[kpi].label), spaced(known[kpi].formula), spaced(known[kpi].caveats))
        for kpi in KPIS.values()
        if kpi in known
    ]


def _technical(estimate: Estimate, texts: Texts) -> list[tuple[str, tuple[str, ...], bool]]:
    """By segment, the total first: contacted, kept, share kept, controls, effective sample, balance, E-value; whether greyed."""
    formats = texts.formats
    return [
        (
            texts.names.short_segment(segment),
            (
                formats.count(row.treated),
                formats.count(row.kept),
                formats.rate(row.kept_share, 0),
                formats.count(row.controls),
                formats.number(row.effective_sample, 1),
                formats.number(row.worst_balance, 3),
                formats.number(row.sensitivity, 2),
            ),
            not row.is_publishable,
        )
        for segment, row in ((each, estimate.chosen[each]) for each in SEGMENTS if each in estimate.chosen)
    ]


def checks(estimate: Estimate, texts: Texts) -> list[Check]:
    """Placebo and negative control in words; of a hold-out those of the comparison beside it."""
    row = estimate.total
    if row.method == "hold_out" and estimate.other is not None:
        row = estimate.other
    states: list[tuple[str, bool | None]] = [
        ("placebo", row.placebo_alarm),
        ("negative_control", row.negative_control_alarm),
    ]
    found = []
    for name, alarm in states:
        state = "unknown" if alarm is None else "ringing" if alarm else "quiet"
        found.append(Check(texts.words(name), state, texts.words(f"check_{state}"), texts.words(f"{name}_{state}")))
    return found


def sensitivity(estimate: Estimate, texts: Texts) -> tuple[str, ...]:
    """How strong a hidden factor would have to be, in words."""
    row, words, formats = estimate.total, texts.words, texts.formats
    if row.is_estimated and row.method == "hold_out":
        return (words("sensitivity_randomised"),)
    if row.sensitivity is None:
        return (words("sensitivity_none"),)
    if row.sensitivity_of_interval is not None and row.sensitivity_of_interval <= 1:
        return (words("sensitivity_zero"),)
    first = words("sensitivity_text", value=formats.number(row.sensitivity, 1))
    if row.sensitivity_of_interval is None:
        return (first,)
    return first, words("sensitivity_interval", value=formats.number(row.sensitivity_of_interval, 1))


def _methods(estimate: Estimate, texts: Texts) -> list[tuple[str, str, str, str, str, str, str]]:
    """Both methods on one quarter: name, customers, sales added and interval, net and interval, or why not."""
    rows = []
    for row in (estimate.total, estimate.other):
        if row is None:
            continue
        amount, net = row.amount, row.net
        rows.append(
            (
                texts.words.named("method", row.method),
                texts.formats.count(row.kept) if row.is_estimated else UNKNOWN,
                texts.gain(amount.value, amount.low) if amount else "",
                texts.between(amount) if amount else "",
                texts.gain(net.value, net.low) if net else UNKNOWN,
                texts.between(net) if net else "",
                "" if row.is_estimated else f"{texts.words('not_estimable')}. {texts.because(row.reason)}",
            )
        )
    return rows


def _limits(texts: Texts) -> list[str]:
    words, value = texts.words, texts.value
    total = value.estimate.total if value.estimate else None
    share = (
        words("limit_share", share=texts.formats.rate(total.kept_share, 0))
        if total is not None and total.is_estimated
        else words("limit_share_none")
    )
    others = [words(f"limit_{name}") for name in ("hidden", "window", "future", "sum")]
    return [words("limit_after"), share, *others]
