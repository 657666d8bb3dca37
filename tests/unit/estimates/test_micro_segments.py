"""Micro-segments: truth found, chance refused, names that stay, the same bytes, and when a new version is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from dagster_project.estimates import micro_segments
from dagster_project.estimates.micro_segments import (
    CENTROIDS,
    DESCRIBING,
    FEATURES,
    TRAITS,
    attempt,
    dealt_out_anew,
    divide,
    fit,
    free_names,
    match,
    named,
    score,
    tables,
    value_tiers,
)
from dagster_project.estimates.parameter_versions import Fit, FitRefusedError, Outcome, Reason

THRESHOLDS: dict[str, Any] = {
    "parameter_version": "value-2024-06-30",
    "tier_low_cut": 100,
    "tier_high_cut": 200,
    "sales_months": 12,
}
AS_OF = date(2024, 6, 30)


def customers(groups: list[str], tier: int = 3, seed: int = 1) -> pd.DataFrame:
    """Customers of one tier whose traits are drawn by the group that they are told: web, store, caller, or nobody (no habit)."""
    generator = np.random.default_rng(seed)
    rows = []
    for number, group in enumerate(groups):
        contacts = float(generator.poisson({"web": 1, "store": 0.7, "caller": 8, "nobody": 2}[group]))
        share = {"web": (9, 1), "store": (1, 9), "caller": (4, 4), "nobody": (0.6, 0.6)}[group]
        live = {"web": (1, 9), "store": (8, 2), "caller": (9, 1), "nobody": (0.6, 0.6)}[group]
        rows.append(
            {
                # not in the order of the groups
                "customer_id": f"{(number * 7919) % 10007:05d}-{tier}",
                "value_12m": tier * 100 - 50.0,
                "sales_months_12m": 12,
                "purchases_12m": 1.0 + generator.poisson(generator.gamma(2, 2)),
                "amount_per_purchase": generator.lognormal(4, 0.5),
                "remote_purchase_share": generator.beta(*share),
                "contacts_12m": contacts,
                "synchronous_contact_share": generator.beta(*live) if contacts else None,
                "contact_after_purchase_share": generator.beta(0.6, 0.6) if contacts else None,
                "help_page_views_12m": None,
                "redemptions_12m": float(generator.poisson(0.3)),
                "sessions_12m": float(generator.poisson({"web": 12, "store": 0.5, "caller": 3, "nobody": 2}[group])),
                **{trait: generator.normal() ** 2 for trait in DESCRIBING},
            }
        )
    return pd.DataFrame(rows).astype(dict.fromkeys(TRAITS, float))


GROUPS = ["web"] * 120 + ["store"] * 100 + ["caller"] * 80


def three_groups(seed: int = 1) -> pd.DataFrame:
    return customers(GROUPS, seed=seed)


def all_in(tier: int, people: pd.DataFrame) -> NDArray[np.int64]:
    return np.full(len(people), tier, dtype=np.int64)


def one_name_each(scores: list[str | None], groups: list[str]) -> dict[str, str]:
    """The commonest micro-segment of each group; 95 in 100 have to have it."""
    found = {}
    for group in dict.fromkeys(groups):
        of_group = pd.Series([name for name, other in zip(scores, groups, strict=True) if other == group], dtype=object)
        counts = of_group.value_counts(normalize=True)
        assert counts.iloc[0] >= 0.95, (group, counts.to_dict())
        found[group] = str(counts.index[0])
    return found


def first_version(people: pd.DataFrame) -> Outcome:
    return attempt(people, THRESHOLDS, AS_OF, None, None, ())


def as_fit(outcome: Outcome, day: date = AS_OF) -> Fit:
    return Fit("micro_segments", f"micro-{day}", day, "fitted", True, 1, Reason("", ""), outcome.diagnostics)


def test_three_kinds_of_customers_are_found_and_labelled_as_they_are() -> None:
    people = three_groups()
    outcome = first_version(people)
    assert outcome.diagnostics["tier_3_number"] == 3
    names = one_name_each(score(people, all_in(3, people), outcome.tables), GROUPS)
    # the largest group is called first
    assert names == {"web": "v3-a", "store": "v3-b", "caller": "v3-c"}
    assert outcome.sample_size == 300
    stability = outcome.diagnostics["tier_3_stability"]
    assert isinstance(stability, float) and stability > 0.9


def test_tiers_are_divided_each_on_its_own_and_one_without_groups_stays_whole() -> None:
    people = pd.concat([three_groups(), customers(["nobody"] * 200, tier=2, seed=3)], ignore_index=True)
    outcome = first_version(people)
    assert (outcome.diagnostics["tier_2_number"], outcome.diagnostics["tier_3_number"]) == (1, 3)
    assert outcome.diagnostics["tier_2_stability"] is None
    scores = score(people, value_tiers(people, THRESHOLDS), outcome.tables)
    assert {name for name in scores if name is not None} == {"v2-a", "v3-a", "v3-b", "v3-c"}
    assert all(name == "v2-a" for name in scores[300:])


@pytest.mark.parametrize("seed", range(6))
def test_habits_that_have_nothing_to_do_with_each_other_are_refused(seed: int) -> None:
    with pytest.raises(FitRefusedError) as refused:
        first_version(customers(["nobody"] * 400, seed=seed))
    assert "no value tier divides" in refused.value.reason.en
    assert "aucun niveau de valeur" in refused.value.reason.fr
    assert refused.value.sample_size == 400


def test_two_habits_of_chance_come_back_in_every_resample_and_are_refused_all_the_same() -> None:
    # half buy remotely, half do not; a tenth use points: stable groups, and no portrait
    generator = np.random.default_rng(5)
    points = np.column_stack(
        [generator.permutation(np.repeat([-1.0, 1.0], 200)), generator.permutation(np.repeat([-0.33, 3.0], [360, 40]))]
    )
    division, best_stability = divide(points, seed=1)
    assert best_stability > 0.95
    assert not division.is_divided
    # together they are a group of people
    together = np.column_stack([np.repeat([-1.0, 1.0], 200), np.repeat([-1.0, 1.0], 200)]) + generator.normal(0, 0.3, (400, 2))
    assert len(divide(together, seed=1)[0].centres) == 2


def test_dealing_out_anew_keeps_each_trait_and_who_has_it_unknown() -> None:
    generator = np.random.default_rng(2)
    points = generator.normal(size=(300, 3))
    points[:100, 1] = np.nan
    points[:100, 2] = np.nan
    made = dealt_out_anew(points, np.random.default_rng(3))
    assert (np.isnan(made) == np.isnan(points)).all()
    for column in range(3):
        assert (np.sort(made[100:, column]) == np.sort(points[100:, column])).all()
    assert (made[100:, 0] != points[100:, 0]).any()
    assert (np.sort(made[:100, 0]) == np.sort(points[:100, 0])).all()


def test_a_group_of_fewer_than_twenty_is_none() -> None:
    people = customers(["web"] * 150 + ["caller"] * 19)
    with pytest.raises(FitRefusedError):
        fit(people, all_in(3, people))
    enough = customers(["web"] * 150 + ["caller"] * 40)
    assert fit(enough, all_in(3, enough)).divisions[3].is_divided


def test_the_order_of_the_customers_changes_nothing_and_two_fits_are_the_same_to_the_last_digit() -> None:
    people = three_groups()
    shuffled = people.sample(frac=1, random_state=4).reset_index(drop=True)
    first, second, third = first_version(people), first_version(people), first_version(shuffled)
    assert first == second == third
    assert first.tables[CENTROIDS].num_rows == 3 * 8


def test_a_trait_that_nobody_has_is_left_out_and_not_zero() -> None:
    outcome = first_version(three_groups())
    assert "help_page_views_12m" not in outcome.tables[FEATURES]["feature"].to_pylist()
    assert "help_page_views_12m" not in outcome.tables[CENTROIDS]["feature"].to_pylist()
    # traits that only describe have a scale and no centre
    assert "tenure_days" in outcome.tables[FEATURES]["feature"].to_pylist()
    assert "tenure_days" not in outcome.tables[CENTROIDS]["feature"].to_pylist()


def test_names_stay_with_the_people_when_the_fit_counts_the_groups_in_another_order() -> None:
    people = three_groups()
    tiers = all_in(3, people)
    first = first_version(people)
    before = score(people, tiers, first.tables)
    found = fit(people, tiers)
    turned = replace(found.divisions[3], centres=found.divisions[3].centres[::-1].copy())
    again, matched = named(replace(found, divisions={3: turned}), people, tiers, first.tables, {"v3-a", "v3-b", "v3-c"})
    assert matched == 3
    assert score(people, tiers, tables(again, AS_OF)) == before


def test_names_stay_when_sizes_change_and_a_new_group_gets_a_name_that_nobody_had() -> None:
    first = first_version(three_groups())
    # a year later the callers are the largest group and the store group has gone; v3-d was a group of a version between
    groups = ["web"] * 90 + ["caller"] * 160
    people = customers(groups, seed=8)
    later = attempt(people, THRESHOLDS, date(2025, 6, 30), as_fit(first), first.tables, {"v3-a", "v3-b", "v3-c", "v3-d"})
    names = one_name_each(score(people, all_in(3, people), later.tables), groups)
    assert names == {"web": "v3-a", "caller": "v3-c"}
    assert later.diagnostics["matched"] == 2
    back = three_groups(seed=9)
    third = attempt(
        back, THRESHOLDS, date(2026, 6, 30), as_fit(later, date(2025, 6, 30)), later.tables, {"v3-a", "v3-b", "v3-c", "v3-d"}
    )
    # the store group is back, but the version before does not know it
    assert one_name_each(score(back, all_in(3, back), third.tables), GROUPS) == {"web": "v3-a", "caller": "v3-c", "store": "v3-e"}


def test_a_group_keeps_its_name_up_to_half_the_way_to_the_next_one() -> None:
    former = {"a": np.array([0.0, 0.0]), "b": np.array([4.0, 0.0])}
    assert match(former, np.array([[4.0, 1.9], [0.0, 1.9]])) == {0: "b", 1: "a"}
    assert match(former, np.array([[4.0, 2.1], [0.0, 1.9]])) == {1: "a"}
    # three for two: the nearest pairs, the third is new
    assert match(former, np.array([[1.5, 0.0], [0.5, 0.0], [3.5, 0.0]])) == {1: "a", 2: "b"}
    # two that both lie near one: only one of them is it
    assert match(former, np.array([[0.1, 0.0], [0.2, 0.0]])) == {0: "a"}


def test_a_tier_that_is_one_group_keeps_its_name_while_it_is_one() -> None:
    whole, halves = np.array([[0.0, 3.0]]), np.array([[-0.1, 0.0], [0.1, 0.0]])
    assert match({"a": np.array([0.0, 0.0])}, whole) == {0: "a"}
    assert match({"a": np.array([0.0, 0.0])}, halves) == {}
    assert match({"a": np.array([-0.1, 0.0]), "b": np.array([0.1, 0.0])}, whole) == {}


def test_names_go_on_after_z_and_are_never_used_twice() -> None:
    names = free_names(2, {"v2-a", "v2-c", "v3-b"})
    given = [next(names) for _ in range(25)]
    assert given[:2] == ["v2-b", "v2-d"]
    assert given[-2:] == ["v2-z", "v2-aa"]


def test_tiers_follow_the_plain_cut_points_and_a_short_history_has_none() -> None:
    people = pd.DataFrame({"value_12m": [0.0, 99.99, 100.0, 200.0, None, 500.0], "sales_months_12m": [12, 12, 12, 12, 12, 11]})
    assert value_tiers(people, THRESHOLDS).tolist() == [0, 1, 2, 3, 0, 0]
    assert value_tiers(people, THRESHOLDS | {"sales_months": None}).tolist() == [0, 1, 2, 3, 0, 0]
    assert value_tiers(people, THRESHOLDS | {"sales_months": 9}).tolist() == [0, 1, 2, 3, 0, 3]


def test_a_version_is_kept_within_the_year_while_customers_and_cut_points_are_the_same() -> None:
    people = three_groups()
    first = first_version(people)
    kept = attempt(people, THRESHOLDS, date(2024, 7, 31), as_fit(first), first.tables, set())
    assert kept.tables == {} and "have not changed" in kept.reason.en and "n’ont pas changé" in kept.reason.fr
    assert kept.diagnostics["stability_index"] == 0.0


@pytest.mark.parametrize(
    ("groups", "thresholds", "day", "reason"),
    [
        (GROUPS, THRESHOLDS, date(2025, 6, 30), "a year old"),
        (GROUPS, THRESHOLDS | {"parameter_version": "value-2024-07-31"}, date(2024, 7, 31), "new cut points"),
        (["web"] * 60 + ["store"] * 60 + ["caller"] * 180, THRESHOLDS, date(2024, 7, 31), "customers have changed"),
    ],
)
def test_a_new_version_comes_when_the_former_is_old_of_other_cut_points_or_of_other_customers(
    groups: list[str], thresholds: dict[str, Any], day: date, reason: str
) -> None:
    first = first_version(three_groups())
    outcome = attempt(customers(groups, seed=6), thresholds, day, as_fit(first), first.tables, {"v3-a", "v3-b", "v3-c"})
    assert reason in outcome.reason.en
    # where callers are many, the two others may be one group: no name is new
    assert {"v3-a", "v3-c"} <= set(outcome.tables[CENTROIDS]["micro_segment"].to_pylist()) <= {"v3-a", "v3-b", "v3-c"}


def test_a_feed_that_comes_makes_a_new_version() -> None:
    people = three_groups()
    first = first_version(people)
    with_help = people.assign(help_page_views_12m=np.random.default_rng(1).poisson(1, len(people)).astype(float))
    outcome = attempt(with_help, THRESHOLDS, date(2024, 7, 31), as_fit(first), first.tables, {"v3-a", "v3-b", "v3-c"})
    assert "other traits" in outcome.reason.en
    assert "help_page_views_12m" in outcome.tables[CENTROIDS]["feature"].to_pylist()
    assert set(outcome.tables[CENTROIDS]["micro_segment"].to_pylist()) == {"v3-a", "v3-b", "v3-c"}


def test_a_fit_whose_groups_are_less_distinct_than_the_former_ones_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    people = three_groups()
    first = first_version(people)
    tiers = all_in(3, people)
    poor = fit(people, tiers)
    # as if the fit had found no better than two groups that cut across the people
    worse = replace(poor.divisions[3], centres=poor.divisions[3].centres[:2], silhouette=0.01)
    monkeypatch.setattr(micro_segments, "fit", lambda *_: replace(poor, divisions={3: worse}))
    with pytest.raises(FitRefusedError, match="less distinct than the former ones"):
        attempt(people, THRESHOLDS, date(2025, 6, 30), as_fit(first), first.tables, {"v3-a", "v3-b", "v3-c"})


def test_a_customer_lies_in_the_tier_that_he_has_and_nobody_without_a_tier_has_a_micro_segment() -> None:
    people = three_groups()
    outcome = first_version(people)
    tiers = all_in(3, people)
    tiers[0] = 0
    tiers[1] = 2
    scores = score(people, tiers, outcome.tables)
    # tier 2 had no customers in the fit
    assert scores[0] is None and scores[1] is None and scores[2] is not None


def test_the_stored_tables_have_their_schemas() -> None:
    outcome = first_version(three_groups())
    assert {name: table.schema for name, table in outcome.tables.items()} == micro_segments.SCHEMAS
    assert all(isinstance(table, pa.Table) for table in outcome.tables.values())
