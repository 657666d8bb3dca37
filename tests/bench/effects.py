"""Cost of the estimate of effects: a million customers, 100 thousand contacts a month, 36 months: `make bench`. Not a test.

Customers, tickets, contacts and web sessions are made here, set-wise, as the tables that the models read. dbt runs the models up to
`int_effect_units`; then every quarter is estimated. Nothing is true here: no contact has an effect.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from dagster_project.estimates import effect_units
from tests.marts.inputs import run_models, write_inputs

CUSTOMERS = 1_000_000
CONTACTS = 3_600_000
TICKETS = 18_000_000
SESSIONS = 12_000_000
FIRST_DAY = "2021-07-01"
# what DuckDB may take in memory: with Python and dbt the whole stays below 4 GB
MEMORY = "2500MB"
SECONDS = 36 * 30 * 86_400 + 86_400 * 15
MAKE = f"""
create schema intermediate;
create schema staging;
create table intermediate.int_customers as
select sha256(number::varchar) as customer_id, number as customer_number, date '2021-05-01' as first_seen_on,
    hash('refuses ' || number) % 50 > 0 as allows_profiling
from range({CUSTOMERS}) as numbers (number);
create table intermediate.int_tickets as
with drawn as (
    select number, (hash('who ' || number) % {CUSTOMERS})::bigint as a, (hash('else ' || number) % {CUSTOMERS})::bigint as b,
        timestamp '{FIRST_DAY}' + to_seconds((hash('at ' || number) % {SECONDS})::bigint) as sold_at, 3 + (hash('net ' || number) % 20000) / 100 as net
    from range({TICKETS}) as numbers (number)
)
select 'T' || number as transaction_id, sha256(least(a, b)::varchar) as customer_id, sold_at, sold_at::date as sold_on,
    case number % 3 when 0 then 'web' else 'store' end as sales_channel, cast(net as decimal(18, 4)) as net_amount,
    cast(net * 0.4 as decimal(18, 4)) as margin_amount, cast(net * 0.4 as decimal(18, 4)) as value_amount
from drawn;
create table intermediate.int_ticket_returns as
select transaction_id as original_transaction_id, transaction_id || 'R' as refund_transaction_id, sold_at + interval 9 days as refunded_at,
    net_amount as returned_amount
from intermediate.int_tickets where hash(transaction_id) % 20 = 0;
create table intermediate.int_contacts as
select 'K' || number as contact_id, (hash('calls ' || number) % {CUSTOMERS})::bigint as customer_number, sha256(customer_number::varchar) as customer_id,
    timestamp '{FIRST_DAY}' + to_seconds((hash('at ' || number) % {SECONDS})::bigint) as opened_at, opened_at::date as opened_on,
    'inbound' as direction, true as is_inbound, hash('hangs up ' || number) % 10 = 0 as is_abandoned, not is_abandoned as is_handled,
    false as is_set_aside, true as is_in_history
from range({CONTACTS}) as numbers (number);
create table intermediate.int_repurchase_contacts as
select contact_id, customer_number, opened_at, opened_on, (customer_number % 6)::int as value_segment from intermediate.int_contacts where is_handled;
create table intermediate.int_customer_keys as select customer_id as source_key_hash, customer_id from intermediate.int_customers;
create table intermediate.int_customer_month_segments as
select customer_id, (date '{FIRST_DAY}' + to_months(month::int))::date as month, (customer_number % 6)::int as value_segment
from intermediate.int_customers cross join range(36) as months (month);
create table intermediate.int_parameter_months (parameter varchar, month date, is_former boolean, is_retrospective boolean);
create table staging.stg_web__sessions as
select sha256((hash('looks ' || number) % {CUSTOMERS})::varchar) as customer_id_hash, null::varchar as email_hash,
    timestamp '{FIRST_DAY}' + to_seconds((hash('then ' || number) % {SECONDS})::bigint) as started_at
from range({SESSIONS}) as numbers (number);
create table staging.stg_crm__assignments (experiment_code varchar, customer_id_hash varchar, arm varchar, assigned_at timestamp);
"""
MODELS = (
    "int_returned_purchases int_effect_tickets int_effect_holdings int_effect_exposures int_effect_draws int_effect_arms int_effect_sample "
    "int_effect_time_zeros int_effect_covariates int_effect_units"
)


def main() -> None:
    """Make the tables, run the models, estimate, print what it costs."""
    folder = Path(tempfile.mkdtemp(prefix="service-value-bench-"))
    os.environ.setdefault("SERVICE_VALUE_MEMORY", MEMORY)
    covered = {"is_present": True, "first_day": FIRST_DAY, "horizon_at": "2024-06-30 22:00:00"}
    inputs = write_inputs(
        folder / "inputs",
        {},
        context={"history_months": 36},
        feed_status={"pos_transactions": covered, "crm_contacts": covered, "web_sessions": covered},
    )
    warehouse = folder / "warehouse" / "service_value.duckdb"
    warehouse.parent.mkdir()
    with duckdb.connect(str(warehouse), config={"memory_limit": os.environ["SERVICE_VALUE_MEMORY"]}) as connection:
        connection.execute(MAKE)
    print(f"made: highest memory {_gigabytes():.1f} GB", flush=True)
    for model in MODELS.split():
        with cost_of(model):
            run_models(inputs, warehouse, model, threads=2)
    with cost_of("estimates"):
        print(effect_units.write_increments(warehouse, inputs))


@contextmanager
def cost_of(name: str) -> Iterator[None]:
    """Print what the block costs. Seconds of CPU beside those of the clock: on a busy machine only they tell anything."""
    started, worked = time.perf_counter(), time.process_time()
    yield
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - worked
    print(f"{name}: {seconds:.0f} s, {cpu_seconds:.0f} s of CPU, highest memory {_gigabytes():.1f} GB", flush=True)


def _gigabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    sys.exit(main())
