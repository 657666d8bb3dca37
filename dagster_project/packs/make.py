"""Making the packs of one audience: read a published database, render, write each file whole or not at all.

Here: names of files and the writing. Not here: what is in them (`html.py`, `xlsx.py`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dagster_project.packs.figures import build_report
from dagster_project.packs.html import Company, render_html
from dagster_project.packs.reading import read_published
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
    """Write `outbox/<audience>/<as-of date>/service_value_<language>.<format>` from published tables only.

    `formats`: html, xlsx; pdf gives a message. Raises what `read_published` raises, ValueError for a format that is not
    known, and OSError; a file that was there stays as it was.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise ValueError(f"format {unknown[0]!r} is not one of {', '.join(FORMATS)}")
    words = Words(language)
    report = build_report(read_published(database, language), company.time_zone)
    folder = outbox / _folder_name(audience) / report.publication.as_of_date.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    made = PackReport()
    for name in formats:
        if name == "pdf":
            made.messages.append(words("no_pdf", audience=audience, language=language))
            continue
        content = (
            render_html(report, company, audience, words).encode()
            if name == "html"
            else render_xlsx(report, company, audience, words)
        )
        made.files.append(_write_whole(folder / f"service_value_{language}.{name}", content))
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
