"""Units of effect of a large simulated company by the project's SQL, with the truth of each.

Here: the tables that `int_effect_units` reads, made from the simulator's own (each person is one customer: who is who is
another proof), the models run by dbt once, and what each unit would not have bought without its contact. The same in numpy,
for companies that need no SQL: `effect_units.py`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd

from dagster_project.simulation.parameters import SimulationParameters
from tests.marts.inputs import run_models, write_inputs
from tests.truth.simulated_events import simulation

# the first day of contacts is set so that July to September 2025 and its placebo are known, and little before it
CONTACTS_SINCE, QUARTER, LAST_DAY = "2025-01-01", "2025-07-01", "2025-12-01"
WINDOW = 60
MODELS = (
    "int_returned_purchases int_repurchase_contacts int_effect_tickets int_effect_holdings int_effect_exposures int_effect_draws "
    "int_effect_arms int_effect_sample int_effect_time_zeros int_effect_covariates int_effect_units"
)
MAKE = """
create schema made.intermediate;
create schema made.staging;
create macro local_day(instant) as cast(to_wall(instant) as date);
create table made.intermediate.int_customers as
select md5(person_no::varchar) as customer_id, person_no::bigint as customer_number, cast(known_since as date) as first_seen_on, true as allows_profiling from people;
create table made.intermediate.int_customer_keys as select customer_id as source_key_hash, customer_id from made.intermediate.int_customers;
create table sold as
select ticket_key, person_no, to_utc(sold_wall) as sold_at, sales_channel, net_cents, margin_hundredths
from tickets inner join amounts using (ticket_key)
union all
select ticket_key, any_value(person_no), to_utc(any_value(sold_wall)), any_value(sales_channel), sum(net_cents), sum(net_cents * cast(products.margin_rate * 100 as integer))
from refund_lines inner join products using (product_no)
group by ticket_key;
create table made.intermediate.int_tickets as
select 'T' || ticket_key as transaction_id, md5(person_no::varchar) as customer_id, sold_at, local_day(sold_at) as sold_on, sales_channel,
    cast(net_cents / 100 as decimal(18, 4)) as net_amount, cast(margin_hundredths / 10000 as decimal(18, 4)) as margin_amount, cast(margin_hundredths / 10000 as decimal(18, 4)) as value_amount
from sold;
create table made.intermediate.int_ticket_returns as
select 'T' || original_key as original_transaction_id, 'T' || ticket_key as refund_transaction_id, to_utc(any_value(sold_wall)) as refunded_at,
    cast(-sum(net_cents) filter (net_cents < 0) / 100 as decimal(18, 4)) as returned_amount
from refund_lines where is_linked group by original_key, ticket_key;
create table made.intermediate.int_contacts as
select 'K' || contact_key as contact_id, case_key, md5(person_no::varchar) as customer_id, person_no::bigint as customer_number, channel, direction, opened_at, closed_at,
    local_day(opened_at) as opened_on, local_day(closed_at) as closed_on, cast(date_trunc('month', local_day(opened_at)) as date) as opened_month,
    300 as handle_seconds, cast(24 as decimal(18, 4)) as hourly_cost, direction = 'inbound' and outcome not in ('merged', 'spam') as is_inbound,
    outcome in ('merged', 'spam') as is_set_aside, outcome in ('resolved', 'unresolved', 'transferred') as is_handled, outcome = 'abandoned' as is_abandoned, true as is_in_history
