"""Who may leave: how likely a customer is to end the subscription within 90 days, or to fall silent beyond the own interval.

Here: the fit of one kind of customers (pure: a table in, a version out), when it is due, when it is worse than the former one, and the
step that reads the warehouse. What the criteria are is `int_churn_features`; scoring is SQL (`int_churn_scores`); versions
and attempts are kept by `parameter_versions.py`. Two kinds, two parameters: subscribers, and customers who buy without one.

Logistic regression on the months of a bounded sample of customers whose outcome is known, L2 with one unit on standardised criteria.
Calibrated: the linear predictor of customers in the fold left out is regressed on the outcome, and intercept and slope go into the
stored coefficients (Cox 1958; van Houwelingen and le Cessie 1990). Quality is measured out of time wherever the history
allows it: fitted on what was known before the last third of the months, tested on that third.

The first fit writes versions by quarter, each on what was known then, so that past months have scores which nothing later
has shaped. Source of the measures: Hanley and McNeil 1982 (AUC and its error), Brier 1950.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from dagster_project.estimates.parameter_files import load_versions
from dagster_project.estimates.parameter_versions import Fit, FitRefusedError, FitReport, Outcome, Reason, is_old
from dagster_project.estimates.parameter_versions import fit_if_due as attempt_if_due

Floats = npt.NDArray[np.float64]

SUBSCRIPTION, SILENCE = "subscription", "silence"
_SERVICE = ("contacts", "unresolved", "dissatisfied", "satisfied", "resolved", "intent")
# what a kind is judged by: columns of int_churn_features
CRITERIA: Mapping[str, tuple[str, ...]] = {
    SUBSCRIPTION: (*_SERVICE, "unused", "recent", "tenure", "amount"),
    SILENCE: (*_SERVICE, "purchases", "silence", "rhythm", "recent", "tenure", "amount"),
}
PARAMETERS: Mapping[str, str] = {SUBSCRIPTION: "churn_subscription", SILENCE: "churn_silence"}
PREFIXES: Mapping[str, str] = {SUBSCRIPTION: "churn-subscription", SILENCE: "churn-silence"}
# by id, which is a hash: a sample that no property of a customer decides, and the same one in every run
LARGEST_SAMPLE = 10_000
# of customers who left, and of those who stayed: ten criteria need five events each at the least (Vittinghoff and McCulloch 2007)
MINIMUM_CUSTOMERS = 50
REFIT_MONTHS = 3
FOLDS = 4
HIGH_SHARE, VERY_HIGH_SHARE = 0.10, 0.03
# of the former's log loss: below it a difference is of no consequence, whatever its error
WORSE_BY = 0.01
INTERCEPT, HIGH_CUT, VERY_HIGH_CUT = "intercept", "high_cut", "very_high_cut"
_TINY = 1e-12
SCHEMA = pa.schema(
    [
        pa.field("parameter_version", pa.string()),
        pa.field("fitted_as_of", pa.date32()),
        # a criterion, or `intercept`, `high_cut`, `very_high_cut` (probabilities)
        pa.field("criterion", pa.string()),
        pa.field("value", pa.float64()),
        # mean of the criterion over the fit, against which reasons are told; null where it is none
        pa.field("mean", pa.float64()),
    ]
)


def schemas(kind: str) -> Mapping[str, pa.Schema]:
    """The table of a kind: named as its parameter."""
    return {PARAMETERS[kind]: SCHEMA}


@dataclass(frozen=True)
class Risk:
    """A fitted model of one kind. Coefficients are of the criteria as they stand in the table, calibration included."""

    criteria: tuple[str, ...]
    intercept: float
    coefficients: Floats
    means: Floats
    high_cut: float
    very_high_cut: float

    def linear(self, rows: pd.DataFrame) -> Floats:
        """Logit of the probability of each row."""
        found: Floats = self.intercept + rows[list(self.criteria)].to_numpy(dtype=np.float64) @ self.coefficients
        return found

    def probability(self, rows: pd.DataFrame) -> Floats:
        """Probability to leave, 0..1."""
        return _logistic(self.linear(rows))


@dataclass(frozen=True)
class Quality:
    """How well probabilities tell who leaves. `auc_error`: standard error, by customers rather than by their months."""

    auc: float
    auc_error: float
    brier: float
    lift: float
    slope: float
    rows: int

    def diagnostics(self) -> dict[str, float | int]:
        told = {"auc": self.auc, "auc_error": self.auc_error, "brier": self.brier, "lift_top_decile": self.lift}
        return {name: _rounded(value) for name, value in told.items()} | {
            "calibration_slope": _rounded(self.slope),
            "tested_rows": self.rows,
        }


def _logistic(linear: Floats) -> Floats:
    found: Floats = 1 / (1 + np.exp(-linear))
    return found


def _rounded(number: float) -> float:
    return float(f"{number:.9g}")


def _outcome(rows: pd.DataFrame) -> Floats:
    return rows["has_churned"].to_numpy(dtype=np.float64)


def _regress(features: Floats, outcome: Floats, strength: float = 1.0) -> tuple[float, Floats]:
    """Intercept and coefficients. `strength`: inverse of the penalty, infinite = none."""
    model = LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-10, max_iter=200)
    model.fit(features, outcome)
    return float(model.intercept_[0]), model.coef_[0].astype(np.float64)


def _standardised(rows: pd.DataFrame, criteria: Sequence[str]) -> tuple[float, Floats]:
    """The penalised fit, in the units of the table. A criterion that never varies has no weight."""
    features, outcome = rows[list(criteria)].to_numpy(dtype=np.float64), _outcome(rows)
    means, deviations = features.mean(axis=0), features.std(axis=0)
    varies = deviations > _TINY
    scaled = np.where(varies, (features - means) / np.where(varies, deviations, 1), 0)
    intercept, weights = _regress(scaled, outcome)
    coefficients = np.where(varies, weights / np.where(varies, deviations, 1), 0)
    return intercept - float(coefficients @ means), coefficients


def _folds(rows: pd.DataFrame) -> npt.NDArray[np.int64]:
    """A fold for each row, the same for all months of a customer. Numbers follow the order of hashed ids."""
    return (rows["customer_number"].to_numpy(dtype=np.int64) % FOLDS).astype(np.int64)


def _has_both(rows: pd.DataFrame) -> bool:
    return bool(rows["has_churned"].any()) and not bool(rows["has_churned"].all())


def calibration(linear: Floats, outcome: Floats) -> tuple[float, float]:
    """Intercept and slope of the outcome on the linear predictor (Cox): 0 and 1 for probabilities that are right."""
    if float(linear.std()) < _TINY:
        return 0.0, 0.0
    intercept, slope = _regress(linear.reshape(-1, 1), outcome, np.inf)
    return intercept, float(slope[0])


def fit(rows: pd.DataFrame, kind: str) -> tuple[Risk, Floats]:
    """The calibrated model, and the linear predictor of each row from the customers of the other folds, not yet calibrated.

    `rows`: `customer_number`, `has_churned` and the criteria of the kind, in any order; both outcomes among them.
    """
    criteria = CRITERIA[kind]
    folds, outside = _folds(rows), np.zeros(len(rows))
    with threadpool_limits(limits=1):
        intercept, coefficients = _standardised(rows, criteria)
        for fold in range(FOLDS):
            others, own = rows[folds != fold], rows[folds == fold]
            if len(own) == 0:
                continue
            base, weights = _standardised(others, criteria) if _has_both(others) else (intercept, coefficients)
            outside[folds == fold] = base + own[list(criteria)].to_numpy(dtype=np.float64) @ weights
        shift, slope = calibration(outside, _outcome(rows))
    # a slope below 0 says that nothing was learnt; above 1 the penalty was too strong
    slope = max(slope, 0.0)
    made = Risk(
        criteria,
        _rounded(shift + slope * intercept),
        np.array([_rounded(slope * value) for value in coefficients]),
        np.array([_rounded(value) for value in rows[list(criteria)].mean()]),
        1.0,
        1.0,
    )
    high, very_high = (cut_at(made.probability(rows), share) for share in (HIGH_SHARE, VERY_HIGH_SHARE))
    return Risk(made.criteria, made.intercept, made.coefficients, made.means, high, very_high), outside


def cut_at(probabilities: Floats, share: float) -> float:
    """The lowest probability that at most this share of the rows reaches; above 1 where the top value is already more common.

    Just below the value, so that a ninth digit decides nothing.
    """
    values, counts = np.unique(np.round(probabilities, 9), return_counts=True)
    reached = np.cumsum(counts[::-1])[::-1] <= share * len(probabilities)
    return _rounded(float(values[reached].min()) * (1 - 1e-7)) if reached.any() else 1.1


def quality(linear: Floats, rows: pd.DataFrame) -> Quality:
    """Measures of a linear predictor (calibrated or to be judged) on rows with both outcomes."""
    outcome, probability = _outcome(rows), _logistic(linear)
    auc = float(roc_auc_score(outcome, linear)) if float(np.ptp(linear)) > 0 else 0.5
    left = max(int(rows.loc[rows["has_churned"].astype(bool), "customer_number"].nunique()), 1)
    stayed = max(int(rows["customer_number"].nunique()) - left, 1)
    above, below = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    spread = auc * (1 - auc) + (left - 1) * (above - auc * auc) + (stayed - 1) * (below - auc * auc)
    top = np.argsort(-linear, kind="stable")[: max(1, len(rows) // 10)]
    return Quality(
        auc=auc,
        auc_error=float(np.sqrt(spread / (left * stayed))),
        brier=float(np.mean((probability - outcome) ** 2)),
        lift=float(outcome[top].mean() / outcome.mean()),
        slope=calibration(linear, outcome)[1],
        rows=len(rows),
    )


def tested(rows: pd.DataFrame, kind: str, outside: Floats) -> tuple[Quality, str]:
    """Quality of the way of fitting on months that it has not seen; where the history is too short, on other customers."""
    months = sorted(rows["month"].unique())
    first = months[len(months) - max(1, len(months) // 3)]
    before, after = rows[rows["matures_on"] <= first], rows[rows["month"] >= first]
    if _is_enough(before) and _has_both(after):
        return quality(fit(before, kind)[0].linear(after), after), "out_of_time"
    shift, slope = calibration(outside, _outcome(rows))
    return quality(shift + max(slope, 0.0) * outside, rows), "out_of_fold"


def _is_enough(rows: pd.DataFrame) -> bool:
    has_left = rows["has_churned"].astype(bool)
    left = rows.loc[has_left, "customer_number"].nunique()
    return left >= MINIMUM_CUSTOMERS and rows.loc[~has_left, "customer_number"].nunique() >= MINIMUM_CUSTOMERS


def as_rows(risk: Risk, kind: str, as_of: date) -> pa.Table:
    """A version as rows: one per criterion, one for the intercept and each cut point."""
    told = [
        (name, float(value), float(mean)) for name, value, mean in zip(risk.criteria, risk.coefficients, risk.means, strict=True)
    ]
    others = [(INTERCEPT, risk.intercept, None), (HIGH_CUT, risk.high_cut, None), (VERY_HIGH_CUT, risk.very_high_cut, None)]
    version = {"parameter_version": f"{PREFIXES[kind]}-{as_of.isoformat()}", "fitted_as_of": as_of}
    rows = [version | {"criterion": name, "value": value, "mean": mean} for name, value, mean in [*told, *others]]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def risk_of(rows: Sequence[Mapping[str, Any]]) -> Risk:
    """The model that the rows of one version hold."""
    found = {row["criterion"]: row for row in rows}
    criteria = tuple(name for name, row in found.items() if row["mean"] is not None)
    return Risk(
        criteria,
        found[INTERCEPT]["value"],
        np.array([found[name]["value"] for name in criteria]),
        np.array([found[name]["mean"] for name in criteria]),
        found[HIGH_CUT]["value"],
        found[VERY_HIGH_CUT]["value"],
    )


def attempt(rows: pd.DataFrame, kind: str, as_of: date, former: Risk | None, former_as_of: date | None) -> Outcome:
    """A version fitted on what was known as of that date: the rows whose window was over.

    `rows`: `customer_number`, `month`, `matures_on`, `has_churned` (null where not known) and the criteria. Raises FitRefusedError: too few
    customers left or stayed, the criteria do not tell who leaves (AUC within its error of a half), or a fifth of the
    customers, left out, is told worse by it than by the former version in the months that have become known since, by more
    than chance (two standard errors, customers as clusters) and by 1 %.
    """
    known = rows[(rows["matures_on"] <= as_of) & rows["has_churned"].notna()]
    known = known.sort_values(["customer_number", "month"]).reset_index(drop=True)
    left = int(known.loc[known["has_churned"].astype(bool), "customer_number"].nunique()) if len(known) else 0
    if not len(known) or not _is_enough(known):
        raise FitRefusedError(
            Reason(
                f"{left} customers of those looked at have left so far, {MINIMUM_CUSTOMERS} are needed, and as many who stayed",
                f"{left} clients suivis sont partis à ce jour, il en faut {MINIMUM_CUSTOMERS}, et autant qui sont restés",
            ),
            int(known["customer_number"].nunique()),
        )
    risk, outside = fit(known, kind)
    measured, where = tested(known, kind, outside)
    found: dict[str, float | int | str | None] = {
        **measured.diagnostics(),
        "tested": where,
        "customers_left": left,
        "months": int(known["month"].nunique()),
        "churn_rate": _rounded(float(_outcome(known).mean())),
    }
    # on all months, of customers in the fold left out: the last third alone is too few to tell chance from knowledge
    overall = quality(outside, known)
    if overall.auc - 1.96 * overall.auc_error <= 0.5:
        raise FitRefusedError(
            Reason(
                f"the criteria do not tell who leaves: AUC {overall.auc:.3f}, which chance explains",
                f"les critères ne disent pas qui part : AUC {overall.auc:.3f}, que le hasard explique".replace(".", ","),
            ),
            int(known["customer_number"].nunique()),
            found,
        )
    reason = Reason("the first version", "première version")
    if former is not None and former_as_of is not None:
        found |= _compare(known, kind, former, former_as_of)
        reason = Reason(
            "a quarter has passed, and the new version tells no worse who leaves",
            "un trimestre est passé, et la nouvelle version ne dit pas moins bien qui part",
        )
    table = {PARAMETERS[kind]: as_rows(risk, kind, as_of)}
    return Outcome(table, int(known["customer_number"].nunique()), reason, found)


def _log_loss(risk: Risk, rows: pd.DataFrame) -> Floats:
    linear, outcome = risk.linear(rows), _outcome(rows)
    loss: Floats = np.logaddexp(0, linear) - outcome * linear
    return loss


def _compare(known: pd.DataFrame, kind: str, former: Risk, former_as_of: date) -> dict[str, float]:
    """How the former version did in the months that it had not seen, and the new way of fitting beside it. Raises FitRefusedError."""
    since = known["matures_on"] > former_as_of
    found: dict[str, float] = {}
    if _has_both(known[since]):
        found = {
            f"former_{name}": value for name, value in quality(former.linear(known[since]), known[since]).diagnostics().items()
        }
    is_held_out = known["customer_number"] % 5 == 0
    judged, learnt = known[since & is_held_out], known[~is_held_out]
    if not len(judged) or not _has_both(learnt):
        return found
    new = fit(learnt, kind)[0]
    each_new, each_former = _log_loss(new, judged), _log_loss(former, judged)
    sums = pd.Series(each_new - each_former).groupby(judged["customer_number"].to_numpy()).sum()
    # the error of a sum over independent customers
    error = float(np.sqrt(len(sums) * sums.var(ddof=1))) / len(judged) if len(sums) > 1 else np.inf
    of_new, of_former = float(each_new.mean()), float(each_former.mean())
    found |= {"held_out_log_loss": _rounded(of_new), "held_out_log_loss_of_former": _rounded(of_former)}
    if of_new - of_former > max(1.96 * error, WORSE_BY * of_former):
        raise FitRefusedError(
            Reason(
                f"the new version would tell worse who leaves: log loss {of_new:.4f} against {of_former:.4f} of the former one",
                f"la nouvelle version dirait moins bien qui part : perte logarithmique {of_new:.4f} contre {of_former:.4f} "
                "pour la précédente".replace(".", ","),
            ),
            int(known["customer_number"].nunique()),
            found,
        )
    return found


def quarter_starts(first: date, last: date) -> list[date]:
    """First days of quarters after `first` and up to `last`."""
    quarters = [date(year, month, 1) for year in range(first.year, last.year + 1) for month in (1, 4, 7, 10)]
    return [day for day in quarters if first < day <= last]


def walk_forward(rows: pd.DataFrame, kind: str, as_of: date) -> Outcome:
    """The first fit: versions by quarter, each on what was known at its start and no worse than the one before, and that of today."""
    earlier: list[tuple[date, Outcome]] = []
    former: Risk | None = None
    former_as_of: date | None = None
    days = quarter_starts(min(rows["month"]), as_of - timedelta(days=1)) if len(rows) else []
    for day in days:
        try:
            outcome = attempt(rows, kind, day, former, former_as_of)
        except FitRefusedError:
            continue
        earlier.append((day, outcome))
        former, former_as_of = risk_of(outcome.tables[PARAMETERS[kind]].to_pylist()), day
    try:
        last = attempt(rows, kind, as_of, former, former_as_of)
    except FitRefusedError as refusal:
        if not earlier:
            raise
        # the newest quarter that could be fitted stands for today: the attempt itself only says so
        kept = Reason(
            f"versions by quarter; today: {refusal.reason.en}", f"versions par trimestre ; aujourd’hui : {refusal.reason.fr}"
        )
        return Outcome({}, refusal.sample_size, kept, refusal.diagnostics, tuple(earlier))
    if earlier:
        reason = Reason(
            f"the first version, after {len(earlier)} by quarter, each on what was known then",
            f"première version, après {len(earlier)} par trimestre, chacune sur ce qui était connu alors",
        )
        last = Outcome(last.tables, last.sample_size, reason, last.diagnostics, tuple(earlier))
    return last


def fit_step(kind: str) -> Callable[[Path, Path, Path, date], FitReport]:
    """The step of a run for one kind: look whether a new version is due, keep what comes of it, and write the run's input."""

    def step(home: Path, warehouse: Path, inputs: Path, as_of: date) -> FitReport:
        def make(former: Fit | None) -> Outcome:
            if former is None:
                return walk_forward(read_rows(warehouse, kind), kind, as_of)
            if not is_old(former, as_of, REFIT_MONTHS):
                kept = Reason("the former version is of this quarter", "la version précédente est de ce trimestre")
                return Outcome({}, former.sample_size, kept)
            versions = load_versions(home, PARAMETERS[kind], SCHEMA).to_pylist()
            risk = risk_of([row for row in versions if row["parameter_version"] == former.parameter_version])
            return attempt(read_rows(warehouse, kind), kind, as_of, risk, former.fitted_as_of)

        return attempt_if_due(home, inputs, as_of, PARAMETERS[kind], PREFIXES[kind], schemas(kind), make)

    return step


def read_rows(warehouse: Path, kind: str) -> pd.DataFrame:
    """The months of a sample of customers of a kind whose outcome is known: at most `LARGEST_SAMPLE` customers, by id."""
    criteria = ", ".join(CRITERIA[kind])
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            f"""with customers as (
                select distinct customer_number from intermediate.int_churn_features
                where churn_kind = ? order by customer_number limit ?
            )
            select customer_number, month, matures_on, has_churned, {criteria}
            from intermediate.int_churn_features
            where churn_kind = ? and has_churned is not null and customer_number in (select customer_number from customers)
            order by customer_number, month""",
            [kind, LARGEST_SAMPLE, kind],
        ).df()
    for day in ("month", "matures_on"):
        rows[day] = pd.to_datetime(rows[day]).dt.date
    return rows
