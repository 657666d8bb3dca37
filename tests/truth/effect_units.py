"""Units of effect from purchases and contacts in memory, and companies whose truth is known.

Here: what `int_effect_units` does in SQL, once more in numpy (an independent second way, a twentieth of a second for a company
of 1,500 customers), for three kinds of companies: the small world below, the simulator's, real tickets with artificial
contacts. With it comes what the table cannot have: what a unit would not have bought without its contact.

Days are numbers from the first day of the company on, with a fraction for the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

# a day is below 2,000, so that customer x 2,000 + day is in order; an instant is far above the rounding of such a number
_STEP = 2_000.0
INSTANT = 1e-5
QUIET_DAYS = 90
PLACEBO_GAP_DAYS = 30
SEGMENTS = 5
# whatever the company: the months of a quarter are those of this one
QUARTER_START = pd.Timestamp("2025-07-01")
BANDS = ((0, 2), (3, 7), (8, 14), (15, 30))


class Events:
    """Events in order of owner and day, of which numbers and sums between two days can be asked for many owners at once."""

    def __init__(self, owner: Integers, day: Floats, **values: Floats) -> None:
        order = np.lexsort((day, owner))
        self.owner, self.day = owner[order], day[order]
        self.values = {name: np.asarray(value, dtype=np.float64)[order] for name, value in values.items()}
        self._key = self.owner * _STEP + self.day
        self._sums = {name: np.concatenate([[0.0], np.cumsum(value)]) for name, value in self.values.items()}

    def _position(self, owner: Integers, day: Floats) -> Integers:
        return np.searchsorted(self._key, owner * _STEP + np.maximum(day, -1.0), side="left")

    def count(self, owner: Integers, start: Floats, end: Floats) -> Integers:
        """Events of the owner with start <= day < end."""
        return np.maximum(self._position(owner, end) - self._position(owner, start), 0)

    def total(self, name: str, owner: Integers, start: Floats, end: Floats) -> Floats:
        low, high = self._position(owner, start), self._position(owner, end)
        return np.asarray(self._sums[name][np.maximum(high, low)] - self._sums[name][low], dtype=np.float64)

    def last_before(self, owner: Integers, day: Floats) -> Integers:
        """The position of the owner's last event before `day`, else -1."""
        index = self._position(owner, day) - 1
        found = (index >= 0) & (self.owner[np.maximum(index, 0)] == owner)
        return np.where(found, index, -1)


@dataclass(frozen=True)
class Company:
    """`purchases`: customer, day, amount, margin, case (of the contact that caused it, else -1). `contacts`: customer, day,
    case, is_handled. Customers are 0 to `customers` - 1. `quarter`: its first day and the first after it."""

    customers: int
    purchases: pd.DataFrame
    contacts: pd.DataFrame
    quarter: tuple[int, int]


def effect_units(
    company: Company,
    seed: int,
    windows: tuple[int, ...] = (60,),
    *,
    year: int = 365,
    pseudo_dates: Mapping[str, Floats] | None = None,
) -> pd.DataFrame:
    """Rows as of `int_effect_units` for one quarter, with the truth of each: `true_purchases`, `true_amount`, `true_margin`
    (what the contact of time zero and its follow-ups added) and `has_later_contact`. `year`: how far history is looked at.
    `pseudo_dates`: of each exposure (`main`, `negative_control`) a date for each customer, instead of one drawn here."""
    draw = np.random.default_rng(seed)
    bought, contacts = company.purchases, company.contacts
    purchases = Events(bought["customer"].to_numpy(), bought["day"].to_numpy(), amount=bought["amount"], margin=bought["margin"])
    caused = bought[bought["case"] >= 0]
    added = Events(caused["case"].to_numpy(), caused["day"].to_numpy(), amount=caused["amount"], margin=caused["margin"])
    handled = contacts[contacts["is_handled"]]
    # after a contact of somebody who has bought nothing yet a purchase is no re-purchase
    has_bought = purchases.last_before(handled["customer"].to_numpy(), handled["day"].to_numpy()) >= 0
    handled = handled[has_bought]
    # an abandoned contact that led to a handled one is exposed to the service after all
    abandoned = contacts[~contacts["is_handled"] & ~contacts["case"].isin(handled["case"])]
    parts = []
    for window in windows:
        for design, exposed, shift in (
            ("main", handled, 0),
            ("placebo", handled, window + PLACEBO_GAP_DAYS),
            ("negative_control", abandoned, 0),
        ):
            dates = (pseudo_dates or {}).get("negative_control" if design == "negative_control" else "main")
            parts.append(_design(company, draw, design, exposed, handled, purchases, added, window, shift, year, dates))
    return pd.concat(parts, ignore_index=True)


