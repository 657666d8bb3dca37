"""The project's SQL and the second way in numpy give the same units of effect of the same small company, unit by unit.

Both are given the same purchases, contacts and pseudo-dates (drawn by a hash in SQL, by numpy's generator in the second way).
Not compared: what only SQL has (channel, return and sessions; returns are switched off, and have unit tests of their own), tenure
(SQL: from the day first seen, here from the first purchase), the segments' cuts, and the negative control, which SQL judges a week
after the abandoned contact and numpy at once.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.truth.effect_units import effect_units
from tests.truth.increments import WORLDS
from tests.truth.simulated_events import cut, events, simulation
from tests.truth.simulated_warehouse import QUARTER, WINDOW, read_units, units_built, write_warehouse

CUSTOMERS = 1200
KEY = ["design", "customer_number", "is_treated"]
ONLY_IN_SQL = {"x_last_is_remote", "x_last_is_returned", *(f"x_sessions_{days}" for days in (7, 30, 90, 365))}
DRAWS = (
    "select design, customer_number, time_zero_at from intermediate.int_effect_draws where not is_treated and quarter_start = ?"
)
TIME_ZEROS = """
select design, customer_number, is_treated, day_zero, segments.value_segment as segment_of_month
from intermediate.int_effect_time_zeros as time_zeros
inner join intermediate.int_customers as customers using (customer_number)
inner join intermediate.int_customer_month_segments as segments
    on segments.customer_id = customers.customer_id and segments.month = date_trunc('month', time_zeros.day_zero)
where quarter_start = ?
"""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Units by SQL and by numpy, in the order of KEY; those of SQL with `segment_of_month`."""
    parameters = WORLDS["effect"][1]
    parameters = replace(parameters, shopping=replace(parameters.shopping, store_return_share=0.0, web_return_share=0.0))
    with simulation(CUSTOMERS, 1, parameters, threads=1) as connection:
        company = cut(*events(connection, 1))[0]
        people = connection.execute("select person_no from members order by customer").df()["person_no"].to_numpy()
        warehouse = write_warehouse(connection, tmp_path_factory.mktemp("both"))
    with units_built(warehouse) as reader:
        by_sql = read_units(reader, 1)[0].merge(reader.execute(TIME_ZEROS, [QUARTER]).df(), on=KEY)
        draws = reader.execute(DRAWS, [QUARTER]).df()
    by_sql["customer_number"] = np.searchsorted(people, by_sql["customer_number"])
    main = draws[draws["design"] == "main"]
    # who has never bought is not drawn: a date before every purchase, at which nobody is a control
    days = np.full(company.customers, -1.0)
    wall = main["time_zero_at"].dt.tz_localize("UTC").dt.tz_convert("Europe/Paris").dt.tz_localize(None)
    start = pd.Timestamp(QUARTER) - pd.Timedelta(days=company.quarter[0])
    days[np.searchsorted(people, main["customer_number"])] = (wall - start) / pd.Timedelta(days=1)
    by_numpy = effect_units(company, 1, (WINDOW,), pseudo_dates={"main": days})
    by_sql, by_numpy = (
        rows[rows["design"].isin(["main", "placebo"])].sort_values(KEY, ignore_index=True) for rows in (by_sql, by_numpy)
    )
    return by_sql, by_numpy


def test_the_same_customers_are_contacted_and_the_same_are_controls(both: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    by_sql, by_numpy = both
    counted = by_sql.groupby(["design", "is_treated"]).size()
    assert counted.min() > 50
    pd.testing.assert_frame_equal(by_sql[KEY], by_numpy[KEY], check_dtype=False)


@pytest.mark.parametrize("column", ["outcome_purchases", "outcome_amount", "outcome_margin", "true_purchases", "true_amount"])
def test_outcomes_and_their_truth_are_equal(both: tuple[pd.DataFrame, pd.DataFrame], column: str) -> None:
    by_sql, by_numpy = both
    found, expected = by_sql[column].astype(float), by_numpy[column].astype(float)
    assert found.sum() > 0
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_later_contacts_are_the_same(both: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    by_sql, by_numpy = (rows[rows["design"] == "main"] for rows in both)
    assert by_sql["has_later_contact"].sum() > 0
    assert by_sql["has_later_contact"].tolist() == by_numpy["has_later_contact"].tolist()


def test_what_is_known_at_time_zero_is_equal(both: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    by_sql, by_numpy = both
    names = {name for name in by_sql.columns if name.startswith("x_")}
    assert names - ONLY_IN_SQL == {name for name in by_numpy.columns if name.startswith("x_")}
    for name in sorted(names - ONLY_IN_SQL - {"x_tenure"}):
        assert by_sql[name].min() < by_sql[name].max(), name
        np.testing.assert_allclose(by_sql[name], by_numpy[name], atol=1e-9, err_msg=name)
    assert (by_sql["x_tenure"] >= by_numpy["x_tenure"] - 1e-9).all()


def test_the_segment_is_that_of_the_month_of_time_zero(both: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    by_sql, by_numpy = both
    assert (by_sql["value_segment"] == by_sql["segment_of_month"]).all()
    # the second way cuts once, at the start of the quarter, in months of 30.4 days
    assert (by_sql["value_segment"] - by_numpy["value_segment"]).abs().le(1).mean() > 0.95
