"""The published tables about what the service brings in, for the tests of their page: figures that a person can check by hand.

Here: the tables with the columns of the marts, added to the database of `customers_published.py`. Not here: what the packs
make of them (the tests).

By hand, 60 days. After contacts, second quarter: segment 5 has 30 contacts and 3,000.00 (100.00 each), segment 1 has 90
and 1,800.00 (20.00): 4,800.00. Third quarter: 60 contacts and 6,600.00 (110.00), 90 and 1,620.00 (18.00): 8,220.00. The
change of 3,420.00: volume 4,800 x 150/120 - 4,800 = 1,200; mix 60 x 100 + 90 x 20 - 6,000 = 1,800; rate 420.

Because of the service, second quarter: 20 customers and 900.00, 60 and 660.00; third: 40 and 2,000.00, 60 and 600.00.
1,040.00: volume 1,560 x 100/80 - 1,560 = 390; mix 40 x 45 + 60 x 11 - 1,950 = 510; rate 140.

Customers at risk, July: 17 of 20 in segment 5 and 13 of 20 in segment 1 stayed; August: 27 of 30 and 13 of 20. Ten more:
volume 30 x 50/40 - 30 = 7.5; mix 30 x 0.85 + 20 x 0.65 - 37.5 = 1; rate 1.5.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from tests.unit.packs.customers_published import make_customers
from tests.unit.packs.published import SCRIPT

APRIL, JULY, AUGUST, SEPTEMBER, OCTOBER = (date(2025, month, 1) for month in (4, 7, 8, 9, 10))
CUSTOMER = "deadbeef" * 8
NET_MARGIN = "repurchase_increment_net_margin_60"

_AFTER = """contacts_mature bigint, contacts_repurchasing bigint, observed_amount decimal(38, 4),
    observed_margin decimal(38, 4), amount_without_margin decimal(38, 4), contact_cost decimal(38, 4), contacts_costed bigint,
    pending_amount decimal(38, 4), immature_count bigint, is_publishable boolean"""
_INTERVALS = ("incremental_rate", "incremental_amount_per_customer", "incremental_amount", "incremental_margin")
_TABLES = {
    "repurchase_after_contact": f"period_start date, value_segment integer, channel varchar, window_days integer, {_AFTER}",
    "repurchase_after_contact_detail": f"period_start date, window_days integer, dimension varchar, member varchar, {_AFTER}",
    "repurchase_increment": f"""period_start date, value_segment integer, window_days integer, method varchar, verdict varchar,
        {", ".join(f"{name}{end} {'double' if position < 2 else 'decimal(38, 4)'}" for position, name in enumerate(_INTERVALS) for end in ("", "_low", "_high"))},
        contact_cost decimal(38, 4), incremental_net_margin decimal(38, 4), incremental_net_margin_low decimal(38, 4),
        incremental_net_margin_high decimal(38, 4), treated bigint, treated_kept bigint, kept_share double, controls bigint,
        effective_sample double, worst_balance double, contacts bigint, contacts_costed bigint, placebo_alarm boolean, negative_control_alarm boolean,
        sensitivity double, sensitivity_of_interval double, reason_fr varchar, reason_en varchar, immature_count bigint,
        is_publishable boolean""",
    "churn_rescues": """period_start date, value_segment integer, at_risk_contacted bigint, retained bigint,
        retained_rate double, retained_rate_low double, retained_rate_high double, scored_contacted bigint,
        scored_retained_rate double, expected_retained_rate double, estimated_contacted bigint, incremental_retained double,
        incremental_retained_low double, incremental_retained_high double, subscribers_contacted bigint,
        secured_revenue double, secured_revenue_low double, secured_revenue_high double, billed_revenue double,
        reversed_revenue double, immature_count bigint, is_publishable boolean, verdict varchar, reason_fr varchar,
        reason_en varchar""",
    "churn_risks": "customer_id varchar, churn_kind varchar, is_held_out boolean",
    "channels": "channel varchar, label_fr varchar, label_en varchar",
}


def changed_copy(database: Path, path: Path, changes: Iterable[str]) -> Path:
    """A copy of a database that SQL statements have changed or spoilt."""
    shutil.copyfile(database, path)
    with duckdb.connect(str(path)) as connection:
        for change in changes:
            connection.execute(change)
    return path


def make_value(path: Path) -> Path:
    """Write the database of `make_customers` with the tables about value."""
    make_customers(path)
    rows: dict[str, list[tuple[Any, ...]]] = {
        "repurchase_after_contact": _after(),
        "repurchase_after_contact_detail": _detail(),
        "repurchase_increment": _increments(),
        "churn_rescues": _rescues(),
        "churn_risks": [(CUSTOMER, "subscription", number == 0) for number in range(3)] + [(CUSTOMER, "silence", False)] * 2,
        "channels": [
            ("all", "Tous les canaux", "All channels"),
            ("phone", "Téléphone", "Telephone"),
            ("email", "Courriel", "E-mail"),
        ],
    }
    with duckdb.connect(str(path)) as connection:
        connection.begin()
        for table, columns in _TABLES.items():
            connection.execute(f"create table {table} ({columns})")
            marks = ", ".join("?" * len(rows[table][0]))
            connection.executemany(f"insert into {table} values ({marks})", rows[table])
        for kpi, grain, starts in (
            ("retained_after_contact_rate", "month", (JULY, AUGUST, SEPTEMBER)),
            ("repurchase_increment_amount_60", "quarter", (APRIL, JULY)),
            (NET_MARGIN, "quarter", (APRIL, JULY)),
        ):
            for start in starts:
                connection.execute(
                    """insert into kpi_values (kpi, period_grain, period_start, value_segment, value, sample_size,
                        immature_count, is_complete, is_publishable, unit, is_restated)
                        values (?, ?, ?, -1, 1, 100, 0, true, true, 'currency', false)""",
                    [kpi, grain, start],
                )
        connection.execute(
            f"""insert into kpi_definitions select '{NET_MARGIN}', 'value', 40, 'Marge nette due au service', 'Net margin',
                'Pourquoi.', 'Why.', 'Marge moins coût.', 'Margin less cost.', 'currency', direction, feeds, owner, version,
                'Estimation.', 'Estimate.', true from kpi_definitions where kpi = 'repurchase_amount_60'"""
        )
        connection.execute(
            f"""insert into kpi_readiness select * replace ('{NET_MARGIN}' as kpi)
                from kpi_readiness where kpi = 'repurchase_amount_60'"""
        )
        connection.commit()
    return path


def _after() -> list[tuple[Any, ...]]:
    rows = []
    for month in (date(2025, number, 1) for number in range(4, 12)):
        # from October on the windows are not over
        is_over = month < OCTOBER
        fives = ((12, 1500), (8, 700)) if month >= JULY else ((6, 700), (4, 300))
        ones = (30, 540) if month >= JULY else (30, 600)
        cells = {
            (5, "phone"): fives[0],
            (5, "email"): fives[1],
            (1, "phone"): ones,
        }
        for segment in (5, 1):
            cells[segment, "all"] = _together(cells, [(segment, "phone"), (segment, "email")])
        for channel in ("phone", "email", "all"):
            cells[-1, channel] = _together(cells, [(5, channel), (1, channel)])
        for (segment, channel), (contacts, amount) in cells.items():
            for window, share in ((30, Decimal("0.5")), (60, Decimal(1)), (90, Decimal("1.25"))):
                row = _after_row(contacts, amount * share, is_over and not (window == 90 and month == SEPTEMBER))
                small = (segment, channel) == (5, "email")
                rows.append((month, segment, channel, window, *row[:-1], row[-1] and not small))
    return rows


def _together(cells: dict[tuple[int, str], tuple[int, int]], keys: list[tuple[int, str]]) -> tuple[int, int]:
    found = [cells[key] for key in keys if key in cells]
    return sum(contacts for contacts, _ in found), sum(amount for _, amount in found)


def _after_row(contacts: int, amount: Decimal, is_over: bool) -> tuple[Any, ...]:
    if not is_over:
        return 0, 0, None, None, None, None, 0, amount, contacts, False
    return contacts, contacts // 2, amount, amount / 2, Decimal(0), Decimal(contacts * 3), contacts, Decimal(0), 0, True


def _detail() -> list[tuple[Any, ...]]:
    return [
        (month, 60, dimension, member, *_after_row(contacts, Decimal(amount), True)[:-1], is_publishable)
        for month in (JULY, AUGUST, SEPTEMBER)
        for dimension, member, contacts, amount, is_publishable in (
            ("relational_family", "soliciting", 50, 2740, True),
            ("reason", "retour_remboursement", 30, 740, True),
            ("reason", "unknown", 20, 2000, False),
            ("queue", "expert", 50, 2740, True),
            ("team", SCRIPT, 50, 2740, True),
        )
    ]


def _increments() -> list[tuple[Any, ...]]:
    rows = []
    for window in (30, 60, 90):
        factor = {30: Decimal("0.5"), 60: Decimal(1), 90: Decimal("1.25")}[window]
        rows += [
            _increment(APRIL, 5, window, factor, 22, 20, (900, -100, 1900), (450, -50, 950), 50),
            _increment(APRIL, 1, window, factor, 64, 60, (660, -240, 1560), (330, -120, 780), 90),
            _increment(APRIL, -1, window, factor, 100, 80, (1560, 200, 2920), (780, 80, 1480), 140),
            _increment(JULY, 5, window, factor, 44, 40, (2000, 500, 3500), (1000, 400, 1600), 150),
            _increment(JULY, 1, window, factor, 64, 60, (600, -300, 1500), (300, -100, 700), 100),
            _refused(JULY, 0, window, 17, "12 clients contactés, il en faut 30", "there are 12 and 30 are needed"),
            _increment(JULY, -1, window, factor, 125, 100, (2600, 800, 4400), (1300, 600, 2000), 250),
            _refused(JULY, -1, window, 40, "20 clients tirés, il en faut 30", "there are 20 drawn and 30 are needed", "hold_out"),
            _refused(OCTOBER, -1, window, 10, SCRIPT, SCRIPT),
        ]
    return rows


def _increment(
    quarter: date,
    segment: int,
    window: int,
    factor: Decimal,
    treated: int,
    kept: int,
    amount: tuple[int, int, int],
    margin: tuple[int, int, int],
    cost: int,
) -> tuple[Any, ...]:
    amounts = [factor * each for each in amount]
    margins = [factor * each for each in margin]
    text = "grâce au service, estimé : effet sur les clients gardés", "because of the service, estimated"
    return (
        quarter,
        segment,
        window,
        "estimate",
        "estimated",
        *(0.08, 0.02, 0.14),
        *(float(each) / kept for each in amounts),
        *amounts,
        *margins,
        Decimal(cost),
        *(each - cost for each in margins),
        treated,
        kept,
        kept / treated,
        400,
        150.0,
        0.042,
        2 * kept,
        2 * kept,
        False,
        False,
        1.8,
        1.2,
        *text,
        0,
        kept >= 30,
    )


def _refused(
    quarter: date, segment: int, window: int, treated: int, fr: str, en: str, method: str = "estimate"
) -> tuple[Any, ...]:
    immature = 90 if quarter == OCTOBER else 0
    reasons = f"non estimable : {fr}", f"not estimable because {en}"
    nothing = [None] * 12
    alarms = (None, None) if method == "hold_out" else (False, False)
    return (
        *(quarter, segment, window, method, "not_estimable", *nothing, None, None, None, None),
        *(treated, 0, 0.0, 30, None, None, 0, 0, *alarms, None, None, *reasons, immature, False),
    )


def _rescues() -> list[tuple[Any, ...]]:
    estimated = "Estimé sur les clients contactés.", "Estimated on the contacted."
    refused = "Non estimable : 10 clients contactés, il en faut 30.", "Not estimable: 10 contacted, 30 are needed."
    return [
        _rescue(JULY, 5, 20, 17, 16, None, None, refused),
        _rescue(JULY, 1, 20, 13, 16, None, None, refused),
        _rescue(JULY, -1, 40, 30, 32, (4.0, -1.0, 9.0), (3200.0, -800.0, 7200.0), estimated),
        _rescue(AUGUST, 5, 30, 27, 30, (5.0, 1.0, 9.0), (4000.0, 800.0, 7200.0), estimated),
        _rescue(AUGUST, 1, 20, 13, 10, None, None, refused),
        _rescue(AUGUST, -1, 50, 40, 40, (6.0, 1.0, 11.0), (4800.0, 800.0, 8800.0), estimated),
        # most of them still wait for the end of the 90 days
        _rescue(SEPTEMBER, -1, 5, 5, 5, None, None, refused, 60),
    ]


def _rescue(
    month: date,
    segment: int,
    contacted: int,
    retained: int,
    scored: int,
    rescued: tuple[float, float, float] | None,
    secured: tuple[float, float, float] | None,
    reason: tuple[str, str],
    immature: int = 0,
) -> tuple[Any, ...]:
    rate = retained / contacted
    return (
        *(month, segment, contacted, retained, rate, rate - 0.1, rate + 0.1, scored, 0.85, 0.7),
        scored if rescued else None,
        *(rescued or (None, None, None)),
        scored,
        *(secured or (None, None, None)),
        *((1200.0, 300.0) if secured else (None, None)),
        immature,
        contacted >= 20,
        "estimated" if rescued else "not_estimable",
        *reason,
    )
