"""The DuckDB of a simulation: a scratch database, the parameters as SQL variables, the scripts of `sql/`.

Not here: what the scripts say, how tables become files (`exports.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

import duckdb

from dagster_project.simulation.parameters import SimulationParameters

SCRIPTS = Path(__file__).parent / "sql"

Value = bool | int | float | str | date | datetime | Sequence[float] | Sequence[str]


def open_scratch(folder: Path, *, memory_limit: str, threads: int | None) -> duckdb.DuckDBPyConnection:
    """A connection to a new database in memory; what does not fit there goes to disk in `folder`."""
    # not a file: its write-ahead log and checkpoints were a tenth of the time of 1.8 million ticket lines
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.execute(f"set memory_limit = {_literal(memory_limit)}")
    connection.execute(f"set temp_directory = {_literal(str(folder / 'spill'))}")
    connection.execute("set enable_progress_bar = false")
    # DuckDB 2.0.0: with two threads, now and then "dict-surviving cache: global dictionary column changed identity"
    # (2 of 5 runs of 60,000 customers); the operator cache that raises it is of no use here.
    connection.execute("set enable_caching_operators = false")
    # Its sibling, "dict-surviving join: narrowed column received a non-dictionary chunk" (duckdb issue 24807), comes of
    # perfect hash joins on integer keys, which need statistics: 400 customers, 14 months, seed 5 failed every time.
    connection.execute("set disabled_optimizers = 'statistics_propagation'")
    if threads is not None:
        connection.execute(f"set threads = {int(threads)}")
    return connection


def set_variables(connection: duckdb.DuckDBPyConnection, values: Mapping[str, Value]) -> None:
    """Make the values readable as `getvariable('<name>')`. Names come from the program, never from a user."""
    for name, value in values.items():
        connection.execute(f"set variable {name} = {_literal(value)}")


def parameter_values(parameters: SimulationParameters) -> dict[str, Value]:
    """Every parameter as `<group>_<field>`."""
    return {
        f"{group.name}_{item.name}": getattr(getattr(parameters, group.name), item.name)
        for group in fields(parameters)
        for item in fields(getattr(parameters, group.name))
    }


def numbers_of(values: Mapping[str, Value]) -> dict[str, float]:
    """The parameters as numbers, a member of a list as `<name>_<position>` from 1; booleans are 0 and 1."""
    numbers: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, (bool, int, float)):
            numbers[name] = float(value)
        elif isinstance(value, tuple):
            numbers |= {f"{name}_{position}": float(item) for position, item in enumerate(value, start=1)}
    return numbers


def run_script(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Run one script of `sql/`, statement after statement."""
    connection.execute(_script(name))


@lru_cache(maxsize=32)
def _script(name: str) -> str:
    return (SCRIPTS / f"{name}.sql").read_text(encoding="utf-8")


def _literal(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"cast('{value!r}' as double)"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, datetime):
        return f"timestamp '{value:%Y-%m-%d %H:%M:%S}'"
    if isinstance(value, date):
        return f"date '{value:%Y-%m-%d}'"
    return "[" + ", ".join(_literal(item) for item in value) + "]"
