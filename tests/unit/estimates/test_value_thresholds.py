"""Cut points of value: worked by hand, refusals, when a fit is due, and which versions a run may use."""

from __future__ import annotations

import zlib
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from dagster_project.estimates.parameter_versions import Fit, FitRefusedError, Reason, attempts, stability_index, write_input
from dagster_project.estimates.value_thresholds import (
    BENCHMARKS,
    PARAMETER,
    SCHEMA,
    SCHEMAS,
    Thresholds,
    Version,
    as_row,
    attempt,
    fit,
    fit_if_due,
    segment_map_of,
    shares_by_segment,
)

# the published seed: the sum of both tiers less one
MAP = {(value, potential): value + potential - 1 for value in (1, 2, 3) for potential in (1, 2, 3)}


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
    assert as_row(fit(values(*range(1, 31), sales_months=9)), date(2024, 6, 1))["sales_months"].to_pylist() == [9]


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
    with pytest.raises(
        FitRefusedError, match=r"the cut points of the segments \(5\.00, 5\.00, .*\) tell nobody apart"
    ) as refused:
        fit(values(*[5] * 13, *range(10, 27)))
    assert refused.value.reason.fr.startswith(
        "trop de clients ont la même valeur : les seuils des segments (5,00\u202f; 5,00\u202f; "
    )
    assert refused.value.reason.fr.endswith(") ne séparent personne")


def test_a_home_without_versions_gives_an_input_without_rows(tmp_path: Path) -> None:
    assert write_input(tmp_path, tmp_path / "inputs", date(2024, 6, 30), PARAMETER, SCHEMAS) == ()
    written = pq.read_table(tmp_path / "inputs" / "parameters" / "value_thresholds.parquet")
    assert written.schema == SCHEMA
    assert written.num_rows == 0


