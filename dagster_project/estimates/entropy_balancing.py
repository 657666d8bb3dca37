"""Entropy balancing: weights that make controls alike, in the means of their covariates, to those who were contacted.

Here: the weights, and how far apart two groups are. What is estimated with them: `repurchase_increment.py`.

Source: Hainmueller, "Entropy balancing for causal effects" (Political Analysis 20, 2012). Where the means cannot be met
exactly, or only by giving a few controls all the weight, they are met approximately: the penalty on the dual of
Athey, Imbens and Wager, "Approximate residual balancing" (JRSS B 80, 2018); what is left is corrected by an outcome model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Floats = npt.NDArray[np.float64]

# half of what is tolerated: the outcome model takes the rest, and exact balance costs a fifth of the effective sample
TOLERANCE = 0.05
PENALTIES = (1.0, 0.1, 0.03, 0.01, 0.003, 0.001, 0.0001, 0.0)


@dataclass(frozen=True)
class Balance:
    """`weights` of the controls, sum 1; `worst_difference`: the largest standardised difference of means that is left."""

    weights: Floats
    worst_difference: float

    @property
    def effective_sample(self) -> float:
        """Kish: as many controls of equal weight would be as precise."""
        return float(1 / (self.weights**2).sum())


def entropy_balance(controls: Floats, targets: Floats, scales: Floats, base: Floats, *, tolerance: float = TOLERANCE) -> Balance:
    """Weights of `controls` (rows x covariates) whose means are `targets`, as close as can be to the weights `base`.

    `scales`: what a difference of one is, per covariate (a standard deviation, above 0). The largest penalty is taken
    whose weights are within `tolerance` in every covariate; with 0 the means are met exactly, if they can be. Where
    they cannot, `worst_difference` says by how much.
    """
    differences = (controls - targets) / scales
    with np.errstate(divide="ignore"):
        log_base = np.log(base / base.sum())
    start = np.zeros(differences.shape[1])
    best: Balance | None = None
    for penalty in PENALTIES if tolerance > 0 else PENALTIES[-1:]:
        start, weights = _solve(differences, log_base, penalty, start)
        worst = float(np.abs(weights @ differences).max(initial=0.0))
        if best is None or worst < best.worst_difference:
            best = Balance(weights, worst)
        if worst <= tolerance:
            break
    assert best is not None
    return best


def _solve(differences: Floats, log_base: Floats, penalty: float, start: Floats) -> tuple[Floats, Floats]:
    """Newton (within a trust region) on the convex dual log sum q exp(d l) + penalty / 2 |l|^2."""

    def tilted(multipliers: Floats) -> tuple[float, Floats]:
        exponent = log_base + differences @ multipliers
        top = exponent.max()
        weights = np.exp(exponent - top)
        total = weights.sum()
        return float(top + np.log(total)), weights / total

    def value_and_gradient(multipliers: Floats) -> tuple[float, Floats]:
        value, weights = tilted(multipliers)
        return value + penalty / 2 * float(multipliers @ multipliers), weights @ differences + penalty * multipliers

    def hessian(multipliers: Floats) -> Floats:
        _, weights = tilted(multipliers)
        mean = weights @ differences
        matrix = (differences * weights[:, None]).T @ differences - np.outer(mean, mean)
        return np.asarray(matrix + penalty * np.eye(len(mean)), dtype=np.float64)

    found = minimize(
        value_and_gradient, start, jac=True, hess=hessian, method="trust-exact", options={"gtol": 1e-9, "maxiter": 100}
    )
    return found.x, tilted(found.x)[1]
