"""What customers who buy without a contract will still buy: BG/NBD for the number, Gamma-Gamma for the amount.

Here: the two fits (pure: grouped purchase histories in, parameters out) and their closed-form expectations. When a fit
is due, what it is fitted on and where it is kept: `potential.py`. Scoring everybody is SQL; the expectations here are
what it is held against.

Sources: Fader, Hardie and Lee, "Counting your customers the easy way" (Marketing Science 24, 2005), the BG/NBD model;
Fader and Hardie, "The Gamma-Gamma model of monetary value" (2013). Time is in weeks throughout.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize
from scipy.special import gammaln, hyp2f1

Floats = npt.NDArray[np.float64]

# below, a likelihood of four parameters is the whim of a few customers
MINIMUM_CUSTOMERS = 200
MINIMUM_REPEATERS = 50
# logarithms of parameters: outside these a heterogeneity is none, or infinite, and the model says nothing
_BOUND = 12.0
# of leaving: customers of whom nobody leaves, or all alike, lie at this bound, and the forecast holds there
_LEAVING_BOUND = 7.0


class ForecastRefusedError(ValueError):
    """The histories cannot carry the model; the message says why, `french` says it for directors."""

    def __init__(self, english: str, french: str) -> None:
        super().__init__(english)
        self.french = french


@dataclass(frozen=True)
class PurchaseCounts:
    """BG/NBD: purchases at a rate that is gamma (r, alpha) over customers, who leave after each with beta (a, b)."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    customers: int

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


@dataclass(frozen=True)
class PurchaseAmounts:
    """Gamma-Gamma: amounts gamma (p, nu) within a customer, nu gamma (q, gamma) over customers."""

    p: float
    q: float
    gamma: float
    log_likelihood: float
    customers: int

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def fit_purchase_counts(histories: pd.DataFrame) -> PurchaseCounts:
    """Maximum likelihood of BG/NBD on grouped histories.

    `histories`: `repeats` (purchases after the beginning, 0, 1, ...), `last_weeks` (from the beginning to the last purchase,
    0 where there is none after it), `age_weeks` (from the beginning to the end of the observation), `customers` (how many
    have this history). The history of a customer begins with the first purchase; of one who was a customer before the
    observation (`is_known_before`, optional) it begins with the observation, all purchases are repeats, and the
    likelihood is that of histories with at least one, because nobody else is in them. Order does not matter. Raises
    ForecastRefusedError with fewer than 200 customers or 50 with a second purchase, and where the likelihood has no inner
    maximum.
    """
    if "is_known_before" not in histories:
        histories = histories.assign(is_known_before=False)
    histories = histories.sort_values(["is_known_before", "repeats", "last_weeks", "age_weeks"], kind="stable")
    x, last, age, weight = (
        histories[name].to_numpy(dtype=np.float64) for name in ("repeats", "last_weeks", "age_weeks", "customers")
    )
    known_before = histories["is_known_before"].to_numpy(dtype=bool)
    customers, repeaters = int(weight.sum()), int(weight[x > known_before].sum())
    if customers < MINIMUM_CUSTOMERS or repeaters < MINIMUM_REPEATERS:
        raise ForecastRefusedError(
            f"{customers} customers with a purchase, {repeaters} of them with a second one; "
            f"{MINIMUM_CUSTOMERS} and {MINIMUM_REPEATERS} are needed",
            f"{customers} clients ont acheté, dont {repeaters} plus d’une fois ; il en faut {MINIMUM_CUSTOMERS} et {MINIMUM_REPEATERS}",
        )

    def loss(logs: Floats) -> float:
        r, alpha, a, b = np.exp(logs)
        return float(-np.dot(weight, count_log_likelihood(x, last, age, r, alpha, a, b, known_before)) / customers)

    # purchases a week and the spread of a typical customer base; the scale of alpha is that of the ages
    start = np.log([1.0, max(float(np.average(age, weights=weight)) / 4, 0.1), 1.0, 2.0])
    logs, value = _minimise(loss, start, [_BOUND, _BOUND, _LEAVING_BOUND, _LEAVING_BOUND], "BG/NBD")
    r, alpha, a, b = (float(number) for number in np.exp(logs))
    # the expectation divides by a - 1: at 1 it is a limit, which is this near
    a = a if abs(a - 1) > 1e-6 else 1 + 1e-6
    return PurchaseCounts(r, alpha, a, b, -value * customers, customers)


