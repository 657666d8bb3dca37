"""Clusters of keys: ties, cuts, ids, and independence of the order of arrival."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.identity.clusters import build_clusters, cluster_keys, keys_of_different_people
from dagster_project.identity.joining import Person

RANKS = {"crm": 1, "loyalty": 2, "pos": 3, "web": 4, "email": 5, "phone": 6}


def keys(*names: str, unusable: dict[str, str] | None = None) -> pd.DataFrame:
    """Keys written `space:text`; the hash of a key is `#space:text`."""
    rows = []
    for name in names:
        space, text = name.split(":")
        rows.append(
            {
                "key_hash": f"#{name}",
                "key_space": space,
                "key_text": text,
                "key_rank": RANKS[space],
                "unusable_because": (unusable or {}).get(name),
            }
        )
    return pd.DataFrame(rows, columns=["key_hash", "key_space", "key_text", "key_rank", "unusable_because"])


def edges(*pairs: tuple[str, str, str]) -> pd.DataFrame:
    rows = [(*sorted((f"#{first}", f"#{second}")), rule) for first, second, rule in pairs]
    return pd.DataFrame(rows, columns=["hash_a", "hash_b", "match_rule"])


def customers(clusters: pd.DataFrame) -> dict[str, str | None]:
    """Key -> the key whose hash is its customer."""
    return {row.source_key_hash[1:]: None if pd.isna(row.customer_id) else row.customer_id[1:] for row in clusters.itertuples()}


def test_keys_that_occur_together_are_one_customer_and_a_single_key_is_its_own() -> None:
    clusters, fate, cut = cluster_keys(
        keys("crm:C1", "email:a@x", "loyalty:F1", "pos:9"),
        edges(("crm:C1", "email:a@x", "customer_and_email"), ("loyalty:F1", "email:a@x", "card_and_email")),
        20,
    )
    assert customers(clusters) == {"crm:C1": "crm:C1", "email:a@x": "crm:C1", "loyalty:F1": "crm:C1", "pos:9": "pos:9"}
    by_key = clusters.set_index("source_key_hash")
    assert by_key.loc["#email:a@x", "match_rule"] == "customer_and_email"
    assert by_key.loc["#pos:9", "match_rule"] == "alone"
    assert by_key["cluster_size"].to_dict() == {"#crm:C1": 3, "#email:a@x": 3, "#loyalty:F1": 3, "#pos:9": 1}
    assert fate["is_used"].all()
    assert cut == 0


def test_the_customer_is_the_smallest_key_by_rank_and_then_by_text() -> None:
    clusters, _, _ = cluster_keys(
        keys("loyalty:A", "crm:Z", "crm:M", "email:0@x", "web:0"),
        edges(
            ("crm:Z", "loyalty:A", "customer_and_card"),
            ("crm:M", "loyalty:A", "customer_and_card"),
            ("loyalty:A", "email:0@x", "card_and_email"),
            ("email:0@x", "web:0", "customer_and_email"),
        ),
        20,
    )
    assert set(customers(clusters).values()) == {"crm:M"}


def test_the_ids_that_a_merge_retires_are_those_of_the_other_keys() -> None:
    clusters, _, _ = cluster_keys(keys("crm:C1", "crm:C2"), edges(("crm:C1", "crm:C2", "identity_link")), 20)
    retired = clusters.set_index("source_key_hash")["retired_customer_id"]
    assert retired["#crm:C2"] == "#crm:C2"
    assert pd.isna(retired["#crm:C1"])


def test_an_unusable_key_ties_nobody_and_has_no_customer() -> None:
    clusters, fate, _ = cluster_keys(
        keys("crm:C1", "crm:C2", "phone:33", unusable={"phone:33": "shared_by_too_many"}),
        edges(("crm:C1", "phone:33", "customer_and_phone"), ("crm:C2", "phone:33", "customer_and_phone")),
        20,
    )
    assert customers(clusters) == {"crm:C1": "crm:C1", "crm:C2": "crm:C2", "phone:33": None}
    assert clusters.set_index("source_key_hash").loc["#phone:33", "match_rule"] == "shared_by_too_many"
    assert fate["reason"].tolist() == ["shared_by_too_many", "shared_by_too_many"]
    assert not fate["is_used"].any()


PEOPLE = {
    "#crm:C1": Person("anne", "morel", "19800502"),
    "#crm:C2": Person("bruno", "morel", "19790811"),
    # married, and the day of birth with a slip
    "#crm:C3": Person("anne", "durand", "19800503"),
    "#crm:C4": Person(None, "morel", None),
}


@pytest.mark.parametrize(
    ("space", "first", "second", "is_of_two"),
    [
        ("email", "crm:C1", "crm:C2", True),
        ("phone", "crm:C1", "crm:C2", True),
        ("email", "crm:C1", "crm:C3", False),
        ("email", "crm:C1", "crm:C4", False),
        # a card belongs to somebody, whoever shows it
        ("loyalty", "crm:C1", "crm:C2", False),
        # a record that the CRM does not have says nothing of who it is
        ("email", "crm:C1", "crm:C9", False),
    ],
)
def test_an_address_or_a_number_of_a_couple_is_no_key_of_either(space: str, first: str, second: str, is_of_two: bool) -> None:
    rule = {"email": "customer_and_email", "phone": "customer_and_phone", "loyalty": "customer_and_card"}[space]
    found = keys_of_different_people(
        keys(first, second, f"{space}:x"), edges((first, f"{space}:x", rule), (second, f"{space}:x", rule)), PEOPLE
    )
    assert found == ({f"#{space}:x"} if is_of_two else set())


def chain(kind: str, rule: str, count: int) -> tuple[list[str], list[tuple[str, str, str]]]:
    """Customers C0, C1, ... in a row, each tied to the next by a key of `kind`."""
    names = [f"crm:C{number}" for number in range(count)]
    pairs = []
    for number in range(count - 1):
        tie = f"{kind}:{number}"
        names.append(tie)
        pairs += [(names[number], tie, rule), (names[number + 1], tie, rule)]
    return names, pairs


@pytest.mark.parametrize(("kind", "rule"), [("phone", "customer_and_phone"), ("email", "customer_and_email")])
def test_a_cluster_that_is_too_large_loses_the_ties_that_made_it(kind: str, rule: str) -> None:
    names, pairs = chain(kind, rule, 4)
    names.append("loyalty:F0")
    pairs.append(("crm:C0", "loyalty:F0", "customer_and_card"))
    clusters, fate, cut = cluster_keys(keys(*names), edges(*pairs), 5)
    found = customers(clusters)
    assert [found[f"crm:C{number}"] for number in range(4)] == [f"crm:C{number}" for number in range(4)]
    assert found["loyalty:F0"] == "crm:C0"
    assert [found[f"{kind}:{number}"] for number in range(3)] == [None, None, None]
    assert set(clusters.loc[clusters["key_space"] == kind, "match_rule"]) == {"cut"}
    assert set(fate.loc[~fate["is_used"], "reason"]) == {"cluster_too_large"}
    assert cut == 1


def test_telephones_fall_before_e_mails_and_what_is_small_enough_then_stays() -> None:
    names, pairs = chain("phone", "customer_and_phone", 4)
    names.append("email:e")
    pairs += [("crm:C0", "email:e", "customer_and_email"), ("crm:C1", "email:e", "customer_and_email")]
    found = customers(cluster_keys(keys(*names), edges(*pairs), 5)[0])
    assert found["crm:C1"] == found["email:e"] == "crm:C0"
    assert found["crm:C3"] == "crm:C3"


def test_a_cluster_that_nothing_makes_smaller_is_left_as_single_keys() -> None:
    names = [f"crm:C{number}" for number in range(4)]
    pairs = [(names[number], names[number + 1], "identity_link") for number in range(3)]
    clusters, fate, cut = cluster_keys(keys(*names), edges(*pairs), 3)
    assert customers(clusters) == {name: name for name in names}
    assert set(clusters["match_rule"]) == {"alone"}
    assert not fate["is_used"].any()
    assert cut == 1


def test_a_cluster_of_just_the_largest_size_is_left_alone() -> None:
    names, pairs = chain("phone", "customer_and_phone", 3)
    clusters, _, cut = cluster_keys(keys(*names), edges(*pairs), 5)
    assert set(customers(clusters).values()) == {"crm:C0"}
    assert cut == 0


def test_an_edge_to_an_unknown_key_is_an_error() -> None:
    with pytest.raises(ValueError, match="not among the keys"):
        cluster_keys(keys("crm:C1"), edges(("crm:C1", "crm:C2", "identity_link")), 20)


def test_no_keys_give_no_clusters() -> None:
    clusters, fate, cut = cluster_keys(keys(), edges(), 20)
    assert (len(clusters), len(fate), cut) == (0, 0, 0)


RULES = {
    frozenset(("crm", "loyalty")): "customer_and_card",
    frozenset(("crm", "email")): "customer_and_email",
    frozenset(("crm", "phone")): "customer_and_phone",
    frozenset(("loyalty", "email")): "card_and_email",
    frozenset(("loyalty", "phone")): "card_and_phone",
    frozenset(("email", "phone")): "email_and_phone",
}
NAMES = [f"{space}:{number}" for space in ("crm", "loyalty", "email", "phone") for number in range(5)]
PAIRS = [(a, b) for a in NAMES for b in NAMES if a < b and a.split(":")[0] != b.split(":")[0]]


@settings(max_examples=60, deadline=None)
@given(
    pairs=st.lists(st.sampled_from(PAIRS), unique=True, max_size=25),
    unusable=st.sets(st.sampled_from(NAMES), max_size=3),
    largest=st.integers(2, 8),
    seed=st.integers(0, 10_000),
)
def test_the_order_of_arrival_changes_nothing_and_no_cluster_is_too_large(
    pairs: list[tuple[str, str]], unusable: set[str], largest: int, seed: int
) -> None:
    all_keys = keys(*NAMES, unusable=dict.fromkeys(unusable, "not_trusted"))
    all_edges = edges(*((a, b, RULES[frozenset((a.split(":")[0], b.split(":")[0]))]) for a, b in pairs))
    first = cluster_keys(all_keys, all_edges, largest)
    shuffled = cluster_keys(all_keys.sample(frac=1, random_state=seed), all_edges.sample(frac=1, random_state=seed + 1), largest)
    pd.testing.assert_frame_equal(first[0], shuffled[0])
    pd.testing.assert_frame_equal(first[1], shuffled[1])
    clusters = first[0]
    assert len(clusters) == len(NAMES)
    assert clusters["cluster_size"].max() <= largest
    # the customer of a cluster is one of its own keys, and that key is in no other cluster
    with_customer = clusters.dropna(subset=["customer_id"])
    by_key = with_customer.set_index("source_key_hash")["customer_id"]
    assert (by_key.loc[with_customer["customer_id"]].to_numpy() == with_customer["customer_id"].to_numpy()).all()


def private_warehouse(folder: Path, order: str) -> Path:
    """A warehouse with the two tables that identity reads, rows in the given order, and the inputs beside it."""
    path = folder / "service_value.duckdb"
    folder.mkdir()
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema intermediate")
        connection.execute(
            f"""create table intermediate.int_identity_keys as
            select * from (values ('#c1', 'crm', 'C1', 1, null), ('#c2', 'crm', 'C2', 1, null),
                ('#e', 'email', 'a@x', 5, null), ('#p', 'phone', '33', 6, 'shared_by_too_many'))
                as keys (key_hash, key_space, key_text, key_rank, unusable_because) order by key_hash {order}"""
        )
        connection.execute(
            f"""create table intermediate.int_identity_edges as
            select * from (values ('#c1', '#e', 'customer_and_email'), ('#c2', '#e', 'customer_and_email'),
                ('#c1', '#p', 'customer_and_phone')) as edges (hash_a, hash_b, match_rule) order by hash_a {order}"""
        )
        connection.execute(
            """create table intermediate.int_identity_records as
            select '#c1' as key_hash, 'anne' as first_name, 'morel' as last_name, date '1980-05-02' as birth_date, null::varchar as postal_code,
                'a@x' as email_key, null::varchar as phone_key"""
        )
        connection.execute(f"copy (select 20 as largest_cluster) to '{folder / 'run_context.parquet'}' (format parquet)")
    return path


def test_the_files_are_the_same_bytes_in_any_order_and_the_report_counts_them(tmp_path: Path) -> None:
    contents = []
    for name, order in (("one", "asc"), ("two", "desc")):
        folder = tmp_path / name
        report = build_clusters(private_warehouse(folder, order), folder)
        contents.append([(folder / "identity" / file).read_bytes() for file in ("clusters.parquet", "edges.parquet")])
        assert not list((folder / "identity").glob(".*"))
    assert contents[0] == contents[1]
    assert report.metadata() == {
        "keys": 4,
        "customers": 1,
        "clusters_cut": 0,
        "largest_cluster": 3,
        "edges_used": 2,
        "probabilistic_edges_used": 0,
        "keys_shared_by_too_many": 1,
        "edges_not_used_shared_by_too_many": 1,
    }


def test_the_written_columns_and_types_are_those_that_dbt_reads(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    build_clusters(private_warehouse(folder, "asc"), folder)
    described: dict[str, list[tuple[Any, ...]]] = {}
    with duckdb.connect() as connection:
        for name in ("clusters", "edges"):
            rows = connection.execute(f"describe select * from '{folder / 'identity' / name}.parquet'").fetchall()
            described[name] = [(row[0], row[1]) for row in rows]
    text = "VARCHAR"
    assert described["clusters"] == [
        ("key_space", text),
        ("source_key_hash", text),
        ("customer_id", text),
        ("retired_customer_id", text),
        ("match_rule", text),
        ("cluster_size", "INTEGER"),
    ]
    assert described["edges"] == [
        ("hash_a", text),
        ("hash_b", text),
        ("match_rule", text),
        ("is_used", "BOOLEAN"),
        ("reason", text),
        ("match_probability", "DOUBLE"),
    ]
