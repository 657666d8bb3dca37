"""The mixture of relational families: by hand, recovered from its own draws, the same in any order."""

from __future__ import annotations

import itertools
from dataclasses import replace
from math import exp, log

import numpy as np
import pandas as pd
import pytest

from dagster_project.estimates import relationship_mixture
from dagster_project.estimates.relationship_mixture import (
    FAMILIES,
    PREFERENCES,
    Families,
    Observations,
    axes,
    family_of,
    fit,
    log_likelihood,
    log_likelihoods,
    observe,
    property_of,
    prototypes,
)
from tests.unit.estimates.relationship_worlds import CHANNELS, CHAT_MONTH, KINDS, TRUE, World, draw

PROPERTIES = {channel: property_of(channel, *KINDS[channel]) for channel in CHANNELS}
# the world of the worked example of `int_customer_month_families`
BY_HAND = Families(
    channels=("email", "phone"),
    shares=np.array([0.5, 0.25, 0.125, 0.125]),
    channel_shares=np.full((4, 2), 0.5),
    contact_rates=np.array([2.0, 2.0, 1.0, 1.0]),
    dispersion=1.0,
    contacts_per=np.array([1.0, 0.0, 0.0]),
    expectations=np.array([0.75, 0.75, 0.5, 0.5]),
    expectation_deviation=0.25,
)


@pytest.fixture(scope="module")
def world() -> World:
    return draw(4000, seed=3)


def customer(contacts: int, said: float | None = None) -> pd.DataFrame:
    row = {"customer_id": "A", "contacts_24m": contacts, "seen_days_24m": 30.4375, "store_purchases_24m": 5}
    return pd.DataFrame([row | {"remote_purchases_24m": 5, "expectation": said}])


def interactions(*rows: tuple[int, str, int]) -> pd.DataFrame:
    return pd.DataFrame([("A", *row) for row in rows], columns=["customer_id", "month_number", "channel", "interactions"])


