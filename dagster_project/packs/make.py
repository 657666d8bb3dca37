"""Making the packs of one audience: read a published database, render, write each file whole or not at all.

Here: which files there are, and the writing. Not here: what is in them (`html.py`, `value_html.py`, `customers_html.py`,
`xlsx.py`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dagster_project.packs.customers import build_customer_report
from dagster_project.packs.customers_html import render_customers
from dagster_project.packs.figures import build_report
from dagster_project.packs.html import Company, page_name, render_html
from dagster_project.packs.reading import read_customers, read_published
from dagster_project.packs.reading_value import read_value
from dagster_project.packs.value import build_value_report
from dagster_project.packs.value_html import render_value
from dagster_project.packs.wording import Words
from dagster_project.packs.xlsx import render_xlsx

FORMATS = ("html", "xlsx", "pdf")


@dataclass
class PackReport:
    """The files that were made, and what was asked for and could not be made, in words."""

    files: list[Path] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)


def make_packs(
    database: Path, outbox: Path, company: Company, *, audience: str, language: str, formats: Sequence[str]
) -> PackReport:
    """Write the packs of one audience into `outbox/<audience>/<as-of date>/`, from published tables only.

    `formats`: html gives a page of the KPIs (`service_value_<language>.html`), one of the value
    (`service_value_value_<language>.html`) and one of the customers (`service_value_customers_<language>.html`), xlsx one
    workbook of all; pdf gives a message. Raises what the readers
    raise, ValueError for a format that is not known, and OSError; a file that was there stays as it was.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise ValueError(f"format {unknown[0]!r} is not one of {', '.join(FORMATS)}")
    words = Words(language)
    report = build_report(read_published(database, language), company.time_zone)
    customers = build_customer_report(read_customers(database, language), report.publication.as_of_date)
    value = build_value_report(read_value(database, language), report.publication.as_of_date)
    folder = outbox / _folder_name(audience) / report.publication.as_of_date.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    made = PackReport()
    for name in formats:
        contents: dict[str, bytes] = {}
        if name == "html":
            contents[page_name("title", language)] = render_html(report, company, audience, words).encode()
            contents[page_name("proof", language)] = render_value(report, value, customers, company, audience, words).encode()
            contents[page_name("customers", language)] = render_customers(report, customers, company, audience, words).encode()
        elif name == "xlsx":
            contents[f"service_value_{language}.xlsx"] = render_xlsx(report, value, customers, company, audience, words)
        else:
            made.messages.append(words("no_pdf", audience=audience, language=language))
        made.files += [_write_whole(folder / file, content) for file, content in contents.items()]
    return made


def _folder_name(audience: str) -> str:
    """An audience as a folder name: letters, digits, dash and underscore; nothing that leaves the outbox."""
    return re.sub(r"[^\w-]+", "_", audience).strip("_") or "audience"


def _write_whole(path: Path, content: bytes) -> Path:
    partial = path.with_name(f".tmp-{path.name}")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    return path
