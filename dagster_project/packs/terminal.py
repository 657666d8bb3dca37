"""The KPI table in the terminal: the same lines as the page, the total segment, the last complete month."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dagster_project.packs.figures import build_report
from dagster_project.packs.formats import Formats
from dagster_project.packs.html import Company, month_sentence
from dagster_project.packs.reading import read_published
from dagster_project.packs.rows import kpi_row
from dagster_project.packs.wording import Words

_TONES = {"good": "green", "bad": "red", "neutral": ""}


def print_kpis(database: Path, company: Company, language: str, console: Console) -> None:
    """Print the KPI table of a published database. Works without a terminal: then without colours."""
    words = Words(language)
    report = build_report(read_published(database, language), company.time_zone)
    formats = Formats(language, company.currency)
    console.print()
    console.print(Text(f"{words('title')} – {company.name}", style="bold"))
    console.print(Text(month_sentence(report, words, formats)), soft_wrap=True)
    for topic in report.topics:
        table = Table(title=words.topic(topic), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column(words("indicator"), max_width=46)
        for name in ("value", "previous", "change"):
            table.add_column(words(name), justify="right", no_wrap=True)
        table.add_column(words("status"))
        table.add_column(words("n"), justify="right", no_wrap=True)
        table.add_column(words("month"), no_wrap=True)
        table.add_column(words("caveat"), max_width=44)
        for kpi in report.of_topic(topic):
            row = kpi_row(kpi, report, words, formats)
            style = "dim" if row.is_greyed else ""
            status = "" if row.status == "no_target" else row.status_word
            table.add_row(
                Text(row.label, style="bold" if row.is_headline else style),
                Text(row.value, style=style),
                Text(row.previous, style=style),
                Text(row.change, style=style or _TONES[row.change_tone]),
                Text(status, style=style),
                Text(row.sample_size, style=style),
                Text(row.month, style=style),
                Text("; ".join(row.caveats), style=style),
            )
        console.print(table)
