"""From tables of the simulation to files of an inbox, as the systems of a French company would export them.

Belongs here: which feed becomes which file, in which format, encoding and archive. Not here: the columns and the texts
(`sql/90_exports.sql`, `sql/81_lines_of_month.sql`), the mapping back to the feeds (`home.py`).

Bytes depend on the rows alone: rows are sorted by all columns, archives carry no time.
"""

from __future__ import annotations

import gzip
import shutil
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import duckdb
import xlsxwriter

# Compressing is one thread's work (about 30 MB/s): larger files stay as they are.
LARGEST_ARCHIVED_BYTES = 4_000_000
PARQUET_OPTIONS = "format parquet, compression zstd, row_group_size 122880"
_NO_TIME = (1980, 1, 1, 0, 0, 0)

Archive = Literal["none", "gz", "zip", "in turn"]


@dataclass(frozen=True)
class Export:
    """One feed's files. `stem` is the path below `inbox/` without month and ending."""

    feed: str
    stem: str
    kind: Literal["csv", "json", "parquet", "xlsx"]
    is_monthly: bool = False
    delimiter: str = ","
    encoding: str = "utf-8"
    archive: Archive = "none"

    @property
    def view(self) -> str:
        return f"export_{self.feed}"


EXPORTS: tuple[Export, ...] = (
    Export("crm_customers", "crm/clients", "csv", True, ";", "cp1252", "gz"),
    Export("crm_contacts", "crm/contacts", "csv", True, ",", "utf-8", "in turn"),
    Export("crm_agents", "planning/conseillers", "xlsx"),
    Export("crm_evaluations", "qualite/evaluations", "csv", archive="gz"),
    Export("crm_subscriptions", "abonnements/abonnements", "csv"),
    Export("crm_leads", "crm/prospects", "csv"),
    Export("crm_assignments", "crm/experience", "csv", delimiter=";"),
    Export("identity_links", "crm/correspondances", "csv"),
    Export("pos_transactions", "caisse/tickets", "csv", True, ";", "utf-8", "in turn"),
    Export("pos_products", "caisse/articles", "csv", False, ";", "cp1252"),
    Export("pos_stores", "caisse/magasins", "xlsx"),
    Export("loyalty_members", "fidelite/adherents", "parquet"),
    Export("loyalty_movements", "fidelite/mouvements", "parquet"),
    Export("loyalty_rewards", "fidelite/recompenses", "xlsx"),
    Export("survey_responses", "enquetes/reponses", "json", True, archive="in turn"),
    Export("web_sessions", "web/sessions", "parquet"),
)


def write_export(
    connection: duckdb.DuckDBPyConnection, export: Export, relation: str, inbox: Path, month_no: int, month: date
) -> tuple[Path, int]:
    """Write the file of one month (or, for a feed with one file, the whole). Returns the file and its rows.

    `relation` holds the rows, with `file_month` where it holds several files' rows. A month without rows writes nothing
    and returns 0 rows.
    """
    suffix = f"_{month:%Y-%m}" if export.is_monthly else ""
    path = inbox / f"{export.stem}{suffix}.{'jsonl' if export.kind == 'json' else export.kind}"
    path.parent.mkdir(parents=True, exist_ok=True)
    has_month = "file_month" in [row[0] for row in connection.execute(f"describe {relation}").fetchall()]
    select = f"select * {'exclude (file_month) ' if has_month else ''}from {relation}"
    if has_month:
        select += f" where file_month = {month_no}"
    select += " order by all"
    if export.kind == "xlsx":
        return path, _write_xlsx(connection, select, path)
    options = {
        "csv": f"format csv, header, delimiter '{export.delimiter}'",
        "json": "format json",
        "parquet": PARQUET_OPTIONS,
    }[export.kind]
    target = str(path).replace("'", "''")
    answer = connection.execute(f"copy ({select}) to '{target}' ({options})").fetchone()
    rows = int(answer[0]) if answer else 0
    if rows == 0 and export.is_monthly:
        path.unlink()
        return path, 0
    if export.encoding != "utf-8":
        _encode_again(path, export.encoding)
    return _archived(path, export.archive, month_no), rows


def _write_xlsx(connection: duckdb.DuckDBPyConnection, select: str, path: Path) -> int:
    """A small sheet with typed cells. The creation time in the file is fixed."""
    cursor = connection.execute(select)
    names = [item[0] for item in cursor.description]
    rows = cursor.fetchall()
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"title": "Données simulées", "created": datetime(2020, 1, 1)})
        sheet = book.add_worksheet("Export")
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        sheet.write_row(0, 0, names)
        for number, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write_datetime(number, column, value, day)
                elif value is not None:
                    sheet.write(number, column, value)
    return len(rows)


def _encode_again(path: Path, encoding: str) -> None:
    """DuckDB writes UTF-8; older systems do not."""
    other = path.with_name(path.name + ".part")
    with path.open(encoding="utf-8", newline="") as source, other.open("w", encoding=encoding, newline="") as target:
        shutil.copyfileobj(source, target)
    other.replace(path)


def _archived(path: Path, archive: Archive, month_no: int) -> Path:
    """The file as it lies in the inbox: as it is, or as .gz or .zip without any time in it."""
    if archive == "in turn":
        archive = "gz" if month_no % 2 == 0 else "zip"
    if archive == "none" or path.stat().st_size > LARGEST_ARCHIVED_BYTES:
        return path
    if archive == "gz":
        target = path.with_name(path.name + ".gz")
        with path.open("rb") as source, target.open("wb") as raw, gzip.GzipFile("", "wb", 6, raw, 0) as packed:
            shutil.copyfileobj(source, packed)
    else:
        target = path.with_name(path.name + ".zip")
        entry = zipfile.ZipInfo(path.name, _NO_TIME)
        entry.compress_type = zipfile.ZIP_DEFLATED
        entry.create_system = 3
        entry.external_attr = 0o644 << 16
        with zipfile.ZipFile(target, "w") as box, box.open(entry, "w") as inside, path.open("rb") as source:
            shutil.copyfileobj(source, inside)
    path.unlink()
    return target
