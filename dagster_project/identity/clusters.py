"""Who is who: from keys and the pairs that occur together to one customer per cluster of keys.

Here: the choice of ties, connected components, the cut of clusters that are too large, the customer's id, and the step
of a run that writes them. Which keys there are and which occur together is SQL (`dbt/models/intermediate/identity`);
what becomes of it too. Records that no key joins are scored by `linkage.py` and joined by `joining.py`. Nothing is random
and nothing depends on the order of rows: keys are sorted first.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow.parquet as pq
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from dagster_project.estimates.parameter_files import FOLDER
from dagster_project.identity.joining import ALONE, PROBABILISTIC, Person, are_different_people, join_clusters, people_of
from dagster_project.identity.linkage import score
from dagster_project.identity.linkage_parameters import NAME, from_rows, read_records

# strongest first: a key that several rules tie to its customer shows the first of them
MATCH_RULES = (
    "identity_link",
    "customer_and_card",
    "customer_and_email",
    "customer_and_phone",
    "card_and_email",
    "card_and_phone",
    "email_and_phone",
)
# rules of keys that no tie holds, or that identify nobody (their customer is null)
CUT = "cut"
SHARED_BY_DIFFERENT_PEOPLE = "shared_by_different_people"
UNUSABLE = ("blocked_by_configuration", "not_trusted", "shared_by_too_many", SHARED_BY_DIFFERENT_PEOPLE)
# an address or a number belongs to a household or a shop as often as to a person; a card or a number of the CRM does not
SHAREABLE_RULES = ("customer_and_email", "customer_and_phone")
# ties that a cluster which is too large loses, step by step; after the last step its keys stand alone
CUT_STEPS = (("phone",), ("phone", "email"), ("phone", "email", "loyalty"), None)

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class IdentityReport:
    """Counts of one run, for the log and the asset's metadata."""

    keys: int
    customers: int
    unusable_keys: dict[str, int] = field(default_factory=dict)
    clusters_cut: int = 0
    largest_cluster: int = 0
    edges_used: int = 0
    probabilistic_edges_used: int = 0
    edges_not_used: dict[str, int] = field(default_factory=dict)

    def metadata(self) -> dict[str, Any]:
        """Flat numbers under readable names."""
        return {
            "keys": self.keys,
            "customers": self.customers,
            "clusters_cut": self.clusters_cut,
            "largest_cluster": self.largest_cluster,
            "edges_used": self.edges_used,
            "probabilistic_edges_used": self.probabilistic_edges_used,
            **{f"keys_{reason}": count for reason, count in sorted(self.unusable_keys.items())},
            **{f"edges_not_used_{reason}": count for reason, count in sorted(self.edges_not_used.items())},
        }


def connect(number_of_keys: int, first: Integers, second: Integers) -> Integers:
    """Smallest key of each key's component. `first` and `second` are the ends of the edges, as positions of keys."""
    graph = coo_matrix((np.ones(len(first), dtype=np.int8), (first, second)), shape=(number_of_keys, number_of_keys))
    _, label = connected_components(graph.tocsr(), directed=False)
    smallest = np.full(number_of_keys, number_of_keys, dtype=np.int64)
    np.minimum.at(smallest, label, np.arange(number_of_keys, dtype=np.int64))
    owner: Integers = smallest[label]
    return owner


def _in_order(keys: pd.DataFrame) -> pd.DataFrame:
    """Keys, the one that would name a customer first."""
    return keys.sort_values(["key_rank", "key_space", "key_text", "key_hash"], kind="stable").reset_index(drop=True)


def keys_of_different_people(keys: pd.DataFrame, edges: pd.DataFrame, people: Mapping[str, Person]) -> set[str]:
    """The usable e-mail addresses and telephones that two records of the CRM have who are surely not one person.

    `keys` and `edges` as in `cluster_keys`; `people`: key hash -> what the record of the CRM says of who it is.
    """
    shareable = set(keys.loc[keys["unusable_because"].isna() & keys["key_space"].isin(("email", "phone")), "key_hash"])
    ties = edges[edges["match_rule"].isin(SHAREABLE_RULES)]
    both_ways = pd.concat(
        [
            ties[["hash_a", "hash_b"]].set_axis(["key", "record"], axis=1),
            ties[["hash_b", "hash_a"]].set_axis(["key", "record"], axis=1),
        ]
    )
    known = both_ways[both_ways["key"].isin(shareable) & both_ways["record"].isin(people.keys())].drop_duplicates()
    shared = known[known["key"].duplicated(keep=False)]
    return {
        str(key)
        for key, records in shared.groupby("key")["record"]
        if any(are_different_people(people[one], people[other]) for one, other in itertools.combinations(records, 2))
    }


