"""Recommended products on the real tickets of The Complete Journey: co-purchase against popularity, on three months held out."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pytest

from tests.marts.inputs import query, run_models, write_inputs

pytestmark = pytest.mark.real

MAKE = """
create schema intermediate;
create schema marts;
create table intermediate.int_ticket_lines as
select 'T' || basket_id as transaction_id, product_id::varchar as product_id, quantity, cast(sales_value as decimal(18, 4)) as net_amount,
    false as is_cancelled, household_id, cast(timezone('America/New_York', timezone('UTC', transaction_timestamp)) as date) as sold_on
from read_parquet(?);
create table intermediate.int_tickets as
select transaction_id, sha256(min(household_id)::varchar) as customer_id, min(sold_on) as sold_on from intermediate.int_ticket_lines group by transaction_id;
create table intermediate.int_customers as
select sha256(household_id::varchar) as customer_id, row_number() over (order by household_id) as customer_number, household_id % 10 > 0 as allows_profiling
from (select distinct household_id from intermediate.int_ticket_lines);
create table marts.products as select distinct product_id, product_id as label from intermediate.int_ticket_lines;
"""
MODELS = "int_product_numbers int_product_windows int_recommendation_products int_product_pairs int_recommendation_trials recommendation_tests product_recommendations"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recommendation models on the real tickets; one household in ten is taken to refuse profiling."""
    named = os.environ.get("SERVICE_VALUE_REAL_DATA")
    if not named:
        pytest.fail("SERVICE_VALUE_REAL_DATA is not set; it must name the folder of the real data (make test-real sets it)")
    folder = tmp_path_factory.mktemp("recommendations")
    covered = {"is_present": True, "first_day": "2017-01-01", "horizon_at": "2018-01-01 05:00:00"}
    context = {"as_of_date": "2017-12-31", "time_zone": "America/New_York"}
    inputs = write_inputs(folder / "inputs", {}, context=context, feed_status={"pos_transactions": covered})
    path = folder / "warehouse" / "service_value.duckdb"
    path.parent.mkdir()
    with duckdb.connect(str(path)) as connection:
        for statement in MAKE.strip().split(";\n"):
            connection.execute(statement, [f"{named}/pos/transactions.parquet"] if "?" in statement else [])
    run_models(inputs, path, MODELS, threads=2)
    return path


def test_co_purchase_beats_popularity_on_the_three_months_held_out(warehouse: Path) -> None:
    rows = {row["method"]: row for row in query(warehouse, "select * from marts.recommendation_tests")}
    paired, popular = rows["co_purchase"], rows["popularity"]
    print({name: row["value"] for name, row in rows.items()}, paired["advantage_low"], paired["advantage_high"])
    assert paired["denominator"] == popular["denominator"] > 5000
    assert paired["verdict"] == "better" and paired["advantage_low"] > 0
    assert paired["value"] > popular["value"] > 0.2
    assert paired["value"] == pytest.approx(popular["value"] + paired["advantage"], abs=1e-6)


def test_nobody_is_recommended_what_was_just_bought_and_who_refuses_has_no_row(warehouse: Path) -> None:
    found = query(
        warehouse,
        """
        with rows as (
            select recommended.*, customers.allows_profiling, customers.customer_number
            from marts.product_recommendations as recommended inner join intermediate.int_customers as customers using (customer_id)
        ),
        bought as (
            select tickets.customer_id, lines.product_id, max(tickets.sold_on) as last_on
            from intermediate.int_ticket_lines as lines inner join intermediate.int_tickets as tickets using (transaction_id)
            where lines.quantity > 0 and lines.net_amount > 0 group by all
        )
        select count(*) as rows, count(distinct customer_id) as customers, count(*) filter (not allows_profiling) as refusers,
            count(*) filter (basis = 'co_purchase') as paired,
            count(*) filter (bought.last_on > date '2017-12-31' - 90) as just_bought,
            (select count(*) from rows inner join bought on rows.customer_id = bought.customer_id and rows.because_product_id = bought.product_id) as reasons
        from rows left join bought using (customer_id, product_id)
        """,
    )[0]
    assert found["refusers"] == found["just_bought"] == 0
    assert found["customers"] > 2000 and found["rows"] > 4.9 * found["customers"]
    assert found["reasons"] == found["paired"] > 0.9 * found["rows"]
