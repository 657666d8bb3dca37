"""Operations of the service, every cell recounted from the raw rows of a random company."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from tests.marts import random_company as company
from tests.marts.inputs import build, query, write_inputs

Z = 1.959963984540054
Cell = tuple[str, date, str, str, int]
# What a contact adds to a ratio: what counts, and how many are concerned.
Part = tuple[int, int]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    inputs = write_inputs(
        tmp_path_factory.mktemp("operations") / "inputs",
        company.make_rows(seed=3),
        context={"as_of_date": str(company.AS_OF), "history_months": company.HISTORY_MONTHS, "minimum_sample": 20},
        feed_status={"crm_contacts": {"horizon_at": company.CONTACTS_HORIZON}},
        reference=company.REFERENCE,
        value_thresholds=[company.THRESHOLD_VERSION],
    )
    return build(inputs, "+service_operations +contacts")


@pytest.fixture(scope="module")
def contacts() -> list[company.Contact]:
    return company.read_contacts(company.make_rows(seed=3))


@pytest.fixture(scope="module")
def segments(warehouse: Path) -> dict[str, int]:
    rows = query(warehouse, "select contact_id, value_segment from marts.contacts")
    return {row["contact_id"]: row["value_segment"] for row in rows}


def _wait(contact: company.Contact) -> int | None:
    end = contact.answered_at or (contact.closed_at if contact.is_abandoned else None)
    return None if end is None else int((end - contact.opened_at).total_seconds())


def _is_resolved(contact: company.Contact, contacts: Iterable[company.Contact]) -> bool:
    assert contact.closed_at is not None
    in_order = sorted(contacts, key=lambda other: (other.opened_at, other.contact_id))
    previous: dict[str, company.Contact] = {}
    for other in in_order:
        before = previous.get(other.case_id) if other.case_id else None
        if other.case_id:
            previous[other.case_id] = other
        goes_on = before is not None and before.outcome == "transferred"
        if (
            other.is_inbound
            and not goes_on
            and (other.customer, other.reason) == (contact.customer, contact.reason)
            and contact.closed_at < other.opened_at <= contact.closed_at + timedelta(days=7)
        ):
            return False
    return contact.outcome != "unresolved" and not contact.reopen_count


def _parts(contact: company.Contact, contacts: list[company.Contact]) -> dict[str, Part]:
    """What the contact adds to each ratio; a KPI that it does not concern is left out."""
    parts: dict[str, Part] = {}
    threshold = timedelta(seconds=company.THRESHOLDS[contact.channel])
    wait = _wait(contact)
    is_over = contact.opened_at + threshold < company.CONTACTS_HORIZON
    is_offered = contact.is_inbound and is_over
    is_judged = is_offered and (contact.answered_at is not None or not contact.is_handled)
    is_met = contact.answered_at is not None and contact.answered_at <= contact.opened_at + threshold
    is_quick = contact.is_abandoned and wait is not None and wait <= threshold.total_seconds()
    is_short = contact.is_abandoned and wait is not None and wait < 5
    if is_judged:
        parts["service_level_missed_abandons"] = (int(is_met), 1)
        parts["service_level_met_abandons"] = (int(is_met or is_quick), 1)
        parts["service_level_met_short_abandons"] = (int(is_met or is_short), 1)
        if not is_quick:
            parts["service_level_without_quick_abandons"] = (int(is_met), 1)
        if not contact.is_abandoned:
            parts["service_level_without_abandons"] = (int(is_met), 1)
    if is_offered:
        parts["abandonment_rate"] = (int(contact.is_abandoned), 1)
        parts["short_abandonment_rate"] = (int(is_short), 1)
        if contact.answered_at is not None and wait is not None:
            parts["average_speed_of_answer"] = (wait, 1)
    if contact.is_handled and contact.handle_seconds is not None:
        parts["average_handling_time"] = (contact.handle_seconds, 1)
    if contact.is_inbound and contact.is_handled:
        if contact.outcome is not None or contact.transfer_count is not None:
            parts["transfer_rate"] = (int(contact.outcome == "transferred" or bool(contact.transfer_count)), 1)
        if contact.closed_at is not None and contact.reopen_count is not None:
            parts["reopening_rate"] = (int(contact.reopen_count > 0), 1)
        if (
            contact.customer is not None
            and contact.closed_at is not None
            and contact.closed_at + timedelta(days=7) < company.CONTACTS_HORIZON
        ):
            parts["first_contact_resolution"] = (int(_is_resolved(contact, contacts)), 1)
    return parts


def _cells(contact: company.Contact, segment: int) -> Iterable[Cell]:
    day = company.company_day(contact.opened_at)
    queues = ("all", contact.queue or "unknown")
    for channel in ("all", contact.channel):
        for queue in queues:
            yield ("day", day, channel, queue, -1)
            for member in (segment, -1):
                yield ("week", day - timedelta(days=day.weekday()), channel, queue, member)
                yield ("month", day.replace(day=1), channel, queue, member)


def _in_history(contacts: list[company.Contact]) -> list[company.Contact]:
    return [contact for contact in contacts if contact.month >= company.FIRST_MONTH]


def _published(warehouse: Path) -> dict[tuple[Cell, str], dict[str, Any]]:
    rows = query(warehouse, "select * from marts.service_operations")
    return {
        (
            (row["period_grain"], row["period_start"], row["channel"], row["queue"], row["value_segment"]),
            row["kpi"],
        ): row
        for row in rows
    }


def _is_shown(cell: Cell) -> bool:
    return cell[1] >= company.FIRST_MONTH


def _wilson(share: float, sample: float) -> tuple[float, float]:
    """Ends of the score interval, from the roots of (p - x)^2 = z^2 x (1 - x) / n."""
    a, b, c = 1 + Z**2 / sample, -(2 * share + Z**2 / sample), share**2
    root = math.sqrt(max(b * b - 4 * a * c, 0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def _interval(kpi: str, clusters: list[Part]) -> tuple[float, float] | None:
    """The interval of a ratio over its clusters, from the definition of the clustered variance."""
    total, n, k = sum(y for y, _ in clusters), sum(m for _, m in clusters), len(clusters)
    ratio = total / n
    variance = k / (k - 1) * sum((y - ratio * m) ** 2 for y, m in clusters) / n**2 if k > 1 else None
    if kpi.startswith("average_"):
        if variance is None:
            return None
        return max(ratio - Z * math.sqrt(variance), 0), ratio + Z * math.sqrt(variance)
    if variance is None:
        sample = 1.0
    elif ratio in (0, 1):
        sample = n**2 / sum(m**2 for _, m in clusters)
    else:
        sample = n / min(max(variance / (ratio * (1 - ratio) / (n - 1)), 1), n)
    return _wilson(ratio, sample)


def test_every_ratio_of_every_cell_is_the_one_recounted(
    warehouse: Path, contacts: list[company.Contact], segments: dict[str, int]
) -> None:
    expected: dict[tuple[Cell, str], dict[str, list[Part]]] = defaultdict(lambda: defaultdict(list))
    for contact in _in_history(contacts):
        for kpi, part in _parts(contact, contacts).items():
            for cell in _cells(contact, segments[contact.contact_id]):
                if _is_shown(cell):
                    expected[(cell, kpi)][contact.customer or contact.contact_id].append(part)
    kpis = {kpi for _, kpi in expected}
    published = {key: row for key, row in _published(warehouse).items() if key[1] in kpis}
    assert len(kpis) == 12
    assert set(published) == set(expected)
    for (cell, kpi), by_customer in expected.items():
        row = published[(cell, kpi)]
        clusters = [(sum(y for y, _ in parts), len(parts)) for parts in by_customer.values()]
        numerator, denominator = sum(y for y, _ in clusters), sum(n for _, n in clusters)
        assert (row["numerator"], row["denominator"], row["sample_size"]) == (numerator, denominator, denominator), (
            cell,
            kpi,
        )
        assert row["value"] == pytest.approx(numerator / denominator, rel=1e-8)
        assert row["is_publishable"] == (denominator >= 20)
        interval = _interval(kpi, clusters)
        if interval is None:
            assert row["interval_low"] is None and row["interval_high"] is None
        else:
            assert (row["interval_low"], row["interval_high"]) == pytest.approx(interval, rel=1e-6, abs=1e-6), (
                cell,
                kpi,
            )


def test_contacts_cases_and_customers_are_counted_afresh_in_every_cell(
    warehouse: Path, contacts: list[company.Contact], segments: dict[str, int]
) -> None:
    found: dict[tuple[Cell, str], set[str]] = defaultdict(set)
    for contact in _in_history(contacts):
        if not contact.is_inbound:
            continue
        for cell in _cells(contact, segments[contact.contact_id]):
            if _is_shown(cell):
                found[(cell, "inbound_contacts")].add(contact.contact_id)
                found[(cell, "inbound_cases")].add(contact.case_id or contact.contact_id)
                if contact.customer:
                    found[(cell, "contacting_customers")].add(contact.customer)
    kpis = ("inbound_contacts", "inbound_cases", "contacting_customers")
    published = {key: row for key, row in _published(warehouse).items() if key[1] in kpis}
    assert {key: len(members) for key, members in found.items()} == {key: row["numerator"] for key, row in published.items()}
    assert all(row["value"] == row["numerator"] and row["denominator"] is None for row in published.values())


def test_the_median_of_a_cell_is_that_of_its_contacts(
    warehouse: Path, contacts: list[company.Contact], segments: dict[str, int]
) -> None:
    waits: dict[Cell, list[int]] = defaultdict(list)
    for contact in _in_history(contacts):
        wait = _wait(contact)
        is_over = contact.opened_at + timedelta(seconds=company.THRESHOLDS[contact.channel]) < company.CONTACTS_HORIZON
        if contact.is_inbound and contact.answered_at is not None and wait is not None and is_over:
            for cell in _cells(contact, segments[contact.contact_id]):
                if _is_shown(cell):
                    waits[cell].append(wait)
    published = {cell: row for (cell, kpi), row in _published(warehouse).items() if kpi == "speed_of_answer_median"}
    assert set(published) == set(waits)
    assert {cell[0] for cell in waits} == {"day", "week", "month"}
    for cell, found in waits.items():
        assert published[cell]["value"] == median(found)
        assert published[cell]["denominator"] == len(found)


def test_contacts_too_early_to_judge_are_counted_apart(warehouse: Path, contacts: list[company.Contact]) -> None:
    early: dict[date, int] = defaultdict(int)
    for contact in _in_history(contacts):
        if contact.is_inbound and contact.is_handled and contact.customer is not None:
            closed = contact.closed_at
            if closed is None or closed + timedelta(days=7) >= company.CONTACTS_HORIZON:
                early[contact.month] += 1
    published = _published(warehouse)
    rows = {
        cell[1]: row
        for (cell, kpi), row in published.items()
        if kpi == "first_contact_resolution" and cell[0] == "month" and cell[2:] == ("all", "all", -1)
    }
    assert early[date(2024, 6, 1)] > 1
    assert {month: row["immature_count"] for month, row in rows.items()} == {month: early[month] for month in rows}


def test_a_week_that_begins_before_the_history_has_no_row(warehouse: Path) -> None:
    # 1 September 2023 is a Friday: the week of 28 August would hold three days of it.
    weeks = query(warehouse, "select min(period_start) as first from marts.service_operations where period_grain = 'week'")
    assert weeks == [{"first": date(2023, 9, 4)}]
