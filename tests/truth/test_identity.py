"""Who is who, against the links that the simulator knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dagster_project.company.model import load_company
from dagster_project.company.reference import load_references
from dagster_project.feeds.horizon import resolve_as_of
from dagster_project.feeds.landing import land_feed
from dagster_project.feeds.snapshot import write_snapshot
from dagster_project.settings import SEEDS
from dagster_project.simulation.parameters import POOR_IDENTITY, SimulationParameters
from dagster_project.simulation.simulate import simulate
from tests.marts.inputs import build, query

CUSTOMERS = 4000
# the feeds that say who is who; tickets are landed because they bound the as-of date
FEEDS = ("crm_customers", "identity_links", "loyalty_members", "web_sessions", "pos_transactions", "crm_contacts")
PAIRS = """
    with known as (
        select links.person_id, clusters.customer_id, clusters.match_rule, clusters.key_space, records.key_hash is not null as is_record
        from read_parquet('{truth}') as links
        inner join intermediate.int_identity_keys as keys
            on links.source = keys.key_space and lower(links.source_key) = lower(keys.key_text)
        inner join read_parquet('{clusters}') as clusters on clusters.source_key_hash = keys.key_hash
        left join intermediate.int_identity_records as records on records.key_hash = keys.key_hash
        where {which}
    ),
    found as (select sum(n * (n - 1) / 2) as pairs from (select count(*) as n from known where customer_id is not null group by customer_id)),
    true_pairs as (select sum(n * (n - 1) / 2) as pairs from (select count(*) as n from known group by person_id)),
    right_pairs as (
        select sum(n * (n - 1) / 2) as pairs
        from (select count(*) as n from known where customer_id is not null group by customer_id, person_id)
    )
    select right_pairs.pairs / found.pairs as precision, right_pairs.pairs / true_pairs.pairs as recall, true_pairs.pairs as pairs
    from right_pairs, found, true_pairs
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("poor-identity")
    parameters = replace(SimulationParameters(), identity=POOR_IDENTITY)
    simulate(path, customers=CUSTOMERS, months=2, seed=11, parameters=parameters)
    company = load_company(path)
    references = load_references(path, SEEDS)
    for feed in FEEDS:
        land_feed(path, company, feed, salt="salt", clock=datetime(2030, 1, 1, tzinfo=UTC), references=references)
    write_snapshot(path, company, resolve_as_of(path, company), path / "inputs", references)
    return path


def scores(warehouse: Path, home: Path, which: str = "true") -> dict[str, Any]:
    truth, clusters = home / "truth" / "links.parquet", home / "inputs" / "identity" / "clusters.parquet"
    [row] = query(warehouse, PAIRS.format(truth=truth, clusters=clusters, which=which))
    return row


def test_the_linkage_finds_the_people_of_the_simulator(home: Path) -> None:
    """2 % of names, addresses, numbers and dates misspelt, 10 % missing; a third of the second records moved or changed."""
    warehouse = build(home / "inputs", "+int_customer_keys", with_linkage=True)
    everything = scores(warehouse, home)
    assert everything["precision"] >= 0.995
    assert everything["recall"] >= 0.95
    # the same of the records of the CRM alone, where the linkage works
    records = scores(warehouse, home, "records.key_hash is not null")
    assert records["pairs"] > 300
    assert records["precision"] >= 0.995
    assert records["recall"] >= 0.95
    rules = query(warehouse, "select count(*) as n from intermediate.int_customer_keys where match_rule = 'probabilistic'")
    assert rules[0]["n"] > 30
