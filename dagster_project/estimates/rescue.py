"""What contacts with customers at risk have kept: how many stayed because of them, estimated or refused.

Here, pure: the estimate from `int_rescue_units` and the criteria known at the start of the month. Not here: who is at risk and who stayed
(dbt, intermediate/churn), revenue and words of the mart (`churn_rescues`), the weights (`entropy_balancing.py`).

Customers at risk who were contacted in a month beside customers at risk who were not (whatever happens to them later), by kind
over all months: the others are weighted until their criteria agree with those of the contacted, and a linear model of staying
corrects what is left, so that it is right if either is. Each unit has its part in the sum, so that the cells of month and
segment add up to the total exactly; the variance is that of the parts, summed by customer. Sources: Hainmueller 2012; Robins, Rotnitzky and Zhao
1994. Contacts in which somebody wants to leave have no like among those who were not contacted: they are not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from threadpoolctl import threadpool_limits

from dagster_project.estimates.churn import CRITERIA
from dagster_project.estimates.entropy_balancing import entropy_balance
from dagster_project.estimates.parameter_files import write_table

Floats = npt.NDArray[np.float64]

NAME = "rescue_effects"
FOLDER = "estimates"
ALL, TOTAL = "all", -1
MINIMUM_SAMPLE = 30
# the usual limit of a negligible standardised difference (Austin 2009)
WORST_BALANCE = 0.1
# of those contacted and those not that one estimate looks at, by id, which is a hash
LARGEST_SAMPLE = 200_000
Z_95 = 1.959963984540054
SCHEMA = pa.schema(
    [
        pa.field("month", pa.date32()),
        pa.field("value_segment", pa.int32()),
        # `subscription`, `silence`, or `all`: the sum of those that are estimated
        pa.field("churn_kind", pa.string()),
        pa.field("treated", pa.int64()),
        pa.field("controls", pa.int64()),
        pa.field("incremental_retained", pa.float64()),
        pa.field("incremental_retained_low", pa.float64()),
        pa.field("incremental_retained_high", pa.float64()),
        pa.field("effective_sample", pa.float64()),
        pa.field("worst_balance", pa.float64()),
    ]
)


@dataclass(frozen=True)
class Parts:
    """What each unit adds to the customers kept, of one kind, and the quality of the comparison."""

    rows: pd.DataFrame
    effective_sample: float
    worst_balance: float


class NotEstimableError(ValueError):
    """The comparison does not hold: the sentence says why."""


def parts_of(units: pd.DataFrame, kind: str) -> Parts:
    """Each unit's part in the customers kept by the contacts: `month`, `value_segment`, `customer_number`, `is_treated`, `part`.

    `units`: mature units of the kind by score, with `weight` (how many units each stands for), `is_retained` and the criteria.
    Raises NotEstimableError.
    """
    rows = units.sort_values(["customer_number", "month", "is_treated"]).reset_index(drop=True)
    treated = rows["is_treated"].to_numpy(dtype=bool)
    if treated.sum() < MINIMUM_SAMPLE or (~treated).sum() < MINIMUM_SAMPLE:
        raise NotEstimableError(f"{treated.sum()} contacted and {(~treated).sum()} not: {MINIMUM_SAMPLE} of each are needed")
    covariates = np.column_stack([rows[list(CRITERIA[kind])].to_numpy(dtype=np.float64), _months(rows)])
    covariates = covariates[:, covariates.std(axis=0) > 1e-9]
    targets, scales = covariates[treated].mean(axis=0), covariates.std(axis=0)
    stayed = rows["is_retained"].to_numpy(dtype=np.float64)
    with threadpool_limits(limits=1):
        balance = entropy_balance(covariates[~treated], targets, scales, np.ones(int((~treated).sum())))
        if balance.worst_difference >= WORST_BALANCE:
            raise NotEstimableError(f"a criterion stays {balance.worst_difference:.2f} standard deviations apart")
        if balance.effective_sample < MINIMUM_SAMPLE:
            raise NotEstimableError(f"those not contacted are as precise as {balance.effective_sample:.0f}: too few are alike")
        design = np.column_stack([np.ones(len(rows)), (covariates - targets) / scales])
        root = np.sqrt(balance.weights)[:, None]
        model = np.linalg.lstsq(design[~treated] * root, stayed[~treated] * root[:, 0], rcond=None)[0]
    left_over = stayed - design @ model
    part = np.zeros(len(rows))
    part[treated] = left_over[treated]
    part[~treated] = -treated.sum() * balance.weights * left_over[~treated]
    # of a part of the customers, drawn by their id, the sum stands for all
    made = rows[["month", "value_segment", "customer_number", "is_treated", "weight"]].assign(part=part * rows["weight"])
    return Parts(made, balance.effective_sample, balance.worst_difference)


def _months(rows: pd.DataFrame) -> Floats:
    months = pd.to_datetime(rows["month"])
    return np.asarray(months.dt.year * 12 + months.dt.month, dtype=np.float64)


def sum_with_interval(rows: pd.DataFrame) -> tuple[float, float, float]:
    """The sum of the parts of a cell and its 95 % interval, customers as clusters; the number contacted is taken as given."""
    total, treated = float(rows["part"].sum()), int(rows["is_treated"].sum())
    centred = rows["part"].to_numpy() - rows["is_treated"].to_numpy(dtype=np.float64) * (total / max(treated, 1))
    by_customer = pd.Series(centred).groupby(rows["customer_number"].to_numpy()).sum().to_numpy()
    error = float(np.sqrt((by_customer**2).sum()))
    return total, total - Z_95 * error, total + Z_95 * error


def estimate(units: pd.DataFrame) -> pd.DataFrame:
    """Rows of `SCHEMA` for each month, segment (-1 = total) and kind with contacted customers, where the comparison holds.

    `units`: `customer_number`, `month`, `churn_kind`, `value_segment`, `is_treated`, `weight`, `is_retained` and all criteria; mature and
    by score.
    """
    found: dict[str, Parts] = {}
    for kind in sorted(CRITERIA):
        try:
            found[kind] = parts_of(units[units["churn_kind"] == kind], kind)
        except NotEstimableError:
            continue
    made = []
    for kind, names in [*((kind, [kind]) for kind in found), (ALL, list(found))] if found else []:
        rows = pd.concat([found[name].rows for name in names], ignore_index=True)
        effective = min(found[name].effective_sample for name in names)
        worst = max(found[name].worst_balance for name in names)
        for month, of_month in rows.groupby("month", sort=True):
            for segment, cell in [(TOTAL, of_month), *of_month.groupby("value_segment", sort=True)]:
                treated = round(float(cell.loc[cell["is_treated"], "weight"].sum()))
                if treated == 0:
                    continue
                total, low, high = sum_with_interval(cell)
                made.append(
                    {
                        "month": month,
                        "value_segment": int(segment),
                        "churn_kind": kind,
                        "treated": treated,
                        "controls": int((~cell["is_treated"].astype(bool)).sum()),
                        "incremental_retained": _rounded(total),
                        "incremental_retained_low": _rounded(low),
                        "incremental_retained_high": _rounded(high),
                        "effective_sample": _rounded(effective),
                        "worst_balance": _rounded(worst),
                    }
                )
    return pd.DataFrame(made, columns=SCHEMA.names)


def _rounded(number: float) -> float:
    return float(f"{number:.9g}")


def write_effects(warehouse: Path, inputs: Path) -> int:
    """The step of a run: estimate, and write `estimates/rescue_effects.parquet` of its inputs; returns the number of rows."""
    rows = estimate(read_units(warehouse))
    write_table(pa.Table.from_pandas(rows, schema=SCHEMA, preserve_index=False), inputs / FOLDER / f"{NAME}.parquet")
    return len(rows)


def read_units(warehouse: Path) -> pd.DataFrame:
    """Mature units by score with the criteria of their month: at most `LARGEST_SAMPLE` of each kind, by hashed id, with the `weight`
    that makes them stand for all of the kind."""
    criteria = sorted({name for names in CRITERIA.values() for name in names})
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            f"""select units.customer_number, units.month, units.churn_kind, units.value_segment, units.is_treated,
                units.is_retained,
                greatest(1, count(*) over (partition by units.churn_kind) / ?::double) as weight, {", ".join(f"features.{name}" for name in criteria)}
            from intermediate.int_rescue_units as units
            inner join intermediate.int_churn_features as features
                on units.customer_number = features.customer_number and units.month = features.month
            where units.basis = 'score' and units.is_mature
            qualify row_number() over (partition by units.churn_kind order by units.customer_number, units.month, units.is_treated) <= ?
            order by units.customer_number, units.month, units.is_treated""",
            [LARGEST_SAMPLE, LARGEST_SAMPLE],
        ).df()
    rows["month"] = pd.to_datetime(rows["month"]).dt.date
    return rows
