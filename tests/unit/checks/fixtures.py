"""Small homes for the tests of the gates: raw rows that keep the contract, and marts that keep their rules."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.checks.landed import LandedCounts
from dagster_project.feeds.contract import FEEDS, Feed, raw_schema

Row = dict[str, Any]
REFERENCES = {
    "channels.channel": {"phone", "email"},
    "evaluation_items.grid_version": {"v1"},
    "evaluation_items.item_code": {"greeting"},
    "evaluation_levels.level_code": {"good"},
    "survey_questions.question_code": {"csat"},
}
_REFERENCE_VALUES = {
    "grid_version": "v1",
    "item_code": "greeting",
    "level_code": "good",
    "question_code": "csat",
    "channel": "phone",
}
_TEXTS = {"country": "FR", "currency": "EUR", "language": "fr"}


@dataclass(frozen=True)
class FeedStub:
    load: str = "delta"
    maximum_quarantine_share: float = 0.01


@dataclass(frozen=True)
class CompanyStub:
    feeds: Mapping[str, FeedStub] = field(default_factory=dict)


def company(*feeds: str, load: str = "delta") -> CompanyStub:
    return CompanyStub({feed: FeedStub(load) for feed in feeds})


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def raw_row(feed: Feed, number: int) -> Row:
    """A row that keeps the contract; instants in the order of the columns."""
    row: Row = {}
    start = datetime(2024, 1, 1) + timedelta(days=number)
    for position, column in enumerate(feed.columns):
        kinds: dict[str, Any] = {
            "text": f"{column.name}-{number}",
            "int": 1,
            "decimal": Decimal("12.75"),
            "rate": Decimal("0.5"),
            "bool": False,
            "timestamp": start + timedelta(minutes=position),
            "date": date(1980, 1, 1),
        }
        value = kinds[column.type]
        if column.allowed:
            value = column.allowed[0]
        elif column.reference:
            value = _REFERENCE_VALUES[column.name]
        row[column.name] = _TEXTS.get(column.name, value)
    if feed.name in ("crm_evaluations", "crm_assignments"):
        row["evaluation_id" if feed.name == "crm_evaluations" else "experiment_code"] = f"key-{number}"
    for name in raw_schema(feed):
        if name in row:
            continue
        base = name.removesuffix("_key_space").removesuffix("_hash").removesuffix("_key")
        if name.endswith("_key_space"):
            row[name] = "crm"
        elif name.endswith("_hash") and name not in ("file_hash", "row_hash"):
            row[name] = digest(str(row[base]))
        elif name.endswith("_key"):
            row[name] = str(row[base])
    event = next((row[column] for column in ("updated_at", *feed.event_at) if row.get(column)), None)
    return row | {
        "batch_id": "000001-abc",
        "sequence": 1,
        "source_file": f"inbox/{feed.name}.csv",
        "file_hash": digest("file"),
        "source_line": number + 2,
        "row_hash": 1000 + number,
        "version_at": event if feed.event_at else None,
        "is_tombstone": False,
    }


def write_raw(
    inputs: Path, feed_name: str, rows: Sequence[Row], drop: Sequence[str] = (), types: Mapping[str, str] | None = None
) -> None:
    """Write the schema file of the feed and one batch of rows, with columns left out or of another type where asked."""
    feed = FEEDS[feed_name]
    schema = raw_schema(feed)
    folder = inputs / "raw" / feed_name
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"create table empty ({', '.join(f'{name} {kind}' for name, kind in schema.items())})")
        connection.execute(f"copy empty to '{folder / 'schema.parquet'}' (format parquet)")
        if not rows:
            return
        kept = {name: (types or {}).get(name, kind) for name, kind in schema.items() if name not in drop}
        connection.execute(f"create table batch ({', '.join(f'{name} {kind}' for name, kind in kept.items())})")
        connection.executemany(
            f"insert into batch values ({', '.join('?' for _ in kept)})",
            [[row.get(name) for name in kept] for row in rows],
        )
        connection.execute(f"copy batch to '{folder / '000001-abc.parquet'}' (format parquet)")


def good_rows(feed_name: str, count: int = 3) -> list[Row]:
    return [raw_row(FEEDS[feed_name], number) for number in range(count)]


def counts_of(feed_name: str, rows: Sequence[Row], **changes: Any) -> LandedCounts:
    """What landing would have reported of these rows."""
    live = [row for row in rows if not row["is_tombstone"]]
    money = {}
    for column in FEEDS[feed_name].money:
        total = sum((row[column.name] for row in live if row[column.name] is not None), Decimal(0))
        zero = dict.fromkeys(("already_known", "quarantined", "erased"), Decimal(0))
        money[column.name] = {"read": total, "accepted": total} | zero
    values: dict[str, Any] = {
        "rows_read": len(live),
        "rows_accepted": len(live),
        "tombstones": len(rows) - len(live),
        "money": money,
    }
    return LandedCounts(**(values | changes))


Change = Callable[[list[Row]], Any]
