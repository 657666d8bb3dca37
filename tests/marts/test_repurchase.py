"""Re-purchase after contacts, recounted from the raw rows of random companies, euro by euro and cell by cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.marts import random_company as company
from tests.marts.conftest import Rows, line
from tests.marts.conftest import contact as make_contact
from tests.marts.inputs import build, query, write_inputs

Frame = pd.DataFrame
Query = Callable[[str], list[dict[str, Any]]]


@dataclass(frozen=True)
class Built:
    """A warehouse and the rows that it was built from."""

    warehouse: Path
    rows: Rows
    is_day_precision: bool


@pytest.fixture(scope="module", params=["second", "day"])
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Built:
    is_day = request.param == "day"
    rows = company.make_rows(seed=11 if is_day else 7, day_precision=is_day)
    inputs = write_inputs(
        tmp_path_factory.mktemp("repurchase") / "inputs",
        rows,
        context={"as_of_date": str(company.AS_OF), "history_months": company.HISTORY_MONTHS},
        feed_status={
            "crm_contacts": {"horizon_at": company.CONTACTS_HORIZON},
            "pos_transactions": {"horizon_at": company.SALES_HORIZON, "date_precision": request.param},
        },
        reference=company.REFERENCE,
        value_thresholds=[company.THRESHOLD_VERSION],
    )
    return Built(build(inputs, "+repurchase_after_contact +contacts +purchases"), rows, is_day)


def _is_in_window(built: Built, contact: company.Contact, at: datetime, days: int) -> bool:
    if contact.closed_at is None:
        return False
    if built.is_day_precision:
        closed_on = company.company_day(contact.closed_at)
        return closed_on < company.company_day(at) <= closed_on + timedelta(days=days)
    return contact.closed_at < at <= contact.closed_at + timedelta(days=days)


def _is_mature(built: Built, contact: company.Contact, days: int) -> bool:
    if contact.closed_at is None:
        return False
    horizon = min(company.CONTACTS_HORIZON, company.SALES_HORIZON)
    if built.is_day_precision:
        return company.company_day(contact.closed_at) + timedelta(days=days) < company.company_day(horizon)
    return contact.closed_at + timedelta(days=days) < horizon


def _has_bought_before(built: Built, contact: company.Contact, tickets: list[company.Ticket]) -> bool:
    refunds = company.read_refunds(built.rows)

    def is_before(at: datetime, or_at: bool) -> bool:
        if built.is_day_precision:
            return company.company_day(at) < company.company_day(contact.opened_at)
        return at < contact.opened_at or (or_at and at == contact.opened_at)

    for ticket in tickets:
        if ticket.customer == contact.customer and is_before(ticket.sold_at, or_at=False):
            returned = sum(
                (amount for at, amount in refunds.get(ticket.transaction_id, []) if is_before(at, or_at=True)),
                Decimal(0),
            )
            if ticket.net_amount > 0 and ticket.net_amount > returned:
                return True
    return False


def _eligible(built: Built) -> list[company.Contact]:
    tickets = company.read_tickets(built.rows)
    return [
        contact
        for contact in company.read_contacts(built.rows)
        if contact.is_inbound
        and contact.is_handled
        and contact.customer is not None
        and contact.month >= company.FIRST_MONTH
        and _has_bought_before(built, contact, tickets)
    ]


def _recounted_credits(built: Built) -> Frame:
    """Each ticket to the latest eligible contact before it, in each window that holds it."""
    contacts = _eligible(built)
    made: list[dict[str, Any]] = []
    for ticket in company.read_tickets(built.rows):
        for days in company.WINDOWS:
            holding = [
                contact
                for contact in contacts
                if contact.customer == ticket.customer and _is_in_window(built, contact, ticket.sold_at, days)
            ]
            if holding:
                latest = max(holding, key=lambda contact: (contact.closed_at, contact.opened_at, contact.contact_id))
                made.append(
                    {
                        "window_days": days,
                        "transaction_id": ticket.transaction_id,
                        "contact_id": latest.contact_id,
                        "net_amount": ticket.net_amount,
                        "is_pending": not _is_mature(built, latest, days),
                    }
                )
    return pd.DataFrame(made)


def test_every_euro_goes_to_the_contact_that_a_recount_of_the_raw_rows_says(built: Built) -> None:
    published = pd.DataFrame(
        query(
            built.warehouse,
            "select window_days, transaction_id, contact_id, net_amount, is_pending from marts.repurchase_credits",
        )
    )
    recounted = _recounted_credits(built)
    keys = ["window_days", "transaction_id"]
    assert len(recounted) > 200
    assert recounted["is_pending"].any() and not recounted["is_pending"].all()
    left = published.sort_values(keys).reset_index(drop=True)
    right = recounted.sort_values(keys).reset_index(drop=True)
    assert left[[*keys, "contact_id"]].values.tolist() == right[[*keys, "contact_id"]].values.tolist()
    assert left["is_pending"].tolist() == right["is_pending"].tolist()
    assert [Decimal(amount) for amount in left["net_amount"]] == [Decimal(amount) for amount in right["net_amount"]]


def test_eligible_euros_of_the_raw_rows_are_the_credited_and_the_pending_ones(built: Built) -> None:
    contacts = _eligible(built)
    for days in company.WINDOWS:
        eligible = sum(
            (
                ticket.net_amount
                for ticket in company.read_tickets(built.rows)
                if any(
                    contact.customer == ticket.customer and _is_in_window(built, contact, ticket.sold_at, days)
                    for contact in contacts
                )
            ),
            Decimal(0),
        )
        [published] = query(
            built.warehouse,
            f"select sum(net_amount) as amount from marts.repurchase_credits where window_days = {days}",
        )
        assert published["amount"] == eligible


def test_every_cell_of_the_table_is_the_one_recounted(built: Built) -> None:
    segments = {
        row["contact_id"]: row["value_segment"]
        for row in query(built.warehouse, "select contact_id, value_segment from marts.contacts")
    }
    credited = _recounted_credits(built)
    refunds = company.read_refunds(built.rows)
    tickets = company.read_tickets(built.rows)
    eligible = _eligible(built)

    def has_bought(contact: company.Contact, days: int) -> bool:
        for ticket in tickets:
            if ticket.customer == contact.customer and _is_in_window(built, contact, ticket.sold_at, days):
                returned = sum(
                    (amount for at, amount in refunds.get(ticket.transaction_id, []) if _is_in_window(built, contact, at, days)),
                    Decimal(0),
                )
                if ticket.net_amount > 0 and ticket.net_amount > returned:
                    return True
        return False

    bought = {(contact.contact_id, days): has_bought(contact, days) for contact in eligible for days in company.WINDOWS}
    published = query(built.warehouse, "select * from marts.repurchase_after_contact")
    expected: dict[tuple[date, int, str, int], list[company.Contact]] = {}
    for contact in eligible:
        for days in company.WINDOWS:
            for segment in (segments[contact.contact_id], -1):
                for channel in (contact.channel, "all"):
                    expected.setdefault((contact.month, segment, channel, days), []).append(contact)
    keys = {(row["period_start"], row["value_segment"], row["channel"], row["window_days"]) for row in published}
    assert keys == set(expected)
    for row in published:
        days = row["window_days"]
        contacts = expected[(row["period_start"], row["value_segment"], row["channel"], days)]
        mature = [contact for contact in contacts if _is_mature(built, contact, days)]
        again = [contact for contact in mature if bought[(contact.contact_id, days)]]
        mine = credited[(credited["window_days"] == days) & credited["contact_id"].isin([c.contact_id for c in contacts])]
        amounts = {pending: sum(mine.loc[mine["is_pending"] == pending, "net_amount"], Decimal(0)) for pending in (True, False)}
        assert row["customers_contacted"] == len({contact.customer for contact in mature})
        assert row["customers_repurchasing"] == len({contact.customer for contact in again})
        assert (row["contacts_mature"], row["contacts_repurchasing"]) == (len(mature), len(again))
        assert row["immature_count"] == len(contacts) - len(mature)
        assert row["pending_amount"] == amounts[True]
        assert row["observed_amount"] == (amounts[False] if mature else None)
        if mature:
            people = len({contact.customer for contact in mature})
            share = len({contact.customer for contact in again}) / people
            assert row["observed_rate"] == pytest.approx(share, rel=1e-8)
            assert row["observed_rate_low"] <= share + 1e-9 and share <= row["observed_rate_high"] + 1e-9
            assert row["is_publishable"] == (people >= 30)
            per_contact = len(again) / len(mature)
            assert row["observed_rate_per_contact"] == pytest.approx(per_contact, rel=1e-8)
            assert row["observed_rate_per_contact_low"] <= per_contact + 1e-9
            assert per_contact <= row["observed_rate_per_contact_high"] + 1e-9
        else:
            assert row["observed_rate"] is None


def test_the_segments_are_not_all_the_same(built: Built) -> None:
    found = {row["value_segment"] for row in query(built.warehouse, "select value_segment from marts.repurchase_after_contact")}
    assert len(found) > 4


@pytest.fixture(scope="module")
def by_hand(tmp_path_factory: pytest.TempPathFactory) -> Query:
    """Customers of a hand-worked example each; returns the rows of a query on the marts."""
    rows: Rows = {"crm_contacts": [], "pos_transactions": [], "crm_agents": [], "pos_products": []}

    def bought(ticket: str, customer: str, at: str, amount: str, **more: Any) -> None:
        rows["pos_transactions"].append(line(ticket, at, amount, customer_id=customer, **more))

    def called(contact_id: str, customer: str, day: str, **more: Any) -> None:
        rows["crm_contacts"].append(
            make_contact(
                contact_id,
                customer,
                f"{day} 09:00:00",
                answered_at=f"{day} 09:00:10",
                closed_at=f"{day} 10:00:00",
                **more,
            )
        )

    for customer in ("exchange", "full_return", "no_card_return", "late_return", "tie", "cost", "first"):
        if customer != "first":
            bought(f"{customer}-0", customer, "2023-06-01 10:00:00", "5")
        called(f"{customer}-K", customer, "2024-01-10", agent_id="A1", talk_seconds=1200, wrap_up_seconds=600)
    # Bought for 50 after the contact, then changed for a dearer thing in one ticket: -50 + 70.
    bought("exchange-1", "exchange", "2024-01-12 10:00:00", "50", product_id="P1")
    bought("exchange-2", "exchange", "2024-01-20 10:00:00", "-50", returned_transaction_id="exchange-1", product_id="P1")
    bought("exchange-2", "exchange", "2024-01-20 10:00:00", "70", line_number=2, product_id="P1")
    bought("full_return-1", "full_return", "2024-01-12 10:00:00", "30")
    bought("full_return-2", "full_return", "2024-01-13 10:00:00", "-30", returned_transaction_id="full_return-1")
    # Brought back without card or name: the till knows only the ticket.
    bought("no_card_return-1", "no_card_return", "2024-01-12 10:00:00", "100")
    rows["pos_transactions"].append(
        line("no_card_return-2", "2024-01-17 10:00:00", "-100", returned_transaction_id="no_card_return-1")
    )
    # Brought back on the 45th day: in the window of 60 days, not in that of 30.
    bought("late_return-1", "late_return", "2024-01-12 10:00:00", "40")
    bought("late_return-2", "late_return", "2024-02-24 10:00:00", "-40", returned_transaction_id="late_return-1")
    bought("first-1", "first", "2024-01-12 10:00:00", "60")
    rows["crm_agents"].append({"agent_id": "A1", "team": "North", "hourly_cost": "36", "valid_from": "2022-01-01 00:00:00"})
    rows["pos_products"].append({"product_id": "P1", "margin_rate": "0.4"})
    inputs = write_inputs(tmp_path_factory.mktemp("by_hand") / "inputs", rows)
    warehouse = build(inputs, "+repurchase_after_contact +purchases")
    return lambda sql: query(warehouse, sql)


def _credited(by_hand: Query, customer: str, days: int) -> Decimal:
    [row] = by_hand(
        "select coalesce(sum(net_amount), 0) as amount from marts.repurchase_credits "
        f"where contact_id = '{customer}-K' and window_days = {days} and not is_pending"
    )
    return Decimal(row["amount"])


def _repurchased(by_hand: Query, customer: str, days: int) -> bool:
    [row] = by_hand(
        "select is_repurchased from intermediate.int_repurchase_outcomes "
        f"where contact_id = '{customer}-K' and window_days = {days}"
    )
    return bool(row["is_repurchased"])


def test_an_exchange_counts_its_difference(by_hand: Query) -> None:
    assert _credited(by_hand, "exchange", 30) == Decimal(70)
    assert _repurchased(by_hand, "exchange", 30)


def test_a_fully_returned_ticket_is_no_repurchase(by_hand: Query) -> None:
    assert _credited(by_hand, "full_return", 30) == Decimal(0)
    assert not _repurchased(by_hand, "full_return", 30)


def test_a_refund_without_a_key_is_deducted_from_the_customer_of_its_ticket(by_hand: Query) -> None:
    assert _credited(by_hand, "no_card_return", 30) == Decimal(0)
    assert not _repurchased(by_hand, "no_card_return", 30)
    [refund] = by_hand("select customer_id from marts.purchases where transaction_id = 'no_card_return-2'")
    [ticket] = by_hand("select customer_id from marts.purchases where transaction_id = 'no_card_return-1'")
    assert refund["customer_id"] == ticket["customer_id"] is not None


def test_a_return_after_the_window_changes_nothing_in_it(by_hand: Query) -> None:
    assert _credited(by_hand, "late_return", 30) == Decimal(40)
    assert _repurchased(by_hand, "late_return", 30)
    assert _credited(by_hand, "late_return", 60) == Decimal(0)
    assert not _repurchased(by_hand, "late_return", 60)


def test_a_first_purchase_is_no_repurchase(by_hand: Query) -> None:
    assert by_hand("select * from intermediate.int_repurchase_contacts where contact_id = 'first-K'") == []
    assert by_hand("select * from marts.repurchase_credits where contact_id = 'first-K'") == []


def test_cost_and_margin_stand_beside_the_amount_and_say_what_is_not_known(by_hand: Query) -> None:
    # Six contacts of half an hour at 36.00: 108.00. Of 110.00 credited (70 + 0 + 40), 70 have a known margin of 40 %.
    [row] = by_hand(
        "select * from marts.repurchase_after_contact where channel = 'all' and value_segment = -1 and window_days = 30"
    )
    assert (row["contact_cost"], row["contacts_costed"]) == (Decimal(108), 6)
    assert (row["observed_amount"], row["observed_margin"], row["amount_without_margin"]) == (
        Decimal(110),
        Decimal(28),
        Decimal(40),
    )
    assert (row["customers_contacted"], row["customers_repurchasing"]) == (6, 2)


def test_where_contacts_have_days_only_a_purchase_on_the_day_of_the_contact_does_not_count(tmp_path: Path) -> None:
    midnight = "2024-02-29 23:00:00"  # 1 March in Paris
    rows: Rows = {
        "crm_contacts": [make_contact("K1", "C1", midnight, answered_at=midnight, closed_at=midnight)],
        "pos_transactions": [
            line("T0", "2023-06-01 10:00:00", "5", customer_id="C1"),
            line("T1", "2024-03-01 08:00:00", "100", customer_id="C1"),
            line("T2", "2024-03-02 08:00:00", "7", customer_id="C1"),
        ],
    }
    inputs = write_inputs(tmp_path / "inputs", rows, feed_status={"crm_contacts": {"date_precision": "day"}})
    warehouse = build(inputs, "+repurchase_after_contact +service_operations +kpi_readiness")
    credited = query(warehouse, "select transaction_id from marts.repurchase_credits where window_days = 30")
    assert [row["transaction_id"] for row in credited] == ["T2"]
    # days tell no waits: nothing is said of the speed of answer, instead of nought seconds
    assert query(warehouse, "from marts.service_operations where kpi = 'average_speed_of_answer'") == []
    [speed] = query(warehouse, "select verdict from marts.kpi_readiness where kpi = 'service_level_missed_abandons'")
    assert speed["verdict"] == "unavailable"
