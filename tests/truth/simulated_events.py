"""Purchases and contacts of a large simulated company, cut into small ones by a hash of the person.

Here: the simulator run up to its tickets and contacts, without exports and landing: 400 companies of 1,500 customers in three
minutes instead of 400 runs of the product. They share one calendar and the shops' days, and nothing else. Each person is one
customer: who is who is another proof.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from dagster_project.simulation.engine import open_scratch, run_script, set_variables
from dagster_project.simulation.parameters import SimulationParameters
from dagster_project.simulation.simulate import DEFAULT_END, GENERATIONS, _first_month, _prepare
from tests.truth.effect_units import Company

BEFORE_CONTACTS = ("00_draws", "10_calendar", "20_catalogue", "30_people", "40_tickets", "50_staff", "51_arrivals")
MONTHS = 20
# July to September 2025: windows of 60 days are over by the end of the simulation, a year of purchases lies before it
QUARTER = (date(2025, 7, 1), date(2025, 10, 1))


@contextmanager
def simulation(
    customers: int, seed: int, parameters: SimulationParameters, threads: int = 2
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The simulator's database up to contacts and what they cause, and `amounts`: net amount and margin of each ticket."""
    first_month = _first_month(DEFAULT_END, MONTHS)
    with tempfile.TemporaryDirectory(prefix="events-") as scratch:
        connection = open_scratch(Path(scratch), memory_limit="6GB", threads=threads)
        try:
            _prepare(connection, customers, MONTHS, seed, first_month, DEFAULT_END, parameters)
            for name in BEFORE_CONTACTS:
                run_script(connection, name)
            for generation in range(GENERATIONS):
                set_variables(connection, {"generation": generation})
                run_script(connection, "52_answers")
                run_script(connection, "53_follow_ups")
            for name in ("60_effects", "80_lines_start"):
                run_script(connection, name)
            connection.execute("create table amounts (ticket_key ubigint, net_cents bigint, margin_hundredths bigint)")
            for month_no in range(MONTHS):
                set_variables(connection, {"month_no": month_no})
                run_script(connection, "81_lines_of_month")
                connection.execute(
                    "insert into amounts select ticket_key, sum(net_cents), sum(net_cents * margin_percent) "
                    "from month_lines where not is_cancelled group by ticket_key"
                )
            yield connection
        finally:
            connection.close()


def simulated_events(
    customers: int, seed: int, parameters: SimulationParameters, *, companies: int
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Purchases and contacts as of `effect_units.Company`, with the company (0, 1, ...) of each and customers numbered in it."""
    with simulation(customers, seed, parameters) as connection:
        return events(connection, companies)


def events(connection: duckdb.DuckDBPyConnection, companies: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same of a simulation that has run."""
    connection.execute(
        f"""
        create table members as
        select person_no, company, row_number() over (partition by company order by person_no) - 1 as customer
        from (select person_no, cast(md5_number_lower(person_no::varchar) % {companies} as bigint) as company from people);
        create macro day_of(wall) as date_diff('second', cast(getvariable('first_month') as timestamp), wall) / 86400.0
        """
    )
    purchases = connection.execute(
        """
        select members.company, members.customer, day_of(tickets.sold_wall) as day, amounts.net_cents / 100 as amount,
            amounts.margin_hundredths / 10000 as margin, coalesce(cases.case_no, -1) as "case"
        from tickets
        inner join members using (person_no)
        inner join amounts using (ticket_key)
        left join (
            select caused_purchases.ticket_key, cast(contacts.case_key >> 12 as bigint) % 2000000000 as case_no
            from caused_purchases
            inner join contacts using (contact_key)
        ) as cases using (ticket_key)
        where amounts.net_cents > 0
        order by all
        """
    ).df()
    contacts = connection.execute(
        """
        select members.company, members.customer, day_of(to_wall(opened_at)) as day, cast(case_key >> 12 as bigint) % 2000000000 as "case",
            outcome in ('resolved', 'unresolved', 'transferred') as is_handled
        from contacts
        inner join members using (person_no)
        where direction = 'inbound' and is_identified and outcome not in ('merged', 'spam')
        order by all
        """
    ).df()
    return purchases, contacts


def cut(purchases: pd.DataFrame, contacts: pd.DataFrame) -> dict[int, Company]:
    """One company for each number."""
    origin = _first_month(DEFAULT_END, MONTHS)
    quarter = ((QUARTER[0] - origin).days, (QUARTER[1] - origin).days)
    called = dict(list(contacts.groupby("company")))
    return {
        int(number): Company(int(rows["customer"].max()) + 1, rows, called[number], quarter)
        for number, rows in purchases.groupby("company")
    }
