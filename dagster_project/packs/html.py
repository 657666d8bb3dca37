"""The pack as HTML pages that need nothing else: no script, no font, no picture from outside.

Here: what every page shares, and the view of the page of the KPIs that its template lays out. Not here: the pages of the
value (`value_html.py`) and of the customers (`customers_html.py`), the markup and the style (`templates/`), the figures
(`figures.py`), the words of a line (`rows.py`). Jinja escapes every text; only the project's own style sheet is raw.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import cache
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dagster_project.packs.charts import Chart, draw
from dagster_project.packs.figures import (
    SEGMENTS,
    KpiFigures,
    Report,
    against_total,
    shade,
)
from dagster_project.packs.formats import UNKNOWN, Formats
from dagster_project.packs.reading import TOTAL, VERDICTS
from dagster_project.packs.rows import KpiRow, kpi_row, reason_text
from dagster_project.packs.wording import Words

# The pages of a pack by the key of their title; each links to the others, so that the names are part of the pages.
PAGES = {"title": "service_value", "proof": "service_value_value", "customers": "service_value_customers"}


@dataclass(frozen=True)
class Company:
    """What a pack says of the company: name, IANA time zone, ISO currency, whether its data are simulated."""

    name: str
    time_zone: str
    currency: str
    is_simulated: bool = False


@dataclass(frozen=True)
class Frame:
    """What stands around the content of a page: the key of its title (of `PAGES`), a line under it, its sections."""

    page: str
    subtitle: str
    sections: tuple[str, ...]
    styles: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sheet:
    """One KPI as the page shows it."""

    figures: KpiFigures
    row: KpiRow
    chart: Chart
    reason: str
    purpose: str
    formula: str
    caveats: str
    feeds: str


@dataclass(frozen=True)
class SegmentCell:
    """One cell of the table by segment. `depth` is 0..4; `side` is above, below or empty."""

    text: str
    sample_size: str
    depth: int
    side: str
    side_word: str
    is_greyed: bool
    is_total: bool


def page_name(page: str, language: str) -> str:
    """The file of a page of `PAGES`."""
    return f"{PAGES[page]}_{language}.html"


def render_html(report: Report, company: Company, audience: str, words: Words) -> str:
    """The page of the KPIs. Pure: the same report gives the same text."""
    formats = Formats(words.language, company.currency)
    sheets = {kpi.definition.kpi: _sheet(kpi, report, words, formats) for kpi in report.kpis}
    view = {
        "reference_month": formats.month(report.reference_month),
        "month_sentence": month_sentence(report, words, formats),
        "topics": [
            (
                topic,
                words.topic(topic),
                words.topic_lead(topic),
                [sheets[kpi.definition.kpi] for kpi in report.of_topic(topic)],
            )
            for topic in report.topics
        ],
        "headlines": [sheets[kpi.definition.kpi] for kpi in report.headlines],
        "verdicts": [(verdict, [sheets[kpi.definition.kpi] for kpi in report.of_verdict(verdict)]) for verdict in VERDICTS],
        "reserves": [
            (verdict, by_reason([sheets[kpi.definition.kpi] for kpi in report.of_verdict(verdict)]))
            for verdict in VERDICTS
            if verdict != "ready" and report.of_verdict(verdict)
        ],
        "feeds": report.feeds,
        "segments": [(member, report.segment_labels.get(member) or words.segment(member)) for member in SEGMENTS],
        "segment_rows": [(sheets[kpi.definition.kpi], _segment_cells(kpi, words, formats)) for kpi in report.segmented],
    }
    frame = Frame("title", formats.month(report.reference_month), ("readiness", "kpis", "trends", "segments", "method"))
    return render_page("pack.html", frame, view, report, company, audience, words)


def render_page(
    template: str, frame: Frame, view: Mapping[str, object], report: Report, company: Company, audience: str, words: Words
) -> str:
    """A page of `template` with its own `view` in the frame that all pages share."""
    formats = Formats(words.language, company.currency)
    publication = report.publication
    published_at = publication.published_at.replace(tzinfo=UTC).astimezone(ZoneInfo(company.time_zone))
    context = {
        "t": words,
        "f": formats,
        "language": words.language,
        "company": company,
        "audience_line": words("for_audience", audience=audience),
        "title": words(frame.page),
        "subtitle": frame.subtitle,
        "pages": [(page_name(page, words.language), words(page), page == frame.page) for page in PAGES],
        "contents": [(section, words(section)) for section in frame.sections],
        "publication": publication,
        "as_of": formats.day(publication.as_of_date),
        "last_day": UNKNOWN if report.last_day is None else formats.day(report.last_day),
        "published_at": f"{formats.day(published_at.date())}, {published_at:%H:%M}",
        "style": Markup("\n".join(_template_source(name) for name in ("pack.css", *frame.styles))),
        "page_style": Markup(_page_style(report, company, words, formats)),
    }
    text = _environment().get_template(template).render({**context, **view})
    return re.sub(r"[ \t]+\n", "\n", re.sub(r"\n\s*\n+", "\n", text))


def by_reason(sheets: Sequence[Sheet]) -> list[tuple[str, list[Sheet]]]:
    """The sheets that share a reason, in reading order of the first of each.

    One missing column takes many KPIs with it (eight, in a log without answer times): said once, readiness stays on
    the first page.
    """
    groups: dict[str, list[Sheet]] = {}
    for sheet in sheets:
        groups.setdefault(sheet.reason, []).append(sheet)
    return list(groups.items())


def month_sentence(report: Report, words: Words, formats: Formats) -> str:
    """Which month the values are of, and that a month in progress is not shown."""
    month = formats.month(report.reference_month)
    if report.open_month is None:
        return words("month_complete", month=month)
    open_month = formats.month(report.open_month)
    return words("month_open", open_month=open_month, as_of=formats.day(report.publication.as_of_date), month=month)


def css_string(text: str) -> str:
    """A CSS string literal of any text; every character that is not a plain letter or digit is a hexadecimal escape."""
    return '"' + "".join(char if char.isascii() and char.isalnum() else f"\\{ord(char):06x}" for char in text) + '"'


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("dagster_project.packs"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _template_source(name: str) -> str:
    loader = _environment().loader
    assert loader is not None  # set just above; for the type checker
    return loader.get_source(_environment(), name)[0]


def _page_style(report: Report, company: Company, words: Words, formats: Formats) -> str:
    """Running heads and feet of the printed pages (CSS paged media), with the texts of this publication."""
    publication = report.publication
    foot = " · ".join(
        [
            company.name,
            f"{words('as_of')} {formats.day(publication.as_of_date)}",
            f"{words('publication')} {publication.publication_id}",
            words("version", version=publication.project_version),
        ]
    )
    head = css_string(words("simulated").upper() if company.is_simulated else "")
    page = css_string(f"{words('page')} ")
    return (
        f"@page {{ @top-right {{ content: {head}; }} @bottom-left {{ content: {css_string(foot)}; }} "
        f'@bottom-right {{ content: {page} counter(page) " / " counter(pages); }} }}'
    )


def _sheet(kpi: KpiFigures, report: Report, words: Words, formats: Formats) -> Sheet:
    return Sheet(
        figures=kpi,
        row=kpi_row(kpi, report, words, formats),
        chart=draw(kpi, words, formats),
        reason=reason_text(kpi, words),
        purpose=words.spaced(kpi.definition.purpose),
        formula=words.spaced(kpi.definition.formula),
        caveats=words.spaced(kpi.definition.caveats),
        feeds=", ".join(words.feed(feed) for feed in kpi.definition.feeds),
    )


def _segment_cells(kpi: KpiFigures, words: Words, formats: Formats) -> list[SegmentCell]:
    total = kpi.segments.get(TOTAL)
    others = [cell for member, cell in kpi.segments.items() if member != TOTAL]
    cells = []
    for member in SEGMENTS:
        cell = kpi.segments.get(member)
        if cell is None or cell.value is None:
            cells.append(SegmentCell(UNKNOWN, "", 0, "", "", True, member == TOTAL))
            continue
        side = against_total(cell, total) if member != TOTAL else None
        cells.append(
            SegmentCell(
                text=formats.value(cell.value, kpi.definition.unit, total.value if total else None),
                sample_size=formats.count(cell.sample_size),
                depth=shade(cell, others) if member != TOTAL else 0,
                side=side or "",
                side_word=words(f"{side}_total") if side else "",
                is_greyed=not cell.is_publishable,
                is_total=member == TOTAL,
            )
        )
    return cells
