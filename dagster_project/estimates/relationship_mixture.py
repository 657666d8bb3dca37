"""How a company's customers relate to it: a mixture of four relational families, fitted by expectation and maximisation.

Here, pure: what is observed of each customer, the likelihood of it in each family, the fit, the two axes. When a fit is due,
when it is refused and where it is kept is `relational_families.py`. Scoring everybody is SQL (`int_customer_month_families`),
held against this by a test.

A family is told by three things. *Channels*: each interaction is a choice among the channels in use in its month, with the
family's own shares (a choice among fewer channels keeps their ratios: Luce, Individual Choice Behavior, 1959). *Frequency*:
contacts are negative binomial around those to be expected of any customer known so long who bought so often, times the
family's rate. *Expectation*: what a customer said to expect is normal around the family's mean, where it was asked.

The prior is what the names mean, in the properties of channels and not in any company's numbers (`PREFERENCES`, `CONTACT_RATES`):
it weighs like `CHANNEL_WEIGHT` interactions of each family, so that a small company leans on it and a large one follows its
data. The fit starts from it, and only there: from elsewhere it could find the same four groups under other names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]

FAMILIES = ("soliciting", "time_pressed", "autonomous", "trusting")
SELF_SERVICE = "self_service"
# How much rather than others a family takes a kind of channel: who leads prefers to look alone or to write when it suits; who is
# accompanied wants a person, in the shop rather than on paper; who has no time wants it live. Only ratios within a column
# and a row matter; all kinds multiply the company's own mix of channels.
PREFERENCES: Mapping[str, tuple[float, float, float, float]] = {
    "remote_synchronous": (2.0, 3.0, 1.0, 3.0),
    "remote_asynchronous": (2.0, 2.0, 4.0, 0.5),
    "face_to_face": (2.0, 0.5, 0.5, 6.0),
    SELF_SERVICE: (1.0, 2.0, 4.0, 0.5),
    "unknown": (1.0, 1.0, 1.0, 1.0),
}
# contacts beside those of any customer: who expects much calls twice as often as who expects little
CONTACT_RATES = (1.4, 1.4, 0.7, 0.7)
# who expects much says so: half a deviation above the mean of all, and below
EXPECTATION_SIDES = (0.5, 0.5, -0.5, -0.5)
# The weight of the prior, in interactions of each family: on simulated companies 60 to 200 give the same families, 1000 and more
# follow the prior against the data; with 350 customers who came three times or more 100 did best.
CHANNEL_WEIGHT = 100.0
SHARE_WEIGHT = 50.0
CONTACT_WEIGHT = 20.0
EXPECTATION_WEIGHT = 20.0
_START_DISPERSION = 3.0
_DISPERSIONS = (0.2, 50.0)
_STEPS = 600
_TOLERANCE = 1e-9
DAYS_PER_MONTH = 30.4375


@dataclass(frozen=True)
class Families:
    """The parameters. Arrays are by family in the order of `FAMILIES`; `channel_shares` is family x channel.

    `contacts_per`: contacts to be expected of a month, of a purchase in a store and of another one. `expectations` are on the
    range 0..1 of the scale, null where expectations were never asked.
    """

    channels: tuple[str, ...]
    shares: Floats
    channel_shares: Floats
    contact_rates: Floats
    dispersion: float
    contacts_per: Floats
    expectations: Floats | None
    expectation_deviation: float | None
    log_posterior: float = float("nan")
    steps: int = 0


@dataclass(frozen=True)
class Observations:
    """What was seen of n customers in 24 months, by c channels and s different sets of channels in use.

    `choices`: n x c interactions; `choices_among`: n x s interactions while that set was in use; `sets`: s x c, 1 where the
    channel belongs to the set; `contacts`: n; `exposures`: n x 3, months known, purchases in stores and others;
    `expectations`: n, null where not asked.
    """

    customer_ids: tuple[str, ...]
    channels: tuple[str, ...]
    choices: Floats
    choices_among: Floats
    sets: Floats
    contacts: Floats
    exposures: Floats
    expectations: Floats

    def of(self, chosen: NDArray[np.bool_]) -> Observations:
        """The same of some customers."""
        return replace(
            self,
            customer_ids=tuple(name for name, is_chosen in zip(self.customer_ids, chosen, strict=True) if is_chosen),
            choices=self.choices[chosen],
            choices_among=self.choices_among[chosen],
            contacts=self.contacts[chosen],
            exposures=self.exposures[chosen],
            expectations=self.expectations[chosen],
        )


def observe(
    customers: pd.DataFrame, interactions: pd.DataFrame, in_use: pd.DataFrame, known: tuple[str, ...] | None = None
) -> Observations:
    """The observations behind three tables, in any order of their rows.

    `customers`: `customer_id`, `contacts_24m`, `seen_days_24m`, `store_purchases_24m`, `remote_purchases_24m`, `expectation`.
    `interactions`: `customer_id`, `month_number`, `channel`, `interactions`. `in_use`: `month_number`, `channel`. Of other
    channels than the `known` ones nothing is observed; by default all are known.
    """
    customers = customers.sort_values("customer_id", ignore_index=True)
    channels = tuple(sorted(set(in_use["channel"]) if known is None else set(in_use["channel"]) & set(known)))
    offered = in_use[in_use["channel"].isin(channels)]
    by_month = offered.sort_values("channel").groupby("month_number")["channel"].agg(tuple).to_dict()
    sets = sorted(set(by_month.values()))
    seen = interactions[
        interactions["customer_id"].isin(customers["customer_id"])
        & pd.Series(
            [
                channel in by_month.get(month, ())
                for month, channel in zip(interactions["month_number"], interactions["channel"], strict=True)
            ],
            index=interactions.index,
            dtype=bool,
        )
    ]
    rows = pd.Index(customers["customer_id"]).get_indexer(seen["customer_id"])
    number = seen["interactions"].to_numpy(dtype=np.float64)
    choices = np.zeros((len(customers), len(channels)))
    np.add.at(choices, (rows, pd.Index(channels).get_indexer(seen["channel"])), number)
    choices_among = np.zeros((len(customers), len(sets)))
    positions = {offer: position for position, offer in enumerate(sets)}
    np.add.at(choices_among, (rows, [positions[by_month[month]] for month in seen["month_number"]]), number)
    return Observations(
        customer_ids=tuple(customers["customer_id"]),
        channels=channels,
        choices=choices,
        choices_among=choices_among,
        sets=np.array([[float(channel in offer) for channel in channels] for offer in sets]).reshape(len(sets), len(channels)),
        contacts=customers["contacts_24m"].to_numpy(dtype=np.float64),
        exposures=np.column_stack(
            [
                customers["seen_days_24m"].to_numpy(dtype=np.float64) / DAYS_PER_MONTH,
                customers["store_purchases_24m"].to_numpy(dtype=np.float64),
                customers["remote_purchases_24m"].to_numpy(dtype=np.float64),
            ]
        ),
        expectations=np.asarray(customers["expectation"], dtype=np.float64),
    )


def property_of(channel: str, distance: str | None, tempo: str | None) -> str:
    """The kind of a channel, a key of `PREFERENCES`."""
    if channel == SELF_SERVICE:
        return SELF_SERVICE
    if distance == "face_to_face":
        return distance
    kind = f"{distance}_{tempo}"
    return kind if kind in PREFERENCES else "unknown"


def prototypes(seen: Observations, properties: Mapping[str, str]) -> Families:
    """The families as the prior sees them, in this company's mix of channels; `properties`: channel -> kind."""
    mix = _channel_shares(seen.choices.sum(axis=0)[None, :], seen.choices_among.sum(axis=0)[None, :], seen.sets, None)
    preferred = np.array([PREFERENCES[properties[channel]] for channel in seen.channels]).reshape(len(seen.channels), 4).T
    shares = preferred * mix
    asked = seen.expectations[~np.isnan(seen.expectations)]
    deviation = float(np.std(asked)) if len(asked) > 1 else 0.0
    return Families(
        channels=seen.channels,
        shares=np.full(4, 0.25),
        channel_shares=shares / shares.sum(axis=1, keepdims=True),
        contact_rates=np.array(CONTACT_RATES),
        dispersion=_START_DISPERSION,
        contacts_per=_contacts_per(seen),
        expectations=float(asked.mean()) + deviation * np.array(EXPECTATION_SIDES) if deviation > 0 else None,
        expectation_deviation=deviation if deviation > 0 else None,
    )


