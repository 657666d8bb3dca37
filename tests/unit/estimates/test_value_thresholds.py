"""Cut points of value: worked by hand, refusals, when a fit is due, and which versions a run may use."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dagster_project.estimates.parameter_files import load_versions, store_version
from dagster_project.estimates.value_thresholds import (
    NAME,
    SCHEMA,
    FitRefusedError,
    Thresholds,
    Version,
    as_row,
    fit,
    fit_if_due,
    is_due,
    stored_versions,
    usable_versions,
    write_input,
)


def values(*numbers: object, sales_months: int = 12) -> pd.DataFrame:
    return pd.DataFrame(
        {"value_12m": [Decimal(str(number)) for number in numbers], "sales_months_12m": sales_months}, dtype=object
    )


def thresholds(first: str) -> Thresholds:
    cut = Decimal(first)
    return Thresholds((cut, cut * 3), (cut, cut * 2, cut * 3, cut * 4), 12, 30)


def test_thirty_customers_worth_1_to_30_euros_are_cut_at_the_terciles_and_quintiles() -> None:
    fitted = fit(values(*range(1, 31)))
    # ten customers below 11, ten below 21; six in each fifth: 7 is the first value of the second
    assert fitted.tier_cuts == (Decimal("11.00"), Decimal("21.00"))
    assert fitted.segment_cuts == (Decimal("7.00"), Decimal("13.00"), Decimal("19.00"), Decimal("25.00"))
    assert fitted.sample_size == 30
    assert fitted.sales_months == 12


def test_a_fit_says_on_how_many_months_of_sales_it_stands() -> None:
    assert as_row(fit(values(*range(1, 31), sales_months=9)), date(2024, 6, 1), is_first=True)["sales_months"].to_pylist() == [9]


def test_cut_points_of_a_young_company_are_refused_because_everybody_would_rise_while_the_year_fills() -> None:
    with pytest.raises(FitRefusedError, match="8 months of sales are known, 9 of the twelve before are needed"):
        fit(values(*range(1, 31), sales_months=8))


def test_the_order_of_customers_and_those_without_value_change_nothing() -> None:
    usual = fit(values(*range(1, 31)))
    assert fit(values(0, -5, *range(30, 0, -1), 0)) == usual


def test_cut_points_are_rounded_to_cents() -> None:
    fitted = fit(values(*(f"{number}.005" for number in range(1, 31))))
    assert fitted.tier_cuts == (Decimal("11.01"), Decimal("21.01"))


def test_twenty_four_customers_are_too_few_and_twenty_five_are_enough() -> None:
    with pytest.raises(FitRefusedError, match="24 customers had a positive value in the year before, 25 are needed"):
        fit(values(0, *range(1, 25)))
    assert fit(values(*range(1, 26))).sample_size == 25


def test_cut_points_that_coincide_are_refused() -> None:
    with pytest.raises(FitRefusedError, match=r"segment cut points 5\.00, 5\.00, .* do not rise"):
        fit(values(*[5] * 13, *range(10, 27)))


def test_a_fit_is_due_when_there_is_none_or_the_newest_is_twelve_months_old() -> None:
    newest = Version("value-2024-01-31", date(2024, 1, 31))
    older = Version("value-2023-01-31", date(2023, 1, 31))
    assert is_due([], date(2024, 1, 31))
    assert not is_due([newest, older], date(2024, 1, 31))
    assert not is_due([newest, older], date(2025, 1, 30))
    assert is_due([newest, older], date(2025, 1, 31))


def test_a_fit_on_less_than_a_year_is_due_again_a_month_later() -> None:
    young = Version("value-2024-01-31", date(2024, 1, 31), sales_months=10)
    assert not is_due([young], date(2024, 2, 28))
    assert is_due([young], date(2024, 2, 29))


def test_a_fit_of_29_february_is_due_again_on_28_february() -> None:
    leap = Version("value-2024-02-29", date(2024, 2, 29))
    assert not is_due([leap], date(2025, 2, 27))
    assert is_due([leap], date(2025, 2, 28))


def test_a_back_fill_before_the_newest_version_is_never_due() -> None:
    versions = [Version("a", date(2020, 1, 1)), Version("b", date(2024, 1, 1))]
    assert not is_due(versions, date(2019, 6, 1))
    assert not is_due(versions, date(2022, 6, 1))


def test_a_run_uses_the_versions_fitted_by_its_as_of_date_else_the_first() -> None:
    stored = pa.concat_tables(
        [
            as_row(thresholds("20"), date(2024, 6, 1), is_first=False),
            as_row(thresholds("10"), date(2023, 6, 1), is_first=True),
        ]
    )
    names = ["value-2023-06-01", "value-2024-06-01"]
    assert usable_versions(stored, date(2024, 6, 1))["parameter_version"].to_pylist() == names
    assert usable_versions(stored, date(2024, 5, 31))["parameter_version"].to_pylist() == names[:1]
    assert usable_versions(stored, date(2020, 1, 1))["parameter_version"].to_pylist() == names[:1]
    assert usable_versions(SCHEMA.empty_table(), date(2024, 6, 1)).num_rows == 0


def test_a_stored_version_is_never_changed(tmp_path: Path) -> None:
    row = as_row(thresholds("10"), date(2024, 6, 1), is_first=True)
    store_version(tmp_path, NAME, "value-2024-06-01", row)
    with pytest.raises(FileExistsError, match=r"value-2024-06-01\.parquet exists already"):
        store_version(tmp_path, NAME, "value-2024-06-01", row)
    assert load_versions(tmp_path, NAME, SCHEMA) == row
    assert stored_versions(tmp_path) == [Version("value-2024-06-01", date(2024, 6, 1))]


def test_a_home_without_versions_gives_an_input_without_rows(tmp_path: Path) -> None:
    assert write_input(tmp_path, tmp_path / "inputs", date(2024, 6, 30)) == ()
    written = pq.read_table(tmp_path / "inputs" / "parameters" / "value_thresholds.parquet")
    assert written.schema == SCHEMA
    assert written.num_rows == 0


def warehouse(path: Path, count: int) -> Path:
    """A warehouse in which `count` customers are worth 1, 2, 3, ... euros at the start of June; no other may count."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema intermediate")
        connection.execute(
            f"""create table intermediate.int_customer_month_features as
            select *, 'C' || row_number() over () as customer_id, 1 as purchase_days, 200 as age_days, 200 as recency_days,
                value_12m as value_before
            from (
                select date '2024-06-01' as month, true as allows_profiling, cast(number + 1 as decimal(18, 4)) as value_12m,
                    12 as sales_months_12m
                from range({count}) as numbers (number)
                union all select date '2024-05-01', true, 1000, 11 from range(50)
                union all select date '2024-06-01', false, 1000, 12 from range(50)
            )"""
        )
        connection.execute(
            """create table intermediate.int_customer_origins as
            select distinct customer_id, 2023 as cohort_year, 'North' as region, 'lamps' as goods_family
            from intermediate.int_customer_month_features"""
        )
    return path


