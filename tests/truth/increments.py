"""Is incremental re-purchase what the contacts have truly added? Many companies of known truth, one table.

Here: estimating a company, what is measured over many, the large company of the simulator cut into small ones, and the
command of `make truth-effect`. What is required of the figures is in `test_increments.py` and below (REQUIRED).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd

from dagster_project.estimates.repurchase_increment import TOTAL, estimate, is_beyond_overlap, units_of
from dagster_project.simulation.parameters import NO_EFFECTS, Confounding, People, Service, SimulationParameters, Story
from tests.truth.effect_units import effect_units
from tests.truth.simulated_events import cut, simulated_events
from tests.truth.simulated_warehouse import simulated_units

SIZE, LARGE = 2000, 6500
# The recall, the summer's queues and the call-back team change who calls; here nothing happens but purchases and contacts. Nor does
# anybody leave unseen: who calls is a customer still, who is silent may have left, and no feed says so ("customers leave" below).
LEAVING = SimulationParameters(effects=NO_EFFECTS, story=Story(is_told=False))
PLAIN = replace(LEAVING, people=People(yearly_lapse_rate=0.0))
# a third of the callers gives up: enough abandoned contacts for the negative control
IMPATIENT = Service(patience_seconds=20.0, base_load=1.0, own_contacts_per_year=2.0, retry_after_abandon_share=0.0)
NONE = (0.0,) * 5
WORLDS: dict[str, tuple[int, SimulationParameters]] = {
    "no effect": (SIZE, PLAIN),
    "effect": (SIZE, replace(PLAIN, effects=replace(NO_EFFECTS, purchase_after_resolved=(0.25,) * 5))),
    "customers leave": (SIZE, LEAVING),
    "no hidden mood": (LARGE, replace(PLAIN, service=IMPATIENT)),
    "hidden mood": (LARGE, replace(PLAIN, service=IMPATIENT, confounding=Confounding(strength=0.9, months=6))),
}
# those whose units the project's SQL makes, too
SQL_WORLDS = ("no effect", "effect")
OUTCOMES = {"rate": "incremental_rate", "amount": "incremental_amount_per_customer"}
TRUTHS = {"rate": "true_purchases", "amount": "true_amount"}


def judge(units: pd.DataFrame) -> dict[str, float]:
    """What the product says of the whole of a company, and what is true of the contacted that it speaks of.

    `naive_...`: contacted less uncontacted; `removed_...`: the estimate where a later contact removes a control; `observed_...`:
    what the contacted bought after the contact, the observed re-purchase rate and amount of those whom the estimate speaks of.
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
        found[f"{name}_observed"] = treated[outcome].mean()
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
            # what an observed figure is wrong by, read as an effect: in purchases or euros a customer, and in standard errors
            f"{name}_observed": answers[f"{name}_observed"].mean(),
            f"{name}_observed_error": (answers[f"{name}_observed"] - answers[f"{name}_true"]).mean(),
            f"{name}_observed_bias": (answers[f"{name}_observed"] - answers[f"{name}_true"]).mean() / standard_error,
            f"{name}_naive_bias": (answers[f"{name}_naive"] - answers[f"{name}_true"]).mean() / standard_error,
            f"{name}_removed_bias": (answers[f"{name}_removed"] - answers[f"{name}_true"]).mean() / standard_error,
            f"{name}_coverage_segments": float(np.nanmean(answers.filter(like=f"{name}_covered_").to_numpy())),
        }
    for alarm in ("placebo_alarm", "negative_control_alarm"):
        made[alarm] = judged[alarm].mean()
        made[f"{alarm}_known"] = judged[alarm].notna().mean()
    made["any_alarm"] = (judged[["placebo_alarm", "negative_control_alarm"]] == 1).any(axis=1).mean()
    return made


def missing(world: str, found: Mapping[str, float]) -> list[str]:
    """The figures of a world that are not what is required of it."""
    required: dict[str, tuple[float, float]] = {}
    if world in ("no effect", "effect"):
        for name in OUTCOMES:
            required |= {f"{name}_coverage": (0.92, 0.98), f"{name}_bias": (-0.2, 0.2), f"{name}_error_ratio": (0.9, 1.15)}
    if world == "no effect":
        required |= {f"{name}_positive": (0.0, 0.045) for name in OUTCOMES}
    if world == "effect":
        required |= {"rate_positive": (0.8, 1.0)}
    if world == "no hidden mood":
        required |= {"placebo_alarm": (0.0, 0.1), "negative_control_alarm": (0.0, 0.1)}
    if world == "hidden mood":
        required |= {"placebo_alarm": (0.8, 1.0), "negative_control_alarm": (0.8, 1.0)}
    return [
        f"{name} {found[name]:.3f}, not {low} to {high}"
        for name, (low, high) in required.items()
        if not low <= found[name] <= high
    ]


def judged(units: Iterable[pd.DataFrame], processes: int = 1) -> pd.DataFrame:
    """The judgements of companies, one row each, from their units."""
    if processes == 1:
        return pd.DataFrame([judge(rows) for rows in units])
    with ProcessPoolExecutor(processes) as pool:
        return pd.DataFrame(pool.map(judge, units, chunksize=5))


def units_of_companies(size: int, companies: int, parameters: SimulationParameters, *, by_sql: bool) -> Iterable[pd.DataFrame]:
    """Units of companies of `size` customers out of one simulated company, which share its calendar: by the project's SQL, or
    by the second way in numpy."""
    if by_sql:
        return simulated_units(size * companies, 1, parameters, companies=companies).values()
    purchases, contacts = simulated_events(size * companies, 1, parameters, companies=companies)
    return (effect_units(company, number) for number, company in cut(purchases, contacts).items())


def main(arguments: list[str]) -> int:
    """`increments [--sql] [companies] [world ...]`: simulate, estimate, print; exit with 1 where a figure is not what is required.

    Units are numpy's, of SQL_WORLDS the project's SQL's too, over companies of the same seed; `--sql`: SQL's alone, of any world.
    """
    given = [argument for argument in arguments if argument != "--sql"]
    companies = int(given[0]) if given else 400
    worlds = given[1:] or list(WORLDS)
    only_sql = "--sql" in arguments
    forms = [(name, False) for name in worlds if not only_sql] + [
        (name, True) for name in worlds if only_sql or name in SQL_WORLDS
    ]
    tables, missed = {}, []
    for name, by_sql in forms:
        started = time.monotonic()
        size, parameters = WORLDS[name]
        number = companies if size == SIZE else companies // 2
        title = f"{name} (SQL)" if by_sql else name
        tables[title] = measures(judged(units_of_companies(size, number, parameters, by_sql=by_sql), processes=2))
        missed += [f"{title}: {measure}" for measure in missing(name, tables[title])]
        print(f"{title}: {number} companies of {size} customers, {time.monotonic() - started:.0f} s", flush=True)
    print(pd.DataFrame(tables).round(3).to_string())
    print("all as required" if not missed else "NOT as required: " + "; ".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
