"""The presets on small exports in the vendors' own layout."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from tests.unit.feeds.homes import Home


def test_zendesk_tickets_become_contacts(tmp_path: Path) -> None:
    home = Home(tmp_path, crm_contacts={"preset": "zendesk"})
    tickets = [
        {
            "id": 35436,
            "requester_id": 20978392,
            "assignee_id": 235323,
            "group_id": 98738,
            "status": "solved",
            "type": "incident",
            "tags": ["enterprise"],
            "created_at": "2024-03-05T08:00:00Z",
            "updated_at": "2024-03-05T12:00:00Z",
            "via": {"channel": "email", "source": {"rel": None}},
            "metric_set": {
                "reopens": 1,
                "assignee_stations": 2,
                "reply_time_in_minutes": {"calendar": 90, "business": 60},
                "solved_at": "2024-03-05T11:30:00Z",
            },
        },
        {
            "id": 35437,
            "requester_id": 20978393,
            "status": "closed",
            "tags": ["closed_by_merge"],
            "created_at": "2024-03-06T08:00:00Z",
            "via": {"channel": "voice", "source": {"rel": "outbound"}},
        },
    ]
    home.put_lines("zendesk/tickets.json", *(json.dumps(ticket) for ticket in tickets))
    assert home.land("crm_contacts").rows_quarantined == 0
    columns = (
        "contact_id, customer_id, channel, direction, opened_at, answered_at, closed_at, outcome, agent_id, "
        "transfer_count, reopen_count"
    )
    assert home.raw("crm_contacts", columns) == [
        (
            "35436",
            "20978392",
            "email",
            "inbound",
            datetime(2024, 3, 5, 8),
            datetime(2024, 3, 5, 9, 30),
            datetime(2024, 3, 5, 11, 30),
            "resolved",
            "235323",
            1,
            1,
        ),
        ("35437", "20978393", "phone", "outbound", datetime(2024, 3, 6, 8), None, None, "merged", None, None, None),
    ]


def test_zendesk_users_become_customers(tmp_path: Path) -> None:
    home = Home(tmp_path, crm_customers={"preset": "zendesk"})
    home.put_lines(
        "zendesk/users.json",
        '{"id": 1, "name": "Jo", "email": "JO@example.org", "phone": "+33612345678", "active": true, '
        '"created_at": "2024-01-01T00:00:00Z"}',
        '{"id": 2, "name": "Al", "email": null, "phone": null, "active": false, "created_at": "2024-01-01T00:00:00Z"}',
    )
    assert home.land("crm_customers").rows_accepted == 2
    assert home.raw("crm_customers", "customer_id, email_key, phone_key, is_deleted") == [
        ("1", "jo@example.org", "33612345678", False),
        ("2", None, None, True),
    ]


def test_shopify_orders_become_tickets_with_a_line_for_each_item(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_transactions={"preset": "shopify"})
    home.put_lines(
        "shopify/orders_1.csv",
        "Name,Email,Currency,Subtotal,Cancelled at,Created at,Lineitem quantity,Lineitem name,"
        "Lineitem price,Lineitem sku,Lineitem discount,Location,Source",
        "#1001,jo@example.org,EUR,50.00,,2024-03-05 09:05:00 +0100,2,Mug,12.50,MUG,0.50,,web",
        '#1001,jo@example.org,,,,2024-03-05 09:05:00 +0100,1,"Plate, large",25.50,,0.00,,',
        "#1002,al@example.org,EUR,10.00,2024-03-06 10:00:00 +0100,2024-03-06 09:05:00 +0100,1,Mug,10.00,MUG,0.00,Paris,pos",
    )
    report = home.land("pos_transactions")
    assert report.rows_quarantined == 0, report.reasons
    columns = (
        "transaction_id, line_number, sold_at, sales_channel, store_id, product_id, quantity, net_amount, currency, is_cancelled"
    )
    assert home.raw("pos_transactions", columns) == [
        (
            "#1001",
            1,
            datetime(2024, 3, 5, 8, 5),
            "web",
            None,
            "MUG",
            Decimal("2.0000"),
            Decimal("24.5000"),
            "EUR",
            False,
        ),
        (
            "#1001",
            2,
            datetime(2024, 3, 5, 8, 5),
            "web",
            None,
            "Plate, large",
            Decimal("1.0000"),
            Decimal("25.5000"),
            "EUR",
            False,
        ),
        (
            "#1002",
            1,
            datetime(2024, 3, 6, 8, 5),
            "store",
            "Paris",
            "MUG",
            Decimal("1.0000"),
            Decimal("10.0000"),
            "EUR",
            True,
        ),
    ]
