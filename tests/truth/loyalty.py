"""Is the lift of the loyalty programme what joining has truly added? Many made companies of known truth, one table.

A company: customers who differ in how much they buy, a season, and a day of joining; who buys more joins earlier, so that members and others, and before and after, differ without
any effect. With an effect, purchases after joining are made double with a chance. In a third world customers join while they buy more for
two months anyway: the placebo must see it. The rows are those of `int_loyalty_units`; that SQL makes the same of the purchases is in `test_loyalty.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from dagster_project.estimates.loyalty_effect import estimate

WINDOW = 90
QUARTER = (360, 450)
DAYS = 720


@dataclass(frozen=True)
class LoyaltyWorld:
    """`effect`: chance that a purchase after joining is made twice; `mood`: how much more is bought within 60 days of joining, anyway."""

    customers: int = 1500
    effect: float = 0.0
    mood: float = 0.0


WORLDS = {"no effect": LoyaltyWorld(), "effect": LoyaltyWorld(effect=0.4), "mood": LoyaltyWorld(mood=1.0)}


@dataclass(frozen=True)
class LoyaltyCompany:
    """`joins`, `rate` (purchases a day): by customer. `purchases`: customer, day, amount, and `added` (euros because of joining)."""

    joins: npt.NDArray[np.float64]
    rate: npt.NDArray[np.float64]
    purchases: pd.DataFrame


def loyalty_company(world: LoyaltyWorld, seed: int) -> LoyaltyCompany:
    draw = np.random.default_rng(seed)
    n = world.customers
    rate = draw.gamma(2.0, 2.5, n) / 365
    # who buys more joins earlier
    joins = np.floor(180 + (DAYS - 180) * draw.uniform(size=n) ** (0.5 + 0.5 * rate * 365 / 5))
    who = np.repeat(np.arange(n), draw.poisson(rate * DAYS * 1.5 * (1 + world.mood)))
    day = np.floor(draw.uniform(0, DAYS, len(who)))
    near = np.abs(day - joins[who]) <= 60
    keep = (1 + 0.5 * np.sin(2 * np.pi * day / 365)) / 1.5 * np.where(near, 1 + world.mood, 1.0) / (1 + world.mood)
    kept = draw.uniform(size=len(who)) < keep
    who, day = who[kept], day[kept]
    amount = np.round(draw.gamma(2.0, 25.0, len(who)), 2)
    added = np.where((day > joins[who]) & (draw.uniform(size=len(who)) < world.effect), amount, 0.0)
    return LoyaltyCompany(joins, rate, pd.DataFrame({"customer": who, "day": day, "amount": amount + added, "added": added}))


def true_lift(world: LoyaltyWorld, company: LoyaltyCompany, treated: npt.NDArray[np.int64]) -> float:
    """Expected euros because of joining in the 90 days after, given how much each buys: purchases have a mean amount of 50."""
    ahead = 1 + 0.5 * np.sin(2 * np.pi * (company.joins[treated][:, None] + np.arange(1, WINDOW + 1)) / 365)
    return float((world.effect * 50 * company.rate[treated] * ahead.sum(axis=1)).mean())


def spent(company: LoyaltyCompany, zero: npt.NDArray[np.float64], first: int, last: int) -> npt.NDArray[np.float64]:
    """Euros of each customer in the days `first` to `last` counted from `zero` (negative: none)."""
    who = company.purchases["customer"].to_numpy()
    since = company.purchases["day"].to_numpy() - zero[who]
    inside = (zero[who] >= 0) & (since >= first) & (since <= last)
    return np.bincount(who[inside], weights=company.purchases["amount"].to_numpy()[inside], minlength=len(zero))


def loyalty_units(world: LoyaltyWorld, seed: int) -> tuple[pd.DataFrame, float, float]:
    """Units of one quarter, what joining truly added to each who joined, and what a comparison of after with before says."""
    company = loyalty_company(world, seed)
    draw = np.random.default_rng([seed, 1])
    joins, n = company.joins, world.customers
    treated = np.flatnonzero((joins >= QUARTER[0]) & (joins < QUARTER[1]))
    later = np.flatnonzero(joins > joins[treated].max() + WINDOW)
    zero = np.full(n, -1.0)
    zero[treated] = joins[treated]
    zero[later] = draw.choice(joins[treated], len(later))
    before, after = spent(company, zero, -WINDOW, -1), spent(company, zero, 1, WINDOW)
    units = pd.DataFrame(
        {
            "quarter_start": date(2024, 1, 1),
            "customer_number": np.arange(n),
            "is_treated": np.isin(np.arange(n), treated),
            "weight": 1.0,
            "is_tied": True,
            "has_placebo": True,
            "spend_before": before,
            "spend_after": after,
            "all_spend_after": after,
            "placebo_before": spent(company, zero, -2 * WINDOW, -WINDOW - 1),
            "placebo_after": before,
            "x_tenure": np.log1p(draw.uniform(200, 1500, n)),
            "x_day": zero - QUARTER[0],
        }
    )
    naive = float((after - before)[treated].mean())
    return units[zero >= 0].reset_index(drop=True), true_lift(world, company, treated), naive


def measures(world: LoyaltyWorld, companies: int) -> dict[str, float]:
    """Over that many companies: `coverage` of the 95 % interval, `bias` in standard errors, `error_ratio` (mean standard error by
    true deviation), `positive` (interval above 0), `naive_bias`, `alarm` (placebo), `true` (mean effect), `estimated`.

    All but `alarm` and `estimated` are of the companies that are estimated: where the placebo rings nothing is said.
    """
    found = []
    for seed in range(companies):
        units, truth, naive = loyalty_units(world, seed)
        row = estimate(units).iloc[0]
        found.append(
            {
                **row[["spend_lift", "spend_lift_low", "spend_lift_high", "placebo_alarm", "verdict"]],
                "truth": truth,
                "naive": naive,
            }
        )
    rows = pd.DataFrame(found)
    kept = rows[rows["verdict"] == "estimated"]
    error = (kept["spend_lift"] - kept["truth"]).astype(float)
    standard_error = (kept["spend_lift_high"] - kept["spend_lift_low"]).astype(float) / 2 / 1.96
    return {
        "estimated": len(kept) / len(rows),
        "alarm": float(rows["placebo_alarm"].fillna(False).mean()),
        "true": float(kept["truth"].mean()),
        "coverage": float(((kept["spend_lift_low"] <= kept["truth"]) & (kept["truth"] <= kept["spend_lift_high"])).mean()),
        "bias": float(error.mean() / standard_error.mean()),
        "error_ratio": float(standard_error.mean() / error.std()),
        "positive": float((kept["spend_lift_low"] > 0).mean()),
        "naive_bias": float((kept["naive"] - kept["truth"]).mean() / standard_error.mean()),
    }


def missing(name: str, found: Mapping[str, float]) -> list[str]:
    """What the full form must reach in this world and does not."""
    wanted = {
        "no effect": {
            "coverage": (0.92, 0.98),
            "bias": (-0.2, 0.2),
            "error_ratio": (0.9, 1.15),
            "positive": (0.0, 0.045),
            "alarm": (0.0, 0.1),
        },
        "effect": {
            "coverage": (0.92, 0.98),
            "bias": (-0.2, 0.2),
            "error_ratio": (0.9, 1.15),
            "positive": (0.8, 1.0),
            "alarm": (0.0, 0.1),
        },
        "mood": {"alarm": (0.8, 1.0)},
    }[name]
    return [
        f"{name}: {key} {found[key]:.3f} is not in {limits}"
        for key, limits in wanted.items()
        if not limits[0] <= found[key] <= limits[1]
    ]


def main(arguments: list[str]) -> int:
    """`loyalty [companies]`: print the table; exit with 1 where less is reached than is required."""
    companies = int(arguments[0]) if arguments else 400
    table = {name: measures(world, companies) for name, world in WORLDS.items()}
    print(pd.DataFrame(table).round(3).to_string())
    wrong = [line for name, found in table.items() for line in missing(name, found)]
    print("\n".join(wrong) or "all that is required is reached")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
