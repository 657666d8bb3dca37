"""Which scored pairs of records join two customers, and what becomes of the clusters.

Here: the veto on different people, the order in which pairs are used, the cap. Pure Python on small tables; the scores
come from `linkage.py`, the clusters of the deterministic rules from `clusters.py`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

PROBABILISTIC = "probabilistic"
ALONE = "alone"
DIFFERENT_PEOPLE = "different_people"
TOO_LARGE = "cluster_too_large"
# a date of birth that more records carry stands for "unknown" (1900-01-01)
LARGEST_BIRTHDAY = 20
GENERATION_YEARS = 10
LARGEST_BIRTHDAY_SHARE = 0.005


class Person(NamedTuple):
    """What a record says of who it is; null = not known. `birth_text` is YYYYMMDD."""

    first_name: str | None
    last_name: str | None
    birth_text: str | None
    email: str | None = None
    phone: str | None = None


def is_slip(first: str, second: str) -> bool:
    """Whether two texts are equal or one slip apart: a letter more, less, other, or two neighbours changed over."""
    if first == second:
        return True
    if abs(len(first) - len(second)) > 1:
        return False
    start = 0
    while start < min(len(first), len(second)) and first[start] == second[start]:
        start += 1
    rest_first, rest_second = first[start:], second[start:]
    return (
        rest_first[1:] == rest_second[1:]
        or rest_first[1:] == rest_second
        or rest_first == rest_second[1:]
        or (rest_first[:2] == rest_second[1::-1] and rest_first[2:] == rest_second[2:])
    )


def _differ_in_birth(first: str, second: str) -> bool:
    if abs(int(first[:4]) - int(second[:4])) >= GENERATION_YEARS:
        return True
    month_for_day = first[:4] == second[:4] and first[4:6] == second[6:8] and first[6:8] == second[4:6]
    return not (is_slip(first, second) or month_for_day)


def _differ_in_first_name(first: str, second: str) -> bool:
    if not (first.startswith(second) or second.startswith(first) or is_slip(first, second)):
        return True
    return is_feminine_of(first, second) or is_feminine_of(second, first)


def is_feminine_of(first: str, second: str) -> bool:
    """Whether the first name is the feminine of the second, as French and its neighbours form it: Louise, Danielle, Paula, Maria."""
    forms = {f"{second}e", f"{second}{second[-1:]}e", f"{second}a"}
    if second.endswith("o"):
        forms.add(f"{second[:-1]}a")
    return first in forms


def _have_keys_of_their_own(one: Person, other: Person) -> bool:
    return bool(one.email and other.email and one.email != other.email and one.phone and other.phone and one.phone != other.phone)


def are_different_people(one: Person, other: Person) -> bool:
    """Whether two records are surely of two people, however much else agrees.

    Dates of birth that are known and more than a slip apart, or ten years and more (a slip in the decade is rarer than a father and
    a son of one name at one address). First names that are known and more than a slip apart, neither the beginning of the
    other; or one the feminine of the other; or not equal where each has an e-mail address and a number of its own: twins,
    couples. A first name written in the field of the last name (and the reverse) is no difference.
    """
    if one.birth_text and other.birth_text and _differ_in_birth(one.birth_text, other.birth_text):
        return True
    if not (one.first_name and other.first_name):
        return False
    are_changed_over = one.first_name == other.last_name and one.last_name == other.first_name
    if are_changed_over or one.first_name == other.first_name:
        return False
    return _differ_in_first_name(one.first_name, other.first_name) or _have_keys_of_their_own(one, other)


def birth_texts(records: pd.DataFrame) -> pd.Series:
    """Dates of birth as YYYYMMDD, null where not known: a date that very many records carry is what a form gives then."""
    births = pd.to_datetime(records["birth_date"]).dt.strftime("%Y%m%d")
    carried = births.map(births.value_counts())
    return births.where(carried <= max(LARGEST_BIRTHDAY, LARGEST_BIRTHDAY_SHARE * len(records)))


def people_of(records: pd.DataFrame) -> dict[str, Person]:
    """Key hash -> what its record says. `records`: rows of `int_identity_records`."""
    columns = [records["first_name"], records["last_name"], birth_texts(records), records["email_key"], records["phone_key"]]
    known = [[None if pd.isna(value) else str(value) for value in column] for column in columns]
    return {key: Person(*values) for key, *values in zip(records["key_hash"], *known, strict=True)}


def join_clusters(
    clusters: pd.DataFrame, key_order: pd.Series, pairs: pd.DataFrame, people: dict[str, Person], largest_cluster: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Join the clusters of the deterministic rules by scored pairs of records.

    `clusters`: the columns of `identity/clusters.parquet`. `key_order`: key hash -> position in the order by which the
    smallest key of a customer is chosen. `pairs`: `hash_a`, `hash_b`, `match_probability`. `people`: of every record.

    Pairs are used from the most to the least probable (then by hash). One that would put two different people into one
    cluster, by any two records of the two clusters, or make it larger than `largest_cluster`, is not used. A pair within one
    cluster says nothing new and is left out; so is one whose key identifies nobody. A key that comes to its customer
    only by such a pair has the rule `probabilistic`.

    Returns the clusters, sorted, and the pairs with `match_rule`, `is_used`, `reason`.
    """
    customer_of = dict(zip(clusters["source_key_hash"], clusters["customer_id"], strict=True))
    joined_to: dict[str, str] = {}
    records: dict[str, list[Person]] = {}
    for key, person in people.items():
        customer = customer_of.get(key)
        if isinstance(customer, str):
            records.setdefault(customer, []).append(person)
    sizes = dict(zip(clusters["customer_id"], clusters["cluster_size"].astype(int), strict=True))
    positions = dict(zip(key_order.index, key_order, strict=True))

    def root_of(customer: str) -> str:
        while customer in joined_to:
            customer = joined_to[customer]
        return customer

    ordered = pairs.sort_values(
        ["match_probability", "hash_a", "hash_b"], ascending=[False, True, True], kind="stable", ignore_index=True
    )
    fates: list[tuple[str, str, float, bool, str | None]] = []
    tied: set[str] = set()
    for hash_a, hash_b, probability in ordered[["hash_a", "hash_b", "match_probability"]].itertuples(index=False):
        of_a, of_b = customer_of.get(hash_a), customer_of.get(hash_b)
        if not isinstance(of_a, str) or not isinstance(of_b, str) or of_a == of_b:
            continue
        first, second = sorted((root_of(of_a), root_of(of_b)), key=positions.__getitem__)
        reason = None
        if first != second:
            if any(are_different_people(one, other) for one in records[first] for other in records[second]):
                reason = DIFFERENT_PEOPLE
            elif sizes[first] + sizes[second] > largest_cluster:
                reason = TOO_LARGE
            else:
                joined_to[second] = first
                records[first] += records.pop(second)
                sizes[first] += sizes.pop(second)
        if reason is None:
            tied |= {hash_a, hash_b}
        fates.append((hash_a, hash_b, float(probability), reason is None, reason))

    made = clusters.copy()
    if joined_to:
        before = made["customer_id"].to_numpy(dtype=object)
        own = made["source_key_hash"].to_numpy(dtype=object)
        rule = made["match_rule"].to_numpy(dtype=object, copy=True)
        after = np.array([root_of(customer) if isinstance(customer, str) else None for customer in before], dtype=object)
        is_somebody = np.array([customer is not None for customer in after], dtype=bool)
        is_moved = is_somebody & (after != before)
        is_now_tied = is_somebody & (rule == ALONE) & np.isin(own, list(tied))
        rule[is_moved | is_now_tied] = PROBABILISTIC
        retired = made["retired_customer_id"].to_numpy(dtype=object, copy=True)
        retired[is_moved] = own[is_moved]
        size = made["cluster_size"].to_numpy(dtype=np.int32, copy=True)
        size[is_somebody] = [sizes[customer] for customer in after[is_somebody]]
        made = made.assign(customer_id=after, retired_customer_id=retired, match_rule=rule, cluster_size=size)
    fate = pd.DataFrame(fates, columns=["hash_a", "hash_b", "match_probability", "is_used", "reason"]).assign(
        match_rule=PROBABILISTIC,
        # null as None, as in the fates of the other edges
        reason=pd.Series([reason for *_, reason in fates], dtype=object),
    )
    return made, fate.sort_values(["hash_a", "hash_b"], kind="stable", ignore_index=True)