def count_log_likelihood(
    x: Floats,
    last: Floats,
    age: Floats,
    r: float,
    alpha: float,
    a: float,
    b: float,
    known_before: npt.NDArray[np.bool_] | None = None,
) -> Floats:
    """Log-likelihood of each history under BG/NBD (equation 6 of the paper); `known_before` is of those with a purchase.

    The chance of no purchase in T weeks is (alpha / (alpha + T))^r (equation 3 with x = 0).
    """
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    alive = -(r + x) * np.log(alpha + age)
    repeated = np.where(x > 0, x, 1)
    left = np.where(x > 0, np.log(a) - np.log(b + repeated - 1) - (r + x) * np.log(alpha + last), -np.inf)
    total: Floats = common + np.logaddexp(alive, left)
    if known_before is not None and known_before.any():
        nothing = r * (np.log(alpha) - np.log(alpha + age))
        total = total - np.where(known_before, np.log(-np.expm1(nothing)), 0.0)
    return total


def expected_purchases(counts: PurchaseCounts, x: Floats, last: Floats, age: Floats, weeks: float) -> Floats:
    """Purchases expected in the next `weeks` weeks given the history (equation 10 of the paper).

    After Euler's transformation of the hypergeometric function its third parameter grows with x, and the series is short:
    that is what the SQL sums.
    """
    r, alpha, a, b = counts.r, counts.alpha, counts.a, counts.b
    z = weeks / (alpha + age + weeks)
    grown = (1 - z) ** (a - 1) * hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, z)
    repeated = np.where(x > 0, x, 1)
    odds = np.where(x > 0, a / (b + repeated - 1) * ((alpha + age) / (alpha + last)) ** (r + x), 0.0)
    expected: Floats = (a + b + x - 1) / (a - 1) * (1 - grown) / (1 + odds)
    return expected


def fit_purchase_amounts(amounts: pd.DataFrame) -> PurchaseAmounts:
    """Maximum likelihood of Gamma-Gamma on customers with repeat purchases of positive mean amount.

    `amounts`: `repeats` (1, 2, ...), `mean_amount` (of the repeat purchases, > 0), `customers`. Raises
    ForecastRefusedError with fewer than 50 customers, and where the likelihood has no inner maximum.
    """
    amounts = amounts.sort_values(["repeats", "mean_amount"], kind="stable")
    x, mean, weight = (amounts[name].to_numpy(dtype=np.float64) for name in ("repeats", "mean_amount", "customers"))
    customers = int(weight.sum())
    if customers < MINIMUM_REPEATERS:
        raise ForecastRefusedError(
            f"{customers} customers with a second purchase; {MINIMUM_REPEATERS} are needed",
            f"{customers} clients ont acheté plus d’une fois ; il en faut {MINIMUM_REPEATERS}",
        )

    def loss(logs: Floats) -> float:
        p, q, gamma = np.exp(logs)
        return float(-np.dot(weight, amount_log_likelihood(x, mean, p, q, gamma)) / customers)

    start = np.log([2.0, 3.0, max(float(np.average(mean, weights=weight)), 1e-6)])
    logs, value = _minimise(loss, start, [_BOUND] * 3, "Gamma-Gamma")
    p, q, gamma = (float(number) for number in np.exp(logs))
    return PurchaseAmounts(p, q, gamma, -value * customers, customers)


def amount_log_likelihood(x: Floats, mean: Floats, p: float, q: float, gamma: float) -> Floats:
    """Log-likelihood of each mean amount under Gamma-Gamma (equation 1a of the note)."""
    total: Floats = (
        gammaln(p * x + q)
        - gammaln(p * x)
        - gammaln(q)
        + q * np.log(gamma)
        + (p * x - 1) * np.log(mean)
        + p * x * np.log(x)
        - (p * x + q) * np.log(gamma + mean * x)
    )
    return total


def expected_amount(amounts: PurchaseAmounts, x: Floats, mean: Floats) -> Floats:
    """Mean amount of a future purchase, the customer's own mean shrunk toward that of all (equation 5 of the note)."""
    expected: Floats = amounts.p * (amounts.gamma + x * mean) / (amounts.p * x + amounts.q - 1)
    return expected


def _minimise(loss: object, start: Floats, bounds: list[float], name: str) -> tuple[Floats, float]:
    """The minimum, the same on every machine to far more digits than are stored; refused at the widest bound."""
    limits = np.array(bounds)
    box = [(-bound, bound) for bound in bounds]
    # without derivatives first: far from the maximum the numerical ones lead astray
    rough = minimize(loss, start, method="Nelder-Mead", bounds=box, options={"maxiter": 4000, "xatol": 1e-6, "fatol": 1e-10})
    found = minimize(loss, rough.x, method="L-BFGS-B", bounds=box)
    best = found if found.fun <= rough.fun else rough
    is_endless = (limits == _BOUND) & (np.abs(best.x) >= _BOUND - 0.5)
    if not np.isfinite(best.fun) or is_endless.any():
        raise ForecastRefusedError(
            f"{name}: the likelihood has no maximum within sensible parameters",
            f"{name} : aucun paramètre plausible ne décrit mieux ces achats que les autres",
        )
    return best.x, float(best.fun)