def cluster_keys(keys: pd.DataFrame, edges: pd.DataFrame, largest_cluster: int) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Clusters of keys, the fate of each edge, and the number of clusters that had to be cut.

    `keys`: `key_hash`, `key_space`, `key_text`, `key_rank`, `unusable_because` (null = usable). `edges`: `hash_a`,
    `hash_b`, `match_rule`. A cluster of more than `largest_cluster` keys loses the ties of telephones, then of e-mail
    addresses, then of cards; what is still too large is left as single keys. An e-mail address or a telephone that has
    lost all its ties so stands for several people: like an unusable key it has no customer.
    Returns the columns of `identity/clusters.parquet` and `identity/edges.parquet`, sorted.
    """
    keys = _in_order(keys)
    edges = edges.sort_values(["hash_a", "hash_b", "match_rule"], kind="stable").reset_index(drop=True)
    position = pd.Index(keys["key_hash"])
    first = position.get_indexer(edges["hash_a"]).astype(np.int64)
    second = position.get_indexer(edges["hash_b"]).astype(np.int64)
    if (first < 0).any() or (second < 0).any():
        raise ValueError("an edge names a key that is not among the keys")
    reason = np.array([None if pd.isna(because) else because for because in keys["unusable_because"]], dtype=object)
    usable: Flags = np.array([because is None for because in reason], dtype=bool)
    space = keys["key_space"].to_numpy(dtype=object)

    is_candidate = usable[first] & usable[second]
    is_used = is_candidate.copy()
    owner = connect(len(keys), first[is_used], second[is_used])
    was_cut: Flags = np.zeros(len(keys), dtype=bool)
    for step in CUT_STEPS:
        sizes = np.bincount(owner, minlength=len(keys))
        is_too_large = sizes[owner] > largest_cluster
        if not is_too_large.any():
            break
        was_cut |= is_too_large
        if step is None:
            is_used &= ~is_too_large[first]
        else:
            falls = np.isin(space, step)
            is_used &= ~(is_too_large[first] & (falls[first] | falls[second]))
        owner = connect(len(keys), first[is_used], second[is_used])
    # clusters as they were before the first cut
    cut_count = len(np.unique(connect(len(keys), first[is_candidate], second[is_candidate])[was_cut]))

    strength = np.full(len(keys), len(MATCH_RULES), dtype=np.int64)
    code = edges["match_rule"].map({rule: number for number, rule in enumerate(MATCH_RULES)}).to_numpy(dtype=np.int64)
    np.minimum.at(strength, first[is_used], code[is_used])
    np.minimum.at(strength, second[is_used], code[is_used])
    rule = np.array([*MATCH_RULES, ALONE], dtype=object)[strength]

    is_lost = was_cut & (strength == len(MATCH_RULES)) & np.isin(space, ("email", "phone"))
    rule[is_lost] = CUT
    rule[~usable] = reason[~usable]
    is_nobody = is_lost | ~usable

    own = keys["key_hash"].to_numpy(dtype=object)
    customer = own[owner]
    retired = own.copy()
    retired[customer == own] = None
    size = np.bincount(owner[~is_nobody], minlength=len(keys))[owner]
    customer[is_nobody], retired[is_nobody], size[is_nobody] = None, None, 1
    clusters = pd.DataFrame(
        {
            "key_space": space,
            "source_key_hash": own,
            "customer_id": customer,
            "retired_customer_id": retired,
            "match_rule": rule,
            "cluster_size": size.astype(np.int32),
        }
    ).sort_values(["key_space", "source_key_hash"], kind="stable", ignore_index=True)

    why: npt.NDArray[np.object_] = np.full(len(edges), None, dtype=object)
    why[is_candidate & ~is_used] = "cluster_too_large"
    unusable_first, unusable_second = ~usable[first], ~usable[second]
    why[unusable_second] = reason[second[unusable_second]]
    why[unusable_first] = reason[first[unusable_first]]
    fate = edges[["hash_a", "hash_b", "match_rule"]].assign(is_used=is_used, reason=why)
    return clusters, fate, cut_count


def _write(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
    """Write the query's rows to a Parquet file that is either there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    connection.execute(f"copy ({query}) to '{str(partial).replace(chr(39), chr(39) * 2)}' (format parquet)")
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    os.replace(partial, path)