def in_use(*rows: tuple[int, str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["month_number", "channel"])


BOTH = in_use((1, "email"), (1, "phone"), (2, "email"), (2, "phone"))


@pytest.mark.parametrize(
    ("contacts", "said", "lead", "expectation"),
    [(0, None, log(7 / 11), log(2)), (3, None, log(337 / 593), log(128 / 27)), (3, 0.75, -0.609216212, log(128 / 27) + 0.5)],
)
def test_the_axes_are_as_by_hand(contacts: int, said: float | None, lead: float, expectation: float) -> None:
    seen = observe(customer(contacts, said), interactions((1, "phone", 3)), BOTH)
    found = axes(BY_HAND, seen)
    assert (found[0][0], found[1][0]) == pytest.approx((lead, expectation), rel=1e-8)


def test_the_likelihood_is_that_of_geometric_contacts_and_halved_channels() -> None:
    scores = log_likelihoods(BY_HAND, observe(customer(3), interactions((1, "phone", 3)), BOTH))[0]
    assert np.exp(scores) == pytest.approx([8 / 81 / 8, 8 / 81 / 8, 1 / 16 / 8, 1 / 16 / 8])


def test_a_channel_that_did_not_exist_yet_counts_against_nobody() -> None:
    with_chat = replace(
        BY_HAND,
        channels=("chat", "email", "phone"),
        # the second family loves chat; beside it, it takes phone and e-mail like the first
        channel_shares=np.array([[0.2, 0.4, 0.4], [0.8, 0.1, 0.1], [0.2, 0.4, 0.4], [0.2, 0.4, 0.4]]),
    )
    calls = interactions((1, "phone", 3))
    chat_later = in_use((1, "email"), (1, "phone"), (2, "chat"), (2, "email"), (2, "phone"))
    early = log_likelihoods(with_chat, observe(customer(3), calls, chat_later))[0]
    assert early[0] == pytest.approx(early[1])
    chat_at_once = in_use((1, "chat"), (1, "email"), (1, "phone"))
    late = log_likelihoods(with_chat, observe(customer(3), calls, chat_at_once))[0]
    assert exp(late[0] - late[1]) == pytest.approx(4**3)


def test_a_channel_that_a_version_does_not_know_says_nothing() -> None:
    seen = interactions((1, "phone", 2), (1, "fax", 5))
    offered = in_use((1, "email"), (1, "phone"), (1, "fax"))
    known = observe(customer(3), seen, offered, known=BY_HAND.channels)
    assert known.channels == ("email", "phone")
    without = observe(customer(3), interactions((1, "phone", 2)), in_use((1, "email"), (1, "phone")))
    assert log_likelihoods(BY_HAND, known) == pytest.approx(log_likelihoods(BY_HAND, without))


def test_the_family_is_the_quadrant_of_the_axes() -> None:
    lead, expectation = np.array([-1.0, 1.0, 1.0, -1.0, 0.0]), np.array([1.0, 1.0, -1.0, -1.0, 0.0])
    assert list(family_of(lead, expectation)) == [*FAMILIES, "trusting"]


def test_what_the_names_mean_is_said_of_every_kind_of_channel() -> None:
    kinds = {property_of(channel, distance, tempo) for channel, (distance, tempo) in KINDS.items()} | {"unknown"}
    assert kinds == set(PREFERENCES)
    assert property_of("fax", None, None) == "unknown"
    assert property_of("desk", "face_to_face", None) == "face_to_face"


def accuracy(families: Families, world: World, seen: Observations) -> float:
    """Balanced accuracy among those with three interactions."""
    true = world[0].set_index("customer_id")["family"].reindex(seen.customer_ids).to_numpy()
    is_right = pd.Series(family_of(*axes(families, seen)) == true)[seen.choices.sum(axis=1) >= 3]
    return float(is_right.groupby(true[is_right.index]).mean().mean())


def test_the_families_are_recovered_from_data_that_the_model_drew(world: World) -> None:
    seen = observe(*world)
    fitted = fit(seen, prototypes(seen, PROPERTIES))
    assert fitted.shares == pytest.approx(TRUE.shares, abs=0.04)
    assert fitted.channel_shares == pytest.approx(TRUE.channel_shares, abs=0.05)
    # rates are relative to the contacts of all: their ratios are what the families say
    assert fitted.contact_rates / fitted.contact_rates[2] == pytest.approx(TRUE.contact_rates / TRUE.contact_rates[2], rel=0.1)
    assert fitted.expectations == pytest.approx(TRUE.expectations, abs=0.03)
    assert fitted.expectation_deviation == pytest.approx(TRUE.expectation_deviation, abs=0.03)
    assert 2 < fitted.dispersion < 8
    reachable = accuracy(TRUE, world, seen)
    assert reachable > 0.75
    assert accuracy(fitted, world, seen) > 0.97 * reachable
    assert accuracy(prototypes(seen, PROPERTIES), world, seen) < accuracy(fitted, world, seen)


def test_a_fit_is_the_same_in_any_order_of_the_rows(world: World) -> None:
    def fitted(tables: World) -> Families:
        seen = observe(*tables)
        return fit(seen, prototypes(seen, PROPERTIES))

    customers, seen, offered = (world[0].head(500), world[1], world[2])
    one = fitted((customers, seen, offered))
    shuffled = (
        customers.sample(frac=1, random_state=1),
        seen.sample(frac=1, random_state=2),
        offered.sample(frac=1, random_state=3),
    )
    other = fitted(shuffled)
    for name in ("shares", "channel_shares", "contact_rates", "contacts_per", "expectations"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    assert (one.dispersion, one.log_posterior, one.steps) == (other.dispersion, other.log_posterior, other.steps)


def test_no_step_lowers_the_posterior(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[float] = []
    priced = relationship_mixture._log_prior

    def listen(families: Families, prior: Families) -> float:
        told.append(families.log_posterior)
        return priced(families, prior)

    monkeypatch.setattr(relationship_mixture, "_log_prior", listen)
    # without expectations, whose prior is not in the posterior
    customers = world[0].assign(expectation=float("nan"))
    seen = observe(customers, world[1], world[2])
    last = fit(seen, prototypes(seen, PROPERTIES))
    steps = [value for value in told if not np.isnan(value)] + [last.log_posterior]
    assert len(steps) > 20
    assert all(after >= before - 1e-6 for before, after in itertools.pairwise(steps))


def test_few_customers_follow_the_prototypes_and_many_the_data() -> None:
    distances = []
    for number in (40, 400, 4000):
        tables = draw(number, seed=8)
        seen = observe(*tables)
        prior = prototypes(seen, PROPERTIES)
        distances.append(float(np.abs(fit(seen, prior).channel_shares - prior.channel_shares).max()))
    assert distances[0] < distances[1] < distances[2]


def test_a_fit_explains_customers_that_it_has_not_seen_better_than_the_prototypes(world: World) -> None:
    seen = observe(*world)
    first = np.arange(len(seen.customer_ids)) % 2 == 0
    prior = prototypes(seen.of(first), PROPERTIES)
    fitted = fit(seen.of(first), prior)
    assert log_likelihood(fitted, seen.of(~first)) > log_likelihood(prior, seen.of(~first)) + 0.02


def test_purchases_without_contacts_do_not_make_a_coefficient_negative() -> None:
    tables = draw(300, seed=5)
    tables[0]["store_purchases_24m"] = 0
    seen = observe(*tables)
    assert (prototypes(seen, PROPERTIES).contacts_per >= 0).all()
    assert np.isfinite(prototypes(seen, PROPERTIES).contacts_per).all()


def test_chat_is_a_choice_only_since_it_came(world: World) -> None:
    seen = observe(*world)
    assert seen.sets.shape == (2, 5) and sorted(seen.sets[:, 0]) == [0.0, 1.0]
    without = seen.choices_among[:, int(np.argmin(seen.sets[:, 0]))]
    assert without.sum() == world[1].loc[world[1]["month_number"] < CHAT_MONTH, "interactions"].sum()
