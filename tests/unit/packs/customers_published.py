"""The published tables about groups of customers, for the tests of their page: a grid that a person can check by hand.

Here: the five tables, with the columns of the marts, added to the database of `published.py`. Not here: what the packs
make of them (the tests).

By hand: in December 2025 segment 5 has 100 soliciting, 200 time-pressed, 300 autonomous, 400 trusting and 12 unknown
customers (too few); nobody is in segment 0 and trusting. Each month 10 customers go from 3 to 4, 6 from 4 to 3, 2 from
-2 to 1, 982 stay in 3; in June 2025 a new cut moved 500 from 5 to 4. Tickets that name nobody brought 900,000 of margin,
and three times as much net.
"""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from tests.unit.packs.published import DECEMBER, FORMULAS, MONTHS, SCRIPT, make_published

FAMILIES = ("soliciting", "time_pressed", "autonomous", "trusting", "unknown")
SEGMENTS = (5, 4, 3, 2, 1, 0, -2)
RECUT_MONTH = date(2025, 6, 1)
SMALL = (5, "unknown")
FEW_ANSWERS = (4, "trusting")
EMPTY = (0, "trusting")
NOT_PROFILED = 700
UNIDENTIFIED_MARGIN = Decimal(900_000)
REFUSED = ("Indice de Rand 0,41 sous 0,60 : groupes instables.", "Rand index 0.41 below 0.60: unstable groups.")

_TABLES = {
    "segment_sizes": """period_start date, value_segment integer, relational_family varchar, customers bigint,
        customers_not_profiled bigint, share double, net_amount_12m decimal(18, 4), margin_12m decimal(18, 4), identified_net_amount_12m decimal(18, 4),
        identified_margin_12m decimal(18, 4), sales_months_12m integer, margin_coverage double, contacts_per_customer double, csat double,
        csat_low double, csat_high double, csat_answers bigint, nps double, nps_low double, nps_high double,
        nps_answers bigint, is_publishable boolean, is_csat_publishable boolean, is_nps_publishable boolean""",
    "segment_migrations": """period_start date, axis varchar, from_segment varchar, to_segment varchar, customers bigint,
        is_recut boolean""",
    "personas": """micro_segment varchar, label varchar, label_fr varchar, label_en varchar, customers bigint,
        share double, portrait_fr varchar, portrait_en varchar, habits_fr varchar, habits_en varchar, likes_fr varchar,
        likes_en varchar, irritants_fr varchar, irritants_en varchar, journey_fr varchar, journey_en varchar,
        value_segment integer, relational_family varchar, margin_12m_mean decimal(18, 4), margin_coverage double,
        net_amount_12m_mean decimal(18, 4), purchases_12m_mean double, contacts_12m_mean double, csat double,
        csat_answers bigint, is_publishable boolean, is_csat_publishable boolean, card varchar""",
    "relationship_models": """value_segment integer, relational_family varchar, recommended_distance varchar,
        recommended_tempo varchar, recommended_frequency double, proactivity varchar, reply_within_hours double,
        practised_distance varchar, practised_tempo varchar, practised_frequency double, practised_proactivity varchar,
        practised_reply_within_hours double, gap varchar, customers bigint, satisfaction double, satisfaction_low double,
        satisfaction_high double, answers bigint, is_publishable boolean, because varchar, because_fr varchar,
        because_en varchar""",
    "parameter_versions": """parameter varchar, parameter_version varchar, fitted_as_of date, is_accepted boolean,
        is_in_use boolean, is_retrospective boolean, sample_size bigint, diagnostics varchar, reason_fr varchar,
        reason_en varchar""",
}
_MEANINGS = (
    ("valeur haute et potentiel haut", "high value and high potential", 5),
    (
        "valeur haute et potentiel moyen\nvaleur moyenne et potentiel haut",
        "high value and medium potential\nmedium value and high potential",
        4,
    ),
)
_HUNDREDS = {5: 1, 4: 3, 3: 5, 2: 8, 1: 9, 0: 4, -2: 2}
_CARDS = (
    (
        "Familles pressées du samedi",
        "Saturday families in a hurry",
        "Achète gros une fois par mois, appelle quand une livraison tarde et veut une réponse le jour même.",
        "Buys a lot once a month, calls when a delivery is late and wants an answer the same day.",
        4,
        "time_pressed",
        3_100,
    ),
    (
        "Fidèles de quartier",
        "Neighbourhood regulars",
        "Vient souvent pour de petits paniers, connaît l’équipe et préfère passer que d’écrire.",
        "Comes often for small baskets, knows the team and would rather come by than write.",
        5,
        "trusting",
        2_400,
    ),
    (
        "Autonomes du web",
        "Web self-servers",
        "Compare, commande et suit seul ; n’écrit que si le site n’a pas la réponse.",
        "Compares, orders and tracks alone; writes only where the site has no answer.",
        3,
        "autonomous",
        1_950,
    ),
    (SCRIPT, SCRIPT, FORMULAS[0], FORMULAS[0], 2, "soliciting", 640),
    ("Petit groupe", "Small group", "Trop peu nombreux.", "Too few.", None, "unknown", 14),
)


