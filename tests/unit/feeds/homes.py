"""A home folder for a test: its configuration, its inbox, a landing, and what raw and quarantine then hold."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import yaml

from dagster_project.company.model import Company, load_company
from dagster_project.company.reference import load_references
from dagster_project.feeds.landing import LandingReport, land_feed
from dagster_project.feeds.mapping import Resources

SEEDS = Path(__file__).resolve().parents[3] / "dbt" / "seeds"
CLOCK = datetime(2025, 1, 1, tzinfo=UTC)
RESOURCES = Resources(threads=1, memory_limit="1GB")

TICKETS: dict[str, Any] = {
    "location": "inbox/pos/*.csv",
    "time_zone": "Europe/Paris",
    "maximum_quarantine_share": 1,
    "options": {"delimiter": ";", "decimal": ",", "date_format": "%d/%m/%Y %H:%M"},
    "columns": {
        "transaction_id": "ticket",
        "line_number": "ligne",
        "sold_at": "date",
        "sales_channel": "'store'",
        "quantity": "qte",
        "net_amount": "montant",
        "currency": "'EUR'",
        "customer_id": "client",
    },
}
TICKET_HEADER = "ticket;ligne;date;qte;montant;client"
CONTACTS: dict[str, Any] = {
    "location": "inbox/crm/*.csv",
    "time_zone": "Europe/Paris",
    "maximum_quarantine_share": 1,
    "columns": {
        "contact_id": "id",
        "channel": "channel",
        "direction": "'inbound'",
        "opened_at": "opened",
        "answered_at": "answered",
        "closed_at": "closed",
    },
}
PRODUCTS: dict[str, Any] = {
    "location": "inbox/products/*.csv",
    "load": "full",
    "maximum_quarantine_share": 1,
    "columns": {"product_id": "id", "label": "label", "margin_rate": "margin"},
}
MEMBERS: dict[str, Any] = {
    "location": "inbox/members/*.csv",
    "load": "full",
    "time_zone": "UTC",
    "maximum_quarantine_share": 1,
    "columns": {"loyalty_card_id": "card", "joined_at": "joined", "tier": "tier"},
}


class Home:
    """A home in a temporary folder; `feeds` may be changed between landings."""

    def __init__(self, path: Path, **feeds: Mapping[str, Any]) -> None:
        self.path = path
        self.configure(**feeds)

    def configure(self, **feeds: Mapping[str, Any]) -> None:
        content = {
            "company": {"name": "Essai", "time_zone": "Europe/Paris", "simulated": True},
            "feeds": {name: dict(feed) for name, feed in feeds.items()},
        }
        (self.path / "company.yml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")

    @property
    def company(self) -> Company:
        return load_company(self.path)

    def put(self, name: str, content: str | bytes) -> Path:
        path = self.path / "inbox" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    def put_lines(self, name: str, *lines: str) -> Path:
        return self.put(name, "".join(f"{line}\n" for line in lines))

    def tickets(self, name: str, *lines: str) -> Path:
        return self.put_lines(f"pos/{name}", TICKET_HEADER, *lines)

    def land(self, feed: str, clock: datetime = CLOCK) -> LandingReport:
        return land_feed(self.path, self.company, feed, salt="salt", clock=clock, references=references(), resources=RESOURCES)

    def raw(self, feed: str, columns: str = "*") -> list[tuple[Any, ...]]:
        """Rows of every batch of raw, in order of landing, file and line."""
        return query(
            f"select {columns} from read_parquet('{self.path}/raw/{feed}/*/rows.parquet') "
            "order by sequence, source_file, source_line, is_tombstone"
        )

    def quarantine(self, feed: str, columns: str = "source_line, reasons") -> list[tuple[Any, ...]]:
        return query(
            f"select {columns} from read_parquet('{self.path}/quarantine/{feed}/*/rows.parquet') "
            "order by source_file, source_line"
        )

    def batches(self, feed: str) -> list[str]:
        folder = self.path / "raw" / feed
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def query(text: str) -> list[tuple[Any, ...]]:
    with duckdb.connect() as connection:
        return connection.execute(text).fetchall()


@functools.cache
def references() -> dict[str, pa.Table]:
    return load_references(SEEDS, SEEDS)
