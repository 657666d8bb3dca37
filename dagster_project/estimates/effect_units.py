"""From `int_effect_units` and the counts of `int_effect_costs` in the warehouse to `estimates/repurchase_increments.parquet` in the inputs of the run.

Here: reading by quarter, so that a year of a large company is never in memory at once, and writing. What is estimated is in
`repurchase_increment.py`. It is an estimate of this run, no stored parameter: the same inputs give the same file.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from dagster_project.estimates import repurchase_increment
from dagster_project.estimates.parameter_files import write_table

FOLDER = "estimates"
INCREMENTS = "repurchase_increments"


@dataclass(frozen=True)
class IncrementReport:
    """`verdicts`: rows by method and verdict. `alarms`: how many rows of a total a check alarms."""

    verdicts: dict[str, int]
    alarms: dict[str, int]


def write_increments(warehouse: Path, inputs: Path) -> IncrementReport:
    """The step of a run: estimate every quarter, write the table that dbt reads (empty when there is no unit)."""
    quarters_only = "select distinct quarter_start from intermediate.int_effect_units order by all"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        quarters = [row[0] for row in connection.execute(quarters_only).fetchall()]
        # a quarter of no unit at all gives the table its columns
        tables = [_estimate(connection, quarter) for quarter in quarters or [date.min]]
    made = pd.concat(tables, ignore_index=True)
    write_table(as_table(made), inputs / FOLDER / f"{INCREMENTS}.parquet")
    total = made[made["value_segment"] == repurchase_increment.TOTAL]
    return IncrementReport(
        verdicts=dict(Counter(f"{method} {verdict}" for method, verdict in zip(made["method"], made["verdict"], strict=True))),
        alarms={name: int(total[name].fillna(False).sum()) for name in repurchase_increment.TRUTHS},
    )


def _estimate(connection: duckdb.DuckDBPyConnection, quarter: date) -> pd.DataFrame:
    units = connection.execute("select * from intermediate.int_effect_units where quarter_start = ?", [quarter]).df()
    counted = connection.execute(
        """select method, window_days, sum(treated)::double from intermediate.int_effect_costs
        where quarter_start = ? group by method, window_days""",
        [quarter],
    ).fetchall()
    everybody: dict[str, dict[tuple[pd.Timestamp, int], float]] = {"estimate": {}, "hold_out": {}}
    for method, window, number in counted:
        everybody[method][pd.Timestamp(quarter), int(window)] = float(number)
    found = [
        repurchase_increment.estimate(units, everybody["estimate"]),
        repurchase_increment.hold_out(units, everybody["hold_out"]),
    ]
    # an empty frame among others would decide on types
    return pd.concat([frame for frame in found if len(frame)] or found[:1], ignore_index=True)


def as_table(made: pd.DataFrame) -> pa.Table:
    """Rows of `repurchase_increment` with one type for each column, whether there are any or none; not a number is null."""
    return pa.Table.from_pandas(made, schema=SCHEMA, preserve_index=False, safe=False)


def _type(name: str) -> pa.DataType:
    if name in repurchase_increment.INTEGERS:
        return pa.int64()
    if name in repurchase_increment.TRUTHS:
        return pa.bool_()
    if name in repurchase_increment.TEXTS:
        return pa.string()
    return pa.date32() if name == "quarter_start" else pa.float64()


SCHEMA = pa.schema([pa.field(name, _type(name)) for name in repurchase_increment.COLUMNS])
