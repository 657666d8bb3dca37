"""Versions of the relational families: what is kept, what is refused and why, and that the rows hold all of it."""

from __future__ import annotations

import zlib
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from dagster_project.estimates import relational_families
from dagster_project.estimates.parameter_versions import Fit, FitRefusedError, Reason
from dagster_project.estimates.relational_families import (
    MINIMUM_CUSTOMERS,
    PARAMETER,
    SCHEMA,
    as_rows,
    attempt,
    families_of,
    lost_meanings,
)
from dagster_project.estimates.relationship_mixture import FAMILIES, Families, property_of
from tests.unit.estimates.relationship_worlds import CHANNELS, KINDS, TRUE, World, draw

AS_OF = date(2024, 1, 15)
PROPERTIES = {channel: property_of(channel, *KINDS[channel]) for channel in CHANNELS}
# the first two families have changed places: the names would lie
SWAPPED = replace(
    TRUE,
    channel_shares=TRUE.channel_shares[[1, 0, 3, 2]],
    contact_rates=TRUE.contact_rates[[2, 3, 0, 1]],
)


def version(as_of: date = date(2023, 6, 1), *, is_prototype: int = 0) -> Fit:
    diagnostics = {"is_prototype": is_prototype}
    return Fit(PARAMETER, f"families-{as_of}", as_of, "fitted", True, 500, Reason("first", "première"), diagnostics)


def rows_of(families: Families, as_of: date = date(2023, 6, 1)) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = as_rows(families, families, as_of).to_pylist()
    return rows


@pytest.fixture(scope="module")
def world() -> World:
    return draw(900, seed=1)


def test_a_version_reads_as_it_was_written() -> None:
    read = families_of(rows_of(TRUE))
    assert read.channels == TRUE.channels
    for name in ("shares", "channel_shares", "contact_rates", "contacts_per", "expectations"):
        assert np.array_equal(getattr(read, name), getattr(TRUE, name)), name
    assert (read.dispersion, read.expectation_deviation) == (TRUE.dispersion, TRUE.expectation_deviation)
    silent = families_of(rows_of(replace(TRUE, expectations=None, expectation_deviation=None)))
    assert silent.expectations is None and silent.expectation_deviation is None


def test_a_first_fit_gives_a_version_with_its_prototypes_and_measures(world: World) -> None:
    outcome = attempt(*world, AS_OF, None, [])
    table = outcome.tables[PARAMETER]
    assert table.schema == SCHEMA
    rows = table.to_pylist()
    assert {row["parameter_version"] for row in rows} == {"families-2024-01-15"}
    # four families with share, rate, expectation and five channels; and five figures of all
    assert len(rows) == 4 * (3 + 5) + 5
    of_families = [row for row in rows if row["relational_family"] != "all"]
    assert all(row["prototype"] is not None for row in of_families)
    for family in FAMILIES:
        shares = [row["value"] for row in rows if row["relational_family"] == family and row["feature"] == "channel"]
        assert sum(shares) == pytest.approx(1)
    told = outcome.diagnostics
    assert told["is_prototype"] == 0
    assert sum(float(told[f"share_{family}"] or 0) for family in FAMILIES) == pytest.approx(1)
    assert float(told["held_out_log_likelihood"] or 0) > float(told["held_out_log_likelihood_of_prototypes"] or 0)
    assert 0.5 < float(told["separation_lead"] or 0) < 1
    assert outcome.sample_size == int((world[0]["interactions_24m"] >= 3).sum())


def test_two_fits_give_the_same_bytes_in_any_order(world: World) -> None:
    one = attempt(*world, AS_OF, None, []).tables[PARAMETER]
    customers, seen, in_use = (table.sample(frac=1, random_state=4) for table in world)
    assert attempt(customers, seen, in_use, AS_OF, None, []).tables[PARAMETER].equals(one)


def test_with_few_customers_the_prototypes_serve_and_say_so() -> None:
    small = draw(100, seed=2)
    often = int((small[0]["interactions_24m"] >= 3).sum())
    assert 0 < often < MINIMUM_CUSTOMERS
    outcome = attempt(*small, AS_OF, None, [])
    assert outcome.diagnostics["is_prototype"] == 1
    assert outcome.reason.en == f"prototypes: {often} customers had 3 interactions, 100 are needed"
    assert outcome.reason.fr == f"prototypes : {often} clients ont eu 3 interactions, il en faut 100"
    rows = [row for row in outcome.tables[PARAMETER].to_pylist() if row["prototype"] is not None]
    assert rows and all(row["value"] == row["prototype"] for row in rows)


def test_with_few_customers_a_fitted_version_stays() -> None:
    small = draw(100, seed=2)
    with pytest.raises(FitRefusedError, match="customers had 3 interactions, 100 are needed"):
        attempt(*small, date(2024, 7, 1), version(), rows_of(TRUE))


def test_nobody_who_may_be_profiled_is_the_reason_where_it_is(world: World) -> None:
    with pytest.raises(FitRefusedError, match="no customer is known who may be profiled") as refused:
        attempt(world[0].head(0), world[1].head(0), world[2].head(0), AS_OF, None, [])
    assert refused.value.reason.fr == "aucun client n’est connu dont le profil puisse être établi"


