"""Companies that have tickets alone, contacts alone, or a survey alone, from the inbox to the publication.

Apart from `test_runs.py` so that two workers share the runs. CI makes the run with contacts alone; `make test-faults` makes all
three. That the models build for each feed alone is tested in CI too, without the runs (`tests/marts/test_companies.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.faults.commands import keep_feeds, manifest, run_command

Copy = Callable[[Path], Path]


def query(home: Path, sql: str) -> list[tuple[Any, ...]]:
    """Rows of a query on the current publication of a home."""
    with duckdb.connect(str(home / "published" / "service_value.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize(
    ("feeds", "required", "tables", "available", "unavailable"),
    [
        pytest.param(
            {"pos_transactions"},
            ["pos_transactions"],
            {"purchases", "customers"},
            {"active_customers"},
            {"inbound_contacts", "csat", "repurchase_rate_60"},
            marks=pytest.mark.full,
        ),
        (
            {"crm_contacts"},
            ["crm_contacts"],
            {"contacts", "service_operations"},
            {"inbound_contacts"},
            {"active_customers", "csat", "repurchase_rate_60"},
        ),
        pytest.param(
            {"survey_responses"},
            ["survey_responses"],
            {"satisfaction"},
            {"nps"},
            {"inbound_contacts", "active_customers", "repurchase_rate_60"},
            marks=pytest.mark.full,
        ),
    ],
    ids=["tickets only", "contacts only", "a survey only"],
)
def test_a_company_with_one_kind_of_data_gets_what_can_be_said_and_why_the_rest_cannot(
    simulated: Path,
    copy_of: Copy,
    feeds: set[str],
    required: list[str],
    tables: set[str],
    available: set[str],
    unavailable: set[str],
) -> None:
    home = copy_of(simulated)
    keep_feeds(home, feeds, required)
    done = run_command("run", home)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = manifest(home)["rows"]
    assert all(rows[table] > 0 for table in tables), rows
    said = {kpi for (kpi,) in query(home, "select distinct kpi from kpi_values where value is not null")}
    assert available <= said
    silent = {kpi for (kpi,) in query(home, "select distinct kpi from kpi_values where status = 'unavailable' and value is null")}
    assert unavailable <= silent and not unavailable & said
    reasons = query(home, "select reason_fr, reason_en from kpi_readiness where verdict = 'unavailable'")
    assert reasons and all(french and english for french, english in reasons)
