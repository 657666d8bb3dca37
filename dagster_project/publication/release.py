"""Publication: an immutable version of the published tables behind one symlink, and the history of what was said.

Here: copying the marts out of the private warehouse (views stay views), digests, manifest, switch, retention, history. Not here: whether
a run may publish (`checks/`), and what people are sent (`packs/`).

Layout under `HOME/published/`: `versions/<publication_id>/{service_value.duckdb,parquet/,checks/,manifest.json}`;
`current` is a symlink to the newest version and is replaced by a rename after everything is on disk; the fixed names
`service_value.duckdb`, `parquet` and `manifest.json` are symlinks through `current`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal

import duckdb

from dagster_project.publication.digest import quoted, table_digest

DATABASE_NAME = "service_value.duckdb"
# DuckDB 2.0 writes files that 1.5 and older cannot read unless told so (docs/decisions.md).
STORAGE_VERSION = "v1.4.0"
FIXED_NAMES = (DATABASE_NAME, "parquet", "manifest.json")
HISTORY_COLUMNS = ("kpi", "period_grain", "period_start", "value_segment", "value", "immature_count", "is_complete")


@dataclass(frozen=True)
class PublicationRow:
    """The one row of the published table `publication`. Instants are naive UTC."""

    publication_id: str
    published_at: datetime
    as_of_date: date
    data_horizon: datetime | None
    run_id: str
    checks_passed: int
    checks_warned: int
    project_version: str
    inputs_hash: str


@dataclass(frozen=True)
class Release:
    """What a publication did. `is_current`: whether the symlink moved to it (never to an earlier as-of date)."""

    publication_id: str
    folder: Path
    is_current: bool
    tables: dict[str, int]
    digest: str
    removed_versions: list[str]


def new_publication_id(as_of_date: date, published_at: datetime, run_id: str) -> str:
    """An id that sorts by as-of date, then by the instant of publication."""
    return f"{as_of_date.isoformat()}_{published_at:%Y%m%dT%H%M%S%f}_{run_id[:8]}"


def publish(
    warehouse: Path, home: Path, row: PublicationRow, *, keep: int, with_parquet: bool, checks_folder: Path | None = None
) -> Release:
    """Copy the schema `marts` of `warehouse` into a new version and make it current.

    A crash before the rename leaves a `.tmp-` folder that the next publication removes; a crash after it leaves a
    whole version that is not current. `keep` is the number of versions retained (the current one always is).
    Raises OSError and duckdb.Error; nothing that readers see has changed then.
    """
    published = home / "published"
    versions = published / "versions"
    versions.mkdir(parents=True, exist_ok=True)
    for leftover in versions.glob(".tmp-*"):
        shutil.rmtree(leftover)
    work = versions / f".tmp-{row.publication_id}"
    work.mkdir()
    counts, digests = _write_tables(warehouse, work, row, with_parquet)
    if checks_folder is not None and checks_folder.is_dir():
        shutil.copytree(checks_folder, work / "checks")
    manifest = {
        "publication": _json_ready(asdict(row)),
        "storage_version": STORAGE_VERSION,
        "rows": counts,
        "digests": digests,
        "digest": _combined(digests),
        "files": {str(path.relative_to(work)): _sha256(path) for path in sorted(work.rglob("*")) if path.is_file()},
    }
    (work / "manifest.json").write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    _sync_tree(work)
    folder = versions / row.publication_id
    os.rename(work, folder)
    _sync(versions)
    is_current = _switch(published, row)
    write_missing_history(home)
    removed = _retain(published, keep, row.publication_id)
    return Release(row.publication_id, folder, is_current, counts, str(manifest["digest"]), removed)


def data_horizon(inputs: Path, required: Sequence[str]) -> datetime | None:
    """The earliest horizon (naive UTC, exclusive) of the required feeds: up to there all of them speak."""
    with duckdb.connect() as connection:
        found = connection.execute(
            "select min(horizon_at) from read_parquet(?) where list_contains(?, feed)",
            [str(inputs / "feed_status.parquet"), list(required)],
        ).fetchone()
    horizon: datetime | None = found[0] if found else None
    return horizon


def current_manifest(published: Path) -> dict[str, Any] | None:
    """The manifest of the current publication, or None before the first."""
    path = published / "current" / "manifest.json"
    if not path.exists():
        return None
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def write_missing_history(home: Path) -> None:
    """Append to `history/kpi_values/` what each retained version said and history does not hold yet.

    Run after the switch; a run killed in between is made up for by the next one.
    """
    history = home / "history" / "kpi_values"
    history.mkdir(parents=True, exist_ok=True)
    for version in sorted((home / "published" / "versions").iterdir()):
        target = history / f"{version.name}.parquet"
        if version.name.startswith(".") or target.exists() or not (version / "manifest.json").exists():
            continue
        manifest = json.loads((version / "manifest.json").read_text(encoding="utf-8"))
        partial = history / f".tmp-{version.name}.parquet"
        with duckdb.connect(str(version / DATABASE_NAME), read_only=True) as connection:
            connection.execute(
                f"""copy (select columns(lambda name: name in {HISTORY_COLUMNS}), ?::date as as_of_date, ? as publication_id
                    from kpi_values order by all) to '{_literal(partial)}' (format parquet)""",
                [manifest["publication"]["as_of_date"], version.name],
            )
        _sync(partial)
        os.replace(partial, target)


def _write_tables(warehouse: Path, work: Path, row: PublicationRow, with_parquet: bool) -> tuple[dict[str, int], dict[str, str]]:
    counts: dict[str, int] = {}
    digests: dict[str, str] = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{_literal(warehouse)}' as warehouse (read_only)")
        connection.execute(f"attach '{_literal(work / DATABASE_NAME)}' as release (storage_version '{STORAGE_VERSION}')")
        tables = [
            table
            for (table,) in connection.execute(
                "select table_name from duckdb_tables() where database_name = 'warehouse' and schema_name = 'marts' order by 1"
            ).fetchall()
        ]
        for table in tables:
            name = quoted(table)
            # sorted: the same rows make the same bytes, and a point query reads few row groups
            connection.execute(f"create table release.{name} as select * from warehouse.marts.{name} order by all")
        views = _create_views(connection, warehouse)
        for table in [*tables, *views]:
            _copy_comments(connection, table, "view" if table in views else "table")
            digests[table] = table_digest(connection, f"release.{quoted(table)}")
        _write_publication_row(connection, row)
        for table in [*digests, "publication"]:
            found = connection.execute(f"select count(*) from release.{quoted(table)}").fetchone()
            counts[table] = int(found[0]) if found else 0
            if with_parquet:
                (work / "parquet").mkdir(exist_ok=True)
                target = _literal(work / "parquet" / f"{table}.parquet")
                # a Parquet file cannot be a view: there its rows are written out
                rows = f"(from release.{quoted(table)} order by all)" if table in views else f"release.{quoted(table)}"
                connection.execute(f"copy {rows} to '{target}' (format parquet, compression zstd)")
        connection.execute("checkpoint release")
        connection.execute("detach release")
    return counts, digests


def _create_views(connection: duckdb.DuckDBPyConnection, warehouse: Path) -> list[str]:
    """Create the views of `marts` anew over the published tables, and return their names.

    dbt's views name the schema `marts`, and may name their database, which the published file does not have: `main` stands
    there instead (without any schema a CTE of the same name would be meant), so that the tables are found in the file
    itself, under whatever name it is attached. For a view that reads anything but published tables: duckdb.Error.
    """
    prefix = re.compile(rf'(?<![\w."])(?:"?{re.escape(warehouse.stem)}"?\.)?"?marts"?\.')
    found = connection.execute(
        "select view_name, sql from duckdb_views() where database_name = 'warehouse' and schema_name = 'marts' order by 1"
    ).fetchall()
    connection.execute("use release")
    for _, sql in found:
        connection.execute(prefix.sub("main.", sql))
    connection.execute("use memory")
    return [name for name, _ in found]


def _copy_comments(connection: duckdb.DuckDBPyConnection, table: str, kind: Literal["table", "view"]) -> None:
    """Carry the descriptions that dbt persisted, so that a BI tool shows them."""
    described = connection.execute(
        f"""select comment from duckdb_{kind}s()
            where database_name = 'warehouse' and schema_name = 'marts' and {kind}_name = ?""",
        [table],
    ).fetchone()
    if described and described[0]:
        connection.execute(f"comment on {kind} release.{quoted(table)} is '{described[0].replace(chr(39), chr(39) * 2)}'")
    for column, comment in connection.execute(
        """select column_name, comment from duckdb_columns()
           where database_name = 'warehouse' and schema_name = 'marts' and table_name = ? and comment is not null""",
        [table],
    ).fetchall():
        text = comment.replace("'", "''")
        connection.execute(f"comment on column release.{quoted(table)}.{quoted(column)} is '{text}'")


_PUBLICATION_COMMENTS = {
    "publication_id": "As-of date, instant and run of the publication; the name of its folder.",
    "published_at": "Instant of publication, UTC. The only figure that the clock gives.",
    "as_of_date": "Day as of which everything is computed, company time zone.",
    "data_horizon": "Exclusive end of the last day that every required feed covers, UTC.",
    "run_id": "Run of Dagster that published.",
    "checks_passed": "Checks of all gates that passed.",
    "checks_warned": "Checks that warned and did not block.",
    "project_version": "Version of Service Value.",
    "inputs_hash": "Digest of all that the run read.",
}


def _write_publication_row(connection: duckdb.DuckDBPyConnection, row: PublicationRow) -> None:
    connection.execute(
        """create table release.publication (
            publication_id varchar not null, published_at timestamp not null, as_of_date date not null,
            data_horizon timestamp, run_id varchar not null, checks_passed integer not null,
            checks_warned integer not null, project_version varchar not null, inputs_hash varchar not null)"""
    )
    connection.execute("comment on table release.publication is 'The publication that you are reading. One row per publication.'")
    for column, comment in _PUBLICATION_COMMENTS.items():
        connection.execute(f"comment on column release.publication.{column} is '{comment}'")
    connection.execute("insert into release.publication values (?, ?, ?, ?, ?, ?, ?, ?, ?)", list(asdict(row).values()))


def _switch(published: Path, row: PublicationRow) -> bool:
    """Point `current` at the version unless it has an earlier as-of date than the one that is current."""
    current = current_manifest(published)
    if current and date.fromisoformat(current["publication"]["as_of_date"]) > row.as_of_date:
        return False
    _replace_symlink(published / "current", Path("versions") / row.publication_id)
    for name in FIXED_NAMES:
        if not (published / name).is_symlink():
            _replace_symlink(published / name, Path("current") / name)
    return True


def _replace_symlink(link: Path, target: Path) -> None:
    partial = link.with_name(f".tmp-{link.name}")
    partial.unlink(missing_ok=True)
    os.symlink(target, partial)
    os.replace(partial, link)
    _sync(link.parent)


def _retain(published: Path, keep: int, newest: str) -> list[str]:
    """Remove the oldest versions by instant of publication, `keep` in all; the current one and the newest always stay.

    The newest is not the current one after a back-fill, and its packs are still to be made.
    """
    current = (published / "current").resolve().name
    versions = sorted(
        (path for path in (published / "versions").iterdir() if not path.name.startswith(".")),
        key=lambda path: json.loads((path / "manifest.json").read_text(encoding="utf-8"))["publication"]["published_at"],
        reverse=True,
    )
    stay = {current, newest}
    others = [path for path in versions if path.name not in stay]
    removed = others[max(keep - len(stay), 0) :]
    for path in removed:
        shutil.rmtree(path)
    return sorted(path.name for path in removed)


def _combined(digests: dict[str, str]) -> str:
    return hashlib.sha256("".join(f"{table}={digests[table]};" for table in sorted(digests)).encode()).hexdigest()


def _json_ready(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, date | datetime) else value for key, value in values.items()}


def _literal(path: Path) -> str:
    """A path inside a single-quoted SQL literal; DuckDB takes no bound parameter there."""
    return str(path).replace("'", "''")


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_tree(folder: Path) -> None:
    for path in folder.rglob("*"):
        _sync(path)
    _sync(folder)


def utc_now() -> datetime:
    """The instant of publication, naive UTC: a fact about the publication, never an input of a figure."""
    return datetime.now(UTC).replace(tzinfo=None)
