"""The suites of the published gate: what the names of columns promise, and the declared rules of the table.

Here: table -> checks. Not here: the rules of single tables (`published_tables.py`), the comparison with the dbt
contract and the evaluation (`gate.py`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Literal

from dagster_project.checks.expectations import (
    Check,
    Table,
    between,
    constant,
    counted,
    has_rows,
    literal,
    members,
    no_row,
    no_value,
    not_null,
    quoted,
    unique,
)
from dagster_project.checks.personal_data import holds_personal_data, is_forbidden
from dagster_project.checks.published_tables import Equality, TableRules

HASH = "[0-9a-f]{64}"
# These are hashed; a regex over 64 characters tells them from clear ids and spares the search for personal data.
_HASHED = re.compile(r"(^|_)(customer_id|agent_id)$|_hash$")
_SHARE = re.compile(r"(^|_)(rate|share|probability|coverage)(_low|_high|_per_contact)?$")
_NOT_NEGATIVE = re.compile(r"_(seconds|hours|days|count)$|^(sample_size|sent|answered)$")
# estimates are floating numbers by nature, rounded in the mart; earned and billed amounts never are
_ESTIMATED_AMOUNT = re.compile(r"^(incremental|saving|secured|reversed|expected)_")
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DECIMAL", "FLOAT", "DOUBLE")

# What a name promises of the type: (pattern of the name, beginnings of the type)
_TYPES: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = (
    (re.compile(r"^(is|has|allows|counts)_"), ("BOOLEAN",)),
    (re.compile(r"_at$"), ("TIMESTAMP",)),
    (re.compile(r"(_date|_on)$|^(period_start|month|day)$"), ("DATE",)),
    (re.compile(r"_amount$|^(identified_)?(net_amount|margin)_12m$"), ("DECIMAL",)),
    (re.compile(r"_(seconds|days|count|rate|share|probability)$|^(sample_size|value)$"), _NUMBERS),
    (
        re.compile(r"^(value_segment|value_tier|potential_tier|window_days)$"),
        ("TINYINT", "SMALLINT", "INTEGER", "BIGINT"),
    ),
    (_HASHED, ("VARCHAR",)),
)
_MEMBERS: Mapping[str, tuple[int, ...]] = {
    "value_segment": (-2, -1, 0, 1, 2, 3, 4, 5),
    "value_tier": (1, 2, 3),
    "potential_tier": (1, 2, 3),
    "window_days": (30, 60, 90),
}


def published_checks(
    name: str,
    rules: TableRules | None,
    types: Mapping[str, str],
    present_feeds: Collection[str],
    as_of_end_at: datetime | None,
) -> list[Check]:
    """The suite of one table. `types`: its columns as they are, name -> DuckDB type."""
    if rules is None:
        raise ValueError(f"no rules are declared for the published table {name}: add it to checks/published_tables.py")
    table = published_table(name, rules, types)
    must_have_rows = rules.filled_by is not None and set(rules.filled_by) <= set(present_feeds)
    checks = [
        has_rows(table) if must_have_rows else counted(table),
        _no_forbidden_column(types),
        _types_as_named(types),
    ]
    checks += [not_null(table, column) for column in dict.fromkeys([*rules.grain, *rules.required])]
    checks.append(unique(table, rules.grain))
    for column, kind in types.items():
        checks += _promised(table, column, kind, rules)
        if kind.startswith("TIMESTAMP") and as_of_end_at is not None:
            checks.append(_not_later(table, column, as_of_end_at))
    checks += _intervals(table, types) + _periods(table, types)
    if "denominator" in types:
        checks.append(
            no_row(
                table,
                "denominator is positive",
                "rule",
                "`denominator` is above 0",
                "denominator <= 0",
                ["denominator"],
            )
        )
    for column, allowed in rules.members.items():
        checks.append(members(table, column, allowed, "tables.md"))
    for column, (minimum, maximum) in rules.ranges.items():
        # (None, None): a number that may be negative, whatever its name
        if minimum is not None or maximum is not None:
            checks.append(between(table, column, minimum, maximum))
    for rule in rules.rules:
        check = no_row(table, rule.name, "rule", rule.words, rule.broken, rule.columns)
        checks.append(check.as_warning() if rule.is_warning else check)
    checks += [_equal(equality) for equality in rules.equalities if set(equality.feeds) <= set(present_feeds)]
    return list({check.name: check for check in checks}.values())


def published_table(name: str, rules: TableRules, types: Mapping[str, str]) -> Table:
    """Rows are named by their grain: ids of tickets and contacts, hashes of customers, members of dimensions."""
    parts = [
        f"{literal(column + ' ')} || coalesce(left(cast({quoted(column)} as varchar), 40), 'null')"
        for column in rules.grain
        if column in types
    ]
    order = ", ".join(quoted(column) for column in rules.grain if column in types)
    return Table(name, " || ', ' || ".join(parts) or "'a row'", order or "1")


def _no_forbidden_column(types: Mapping[str, str]) -> Check:
    found = sorted(column for column in types if is_forbidden(column))
    return _listed("no column of personal data", "personal_data", "no column has the name of personal data", found)


def _types_as_named(types: Mapping[str, str]) -> Check:
    found = sorted(
        f"{column} is {kind}"
        for column, kind in types.items()
        for pattern, allowed in _TYPES
        if pattern.search(column)
        and not kind.startswith(allowed)
        and not (allowed == ("DECIMAL",) and _ESTIMATED_AMOUNT.search(column))
    )
    return _listed("types as named", "schema", "columns have the types that their names promise", found)


def _listed(name: str, kind: Literal["schema", "personal_data"], words: str, found: list[str]) -> Check:
    """A check of the columns themselves: `found` are those at fault."""
    example = "select unnest([" + ", ".join(literal(item) for item in found) + "]) as example" if found else None
    return Check(name, kind, words, constant(len(found)), minimum=0, maximum=0, example=example, counts="column")


def _promised(table: Table, column: str, kind: str, rules: TableRules) -> list[Check]:
    """What the name of a column promises of its values. A declared range or list of members takes precedence."""
    checks: list[Check] = []
    is_number = kind.startswith(_NUMBERS)
    if column in _MEMBERS and is_number:
        allowed = ", ".join(map(str, _MEMBERS[column]))
        checks.append(
            no_row(
                table,
                f"{column} is a member",
                "members",
                f"`{column}` is one of {allowed}",
                f"{quoted(column)} not in ({allowed})",
                [column],
                shown=f"{literal(column + ' ')} || cast({quoted(column)} as varchar)",
            )
        )
    elif is_number and column not in rules.ranges:
        if _SHARE.search(column):
            checks.append(between(table, column, 0, 1))
        elif _NOT_NEGATIVE.search(column):
            checks.append(between(table, column, 0, None))
    if kind in ("DOUBLE", "FLOAT"):
        checks.append(
            no_row(
                table,
                f"{column} is finite",
                "range",
                f"`{column}` is a finite number",
                f"not isfinite({quoted(column)})",
                [column],
            )
        )
    # the value at fault is not shown: it may be a clear id or a person's address
    if kind == "VARCHAR" and _HASHED.search(column):
        checks.append(
            no_value(
                table,
                f"{column} is a hash",
                "hash",
                f"`{column}` is a sha256 in hexadecimal",
                f"not regexp_full_match({quoted(column)}, '{HASH}')",
                column,
                _without(table, column),
            )
        )
    elif kind == "VARCHAR" and column not in rules.members:
        checks.append(
            no_value(
                table,
                f"{column} holds no personal data",
                "personal_data",
                f"`{column}` holds no e-mail address and no telephone number",
                holds_personal_data(quoted(column)),
                column,
                _without(table, column),
            )
        )
    return checks


def _without(table: Table, column: str) -> Table:
    """A table whose rows are not named by a column that is itself at fault."""
    hidden = re.sub(
        rf"coalesce\(left\(cast\({re.escape(quoted(column))} as varchar\), 40\), 'null'\)",
        "'(not shown)'",
        table.locator,
    )
    return Table(table.name, hidden, table.order_by, table.applies)


def _not_later(table: Table, column: str, end: datetime) -> Check:
    return no_row(
        table,
        f"{column} is not after the as-of date",
        "look_ahead",
        f"`{column}` is not after the end of the as-of day",
        f"{quoted(column)} > timestamp '{end.isoformat(sep=' ')}'",
        [column],
        shown=f"{literal(column + ' ')} || cast({quoted(column)} as varchar)",
    )


def _intervals(table: Table, types: Mapping[str, str]) -> list[Check]:
    """`<measure>_low <= <measure> <= <measure>_high`; for `value` the ends are `interval_low` and `interval_high`."""
    checks = []
    for low in types:
        if not low.endswith("_low"):
            continue
        high = low.removesuffix("_low") + "_high"
        middle = "value" if low == "interval_low" else low.removesuffix("_low")
        if high not in types or middle not in types:
            continue
        # each of the three is rounded to 9 significant digits on its own
        slack = f"1e-7 * greatest(1, abs({middle}))"
        checks.append(
            no_row(
                table,
                f"{middle} within its interval",
                "order",
                f"`{low}` <= `{middle}` <= `{high}`",
                f"{low} > {middle} + {slack} or {middle} > {high} + {slack} or {low} > {high}",
                [low, middle, high],
                shown=" || ', ' || ".join(
                    f"'{name} ' || coalesce(cast({name} as varchar), 'null')" for name in (low, middle, high)
                ),
            )
        )
    return checks


def _periods(table: Table, types: Mapping[str, str]) -> list[Check]:
    """Months begin on their first day and weeks on a Monday."""
    start = next((column for column in ("period_start", "month") if types.get(column) == "DATE"), None)
    if start is None:
        return []
    if "period_grain" in types:
        condition = (
            f"(period_grain = 'month' and day({start}) <> 1) or (period_grain = 'week' and isodow({start}) <> 1) "
            f"or (period_grain = 'quarter' and (day({start}) <> 1 or month({start}) % 3 <> 1))"
        )
        words, columns = f"`{start}` is the first day of its period", [start, "period_grain"]
    else:
        condition, words, columns = f"day({start}) <> 1", f"`{start}` is the first day of a month", [start]
    return [no_row(table, f"{start} begins a period", "rule", words, condition, columns)]


def _equal(equality: Equality) -> Check:
    """The rows of figures that one side has and the other lacks: none, or one when any figure differs. Exact."""
    check = Check(
        equality.name,
        "reconciliation",
        equality.words,
        f"max((select count(*) from ({equality.left} except {equality.right})))",
        minimum=0,
        maximum=0,
        is_apart=True,
        example=f"select (select cast(l as varchar) from ({equality.left}) as l) || ' against ' || "
        f"(select cast(r as varchar) from ({equality.right}) as r) as example",
    )
    return check.as_warning() if equality.is_warning else check