def fit(seen: Observations, prior: Families) -> Families:
    """The most probable parameters, from the prior on: each step raises the posterior until it rises by less than a billionth of it."""
    families, before = prior, -np.inf
    for step in range(1, _STEPS + 1):
        scores = log_likelihoods(families, seen) + np.log(families.shares)
        total = _log_sum(scores)
        posterior = float(total.sum()) + _log_prior(families, prior)
        families = replace(families, log_posterior=posterior, steps=step)
        if posterior - before < _TOLERANCE * abs(posterior):
            return families
        before = posterior
        families = _maximise(families, prior, seen, np.exp(scores - total[:, None]))
    return families


def log_likelihoods(families: Families, seen: Observations) -> Floats:
    """Logarithm of how likely each family (columns) makes what was seen of each customer (rows).

    The channels of `seen` must be those of the families, or some of them.
    """
    positions = [families.channels.index(channel) for channel in seen.channels]
    shares = families.channel_shares[:, positions]
    expected = np.maximum(seen.exposures @ families.contacts_per, 1e-6)[:, None] * families.contact_rates
    contacts, r = seen.contacts[:, None], families.dispersion
    scores = (
        seen.choices @ np.log(shares).T
        - seen.choices_among @ np.log(shares @ seen.sets.T).T
        + gammaln(contacts + r)
        - gammaln(r)
        - gammaln(contacts + 1)
        + r * np.log(r / (r + expected))
        + contacts * np.log(expected / (r + expected))
    )
    if families.expectations is not None and families.expectation_deviation is not None:
        distance = (seen.expectations[:, None] - families.expectations) / families.expectation_deviation
        scores = scores + np.where(
            np.isnan(distance), 0.0, -(distance**2) / 2 - np.log(families.expectation_deviation * np.sqrt(2 * np.pi))
        )
    result: Floats = scores
    return result


