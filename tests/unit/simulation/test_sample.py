"""The committed sample: what the simulator gives now, small, telling its story."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import duckdb
import pytest

from dagster_project.simulation.sample import CUSTOMERS, END, MONTHS, SEED, write_sample
from dagster_project.simulation.simulate import MADE_FOLDERS

SAMPLE = Path(__file__).parents[3] / "data" / "sample"


def inside(path: Path) -> object:
    """What a file says, without what an archive's or a format's writer adds: builds of zlib differ in their bytes."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(data)
    if path.suffix in (".zip", ".xlsx"):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    if path.suffix == ".parquet":
        return duckdb.execute(f"from '{path}'").fetchall()
    return data


def files_of(home: Path) -> dict[str, Path]:
    found = [path for name in MADE_FOLDERS for path in (home / name).rglob("*") if path.is_file()]
    return {path.relative_to(home).as_posix(): path for path in sorted([home / "company.yml", *found])}


@pytest.fixture(scope="module")
def made_now(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sample")
    write_sample(home)
    return home


def test_the_committed_sample_is_what_the_simulator_makes_now(made_now: Path) -> None:
    committed, now = files_of(SAMPLE), files_of(made_now)
    assert list(committed) == list(now)
    assert [name for name in now if inside(committed[name]) != inside(now[name])] == []


def test_the_sample_is_smaller_than_five_megabytes() -> None:
    assert sum(path.stat().st_size for path in files_of(SAMPLE).values()) < 5_000_000


def test_the_sample_says_what_it_is_and_how_it_was_made() -> None:
    readme = (SAMPLE / "README.md").read_text(encoding="utf-8")
    assert f"{END:%-d %B %Y}" in readme
    assert "SIMULATED" in readme and "SIMULÉES" in readme
    for argument in (f"--customers {CUSTOMERS}", f"--months {MONTHS}", f"--seed {SEED}"):
        assert argument in readme


@pytest.fixture(scope="module")
def contacts(made_now: Path, tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """A connection with the newest version of each contact."""
    folder = tmp_path_factory.mktemp("contacts")
    for path in (made_now / "inbox" / "crm").glob("contacts_*"):
        content = inside(path)
        data = next(iter(content.values())) if isinstance(content, dict) else content
        assert isinstance(data, bytes)
        (folder / (path.name.split(".")[0] + ".csv")).write_bytes(data)
    connection = duckdb.connect()
    connection.execute(
        f"""
        create table contacts as
        select *, strftime(cast(ouvert_utc as timestamp) + interval 1 hour, '%Y-%m') as month
        from read_csv('{folder}/contacts_*.csv', all_varchar = true)
        where sens = 'E'
        qualify row_number() over (partition by id_contact order by modifie_utc desc) = 1
        """
    )
    return connection


def test_every_month_of_the_sample_has_at_least_300_inbound_contacts(contacts: duckdb.DuckDBPyConnection) -> None:
    months = contacts.execute(
        """
        select month, count(*) from contacts
        where coalesce(issue, '') not in ('fusionné', 'indésirable')
        group by month having count(*) >= 30
        """
    ).fetchall()
    assert len(months) == MONTHS
    assert min(count for _, count in months) >= 300


def test_the_phone_fails_after_the_recall_and_recovers_in_autumn(contacts: duckdb.DuckDBPyConnection) -> None:
    levels = dict(
        contacts.execute(
            """
        select month, avg(case
            when cast(pris_en_charge_utc as timestamp) <= cast(ouvert_utc as timestamp) + interval 20 second then 1
            else 0
        end)
        from contacts where canal = 'Téléphone' group by month
        """
        ).fetchall()
    )
    assert levels["2025-03"] > 0.65
    assert levels["2025-05"] < 0.45
    assert levels["2025-11"] > 0.75
