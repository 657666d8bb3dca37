"""The page of the value: euros after contacts and because of the service, customers kept, origin, construction, doubt.

Here: the view of a value report that the template lays out, text for text. Not here: the figures (`value.py`), its pictures
(`value_pictures.py`), the markup and the style (`templates/`), the frame of a page (`html.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from dagster_project.packs.customers import FAMILIES, CustomerReport
from dagster_project.packs.customers_html import Names, sentence
from dagster_project.packs.figures import SEGMENTS, Report
from dagster_project.packs.formats import UNKNOWN, Formats
from dagster_project.packs.html import Company, Frame, render_page
from dagster_project.packs.reading import TOTAL
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
    has_alarm,
)
from dagster_project.packs.value_pictures import channel_name, has_net, map_channels, quarter_forest, segment_forest, value_map
from dagster_project.packs.value_texts import (
    EARNED,
    KEPT,
    Texts,
    alarm_texts,
    interval_text,
    number_text,
    period_text,
    refusal,
    signed,
    why,
)
from dagster_project.packs.wording import Words

SECTIONS = ("earned", "kept", "origin", "computed", "doubt")
MOST_MEMBERS = 12


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


def render_value(
    report: Report, value: ValueReport, customers: CustomerReport, company: Company, audience: str, words: Words
) -> str:
    """The whole page. Pure: the same reports give the same text."""
    formats = Formats(words.language, company.currency)
    texts = Texts(value, report, Names(customers, words), words, formats)
    shown = value.estimate
    quarter = formats.quarter(value.quarter) if value.quarter else ""
    subtitle = words("proof_period", quarter=quarter) if quarter else words("proof_no_period")
    is_drawn = shown is not None and shown.total.is_estimated and shown.total.method == "hold_out"
    view = {
        "quarter": quarter,
        "month": formats.month(value.month) if value.month else "",
        "answer": answer(texts),
        "trust": trust(texts),
        "earned_cards": [card(name, texts) for name in EARNED],
        "kept_cards": [card(name, texts) for name in KEPT],
        "risks": _risks(texts),
        "map": value_map(texts),
        "map_channels": [channel_name(channel, texts) for channel in map_channels(value)],
        "segments": segment_forest(shown, texts) if shown else None,
        "quarters": quarter_forest(texts),
        "has_segments": shown is not None and any(row.is_estimated for segment, row in shown.chosen.items() if segment != TOTAL),
        "has_net": has_net(value),
        "details": _details(texts),
        "changes": [change_row(name, texts) for name in (*EARNED, *KEPT)],
        "windows": _windows(texts),
        "constructions": _constructions(texts),
        "technical": _technical(shown, texts) if shown else [],
        "checks": checks(shown, texts) if shown else [],
        "sensitivity": sensitivity(shown, texts) if shown else (),
        "methods": _methods(shown, texts) if shown and shown.other else [],
        "limits": _limits(texts),
        "is_drawn": is_drawn,
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
    if not total.is_publishable:
        return words("answer_small", quarter=quarter)
    kind = "gain" if headline.low > 0 else "loss" if headline.high < 0 else "open"
    number, ends = headline.value, (headline.low, headline.high)
    if kind == "loss":
        number, ends = -number, (-headline.high, -headline.low)
    stem = "answer_drawn" if total.method == "hold_out" else "answer"
    return words(
        f"{stem}_{kind}" if total.net else f"{stem}_sales_{kind}",
        kept=texts.formats.count(total.kept),
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
        fills["alarms"] = " ".join(alarm_texts(total, words))
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
            "trust_share_drawn" if total.method == "hold_out" else "trust_share",
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
    said = texts.words(
        "last_estimated",
        quarter=texts.formats.quarter(last.quarter),
        value=texts.euros(headline.value, headline.low, headline.high),
        between=texts.between(headline),
    )
    return " ".join((said, *alarm_texts(last.total, texts.words)))


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
        return FigureCard(
            **shared,
            figure=refusal(name, texts),
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
        interval=interval_text(name, figure.interval, texts),
        lines=tuple(line for line in _lines(name, texts) if line),
        change=_change_text(figure, texts),
        alarms=alarm_texts(total, words) if total is not None else (),
        caveats=tuple(caveats),
    )


def _lines(name: FigureName, texts: Texts) -> tuple[str, ...]:
    """What stands under a figure: what it is about, of what it is made, what it is not."""
    value, words, formats = texts.value, texts.words, texts.formats
    if name == "after":
        total = value.observed.total if value.observed else None
        if total is None:
            return ()
        return (
            words("after_contacts", contacts=formats.count(total.contacts)),
            words("after_margin", margin=texts.euros(total.margin, total.amount)) if total.margin is not None else "",
            _cost_text(total, texts),
            words("after_pending", pending=texts.euros(value.pending, total.amount)) if value.pending else "",
            words("after_not"),
        )
    if name in ("because", "net"):
        row = value.estimate.total if value.estimate else None
        if row is None:
            return ()
        if name == "because":
            drawn = "_drawn" if row.method == "hold_out" else ""
            return words(f"because_customers{drawn}", kept=formats.count(row.kept)), words("because_not")
        margin_value = row.margin.value if row.margin else None
        margin = texts.euros(margin_value, row.cost)
        some = row.contacts_costed < row.contacts
        costed = (
            words("net_costed", costed=formats.count(row.contacts_costed), contacts=formats.count(row.contacts)) if some else ""
        )
        return words("net_parts", margin=margin, cost=texts.euros(row.cost, margin_value)), costed
    return _kept_lines(name, value.kept, texts) if value.kept else ()


def _cost_text(total: Sum, texts: Texts) -> str:
    """What the contacts cost: of those whose cost is known, and how many these are where it is not all."""
    if total.cost is None:
        return ""
    cost = texts.euros(total.cost, total.amount)
    if total.contacts_costed >= total.contacts:
        return texts.words("after_cost", cost=cost)
    return texts.words("after_cost_part", costed=texts.formats.count(total.contacts_costed), cost=cost)


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


def _change_text(figure: Figure, texts: Texts) -> str:
    words = texts.words
    if figure.split is None:
        return words("change_none", reason=words(f"no_change_{figure.no_change}")) if figure.no_change else ""
    text = words(
        "change_from",
        change=signed(figure.name, figure.split.change, texts),
        period=period_text(figure.name, figure.previous, texts),
    )
    return f"{text}, {words('change_steady')}" if figure.is_steady else text


def change_row(name: FigureName, texts: Texts) -> ChangeRow:
    """The exact split of one figure's change, with the decimals in which it adds up; or why there is none."""
    words, formats = texts.words, texts.formats
    figure = texts.value.figures[name]
    label = words(f"figure_{name}")
    split = figure.split
    if split is None:
        # the card of the figure says why
        reason = f"{refusal(name, texts)}."
        if figure.value is not None:
            reason = words("change_none", reason=words(f"no_change_{figure.no_change}"))
        return ChangeRow(label, "", "", "", "", "", "", "", reason, False, False)

    def exact(value: Decimal, is_signed: bool = False) -> str:
        is_money = name not in ("retained", "rescued")
        text = formats.money(value, 2) if is_money else formats.number(float(value), 1)
        return f"+{text}" if is_signed and value > 0 else text

    notes = [words("changes_alarm")] if figure.alarmed else []
    notes += [words("changes_steady")] if figure.is_steady else []
    notes += [words("changes_members")] if figure.has_other_members else []
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
        refused = texts.words("not_estimable") if row is not None and not row.is_estimated else UNKNOWN
        amount, net = (row.amount, row.net) if row else (None, None)
        waiting = texts.words("window_not_over")
        if estimate is not None and not estimate.is_settled:
            amount, net, refused = None, None, waiting
        rows.append(
            (
                texts.words("window_days_value", days=window),
                (texts.euros(observed.amount) if observed.is_settled else waiting) if observed else UNKNOWN,
                texts.gain(amount.value, amount.low) if amount else refused,
                texts.between(amount) if amount else "",
                texts.gain(net.value, net.low) if net else refused,
                texts.between(net) if net else "",
                ", ".join(
                    texts.words(mark)
                    for mark, is_said in (
                        ("headline_mark", window == WINDOW),
                        ("window_alarm", row is not None and has_alarm(row)),
                    )
                    if is_said
                ),
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
    if row.method == "hold_out":
        if estimate.other is None:
            return []
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
    if row.sensitivity is None or row.rate is None:
        return (words("sensitivity_none"),)
    rate, low, high = (formats.number(100 * float(each), 1) for each in (row.rate.value, row.rate.low, row.rate.high))
    effect = words("sensitivity_rate", rate=f"+{rate}" if row.rate.value > 0 else rate, low=low, high=high)
    if row.sensitivity_of_interval is not None and row.sensitivity_of_interval <= 1:
        return effect, words("sensitivity_zero")
    first = words("sensitivity_text", value=formats.number(row.sensitivity, 1))
    if row.sensitivity_of_interval is None:
        return effect, first
    return effect, first, words("sensitivity_interval", value=formats.number(row.sensitivity_of_interval, 1))


def _methods(estimate: Estimate, texts: Texts) -> list[tuple[str, str, str, str, str, str, str, tuple[str, ...]]]:
    """Both methods on one quarter: name, customers, sales added and interval, net and interval, or why not; alarms."""
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
                alarm_texts(row, texts.words),
            )
        )
    return rows


def _limits(texts: Texts) -> list[str]:
    words, value = texts.words, texts.value
    total = value.estimate.total if value.estimate else None
    share = (
        words("limit_share_drawn" if total.method == "hold_out" else "limit_share", share=texts.formats.rate(total.kept_share, 0))
        if total is not None and total.is_estimated
        else words("limit_share_none")
    )
    others = [words(f"limit_{name}") for name in ("hidden", "window", "future", "sum")]
    return [words("limit_after"), share, *others]
