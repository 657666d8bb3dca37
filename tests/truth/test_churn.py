"""Churn risk against the simulator's true hazards: the bounded form of `make truth-churn`.

One company of 7,000 customers in the world of that target; the criteria are those that truth itself says held, so that no landing and
no dbt stand between. Not here: the SQL that finds the criteria in the feeds (`tests/marts/test_churn.py`, and `make truth-churn`, which
runs whole companies of 30,000 and holds published scores against the same oracle).
"""

from __future__ import annotations

import shlex
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from dagster_project.estimates.churn import CRITERIA, PARAMETERS, SUBSCRIPTION, quality, risk_of, walk_forward
from dagster_project.simulation.parameters import SimulationParameters, parameters_with
from dagster_project.simulation.simulate import simulate

MAKEFILE = Path(__file__).parents[2] / "Makefile"
AS_OF = date(2025, 12, 31)
# in truth -> in the product
NAMES = {
    "is_unresolved": "unresolved",
    "is_dissatisfied": "dissatisfied",
    "is_unused": "unused",
    "is_new": "recent",
    "has_intent": "intent",
}


def world() -> SimulationParameters:
    lines = MAKEFILE.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    [stated] = [line.split("?=", 1)[1] for line in lines if line.startswith("CHURN_WORLD ?=")]
    return parameters_with(shlex.split(stated)[1::2])


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    home = tmp_path_factory.mktemp("churn") / "home"
    home.mkdir()
    simulate(home, customers=7000, months=24, seed=1, parameters=world())
    with duckdb.connect() as reader:
        hazards = reader.read_parquet(str(home / "truth" / "churn_hazards.parquet")).order("person_id, month").df()
    hazards["month"] = pd.to_datetime(hazards["month"])
    number = hazards["month"].dt.year * 12 + hazards["month"].dt.month
    ended = hazards["person_id"].map(number.where(hazards["has_ended"]).groupby(hazards["person_id"]).max())
    made = pd.DataFrame(0.0, index=hazards.index, columns=list(CRITERIA[SUBSCRIPTION]))
    for true, name in NAMES.items():
        made[name] = hazards[true].astype(float)
    made["amount"] = np.where(hazards["is_dearer_plan"], np.log(8.99), np.log(5.99))
    made["resolved"] = hazards["is_rescued"].astype(float)
    month = hazards["month"].dt.date
    return made.assign(
        customer_number=hazards["person_id"],
        month=month,
        matures_on=[day + timedelta(days=92) for day in month],
        has_churned=ended - number < 3,
        hazard=hazards["monthly_hazard"],
    )[hazards["month"] >= "2024-04-01"]


def test_versions_of_each_quarter_rank_the_months_that_follow_as_the_true_hazard_does(rows: pd.DataFrame) -> None:
    outcome = walk_forward(rows, SUBSCRIPTION, AS_OF)
    assert len(outcome.earlier) >= 3
    later, scores = [], []
    days = [day for day, _ in outcome.earlier]
    for (day, version), until in zip(outcome.earlier, [*days[1:], date(2025, 11, 1)], strict=True):
        following = rows[(rows["month"] >= day) & (rows["month"] < min(until, date(2025, 10, 2)))]
        later.append(following)
        scores.append(risk_of(version.tables[PARAMETERS[SUBSCRIPTION]].to_pylist()).linear(following))
    months, linear = pd.concat(later), np.concatenate(scores)
    found, oracle = quality(linear, months), quality(np.log(months["hazard"].to_numpy()), months)
    assert len(months) > 3000
    assert oracle.auc > 0.6
    assert found.auc > oracle.auc - 0.02
    # a third of the customers of the full form: known to 0.1
    assert 0.75 < found.slope < 1.25
    assert found.lift > 1.4


def test_leaving_for_no_reason_is_not_foretold(rows: pd.DataFrame) -> None:
    draw = np.random.default_rng(1)
    dealt = rows.assign(**{name: draw.permutation(rows[name].to_numpy()) for name in CRITERIA[SUBSCRIPTION]})
    with pytest.raises(ValueError, match="the criteria do not tell who leaves"):
        walk_forward(dealt, SUBSCRIPTION, AS_OF)
