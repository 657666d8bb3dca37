"""The suites of the raw gate: what the contract of the feeds asserts of each landed feed, over all of raw.

Here: contract -> checks. Not here: the contract (`feeds/contract.py`), how checks are evaluated (`gx_duckdb.py`), the
gate as a whole (`gate.py`). Landing refuses bad rows one by one; these suites assert that none got through, and what
can be seen only over all rows: uniqueness, sums, shares, keys of one feed in another.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Protocol

from dagster_project.checks.expectations import (
    Check,
    Table,
    between,
    constant,
    counted,
    equals,
    has_rows,
    literal,
    members,
    no_row,
    not_null,
    quoted,
    share_below,
    unique,
)
from dagster_project.checks.landed import PARTS, LandedCounts
from dagster_project.feeds.contract import Column, Feed, key_columns

# A ticket's customer that the CRM does not know makes a customer and a warning, never a quarantine (feeds.md).
UNKNOWN_CUSTOMERS_SHARE = Decimal("0.01")
# Without a reason, contacts repeat each other by customer alone: first-contact resolution is then too low.
REASON_UNKNOWN_SHARE = Decimal("0.5")
# landing refuses earlier years (`feeds/casting.py`) and instants after the landing; the gate has no clock
FIRST_YEAR, LAST_YEAR = 1900, 2100
HASH = "[0-9a-f]{64}"
ALWAYS_KNOWN = ("batch_id", "sequence", "file_hash", "row_hash", "is_tombstone")


class FeedSettings(Protocol):
    """What the gate needs of a configured feed (`company.model.FeedConfiguration` has it)."""

    @property
    def load(self) -> str: ...
    @property
    def maximum_quarantine_share(self) -> float: ...


def raw_table(feed: Feed) -> Table:
    """Rows of raw are named by file and line, which is where a user can look, and show nothing of a person."""
    return Table(
        feed.name,
        "coalesce(source_file, batch_id) || ' line ' || coalesce(cast(source_line as varchar), '?')",
        "sequence, source_file, source_line, row_hash",
        "not is_tombstone",
    )


def raw_checks(
    feed: Feed,
    settings: FeedSettings | None,
    counts: LandedCounts | None,
    references: Mapping[str, Collection[str]],
    has_crm_customers: bool,
) -> list[Check]:
    """The suite of one feed. `settings` is None for a feed that is no longer configured but has rows in raw.

    `references`: `table.column` of a reference table -> its members.
    """
    table = raw_table(feed)
    checks = [has_rows(table) if settings else counted(table)]
    checks += [not_null(table, name, everywhere=True) for name in ALWAYS_KNOWN]
    if feed.event_at:
        checks.append(not_null(table, "version_at"))
    for column in feed.columns:
        checks += _column_checks(table, feed, column, references)
    checks += _identity_checks(table, feed)
    for rule in feed.rules:
        columns = [column.name for column in feed.columns if re.search(rf"\b{column.name}\b", rule.is_broken)]
        checks.append(no_row(table, rule.name, "rule", f"no row where {rule.reason}", rule.is_broken, columns))
    checks += _uniqueness_checks(table, feed, settings)
    if counts is not None:
        checks += _landing_checks(feed, settings, counts)
    if has_crm_customers and feed.name != "crm_customers":
        checks += _unknown_customers(table, feed)
    if feed.name == "crm_contacts":
        checks.append(
            share_below(
                "reason is mostly known",
                "share",
                "the share of contacts without a `reason` is small",
                "count(*) filter (where not is_tombstone and reason is null)",
                "count(*) filter (where not is_tombstone)",
                REASON_UNKNOWN_SHARE,
                ["reason"],
            ).as_warning()
        )
    return checks


def _column_checks(table: Table, feed: Feed, column: Column, references: Mapping[str, Collection[str]]) -> list[Check]:
    name, checks = column.name, []
    if not column.is_nullable:
        checks.append(not_null(table, name, everywhere=name in feed.key))
    if column.allowed:
        checks.append(members(table, name, column.allowed))
    if column.reference:
        known = references.get(column.reference, ())
        checks.append(members(table, name, known, f"the reference table column {column.reference}"))
    if column.minimum is not None or column.maximum is not None:
        checks.append(between(table, name, column.minimum, column.maximum))
    if column.type in ("timestamp", "date"):
        checks.append(
            no_row(
                table,
                f"{name} is in range",
                "range",
                f"`{name}` lies between {FIRST_YEAR} and {LAST_YEAR}",
                f"{name} < date '{FIRST_YEAR}-01-01' or {name} >= date '{LAST_YEAR}-01-01'",
                [name],
                # a date of birth is personal; an instant is not
                shown=f"{literal(name + ' ')} || cast({name} as varchar)" if column.type == "timestamp" else None,
            )
        )
    return checks


def _identity_checks(table: Table, feed: Feed) -> list[Check]:
    """Where there is a normalised key there is its space and its hash, and nowhere else."""
    checks = []
    added = key_columns(feed)
    for key in sorted(name for name in added if name.endswith("_key")):
        base = key.removesuffix("_key")
        hashed, space = f"{base}_hash", f"{base}_key_space"
        checks.append(
            no_row(
                table,
                f"{hashed} is a hash of {key}",
                "hash",
                f"`{hashed}` is there where `{key}` is, and is a sha256 in hexadecimal",
                f"({key} is null) <> ({hashed} is null) or not regexp_full_match({hashed}, '{HASH}')",
                [key, hashed],
            )
        )
        if space in added:
            checks.append(
                no_row(
                    table,
                    f"{space} is known",
                    "key",
                    f"`{space}` is known where `{key}` is",
                    f"{key} is not null and {space} is null",
                    [key, space],
                )
            )
        if any(column.name == base and column.identity in ("customer", "loyalty", "agent") for column in feed.columns):
            checks.append(
                no_row(
                    table,
                    f"{key} is known",
                    "key",
                    f"`{key}` is known where `{base}` holds a text",
                    f"trim({base}) <> '' and {key} is null",
                    [base, key],
                )
            )
    return checks


def _uniqueness_checks(table: Table, feed: Feed, settings: FeedSettings | None) -> list[Check]:
    """Raw holds each version of a key once; where files are states (whole dumps, feeds without a time), once per state.

    Two versions of one instant are a conflict, which staging settles by the larger row hash: a warning.
    """
    hashes = key_columns(feed)
    shown = [f"{name}_hash" if f"{name}_hash" in hashes else name for name in feed.key]
    has_states = not feed.event_at or settings is None or settings.load == "full"
    version = [*feed.key, "row_hash", "sequence"] if has_states else [*feed.key, "row_hash"]
    instant = [*feed.key, "sequence"] if not feed.event_at else [*feed.key, "version_at"]
    checks = [
        unique(
            table,
            version,
            "not is_tombstone",
            name="each version is there once",
            shown=[*shown, *version[len(shown) :]],
        ),
        unique(
            table,
            [*feed.key, "sequence"],
            "is_tombstone",
            name="each deletion is there once",
            shown=[*shown, "sequence"],
        ),
    ]
    conflict = unique(
        table, instant, "not is_tombstone", name="one version of an instant", shown=[*shown, *instant[len(shown) :]]
    )
    return [*checks, conflict.as_kind("conflict").as_warning()]


def _landing_checks(feed: Feed, settings: FeedSettings | None, counts: LandedCounts) -> list[Check]:
    """What landing counted is what lies in raw; and landing's own account adds up."""
    parts = " + ".join(f"{name} {getattr(counts, 'rows_' + name)}" for name in PARTS)
    checks = [
        equals(
            "rows are those of the landing",
            "money",
            "raw holds the rows that landing accepted",
            "count(*) filter (where not is_tombstone)",
            counts.rows_accepted,
        ),
        equals(
            "deletions are those of the landing",
            "money",
            "raw holds the deletions that landing wrote",
            "count(*) filter (where is_tombstone)",
            counts.tombstones,
        ),
        equals(
            "rows of the landing add up",
            "reconciliation",
            f"rows read = {parts}",
            constant(counts.rows_read),
            sum(getattr(counts, "rows_" + name) for name in PARTS),
        ),
    ]
    for column in feed.money:
        sums = counts.money.get(column.name)
        if sums is None:
            continue
        checks += [
            equals(
                f"{column.name} is that of the landing",
                "money",
                f"the sum of `{column.name}` is the one that landing accepted",
                f"coalesce(sum({quoted(column.name)}) filter (where not is_tombstone), 0)",
                sums["accepted"],
                [column.name],
            ),
            equals(
                f"{column.name} of the landing adds up",
                "reconciliation",
                f"`{column.name}` read = " + " + ".join(f"{name} {sums[name]}" for name in PARTS),
                constant(sums["read"]),
                sum((sums[name] for name in PARTS), Decimal(0)),
            ),
        ]
    if settings is not None:
        limit = Decimal(str(settings.maximum_quarantine_share))
        checks.append(
            share_below(
                "quarantine is small",
                "share",
                f"the share of rows in quarantine ({counts.rows_quarantined} of {counts.rows_read}) is allowed",
                constant(counts.rows_quarantined),
                constant(counts.rows_read),
                limit,
                [],
            )
        )
    return checks


def _unknown_customers(table: Table, feed: Feed) -> list[Check]:
    """Customers of the key spaces of the CRM that the CRM's own list does not hold."""
    if not any(column.name == "customer_id" and column.identity == "customer" for column in feed.columns):
        return []
    what, key = ("tickets", "transaction_id") if feed.name == "pos_transactions" else ("rows", "")
    tied = (
        "not is_tombstone and customer_id_hash is not null and customer_id_key_space in "
        "(select customer_id_key_space from crm_customers where customer_id_key_space is not null)"
    )
    listed = "select customer_id_hash from crm_customers where customer_id_hash is not null"
    unknown = f"{tied} and customer_id_hash not in ({listed})"

    def number(condition: str) -> str:
        distinct = f"distinct {key}" if key else "*"
        return f"max((select count(*) from (select {distinct} from {quoted(feed.name)} where {condition})))"

    return [
        share_below(
            "customers are known to the CRM",
            "coverage",
            f"few of the {what} that name a customer name one that `crm_customers` lacks",
            number(unknown),
            number(tied),
            UNKNOWN_CUSTOMERS_SHARE,
            ["customer_id_hash", "customer_id_key_space", *feed.key],
            table.examples(unknown),
        ).as_warning()
    ]
