"""The potential scored in SQL, held against the closed forms in Python, on customers drawn at random."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from dagster_project.estimates.potential import expected_margin
from dagster_project.estimates.purchase_forecast import PurchaseAmounts, PurchaseCounts
from tests.marts.conftest import ONE_VERSION, Rows, line
from tests.marts.inputs import build, key_hash, query, write_inputs

COUNTS = PurchaseCounts(0.8, 6.5, 0.9, 3.1, 0, 0)
AMOUNTS = PurchaseAmounts(4.0, 3.5, 30.0, 0, 0)
VERSION = ONE_VERSION | {
    "fitted_as_of": "2024-06-30",
    "potential_low_cut": "30",
    "potential_high_cut": "90",
    **{f"bgnbd_{name}": str(getattr(COUNTS, name)) for name in ("r", "alpha", "a", "b")},
    **{f"gamma_gamma_{name}": str(getattr(AMOUNTS, name)) for name in ("p", "q", "gamma")},
}
BENCHMARKS = [
    {"cohort_year": None, "region": None, "goods_family": None, "expected_margin_p75": "40", "customers": "400"},
    {"cohort_year": "2023", "region": None, "goods_family": None, "expected_margin_p75": "70", "customers": "200"},
    {"cohort_year": "2023", "region": "North", "goods_family": "lamps", "expected_margin_p75": "120", "customers": "60"},
]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty customers with 1 to 60 purchases since January 2022, from shops in the north and elsewhere."""
    draw = random.Random(5)
    tickets = []
    for customer in range(40):
        number = draw.choice([1, 1, 2, 3, 5, 8, 60])
        for _ in range(number):
            day = date(2022, 1, 3) + timedelta(days=draw.randrange(900))
            tickets.append(
                line(
                    f"T{len(tickets)}",
                    f"{day} 12:00:00",
                    str(Decimal(draw.randrange(300, 9000)) / 100),
                    customer_id=f"C{customer}",
                    store_id=draw.choice(["S1", "S2"]),
                    product_id="P1",
                )
            )
    rows: Rows = {
        "pos_transactions": tickets,
        "pos_stores": [{"store_id": "S1", "region": "North"}, {"store_id": "S2", "region": "South"}],
        "pos_products": [{"product_id": "P1", "category": "lamps"}],
        "crm_customers": [
            {"customer_id": "C0", "allows_profiling": "false", "created_at": "2022-01-01 00:00:00"},
            {"customer_id": "C1", "created_at": "2021-03-01 00:00:00"},
        ],
    }
    version = {"parameter_version": VERSION["parameter_version"], "fitted_as_of": "2024-06-30"}
    inputs = write_inputs(
        tmp_path_factory.mktemp("potential") / "inputs",
        rows,
        value_thresholds=[VERSION],
        potential_benchmarks=[version | row for row in BENCHMARKS],
        lifetime_value=[
            {
                "parameter_version": "lifetime-2024-06-30",
                "fitted_as_of": "2024-06-30",
                "horizon_years": "3",
                "yearly_discount_rate": "0.1",
            }
        ],
    )
    return build(inputs, "+customer_months +customers", with_tests=True)


def scored(warehouse: Path) -> pd.DataFrame:
    return pd.DataFrame(
        query(
            warehouse,
            """select features.*, potentials.expected_margin_12m, potentials.potential_12m, origins.* exclude (customer_id)
               from intermediate.int_customer_month_features as features
               inner join intermediate.int_customer_month_potential as potentials using (customer_id, month)
               inner join intermediate.int_customer_origins as origins using (customer_id)""",
        )
    )


def test_the_expected_margin_in_sql_is_that_of_the_closed_forms(warehouse: Path) -> None:
    rows = scored(warehouse)
    assert len(rows) > 500 and rows["purchase_days"].max() > 40 and (rows["purchase_days"] == 1).any()
    assert rows["age_days"].min() < 31, "the youngest have the slowest series"
    expected = expected_margin(COUNTS, AMOUNTS, rows)
    assert rows["expected_margin_12m"].to_numpy() == pytest.approx(expected, rel=1e-6)


def test_the_potential_is_the_narrowest_benchmark_or_the_expectation_where_that_is_more(warehouse: Path) -> None:
    rows = scored(warehouse)
    is_2023, is_north = rows["cohort_year"] == 2023, rows["region"] == "North"
    mark = np.where(is_2023 & is_north, 120.0, np.where(is_2023, 70.0, 40.0))
    assert set(mark) == {120.0, 70.0, 40.0}
    assert rows["potential_12m"].to_numpy() == pytest.approx(np.maximum(rows["expected_margin_12m"], mark), rel=1e-9)
    assert (rows["potential_12m"] > rows["expected_margin_12m"]).any()
    assert (rows["potential_12m"] == rows["expected_margin_12m"]).any()


def test_who_is_not_profiled_has_no_forecast_and_no_potential(warehouse: Path) -> None:
    months = query(warehouse, f"from marts.customer_months where customer_id = '{key_hash('crm', 'C0')}'")
    assert {row["value_segment"] for row in months} == {-2}
    assert {(row["expected_margin_12m"], row["potential_12m"], row["potential_tier"]) for row in months} == {(None, None, None)}


def test_segments_follow_the_map_of_value_and_potential(warehouse: Path) -> None:
    cells = query(
        warehouse,
        "select distinct value_tier, potential_tier, value_segment from marts.customer_months where value_tier is not null",
    )
    assert {row["value_segment"] for row in cells} == {2, 3, 4, 5}
    # the published seed: the sum of the two tiers, less one
    assert all(row["value_segment"] == row["value_tier"] + row["potential_tier"] - 1 for row in cells)


def test_the_lifetime_value_in_sql_is_three_discounted_years_of_the_closed_forms(warehouse: Path) -> None:
    rows = scored(warehouse)
    rows = rows[rows["month"] == rows["month"].max()]
    found = {
        row["customer_id"]: row["lifetime_value"]
        for row in query(warehouse, "from marts.customers where lifetime_value is not null")
    }
    assert set(found) == set(rows["customer_id"])
    until = [expected_margin(COUNTS, AMOUNTS, rows, weeks) for weeks in (52, 104, 156)]
    expected = until[0] / 1.1**0.5 + (until[1] - until[0]) / 1.1**1.5 + (until[2] - until[1]) / 1.1**2.5
    assert rows["customer_id"].map(found).to_numpy(dtype=float) == pytest.approx(expected, rel=1e-5)
    assert (expected > until[0]).any()
    assert (expected < until[2]).all()


def test_who_was_seen_before_the_sales_begin_has_no_first_purchase_in_them(warehouse: Path) -> None:
    rows = query(
        warehouse,
        f"""from intermediate.int_customer_month_features
            where month = date '2024-06-01' and customer_id in ('{key_hash("crm", "C1")}', '{key_hash("crm", "C2")}')
            order by customer_id = '{key_hash("crm", "C1")}' desc""",
    )
    before, with_them = rows
    first_day = query(warehouse, "select min(sold_on) as day from intermediate.int_tickets")[0]["day"]
    assert before["repeat_days"] == before["purchase_days"]
    assert before["age_days"] == (date(2024, 6, 1) - first_day).days
    assert with_them["repeat_days"] == with_them["purchase_days"] - 1
    assert with_them["age_days"] == (date(2024, 6, 1) - with_them["first_purchase_on"]).days
