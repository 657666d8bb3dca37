"""Looks at the SQL that a user wrote, without running it: is it one expression, one SELECT, which columns does it name?

Running it, with files and settings out of its reach, is `feeds/mapping.py`.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import duckdb

_PLAIN_SELECT: dict[str, object] = {
    "where_clause": None,
    "group_expressions": [],
    "having": None,
    "qualify": None,
    "modifiers": [],
}


class _Parser(threading.local):
    """One in-memory connection per thread, only ever given text to parse."""

    def __init__(self) -> None:
        self.connection = duckdb.connect(":memory:", config={"enable_external_access": "false"})

    def parse(self, text: str) -> Any:
        found = self.connection.execute("select json_serialize_sql($text::varchar)", {"text": text}).fetchone()
        return json.loads(found[0]) if found else {}


_PARSER = _Parser()


@dataclass(frozen=True)
class References:
    """What an expression or a query names. `is_closed`: every name is a column of the source for certain."""

    columns: tuple[str, ...]
    is_closed: bool


def problem_of_expression(expression: str) -> str | None:
    """What is wrong with an expression over the columns of a source, or None."""
    parsed = _PARSER.parse(_as_select(expression)) if expression.strip() else {"error": True, "error_message": "empty"}
    quoted = expression.strip() if '"' not in expression and len(expression) < 60 else "Net amount"
    hint = (
        "expected one SQL expression; a column name with spaces or signs, or that is a word of SQL, goes between "
        f"double quotes: '\"{quoted}\"'"
    )
    if parsed.get("error"):
        return f"{expression!r} is not an SQL expression ({parsed.get('error_message')}); {hint}"
    statements = parsed.get("statements", [])
    node = statements[0]["node"] if len(statements) == 1 else {}
    is_plain = (
        node.get("type") == "SELECT_NODE"
        and node["from_table"]["type"] == "EMPTY"
        and len(node["select_list"]) == 1
        and node["select_list"][0].get("class") != "STAR"
        and not (node["cte_map"]["map"])
        and all(node.get(key) == value for key, value in _PLAIN_SELECT.items())
    )
    if not is_plain:
        return f"{expression!r} is more than one SQL expression; {hint}"
    spread = next((name for name in _functions(node["select_list"]) if name in _many_to_one() or name == "unnest"), None)
    if spread is not None:
        return (
            f"{expression!r} calls {spread.removesuffix('_star')}, which does not give one value for each row; expected an "
            "expression over the columns of one row (a window, 'over (...)', is one; else use query in place of columns)"
        )
    return None


def problem_of_query(query: str) -> str | None:
    """What is wrong with a mapping query, or None. It must be a single SELECT (common table expressions are fine)."""
    parsed = _PARSER.parse(query)
    if parsed.get("error"):
        message = str(parsed.get("error_message"))
        if parsed.get("error_type") == "not implemented":
            return "is not a SELECT; expected a single SELECT ... FROM source"
        position = parsed.get("position")
        line = f" (line {query[: int(position)].count(chr(10)) + 1})" if position and position.isdigit() else ""
        return f"{message}{line}; expected a single SELECT ... FROM source"
    found = len(parsed.get("statements", []))
    return None if found == 1 else f"holds {found} statements; expected a single SELECT ... FROM source"


@lru_cache(maxsize=4096)
def references_of_expression(expression: str) -> References:
    """The columns that a valid expression names."""
    return _references(_PARSER.parse(_as_select(expression)))


@lru_cache(maxsize=256)
def references_of_query(query: str) -> References:
    """The columns that a valid query names (aliases and columns of subqueries among them)."""
    return References(_references(_PARSER.parse(query)).columns, is_closed=False)


@lru_cache(maxsize=1)
def _many_to_one() -> frozenset[str]:
    """The aggregate functions that DuckDB knows: one value for many rows, so that rows would be lost."""
    found = _PARSER.connection.execute("select distinct function_name from duckdb_functions() where function_type = 'aggregate'")
    return frozenset(str(row[0]) for row in found.fetchall())


def _functions(value: Any) -> Iterator[str]:
    """The functions that are called outside of subqueries and not over a window."""
    if isinstance(value, dict):
        if value.get("class") == "SUBQUERY":
            return
        if value.get("class") == "FUNCTION":
            yield str(value["function_name"]).lower()
        for item in value.values():
            yield from _functions(item)
    elif isinstance(value, list):
        for item in value:
            yield from _functions(item)


def _as_select(expression: str) -> str:
    # The line break keeps a trailing "--" comment from swallowing the bracket.
    return f"select (\n{expression}\n) as value"


def _references(parsed: Any) -> References:
    names: dict[str, None] = {}
    is_closed = True
    for node in _nodes(parsed):
        if node.get("class") == "COLUMN_REF" and node.get("column_names"):
            names[str(node["column_names"][-1])] = None
            is_closed = is_closed and len(node["column_names"]) == 1
        elif node.get("class") in ("LAMBDA", "SUBQUERY"):
            is_closed = False
    return References(tuple(names), is_closed)


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from _nodes(item)
    elif isinstance(value, list):
        for item in value:
            yield from _nodes(item)
