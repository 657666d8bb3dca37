"""What an oracle could know of a simulated company: the best estimates from the purchases that a company can see.

The oracle knows the generating model (its rates, shares and spreads), who is who and when each customer came or changed;
of a person it sees the purchases whose ticket names them and the contacts that are identified: what nobody's key is on, no
method can use. Belongs here: its estimates, as pure functions over tables. Not here: the comparison (`evaluate.py`), the
making of truth (`sql/95_truth.sql`).

Value: a person's purchase rate is gamma distributed with the known mean and shape, the time until a lapse exponential with
the known rate (the model of Schmittlein, Morrison and Colombo, 1987, with one lapse rate for all); the margin per ticket is
the credibility mean (Bühlmann, 1967) with the known variances.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import poisson

Floats = NDArray[np.float64]

# Purchase rates on which the oracle's posterior is summed, and people at once (64 MB a table).
RATE_POINTS = 400
ROWS_AT_ONCE = 20_000
DAYS_PER_YEAR = 365.25


def expected_rates(
    purchases: Floats,
    days_until_last: Floats,
    days: Floats,
    share: Floats,
    *,
    mean: float,
    shape: float,
    lapse_rate: float,
    points: int = RATE_POINTS,
) -> tuple[Floats, Floats]:
    """Purchases a year expected of each person: (the rate while a customer, the same times the chance to be one still).

    Times in days since the person came; `share` of their purchases is seen, so that s = r `share` of a true rate r is;
    `mean` (a year), `shape` and `lapse_rate` (a year) of the generating model. The likelihood of x seen purchases, the last
    at t, in T years at the rates s of seen purchases and m of lapse is
    s^x {exp(-(s + m) T) + m / (s + m) [exp(-(s + m) t) - exp(-(s + m) T)]}, here divided by exp(-s t) and `share`^x.
    """
    # equal steps of the logarithm, from rates at which nobody buys to forty times the mean
    rates = mean * np.exp(np.linspace(np.log(1e-4), np.log(40), points))
    log_prior = shape * np.log(rates) - shape * rates / mean
    parts = [
        _posterior(
            purchases[rows],
            days_until_last[rows] / DAYS_PER_YEAR,
            days[rows] / DAYS_PER_YEAR,
            share[rows],
            rates,
            log_prior,
            lapse_rate,
        )
        for rows in (slice(start, start + ROWS_AT_ONCE) for start in range(0, len(purchases), ROWS_AT_ONCE))
    ]
    if not parts:
        return np.zeros(0), np.zeros(0)
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _posterior(
    purchases: Floats, last: Floats, whole: Floats, share: Floats, rates: Floats, log_prior: Floats, lapse_rate: float
) -> tuple[Floats, Floats]:
    log_weights = log_prior + np.outer(purchases, np.log(rates)) - np.outer(last * share, rates)
    # per person the largest is 1: no underflow
    weights = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
    survived = np.exp(-np.outer((whole - last) * share, rates) - lapse_rate * whole[:, None])
    lapsed = lapse_rate / (np.outer(share, rates) + lapse_rate) * (np.exp(-lapse_rate * last)[:, None] - survived)
    evidence = (weights * (survived + lapsed)).sum(axis=1)
    rate = (weights * (survived + lapsed) * rates).sum(axis=1) / evidence
    rate_alive = (weights * survived * rates).sum(axis=1) / evidence
    return np.asarray(rate, dtype=np.float64), np.asarray(rate_alive, dtype=np.float64)


def credible_margins(total: Floats, tickets: Floats, *, mean: float, between: float, within: float) -> Floats:
    """The margin per ticket expected of each person: the mean of their own tickets drawn to that of all."""
    weight = within / between if between > 0 else np.inf
    if np.isinf(weight):
        return np.full(len(total), mean)
    return np.asarray((total + weight * mean) / (tickets + weight), dtype=np.float64)


def oracle_of(people: pd.DataFrame, parameters: Mapping[str, float]) -> pd.DataFrame:
    """What it expects of each person that has come.

    `yearly_margin` (while a customer), `next_margin` (of the next 12 months), `next_potential` (the same raised to the upper
    quartile of those who came in the same year, to a shop of the same region).
    """
    seen = people[people["seen_days"].notna()]
    lapse_rate = parameters["people_yearly_lapse_rate"]
    rate, rate_if_alive = expected_rates(
        seen["identified_purchases"].to_numpy(dtype=float),
        seen["identified_days_until_last"].fillna(0).to_numpy(dtype=float),
        seen["seen_days"].to_numpy(dtype=float),
        seen["identified_share"].to_numpy(dtype=float),
        mean=parameters["people_purchases_per_year_mean"],
        shape=parameters["people_purchases_per_year_shape"],
        lapse_rate=lapse_rate,
    )
    # of all tickets, named or not: they tell little more (the spread within a person is twenty times that between people)
    margin = credible_margins(
        seen["seen_margin"].to_numpy(dtype=float),
        seen["seen_purchases"].to_numpy(dtype=float),
        mean=parameters["margin_per_ticket_mean"],
        between=parameters["margin_per_ticket_variance_between"],
        within=parameters["margin_per_ticket_variance_within"],
    )
    survival = -np.expm1(-lapse_rate) / lapse_rate if lapse_rate > 0 else 1.0
    next_margin = pd.Series(rate_if_alive * survival * margin, index=seen.index)
    benchmark = next_margin.groupby([seen["cohort_year"], seen["region"]]).transform("quantile", 0.75)
    return pd.DataFrame(
        {
            "person_id": seen["person_id"].to_numpy(),
            "yearly_margin": rate * margin,
            "next_margin": next_margin.to_numpy(),
            "next_potential": next_margin.clip(lower=benchmark).to_numpy(),
        }
    )


def sees_change(purchases: Floats, years: Floats, former_rates: Floats, rates: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Who is seen to buy at the new rate rather than at the former one: (seen, the probability of seeing it in vain).

    `purchases` of each since the change in `years`, both as far as they are seen; the two rates a year are known. k purchases
    in T years are Poisson: ln L(new) - ln L(former) = k ln(new / former) - (new - former) T. It is seen where that is above
    0. By the lemma of Neyman and Pearson (1933) no other rule on k errs less often over both sides: one that finds more of
    the changed says more often of customers who have not changed that they have. The second figure is how often this rule
    would: the probability at the former rate.
    """
    # the number of purchases at which both rates are equally likely, between the two expected numbers
    ratio = np.log(rates / former_rates)
    turning = (rates - former_rates) * years / np.where(ratio == 0, np.nan, ratio)
    rises, expected = rates > former_rates, former_rates * years
    seen = np.where(rises, purchases > turning, purchases < turning)
    in_vain = np.where(rises, poisson.sf(np.floor(turning), expected), poisson.cdf(np.ceil(turning) - 1, expected))
    return np.asarray(seen, dtype=np.bool_), np.asarray(in_vain, dtype=np.float64)
