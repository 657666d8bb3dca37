"""The KPI table in the terminal: the same lines as the page, the total segment, the last complete month.

Here: which columns fit the width at hand. Not here: the texts of a line (`rows.py`). The label gets the room that it
needs; columns are given up for it in the order of `_GIVEN_UP`, and only then is a label folded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagster_project.packs.figures import Report, build_report
from dagster_project.packs.formats import UNKNOWN, Formats
from dagster_project.packs.html import Company, month_sentence
from dagster_project.packs.reading import VERDICTS, read_published
from dagster_project.packs.rows import KpiRow, kpi_row
from dagster_project.packs.wording import Words

_TONES = {"good": "green", "bad": "red", "neutral": ""}
_STATUS_STYLES = {"on_target": "green", "watch": "yellow", "alert": "bold red"}
_COLUMNS = ("value", "previous", "change", "target", "status", "n", "month")
_NUMERIC = frozenset({"value", "previous", "change", "target", "n"})
# What the change says already goes first; value, change, status and month always stay.
_GIVEN_UP = ("target", "previous", "n")
_GAP = 2
# Caveats have a column only where there is room; a month that may still move is marked at any width.
_TENTATIVE = "*"
# A label of this many characters is whole for nearly every KPI ("Niveau de service (tous les abandons manqués)").
_LABEL_WANTED = 46
_LABEL_SMALLEST = 16
_CAVEAT_SMALLEST, _CAVEAT_LARGEST = 20, 44


def print_kpis(database: Path, company: Company, language: str, console: Console) -> None:
    """Print the KPI table of a published database. Works without a terminal: then without colours."""
    words = Words(language)
    report = build_report(read_published(database, language), company.time_zone)
    formats = Formats(language, company.currency)
    console.print()
    console.print(Text(f"{words('title')} – {company.name}", style="bold"))
    if company.is_simulated:
        console.print(Text(words("simulated_long"), style="yellow"))
    console.print(Text(month_sentence(report, words, formats)))
    counts = [
        f"{words(verdict + '_many')}{_colon(words)}{len(report.of_verdict(verdict))}"
        for verdict in VERDICTS
        if verdict == "ready" or report.of_verdict(verdict)
    ]
    console.print(Text(" · ".join(counts)))
    console.print()
    console.print(_table(report, words, formats, console.width))
    if any(kpi_row(kpi, report, words, formats).is_tentative for kpi in report.kpis):
        console.print(Text(f"{_TENTATIVE} {words('tentative')}"))


def _colon(words: Words) -> str:
    return "\u00a0: " if words.language == "fr" else ": "


def _table(report: Report, words: Words, formats: Formats, room: int) -> Table:
    rows = {topic: [kpi_row(kpi, report, words, formats) for kpi in report.of_topic(topic)] for topic in report.topics}
    lines = [(row, _texts(row)) for topic_rows in rows.values() for row in topic_rows]
    label, columns, caveat = fit([row.label for row, _ in lines], _widths([texts for _, texts in lines], words), room)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, _GAP - 1, 0, 0), pad_edge=False)
    table.add_column(words("indicator"), width=label)
    for name in columns:
        table.add_column(words(name), justify="right" if name in _NUMERIC else "left", no_wrap=True)
    if caveat:
        table.add_column(words("caveat"), width=caveat)
    for topic, topic_rows in rows.items():
        table.add_row(Text(words.topic(topic).upper(), style="bold cyan"))
        for row in topic_rows:
            texts = _texts(row)
            cells = [Text(texts[name], style=_style(name, row)) for name in columns]
            name_cell = Text(row.label, style="dim" if row.is_greyed else "bold" if row.is_headline else "")
            extra = [Text("; ".join(row.caveats), style="dim" if row.is_greyed else "")] if caveat else []
            table.add_row(name_cell, *cells, *extra)
        table.add_row("")
    return table


def fit(labels: Sequence[str], widths: Mapping[str, int], room: int) -> tuple[int, list[str], int]:
    """Width of the label, the columns that are shown, and the width of the caveat (0: not shown).

    `widths`: of each column, in order; those without a text have width 0 and are left out.
    """
    longest = max((cell_len(label) for label in labels), default=_LABEL_SMALLEST)
    columns = [name for name in widths if widths[name]]

    def left() -> int:
        return room - sum(widths[name] + _GAP for name in columns)

    caveat = min(_CAVEAT_LARGEST, left() - longest - _GAP)
    if caveat >= _CAVEAT_SMALLEST:
        return longest, columns, caveat
    for name in _GIVEN_UP:
        if left() < min(longest, _LABEL_WANTED) and name in columns:
            columns.remove(name)
    return min(longest, max(left(), _LABEL_SMALLEST)), columns, 0


def _widths(lines: Sequence[Mapping[str, str]], words: Words) -> dict[str, int]:
    """The width of each column: its head and its longest text; 0 where no line has anything to say."""
    widths = {}
    for name in _COLUMNS:
        texts = [line[name] for line in lines]
        is_empty = all(text in {"", UNKNOWN} for text in texts)
        widths[name] = 0 if is_empty else max(cell_len(text) for text in [words(name), *texts])
    return widths


def _texts(row: KpiRow) -> dict[str, str]:
    """The cells of a line by column; what has no target has no status, and nothing is said twice."""
    return {
        "value": row.value,
        "previous": row.previous if row.is_shown else "",
        "change": row.change if row.is_shown else "",
        "target": row.target if row.target != UNKNOWN else "",
        "status": row.status_word if row.is_shown and row.status != "no_target" else "",
        "n": row.sample_size if row.is_shown else "",
        "month": row.month + (_TENTATIVE if row.is_tentative else "") if row.is_shown else "",
    }


def _style(column: str, row: KpiRow) -> str:
    if row.is_greyed:
        return "dim"
    if column == "change":
        return _TONES[row.change_tone]
    if column == "status":
        return _STATUS_STYLES.get(row.status, "")
    return "bold" if column == "value" and row.is_headline else ""