from contacts where is_identified and opened_at >= timestamp '{since}';
-- fifths of the margin of the twelve months before
create table made.intermediate.int_customer_month_segments as
with starts as (select unnest(generate_series(date '2025-03-01', date '2025-12-01', interval 1 month))::date as month),
margins as (
    select starts.month, person_no, sum(margin_hundredths) as margin
    from starts inner join sold on local_day(sold.sold_at) < starts.month and local_day(sold.sold_at) >= starts.month - interval 12 month
    group by all
),
ranked as (select *, ntile(5) over (partition by month order by margin, person_no) as fifth from margins where margin > 0)
select md5(people.person_no::varchar) as customer_id, starts.month, coalesce(ranked.fifth, 0)::integer as value_segment, 'unknown' as relational_family
from people cross join starts left join ranked on ranked.person_no = people.person_no and ranked.month = starts.month;
update made.intermediate.int_contacts as contacts set channel = channel;
create table made.intermediate.contact_segments as
select contacts.contact_id, segments.value_segment from made.intermediate.int_contacts as contacts
inner join made.intermediate.int_customer_month_segments as segments on segments.customer_id = contacts.customer_id and segments.month = contacts.opened_month;
alter table made.intermediate.int_contacts add column value_segment integer;
update made.intermediate.int_contacts as contacts set value_segment = found.value_segment from made.intermediate.contact_segments as found where found.contact_id = contacts.contact_id;
create table made.staging.stg_crm__assignments (experiment_code varchar, arm varchar, assigned_at timestamp, customer_id_hash varchar);
create table made.intermediate.int_parameter_months (parameter varchar, month date, is_former boolean, is_retrospective boolean);
create table made.staging.stg_web__sessions (session_id varchar, customer_id_hash varchar, email_hash varchar, started_at timestamp);
create table made.intermediate.true_effects as
select contacts.person_no::bigint as customer_number, contacts.case_key, contacts.opened_at, 'T' || caused_purchases.ticket_key as transaction_id
from caused_purchases inner join contacts using (contact_key);
"""
# a contact of time zero and its follow-ups are one case
UNITS = """
with zeros as (
    select customer_number, time_zero_at, day_zero
    from intermediate.int_effect_time_zeros
    where design = 'main' and is_treated and quarter_start = date '{quarter}'
),
caused as (
    select distinct zeros.customer_number, effects.transaction_id
    from zeros
    inner join intermediate.int_contacts as contacts on contacts.customer_number = zeros.customer_number and contacts.opened_at = zeros.time_zero_at
    inner join intermediate.true_effects as effects on effects.case_key = contacts.case_key and effects.opened_at >= contacts.opened_at
),
added as (
    select zeros.customer_number, count(*) filter (caused.transaction_id is null and tickets.net_amount > 0
            and coalesce(tickets.returned_on > zeros.day_zero + {window}, true)) as others,
        sum(tickets.net_amount) filter (caused.transaction_id is not null) as amount, sum(tickets.margin_amount) filter (caused.transaction_id is not null) as margin
    from zeros
    inner join intermediate.int_effect_tickets as tickets
        on tickets.customer_number = zeros.customer_number and tickets.sold_on > zeros.day_zero and tickets.sold_on <= zeros.day_zero + {window}
    left join caused on caused.customer_number = zeros.customer_number and caused.transaction_id = tickets.transaction_id
    group by zeros.customer_number
),
later as (
    select distinct zeros.customer_number, zeros.is_treated
    from intermediate.int_effect_time_zeros as zeros
    inner join intermediate.int_repurchase_contacts as contacts
        on contacts.customer_number = zeros.customer_number and contacts.opened_at > zeros.time_zero_at and contacts.opened_on <= zeros.day_zero + {window}
    where zeros.design = 'main' and zeros.quarter_start = date '{quarter}'
)
select units.*, cast(md5_number_lower(units.customer_number::varchar) % {companies} as bigint) as company,
    case when units.design = 'main' and units.is_treated then units.outcome_purchases - least(units.outcome_purchases, coalesce(added.others, 0)) else 0 end::double as true_purchases,
    case when units.design = 'main' and units.is_treated then coalesce(added.amount, 0) else 0 end::double as true_amount,
    later.customer_number is not null as has_later_contact
from intermediate.int_effect_units as units
left join added on added.customer_number = units.customer_number
left join later on later.customer_number = units.customer_number and later.is_treated = units.is_treated
where units.quarter_start = date '{quarter}'
order by company, units.design, units.customer_number, units.is_treated
"""


def simulated_units(customers: int, seed: int, parameters: SimulationParameters, *, companies: int) -> dict[int, pd.DataFrame]:
    """Units of each company with `true_purchases`, `true_amount`, `has_later_contact`, as `effect_units` gives them."""
    with tempfile.TemporaryDirectory(prefix="effects-") as scratch:
        with simulation(customers, seed, parameters) as connection:
            warehouse = write_warehouse(connection, Path(scratch))
        # all units of every company: the sample is that of one company of half a million
        with units_built(warehouse, {"effect_treated_cap": 10**7, "effect_controls_cap": 10**7}) as reader:
            return read_units(reader, companies)


def write_warehouse(connection: duckdb.DuckDBPyConnection, folder: Path) -> Path:
    """A warehouse in the folder with what the models read, from the simulator's database."""
    warehouse = folder / "warehouse" / "service_value.duckdb"
    warehouse.parent.mkdir(parents=True)
    connection.execute(f"attach '{warehouse}' as made")
    connection.execute(MAKE.format(since=CONTACTS_SINCE))
    connection.execute("detach made")
    return warehouse


@contextmanager
def units_built(warehouse: Path, variables: Mapping[str, int] | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse after the models up to `int_effect_units` have run. `variables`: of dbt."""
    horizon = {"is_present": True, "horizon_at": f"{LAST_DAY} 23:00:00"}
    inputs = write_inputs(
        warehouse.parents[1] / "inputs",
        {},
        context={"as_of_date": LAST_DAY, "history_months": 24},
        windows=(WINDOW,),
        feed_status={
            "pos_transactions": horizon | {"first_day": "2024-05-01"},
            "crm_contacts": horizon | {"first_day": CONTACTS_SINCE},
        },
    )
    run_models(inputs, warehouse, MODELS, threads=2, variables=variables)
    with duckdb.connect(str(warehouse), read_only=True) as reader:
        yield reader


def read_units(reader: duckdb.DuckDBPyConnection, companies: int) -> dict[int, pd.DataFrame]:
    """The units of July to September of each company, with their truth."""
    rows = reader.execute(UNITS.format(quarter=QUARTER, window=WINDOW, companies=companies)).df()
    return {int(company): units.drop(columns="company") for company, units in rows.groupby("company")}
