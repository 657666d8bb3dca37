"""A small company drawn at random (seeded), and its facts read again from the raw rows in plain Python.

Here: the rows, and slow, obvious definitions of the facts that several tests recount. Nothing of the SQL is used: what
both say is right, or wrong twice for different reasons. Not here: the comparisons (`test_*.py`).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tests.marts.conftest import Rows, contact, line

PARIS = ZoneInfo("Europe/Paris")
AS_OF = date(2024, 6, 30)
FIRST_MONTH = date(2023, 9, 1)
HISTORY_MONTHS = 10
# Exclusive ends, naive UTC: midnight in Paris of 26 June for contacts, of 21 June for sales.
CONTACTS_HORIZON = datetime(2024, 6, 25, 22)
SALES_HORIZON = datetime(2024, 6, 20, 22)
THRESHOLDS = {"phone": 20, "chat": 60}
WINDOWS = (30, 60, 90)
THRESHOLD_VERSION = {
    "parameter_version": "v1",
    "fitted_as_of": "2023-09-01",
    "tier_low_cut": "60",
    "tier_high_cut": "160",
    "segment_cut_1": "40",
    "segment_cut_2": "90",
    "segment_cut_3": "150",
    "segment_cut_4": "260",
    # sales begin in July: by September two months of them are known
    "sales_months": "2",
    "sample_size": "30",
}
REFERENCE = {
    "channels": [
        {
            "channel": channel,
            "distance": "remote",
            "tempo": "synchronous",
            "answer_threshold_seconds": seconds,
            "counts_business_hours": "false",
        }
        for channel, seconds in THRESHOLDS.items()
    ],
}


def company_day(instant: datetime) -> date:
    """Day in Paris of a naive UTC instant."""
    return instant.replace(tzinfo=UTC).astimezone(PARIS).date()


@dataclass(frozen=True)
class Contact:
    """A contact as the raw row says it; instants are naive UTC."""

    contact_id: str
    case_id: str | None
    customer: str | None
    channel: str
    direction: str
    reason: str | None
    queue: str | None
    opened_at: datetime
    answered_at: datetime | None
    closed_at: datetime | None
    outcome: str | None
    handle_seconds: int | None
    transfer_count: int | None
    reopen_count: int | None

    @property
    def is_inbound(self) -> bool:
        return self.direction == "inbound" and self.outcome not in ("merged", "spam")

    @property
    def is_handled(self) -> bool:
        if self.outcome in ("abandoned", "merged", "spam"):
            return False
        closed_by_people = self.closed_at is not None and self.outcome in ("resolved", "unresolved", "transferred")
        return self.answered_at is not None or closed_by_people

    @property
    def is_abandoned(self) -> bool:
        return self.outcome == "abandoned" and self.answered_at is None

    @property
    def month(self) -> date:
        return company_day(self.opened_at).replace(day=1)


@dataclass(frozen=True)
class Ticket:
    """A ticket that is not cancelled: the sum of its lines."""

    transaction_id: str
    customer: str | None
    sold_at: datetime
    net_amount: Decimal


def make_rows(seed: int, day_precision: bool = False) -> Rows:
    """Contacts, tickets and the cards that tie some of them, drawn with `seed`.

    Instants fall on a coarse grid, so that ties, and sales at the very second of an end, do happen. With
    `day_precision` sales are at midnight in Paris.
    """
    draw = random.Random(seed)
    start = datetime(2023, 7, 1)

    def moment(hours: int) -> datetime:
        return start + timedelta(hours=draw.randrange(0, hours, 6))

    customers = [f"C{number}" for number in range(1, 31)]
    contacts = []
    for number in range(320):
        opened = moment(24 * 362)
        closed = opened + timedelta(hours=draw.choice([0, 6, 12, 48]))
        waited = draw.choice([2, 4, 5, 10, 20, 21, 60, 90])
        outcome = draw.choice(["resolved"] * 6 + ["unresolved", "abandoned", "transferred", "merged", "spam", None])
        is_open = draw.random() < 0.06
        is_answered = outcome != "abandoned" and draw.random() < 0.9 and waited <= (closed - opened).total_seconds()
        if outcome == "abandoned":
            closed = opened + timedelta(seconds=waited)
        more: dict[str, Any] = {
            "channel": draw.choice(["phone", "phone", "chat"]),
            "direction": draw.choice(["inbound"] * 7 + ["outbound"]),
            "reason": draw.choice(["late", "bill", None]),
            "queue": draw.choice(["sales", "care", None]),
            "case_id": draw.choice([None, f"D{number // 3}"]),
            "outcome": None if is_open else outcome,
            "closed_at": None if is_open else closed,
            "answered_at": opened + timedelta(seconds=waited) if is_answered else None,
            "talk_seconds": draw.choice([None, 60, 200]),
            "wrap_up_seconds": draw.choice([None, 30]),
            "transfer_count": draw.choice([None, 0, 0, 1]),
            "reopen_count": draw.choice([None, 0, 0, 0, 1]),
        }
        contacts.append(contact(f"K{number:03}", draw.choice([*customers, None]), str(opened), **more))
    lines = []
    for number in range(520):
        at = moment(24 * 364)
        if day_precision:
            midnight = datetime.combine(company_day(at), datetime.min.time(), PARIS)
            at = midnight.astimezone(UTC).replace(tzinfo=None)
        by_card = draw.random() < 0.3
        owner = draw.choice([*customers, None])
        refunded = f"T{draw.randrange(number):03}" if number and draw.random() < 0.25 else None
        cents = draw.randrange(100, 9000)
        key = {} if owner is None else {"loyalty_card_id": f"F{owner}"} if by_card else {"customer_id": owner}
        if refunded:
            lines.append(line(f"T{number:03}", str(at), str(Decimal(-cents) / 100), returned_transaction_id=refunded, **key))
            if draw.random() < 0.4:
                lines.append(line(f"T{number:03}", str(at), "25.5", line_number=2, **key))
        else:
            lines.append(line(f"T{number:03}", str(at), str(Decimal(cents) / 100), **key))
            if draw.random() < 0.2:
                lines.append(line(f"T{number:03}", str(at), "999", line_number=2, is_cancelled="true", **key))
    members = [
        {"loyalty_card_id": f"F{customer}", "customer_id": customer, "joined_at": "2023-07-01 00:00:00"} for customer in customers
    ]
    return {"crm_contacts": contacts, "pos_transactions": lines, "loyalty_members": members}


def _instant(value: Any) -> datetime | None:
    return None if value is None else datetime.fromisoformat(str(value))


def read_contacts(rows: Rows) -> list[Contact]:
    """The contacts of the months of history, and those before them."""
    made = []
    for row in rows["crm_contacts"]:
        durations = [row[name] for name in ("talk_seconds", "wrap_up_seconds") if row.get(name) is not None]
        opened = _instant(row["opened_at"])
        assert opened is not None
        made.append(
            Contact(
                contact_id=row["contact_id"],
                case_id=row.get("case_id"),
                customer=row.get("customer_id"),
                channel=row["channel"],
                direction=row["direction"],
                reason=row.get("reason"),
                queue=row.get("queue"),
                opened_at=opened,
                answered_at=_instant(row.get("answered_at")),
                closed_at=_instant(row.get("closed_at")),
                outcome=row.get("outcome"),
                handle_seconds=sum(durations) if durations else None,
                transfer_count=row.get("transfer_count"),
                reopen_count=row.get("reopen_count"),
            )
        )
    return made


def read_tickets(rows: Rows) -> list[Ticket]:
    """Tickets with a line that is not cancelled; a refund without a key is of the customer of what it gives back."""
    by_ticket: dict[str, list[dict[str, Any]]] = {}
    for row in rows["pos_transactions"]:
        if row.get("is_cancelled") != "true":
            by_ticket.setdefault(row["transaction_id"], []).append(row)

    def owner(transaction_id: str) -> str | None:
        first = by_ticket[transaction_id][0]
        card = first.get("loyalty_card_id")
        return card[1:] if card else first.get("customer_id")

    made = []
    for transaction_id, lines in by_ticket.items():
        sold = _instant(lines[0]["sold_at"])
        assert sold is not None
        amount = sum((Decimal(row["net_amount"]) for row in lines), Decimal(0))
        customer = owner(transaction_id)
        original = next((row["returned_transaction_id"] for row in lines if row.get("returned_transaction_id")), None)
        if customer is None and original in by_ticket:
            customer = owner(original)  # who brings something back without a card is who bought it
        made.append(Ticket(transaction_id, customer, sold, amount))
    return made


def read_refunds(rows: Rows) -> dict[str, list[tuple[datetime, Decimal]]]:
    """Refunds of each ticket by another one: instant and amount."""
    made: dict[str, list[tuple[datetime, Decimal]]] = {}
    for row in rows["pos_transactions"]:
        original = row.get("returned_transaction_id")
        amount = Decimal(row["net_amount"])
        if row.get("is_cancelled") == "true" or original is None or original == row["transaction_id"] or amount >= 0:
            continue
        at = _instant(row["sold_at"])
        assert at is not None
        made.setdefault(original, []).append((at, -amount))
    return made