def test_a_run_fits_stores_and_hands_over_a_version_and_a_second_run_only_reads_it(tmp_path: Path) -> None:
    path = warehouse(tmp_path / "warehouse.duckdb", 30)
    first = fit_if_due(tmp_path, path, tmp_path / "inputs", date(2024, 6, 30))
    assert first.metadata() == {
        "is_fitted": True,
        "reason": "due; without potential: 30 customers with a purchase, 0 of them with a second one; 200 and 50 are needed",
        "versions": "value-2024-06-30",
        "sample_size": 30,
    }
    written = (tmp_path / "inputs" / "parameters" / "value_thresholds.parquet").read_bytes()
    row = pq.read_table(tmp_path / "inputs" / "parameters" / "value_thresholds.parquet").to_pylist()[0]
    assert row["is_retrospective"] is True
    assert row["segment_cut_1"] == Decimal("7")
    assert (row["bgnbd_r"], row["potential_low_cut"]) == (None, None)
    assert pq.read_table(tmp_path / "inputs" / "parameters" / "potential_benchmarks.parquet").num_rows == 0
    second = fit_if_due(tmp_path, path, tmp_path / "inputs", date(2024, 6, 30))
    assert (second.is_fitted, second.reason, second.versions) == (False, "not due", ("value-2024-06-30",))
    assert (tmp_path / "inputs" / "parameters" / "value_thresholds.parquet").read_bytes() == written


def test_a_refused_fit_says_why_and_leaves_the_run_without_parameters(tmp_path: Path) -> None:
    path = warehouse(tmp_path / "warehouse.duckdb", 10)
    report = fit_if_due(tmp_path, path, tmp_path / "inputs", date(2024, 6, 30))
    assert report.reason == "refused: 10 customers had a positive value in the year before, 25 are needed"
    assert report.metadata()["versions"] == "none"
    assert stored_versions(tmp_path) == []
