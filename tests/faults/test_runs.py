"""The whole product under what happens in practice: repeated, killed, fed with rubbish, read while it works."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.faults.commands import kill_after, kill_when, manifest, run_command

Copy = Callable[[Path], Path]


READER = """
import pathlib, sys, time, warnings, duckdb, pandas as pd
warnings.simplefilter("ignore")  # pandas prefers SQLAlchemy, and says so
path, stop = sys.argv[1], sys.argv[2]
reads = 0
while not pathlib.Path(stop).exists():
    with duckdb.connect(path, read_only=True) as connection:
        frame = pd.read_sql("select kpi, count(*) as cells from kpi_values group by kpi", connection)
        one = pd.read_sql("select * from publication", connection)
    assert len(one) == 1 and len(frame) > 20, (len(one), len(frame))
    reads += 1
    time.sleep(0.05)
print(reads)
"""
# DuckDB's own shell of the oldest version that has to open a publication: a process for each reading
SHELL = """
path=$1 stop=$2 shell=$3 reads=0
until [ -e "$stop" ]; do
    rows=$("$shell" -readonly -noheader -list "$path" "select count(*) from publication") || exit 1
    [ "$rows" = 1 ] || exit 2
    reads=$((reads + 1)); sleep 0.2
done
echo $reads
"""


def test_a_run_publishes_every_table_the_packs_and_the_result_documents(published: Path) -> None:
    rows = manifest(published)["rows"]
    assert {"contacts", "purchases", "customers", "customer_months", "kpi_values", "publication"} <= set(rows)
    assert all(rows[table] > 0 for table in rows), {table: count for table, count in rows.items() if not count}
    packs = sorted(path.name for path in (published / "outbox" / "direction").glob("*/*"))
    pages = [f"service_value{page}_{language}.html" for page in ("", "_customers", "_value") for language in ("en", "fr")]
    assert packs == sorted([*pages, "service_value_en.xlsx", "service_value_fr.xlsx"])
    documents = list((published / "published" / "current" / "checks").rglob("*.html"))
    assert documents, "the result documents of the gates are beside the publication"
    for document in documents:
        assert "http" not in document.read_text(encoding="utf-8").replace("http://www.w3.org", ""), "readable offline"


def test_a_second_run_lands_nothing_new_publishes_the_same_figures_and_never_disturbs_a_reader(
    published: Path, copy_of: Copy, tmp_path: Path
) -> None:
    home = copy_of(published)
    before = manifest(home)
    batches = sorted(path.relative_to(home) for path in (home / "raw").rglob("*.parquet"))
    stop = tmp_path / "stop"
    arguments = [str(home / "published" / "service_value.duckdb"), str(stop)]
    shell = str(Path(sys.executable).parent / "duckdb")
    readers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for command in ([sys.executable, "-c", READER, *arguments], ["sh", "-c", SHELL, "sh", *arguments, shell])
    ]
    try:
        done = run_command("run", home)
    finally:
        stop.touch()
        said = [reader.communicate(timeout=60) for reader in readers]
    assert done.returncode == 0, done.stdout + done.stderr
    assert [reader.returncode for reader in readers] == [0, 0], said
    for output, errors in said:
        assert errors == ""
        assert int(output) > 20, "the readers read all the while"
    after = manifest(home)
    assert after["digests"] == before["digests"]
    assert after["publication"]["inputs_hash"] == before["publication"]["inputs_hash"]
    assert after["publication"]["publication_id"] != before["publication"]["publication_id"]
    assert sorted(path.relative_to(home) for path in (home / "raw").rglob("*.parquet")) == batches


@pytest.mark.parametrize(
    "killed_after",
    [
        pytest.param(("fit_value",), id="while it fits and while it publishes"),
        # each writer of a home before publication: landing, identity (a parameter), the first fits
        pytest.param(("raw__pos_transactions", "identity", "fit_value"), id="at any step", marks=pytest.mark.full),
    ],
)
def test_a_killed_run_leaves_nothing_half_done(
    simulated: Path, published: Path, copy_of: Copy, killed_after: tuple[str, ...]
) -> None:
    """Kills in a row on one home, each after a later step, the last while the version is written; then one whole run."""
    home = copy_of(simulated)
    for step in killed_after:
        seen = kill_after(home, step)
        assert any(step in line for line in seen), "".join(seen)
        assert not (home / "published" / "current").exists(), f"nothing is published by a run killed after {step}"
    versions = home / "published" / "versions"
    kill_when(home, lambda: any(versions.glob(".tmp-*/service_value.duckdb")))
    assert not (home / "published" / "current").exists(), "nothing is published by a run killed while it writes the version"
    done = run_command("run", home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert manifest(home)["digests"] == manifest(published)["digests"]
    assert not list(versions.glob(".tmp-*")), "what the killed run left is gone"


def test_what_a_failed_gate_found_is_printed_and_the_former_publication_stays(published: Path, copy_of: Copy) -> None:
    home = copy_of(published)
    before = manifest(home)
    # a raw file that lost rows after it was landed: a disk, a hand, a copy that stopped
    path = next((home / "raw" / "pos_stores").rglob("*.parquet"))
    pq.write_table(pq.read_table(path).slice(1), path)
    done = run_command("run", home)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Nothing was published; the former publication is untouched." in done.stderr
    assert "pos_stores" in done.stderr and "rows" in done.stderr, done.stderr
    assert manifest(home) == before


@pytest.mark.full
def test_a_pack_that_cannot_be_written_exits_with_1_and_says_that_the_figures_are_published(
    published: Path, copy_of: Copy
) -> None:
    home = copy_of(published)
    before = manifest(home)["publication"]["publication_id"]
    shutil.rmtree(home / "outbox")
    (home / "outbox").write_text("a file where a folder belongs", encoding="utf-8")
    done = run_command("run", home)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Published, but what follows the publication failed." in done.stderr
    assert "outbox" in done.stderr, done.stderr
    assert manifest(home)["publication"]["publication_id"] != before


def test_a_broken_feed_leaves_the_former_publication_and_exits_with_1_and_the_reason(published: Path, copy_of: Copy) -> None:
    home = copy_of(published)
    before = manifest(home)
    header = "Ticket;Ligne;Date heure;Magasin;Canal;Client;Carte;E-mail;Article;Quantité;Montant net HT;Remise;Ticket origine;Annulé;Modifié le"
    lines = [f"T{n};1;02/01/2026 10:00:00;M01;Magasin;C1;;;A1;1;12,5O;;;non;02/01/2026 10:00:00" for n in range(50)]
    (home / "inbox" / "caisse" / "tickets_2026-01.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    done = run_command("run", home)
    assert done.returncode == 1, done.stdout + done.stderr
    for word in ("pos_transactions", "net_amount", "maximum_quarantine_share", "quarantine"):
        assert word in done.stderr, done.stderr
    assert manifest(home) == before


def test_a_broken_configuration_exits_with_2_and_names_file_and_key(simulated: Path, copy_of: Copy) -> None:
    home = copy_of(simulated)
    path = home / "company.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("      net_amount:", "      net_amont:"), encoding="utf-8")
    done = run_command("run", home)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "company.yml" in done.stderr and "feeds.pos_transactions.columns.net_amont" in done.stderr
    assert "net_amount" in done.stderr, "the error says what was expected"
    assert not (home / "raw").exists(), "nothing is touched"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("--as-of", "31/12/2025"), "YYYY-MM-DD"), (("--as-of", "1999-01-01"), "as-of")],
)
def test_a_wrong_as_of_date_exits_with_2(published: Path, copy_of: Copy, arguments: tuple[str, str], said: str) -> None:
    done = run_command("run", copy_of(published), *arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in done.stderr


# `make test-real` holds the same of the real home, against a recount of that date
@pytest.mark.full
def test_a_past_date_is_rebuilt_and_the_newest_publication_stays_current(published: Path, copy_of: Copy) -> None:
    home = copy_of(published)
    before = manifest(home)["publication"]
    done = run_command("run", home, "--as-of", "2025-09-30")
    assert done.returncode == 0, done.stdout + done.stderr
    assert manifest(home)["publication"] == before
    (version,) = (home / "published" / "versions").glob("2025-09-30_*")
    with duckdb.connect(str(version / "service_value.duckdb"), read_only=True) as connection:
        newest = connection.execute("select max(sold_on), max(opened_at)::date from purchases, contacts").fetchone()
    assert newest is not None
    assert max(newest) <= pd.Timestamp("2025-09-30").date()