def test_without_anybody_who_came_three_times_there_is_nothing_to_fit(world: World) -> None:
    customers = world[0].assign(interactions_24m=2)
    with pytest.raises(FitRefusedError, match="no customer had 3 interactions in the 24 months before") as refused:
        attempt(customers, world[1], world[2], AS_OF, None, [])
    assert refused.value.reason.fr == "aucun client n’a eu 3 interactions dans les 24 mois précédents"


def test_customers_who_are_all_alike_have_no_families(world: World) -> None:
    customers, seen, in_use = world
    one = customers[customers["interactions_24m"] >= 3].head(1)
    of_one = seen[seen["customer_id"] == one["customer_id"].item()]
    ids = [f"c{number:03}" for number in range(300)]
    alike = pd.concat([one.assign(customer_id=name) for name in ids], ignore_index=True)
    interactions = pd.concat([of_one.assign(customer_id=name) for name in ids], ignore_index=True)
    with pytest.raises(FitRefusedError, match="customers do not differ on the axis lead") as refused:
        attempt(alike, interactions, in_use, AS_OF, None, [])
    assert refused.value.reason.fr == "les clients ne se distinguent pas sur l’axe de l’initiative"


def test_a_version_younger_than_a_year_is_kept(world: World) -> None:
    outcome = attempt(*world, AS_OF, version(), rows_of(TRUE))
    assert outcome.tables == {} and outcome.reason.en == "the former version is less than a year old"
    assert outcome.diagnostics["unknown_channel_share"] == 0


def test_a_version_of_a_year_is_fitted_anew(world: World) -> None:
    outcome = attempt(*world, date(2024, 6, 1), version(), rows_of(SWAPPED))
    assert outcome.tables and outcome.reason.en == "the former version is a year old"
    told = outcome.diagnostics
    assert float(told["held_out_log_likelihood_on_common_channels"] or 0) > float(told["held_out_log_likelihood_of_former"] or 0)


def test_a_new_channel_that_many_use_asks_for_a_new_version(world: World) -> None:
    old = [row for row in rows_of(SWAPPED) if row["channel"] != "email"]
    outcome = attempt(*world, AS_OF, version(), old)
    assert outcome.tables and outcome.reason.en == "customers come on channels that are new"
    assert {row["channel"] for row in outcome.tables[PARAMETER].to_pylist()} == {None, *CHANNELS}


def test_prototypes_give_way_as_soon_as_there_are_enough_customers(world: World) -> None:
    outcome = attempt(*world, AS_OF, version(is_prototype=1), rows_of(SWAPPED))
    assert outcome.diagnostics["is_prototype"] == 0 and outcome.reason.en == "the prototypes served until now"


def test_a_fit_that_explains_unseen_customers_less_well_is_refused() -> None:
    """Four fifths of the customers come from a world of many more contacts, the fifth that judges from that of the former version."""
    # everybody comes three times as often: the families keep their meaning
    other = replace(TRUE, contacts_per=TRUE.contacts_per * 3)
    worlds = draw(900, seed=11), draw(900, seed=12, families=other)

    def part(world: World, is_judge: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
        chosen = {name for name in world[0]["customer_id"] if (zlib.crc32(name.encode()) % 5 == 0) == is_judge}
        return tuple(table[table["customer_id"].isin(chosen)] for table in world[:2])  # type: ignore[return-value]

    judges, learnt = part(worlds[0], True), part(worlds[1], False)
    customers, seen = (pd.concat([mine, theirs], ignore_index=True) for mine, theirs in zip(judges, learnt, strict=True))
    with pytest.raises(FitRefusedError, match="less well than the former ones") as refused:
        attempt(customers, seen, worlds[0][2], date(2024, 7, 1), version(), rows_of(TRUE))
    told = refused.value.diagnostics
    assert float(told["held_out_log_likelihood_on_common_channels"] or 0) < float(told["held_out_log_likelihood_of_former"] or 0)


def test_families_that_lost_their_names_are_found() -> None:
    assert lost_meanings(TRUE, PROPERTIES) == []
    assert lost_meanings(SWAPPED, PROPERTIES) == [
        "autonomous leads less than trusting",
        "time_pressed leads less than soliciting",
        "soliciting contacts less than trusting",
        "time_pressed contacts less than autonomous",
    ]


def test_two_families_that_differ_by_chance_alone_have_not_lost_their_names() -> None:
    rates = TRUE.contact_rates.copy()
    rates[0] = rates[3] * 0.95
    assert lost_meanings(replace(TRUE, contact_rates=rates), PROPERTIES) == []
    rates[0] = rates[3] * 0.85
    assert lost_meanings(replace(TRUE, contact_rates=rates), PROPERTIES) == ["soliciting contacts less than trusting"]


def test_a_fit_without_meaning_is_refused_or_gives_way_to_the_prototypes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relational_families, "fit", lambda seen, prior: SWAPPED)
    with pytest.raises(FitRefusedError, match="families have lost their meaning: autonomous leads less than trusting"):
        attempt(*world, date(2024, 7, 1), version(), rows_of(TRUE))
    outcome = attempt(*world, AS_OF, None, [])
    assert outcome.diagnostics["is_prototype"] == 1
    assert outcome.reason.en.startswith("prototypes: in the fit autonomous leads less than trusting")