def make_customers(path: Path, changes: tuple[str, ...] = ()) -> Path:
    """Write the database of `make_published` with the tables about groups of customers; `changes` spoil it afterwards."""
    make_published(path)
    rows = {
        "segment_sizes": _sizes(),
        "segment_migrations": _migrations(),
        "personas": [_persona(number, card) for number, card in enumerate(_CARDS, 1)],
        "relationship_models": _models(),
        "parameter_versions": _versions(),
    }
    with duckdb.connect(str(path)) as connection:
        connection.begin()
        for table, columns in _TABLES.items():
            connection.execute(f"create table {table} ({columns})")
            marks = ", ".join("?" * len(rows[table][0]))
            connection.executemany(f"insert into {table} values ({marks})", rows[table])
        connection.executemany("insert into segment_labels values (?, ?, null, ?, ?, ?)", _labels())
        for column in ("meaning_fr", "meaning_en"):
            connection.execute(f"alter table segment_labels add column {column} varchar")
        connection.executemany("update segment_labels set meaning_fr = ?, meaning_en = ? where value_segment = ?", _MEANINGS)
        connection.commit()
        for change in changes:
            connection.execute(change)
    return path


def customers_of(segment: int, family: str) -> int:
    """Customers of a cell in every month of the fixture."""
    if (segment, family) == SMALL:
        return 12
    return 0 if (segment, family) == EMPTY else 100 * _HUNDREDS[segment] * (FAMILIES.index(family) + 1)


def _sizes() -> list[tuple[Any, ...]]:
    rows = []
    cells = {(segment, family): customers_of(segment, family) for segment in SEGMENTS for family in FAMILIES}
    for segment in SEGMENTS:
        cells[segment, "all"] = sum(cells[segment, family] for family in FAMILIES)
    for family in (*FAMILIES, "all"):
        cells[-1, family] = sum(cells[segment, family] for segment in SEGMENTS)
    for month in MONTHS:
        for (segment, family), customers in cells.items():
            if customers:
                rows.append(_size(month, segment, family, customers, customers / cells[-1, "all"]))
    return rows


def _size(month: date, segment: int, family: str, customers: int, share: float) -> tuple[Any, ...]:
    column = FAMILIES.index(family) if family in FAMILIES else 2
    level = max(segment, 0) if segment != -1 else 2
    answers = 12 if (segment, family) == FEW_ANSWERS else min(customers, 60 + 40 * level)
    csat = round(0.62 + 0.04 * level + 0.03 * column, 2) if segment != -2 else 0.70
    nps = round(100 * csat - 45, 1)
    margin = Decimal(customers * (20 + 55 * level + 8 * column))
    has_answers = segment != 0
    nobody = UNIDENTIFIED_MARGIN if segment in (-2, -1) and family in ("unknown", "all") else Decimal(0)
    return (
        month,
        segment,
        family,
        customers,
        NOT_PROFILED if nobody else 0,
        share,
        3 * (margin + nobody),
        margin + nobody,
        3 * margin,
        margin,
        12,
        1.0,
        0.4 + 0.5 * (4 - column) / 2 + 0.1 * level,
        csat if has_answers else None,
        csat - 0.04 if has_answers else None,
        csat + 0.04 if has_answers else None,
        answers if has_answers else 0,
        nps if has_answers else None,
        nps - 9 if has_answers else None,
        nps + 9 if has_answers else None,
        answers if has_answers else 0,
        customers >= 30,
        has_answers and answers >= 30,
        has_answers and answers >= 30,
    )


def _migrations() -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for index, month in enumerate(MONTHS):
        for origin, destination, customers in (
            ("5", "5", 940),
            ("5", "4", 20 + index % 3),
            ("4", "5", 25),
            ("4", "4", 900),
            ("4", "3", 6),
            ("3", "4", 10),
            ("3", "3", 982),
            ("3", "2", 8),
            ("2", "3", 30),
            ("2", "2", 1500),
            ("1", "1", 2200),
            ("1", "0", 40),
            ("0", "1", 12),
            ("0", "0", 1300),
            ("-2", "-2", 20),
            ("-2", "1", 2),
        ):
            rows.append((month, "value", origin, destination, customers, False))
        for origin, destination, customers in (
            ("soliciting", "soliciting", 1400),
            ("soliciting", "time_pressed", 18),
            ("time_pressed", "time_pressed", 2300),
            ("time_pressed", "autonomous", 31 + index),
            ("autonomous", "autonomous", 3100),
            ("trusting", "trusting", 2800),
            ("trusting", "autonomous", 9),
            ("unknown", "unknown", 800),
            ("unknown", "trusting", 44),
        ):
            rows.append((month, "family", origin, destination, customers, False))
    rows.append((RECUT_MONTH, "value", "5", "4", 500, True))
    rows.append((RECUT_MONTH, "value", "4", "3", 120, True))
    return rows


