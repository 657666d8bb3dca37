"""One line of the KPI table as text: what page and terminal print alike.

Here: which words and formats a figure gets. Not here: which figure (`figures.py`), layout. A colour or a symbol is
always beside a word here, never instead of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from dagster_project.packs.charts import target_text
from dagster_project.packs.figures import Change, KpiFigures, Report, is_settled
from dagster_project.packs.formats import UNKNOWN, Formats
from dagster_project.packs.wording import Words

Tone = Literal["good", "bad", "neutral"]

POINT_UNITS = frozenset({"rate", "score", "nps"})


@dataclass(frozen=True)
class KpiRow:
    """The texts of one KPI. `caveats` are short and about this figure; the definition's own caveats are apart.

    `is_tentative`: the month is partial, or many of its events still wait for their window.
    """

    kpi: str
    label: str
    is_headline: bool
    is_shown: bool
    is_greyed: bool
    value: str
    interval: str
    previous: str
    is_previous_greyed: bool
    change: str
    change_word: str
    change_tone: Tone
    target: str
    status: str
    status_word: str
    sample_size: str
    month: str
    is_reference_month: bool
    is_tentative: bool
    caveats: tuple[str, ...]
    general_caveat: str
    benchmark: str


def kpi_row(kpi: KpiFigures, report: Report, words: Words, formats: Formats) -> KpiRow:
    """The texts of one KPI; an unavailable one says so in words and has no number anywhere."""
    unit = kpi.definition.unit
    current = kpi.current if kpi.is_shown else None
    status = kpi.status or "no_target"
    change, change_word, tone = change_texts(kpi.change, unit, words, formats)
    is_reference = kpi.month == report.reference_month
    return KpiRow(
        kpi=kpi.definition.kpi,
        label=words.spaced(kpi.definition.label),
        is_headline=kpi.definition.is_headline,
        is_shown=current is not None,
        is_greyed=current is None or not current.is_publishable,
        value=formats.value(current.value, unit, current.previous_value) if current else words(status),
        interval=interval_text(kpi, formats) if current else "",
        previous=formats.value(current.previous_value, unit, current.value) if current else UNKNOWN,
        is_previous_greyed=kpi.previous is not None and not kpi.previous.is_publishable,
        change=change if current else UNKNOWN,
        change_word=change_word if current else "",
        change_tone=tone,
        target=target_text(current.target, kpi, formats) if current and current.target is not None else UNKNOWN,
        status=status,
        status_word=words(status),
        sample_size=formats.count(current.sample_size) if current else UNKNOWN,
        month=formats.short_period(kpi.month, is_quarter=kpi.is_quarter) if current and kpi.month else UNKNOWN,
        is_reference_month=is_reference,
        is_tentative=current is not None and (kpi.partial_until is not None or not is_settled(current)),
        caveats=figure_caveats(kpi, words, formats),
        general_caveat=main_caveat(kpi, words),
        benchmark=benchmark_text(kpi, words, formats) if current else "",
    )


def interval_text(kpi: KpiFigures, formats: Formats) -> str:
    """`71,2 – 73,6 %`; empty where the publication gives no interval."""
    cell = kpi.current
    if cell is None or cell.interval_low is None or cell.interval_high is None:
        return ""
    unit = kpi.definition.unit
    low = formats.value(cell.interval_low, unit, cell.interval_high)
    high = formats.value(cell.interval_high, unit, cell.interval_low)
    return f"{low} à {high}" if formats.language == "fr" else f"{low} to {high}"


def benchmark_text(kpi: KpiFigures, words: Words, formats: Formats) -> str:
    """The sector's benchmark, named as such; empty where there is none."""
    if kpi.current is None or kpi.current.benchmark is None:
        return ""
    return f"{words('benchmark_short')} {formats.value(kpi.current.benchmark, kpi.definition.unit, kpi.current.value)}"


def main_caveat(kpi: KpiFigures, words: Words) -> str:
    """The one sentence beside the figure: why it is degraded, else the first caveat of its definition."""
    if not kpi.is_shown:
        return ""
    if kpi.verdict == "degraded" and kpi.reasons:
        return reason_text(kpi, words)
    return first_sentence(words.spaced(kpi.definition.caveats))


def first_sentence(text: str) -> str:
    """The first sentence of a text: the table has room for the main caveat, the sheet prints them all."""
    end = text.find(". ")
    return text if end < 0 else text[: end + 1]


def change_texts(change: Change | None, unit: str, words: Words, formats: Formats) -> tuple[str, str, Tone]:
    """The change, what it means, and its tone: points for rates and scores, per cent for amounts and volumes."""
    if change is None:
        return UNKNOWN, "", "neutral"
    if unit == "rate":
        text = f"{formats.number(change.absolute * 100, 1)}\u00a0{words('points')}"
    elif unit in POINT_UNITS:
        text = formats.number(change.absolute, 1 if unit == "nps" else 2)
    elif unit == "seconds":
        text = formats.duration(change.absolute)
    elif change.relative is not None:
        text = formats.rate(change.relative)
    else:
        text = formats.value(change.absolute, unit)
    if change.absolute > 0 and _has_digit_above_zero(text):
        text = f"+{text}"
    if not _has_digit_above_zero(text):
        return text, words("stable"), "neutral"
    if change.is_steady:
        return text, words("steady"), "neutral"
    if change.is_favourable is None:
        return text, words("higher" if change.absolute > 0 else "lower"), "neutral"
    return (
        text,
        words("favourable" if change.is_favourable else "unfavourable"),
        "good" if change.is_favourable else "bad",
    )


def figure_caveats(kpi: KpiFigures, words: Words, formats: Formats) -> tuple[str, ...]:
    """What to know about this very figure, in a few words each."""
    if not kpi.is_shown or kpi.current is None:
        return (reason_text(kpi, words) if kpi.verdict == "unavailable" else words("no_value"),)
    caveats = []
    if kpi.partial_until is not None:
        caveats.append(words("caveat_partial", day=formats.day(kpi.partial_until)))
    if kpi.partial_until is None and not kpi.current.is_complete:
        caveats.append(words("caveat_history"))
    elif not kpi.current.is_publishable:
        caveats.append(words("caveat_small"))
    if not is_settled(kpi.current):
        caveats.append(words("caveat_immature", count=formats.count(kpi.current.immature_count)))
    if kpi.current.has_alarm:
        caveats.append(words("caveat_alarm"))
    if kpi.current.is_restated:
        caveats.append(words("caveat_restated"))
    if kpi.verdict == "degraded":
        caveats.append(words("caveat_degraded"))
    return tuple(caveats)


def reason_text(kpi: KpiFigures, words: Words) -> str:
    """Why a KPI is not ready, in the publication's words."""
    if kpi.reasons:
        return words.spaced(" ".join(kpi.reasons))
    return words("not_computed") if kpi.verdict == "unavailable" else words("no_value")


def _has_digit_above_zero(text: str) -> bool:
    return any(character in "123456789" for character in text)