def warehouse(path: Path, count: int) -> Path:
    """A warehouse in which `count` customers are worth 1, 2, 3, ... euros at the start of June; no other may count."""
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema intermediate")
        connection.execute(
            f"""create table intermediate.int_customer_month_features as
            select *, 'C' || row_number() over () as customer_id, 1 as purchase_days, 0 as repeat_days, 200 as age_days, 200 as recency_days,
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
    told = first.metadata()
    assert (told["is_fitted"], told["versions"], told["sample_size"]) == (True, "value-2024-06-30", 30)
    because = "30 customers with a purchase, 0 of them with a second one; 200 and 50 are needed"
    assert told["reason"] == f"the first version; without potential: {because}"
    assert told["diagnostic_no_potential_because"] == because
    written = (tmp_path / "inputs" / "parameters" / "value_thresholds.parquet").read_bytes()
    row = pq.read_table(tmp_path / "inputs" / "parameters" / "value_thresholds.parquet").to_pylist()[0]
    assert row["segment_cut_1"] == Decimal("7")
    assert row["margin_share"] == 0.2
    assert (row["bgnbd_r"], row["potential_low_cut"]) == (None, None)
    assert pq.read_table(tmp_path / "inputs" / "parameters" / "potential_benchmarks.parquet").num_rows == 0
    fits = pq.read_table(tmp_path / "inputs" / "parameters" / "fits.parquet").to_pylist()
    assert [(fit["verdict"], fit["is_retrospective"]) for fit in fits] == [("fitted", True)]
    second = fit_if_due(tmp_path, path, tmp_path / "inputs", date(2024, 6, 30))
    assert (second.attempt, second.versions) == (None, ("value-2024-06-30",))
    assert (tmp_path / "inputs" / "parameters" / "value_thresholds.parquet").read_bytes() == written


def test_a_refused_fit_says_why_and_leaves_the_run_without_parameters(tmp_path: Path) -> None:
    path = warehouse(tmp_path / "warehouse.duckdb", 10)
    report = fit_if_due(tmp_path, path, tmp_path / "inputs", date(2024, 6, 30))
    assert report.metadata()["reason"] == "10 customers had a positive value in the year before, 25 are needed"
    assert (report.metadata()["verdict"], report.versions) == ("refused", ())
    assert [fit.verdict for fit in attempts(tmp_path, PARAMETER)] == ["refused"]


# --- when a new version is needed, and when it is worse than the former one


def customers(count: int, seed: int, *, factor: float = 1.0, sales_months: int = 12) -> pd.DataFrame:
    """Customers who buy at rates gamma distributed, `factor` times as much each time, with what the forecast reads."""
    draw = np.random.default_rng(seed)
    rate, scale = draw.gamma(1.2, 1 / 10.0, count), factor * 60 / draw.gamma(4.0, 1.0, count)
    age = draw.integers(60, 700, count)
    days = 1 + draw.poisson(rate * age / 7)
    money = [Decimal(repr(round(float(value), 2))) for value in draw.gamma(2.0 * days) * scale]
    return pd.DataFrame(
        {
            "customer_id": [f"{seed}-{number}" for number in range(count)],
            "value_12m": money,
            "sales_months_12m": sales_months,
            "purchase_days": days,
            "repeat_days": days - 1,
            "age_days": age,
            "recency_days": np.where(days > 1, (age * draw.uniform(0, 0.6, count)).astype(int), age),
            "value_before": money,
            "cohort_year": 2023,
            "region": "North",
            "goods_family": "lamps",
        }
    ).astype({"value_12m": object})


def first_version(rows: pd.DataFrame, as_of: date) -> tuple[Fit, Version]:
    outcome = attempt(rows, as_of, None, None, MAP)
    name = f"value-{as_of}"
    former = Fit(PARAMETER, name, as_of, "fitted", True, outcome.sample_size, Reason("", ""), outcome.diagnostics)
    return former, Version(outcome.tables[PARAMETER].to_pylist()[0], outcome.tables[BENCHMARKS].to_pandas())


def test_within_a_year_a_version_stays_while_the_customers_are_the_same_and_goes_when_they_have_changed() -> None:
    former, row = first_version(customers(3000, 1), date(2024, 1, 31))
    same = attempt(customers(3000, 2), date(2024, 6, 30), former, row, MAP)
    assert same.tables == {}
    assert same.reason.en.startswith("customers have not changed: stability index 0.0")
    changed = attempt(customers(3000, 2, factor=2.0), date(2024, 6, 30), former, row, MAP)
    assert changed.diagnostics["stability_index"] > 0.2
    assert changed.reason.en.startswith("customers have changed: stability index 0.")
    assert changed.reason.fr.startswith("les clients ont changé : indice de stabilité 0,")
    assert changed.tables[PARAMETER]["parameter_version"].to_pylist() == ["value-2024-06-30"]


def test_a_year_later_a_new_version_is_fitted_in_any_case_and_says_how_good_it_is() -> None:
    former, row = first_version(customers(3000, 1), date(2024, 1, 31))
    assert attempt(customers(3000, 2), date(2025, 1, 30), former, row, MAP).tables == {}
    later = attempt(customers(3000, 3, factor=1.3), date(2025, 1, 31), former, row, MAP)
    assert later.reason.en == "the former version is a year old"
    of_new, of_former = (later.diagnostics[f"held_out_log_likelihood{suffix}"] for suffix in ("", "_of_former"))
    assert of_new > of_former - 0.05


def test_a_version_of_less_than_a_year_of_sales_is_replaced_at_the_next_look() -> None:
    former, row = first_version(customers(3000, 1, sales_months=10), date(2024, 1, 31))
    assert attempt(customers(3000, 2, sales_months=11), date(2024, 2, 28), former, row, MAP).tables


def test_a_forecast_that_is_worse_than_the_former_on_customers_that_it_has_not_seen_is_refused() -> None:
    former, row = first_version(customers(3000, 1), date(2024, 1, 31))
    rows = customers(3000, 2)
    # a batch of amounts in another currency, which by chance holds none of the fifth that is left out
    is_held_out = rows["customer_id"].map(lambda name: zlib.crc32(name.encode()) % 5 == 0)
    rows["value_before"] = [
        money if held_out else money * 3 for money, held_out in zip(rows["value_before"], is_held_out, strict=True)
    ]
    with pytest.raises(FitRefusedError, match="the forecast would be worse than the former one on customers") as refusal:
        attempt(rows, date(2025, 1, 31), former, row, MAP)
    found = refusal.value.diagnostics
    assert found["held_out_log_likelihood"] < found["held_out_log_likelihood_of_former"]
    assert "moins bonne que la précédente" in refusal.value.reason.fr


def test_a_version_without_forecast_does_not_follow_one_that_had_it() -> None:
    former, row = first_version(customers(3000, 1), date(2024, 1, 31))
    with pytest.raises(FitRefusedError, match="no forecast can be fitted any more"):
        attempt(customers(100, 2), date(2025, 1, 31), former, row, MAP)


def test_without_a_forecast_shares_are_of_fifths_and_those_without_value_apart() -> None:
    rows = values(0, -1, 5, 10, 15, 20)
    version = {f"segment_cut_{number}": Decimal(10 * number) for number in range(1, 5)} | {"bgnbd_r": None}
    assert shares_by_segment(rows, version, pd.DataFrame(), MAP) == pytest.approx([2 / 6, 1 / 6, 2 / 6, 1 / 6, 0, 0])


def test_with_a_forecast_shares_are_of_the_segments_that_are_published_and_a_drift_of_the_potential_shows() -> None:
    rows = customers(3000, 1)
    former, version = first_version(rows, date(2024, 1, 31))
    shares = [former.diagnostics[f"share_{number}"] for number in range(6)]
    assert sum(shares) == pytest.approx(1) and shares[0] == 0
    # all have bought long ago: worth as much as before, and nothing is to be expected of them
    silent = rows.assign(recency_days=rows["age_days"])
    moved = shares_by_segment(silent, version.row, version.marks, MAP)
    assert moved[5] < shares[5]
    assert stability_index(shares, moved) > stability_index(shares, shares_by_segment(rows, version.row, version.marks, MAP)) == 0


def test_nobody_to_profile_and_no_sales_are_said_and_not_counted_as_nothing() -> None:
    with pytest.raises(FitRefusedError, match="no customer is known who may be profiled"):
        fit(values())
    with pytest.raises(FitRefusedError, match="no sales are known"):
        fit(values(1, 2).assign(value_12m=None, sales_months_12m=None))


def test_shares_are_of_the_segments_of_the_home_where_it_has_a_map_of_its_own(tmp_path: Path) -> None:
    rows = customers(3000, 1)
    _, version = first_version(rows, date(2024, 1, 31))
    of_project = shares_by_segment(rows, version.row, version.marks, segment_map_of(tmp_path))
    assert of_project == shares_by_segment(rows, version.row, version.marks, MAP) and of_project[5] > 0
    (tmp_path / "reference").mkdir()
    pairs = [(value, potential) for value in (1, 2, 3) for potential in (1, 2, 3)]
    own = pd.DataFrame(pairs, columns=["value_tier", "potential_tier"]).assign(value_segment=1)
    own.to_parquet(tmp_path / "reference" / "segment_map.parquet")
    assert shares_by_segment(rows, version.row, version.marks, segment_map_of(tmp_path)) == [0, 1, 0, 0, 0, 0]
    own.head(0).to_parquet(tmp_path / "reference" / "segment_map.parquet")
    assert shares_by_segment(rows, version.row, version.marks, segment_map_of(tmp_path)) == of_project
