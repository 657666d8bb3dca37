"""The linkage of records: what must link, what must not, the same model and bytes in any order, nothing personal stored."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from dagster_project.estimates.parameter_versions import attempts
from dagster_project.identity import linkage_parameters
from dagster_project.identity.clusters import build_clusters
from dagster_project.identity.linkage import LinkageModel, LinkageRefusedError, default_probabilities, score, train
from tests.bench.linkage import made_records

MODEL = LinkageModel(default_probabilities(), 0.05, 0.9, 1000, 100)
COLUMNS = ["key_hash", "first_name", "last_name", "birth_date", "postal_code", "email_key", "phone_key"]


def records(*extra: tuple[object, ...]) -> pd.DataFrame:
    """Forty people of other names, and these records."""
    letters = "abcdefghij"
    crowd = [
        (
            f"x{n:02}",
            f"prenom{letters[n % 10] * 3}",
            f"nom{letters[n // 10] * 4}",
            date(1950 + n, 1 + n % 12, 1 + n % 28),
            f"{10000 + 317 * n}",
            None,
            None,
        )
        for n in range(40)
    ]
    return pd.DataFrame([*crowd, *extra], columns=COLUMNS)


def linked(*extra: tuple[object, ...]) -> set[tuple[str, str]]:
    found = score(records(*extra), MODEL)
    return set(zip(found["hash_a"], found["hash_b"], strict=True))


def test_a_person_who_moved_and_is_misspelt_links() -> None:
    first = ("a", "monique", "meyer", date(1986, 3, 24), "59840", "monique.meyer7@example.com", None)
    second = ("b", "mnique", "meyer", date(1986, 3, 24), "59840", "m.other@example.net", "33612345678")
    assert ("a", "b") in linked(first, second)


def test_two_people_of_one_name_in_one_town_do_not_link() -> None:
    first = ("a", "monique", "meyer", date(1986, 3, 24), "59840", "monique.meyer7@example.com", None)
    second = ("b", "monique", "meyer", date(1951, 8, 2), "59840", "monique.meyer9@example.com", None)
    assert ("a", "b") not in linked(first, second)


def test_fewer_than_500_records_train_nothing_and_say_so() -> None:
    with pytest.raises(LinkageRefusedError, match="40 customer records, 500 are needed"):
        train(records())


def warehouse(folder: Path, made: pd.DataFrame) -> Path:
    """A warehouse with what identity reads; each record is a key of its own."""
    folder.mkdir()
    path = folder / "service_value.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.register("made", made)
        connection.execute("create schema intermediate")
        connection.execute("create table intermediate.int_identity_records as select * from made")
        connection.execute(
            """create table intermediate.int_identity_keys as select key_hash, 'crm' as key_space, key_hash as key_text,
            1 as key_rank, null::varchar as unusable_because from made"""
        )
        connection.execute("create table intermediate.int_identity_edges (hash_a varchar, hash_b varchar, match_rule varchar)")
        connection.execute(f"copy (select 20 as largest_cluster) to '{folder / 'run_context.parquet'}' (format parquet)")
    return path


def test_shuffled_records_give_the_same_model_and_the_same_bytes_and_no_value_of_a_record_is_stored(tmp_path: Path) -> None:
    made = made_records(1500).drop(columns="person")
    contents = []
    for name, rows in (("one", made), ("two", made.sample(frac=1, random_state=5))):
        folder = tmp_path / name
        path = warehouse(folder, rows)
        report = linkage_parameters.fit_if_due(folder, path, folder, date(2024, 6, 30))
        assert (report.metadata()["verdict"], report.versions) == ("fitted", ("linkage-2024-06-30",))
        assert build_clusters(path, folder).probabilistic_edges_used > 50
        contents.append(
            [
                (folder / file).read_bytes()
                for file in ("parameters/identity_linkage.parquet", "identity/clusters.parquet", "identity/edges.parquet")
            ]
        )
        again = linkage_parameters.fit_if_due(folder, path, folder, date(2025, 6, 29))
        assert (again.metadata()["verdict"], again.versions) == ("kept", ("linkage-2024-06-30",))
    assert contents[0] == contents[1]
    stored = pq.read_table(tmp_path / "one" / "parameters" / "identity_linkage" / "linkage-2024-06-30.parquet")
    texts = {str(value) for row in stored.to_pylist() for value in row.values()}
    assert not texts & {str(value) for column in COLUMNS for value in made[column].dropna()}


def test_a_home_without_a_model_says_why_and_uses_keys_alone(tmp_path: Path) -> None:
    path = warehouse(tmp_path / "small", records())
    report = linkage_parameters.fit_if_due(tmp_path / "small", path, tmp_path / "small", date(2024, 6, 30))
    assert report.metadata()["reason"] == "40 customer records, 500 are needed"
    [written] = attempts(tmp_path / "small", linkage_parameters.NAME)
    assert written.reason.fr == "le rapprochement ne peut être appris : la base a 40 fiches de clients, il en faut 500"
    assert build_clusters(path, tmp_path / "small").customers == 40


def test_a_run_without_linkage_does_not_import_splink() -> None:
    code = "import sys, dagster_project.identity.clusters; sys.exit('splink' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
