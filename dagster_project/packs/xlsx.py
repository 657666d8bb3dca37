"""The pack as a workbook: readiness first, numbers as numbers, dates as dates, texts that can never become formulas.

Here: sheets, number formats, widths. Not here: the rows of the sheet of the value (`value_sheet.py`), which figure (`figures.py`), words (`wording.py`), text formats of
people (`formats.py`). The same report gives the same bytes: the file's dates are the as-of date.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

import xlsxwriter

from dagster_project.packs.cells import Content, Typed, as_float
from dagster_project.packs.customers import CustomerReport
from dagster_project.packs.customers_html import Names, diagnostics, lack, sentence
from dagster_project.packs.figures import SEGMENTS, KpiFigures, Report, is_settled
from dagster_project.packs.formats import Formats
from dagster_project.packs.html import Company, month_sentence
from dagster_project.packs.reading import ALL, TOTAL, VERDICTS
from dagster_project.packs.rows import figure_caveats, main_caveat, reason_text
from dagster_project.packs.value import ValueReport
from dagster_project.packs.value_sheet import VALUE_HEADS, value_rows
from dagster_project.packs.wording import Words

_LONGEST_COLUMN = 70
# Excel shows these in the reader's own language: the comma and the space are the reader's, not the file's; 14 is its
# own short date, in the reader's order of day and month
_NUMBER_FORMATS: dict[str, str | int] = {
    "rate": "0.0%",
    "score": "0.00",
    "nps": "+0.0;-0.0;0.0",
    "seconds": "#,##0",
    "count": "#,##0",
    "integer": "#,##0",
    "date": 14,
    "month": "yyyy-mm",
    "points": '+0.0" pt";-0.0" pt";0.0" pt"',
    "share": "+0.0%;-0.0%;0.0%",
}


def render_xlsx(
    report: Report, value: ValueReport, customers: CustomerReport, company: Company, audience: str, words: Words
) -> bytes:
    """The whole workbook as bytes."""
    return _Workbook(report, value, customers, company, audience, words).render()


class _Workbook:
    def __init__(
        self, report: Report, value: ValueReport, customers: CustomerReport, company: Company, audience: str, words: Words
    ) -> None:
        self._report, self._value, self._customers, self._company = report, value, customers, company
        self._audience, self._words = audience, words
        self._names = Names(customers, words)
        self._formats = Formats(words.language, company.currency)
        self._buffer = io.BytesIO()
        # a text such as "=1+1" stays a text, an address stays a text
        self._book = xlsxwriter.Workbook(
            self._buffer,
            {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False},
        )
        self._cell_formats: dict[tuple[str, bool], Any] = {}
        self._title = self._book.add_format({"bold": True, "font_size": 14})
        self._head = self._book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top", "bg_color": "#E8EDF2"})
        self._text = self._book.add_format({"text_wrap": True, "valign": "top"})
        self._grey_text = self._book.add_format({"text_wrap": True, "valign": "top", "font_color": "#808080"})

    def render(self) -> bytes:
        words, publication = self._words, self._report.publication
        self._book.set_properties(
            {
                "title": words("title"),
                "author": words("product"),
                "company": self._company.name,
                "comments": publication.publication_id,
                "created": datetime.combine(publication.as_of_date, time()),
            }
        )
        self._readiness()
        self._feeds()
        self._kpis()
        self._trends()
        self._segments()
        self._value_sheet()
        self._overlay()
        self._migrations()
        self._personas()
        self._models()
        self._parameters()
        self._definitions()
        self._publication()
        self._book.close()
        return self._buffer.getvalue()

    def _readiness(self) -> None:
        words = self._words
        rows: list[list[Content]] = [
            [
                words(verdict),
                words.topic(kpi.topic),
                words.spaced(kpi.definition.label),
                reason_text(kpi, words) if verdict != "ready" else "",
            ]
            for verdict in VERDICTS
            for kpi in self._report.of_verdict(verdict)
        ]
        self._sheet("sheet_readiness", words("readiness"), ["verdict", "topic", "indicator", "reason"], rows)

    def _feeds(self) -> None:
        words = self._words
        fresh = {True: "fresh_yes", False: "fresh_no", None: "fresh_unknown"}
        rows: list[list[Content]] = [
            [
                words.feed(feed.feed),
                words("present_yes" if feed.is_present else "present_no"),
                words(fresh[feed.is_fresh]),
                Typed(feed.last_day, "date"),
                Typed(feed.history_days, "integer"),
                Typed(feed.kpis, "integer"),
            ]
            for feed in self._report.feeds
        ]
        self._sheet("sheet_feeds", words("feeds_caption"), ["feed", "present", "fresh", "horizon", "history", "used_by"], rows)

    def _kpis(self) -> None:
        words = self._words
        rows = [self._kpi(kpi) for kpi in self._report.kpis]
        heads = [
            "topic",
            "indicator",
            "unit",
            "month",
            "value",
            "previous_long",
            "target",
            "change",
            "change_percent",
            "status",
            "n_long",
            "as_of",
            "interval_low",
            "interval_high",
            "immature",
            "restated",
            "caveat",
        ]
        self._sheet("sheet_kpis", month_sentence(self._report, words, self._formats), heads, rows)

    def _kpi(self, kpi: KpiFigures) -> list[Content]:
        words, cell = self._words, kpi.current if kpi.is_shown else None
        unit = kpi.definition.unit
        label = words.spaced(kpi.definition.label)
        head: list[Content] = [words.topic(kpi.topic), label, self._unit(unit)]
        as_of = Typed(self._report.publication.as_of_date, "date")
        if cell is None:
            reason = "; ".join(figure_caveats(kpi, words, self._formats))
            return [
                *head,
                None,
                None,
                None,
                None,
                None,
                None,
                words(kpi.status or "no_target"),
                None,
                as_of,
                None,
                None,
                None,
                None,
                reason,
            ]
        grey = not cell.is_publishable
        change = kpi.change
        is_points = unit == "rate"
        caveats = [*figure_caveats(kpi, words, self._formats), main_caveat(kpi, words)]
        return [
            *head,
            self._period(kpi, kpi.month, grey),
            Typed(cell.value, unit, grey),
            Typed(cell.previous_value, unit, grey or (kpi.previous is not None and not kpi.previous.is_publishable)),
            Typed(cell.target, unit),
            Typed(change.absolute * 100, "points") if change and is_points else Typed(change.absolute if change else None, unit),
            Typed(change.relative if change else None, "share"),
            words(kpi.status or "no_target"),
            Typed(cell.sample_size, "integer"),
            as_of,
            Typed(cell.interval_low, unit, grey),
            Typed(cell.interval_high, unit, grey),
            Typed(cell.immature_count, "integer"),
            words("yes" if cell.is_restated else "no"),
            "; ".join(caveat for caveat in caveats if caveat),
        ]

    def _period(self, kpi: KpiFigures, month: date | None, grey: bool) -> Content:
        """A month as a date; a quarter, which no number format of a workbook knows, in words."""
        return self._formats.short_quarter(month) if kpi.is_quarter and month else Typed(month, "month", grey)

    def _trends(self) -> None:
        words = self._words
        rows: list[list[Content]] = []
        for kpi in self._report.kpis:
            for month, cell in kpi.trend if kpi.is_shown else ():
                if cell is None:
                    continue
                unit, grey = kpi.definition.unit, not cell.is_publishable
                rows.append(
                    [
                        words.spaced(kpi.definition.label),
                        self._unit(unit),
                        self._period(kpi, month, grey),
                        Typed(cell.value, unit, grey),
                        Typed(cell.interval_low, unit, grey),
                        Typed(cell.interval_high, unit, grey),
                        Typed(cell.sample_size, "integer", grey),
                        words("yes" if cell.is_publishable else "no"),
                        words("no" if is_settled(cell) else "yes"),
                        words("yes" if cell.is_restated else "no"),
                    ]
                )
        heads = [
            "indicator",
            "unit",
            "month",
            "value",
            "interval_low",
            "interval_high",
            "n_long",
            "publishable",
            "provisional",
            "restated",
        ]
        self._sheet("sheet_trends", words("trends"), heads, rows)

    def _segments(self) -> None:
        words, labels = self._words, self._report.segment_labels
        rows: list[list[Content]] = []
        for kpi in self._report.segmented:
            for member in SEGMENTS:
                cell = kpi.segments.get(member)
                if cell is None or cell.value is None:
                    continue
                unit, grey = kpi.definition.unit, not cell.is_publishable
                rows.append(
                    [
                        words.spaced(kpi.definition.label),
                        self._unit(unit),
                        self._period(kpi, kpi.month, grey),
                        labels.get(member) or words.segment(member),
                        Typed(cell.value, unit, grey),
                        Typed(cell.interval_low, unit, grey),
                        Typed(cell.interval_high, unit, grey),
                        Typed(cell.sample_size, "integer", grey),
                        words("yes" if cell.is_publishable else "no"),
                    ]
                )
        heads = [
            "indicator",
            "unit",
            "month",
            "segment",
            "value",
            "interval_low",
            "interval_high",
            "n_long",
            "publishable",
        ]
        self._sheet("sheet_segments", words("segments_lead"), heads, rows)

    def _value_sheet(self) -> None:
        rows = value_rows(self._value, self._names, self._words, self._unit)
        self._sheet("sheet_value", self._words("sheet_value_lead"), VALUE_HEADS, rows)

    def _overlay(self) -> None:
        words, overlay = self._words, self._customers.overlay
        rows: list[list[Content]] = []
        for segment in (*overlay.segments, TOTAL) if overlay else ():
            for family in (*overlay.families, ALL) if overlay else ():
                cell = overlay.cells.get((segment, family)) if overlay else None
                if cell is None or overlay is None:
                    continue
                grey, poor, cold = not cell.is_publishable, not cell.is_csat_publishable, not cell.is_nps_publishable
                rows.append(
                    [
                        self._names.segment(segment),
                        self._names.family(family),
                        Typed(cell.month, "month", grey),
                        Typed(cell.customers, "integer", grey),
                        Typed(cell.share, "rate", grey),
                        Typed(as_float(cell.net_amount_12m), "currency", grey),
                        Typed(as_float(cell.margin_12m), "currency", grey),
                        Typed(as_float(cell.identified_net_amount_12m), "currency", grey),
                        Typed(as_float(cell.identified_margin_12m), "currency", grey),
                        Typed(cell.margin_coverage, "rate", grey),
                        Typed(overlay.amount_per_customer(cell) if overlay.has_margin else None, "currency", grey),
                        Typed(cell.contacts_per_customer, "score", grey),
                        words("yes" if cell.is_publishable else "no"),
                        Typed(cell.csat, "rate", poor),
                        Typed(cell.csat_low, "rate", poor),
                        Typed(cell.csat_high, "rate", poor),
                        Typed(cell.csat_answers, "integer", poor),
                        words("yes" if cell.is_csat_publishable else "no"),
                        Typed(cell.nps, "nps", cold),
                        Typed(cell.nps_low, "nps", cold),
                        Typed(cell.nps_high, "nps", cold),
                        Typed(cell.nps_answers, "integer", cold),
                        words("yes" if cell.is_nps_publishable else "no"),
                    ]
                )
        heads = [
            "value_segment",
            "relational_family",
            "month",
            "clients",
            "share",
            "net_amount_12m",
            "margin_12m",
            "identified_net_amount_12m",
            "identified_margin_12m",
            "margin_coverage",
            "margin_per_customer",
            "contacts_per_customer",
            "publishable",
            "csat",
            "csat_low",
            "csat_high",
            "csat_answers",
            "csat_publishable",
            "nps",
            "nps_low",
            "nps_high",
            "nps_answers",
            "nps_publishable",
        ]
        self._sheet("sheet_overlay", self._lead("segment_sizes", bool(rows), words("overlay_not")), heads, rows)

    def _migrations(self) -> None:
        words, names = self._words, self._names
        rows: list[list[Content]] = [
            [
                Typed(row.month, "month"),
                words.named("axis", row.axis),
                names.member(row.axis, row.origin),
                names.member(row.axis, row.destination),
                Typed(row.customers, "integer"),
                words("yes" if row.is_recut else "no"),
            ]
            for figures in self._customers.migrations
            for row in figures.rows
        ]
        heads = ["month", "axis", "from_segment", "to_segment", "month_count", "is_recut"]
        lead = self._lead("segment_migrations", bool(rows), words("sheet_migrations_lead"))
        self._sheet("sheet_migrations", lead, heads, rows)

    def _personas(self) -> None:
        words, names = self._words, self._names
        rows: list[list[Content]] = []
        for persona in self._customers.personas:
            grey = not persona.is_publishable
            texts = (persona.habits, persona.likes, persona.irritants, persona.journey)
            rows.append(
                [
                    persona.micro_segment,
                    words.spaced(persona.label),
                    Typed(persona.customers, "integer", grey),
                    Typed(persona.share, "rate", grey),
                    words("yes" if persona.is_publishable else "no"),
                    words.spaced(persona.portrait),
                    *(words.spaced("\n".join(lines)) for lines in texts),
                    None if persona.segment is None else names.segment(persona.segment),
                    names.family(persona.family) if persona.family else None,
                    Typed(as_float(persona.margin_12m_mean), "currency", grey),
                    Typed(persona.margin_coverage, "rate", grey),
                    Typed(as_float(persona.net_amount_12m_mean), "currency", grey),
                    Typed(persona.purchases_12m_mean, "score", grey),
                    Typed(persona.contacts_12m_mean, "score", grey),
                    Typed(persona.csat, "rate", grey or not persona.is_csat_publishable),
                    Typed(persona.csat_answers, "integer", grey or not persona.is_csat_publishable),
                    words("yes" if persona.is_csat_publishable else "no"),
                ]
            )
        heads = [
            "micro_segment",
            "persona",
            "clients",
            "share",
            "publishable",
            "portrait",
            "habits",
            "likes",
            "irritants",
            "journey",
            "value_segment",
            "relational_family",
            "persona_margin",
            "margin_coverage",
            "persona_net",
            "persona_purchases",
            "persona_contacts",
            "csat",
            "csat_answers",
            "csat_publishable",
        ]
        self._sheet("sheet_personas", self._lead("personas", bool(rows), words("personas_not")), heads, rows)

    def _models(self) -> None:
        words, names = self._words, self._names
        figures = self._customers.models
        rows: list[list[Content]] = []
        for model in figures.models if figures else ():
            wanted, practised, grey = model.wanted, model.practised, not model.is_publishable
            rows.append(
                [
                    names.segment(model.segment),
                    names.family(model.family),
                    Typed(model.customers, "integer", grey),
                    words("yes" if model.is_publishable else "no"),
                    ", ".join(words.named("gap", code) for code in model.gap) or words("gap_none"),
                    *(
                        words.named(kind, code) if code else None
                        for kind, codes in (
                            ("distance", (wanted.distance, practised.distance)),
                            ("tempo", (wanted.tempo, practised.tempo)),
                            ("proactivity", (wanted.proactivity, practised.proactivity)),
                        )
                        for code in codes
                    ),
                    Typed(wanted.frequency, "score", grey),
                    Typed(practised.frequency, "score", grey),
                    Typed(wanted.reply_within_hours, "score", grey),
                    Typed(practised.reply_within_hours, "score", grey),
                    Typed(model.satisfaction, "rate", grey),
                    Typed(model.satisfaction_low, "rate", grey),
                    Typed(model.satisfaction_high, "rate", grey),
                    Typed(model.answers, "integer", grey),
                    words.spaced(model.because),
                ]
            )
        heads = [
            "value_segment",
            "relational_family",
            "clients",
            "publishable",
            "gap",
            "wanted_distance",
            "practised_distance",
            "wanted_tempo",
            "practised_tempo",
            "wanted_proactivity",
            "practised_proactivity",
            "wanted_frequency",
            "practised_frequency",
            "wanted_reply",
            "practised_reply",
            "satisfaction_head",
            "satisfaction_low",
            "satisfaction_high",
            "answers",
            "because",
        ]
        self._sheet("sheet_models", self._lead("relationship_models", bool(rows), words("models_not")), heads, rows)

    def _parameters(self) -> None:
        words, figures = self._words, self._customers.parameters
        rows: list[list[Content]] = [
            [
                words.named("parameter", version.parameter),
                version.version,
                words("in_use" if version.is_in_use else "not_in_use" if version.is_accepted else "refused_one"),
                Typed(version.fitted_as_of, "date"),
                Typed(version.sample_size, "integer"),
                words("yes" if version.is_retrospective else "no"),
                "; ".join(f"{name} {value}" for name, value in diagnostics(version, words, self._formats)),
                words.spaced(sentence(version.reason)),
            ]
            for version in (figures.all if figures else ())
        ]
        heads = [
            "parameter",
            "parameter_version",
            "state",
            "fitted_as_of",
            "sample",
            "retrospective_long",
            "diagnostics",
            "reason",
        ]
        self._sheet("sheet_parameters", self._lead("parameter_versions", bool(rows), words("built_not")), heads, rows)

    def _lead(self, table: str, has_rows: bool, lead: str) -> str:
        """The line above a sheet: what it does not say, or why it is empty."""
        return lack(table, has_rows, self._customers, self._words) or lead

    def _definitions(self) -> None:
        words = self._words
        rows: list[list[Content]] = [
            [
                kpi.definition.kpi,
                words.spaced(kpi.definition.label),
                words.spaced(kpi.definition.purpose),
                words.spaced(kpi.definition.formula),
                words.spaced(kpi.definition.caveats),
                self._unit(kpi.definition.unit),
                words(f"direction_{kpi.definition.direction}"),
                ", ".join(words.feed(feed) for feed in kpi.definition.feeds),
                words.owner(kpi.definition.owner),
                kpi.definition.version,
            ]
            for kpi in self._report.kpis
        ]
        heads = [
            "code",
            "indicator",
            "purpose",
            "formula",
            "caveats",
            "unit",
            "direction",
            "feeds",
            "owner_label",
            "definition_version",
        ]
        self._sheet("sheet_definitions", words("trends_lead"), heads, rows)

    def _publication(self) -> None:
        words, publication = self._words, self._report.publication
        rows: list[list[Content]] = [
            [words("publication"), publication.publication_id],
            [words("as_of"), Typed(publication.as_of_date, "date")],
            [words("data_horizon"), Typed(self._report.last_day, "date")],
            [
                words("checks"),
                words("checks_value", passed=publication.checks_passed, warned=publication.checks_warned),
            ],
            [words("run"), publication.run_id],
            [words("inputs_hash"), publication.inputs_hash],
            [words("project_version"), publication.project_version],
            [words("time_zone"), self._company.time_zone],
        ]
        self._sheet("sheet_publication", words("about"), ["indicator", "value"], rows)

    def _unit(self, unit: str) -> str:
        return self._company.currency if unit == "currency" else self._words(f"unit_{unit}")

    def _sheet(self, name: str, lead: str, heads: Sequence[str], rows: Sequence[Sequence[Content]]) -> None:
        """One sheet: title lines, a frozen head with filters, typed rows, widths by content, A4 landscape."""
        words = self._words
        sheet = self._book.add_worksheet(words(name))
        simulated = f" – {words('simulated_long')}" if self._company.is_simulated else ""
        sheet.write_string(0, 0, f"{words('title')} – {self._company.name}{simulated}", self._title)
        sheet.write_string(1, 0, lead)
        top = 3
        for column, head in enumerate(heads):
            sheet.write_string(top, column, words(head), self._head)
        widths = [len(words(head)) for head in heads]
        for line, row in enumerate(rows, start=top + 1):
            for column, content in enumerate(row):
                widths[column] = max(widths[column], self._write(sheet, line, column, content))
        for column, width in enumerate(widths):
            sheet.set_column(column, column, min(_LONGEST_COLUMN, max(9, width + 2)))
        sheet.freeze_panes(top + 1, 2 if len(heads) > 3 else 0)
        if rows:
            sheet.autofilter(top, 0, top + len(rows), len(heads) - 1)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(top)
        sheet.set_footer(f"&L{self._report.publication.publication_id}&R&P / &N")

    def _write(self, sheet: Any, line: int, column: int, content: Content) -> int:
        """Write one cell by its type; returns the width of its text in characters."""
        if content is None or (isinstance(content, Typed) and content.value is None):
            sheet.write_blank(line, column, None, self._text)
            return 0
        if isinstance(content, str):
            sheet.write_string(line, column, content, self._text)
            return len(content)
        style = self._style(content.kind, content.is_greyed)
        if isinstance(content.value, date):
            sheet.write_datetime(line, column, datetime.combine(content.value, time()), style)
            return 10
        sheet.write_number(line, column, content.value, style)
        return 12

    def _style(self, kind: str, is_greyed: bool) -> Any:
        key = (kind, is_greyed)
        if key not in self._cell_formats:
            pattern = f'#,##0.00 "{self._company.currency}"' if kind == "currency" else _NUMBER_FORMATS[kind]
            style = {"num_format": pattern, "valign": "top"} | ({"font_color": "#808080", "italic": True} if is_greyed else {})
            self._cell_formats[key] = self._book.add_format(style)
        return self._cell_formats[key]
