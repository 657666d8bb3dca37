"""Which scored pairs join two customers: the veto on different people, the order, the cap, the traces."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from dagster_project.identity.joining import Person, are_different_people, is_slip, join_clusters, people_of

ANNE = Person("anne", "martin", "19700512")


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("anne", "anne", True),
        ("anne", "ane", True),
        ("anne", "annie", True),
        ("anne", "anna", True),
        ("anne", "nane", True),
        ("anne", "enna", False),
        ("anne", "an", False),
        ("", "a", True),
        ("", "ab", False),
        ("19700512", "19700521", True),
        ("19700512", "19710513", False),
    ],
)
def test_a_slip_is_one_letter_more_less_or_other_or_two_changed_over(first: str, second: str, expected: bool) -> None:
    assert is_slip(first, second) is expected
    assert is_slip(second, first) is expected


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (ANNE, False),
        (Person("ane", "martin", "19700512"), False),
        (Person("a", "martin", None), False),
        (Person("annesophie", "martin", "19700512"), False),
        # the month written for the day
        (Person("anne", "martin", "19701205"), False),
        # a married name
        (Person("anne", "petit", "19700512"), False),
        (Person("martin", "anne", "19700512"), False),
        # mother and daughter of one name
        (Person("anne", "martin", "19990103"), True),
        # twins
        (Person("lucie", "martin", "19700512"), True),
        (Person("lucie", "martin", None), True),
        (Person(None, None, None), False),
    ],
)
def test_a_known_date_or_first_name_that_differs_by_more_than_a_slip_is_another_person(other: Person, expected: bool) -> None:
    assert are_different_people(ANNE, other) is expected
    assert are_different_people(other, ANNE) is expected


def alone(*keys: str, size: int = 1) -> pd.DataFrame:
    rows = [
        {
            "key_space": "crm",
            "source_key_hash": key,
            "customer_id": key,
            "retired_customer_id": None,
            "match_rule": "alone",
            "cluster_size": size,
        }
        for key in keys
    ]
    return pd.DataFrame(rows).astype({"retired_customer_id": object})


def order(*keys: str) -> pd.Series:
    return pd.Series(range(len(keys)), index=list(keys))


def pairs(*rows: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["hash_a", "hash_b", "match_probability"])


NOBODY_KNOWS = Person(None, None, None)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        # father and son, born on one day of the year: the years are one digit apart
        (Person("jean", "roy", "19500102"), Person("jean", "roy", "19800102"), True),
        (Person("jean", "roy", "19500102"), Person("jean", "roy", "19510102"), False),
        # couples and twins whose names are a letter apart, or the one the beginning of the other
        (Person("daniel", "roy", None), Person("danielle", "roy", None), True),
        (Person("louis", "roy", "20010304"), Person("louise", "roy", "20010304"), True),
        (Person("mario", "roy", None), Person("maria", "roy", None), True),
        (Person("paul", "roy", None), Person("paula", "roy", None), True),
        (Person("alex", "roy", None), Person("alexandre", "roy", None), False),
        # a letter apart: a slip, but not where each has an address and a number of its own
        (Person("lea", "roy", None, "l@x.fr", "331"), Person("lena", "roy", None, "l@x.fr", "332"), False),
        (Person("lea", "roy", None, "l@x.fr", "331"), Person("lena", "roy", None, None, "332"), False),
        (Person("lea", "roy", None, "lea@x.fr", "331"), Person("lena", "roy", None, "lena@x.fr", "332"), True),
        (Person("lea", "roy", None, "lea@x.fr", "331"), Person("lea", "roy", None, "lena@x.fr", "332"), False),
    ],
)
def test_families_whose_names_are_a_letter_apart_are_told_apart(one: Person, other: Person, expected: bool) -> None:
    assert are_different_people(one, other) is expected
    assert are_different_people(other, one) is expected


def test_a_pair_joins_two_customers_under_the_smaller_key_and_leaves_its_traces() -> None:
    people = {"a": ANNE, "b": ANNE}
    clusters, fate = join_clusters(alone("a", "b", "c"), order("b", "a", "c"), pairs(("a", "b", 0.97)), people, 20)
    by_key = clusters.set_index("source_key_hash")
    assert by_key["customer_id"].to_dict() == {"a": "b", "b": "b", "c": "c"}
    assert by_key.loc["a", "retired_customer_id"] == "a"
    assert pd.isna(by_key.loc["b", "retired_customer_id"])
    assert by_key["match_rule"].to_dict() == {"a": "probabilistic", "b": "probabilistic", "c": "alone"}
    assert by_key["cluster_size"].to_dict() == {"a": 2, "b": 2, "c": 1}
    assert fate.to_dict("records") == [
        {
            "hash_a": "a",
            "hash_b": "b",
            "match_probability": 0.97,
            "is_used": True,
            "reason": None,
            "match_rule": "probabilistic",
        }
    ]


def test_every_key_of_the_customer_that_is_joined_shows_the_rule_and_the_others_keep_theirs() -> None:
    clusters = alone("a", "b")
    mail = {
        "key_space": "email",
        "source_key_hash": "m",
        "customer_id": "b",
        "retired_customer_id": "m",
        "match_rule": "customer_and_email",
        "cluster_size": 2,
    }
    clusters.loc[clusters["source_key_hash"] == "b", ["match_rule", "cluster_size"]] = ["customer_and_email", 2]
    clusters = pd.concat([clusters, pd.DataFrame([mail])], ignore_index=True)
    joined, _ = join_clusters(clusters, order("a", "b", "m"), pairs(("a", "b", 0.97)), {"a": ANNE, "b": ANNE}, 20)
    by_key = joined.set_index("source_key_hash")
    assert by_key["customer_id"].to_dict() == {"a": "a", "b": "a", "m": "a"}
    assert set(by_key["match_rule"]) == {"probabilistic"}
    assert by_key["retired_customer_id"].dropna().to_dict() == {"b": "b", "m": "m"}
    kept, _ = join_clusters(clusters, order("b", "a", "m"), pairs(("a", "b", 0.97)), {"a": ANNE, "b": ANNE}, 20)
    assert kept.set_index("source_key_hash")["match_rule"].to_dict() == {
        "a": "probabilistic",
        "b": "customer_and_email",
        "m": "customer_and_email",
    }


def test_a_third_record_never_brings_two_different_people_together() -> None:
    """Anne and her daughter Anne are each very like a record that knows no date of birth: the likelier one gets it."""
    people = {"a": ANNE, "b": Person("anne", "martin", None), "c": Person("anne", "martin", "19990103")}
    clusters, fate = join_clusters(
        alone("a", "b", "c"), order("a", "b", "c"), pairs(("a", "b", 0.95), ("b", "c", 0.99)), people, 20
    )
    assert clusters.set_index("source_key_hash")["customer_id"].to_dict() == {"a": "a", "b": "b", "c": "b"}
    assert fate.set_index(["hash_a", "hash_b"])["reason"].to_dict() == {("a", "b"): "different_people", ("b", "c"): None}


def test_a_joined_cluster_is_never_larger_than_the_limit() -> None:
    people = dict.fromkeys("abc", ANNE)
    clusters, fate = join_clusters(
        alone("a", "b", "c"), order("a", "b", "c"), pairs(("a", "b", 0.99), ("b", "c", 0.95)), people, 2
    )
    assert clusters["cluster_size"].max() == 2
    assert fate["reason"].tolist() == [None, "cluster_too_large"]


def test_a_pair_of_one_customer_or_of_a_key_that_is_nobodys_is_left_out() -> None:
    clusters = alone("a", "b", "c")
    clusters.loc[clusters["source_key_hash"] == "b", "customer_id"] = "a"
    clusters.loc[clusters["source_key_hash"] == "c", "customer_id"] = None
    same, fate = join_clusters(
        clusters, order("a", "b", "c"), pairs(("a", "b", 0.99), ("a", "c", 0.99)), dict.fromkeys("abc", ANNE), 20
    )
    pd.testing.assert_frame_equal(same, clusters)
    assert fate.empty


def test_a_date_of_birth_that_very_many_records_carry_is_not_known() -> None:
    records = pd.DataFrame(
        {
            "key_hash": [f"k{number}" for number in range(30)],
            "first_name": "anne",
            "last_name": None,
            "email_key": None,
            "phone_key": None,
            "birth_date": [date(1900, 1, 1)] * 29 + [date(1970, 5, 12)],
        }
    )
    people = people_of(records)
    assert people["k0"] == Person("anne", None, None)
    assert people["k29"] == Person("anne", None, "19700512")
