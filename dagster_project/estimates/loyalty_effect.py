"""What joining the loyalty programme has added to the spending of members: estimated by quarter of joining, or refused.

Here: the estimate from `int_loyalty_units` (pure: units in, rows out), reading and writing it. Not here: who is a unit, which tickets
count (dbt, intermediate/loyalty), who redeems (the mart `loyalty_effect`), the weights (`entropy_balancing.py`).

**Estimand.** The mean effect of joining on the net amount of the 90 days after, of customers who joined in the quarter and were known before:
what they spent in these days, less what they spent in the 90 days before (the day of joining is in neither) times the growth over the same days
of customers who join only after all of them (not yet treated: Callaway and Sant'Anna 2021). Trends are parallel in proportion, not in euros: who joins
early buys more, and a season moves large customers by more euros than small ones (difference in differences of a count or an amount: Wooldridge
2023; in euros the estimate was off by half a standard error in the truth suite). Later joiners are weighted until they agree in
tenure and day. Members are never compared with who never joins: who joins differs.

**Refusal.** Fewer than 30 who joined and can be seen before; no later joiners; tickets that after joining carry the card alone, so that what the
keys known before show falls short; a placebo (the same a window earlier, when nobody had joined) whose interval leaves out zero.

Sources: Callaway and Sant'Anna, "Difference-in-differences with multiple time periods" (Journal of Econometrics 225, 2021); Wooldridge, "Simple
approaches to nonlinear difference-in-differences with panel data" (Econometrics Journal 26, 2023); Roth, "Pretest with caution" (AER: Insights
4, 2022): a placebo that is quiet does not prove that both would have gone on alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.stats import t as student
from threadpoolctl import threadpool_limits

from dagster_project.estimates.entropy_balancing import entropy_balance
from dagster_project.estimates.parameter_files import write_table
from dagster_project.estimates.repurchase_increment import CONFIDENCE, MINIMUM_EFFECTIVE_SAMPLE, MINIMUM_TREATED, WORST_BALANCE

FOLDER = "estimates"
NAME = "loyalty_effects"
# of the amount after joining: what the keys known before do not show would pass for spending that was lost
LARGEST_UNTIED_SHARE = 0.1
COVARIATES = ("x_day", "x_tenure")
SCHEMA = pa.schema(
    [
        pa.field("quarter_start", pa.date32()),
        pa.field("joined", pa.int64()),
        pa.field("joined_kept", pa.int64()),
        pa.field("controls", pa.int64()),
        pa.field("spend_before", pa.float64()),
        pa.field("spend_after", pa.float64()),
        pa.field("spend_lift", pa.float64()),
        pa.field("spend_lift_low", pa.float64()),
        pa.field("spend_lift_high", pa.float64()),
        pa.field("effective_sample", pa.float64()),
        pa.field("worst_balance", pa.float64()),
        pa.field("untied_share", pa.float64()),
        pa.field("placebo_alarm", pa.bool_()),
        pa.field("verdict", pa.string()),
        pa.field("reason_fr", pa.string()),
        pa.field("reason_en", pa.string()),
    ]
)
FIGURES = ("spend_lift", "spend_lift_low", "spend_lift_high")


@dataclass(frozen=True)
class Lift:
    """`value`: euros for each who joined; `half_width`: of its 95 % interval; how alike the later joiners are."""

    value: float
    half_width: float
    effective_sample: float
    worst_balance: float


def estimate(units: pd.DataFrame) -> pd.DataFrame:
    """Rows of SCHEMA, one per quarter in which somebody joined, from rows of `int_loyalty_units`.

    Where `verdict` is `not_estimable` the lift is NaN and the reasons say why. `placebo_alarm` is None where it cannot be known.
    """
    with threadpool_limits(limits=1):
        rows = list(_rows(units))
    made = pd.DataFrame(rows, columns=SCHEMA.names)
    made["placebo_alarm"] = made["placebo_alarm"].astype("boolean")
    return made


def _rows(units: pd.DataFrame) -> Iterator[dict[str, Any]]:
    for quarter, rows in units.groupby("quarter_start", sort=True):
        if not rows["is_treated"].any():
            continue
        tied = rows[rows["is_tied"]]
        joined = tied[tied["is_treated"]]
        untied_share = _untied_share(joined)
        lift = lift_of(tied, "spend_before", "spend_after")
        alarm = _alarm(tied[tied["has_placebo"]])
        refusal = _refusal(rows, joined, tied, untied_share, lift, alarm)
        row: dict[str, Any] = dict.fromkeys(SCHEMA.names, np.nan) | {
            "quarter_start": quarter,
            "joined": round(float(rows.loc[rows["is_treated"], "weight"].sum())),
            "joined_kept": round(float(joined["weight"].sum())) if refusal is None else 0,
            "controls": len(tied) - len(joined),
            "untied_share": _rounded(untied_share),
            "placebo_alarm": alarm,
            "verdict": "estimated" if refusal is None else "not_estimable",
        }
        if lift is not None:
            row |= {"effective_sample": _rounded(lift.effective_sample), "worst_balance": _rounded(lift.worst_balance)}
        if refusal is None and lift is not None:
            ends = (lift.value, lift.value - lift.half_width, lift.value + lift.half_width)
            row |= dict(zip(FIGURES, map(_rounded, ends), strict=True))
            row |= {name: _rounded(_mean(joined, name)) for name in ("spend_before", "spend_after")}
            share = f"{100 * joined['weight'].sum() / rows.loc[rows['is_treated'], 'weight'].sum():.0f}"
            row |= {
                "reason_fr": f"grâce à l’adhésion, estimé\u00a0: effet sur {share}\u00a0% des nouveaux adhérents, comparés à eux-mêmes avant "
                "et à des clients qui adhèrent plus tard",
                "reason_en": f"because of joining, estimated: effect on {share} % of those who joined, compared with themselves before and with "
                "customers who join later",
            }
        elif refusal is not None:
            row |= {"reason_fr": f"non estimable\u00a0: {refusal[0]}", "reason_en": f"not estimable because {refusal[1]}"}
        yield row


def lift_of(rows: pd.DataFrame, before: str, after: str) -> Lift | None:
    """What those who joined have more in `after` than `before` and the growth of later joiners foretell; None where there are too few.

    The variance is that of the influence function of mean, weighted means and their ratio; each customer is one row.
    """
    if min(rows["is_treated"].sum(), (~rows["is_treated"]).sum()) < MINIMUM_TREATED:
        return None
    ordered = rows.sort_values(["customer_number", "is_treated"], kind="stable")
    treated = ordered["is_treated"].to_numpy(dtype=bool)
    covariates = ordered[list(COVARIATES)].to_numpy(dtype=np.float64)
    shares = ordered["weight"].to_numpy(dtype=np.float64)[treated]
    shares = shares / shares.sum()
    scale = covariates.std(axis=0)
    used = scale > 1e-9
    balance = entropy_balance(
        covariates[~treated][:, used], shares @ covariates[treated][:, used], scale[used], np.ones(int((~treated).sum()))
    )
    earlier, later = (ordered[name].astype(float).to_numpy() for name in (before, after))
    means = {
        name: (shares @ values[treated], balance.weights @ values[~treated]) for name, values in (("b", earlier), ("a", later))
    }
    if not means["b"][1] > 0:
        return None
    growth = means["a"][1] / means["b"][1]
    of_treated = shares * ((later[treated] - means["a"][0]) - growth * (earlier[treated] - means["b"][0]))
    of_later = means["b"][0] / means["b"][1] * balance.weights * (later[~treated] - growth * earlier[~treated])
    error = float(np.sqrt((of_treated**2).sum() + (of_later**2).sum()))
    degrees = min(1 / float((shares**2).sum()), balance.effective_sample) - 1
    return Lift(
        value=float(means["a"][0] - growth * means["b"][0]),
        half_width=float(student.ppf((1 + CONFIDENCE) / 2, degrees)) * error,
        effective_sample=balance.effective_sample,
        worst_balance=balance.worst_difference,
    )


def _alarm(rows: pd.DataFrame) -> bool | None:
    """Whether those who will join seem to spend more already before: the 95 % interval of the placebo leaves out 0."""
    lift = lift_of(rows, "placebo_before", "placebo_after")
    if lift is None or lift.worst_balance > WORST_BALANCE or lift.effective_sample < MINIMUM_EFFECTIVE_SAMPLE:
        return None
    return abs(lift.value) > lift.half_width


def _untied_share(joined: pd.DataFrame) -> float:
    """Of what the members spent after joining, the share that no key known before shows."""
    seen = (joined["spend_after"].astype(float) * joined["weight"]).sum()
    spent = (joined["all_spend_after"].astype(float) * joined["weight"]).sum()
    return float(1 - seen / spent) if spent > 0 else float("nan")


def _refusal(
    rows: pd.DataFrame, joined: pd.DataFrame, tied: pd.DataFrame, untied_share: float, lift: Lift | None, alarm: bool | None
) -> tuple[str, str] | None:
    """Why there is no figure (French, English), the gravest reason first; None where there is one."""
    treated, controls = int(rows["is_treated"].sum()), len(tied) - len(joined)
    if treated < MINIMUM_TREATED:
        return (
            f"{treated} nouveaux adhérents dont les 90 jours avant et après sont couverts, il en faut {MINIMUM_TREATED}",
            f"there are {treated} new members whose 90 days before and after are covered, and {MINIMUM_TREATED} are needed",
        )
    if len(joined) < MINIMUM_TREATED:
        return (
            f"achats d’avant l’adhésion visibles pour {len(joined)} des {treated} nouveaux adhérents seulement, il en faut {MINIMUM_TREATED}",
            f"purchases before joining can be tied to {len(joined)} of {treated} new members only, and {MINIMUM_TREATED} are needed",
        )
    if untied_share > LARGEST_UNTIED_SHARE:
        share = f"{100 * untied_share:.0f}"
        return (
            f"{share}\u00a0% des achats d’après l’adhésion ne portent que la carte\u00a0: les achats d’avant ne se voyaient pas de la même façon",
            f"{share} % of what was bought after joining carries the card alone: what was bought before could not be seen in the same way",
        )
    if controls < MINIMUM_TREATED:
        return (
            f"{controls} clients connus adhèrent plus tard, il en faut {MINIMUM_TREATED}",
            f"there are {controls} known customers who join later, and {MINIMUM_TREATED} are needed",
        )
    if lift is None:
        return (
            "les clients qui adhèrent plus tard n’ont rien acheté dans les 90 jours d’avant",
            "the customers who join later bought nothing in the 90 days before",
        )
    if lift.worst_balance > WORST_BALANCE:
        return (
            "ceux qui adhèrent plus tard sont clients depuis un temps trop différent",
            "those who join later have been customers for too different a time",
        )
    if lift.effective_sample < MINIMUM_EFFECTIVE_SAMPLE:
        return (
            f"seuls {lift.effective_sample:.0f} clients qui adhèrent plus tard leur ressemblent, il en faut {MINIMUM_EFFECTIVE_SAMPLE:.0f}",
            f"only {lift.effective_sample:.0f} customers who join later are like them, and {MINIMUM_EFFECTIVE_SAMPLE:.0f} are needed",
        )
    if alarm:
        return (
            "avant même d’adhérer, leurs achats n’évoluaient pas comme ceux des clients qui adhèrent plus tard (placebo)",
            "even before joining their purchases did not go as those of the customers who join later (placebo)",
        )
    return None


def _mean(rows: pd.DataFrame, name: str) -> float:
    return float(np.average(rows[name].astype(float), weights=rows["weight"]))


def _rounded(number: float) -> float:
    return float(f"{number:.9g}")


def write_effects(warehouse: Path, inputs: Path) -> dict[str, int]:
    """The step of a run: estimate, and write `estimates/loyalty_effects.parquet` of its inputs; returns the quarters by verdict."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        units = connection.execute("select * from intermediate.int_loyalty_units order by all").df()
    units["quarter_start"] = pd.to_datetime(units["quarter_start"]).dt.date
    made = estimate(units)
    write_table(pa.Table.from_pandas(made, schema=SCHEMA, preserve_index=False, safe=False), inputs / FOLDER / f"{NAME}.parquet")
    return {str(verdict): int(number) for verdict, number in made["verdict"].value_counts().sort_index().items()}
