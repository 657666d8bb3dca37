"""Publication: immutable versions, one switch, retention, history, digest."""

import json
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from dagster_project.publication.digest import table_digest
from dagster_project.publication.release import (
    STORAGE_VERSION,
    PublicationRow,
    Release,
    current_manifest,
    new_publication_id,
    publish,
    write_missing_history,
)


def make_warehouse(folder: Path, value: float = 0.5) -> Path:
    path = folder / "warehouse.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts; create schema staging")
        connection.execute("create table staging.private as select 'not published' as text")
        connection.execute(
            """create table marts.kpi_values as
               select 'nps' as kpi, 'month' as period_grain, date '2025-01-01' as period_start,
                      segment as value_segment, ?::double as value, 0::bigint as immature_count, true as is_complete
               from range(3) as t(segment)""",
            [value],
        )
        connection.execute("comment on column marts.kpi_values.kpi is 'Code, the company''s own'")
    return path


def release(home: Path, as_of: date, second: int, *, value: float = 0.5, keep: int = 10) -> Release:
    published_at = datetime(2026, 1, 1, 6, 0, second)
    row = PublicationRow(
        new_publication_id(as_of, published_at, "abcdefgh-run"), published_at, as_of, None, "run", 3, 0, "0.1.0", "hash"
    )
    home.mkdir(exist_ok=True)
    return publish(make_warehouse(home, value), home, row, keep=keep, with_parquet=True, checks_folder=None)


def test_a_publication_holds_the_marts_only_and_is_read_through_the_fixed_names(tmp_path: Path) -> None:
    release(tmp_path, date(2025, 1, 31), 1)
    with duckdb.connect(str(tmp_path / "published" / "service_value.duckdb"), read_only=True) as connection:
        tables = [name for (name,) in connection.execute("select table_name from duckdb_tables() order by 1").fetchall()]
        comment = connection.execute("select comment from duckdb_columns() where column_name = 'kpi'").fetchone()
        assert connection.execute("select as_of_date from publication").fetchall() == [(date(2025, 1, 31),)]
        without = connection.execute(
            "select column_name from duckdb_columns() where table_name = 'publication' and comment is null"
        ).fetchall()
    assert tables == ["kpi_values", "publication"]
    assert comment == ("Code, the company's own",)
    assert without == []
    assert len(pd.read_parquet(tmp_path / "published" / "parquet" / "kpi_values.parquet")) == 3
    manifest = json.loads((tmp_path / "published" / "manifest.json").read_text())
    assert manifest["rows"] == {"kpi_values": 3, "publication": 1}
    assert "publication" not in manifest["digests"]


def _with_view(folder: Path, body: str) -> Path:
    """The warehouse with a view as dbt makes it: it names its own database, and a CTE has the name of a table."""
    folder.mkdir(exist_ok=True)
    path = make_warehouse(folder)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"create view marts.kpi_names as with kpi_values as (select kpi from {body}) select * from kpi_values")
        connection.execute("comment on view marts.kpi_names is 'The KPIs'")
        connection.execute("comment on column marts.kpi_names.kpi is 'Code'")
    return path


def _row(as_of: date) -> PublicationRow:
    return PublicationRow("id", datetime(2026, 1, 1), as_of, None, "run", 0, 0, "0", "h")


def test_a_view_is_published_as_a_view_that_works_under_any_name_and_as_rows_in_parquet(tmp_path: Path) -> None:
    warehouse = _with_view(tmp_path, '"warehouse"."marts"."kpi_values"')
    made = publish(warehouse, tmp_path, _row(date(2025, 1, 31)), keep=2, with_parquet=True)
    published = tmp_path / "published"
    with duckdb.connect() as connection:
        connection.execute("create table kpi_values as select 'another table of the reader' as kpi")
        connection.execute(f"attach '{published / 'service_value.duckdb'}' as of_january (read_only)")
        assert connection.execute("select distinct kpi from of_january.kpi_names").fetchall() == [("nps",)]
        assert connection.execute("select comment from duckdb_views() where view_name = 'kpi_names'").fetchall() == [
            ("The KPIs",)
        ]
        found = connection.execute("select comment from duckdb_columns() where table_name = 'kpi_names'").fetchall()
        assert found == [("Code",)]
    assert pd.read_parquet(published / "parquet" / "kpi_names.parquet")["kpi"].tolist() == ["nps"] * 3
    assert made.tables == {"kpi_names": 3, "kpi_values": 3, "publication": 1}


def test_a_view_that_reads_what_is_not_published_publishes_nothing(tmp_path: Path) -> None:
    warehouse = _with_view(tmp_path, "(select text as kpi from staging.private)")
    with pytest.raises(duckdb.Error, match="staging"):
        publish(warehouse, tmp_path, _row(date(2025, 1, 31)), keep=2, with_parquet=True)
    assert current_manifest(tmp_path / "published") is None


