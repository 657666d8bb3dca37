"""The churn fit: it finds hazards that it was drawn from, is calibrated, sees no later month, and is refused when it tells nothing or worse."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dagster_project.estimates import churn
from dagster_project.estimates.churn import (
    CRITERIA,
    SILENCE,
    SUBSCRIPTION,
    Risk,
    attempt,
    cut_at,
    fit,
    quality,
    risk_of,
    walk_forward,
)
from dagster_project.estimates.parameter_versions import FitRefusedError, Outcome, attempts, fit_if_due, usable

WEIGHTS = {"unresolved": 1.0, "intent": 1.5, "unused": 0.8}
AS_OF = date(2024, 12, 31)
MONTHS = [date(2023, month, 1) for month in range(1, 13)] + [date(2024, month, 1) for month in range(1, 13)]


def drawn(customers: int = 1500, *, weights: dict[str, float] | None = None, seed: int = 5) -> pd.DataFrame:
    """Subscribers month by month until they leave; the logit of leaving within 90 days is -2.5 and the weights."""
    draw = np.random.default_rng(seed)
    said = WEIGHTS if weights is None else weights
    rows = []
    for customer in range(1, customers + 1):
        amount, tenure = draw.choice([1.8, 2.2]), draw.integers(0, 900)
        for month in MONTHS:
            criteria = dict.fromkeys(CRITERIA[SUBSCRIPTION], 0.0) | {
                "contacts": float(np.log1p(draw.poisson(0.3))),
                "unresolved": float(draw.random() < 0.1),
                "intent": float(draw.random() < 0.03),
                "unused": float(draw.random() < 0.4),
                "amount": amount,
                "tenure": float(np.log1p(tenure)),
            }
            logit = -2.5 + sum(weight * criteria[name] for name, weight in said.items())
            has_left = draw.random() < 1 / (1 + np.exp(-logit))
            rows.append(
                {"customer_number": customer, "month": month, "matures_on": month + timedelta(days=90), "has_churned": has_left}
                | criteria
                | {"logit": logit}
            )
            tenure += 30
            if has_left:
                break
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return drawn()


def known(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["matures_on"] <= AS_OF]


def test_the_fit_finds_the_weights_that_customers_were_drawn_with(rows: pd.DataFrame) -> None:
    risk, _ = fit(known(rows), SUBSCRIPTION)
    found = dict(zip(risk.criteria, risk.coefficients, strict=True))
    for name, weight in WEIGHTS.items():
        assert found[name] == pytest.approx(weight, abs=0.25), name
    assert abs(found["contacts"]) < 0.2
    assert found["dissatisfied"] == 0, "a criterion that never varies has no weight"


def test_it_ranks_nearly_as_well_as_the_true_hazard_and_is_calibrated_on_other_customers(rows: pd.DataFrame) -> None:
    risk, _ = fit(known(rows), SUBSCRIPTION)
    others = drawn(seed=6)
    found, oracle = quality(risk.linear(others), others), quality(others["logit"].to_numpy(), others)
    assert found.auc == pytest.approx(oracle.auc, abs=0.02) and oracle.auc > 0.62
    assert 0.9 < found.slope < 1.1
    assert found.lift > 1.5
    assert found.brier < others["has_churned"].mean() * (1 - others["has_churned"].mean())


def test_rows_in_another_order_give_the_same_version(rows: pd.DataFrame) -> None:
    one = attempt(rows, SUBSCRIPTION, AS_OF, None, None)
    other = attempt(rows.sample(frac=1, random_state=1), SUBSCRIPTION, AS_OF, None, None)
    assert one.tables[churn.PARAMETERS[SUBSCRIPTION]].equals(other.tables[churn.PARAMETERS[SUBSCRIPTION]])
    assert one.diagnostics == other.diagnostics


def test_diagnostics_are_measured_on_months_that_the_test_fit_has_not_seen(rows: pd.DataFrame) -> None:
    found = attempt(rows, SUBSCRIPTION, AS_OF, None, None).diagnostics
    assert found["tested"] == "out_of_time"
    for name in ("auc", "auc_error", "brier", "lift_top_decile", "calibration_slope", "churn_rate"):
        assert isinstance(found[name], float), name
    short = rows[rows["month"] <= MONTHS[1]]
    assert attempt(short, SUBSCRIPTION, AS_OF, None, None).diagnostics["tested"] == "out_of_fold"


def test_criteria_that_tell_nothing_are_refused() -> None:
    with pytest.raises(FitRefusedError, match=r"the criteria do not tell who leaves: AUC 0\.[45]"):
        attempt(drawn(600, weights={}), SUBSCRIPTION, AS_OF, None, None)


def test_fifty_have_to_have_left_and_fifty_to_have_stayed(rows: pd.DataFrame) -> None:
    few = rows[rows["customer_number"] <= 60]
    with pytest.raises(FitRefusedError, match=r"^\d\d customers of those looked at have left so far, 50 are needed"):
        attempt(few[few["month"] <= MONTHS[6]], SUBSCRIPTION, AS_OF, None, None)
    with pytest.raises(FitRefusedError, match=r"^0 customers"):
        attempt(rows.iloc[:0], SUBSCRIPTION, AS_OF, None, None)


def test_the_first_fit_writes_a_version_by_quarter_and_none_has_seen_what_came_later(rows: pd.DataFrame) -> None:
    outcome = walk_forward(rows, SUBSCRIPTION, AS_OF)
    days = [day for day, _ in outcome.earlier]
    assert days == [*(date(2023, month, 1) for month in (4, 7, 10)), *(date(2024, month, 1) for month in (1, 4, 7, 10))]
    draw = np.random.default_rng(3)
    shuffled = rows.copy()
    later = shuffled["matures_on"] > date(2024, 1, 1)
    for column in ("has_churned", *CRITERIA[SUBSCRIPTION]):
        shuffled.loc[later, column] = draw.permutation(shuffled.loc[later, column].to_numpy())
    other = walk_forward(shuffled, SUBSCRIPTION, AS_OF)
    versions, others = dict(outcome.earlier), dict(other.earlier)
    for day in days[:4]:
        assert versions[day].tables[churn.PARAMETERS[SUBSCRIPTION]].equals(others[day].tables[churn.PARAMETERS[SUBSCRIPTION]]), (
            day
        )
    last = churn.PARAMETERS[SUBSCRIPTION]
    assert not outcome.tables[last].equals(other.tables[last]), "the newest has seen them"


def test_a_version_is_refused_when_the_former_one_tells_better_who_leaves(rows: pd.DataFrame) -> None:
    former = fit(rows[rows["matures_on"] <= date(2023, 12, 31)], SUBSCRIPTION)[0]
    wrong = rows.copy()
    # what four fifths of the customers say has turned round: the fifth left out has not
    spoilt = (wrong["customer_number"] % 5 != 0) & (wrong["matures_on"] > date(2023, 12, 31))
    wrong.loc[spoilt, "unused"] = 1 - wrong.loc[spoilt, "unused"]
    wrong.loc[spoilt, "unresolved"] = 1 - wrong.loc[spoilt, "unresolved"]
    with pytest.raises(FitRefusedError, match="would tell worse who leaves: log loss") as refusal:
        attempt(wrong, SUBSCRIPTION, AS_OF, former, date(2023, 12, 31))
    assert "perte logarithmique" in refusal.value.reason.fr
    assert refusal.value.diagnostics["former_auc"]
    assert attempt(rows, SUBSCRIPTION, AS_OF, former, date(2023, 12, 31)).tables


def test_a_version_is_read_back_as_it_was_fitted(rows: pd.DataFrame) -> None:
    outcome = attempt(rows, SUBSCRIPTION, AS_OF, None, None)
    table = outcome.tables[churn.PARAMETERS[SUBSCRIPTION]]
    back = risk_of(table.to_pylist())
    again = churn.as_rows(back, SUBSCRIPTION, AS_OF)
    assert again.equals(table)
    assert back.high_cut < back.very_high_cut


def test_cut_points_are_reached_by_no_more_than_their_share() -> None:
    probabilities = np.array([0.1] * 80 + [0.2] * 15 + [0.4] * 5)
    assert cut_at(probabilities, 0.10) == pytest.approx(0.4, rel=1e-6)
    assert cut_at(probabilities, 0.25) == pytest.approx(0.2, rel=1e-6)
    assert cut_at(probabilities, 0.03) > 1, "the most endangered are more than three in a hundred and all alike"


def test_a_home_gets_all_versions_of_the_first_fit_and_past_months_may_use_them(rows: pd.DataFrame, tmp_path: Path) -> None:
    def make(former: object) -> Outcome:
        assert former is None
        return walk_forward(rows, SUBSCRIPTION, AS_OF)

    name, prefix = churn.PARAMETERS[SUBSCRIPTION], churn.PREFIXES[SUBSCRIPTION]
    report = fit_if_due(tmp_path, tmp_path / "inputs", AS_OF, name, prefix, churn.schemas(SUBSCRIPTION), make)
    assert report.versions[0] == "churn-subscription-2023-04-01" and report.versions[-1] == "churn-subscription-2024-12-31"
    tried = attempts(tmp_path, name)
    assert [fit.is_retrospective for fit in tried] == [True] + [False] * 7
    assert [fit.fitted_as_of for fit in usable(tried, date(2024, 2, 15))] == [
        *(date(2023, month, 1) for month in (4, 7, 10)),
        date(2024, 1, 1),
    ]


def test_kinds_share_the_criteria_of_the_service_and_differ_in_the_rest() -> None:
    assert set(CRITERIA[SUBSCRIPTION]) & set(CRITERIA[SILENCE]) >= {"contacts", "unresolved", "dissatisfied", "intent", "tenure"}
    assert "silence" not in CRITERIA[SUBSCRIPTION] and "unused" not in CRITERIA[SILENCE]


def test_a_model_without_weights_gives_everybody_the_same_probability() -> None:
    flat = Risk(CRITERIA[SILENCE], 0.0, np.zeros(len(CRITERIA[SILENCE])), np.zeros(len(CRITERIA[SILENCE])), 1.1, 1.1)
    rows = pd.DataFrame(np.random.default_rng(1).random((4, len(CRITERIA[SILENCE]))), columns=CRITERIA[SILENCE])
    assert flat.probability(rows).tolist() == [0.5] * 4
