"""The step that estimates what a run has sampled: quarter by quarter, one file, the same whatever the order of rows."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq

from dagster_project.estimates.effect_units import SCHEMA, write_increments
from dagster_project.estimates.repurchase_increment import estimate
from tests.truth.effect_units import ContactWorld, contact_company, effect_units


def warehouse(path: Path, units: pd.DataFrame, times: float = 0.5) -> Path:
    """A warehouse with these units; the contacted are counted as two groups of so many times the contacted units."""
    with duckdb.connect(str(path)) as connection:
        connection.register("given", units)
        connection.execute("create schema intermediate")
        connection.execute("create table intermediate.int_effect_units as select * from given")
        connection.execute(
            """create table intermediate.int_effect_costs as
            select 'estimate' as method, quarter_start, window_days, segment as value_segment, count(*) * ? as treated
            from given cross join (values (-2), (1)) as segments (segment)
            where design = 'main' and is_treated group by all""",
            [times],
        )
    return path


def units_of_two_quarters() -> pd.DataFrame:
    first = effect_units(contact_company(ContactWorld(customers=900), 1), 1)
    second = effect_units(contact_company(ContactWorld(customers=900), 2), 2).assign(quarter_start=pd.Timestamp("2025-10-01"))
    both = pd.concat([first, second], ignore_index=True)
    return both.drop(columns=[name for name in both.columns if name.startswith("true_") or name == "has_later_contact"])


def test_each_quarter_is_estimated_as_if_it_were_alone(tmp_path: Path) -> None:
    units = units_of_two_quarters()
    report = write_increments(warehouse(tmp_path / "w.duckdb", units), tmp_path)
    written = pq.read_table(tmp_path / "estimates" / "repurchase_increments.parquet")
    assert written.schema == SCHEMA
    found = written.to_pandas()
    assert found["quarter_start"].nunique() == 2
    assert sum(report.verdicts.values()) == len(found)
    for quarter, rows in units.groupby("quarter_start"):
        alone = estimate(rows)
        of_quarter = found[pd.to_datetime(found["quarter_start"]) == quarter]
        pd.testing.assert_series_equal(
            of_quarter["incremental_amount"].reset_index(drop=True), alone["incremental_amount"], check_exact=True
        )


def test_the_same_units_in_another_order_give_the_same_bytes(tmp_path: Path) -> None:
    units = units_of_two_quarters()
    for name, rows in (("one", units), ("other", units.sample(frac=1, random_state=1))):
        write_increments(warehouse(tmp_path / f"{name}.duckdb", rows), tmp_path / name)
    files = [(tmp_path / name / "estimates" / "repurchase_increments.parquet").read_bytes() for name in ("one", "other")]
    assert files[0] == files[1]


def test_an_estimate_of_less_than_half_of_all_contacted_is_refused(tmp_path: Path) -> None:
    units = effect_units(contact_company(ContactWorld(customers=2500), 1), 1)
    units = units.drop(columns=[name for name in units.columns if name.startswith("true_") or name == "has_later_contact"])
    verdicts = {}
    for name, times in (("all", 0.5), ("few", 1.5)):
        write_increments(warehouse(tmp_path / f"{name}.duckdb", units, times), tmp_path / name)
        found = pq.read_table(tmp_path / name / "estimates" / "repurchase_increments.parquet").to_pandas()
        total = found[found["value_segment"] == -1]
        verdicts[name] = set(total["verdict"])
        if name == "few":
            assert total["reason_en"].str.contains("of the contacted customers can be compared").all()
    assert verdicts == {"all": {"estimated"}, "few": {"not_estimable"}}


def test_without_a_unit_the_table_is_there_and_empty(tmp_path: Path) -> None:
    nothing = units_of_two_quarters().head(0)
    report = write_increments(warehouse(tmp_path / "w.duckdb", nothing), tmp_path)
    written = pq.read_table(tmp_path / "estimates" / "repurchase_increments.parquet")
    assert written.num_rows == 0 and written.schema == SCHEMA
    assert report.verdicts == {}