def test_the_published_file_is_in_a_storage_version_that_duckdb_1_4_opens(tmp_path: Path) -> None:
    release(tmp_path, date(2025, 1, 31), 1)
    with duckdb.connect(str(tmp_path / "published" / "service_value.duckdb"), read_only=True) as connection:
        found = connection.execute("select tags['storage_version'] from duckdb_databases() where not internal").fetchone()
    assert found is not None
    assert found[0].startswith(STORAGE_VERSION[:4])


def test_an_earlier_as_of_date_is_kept_as_a_version_and_leaves_the_newest_current(tmp_path: Path) -> None:
    newest = release(tmp_path, date(2025, 2, 28), 1)
    backfill = release(tmp_path, date(2025, 1, 31), 2)
    manifest = current_manifest(tmp_path / "published")
    assert newest.is_current and not backfill.is_current
    assert manifest is not None
    assert manifest["publication"]["publication_id"] == newest.publication_id
    assert backfill.folder.is_dir()


def test_the_same_tables_have_the_same_digest_and_another_value_another_one(tmp_path: Path) -> None:
    first = release(tmp_path / "a", date(2025, 1, 31), 1)
    same = release(tmp_path / "b", date(2025, 1, 31), 2)
    other = release(tmp_path / "c", date(2025, 1, 31), 3, value=0.51)
    assert first.digest == same.digest
    assert first.digest != other.digest


def test_the_digest_does_not_depend_on_the_order_of_rows_but_on_duplicates() -> None:
    with duckdb.connect() as connection:
        connection.execute("create table a as select i, i / 7 as x from range(5000) as t(i)")
        connection.execute("create table b as select * from a order by i desc")
        connection.execute("create table c as select * from a union all select * from a where i = 3")
        connection.execute("create table e as select * from a where false")
        digests = {name: table_digest(connection, name) for name in "abce"}
    assert digests["a"] == digests["b"]
    assert len({digests["a"], digests["c"], digests["e"]}) == 3


def test_retention_keeps_the_current_version_and_the_newest_others(tmp_path: Path) -> None:
    first = release(tmp_path, date(2025, 3, 31), 1, keep=2)
    for second, day in ((2, 10), (3, 11), (4, 12)):
        release(tmp_path, date(2025, 1, day), second, keep=2)
    left = sorted(path.name for path in (tmp_path / "published" / "versions").iterdir())
    assert left == sorted([first.publication_id, "2025-01-12_20260101T060004000000_abcdefgh"])


def test_a_back_fill_is_kept_until_its_packs_are_made_even_where_one_version_is_retained(tmp_path: Path) -> None:
    release(tmp_path, date(2025, 3, 31), 1, keep=1)
    back_fill = release(tmp_path, date(2024, 5, 31), 2, keep=1)
    assert not back_fill.is_current
    assert back_fill.folder.exists()


def test_history_holds_what_each_publication_said_and_a_missing_part_is_made_up_for(tmp_path: Path) -> None:
    release(tmp_path, date(2025, 1, 31), 1, value=0.5)
    release(tmp_path, date(2025, 2, 28), 2, value=0.6)
    history = tmp_path / "history" / "kpi_values"
    lost = sorted(history.glob("*.parquet"))[0]
    lost.unlink()
    write_missing_history(tmp_path)
    said = pd.concat([pd.read_parquet(path) for path in sorted(history.glob("*.parquet"))])
    assert sorted(said["value"].unique()) == [0.5, 0.6]
    assert len(said) == 6


def test_leftovers_of_a_killed_publication_are_removed_and_never_seen(tmp_path: Path) -> None:
    leftover = tmp_path / "published" / "versions" / ".tmp-killed"
    leftover.mkdir(parents=True)
    (leftover / "service_value.duckdb").write_bytes(b"half")
    release(tmp_path, date(2025, 1, 31), 1)
    assert not leftover.exists()


READER = """
import sys, duckdb
path, seen = sys.argv[1], set()
print("ready", flush=True)
while len(seen) < 4:
    with duckdb.connect(path, read_only=True) as connection:
        rows = connection.execute("select count(*), count(distinct value) from kpi_values").fetchone()
        day = connection.execute("select max(as_of_date) from publication").fetchone()
    assert rows == (3, 1), rows
    seen.add(day)
"""


def test_a_reader_in_another_process_that_loops_sees_whole_publications_only(tmp_path: Path) -> None:
    release(tmp_path, date(2025, 1, 1), 1)
    path = tmp_path / "published" / "service_value.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", READER, str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        for number in range(2, 40):
            release(tmp_path, date(2025, 1, 1) + pd.Timedelta(days=number).to_pytimedelta(), number, value=float(number))
            if reader.poll() is not None:
                break
        _, errors = reader.communicate(timeout=60)
    assert errors == ""
    assert reader.returncode == 0


def test_a_warehouse_without_marts_publishes_nothing_that_is_half(tmp_path: Path) -> None:
    with pytest.raises(duckdb.Error):
        publish(
            tmp_path / "absent.duckdb",
            tmp_path,
            PublicationRow("id", datetime(2026, 1, 1), date(2025, 1, 1), None, "run", 0, 0, "0", "h"),
            keep=2,
            with_parquet=False,
            checks_folder=None,
        )
    assert current_manifest(tmp_path / "published") is None
