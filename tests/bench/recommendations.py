"""Cost of recommended products: a million customers, 10 million ticket lines of a year and a quarter: `make bench`. Not a test.

Lines are made here, set-wise, as the tables that the models read: most are of the thousand most bought of 20,000 products, and each customer has a taste (one of
twenty), so that co-purchase beats popularity and everybody gets a list by it, which is what costs.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import duckdb

from tests.bench.effects import MEMORY, cost_of
from tests.marts.inputs import query, run_models, write_inputs

CUSTOMERS = 1_000_000
LINES = 10_000_000
LINES_PER_TICKET = 4
DAYS = 450
PRODUCTS = 20_000
TASTES = 20
MAKE = f"""
create schema intermediate;
create schema marts;
create table intermediate.int_customers as
select sha256(number::varchar) as customer_id, number as customer_number, hash('refuses ' || number) % 50 > 0 as allows_profiling
from range({CUSTOMERS}) as numbers (number);
create table intermediate.int_tickets as
select 'T' || number as transaction_id, sha256((hash('who ' || number) % {CUSTOMERS})::varchar) as customer_id,
    date '2024-06-30' - (hash('day ' || number) % {DAYS})::int as sold_on, hash('who ' || number) % {CUSTOMERS} as customer_number
from range({LINES // LINES_PER_TICKET}) as numbers (number);
create table intermediate.int_ticket_lines as
with drawn as (
    select number, 'T' || number // {LINES_PER_TICKET} as transaction_id,
        pow((hash('product ' || number) % 1000000) / 1e6, 3) as u, hash('taste ' || number) % 10 < 6 as is_of_taste
    from range({LINES}) as numbers (number)
)
select transaction_id, number as line_number,
    'P' || case when is_of_taste then (floor(u * {PRODUCTS} / {TASTES}) * {TASTES} + int_tickets.customer_number % {TASTES})::int else floor(u * {PRODUCTS})::int end as product_id,
    1 as quantity, 10 as net_amount, false as is_cancelled
from drawn inner join intermediate.int_tickets using (transaction_id);
create table marts.products as select distinct product_id, product_id as label from intermediate.int_ticket_lines;
"""
MODELS = (
    "int_product_numbers int_product_windows int_recommendation_products int_product_pairs int_recommendation_trials recommendation_tests "
    "product_recommendations"
)


def main() -> None:
    """Make the tables, run the models, print what they cost and what was found."""
    folder = Path(tempfile.mkdtemp(prefix="service-value-bench-"))
    os.environ.setdefault("SERVICE_VALUE_MEMORY", MEMORY)
    covered = {"is_present": True, "first_day": "2023-04-08", "horizon_at": "2024-06-30 22:00:00"}
    inputs = write_inputs(folder / "inputs", {}, feed_status={"pos_transactions": covered})
    warehouse = folder / "warehouse" / "service_value.duckdb"
    warehouse.parent.mkdir()
    with duckdb.connect(str(warehouse), config={"memory_limit": os.environ["SERVICE_VALUE_MEMORY"]}) as connection:
        connection.execute(MAKE)
    for model in MODELS.split():
        with cost_of(model):
            run_models(inputs, warehouse, model, threads=2)
    for row in query(warehouse, "select method, value, advantage_low, verdict from marts.recommendation_tests order by method"):
        print(row)
    print(query(warehouse, "select basis, count(*) as n from marts.product_recommendations group by basis order by basis"))


if __name__ == "__main__":
    sys.exit(main())
