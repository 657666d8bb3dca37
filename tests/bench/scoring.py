"""Cost of scoring a million customers over 24 months in SQL: `make bench`. Not a test: nothing is timed in CI.

Customers, tickets and contacts are made here, set-wise, as the tables that the models read; the models themselves are run by
dbt, first what is known of each customer and month, then every score and the segments.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb

from dagster_project.estimates.relational_families import as_rows
from tests.marts.conftest import ONE_VERSION
from tests.marts.inputs import run_models, write_inputs
from tests.unit.estimates.relationship_worlds import TRUE

CUSTOMERS = 1_000_000
TICKETS = 12_000_000
CONTACTS = 3_000_000
SESSIONS = 1_000_000
ANSWERS = 50_000
# what DuckDB may take in memory; with more it is faster
MEMORY = "8GB"
VERSION = ONE_VERSION | {
    "fitted_as_of": "2023-12-31",
    "margin_share": "0.2",
    "potential_low_cut": "90",
    "potential_high_cut": "200",
    "bgnbd_r": "0.8",
    "bgnbd_alpha": "6.5",
    "bgnbd_a": "0.9",
    "bgnbd_b": "3.1",
    "gamma_gamma_p": "4",
    "gamma_gamma_q": "3.5",
    "gamma_gamma_gamma": "30",
}
# a new version half-way: its month is scored twice
SECOND = VERSION | {"parameter_version": "value-2024-01-01", "fitted_as_of": "2024-01-01", "tier_low_cut": "22"}
BENCHMARK = {"cohort_year": None, "region": None, "goods_family": None, "expected_margin_p75": "80", "customers": "400"}
LIFETIME = {
    "parameter_version": "lifetime-2023-12-31",
    "fitted_as_of": "2023-12-31",
    "horizon_years": "3",
    "yearly_discount_rate": "0.1",
}
FAMILY_VERSIONS = (date(2023, 12, 31), date(2024, 1, 1))
MAKE = f"""
create schema intermediate;
create schema staging;
create table intermediate.int_customers as
select sha256(number::varchar) as customer_id, number as customer_number, date '2022-05-01' as first_seen_on,
    hash('refuses ' || number) % 50 > 0 as allows_profiling
from range({CUSTOMERS}) as numbers (number);
create table intermediate.int_tickets as
with drawn as (
    select number as transaction_number, (hash('who ' || number) % {CUSTOMERS})::bigint as a, (hash('else ' || number) % {CUSTOMERS})::bigint as b,
        date '2022-06-01' + (hash('day ' || number) % 750)::int as sold_on, 3 + (hash('net ' || number) % 20000) / 100 as net
    from range({TICKETS}) as numbers (number)
)
select 'T' || transaction_number as transaction_id, sha256(least(a, b)::varchar) as customer_id, sold_on, date_trunc('month', sold_on)::date as sold_month, case transaction_number % 3 when 0 then 'web' else 'store' end as sales_channel,
    cast(net as decimal(18, 4)) as net_amount, cast(net * 0.4 as decimal(18, 4)) as margin_amount, cast(net * 0.4 as decimal(18, 4)) as value_amount
from drawn;
create table intermediate.int_ticket_returns (original_transaction_id varchar, refund_transaction_id varchar, refunded_at timestamp, returned_amount decimal(18, 4));
create table intermediate.int_customer_keys as select customer_id as source_key_hash, customer_id from intermediate.int_customers;
create table staging.stg_crm__contacts as
select 'K' || number as contact_id, sha256((hash('calls ' || number) % {CUSTOMERS})::varchar) as customer_id_hash, 'inbound' as direction,
    timestamp '2022-06-01' + to_seconds((hash('at ' || number) % 64800000)::bigint) as opened_at, null::timestamp as closed_at, 'resolved' as outcome,
    null::varchar as merged_into_contact_id, null::varchar as case_id, 'R' || hash('why ' || number) % 12 as reason,
    ['phone', 'email', 'chat', 'store_desk'][1 + (hash('how ' || number) % 4)::int] as channel
from range({CONTACTS}) as numbers (number);
create table staging.stg_web__sessions as
select 'W' || number as session_id, sha256((hash('looks ' || number) % {CUSTOMERS})::varchar) as customer_id_hash, null::varchar as email_hash,
    1 as help_page_views, timestamp '2022-06-01' + to_seconds((hash('then ' || number) % 64800000)::bigint) as started_at
from range({SESSIONS}) as numbers (number);
create table staging.stg_survey__responses as
select sha256((hash('says ' || number) % {CUSTOMERS})::varchar) as customer_id_hash, 'servqual_expectation_r1' as question_code,
    (1 + hash('score ' || number) % 7)::decimal(18, 4) as score, timestamp '2024-03-01 10:00:00' as answered_at
from range({ANSWERS}) as numbers (number);
create table intermediate.int_customer_origins as
select customer_id, year(min(sold_on))::int as cohort_year, 'unknown' as region, 'unknown' as goods_family from intermediate.int_tickets group by customer_id;
"""
FEATURES = (
    "int_calendar_days int_calendar_months int_parameter_months int_customer_month_features stg_reference__channels "
    "stg_reference__survey_questions int_interactions int_interaction_channels int_customer_month_interactions"
)
SCORES = (
    "int_family_parameters int_family_weights int_customer_month_families stg_reference__segment_map int_customer_month_histories int_forecast_growths int_customer_month_potential "
    "int_customer_month_scores int_customer_month_segments int_customer_lifetime_values"
)


def main() -> None:
    """Make the tables, run the models, print what they cost."""
    folder = Path(tempfile.mkdtemp(prefix="service-value-bench-"))
    os.environ.setdefault("SERVICE_VALUE_MEMORY", MEMORY)
    inputs = write_inputs(
        folder / "inputs",
        {},
        feed_status={
            "pos_transactions": {"is_present": True, "first_day": "2022-06-01", "horizon_at": "2024-06-30 22:00:00"},
            "crm_contacts": {"is_present": True, "first_day": "2022-06-01", "horizon_at": "2024-06-30 22:00:00"},
        },
        value_thresholds=[VERSION, SECOND],
        potential_benchmarks=[
            {"parameter_version": version["parameter_version"], "fitted_as_of": version["fitted_as_of"]} | BENCHMARK
            for version in (VERSION, SECOND)
        ],
        lifetime_value=[LIFETIME],
        relational_families=[row for as_of in FAMILY_VERSIONS for row in as_rows(TRUE, TRUE, as_of).to_pylist()],
    )
    warehouse = folder / "warehouse" / "service_value.duckdb"
    warehouse.parent.mkdir()
    with duckdb.connect(str(warehouse), config={"memory_limit": os.environ["SERVICE_VALUE_MEMORY"]}) as connection:
        connection.execute(MAKE)
    for name, selection in (("what is known", FEATURES), ("scores", SCORES)):
        started = time.perf_counter()
        run_models(inputs, warehouse, selection, threads=2)
        print(f"{name}: {time.perf_counter() - started:.0f} s")
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select count(*), count(distinct customer_id), count(distinct month) from intermediate.int_customer_month_segments"
        ).fetchone()
        spread = connection.execute(
            "select value_segment, count(*) from intermediate.int_customer_month_segments group by all order by all"
        ).fetchall()
        families = connection.execute(
            "select count(*), count(distinct customer_id) from intermediate.int_customer_month_families"
        ).fetchone()
    print(f"months with a family, customers: {families}")
    print(f"rows, customers, months: {rows}; by segment: {spread}")
    print(f"highest memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.1f} GB")


if __name__ == "__main__":
    sys.exit(main())