def _design(
    company: Company,
    draw: np.random.Generator,
    design: str,
    exposed: pd.DataFrame,
    handled: pd.DataFrame,
    purchases: Events,
    added: Events,
    window: int,
    shift: int,
    year: int,
    pseudo_dates: Floats | None,
) -> pd.DataFrame:
    contacts = Events(handled["customer"].to_numpy(), handled["day"].to_numpy())
    inside = exposed[exposed["day"].between(company.quarter[0], company.quarter[1], inclusive="left")].sort_values(
        ["customer", "day"]
    )
    is_quiet = _is_quiet(contacts, inside["customer"].to_numpy(), inside["day"].to_numpy())
    first = inside[is_quiet].drop_duplicates("customer")
    everybody = np.arange(company.customers)
    days = first["day"].to_numpy()
    pseudo = draw.choice(days, company.customers) if len(days) else np.zeros(0)
    if pseudo_dates is not None:
        pseudo = pseudo_dates
    everybody = everybody[: len(pseudo)]
    # who is contacted at the very instant is no control
    free = _is_quiet(contacts, everybody, pseudo + INSTANT)
    customer = np.concatenate([first["customer"].to_numpy(dtype=np.int64), everybody[free]])
    zero = np.concatenate([days, pseudo[free]]) - shift
    case = np.concatenate([first["case"].to_numpy(dtype=np.int64), np.full(int(free.sum()), -1)])
    is_treated = np.arange(len(customer)) < len(first)
    known = purchases.last_before(customer, zero) >= 0
    if design == "placebo":
        known &= _is_quiet(contacts, customer, zero + INSTANT)
    customer, zero, case, is_treated = customer[known], zero[known], case[known], is_treated[known]
    start = np.floor(zero) + 1
    end = start + window
    number = purchases.count(customer, start, end)
    own = added.count(case, start, end) if design == "main" else np.zeros(len(case), dtype=np.int64)
    frame = pd.DataFrame(
        {
            "design": design,
            "quarter_start": QUARTER_START,
            "window_days": window,
            "customer_number": customer,
            "value_segment": _segments(purchases, company, customer, zero, year),
            "is_segment_retrospective": False,
            "is_treated": is_treated,
            "weight": 1.0,
            "outcome_purchases": (number > 0).astype(np.int64),
            "outcome_amount": purchases.total("amount", customer, start, end),
            "outcome_margin": purchases.total("margin", customer, start, end),
            "true_purchases": ((number > 0) & (number <= own)).astype(np.float64),
            "true_amount": added.total("amount", case, start, end) * (design == "main"),
            "true_margin": added.total("margin", case, start, end) * (design == "main"),
            "has_later_contact": contacts.count(customer, zero + INSTANT, end) > 0,
        }
    )
    return pd.concat([frame, _covariates(purchases, company, customer, zero, shift, year)], axis=1)


def _is_quiet(contacts: Events, customer: Integers, day: Floats) -> Booleans:
    """Whether there is no contact before `day` on its own calendar day and the 90 before it."""
    return np.asarray(contacts.count(customer, np.floor(day) - QUIET_DAYS, day) == 0)


def _segments(purchases: Events, company: Company, customer: Integers, zero: Floats, year: int) -> Integers:
    """0 without margin in the year before the month of time zero, else fifths of that of all customers at the quarter's start."""
    everybody = np.arange(company.customers)
    start = np.full(company.customers, float(company.quarter[0]))
    value = purchases.total("margin", everybody, start - year, start)
    cuts = np.quantile(value[value > 0], np.arange(1, SEGMENTS) / SEGMENTS)
    month = np.floor(zero / 30.4) * 30.4
    own = purchases.total("margin", customer, month - year, month)
    return np.where(own > 0, 1 + np.searchsorted(cuts, own, side="right"), 0)


