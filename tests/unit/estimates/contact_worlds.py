"""Companies whose contacts follow purchases, in memory: units for the estimator of incremental re-purchase, with truth.

Here: a fast world of its own (numpy, a fraction of a second for 1,500 customers) with the columns of `int_effect_units`.
Purchases are Poisson at a rate that differs between customers; a purchase brings a contact with some probability, contacts
also arise by themselves, and a resolved contact adds a purchase within the 55 days after it. The simulator
(`dagster_project/simulation`) is the larger world; `tests/truth/repurchase_increments.py` uses it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# days are below 1,000, so that customer x 1,000 + day is in order; an instant is far above the rounding of such a number
INSTANT = 1e-5
DAYS = 790
# the quarter looked at: a year of history before it, the longest window after it
QUARTER = (560, 651)
QUARTER_START = pd.Timestamp("2025-07-01")
COVARIATE_WINDOWS = (7, 30, 90, 365)


@dataclass(frozen=True)
class ContactWorld:
    """`effect`: probability that a resolved contact adds a purchase, by segment 1..5. `mood`: strength of a hidden mood
    (0 to 1) that multiplies purchases and the contacts that arise by themselves for 90 days. `abandoned_share`: of the
    contacts, not handled, without effect."""

    customers: int = 1500
    purchases_per_year: float = 5.4
    shape: float = 1.2
    contact_per_purchase: float = 0.15
    own_contacts_per_year: float = 0.75
    contact_spread: float = 0.45
    effect: tuple[float, ...] = (0.0, 0.0, 0.05, 0.08, 0.10)
    resolved_share: float = 0.84
    abandoned_share: float = 0.1
    mood: float = 0.0


@dataclass(frozen=True)
class _Events:
    """Events in order of (customer, day): `customer` int, `day` float, and what is known of each."""

    customer: Integers
    day: Floats
    amount: Floats
    cause: Integers

    def between(self, customer: Integers, start: Floats, end: Floats, *, weight: Floats | None = None) -> Floats:
        """Per row: number (or sum of `weight`) of events of the customer with start < day <= end."""
        key = self.customer * 1_000.0 + self.day
        total = np.concatenate([[0.0], np.cumsum(np.ones(len(key)) if weight is None else weight)])
        low = np.searchsorted(key, customer * 1_000.0 + np.maximum(start, -1.0), side="right")
        high = np.searchsorted(key, customer * 1_000.0 + np.maximum(end, -1.0), side="right")
        return np.asarray(total[np.maximum(high, low)] - total[low], dtype=np.float64)

    def last_before(self, customer: Integers, day: Floats) -> Integers:
        """Per row: the index of the customer's last event with day <= `day`, else -1."""
        key = self.customer * 1_000.0 + self.day
        index = np.searchsorted(key, customer * 1_000.0 + day, side="right") - 1
        found = (index >= 0) & (self.customer[np.maximum(index, 0)] == customer)
        return np.where(found, index, -1)


def _sorted(customer: Integers, day: Floats, amount: Floats, cause: Integers) -> _Events:
    order = np.lexsort((day, customer))
    return _Events(customer[order], day[order], amount[order], cause[order])


