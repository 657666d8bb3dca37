"""Is incremental re-purchase what the contacts have truly added? Many companies of known truth, one table.

Here: estimating a company, what is measured over many, the large company of the simulator cut into small ones, and the
command of `make truth-effect`. What is required of the figures is in `test_increments.py` and below (REQUIRED).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from dagster_project.estimates.repurchase_increment import TOTAL, estimate, is_beyond_overlap, units_of
from tests.truth.effect_units import ContactWorld, contact_company, effect_units

OUTCOMES = {"rate": "incremental_rate", "amount": "incremental_amount_per_customer"}
TRUTHS = {"rate": "true_purchases", "amount": "true_amount"}


def judge(units: pd.DataFrame) -> dict[str, float]:
    """What the product says of the whole of a company, and what is true of the contacted that it speaks of.

    `naive_...`: contacted less uncontacted; `removed_...`: the estimate where a later contact removes a control.
    """
    main = units[units["design"] == "main"]
    rows = estimate(units).set_index("value_segment")
    total = rows.loc[TOTAL]
    found: dict[str, float] = {
        "is_estimated": float(total["verdict"] == "estimated"),
        "kept_share": total["kept_share"],
        "treated": total["treated"],
        "effective_sample": total["effective_sample"],
        "placebo_alarm": np.nan if pd.isna(total["placebo_alarm"]) else float(total["placebo_alarm"]),
        "negative_control_alarm": np.nan if pd.isna(total["negative_control_alarm"]) else float(total["negative_control_alarm"]),
    }
    treated = _kept(main, rows)
    removed = estimate(main[main["is_treated"] | ~main["has_later_contact"]]).set_index("value_segment").loc[TOTAL]
    for name, measure in OUTCOMES.items():
        outcome = {"rate": "outcome_purchases", "amount": "outcome_amount"}[name]
        found[f"{name}_true"] = treated[TRUTHS[name]].mean()
        found[f"{name}_found"] = total[measure]
        found[f"{name}_low"], found[f"{name}_high"] = total[f"{measure}_low"], total[f"{measure}_high"]
        found[f"{name}_removed"] = removed[measure]
        found[f"{name}_naive"] = main.loc[main["is_treated"], outcome].mean() - main.loc[~main["is_treated"], outcome].mean()
        for segment, row in rows[rows["verdict"] == "estimated"].iterrows():
            if segment != TOTAL:
                true = treated.loc[treated["value_segment"] == segment, TRUTHS[name]].mean()
                found[f"{name}_covered_{segment}"] = float(row[f"{measure}_low"] <= true <= row[f"{measure}_high"])
    return found


def _kept(main: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """The contacted of whom the total speaks: of estimated segments, and with likes among the controls."""
    given = units_of(main)
    beyond = given.customer[is_beyond_overlap(given)]
    estimated = rows.index[rows["verdict"] == "estimated"]
    return main[main["is_treated"] & main["value_segment"].isin(estimated) & ~main["customer_number"].isin(beyond)]


def measures(judged: pd.DataFrame) -> dict[str, float]:
    """Over companies: coverage, bias in standard errors, standard error over deviation, wrongly or rightly positive."""
    answers = judged[judged["is_estimated"] == 1]
    made: dict[str, float] = {
        "companies": len(judged),
        "estimated": len(answers) / len(judged),
        "treated": judged["treated"].mean(),
        "kept_share": answers["kept_share"].mean(),
    }
    for name in OUTCOMES:
        error = answers[f"{name}_found"] - answers[f"{name}_true"]
        # the half width of the interval is about two standard errors: Student's factor at some 250 degrees
        standard_error = ((answers[f"{name}_high"] - answers[f"{name}_low"]) / 2 / 1.97).mean()
        made |= {
            f"{name}_true": answers[f"{name}_true"].mean(),
            f"{name}_found": answers[f"{name}_found"].mean(),
            f"{name}_coverage": answers[f"{name}_true"].between(answers[f"{name}_low"], answers[f"{name}_high"]).mean(),
            f"{name}_bias": error.mean() / standard_error,
            f"{name}_error_ratio": standard_error / error.std(),
            f"{name}_positive": (answers[f"{name}_low"] > 0).mean(),
            f"{name}_naive_bias": (answers[f"{name}_naive"] - answers[f"{name}_true"]).mean() / standard_error,
            f"{name}_removed_bias": (answers[f"{name}_removed"] - answers[f"{name}_true"]).mean() / standard_error,
            f"{name}_coverage_segments": float(np.nanmean(answers.filter(like=f"{name}_covered_").to_numpy())),
        }
    for alarm in ("placebo_alarm", "negative_control_alarm"):
        made[alarm] = judged[alarm].mean()
        made[f"{alarm}_known"] = judged[alarm].notna().mean()
    made["any_alarm"] = (judged[["placebo_alarm", "negative_control_alarm"]] == 1).any(axis=1).mean()
    return made


@dataclass(frozen=True)
class Study:
    """Companies of one world: `units(number)` gives those of one."""

    name: str
    units: Callable[[int], pd.DataFrame]
    companies: int


@dataclass(frozen=True)
class SmallWorld:
    world: ContactWorld
    windows: tuple[int, ...] = (60,)

    def __call__(self, number: int) -> pd.DataFrame:
        return effect_units(contact_company(self.world, number), number, self.windows)


def _judge(study: tuple[Callable[[int], pd.DataFrame], int]) -> dict[str, float]:
    units, number = study
    return judge(units(number))


def run(units: Callable[[int], pd.DataFrame], numbers: Iterable[int], processes: int = 1) -> pd.DataFrame:
    """The judgements of companies, one row each."""
    tasks = [(units, number) for number in numbers]
    if processes == 1:
        return pd.DataFrame([_judge(task) for task in tasks])
    with ProcessPoolExecutor(processes) as pool:
        return pd.DataFrame(pool.map(_judge, tasks, chunksize=5))


def main(arguments: list[str]) -> int:
    companies = int(arguments[0]) if arguments else 400
    started = time.monotonic()
    world = ContactWorld()
    tables = {}
    for name, changed in {
        "effect": replace(world, effect=(0.25,) * 5),
        "no effect": replace(world, effect=(0.0,) * 5),
        "hidden mood": replace(world, effect=(0.0,) * 5, mood=0.8, abandoned_share=0.3),
    }.items():
        tables[name] = measures(run(SmallWorld(changed), range(companies), processes=2))
    pd.set_option("display.max_rows", 100)
    print(pd.DataFrame(tables).round(3).to_string())
    print(f"{time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