def log_evidence(families: Families, seen: Observations) -> Floats:
    """Logarithm of how likely what was seen of each customer is, whatever the family."""
    return _log_sum(log_likelihoods(families, seen) + np.log(families.shares))


def log_likelihood(families: Families, seen: Observations) -> float:
    """Its mean per customer."""
    return float(log_evidence(families, seen).mean())


def axes(families: Families, seen: Observations) -> tuple[Floats, Floats]:
    """The lead and the expectation axis of each customer: logarithms of odds, above 0 = leads, expects much."""
    scores = log_likelihoods(families, seen) + np.log(families.shares)
    soliciting, time_pressed, autonomous, trusting = scores.T
    return (
        np.logaddexp(time_pressed, autonomous) - np.logaddexp(soliciting, trusting),
        np.logaddexp(soliciting, time_pressed) - np.logaddexp(autonomous, trusting),
    )


def family_of(lead: Floats, expectation: Floats) -> NDArray[np.str_]:
    """The quadrant of the two axes."""
    return np.where(
        lead > 0,
        np.where(expectation > 0, "time_pressed", "autonomous"),
        np.where(expectation > 0, "soliciting", "trusting"),
    )


def _log_sum(scores: Floats) -> Floats:
    largest = scores.max(axis=1)
    total: Floats = largest + np.log(np.exp(scores - largest[:, None]).sum(axis=1))
    return total


def _log_prior(families: Families, prior: Families) -> float:
    """Logarithm of the prior, without constants: Dirichlet shares, gamma rates; expectations weigh too little to count here."""
    return float(
        SHARE_WEIGHT * np.log(families.shares).sum()
        + CHANNEL_WEIGHT * (prior.channel_shares * np.log(families.channel_shares)).sum()
        + CONTACT_WEIGHT * (prior.contact_rates * np.log(families.contact_rates) - families.contact_rates).sum()
    )