def effect_units(world: ContactWorld, seed: int, windows: tuple[int, ...] = (60,)) -> pd.DataFrame:
    """Rows as of `int_effect_units` for one quarter and all designs, plus `true_purchases`, `true_amount`, `true_margin`:
    what the unit would not have bought without the contact of its time zero (0 for controls and other designs), and
    `has_later_contact`."""
    draw = np.random.default_rng(seed)
    n = world.customers
    rate = draw.gamma(world.shape, world.purchases_per_year / world.shape, n)
    segment = 1 + np.searchsorted(np.quantile(rate, [0.2, 0.4, 0.6, 0.8]), rate)
    factor = np.exp(world.contact_spread * draw.standard_normal(n) - world.contact_spread**2 / 2)
    moods = 1 + world.mood * draw.choice([-1.0, 1.0], (n, DAYS // 90 + 1))

    def events(per_year: Floats, with_mood: bool) -> tuple[Integers, Floats]:
        top = 1 + world.mood if with_mood else 1.0
        who = np.repeat(np.arange(n), draw.poisson(per_year * top * DAYS / 365.25))
        day = draw.uniform(0, DAYS, len(who))
        kept = draw.uniform(size=len(who)) * top < (moods[who, (day // 90).astype(int)] if with_mood else 1.0)
        return who[kept], day[kept]

    who, day = events(rate, True)
    brings = draw.uniform(size=len(who)) < np.minimum(0.9, world.contact_per_purchase * factor[who])
    own_who, own_day = events(world.own_contacts_per_year * factor, True)
    lag = 1 + draw.exponential(5, int(brings.sum()))
    contact_who = np.concatenate([who[brings], own_who])
    contact_day = np.concatenate([day[brings] + lag, own_day])
    inside = contact_day < DAYS
    contact_who, contact_day = contact_who[inside], contact_day[inside]
    contact_id = np.arange(len(contact_who))
    is_abandoned = draw.uniform(size=len(contact_who)) < world.abandoned_share
    effect = np.asarray(world.effect)[segment[contact_who] - 1]
    adds = ~is_abandoned & (draw.uniform(size=len(contact_who)) < world.resolved_share * effect)
    caused_day = contact_day[adds] + draw.uniform(1, 56, int(adds.sum()))
    buyer = np.concatenate([who, contact_who[adds]])
    amounts = np.round(draw.lognormal(3.5, 0.8, len(buyer)), 2)
    purchases = _sorted(
        buyer, np.concatenate([day, caused_day]), amounts, np.concatenate([np.full(len(who), -1), contact_id[adds]])
    )
    frames = []
    for window in windows:
        frames += [_designs(world, draw, segment, purchases, (contact_who, contact_day, contact_id), is_abandoned, window)]
    return pd.concat(frames, ignore_index=True)


def _designs(
    world: ContactWorld,
    draw: np.random.Generator,
    segment: Integers,
    purchases: _Events,
    contacts: tuple[Integers, Floats, Integers],
    is_abandoned: npt.NDArray[np.bool_],
    window: int,
) -> pd.DataFrame:
    designs = []
    handled = [item[~is_abandoned] for item in contacts]
    for design, shift, exposure in (
        ("main", 0, ~is_abandoned),
        ("placebo", window + 30, ~is_abandoned),
        ("negative_control", 0, is_abandoned),
    ):
        exposed = _sorted(contacts[0][exposure], contacts[1][exposure], np.zeros(int(exposure.sum())), contacts[2][exposure])
        eligible = _sorted(handled[0], handled[1], np.zeros(len(handled[0])), handled[2])
        quiet = lambda who, at, exposed=exposed: exposed.between(who, at - 90, at - INSTANT) == 0  # noqa: E731
        in_quarter = (exposed.day >= QUARTER[0]) & (exposed.day < QUARTER[1]) & quiet(exposed.customer, exposed.day)
        in_quarter &= purchases.last_before(exposed.customer, exposed.day - INSTANT) >= 0
        first = np.flatnonzero(in_quarter)[np.unique(exposed.customer[in_quarter], return_index=True)[1]]
        treated, at, by = exposed.customer[first], exposed.day[first], exposed.cause[first]
        everybody = np.arange(world.customers)
        pseudo = np.floor(draw.choice(at, world.customers)) + draw.uniform(size=world.customers)
        is_control = quiet(everybody, pseudo) & (purchases.last_before(everybody, pseudo) >= 0)
        who = np.concatenate([treated, everybody[is_control]])
        zero = np.concatenate([at, pseudo[is_control]]) - shift
        source = np.concatenate([by, np.full(int(is_control.sum()), -2)])
        is_treated = np.arange(len(who)) < len(treated)
        known = purchases.last_before(who, zero) >= 0
        who, zero, source, is_treated = who[known], zero[known], source[known], is_treated[known]
        start, end = np.floor(zero) + 1, np.floor(zero) + 1 + window
        number = purchases.between(who, start - INSTANT, end - INSTANT)
        amount = purchases.between(who, start - INSTANT, end - INSTANT, weight=purchases.amount)
        # what is caused by the contact of time zero: of this contact's purchases, those in the window
        caused = purchases.cause >= 0
        of_cause = pd.DataFrame(
            {"by": purchases.cause[caused], "day": purchases.day[caused], "amount": purchases.amount[caused]}
        ).set_index("by")
        own = of_cause.reindex(source)
        inside = ((own["day"].to_numpy() >= start) & (own["day"].to_numpy() < end)) & (design == "main")
        lost = np.where(inside, own["amount"].fillna(0).to_numpy(), 0.0)
        since = zero - purchases.day[purchases.last_before(who, zero)]
        frame = pd.DataFrame(
            {
                "design": design,
                "quarter_start": QUARTER_START,
                "window_days": window,
                "customer_number": who,
                "value_segment": segment[who],
                "is_treated": is_treated,
                "weight": 1.0,
                "outcome_purchases": (number > 0).astype(int),
                "outcome_amount": amount,
                "outcome_margin": 0.4 * amount,
                "true_purchases": ((number > 0) & (number - inside <= 0)).astype(int),
                "true_amount": lost,
                "true_margin": 0.4 * lost,
                "has_later_contact": eligible.between(who, zero + INSTANT, np.floor(zero) + 1 + window) > 0,
            }
        )
        for low, high in ((0, 3), (3, 8), (8, 15), (15, 31)):
            frame[f"x_last_purchase_{low}_{high - 1}_days"] = ((since >= low) & (since < high)).astype(float)
        for days in COVARIATE_WINDOWS:
            frame[f"x_purchases_{days}_days"] = np.log1p(purchases.between(who, zero - days, zero))
        frame["x_margin_365_days"] = np.log1p(0.4 * purchases.between(who, zero - 365, zero, weight=purchases.amount))
        frame["x_last_amount"] = np.log1p(purchases.amount[purchases.last_before(who, zero)])
        frame["x_tenure"] = np.log1p(since)
        frame["x_month_2"] = ((zero + shift - QUARTER[0]) // 30.4 == 1).astype(float)
        frame["x_month_3"] = ((zero + shift - QUARTER[0]) // 30.4 >= 2).astype(float)
        designs.append(frame)
    return pd.concat(designs, ignore_index=True)
