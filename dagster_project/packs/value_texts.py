"""The texts that every part of the page of the value is written with: amounts, periods, reasons, alarms.

Here: how one figure, its interval, its period and its absence are said. Not here: cards and tables (`value_html.py`),
pictures (`value_pictures.py`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dagster_project.packs.customers_html import Names, sentence
from dagster_project.packs.figures import Report
from dagster_project.packs.formats import UNKNOWN, Formats
from dagster_project.packs.reading_value import Increment, Interval
from dagster_project.packs.rows import reason_text
from dagster_project.packs.value import KPIS, FigureName, ValueReport
from dagster_project.packs.wording import Words

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


# What a published reason begins with: the page has said it already.
_NOT_ESTIMABLE = re.compile(r"^(non estimable\s*:|not estimable( because|:))\s*", re.IGNORECASE)


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


def alarm_texts(row: Increment, words: Words) -> tuple[str, ...]:
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
    if value.kept and name == "secured" and value.kept.total.secured is None:
        customers = value.kept.total.subscribers_contacted
        return words("too_few_subscribers", customers=texts.formats.count(customers)) if customers else words("no_subscriber")
    kpi = next((each for each in texts.report.kpis if each.definition.kpi == KPIS[name]), None)
    if kpi is not None and kpi.verdict == "unavailable":
        return reason_text(kpi, words)
    if name in EARNED:
        return words("no_row" if value.quarter else "no_quarter")
    return words("no_row" if value.month else "no_mature_month")


def refusal(name: FigureName, texts: Texts) -> str:
    """The word that stands where a figure has no number: tried and refused, or not there at all."""
    value = texts.value
    is_refused = name in ("because", "net") and value.estimate is not None and not value.estimate.total.is_estimated
    is_refused |= name in ("rescued", "secured") and value.kept is not None and not value.kept.total.is_estimated
    return texts.words("not_estimable" if is_refused else "unavailable_because")


def number_text(name: FigureName, value: Decimal, texts: Texts) -> str:
    """A headline figure in its unit."""
    if name == "retained":
        return texts.formats.count(int(value))
    return texts.formats.number(float(value), 1) if name == "rescued" else texts.euros(value)


def interval_text(name: FigureName, interval: Interval | None, texts: Texts) -> str:
    if interval is None:
        return ""
    if name == "rescued":
        low, high = (texts.formats.number(float(end), 1) for end in (interval.low, interval.high))
        return texts.words("between", low=low, high=high)
    return texts.between(interval)


def period_text(name: FigureName, period: date | None, texts: Texts) -> str:
    """A quarter for what is earned, a month for what is kept."""
    if period is None:
        return ""
    return texts.formats.short_quarter(period) if name in EARNED else texts.formats.short_month(period)


def signed(name: FigureName, value: Decimal, texts: Texts) -> str:
    if name in ("retained", "rescued"):
        text = texts.formats.number(float(value), 1)
        return f"+{text}" if value > 0 else text
    return texts.gain(value)