def _persona(number: int, card: tuple[Any, ...]) -> tuple[Any, ...]:
    label_fr, label_en, portrait_fr, portrait_en, segment, family, customers = card
    fr = {
        "portrait": portrait_fr,
        "habits": "Trois achats sur quatre le samedi\nUn panier de 84 € en moyenne",
        "likes": "Un rappel à l’heure dite\nSavoir qui suit le dossier",
        "irritants": "Répéter son numéro de commande\nAttendre plus de 5 minutes",
        "journey": "Achat en magasin\nAppel sous deux jours\nRachat dans le mois",
    }
    en = {
        "portrait": portrait_en,
        "habits": "Three purchases in four on a Saturday\nA basket of €84 on average",
        "likes": "A call-back on time\nKnowing who follows the matter",
        "irritants": "Repeating the order number\nWaiting more than 5 minutes",
        "journey": "Purchase in store\nCall within two days\nPurchase again within the month",
    }
    texts = [text for key in fr for text in (fr[key], en[key])]
    return (
        f"m{number}",
        label_fr,
        label_fr,
        label_en,
        customers,
        customers / 10_000,
        *texts,
        segment,
        family,
        Decimal(412 - 50 * number),
        1.0,
        Decimal(1380 - 140 * number),
        11.4 - number,
        1.2 + number / 4,
        0.86 - number / 40 if customers >= 30 else None,
        640 if customers >= 30 else 0,
        customers >= 30,
        customers >= 30,
        json.dumps({"fr": fr, "en": en}),
    )


def _models() -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for segment in SEGMENTS:
        for column, family in enumerate(FAMILIES):
            customers = customers_of(segment, family)
            if not customers or segment == -2:
                continue
            wants_live, is_urgent = family in {"soliciting", "time_pressed"}, family == "time_pressed"
            gap = {"time_pressed": "frequency,reply", "trusting": "distance"}.get(family, "")
            text_fr = "Répondent mieux quand la réponse vient vite : 8 points de satisfaction entre 2 h et 24 h."
            text_en = "More satisfied when the answer comes fast: 8 points of satisfaction between 2 h and 24 h."
            if not is_urgent:
                text_fr, text_en = "Pratique et souhait se rejoignent.", "Practice and wish agree."
            if family == "trusting":
                text_fr = "Six contacts sur dix ont lieu en magasin quand il est ouvert."
                text_en = "Six contacts in ten take place in the store while it is open."
            if segment == 2 and family == "soliciting":
                text_fr = text_en = SCRIPT
            rows.append(
                (
                    segment,
                    family,
                    "face_to_face" if family == "trusting" else "remote",
                    "synchronous" if wants_live else "asynchronous",
                    4.0 - column / 2,
                    "proactive" if family == "soliciting" else "reactive",
                    2.0 if is_urgent else 24.0,
                    "remote",
                    "synchronous" if wants_live else "asynchronous",
                    6.2 if is_urgent else 4.1 - column / 2,
                    "proactive" if family == "soliciting" else "reactive",
                    26.5 if is_urgent else 24.0,
                    gap,
                    customers,
                    None if customers < 30 else 0.80 - 0.04 * column,
                    None if customers < 30 else 0.75 - 0.04 * column,
                    None if customers < 30 else 0.85 - 0.04 * column,
                    customers // 4,
                    customers >= 30,
                    text_fr,
                    text_fr,
                    text_en,
                )
            )
    return rows


def _versions() -> list[tuple[Any, ...]]:
    year = ("Ajustement annuel.", "Yearly fit.")
    good = {"silhouette": 0.4123, "adjusted_rand_index": 0.83, "clusters": 5}
    bad = {"silhouette": 0.2, "adjusted_rand_index": 0.41, "clusters": 9, "seed": FORMULAS[0], SCRIPT: 1}
    first, second = date(2024, 7, 1), date(2025, 6, 1)
    return [
        ("identity_linkage", "l1", first, True, True, False, 48_200, json.dumps({"precision": 0.998, "recall": 0.991}), *year),
        ("value_thresholds", "v1", first, True, False, True, 9_800, "{}", *year),
        ("value_thresholds", "v2", second, True, True, False, 10_012, json.dumps({"population_stability_index": 0.21}), *year),
        ("relational_families", "f1", first, True, True, True, 7_400, json.dumps({"unknown_share": 0.082}), *year),
        ("micro_segments", "m1", first, True, True, False, 7_400, json.dumps(good), *year),
        ("micro_segments", "m2", DECEMBER, False, False, False, 7_950, json.dumps(bad), *REFUSED),
        ("lifetime_value", "x1", second, False, False, False, 310, "no JSON", "Trop peu de clients.", "Too few customers."),
    ]


def _labels() -> list[tuple[Any, ...]]:
    names = {
        "soliciting": ("Solliciteurs", "Soliciting"),
        "time_pressed": ("Pressés", "Time-pressed"),
        "autonomous": ("Autonomes", "Autonomous"),
        "trusting": ("Confiants", "Trusting"),
        "unknown": ("Inconnue", "Unknown"),
        "all": ("Toutes", "All"),
    }
    return [("relational_family", member, *labels, number) for number, (member, labels) in enumerate(names.items(), 1)]
