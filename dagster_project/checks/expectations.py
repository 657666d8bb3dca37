"""What a suite asserts, as data: a check is one SQL aggregate over one table and the bounds that it must keep.

Here: the form of a check and the builders for the usual kinds (not null, members, range, unique, ...).
Not here: which checks a feed or a table has (`raw_suites.py`, `published_suites.py`), how they are evaluated
(`gx_duckdb.py`), what follows from a failure (`verdicts.py`).

Why aggregates: the column expectations that Great Expectations ships run one more query for each of them to fetch
unexpected values, also when there are none (50 of them on an empty table: 0.55 s; 30 on 10 million rows: 30 scans).
As aggregates they share one scan: 50 checks 0.06 s, and 30 checks on 10 million rows 1.0 s.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

Bound = Decimal | int
Kind = Literal[
    "row_count",
    "schema",
    "not_null",
    "members",
    "range",
    "unique",
    "hash",
    "key",
    "rule",
    "money",
    "share",
    "order",
    "identity",
    "personal_data",
    "reconciliation",
    "look_ahead",
    "conflict",
    "freshness",
    "coverage",
]

EXAMPLES = 3


@dataclass(frozen=True)
class Check:
    """One expectation of a suite.

    `measure` is an SQL aggregate over the table of the suite; it is kept when `minimum <= measure <= maximum`.
    `columns` are the columns that the measure reads from that table: without them (or with another type) the check
    cannot be evaluated, which is a failure. `example` is a query of one text column that names the rows at fault,
    without personal data; it is run only after a failure. `counts`: what the measure is a number of, when it
    counts what is broken (`row`, `value`, `column`).
    `is_apart`: the measure is about other tables, and is evaluated over one empty row, once, whatever the table holds.
    """

    name: str
    kind: Kind
    words: str
    measure: str
    columns: tuple[str, ...] = ()
    minimum: Bound | None = None
    maximum: Bound | None = None
    example: str | None = None
    is_warning: bool = False
    counts: str = ""
    is_apart: bool = False

    @property
    def limit(self) -> str:
        """The bounds in words."""
        if self.minimum is not None and self.minimum == self.maximum:
            return f"= {self.minimum}"
        parts = [f">= {self.minimum}"] if self.minimum is not None else []
        return " and ".join([*parts, *([f"<= {self.maximum}"] if self.maximum is not None else [])])

    def as_warning(self) -> Check:
        return replace(self, is_warning=True)

    def as_kind(self, kind: Kind) -> Check:
        return replace(self, kind=kind)


@dataclass(frozen=True)
class Table:
    """The table (or view) that a suite is about, and how one of its rows is named to a reader.

    `locator` is an SQL expression over a row giving a text without personal data.
    `applies` restricts the checks of rows (raw: tombstones have no business columns).
    """

    name: str
    locator: str
    order_by: str
    applies: str | None = None

    def examples(self, condition: str) -> str:
        """Query naming the first broken rows."""
        return (
            f"select {self.locator} as example from {quoted(self.name)} where {condition} "
            f"order by {self.order_by} limit {EXAMPLES}"
        )

    def broken(self, condition: str) -> str:
        """The condition, among the rows that it is meant for."""
        return f"({condition})" if self.applies is None else f"{self.applies} and ({condition})"


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """An SQL text literal."""
    return "'" + str(value).replace("'", "''") + "'"


def literals(values: Iterable[object]) -> str:
    """A list of SQL text literals for `in (...)`, sorted so that the same set makes the same check."""
    return ", ".join(literal(value) for value in sorted(map(str, values)))


def number_of(count: int, what: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def no_row(
    table: Table,
    name: str,
    kind: Kind,
    words: str,
    condition: str,
    columns: Sequence[str],
    everywhere: bool = False,
    shown: str | None = None,
) -> Check:
    """No row for which `condition` is true. `shown`: an SQL text to print with the example (never personal data)."""
    broken = f"({condition})" if everywhere else table.broken(condition)
    named = table if shown is None else replace(table, locator=f"{table.locator} || ': ' || coalesce({shown}, 'null')")
    return Check(
        name,
        kind,
        words,
        f"count(*) filter (where {broken})",
        tuple(columns),
        minimum=0,
        maximum=0,
        example=named.examples(broken),
        counts="row",
    )


def no_value(table: Table, name: str, kind: Kind, words: str, condition: str, column: str, shown_at: Table) -> Check:
    """No value of `column` for which `condition` is true, looking at each distinct value once.

    For expressions that cost more than a hash table: 13.5 million hashes of 0.4 million customers 0.3 s, not 3.0 s.
    """
    source = f"select distinct {quoted(column)} from {quoted(table.name)}"
    return Check(
        name,
        kind,
        words,
        f"max((select count(*) from ({source}) where {condition}))",
        (column,),
        minimum=0,
        maximum=0,
        example=shown_at.examples(condition),
        is_apart=True,
        counts="value",
    )


def has_rows(table: Table) -> Check:
    return Check("row_count", "row_count", "the table has rows", "count(*)", minimum=1)


def counted(table: Table) -> Check:
    """The number of rows, any: a table that may be empty still says how many rows were evaluated."""
    return Check("row_count", "row_count", "the rows can be counted", "count(*)", minimum=0)


def not_null(table: Table, column: str, everywhere: bool = False) -> Check:
    return no_row(
        table,
        f"{column} is not null",
        "not_null",
        f"`{column}` is always known",
        f"{quoted(column)} is null",
        [column],
        everywhere,
    )


def members(table: Table, column: str, allowed: Collection[str], of: str = "the contract") -> Check:
    """Every known value of a text column is one of `allowed`."""
    name = quoted(column)
    condition = f"{name} is not null and {name} not in ({literals(allowed)})" if allowed else f"{name} is not null"
    return no_row(
        table,
        f"{column} is a member",
        "members",
        f"`{column}` is a member of {of}",
        condition,
        [column],
        shown=f"{literal(column + ' ')} || left({name}, 40)",
    )


def between(table: Table, column: str, minimum: float | None, maximum: float | None, is_number_shown: bool = True) -> Check:
    """Every known value of a number lies within the bounds, inclusive."""
    name = quoted(column)
    parts = [f"{name} < {minimum:g}"] if minimum is not None else []
    parts += [f"{name} > {maximum:g}"] if maximum is not None else []
    low = "" if minimum is None else f"{minimum:g} <= "
    high = "" if maximum is None else f" <= {maximum:g}"
    return no_row(
        table,
        f"{column} is in range",
        "range",
        f"{low}`{column}`{high}",
        " or ".join(parts),
        [column],
        shown=f"{literal(column + ' ')} || cast({name} as varchar)" if is_number_shown else None,
    )


def unique(
    table: Table, columns: Sequence[str], where: str | None = None, name: str | None = None, shown: Sequence[str] = ()
) -> Check:
    """No two rows with the same values of `columns` (nulls are equal). `shown`: what an example names in their stead.

    The scalar subquery is exact and parallel: 1.1 s for three columns of 10 million rows, as fast as counting
    distinct hashes, which could collide.
    """
    keys = ", ".join(quoted(column) for column in columns)
    condition = f" where {where}" if where else ""
    source = f"from {quoted(table.name)}{condition}"
    total = f"count(*) filter (where {where})" if where else "count(*)"
    text = " || ', ' || ".join(
        f"{literal(column + ' ')} || coalesce(left(cast(min({quoted(column)}) as varchar), 40), 'null')"
        for column in shown or columns
    )
    return Check(
        name or f"{', '.join(columns)} is unique",
        "unique",
        f"there is one row per {', '.join(f'`{c}`' for c in columns)}",
        f"coalesce({total} - max((select count(*) from (select distinct {keys} {source}))), 0)",
        tuple(columns),
        minimum=0,
        maximum=0,
        counts="row",
        example=f"select {text} || ' (' || count(*) || ' rows)' as example {source} group by {keys} "
        f"having count(*) > 1 order by {keys} limit {EXAMPLES}",
    )


def constant(value: Bound) -> str:
    """A number known beforehand, as an aggregate that has a value over an empty table, too."""
    number = str(value) if isinstance(value, int) else f"cast('{value}' as decimal(38,4))"
    return f"coalesce(max({number}), {number})"


def equals(name: str, kind: Kind, words: str, measure: str, value: Bound, columns: Sequence[str] = ()) -> Check:
    return Check(name, kind, words, measure, tuple(columns), minimum=value, maximum=value)


def share_below(
    name: str,
    kind: Kind,
    words: str,
    part: str,
    whole: str,
    maximum: Decimal,
    columns: Sequence[str],
    example: str | None = None,
) -> Check:
    """`part` ÷ `whole`, two aggregates, is at most `maximum`; nothing of nothing is 0. Four digits, cut upward."""
    measure = f"coalesce(ceil(10000.0 * ({part}) / nullif({whole}, 0)) / 10000.0, 0)"
    return Check(name, kind, words, measure, tuple(columns), maximum=maximum, example=example)