def _covariates(purchases: Events, company: Company, customer: Integers, zero: Floats, shift: int, year: int) -> pd.DataFrame:
    last = purchases.last_before(customer, zero)
    today = np.floor(zero)
    since = today - np.floor(purchases.day[last])
    first = np.searchsorted(purchases.owner, customer)
    columns: dict[str, Floats] = {}
    for low, high in BANDS:
        columns[f"x_days_since_{low}_{high}"] = ((since >= low) & (since <= high)).astype(np.float64)
    columns["x_last_amount"] = np.log1p(np.maximum(purchases.values["amount"][last], 0))
    for days in (7, 30, 90, year):
        columns[f"x_purchases_{days}"] = np.log1p(purchases.count(customer, today - days, zero))
    columns[f"x_margin_{year}"] = np.log1p(np.maximum(purchases.total("margin", customer, today - year, zero), 0))
    columns["x_tenure"] = np.log1p(today - np.floor(purchases.day[first]))
    # what brought the contact, between the placebo's window and the contact: it cannot have changed what came before
    exposed = zero + shift
    gap_start = np.floor(exposed) - PLACEBO_GAP_DAYS + 1
    gap = np.floor(exposed) - np.floor(purchases.day[purchases.last_before(customer, exposed)])
    for low, high in BANDS:
        columns[f"x_gap_{low}_{high}"] = ((gap >= low) & (gap <= high) & (gap < PLACEBO_GAP_DAYS) & (shift > 0)).astype(
            np.float64
        )
    columns["x_gap_purchases"] = np.log1p(purchases.count(customer, gap_start, exposed)) * (shift > 0)
    month = (QUARTER_START + pd.to_timedelta(np.floor(exposed) - company.quarter[0], unit="D")).month.to_numpy()
    for number in (1, 2):
        columns[f"x_month_{number + 1}"] = (month == QUARTER_START.month + number).astype(np.float64)
    return pd.DataFrame(columns)


@dataclass(frozen=True)
class ContactWorld:
    """A company in which contacts follow purchases; purchases are Poisson at a rate that differs between customers.

    `effect`: probability that a resolved contact adds a purchase within 55 days, by fifth of the rate. `mood`: strength
    (0 to 1) of a hidden mood that multiplies purchases and the contacts that arise by themselves, drawn anew every
    `mood_days`. `abandoned_share`: of contacts, not handled and without effect.
    """

    customers: int = 1500
    days: int = 790
    quarter: tuple[int, int] = (560, 651)
    purchases_per_year: float = 5.4
    shape: float = 1.2
    contact_per_purchase: float = 0.15
    own_contacts_per_year: float = 0.75
    contact_spread: float = 0.45
    effect: tuple[float, ...] = (0.0, 0.0, 0.05, 0.08, 0.10)
    resolved_share: float = 0.84
    abandoned_share: float = 0.1
    mood: float = 0.0
    mood_days: int = 90


def contact_company(world: ContactWorld, seed: int) -> Company:
    """One company of the world."""
    draw = np.random.default_rng(seed)
    n = world.customers
    rate = draw.gamma(world.shape, world.purchases_per_year / world.shape, n)
    fifth = np.searchsorted(np.quantile(rate, [0.2, 0.4, 0.6, 0.8]), rate)
    factor = np.exp(world.contact_spread * draw.standard_normal(n) - world.contact_spread**2 / 2)
    moods = 1 + world.mood * draw.choice([-1.0, 1.0], (n, world.days // world.mood_days + 1))

    def moved(per_year: Floats) -> tuple[Integers, Floats]:
        who = np.repeat(np.arange(n), draw.poisson(per_year * (1 + world.mood) * world.days / 365.25))
        day = draw.uniform(0, world.days, len(who))
        kept = draw.uniform(0, 1 + world.mood, len(who)) < moods[who, (day // world.mood_days).astype(np.int64)]
        return who[kept], day[kept]

    buyer, day = moved(rate)
    brings = draw.uniform(size=len(buyer)) < np.minimum(0.9, world.contact_per_purchase * factor[buyer])
    own_caller, own_day = moved(world.own_contacts_per_year * factor)
    caller = np.concatenate([buyer[brings], own_caller])
    called = np.concatenate([day[brings] + 1 + draw.exponential(5, int(brings.sum())), own_day])
    is_handled = draw.uniform(size=len(caller)) >= world.abandoned_share
    adds = is_handled & (draw.uniform(size=len(caller)) < world.resolved_share * np.asarray(world.effect)[fifth[caller]])
    amounts = np.round(draw.lognormal(3.5, 0.8, len(buyer) + int(adds.sum())), 2)
    purchases = pd.DataFrame(
        {
            "customer": np.concatenate([buyer, caller[adds]]),
            "day": np.concatenate([day, called[adds] + draw.uniform(1, 56, int(adds.sum()))]),
            "amount": amounts,
            "margin": 0.4 * amounts,
            "case": np.concatenate([np.full(len(buyer), -1), np.flatnonzero(adds)]),
        }
    )
    contacts = pd.DataFrame({"customer": caller, "day": called, "case": np.arange(len(caller)), "is_handled": is_handled})
    return Company(n, purchases[purchases["day"] < world.days], contacts[contacts["day"] < world.days], world.quarter)
