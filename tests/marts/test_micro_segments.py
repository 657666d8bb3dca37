"""Micro-segments and personas of a made company: SQL says what Python says, and what is in no card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dagster_project.estimates.micro_segments import CENTROIDS, DIVIDING, FEATURES, LOGARITHMIC, SCHEMAS, TRAITS, score
from tests.marts.conftest import Rows, contact, line
from tests.marts.inputs import build, query, write_inputs

HOSTILE = '=cmd|"<script>alert(1)</script>\\'
CUSTOMERS = 150
VERSION = {"parameter_version": "micro-2024-06-30", "fitted_as_of": "2024-06-30"}
THRESHOLDS = {
    "parameter_version": "value-2024-06-30",
    "fitted_as_of": "2024-06-30",
    "tier_low_cut": "60",
    "tier_high_cut": "120",
    **{f"segment_cut_{number}": str(40 * number) for number in range(1, 5)},
    "sales_months": "9",
    "sample_size": "150",
}


def company() -> Rows:
    """150 customers of whom the first ten refuse profiling; every third answers; a reason is what somebody might type."""
    generator = np.random.default_rng(11)
    rows: Rows = {
        "crm_customers": [],
        "crm_contacts": [],
        "pos_transactions": [line("T0", "2023-06-01 10:00:00", "1")],
        "survey_responses": [],
        "web_sessions": [],
    }
    for number in range(CUSTOMERS):
        name = f"C{number:03d}"
        rows["crm_customers"].append(
            {"customer_id": name, "created_at": "2023-06-05 09:00:00", "allows_profiling": "false" if number < 10 else "true"}
        )
        for ticket in range(int(generator.integers(1, 9))):
            day = f"2024-{generator.integers(1, 6):02d}-{generator.integers(1, 28):02d}"
            channel = str(generator.choice(["store", "web", "app"]))
            amount = f"{generator.integers(500, 5000) / 100:.2f}"
            sold = line(f"T{number}-{ticket}", f"{day} 10:00:00", amount, customer_id=name, sales_channel=channel)
            rows["pos_transactions"].append(sold | {"discount_amount": str(generator.integers(0, 5))})
        for call in range(int(generator.integers(0, 5))):
            day = f"2024-{generator.integers(1, 6):02d}-{generator.integers(1, 28):02d}"
            key = f"K{number}-{call}"
            is_bad = call == 0
            row = contact(key, name, f"{day} 11:00:00", answered_at=f"{day} 11:00:10", closed_at=f"{day} 11:05:00")
            row |= {
                "channel": str(generator.choice(["phone", "email", "store_desk"])),
                "reason": HOSTILE if is_bad else "late_delivery",
            }
            rows["crm_contacts"].append(row)
            answer = {
                "response_id": f"R{key}",
                "survey_id": "after",
                "question_code": "csat",
                "contact_id": key,
                "customer_id": name,
            }
            answer |= {"sent_at": f"{day} 12:00:00", "answered_at": f"{day} 13:00:00", "score": "1" if is_bad else "5"}
            rows["survey_responses"].append(answer)
        for session in range(int(generator.integers(0, 4))):
            started = f"2024-04-{generator.integers(1, 28):02d} 10:00:00"
            help_pages = int(generator.integers(0, 3))
            made = {
                "session_id": f"W{number}-{session}",
                "customer_id": name,
                "started_at": started,
                "help_page_views": help_pages,
            }
            rows["web_sessions"].append(made)
    return rows


def parameters() -> dict[str, list[dict[str, Any]]]:
    """Scales and centres drawn at random: what is compared is the arithmetic, not a fit. A trait has no scale, another no centre."""
    generator = np.random.default_rng(12)
    features = []
    for trait in TRAITS:
        if trait == "redemptions_12m":
            continue
        is_share, is_log = trait.endswith("_share"), trait in LOGARITHMIC
        scale = (
            {"mean": 0.4, "sd": 0.3, "low": 0.05, "high": 0.95} if is_share else {"mean": 1.2, "sd": 0.7, "low": 0.1, "high": 4.0}
        )
        features.append(VERSION | {"feature": trait, "is_log": is_log} | scale)
    centroids = [
        VERSION
        | {"micro_segment": f"v{tier}-{letter}", "value_tier": tier, "feature": trait, "position": round(generator.normal(), 6)}
        for tier, letters in ((1, "a"), (2, "ab"), (3, "abcd"))
        for letter in letters
        for trait in DIVIDING
        if trait not in ("redemptions_12m", "help_page_views_12m")
    ]
    return {FEATURES: features, CENTROIDS: centroids}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = parameters()
    inputs = write_inputs(
        tmp_path_factory.mktemp("micro") / "inputs",
        company(),
        value_thresholds=[THRESHOLDS],
        micro_segment_features=made[FEATURES],
        micro_segment_centroids=made[CENTROIDS],
    )
    return build(inputs, "+personas +customers", with_tests=True)


def stored() -> dict[str, pa.Table]:
    made = parameters()
    return {
        name: pa.Table.from_pandas(
            pd.DataFrame(rows).assign(fitted_as_of=pd.Timestamp("2024-06-30").date()), schema=SCHEMAS[name]
        )
        for name, rows in made.items()
    }


def test_sql_finds_the_micro_segments_that_python_finds(warehouse: Path) -> None:
    rows = query(
        warehouse,
        f"""select customers.customer_id, customers.micro_segment, coalesce(customers.value_tier, 0) as value_tier, {", ".join(TRAITS)}
        from intermediate.int_customer_behaviours inner join marts.customers using (customer_id) order by 1""",
    )
    people = pd.DataFrame(rows)
    expected = score(people.astype(dict.fromkeys(TRAITS, float)), people["value_tier"].to_numpy(dtype=np.int64), stored())
    assert [row["micro_segment"] for row in rows] == expected
    # all tiers, and several groups in those that are divided
    assert len(set(expected) - {None}) >= 5
    assert len(rows) == CUSTOMERS - 10


def test_nobody_who_refuses_profiling_is_in_a_micro_segment_or_behind_a_card(warehouse: Path) -> None:
    refused = query(
        warehouse, "select count(*) as n, count(micro_segment) as named from marts.customers where not allows_profiling"
    )
    assert refused == [{"n": 10, "named": 0}]
    for table in ("int_customer_behaviours", "int_customer_recent_contacts", "int_customer_micro_segments"):
        found = query(
            warehouse,
            f"select count(*) as n from intermediate.{table} inner join marts.customers using (customer_id) where not allows_profiling",
        )
        assert found == [{"n": 0}], table


def test_a_micro_segment_of_fewer_than_twenty_customers_has_no_card(warehouse: Path) -> None:
    rows = query(
        warehouse,
        "select micro_segment, count(*) as n from marts.customers where micro_segment is not null group by 1 order by 1",
    )
    cards = query(warehouse, "select micro_segment, customers as n from marts.personas order by 1")
    assert any(row["n"] < 20 for row in rows) and any(row["n"] >= 20 for row in rows)
    assert cards == [row for row in rows if row["n"] >= 20]


def test_a_card_is_json_that_says_what_the_columns_say_and_nothing_that_somebody_typed(warehouse: Path) -> None:
    cards = query(warehouse, "select * from marts.personas")
    parts = ("label", "portrait", "habits", "likes", "irritants", "journey")
    for row in cards:
        told = json.loads(row["card"])
        assert told == {language: {part: row[f"{part}_{language}"] for part in parts} for language in ("fr", "en")}
        assert not any(sign in row["card"] for sign in ("<", "=cmd", "alert", "{value}", "{all}", "{member}", "{currency}"))
        assert row["portrait_fr"].count(".") == 1 and row["portrait_fr"].endswith(".")
    labels = [row["label_fr"] for row in cards]
    assert len(set(labels)) == len(labels)
    # the hostile reason is the one that stands below all; the harmless one above is told
    satisfaction = query(warehouse, "select distinct member from intermediate.int_persona_satisfaction where kind = 'reason'")
    assert {row["member"] for row in satisfaction} == {HOSTILE, "late_delivery"}
    assert any("late delivery" in row["likes_en"] for row in cards)


def test_contacts_of_the_behaviours_are_those_of_the_months(warehouse: Path) -> None:
    assert query(
        warehouse,
        """select sum(behaviours.contacts_12m) as contacts, (select count(*) from intermediate.int_customer_recent_contacts) as rows
        from intermediate.int_customer_behaviours as behaviours""",
    ) == [{"contacts": float(len(known_contacts())), "rows": len(known_contacts())}]


def known_contacts() -> list[dict[str, Any]]:
    """Contacts before June of those who may be profiled: all of the others."""
    return [row for row in company()["crm_contacts"] if int(row["customer_id"][1:]) >= 10]


def test_without_parameters_nobody_has_a_micro_segment_and_there_is_no_card(whole_company: Path) -> None:
    assert query(whole_company, "select count(micro_segment) as n from marts.customers") == [{"n": 0}]
    assert query(whole_company, "select count(*) as n from marts.personas") == [{"n": 0}]
