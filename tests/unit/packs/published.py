"""A small published database for the tests of the packs: 18 months, ten KPIs, one for each case that a pack must tell.

Here: the five published tables that packs read, with the columns of the marts, and rows that a person can check by
hand. Not here: what the packs make of them (the tests). As of 17 December 2025, so that December is incomplete and
November is the last complete month.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.packs.html import Company

AS_OF = date(2025, 12, 17)
NOVEMBER = date(2025, 11, 1)
OCTOBER = date(2025, 10, 1)
SEPTEMBER = date(2025, 9, 1)
DECEMBER = date(2025, 12, 1)
MONTHS = [date(2024 + (6 + index) // 12, (6 + index) % 12 + 1, 1) for index in range(18)]
SCRIPT = '<script>alert("x")</script>'
FORMULAS = ("=1+1", "+1+1", "-1+1", "@SUM(A1)")
COMPANY = Company("Maison Exemple", "Europe/Paris", "EUR", True)
REAL_COMPANY = Company("Maison Exemple", "Europe/Paris", "EUR", False)

_TABLES = {
    "publication": """publication_id varchar, published_at timestamp, as_of_date date, data_horizon timestamp,
        run_id varchar, checks_passed integer, checks_warned integer, project_version varchar, inputs_hash varchar""",
    "kpi_definitions": """kpi varchar, topic varchar, position integer, label_fr varchar, label_en varchar,
        purpose_fr varchar, purpose_en varchar, formula_fr varchar, formula_en varchar, unit varchar,
        direction varchar, feeds varchar, owner varchar, version integer, caveats_fr varchar, caveats_en varchar,
        is_headline boolean""",
    "kpi_readiness": """kpi varchar, feed varchar, is_present boolean, is_fresh boolean, history_days bigint,
        coverage double, verdict varchar, reason_fr varchar, reason_en varchar, horizon_at timestamp""",
    "kpi_values": """kpi varchar, period_grain varchar, period_start date, value_segment integer,
        numerator decimal(38, 9), denominator bigint, value double, interval_low double, interval_high double,
        sample_size bigint, immature_count bigint, is_complete boolean, is_publishable boolean, unit varchar, previous_value double,
        target double, benchmark double, status varchar, is_restated boolean""",
    "segment_labels": """axis varchar, member varchar, value_segment integer, label_fr varchar, label_en varchar,
        position integer""",
}


@dataclass(frozen=True)
class Kpi:
    """One KPI of the fixture. `october` and `november` are what the tests reckon with; earlier months lead up to it."""

    kpi: str
    topic: str
    unit: str
    direction: str
    label_fr: str
    label_en: str
    october: float
    november: float
    half_width: float | None
    sample_size: int
    target: float | None = None
    status: str | None = None
    is_headline: bool = False
    feed: str = "crm_contacts"
    verdict: str = "ready"


KPIS = (
    Kpi(
        "service_level_missed_abandons",
        "service",
        "rate",
        "higher_is_better",
        "Niveau de service (tous les abandons manqués)",
        "Service level (all abandoned are missed)",
        0.81,
        0.7235,
        0.02,
        1204,
        target=0.8,
        status="alert",
        is_headline=True,
    ),
    Kpi(
        "first_contact_resolution",
        "service",
        "rate",
        "higher_is_better",
        "Résolution au premier contact",
        "First-contact resolution",
        0.70,
        0.71,
        0.03,
        900,
        target=0.7,
        status="on_target",
        is_headline=True,
        verdict="degraded",
    ),
    Kpi(
        "inbound_contacts",
        "service",
        "count",
        "neutral",
        "Contacts entrants",
        "Inbound contacts",
        1000,
        1204,
        None,
        1204,
    ),
    Kpi(
        "average_speed_of_answer",
        "service",
        "seconds",
        "lower_is_better",
        "Délai moyen de réponse",
        "Average speed of answer",
        260,
        192,
        10,
        1100,
        target=180,
        status="watch",
    ),
    Kpi(
        "csat",
        "satisfaction",
        "rate",
        "higher_is_better",
        "Satisfaction client (CSAT)",
        "Customer satisfaction (CSAT)",
        0.8,
        0.75,
        0.2,
        12,
        is_headline=True,
        feed="survey_responses",
    ),
    Kpi("nps", "satisfaction", "nps", "higher_is_better", "NPS", "NPS", 30.0, 39.84, 3.0, 400, feed="survey_responses"),
    # a label and texts that would do harm in a page or in a worksheet
    Kpi("ces_mean", "satisfaction", "score", "higher_is_better", SCRIPT, SCRIPT, 5.1, 5.2, 0.05, 300),
    Kpi(
        "repurchase_rate_60",
        "value",
        "rate",
        "higher_is_better",
        "Taux de réachat dans les 60 jours après un contact",
        "Re-purchase rate within 60 days after a contact",
        0.5,
        0.4,
        0.05,
        300,
        is_headline=True,
        feed="pos_transactions",
    ),
    Kpi(
        "repurchase_amount_60",
        "value",
        "currency",
        "higher_is_better",
        "Montant racheté dans les 60 jours après un contact",
        "Amount re-purchased within 60 days after a contact",
        1000.0,
        1234.5,
        None,
        300,
        feed="pos_transactions",
    ),
    Kpi(
        "active_customers",
        "value",
        "count",
        "higher_is_better",
        "Clients actifs",
        "Active customers",
        0,
        0,
        None,
        0,
        feed="crm_subscriptions",
        verdict="unavailable",
    ),
)
RESTATED, IMMATURE, NOT_PUBLISHABLE, DEGRADED, UNAVAILABLE = (
    "nps",
    "repurchase_rate_60",
    "csat",
    "first_contact_resolution",
    "active_customers",
)
REASONS = {
    DEGRADED: ("Seuls 62 % des contacts portent un client.", "Only 62% of the contacts carry a customer."),
    UNAVAILABLE: ("Le flux crm_subscriptions est absent.", "The feed crm_subscriptions is absent."),
}


def make_published(path: Path, changes: tuple[str, ...] = ()) -> Path:
    """Write the database; `changes` are SQL statements that spoil or change it afterwards."""
    with duckdb.connect(str(path)) as connection:
        connection.begin()
        for table, columns in _TABLES.items():
            connection.execute(f"create table {table} ({columns})")
        _insert(connection, "publication", [_publication()])
        _insert(connection, "kpi_definitions", [_definition(position, kpi) for position, kpi in enumerate(KPIS, 1)])
        _insert(connection, "kpi_readiness", [_readiness(kpi) for kpi in KPIS])
        _insert(connection, "kpi_values", [row for kpi in KPIS for row in _values(kpi)])
        _insert(connection, "segment_labels", _labels())
        connection.commit()
        for change in changes:
            connection.execute(change)
    return path


def _insert(connection: duckdb.DuckDBPyConnection, table: str, rows: list[tuple[Any, ...]]) -> None:
    connection.executemany(f"insert into {table} values ({', '.join('?' * len(rows[0]))})", rows)


def _publication() -> tuple[Any, ...]:
    return (
        "2025-12-17_20251218T050000000000_0badcafe",
        datetime(2025, 12, 18, 5),
        AS_OF,
        datetime(2025, 12, 10, 23),
        "0badcafe",
        1137,
        2,
        "0.1.0",
        "85db644387a17d8996ce90d47029178d",
    )


def _definition(position: int, kpi: Kpi) -> tuple[Any, ...]:
    caveat = FORMULAS[position % 4] if kpi.label_fr == SCRIPT else "À lire avec prudence. Second point."
    caveat_en = FORMULAS[position % 4] if kpi.label_fr == SCRIPT else "Read with care. Second point."
    return (
        kpi.kpi,
        kpi.topic,
        position,
        kpi.label_fr,
        kpi.label_en,
        f"Pourquoi {kpi.kpi}.",
        f"Why {kpi.kpi}.",
        f"Numérateur ÷ dénominateur de {kpi.kpi}.",
        f"Numerator ÷ denominator of {kpi.kpi}.",
        kpi.unit,
        kpi.direction,
        kpi.feed,
        "customer_service",
        1,
        caveat,
        caveat_en,
        kpi.is_headline,
    )


def _readiness(kpi: Kpi) -> tuple[Any, ...]:
    is_present = kpi.verdict != "unavailable"
    reason_fr, reason_en = REASONS.get(kpi.kpi, ("Rien à faire.", "Nothing to do."))
    horizon = datetime(2025, 12, 16, 23) if is_present else None
    fresh, days, coverage = (True, 530, 0.98) if is_present else (None, None, None)
    return kpi.kpi, kpi.feed, is_present, fresh, days, coverage, kpi.verdict, reason_fr, reason_en, horizon


def _values(kpi: Kpi) -> list[tuple[Any, ...]]:
    if kpi.kpi == UNAVAILABLE:
        nothing: list[Any] = [None] * 6
        flags = (False, False, kpi.unit, None, None, None, "unavailable", False)
        return [(kpi.kpi, "month", DECEMBER, -1, *nothing, 0, *flags)]
    rows = []
    previous = None
    for index, month in enumerate(MONTHS):
        value = {OCTOBER: kpi.october, NOVEMBER: kpi.november}.get(month, kpi.october * (1 + (index % 5 - 2) / 100))
        value = round(value, 2) if kpi.unit in {"count", "currency"} else value
        # October and November of the 60-day window still wait for most of their purchases
        immature = 250 if kpi.kpi == IMMATURE and month >= OCTOBER else 0
        is_restated = kpi.kpi == RESTATED and month == NOVEMBER
        rows.append(_value(kpi, month, -1, value, previous, immature, is_restated))
        if kpi.unit == "rate":
            rows += [_value(kpi, month, member, value, previous, immature, False, 200) for member in (5, 4, 3, 2, 1)]
            rows.append(_value(kpi, month, 0, value, previous, immature, False, 8))
        previous = value
    # weeks are published too, and no pack may show one as a month: this Monday is the first of its month
    week = _value(kpi, SEPTEMBER, -1, kpi.november * 2, None, 0, False)
    rows.append((kpi.kpi, "week", *week[2:]))
    return rows


def _value(
    kpi: Kpi,
    month: date,
    segment: int,
    value: float,
    previous: float | None,
    immature: int,
    is_restated: bool,
    sample_size: int | None = None,
) -> tuple[Any, ...]:
    size = kpi.sample_size if sample_size is None else sample_size
    low, high = (None, None) if kpi.half_width is None else (value - kpi.half_width, value + kpi.half_width)
    return (
        kpi.kpi,
        "month",
        month,
        segment,
        None,
        size,
        value,
        low,
        high,
        size,
        immature,
        True,
        size >= 30,
        kpi.unit,
        previous,
        kpi.target,
        None,
        kpi.status if size >= 30 else "not_publishable",
        is_restated,
    )


def _labels() -> list[tuple[Any, ...]]:
    members = {
        -1: ("Total", "Total"),
        5: (FORMULAS[0], FORMULAS[0]),
        4: (FORMULAS[1], FORMULAS[1]),
        3: (FORMULAS[2], FORMULAS[2]),
        2: (FORMULAS[3], FORMULAS[3]),
        1: (SCRIPT, SCRIPT),
        0: ("Sans achat", "No purchase"),
        -2: ("Non identifiés", "Unidentified"),
    }
    rows: list[tuple[Any, ...]] = [
        ("value_segment", str(member), member, french, english, 6 - member) for member, (french, english) in members.items()
    ]
    return [*rows, ("potential_tier", "1", None, "Potentiel bas", "Low potential", 3)]