def link_records(
    clusters: pd.DataFrame,
    fate: pd.DataFrame,
    keys: pd.DataFrame,
    records: pd.DataFrame,
    people: dict[str, Person],
    inputs: Path,
    largest_cluster: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The clusters and the fates of the edges, with the probabilistic pairs added where the run has a linkage model."""
    fate = fate.assign(match_probability=np.nan)
    path = inputs / FOLDER / f"{NAME}.parquet"
    model = from_rows(pq.read_table(path)) if path.exists() else None
    if model is None:
        return clusters, fate
    ordered = _in_order(keys)
    order = pd.Series(np.arange(len(ordered)), index=ordered["key_hash"])
    clusters, pairs = join_clusters(clusters, order, score(records, model), people, largest_cluster)
    if pairs.empty:
        return clusters, fate
    together = pd.concat([fate, pairs[list(fate.columns)]], ignore_index=True)
    return clusters, together.sort_values(["hash_a", "hash_b", "match_rule"], kind="stable", ignore_index=True)


def build_clusters(warehouse: Path, inputs: Path) -> IdentityReport:
    """Read the keys, edges and records of the warehouse and write `identity/clusters.parquet` and `identity/edges.parquet`.

    The model of the linkage is `parameters/identity_linkage.parquet` of the inputs; without it, or when it is empty, only keys
    tell who is who. The same keys, edges, records and model give the same bytes, whatever the order of the rows. An address or a number of
    different people ties nobody.
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        keys = connection.execute(
            "select key_hash, key_space, key_text, key_rank, unusable_because from intermediate.int_identity_keys"
        ).df()
        edges = connection.execute("select hash_a, hash_b, match_rule from intermediate.int_identity_edges").df()
    records = read_records(warehouse)
    people = people_of(records)
    keys.loc[keys["key_hash"].isin(keys_of_different_people(keys, edges, people)), "unusable_because"] = (
        SHARED_BY_DIFFERENT_PEOPLE
    )
    with duckdb.connect() as connection:
        # one thread keeps the order of the rows, and with it the bytes of the file
        connection.execute("set threads = 1")
        [[largest]] = connection.execute(
            "select largest_cluster from read_parquet(?)", [str(inputs / "run_context.parquet")]
        ).fetchall()
        clusters, fate, cut_count = cluster_keys(keys, edges, int(largest))
        clusters, fate = link_records(clusters, fate, keys, records, people, inputs, int(largest))
        connection.register("clusters", clusters)
        connection.register("edges", fate)
        _write(
            connection,
            """select key_space::varchar as key_space, source_key_hash::varchar as source_key_hash,
                customer_id::varchar as customer_id, retired_customer_id::varchar as retired_customer_id,
                match_rule::varchar as match_rule, cluster_size::integer as cluster_size from clusters""",
            inputs / "identity" / "clusters.parquet",
        )
        _write(
            connection,
            """select hash_a::varchar as hash_a, hash_b::varchar as hash_b, match_rule::varchar as match_rule,
                is_used::boolean as is_used, reason::varchar as reason,
                case when not isnan(match_probability) then match_probability end::double as match_probability from edges""",
            inputs / "identity" / "edges.parquet",
        )
    nobody = clusters[clusters["customer_id"].isna()]
    return IdentityReport(
        keys=len(clusters),
        customers=int(clusters["customer_id"].nunique()),
        unusable_keys={str(rule): int(count) for rule, count in nobody["match_rule"].value_counts().items()},
        clusters_cut=cut_count,
        largest_cluster=int(clusters["cluster_size"].max()) if len(clusters) else 0,
        edges_used=int(fate["is_used"].sum()),
        probabilistic_edges_used=int((fate["is_used"] & (fate["match_rule"] == PROBABILISTIC)).sum()),
        edges_not_used={str(why): int(count) for why, count in fate["reason"].value_counts().items()},
    )
