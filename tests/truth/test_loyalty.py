"""The lift of the loyalty programme over 40 made companies; 400 of them are in `make truth-effect`.

The limits here are those of 40 draws: four standard errors around what the full form must reach.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from dagster_project.estimates.loyalty_effect import estimate
from tests.marts.inputs import run_models, write_inputs
from tests.truth.loyalty import DAYS, QUARTER, WORLDS, LoyaltyWorld, loyalty_company, measures, spent, true_lift

COMPANIES = 40
# the quarter from day 360 on begins on 1 January 2024
FIRST_DAY = pd.Timestamp("2024-01-01") - timedelta(days=QUARTER[0])


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, float]]:
    return {name: measures(world, COMPANIES) for name, world in WORLDS.items()}


def test_the_interval_holds_the_truth_with_and_without_an_effect(found: dict[str, dict[str, float]]) -> None:
    for name in ("no effect", "effect"):
        assert found[name]["estimated"] >= 0.8
        assert found[name]["coverage"] >= 0.82
        assert abs(found[name]["bias"]) < 0.6
        assert 0.7 < found[name]["error_ratio"] < 1.5


def test_an_effect_is_found_none_is_seldom_taken_for_one_and_after_less_before_is_far_off(
    found: dict[str, dict[str, float]],
) -> None:
    assert found["effect"]["true"] > 20 and found["effect"]["positive"] >= 0.55
    assert found["no effect"]["true"] == 0 and found["no effect"]["positive"] <= 0.15
    assert found["no effect"]["naive_bias"] > 1.5


def test_customers_who_join_while_they_buy_more_anyway_are_refused_by_the_placebo(found: dict[str, dict[str, float]]) -> None:
    assert found["mood"]["alarm"] >= 0.75 and found["mood"]["estimated"] <= 0.25
    assert found["no effect"]["alarm"] <= 0.25


def test_the_units_of_sql_are_those_of_the_purchases_and_give_back_the_true_lift(tmp_path: Path) -> None:
    world = LoyaltyWorld(customers=4000, effect=0.6)
    company = loyalty_company(world, 1)
    joined_on = FIRST_DAY + pd.to_timedelta(company.joins, unit="D")
    members = pd.DataFrame(
        {
            "customer_number": np.arange(world.customers),
            "customer_id": [f"C{number}" for number in range(world.customers)],
            "allows_profiling": True,
            "first_known_at": FIRST_DAY - timedelta(days=30),
            "joined_on": joined_on,
            "quarter_start": joined_on.to_period("Q").start_time,
        }
    )
    tickets = pd.DataFrame(
        {
            "customer_number": company.purchases["customer"],
            "sold_on": FIRST_DAY + pd.to_timedelta(company.purchases["day"], unit="D"),
            "net_amount": company.purchases["amount"],
            "tied_since": FIRST_DAY - timedelta(days=30),
        }
    )
    covered = {
        "is_present": True,
        "first_day": str(FIRST_DAY.date()),
        "horizon_at": str(FIRST_DAY + timedelta(days=DAYS)),
    }
    inputs = write_inputs(tmp_path / "inputs", {}, context={"time_zone": "UTC"}, feed_status={"pos_transactions": covered})
    warehouse = tmp_path / "warehouse" / "service_value.duckdb"
    warehouse.parent.mkdir()
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema intermediate")
        connection.register("members", members)
        connection.register("tickets", tickets)
        connection.execute(
            "create table intermediate.int_loyalty_members as select * replace (joined_on::date as joined_on, quarter_start::date as quarter_start) from members"
        )
        connection.execute(
            "create table intermediate.int_loyalty_tickets as select * replace (sold_on::date as sold_on, net_amount::decimal(18, 4) as net_amount) from tickets"
        )
    run_models(inputs, warehouse, "int_loyalty_units")
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        units = connection.execute(
            "select * from intermediate.int_loyalty_units where quarter_start = date '2024-01-01' order by all"
        ).df()
    units["quarter_start"] = pd.to_datetime(units["quarter_start"]).dt.date
    numbers = units["customer_number"].to_numpy()
    zero = np.full(world.customers, -1.0)
    zero[numbers] = (pd.to_datetime(units["day_zero"]) - FIRST_DAY).dt.days
    treated = np.flatnonzero((company.joins >= QUARTER[0]) & (company.joins < QUARTER[1] + 1))
    assert set(numbers[units["is_treated"]]) == set(treated)
    last = company.joins[treated].max() + 90
    assert set(numbers[~units["is_treated"]]) == set(np.flatnonzero(company.joins > last))
    for name, first, end in (
        ("spend_before", -90, -1),
        ("spend_after", 1, 90),
        ("placebo_before", -180, -91),
        ("placebo_after", -90, -1),
    ):
        assert units[name].astype(float).to_numpy() == pytest.approx(spent(company, zero, first, end)[numbers], abs=1e-6)
    assert (units["spend_after"] == units["all_spend_after"]).all() and units["is_tied"].all() and units["has_placebo"].all()
    row = estimate(units).iloc[0]
    truth = true_lift(world, company, treated)
    assert row["verdict"] == "estimated"
    assert 0 < row["spend_lift_low"] < truth < row["spend_lift_high"]
