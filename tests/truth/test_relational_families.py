"""The relational families of simulated customers, against the truth and against an oracle that knows how they were made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from dagster_project.company.model import load_company
from dagster_project.company.reference import load_references
from dagster_project.estimates.relational_families import fit_if_due
from dagster_project.feeds.horizon import resolve_as_of
from dagster_project.feeds.landing import land_feed
from dagster_project.feeds.snapshot import write_snapshot
from dagster_project.settings import SEEDS
from dagster_project.simulation.evaluate import balanced_accuracy, hash_of, persons_of
from dagster_project.simulation.parameters import SimulationParameters
from dagster_project.simulation.simulate import simulate
from tests.marts.inputs import build, query

CUSTOMERS, MONTHS, SEED, SALT = 3000, 24, 2, "salt"
FEEDS = (
    "crm_customers",
    "crm_contacts",
    "identity_links",
    "loyalty_members",
    "pos_transactions",
    "survey_responses",
    "web_sessions",
)


@pytest.fixture(scope="module")
def matched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[pd.DataFrame]:
    """People with their customer and what was found of them in the last month."""
    home = tmp_path_factory.mktemp("families") / "home"
    defaults = SimulationParameters()
    parameters = replace(
        defaults,
        service=replace(defaults.service, channel_contrast=3.0),
        # every twentieth is of another family since half a year
        changes=replace(defaults.changes, share=0.05),
    )
    simulate(home, customers=CUSTOMERS, months=MONTHS, seed=SEED, parameters=parameters)
    company, references = load_company(home), load_references(home, SEEDS)
    for feed in FEEDS:
        land_feed(home, company, feed, salt=SALT, clock=datetime(2030, 1, 1, tzinfo=UTC), references=references)
    as_of = resolve_as_of(home, company)
    inputs = home / "inputs"
    write_snapshot(home, company, as_of, inputs, references)
    observed = build(inputs, "+int_customer_month_interactions +int_interaction_channels")
    report = fit_if_due(home, observed, inputs, as_of)
    assert report.attempt is not None and report.attempt.diagnostics["is_prototype"] == 0
    warehouse = build(inputs, "+int_customer_month_families")
    yield _match(home, warehouse, as_of.replace(day=1))


def _match(home: Path, warehouse: Path, month: date) -> pd.DataFrame:
    found = pd.DataFrame(
        query(
            warehouse,
            f"""select customer_id, relational_family as found_family
            from intermediate.int_customer_month_families where month = date '{month}'""",
        )
    )
    keys = pd.DataFrame(query(warehouse, "select customer_id, source_key_hash as key from intermediate.int_customer_keys"))
    with duckdb.connect() as reader:
        links = reader.read_parquet(str(home / "truth" / "links.parquet")).df()
        people = reader.read_parquet(str(home / "truth" / "people.parquet")).df()
    links["key"] = [hash_of(SALT, space, key) for space, key in zip(links["source"], links["source_key"], strict=True)]
    return persons_of(keys, links).merge(people, on="person_id").merge(found, on="customer_id", how="left")


def test_the_families_of_the_simulator_are_found(matched: pd.DataFrame) -> None:
    known = matched[matched["found_family"].notna()]
    found = balanced_accuracy(known["found_family"], known["relational_family"])
    oracle = balanced_accuracy(known["oracle_family"], known["relational_family"])
    assert found is not None and oracle is not None
    assert found >= 0.80
    assert found >= 0.95 * oracle


def test_two_in_three_customers_came_too_seldom_to_be_known(matched: pd.DataFrame) -> None:
    unknown = matched["found_family"].isna()
    assert 0.55 < unknown.mean() < 0.70
    # three interactions in 24 months is more than most make: those who are known came more often
    assert matched.loc[~unknown, "seen_contacts"].median() >= 3 > matched.loc[unknown, "seen_contacts"].fillna(0).median()