def _maximise(families: Families, prior: Families, seen: Observations, belonging: Floats) -> Families:
    """One step of maximisation; `belonging`: customer x family, the probabilities of the step before."""
    expected = np.maximum(seen.exposures @ families.contacts_per, 1e-6)[:, None]
    contacts, r = seen.contacts[:, None], families.dispersion
    # the expected spread of each customer around the family's rate, given the contacts
    spread = (contacts + r) / (expected * families.contact_rates + r)
    rates = (belonging.T @ seen.contacts + CONTACT_WEIGHT * prior.contact_rates) / (
        (belonging * spread * expected).sum(axis=0) + CONTACT_WEIGHT
    )
    shares = belonging.sum(axis=0) + SHARE_WEIGHT
    made = replace(
        families,
        shares=shares / shares.sum(),
        channel_shares=_channel_shares(
            belonging.T @ seen.choices,
            belonging.T @ seen.choices_among,
            seen.sets,
            prior.channel_shares,
            families.channel_shares,
        ),
        contact_rates=rates,
        dispersion=_dispersion(r, contacts, expected * rates, belonging),
    )
    if prior.expectations is None or prior.expectation_deviation is None:
        return made
    asked = ~np.isnan(seen.expectations)
    weight, said = belonging[asked], seen.expectations[asked]
    means = (weight.T @ said + EXPECTATION_WEIGHT * prior.expectations) / (weight.sum(axis=0) + EXPECTATION_WEIGHT)
    squares = float((weight * (said[:, None] - means) ** 2).sum()) + EXPECTATION_WEIGHT * prior.expectation_deviation**2
    return replace(made, expectations=means, expectation_deviation=float(np.sqrt(squares / (len(said) + EXPECTATION_WEIGHT))))


def _channel_shares(
    choices: Floats, choices_among: Floats, sets: Floats, prior: Floats | None, start: Floats | None = None
) -> Floats:
    """Shares of choices (g x c) made among changing sets (g x s, s x c), with `CHANNEL_WEIGHT` choices of the prior among all.

    Hunter, MM algorithms for generalized Bradley-Terry models (Annals of Statistics 32, 2004): each round divides what was
    chosen by how often it could have been, so that the likelihood never falls.
    """
    weight = 0.0 if prior is None else CHANNEL_WEIGHT
    counted = choices if prior is None else choices + weight * prior
    shares = np.full(choices.shape, 1 / max(choices.shape[1], 1)) if start is None else start
    for _ in range(200 if start is None else 5):
        shares = counted / np.maximum((choices_among / (shares @ sets.T)) @ sets + weight, 1e-9)
        shares = shares / shares.sum(axis=1, keepdims=True)
    return shares


def _dispersion(before: float, contacts: Floats, expected: Floats, belonging: Floats) -> float:
    """The best of a little less, the same and a little more: the posterior never falls, and many steps go far."""

    def value(r: float) -> float:
        terms = gammaln(contacts + r) - gammaln(r) + r * np.log(r / (r + expected)) - contacts * np.log(r + expected)
        return float((belonging * terms).sum())

    low, high = _DISPERSIONS
    candidates = [before, *(float(np.clip(before * factor, low, high)) for factor in (0.93, 1 / 0.93, 0.995, 1 / 0.995))]
    return max(candidates, key=value)


def _contacts_per(seen: Observations) -> Floats:
    """Contacts of a month, of a purchase in a store and of another one: a Poisson mean that adds up, by maximum likelihood.

    Lange and Carson (1984), EM for emission tomography: every coefficient stays at or above 0.
    """
    totals = np.maximum(seen.exposures.sum(axis=0), 1e-9)
    made = np.full(3, float(seen.contacts.sum()) / float(totals.sum()))
    for _ in range(300):
        expected = np.maximum(seen.exposures @ made, 1e-9)
        made = made * (seen.exposures.T @ (seen.contacts / expected)) / totals
    return made
