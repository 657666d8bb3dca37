"""From the columns of an export to the columns of the contract: the SELECT of a user's expressions or query.

The SQL of a user runs in a connection of its own (`open_locked`): no file, no network, no ATTACH, no setting can be
reached from it. Everything it yields is text again; typing is `casting.py`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.company.errors import ConfigurationError, did_you_mean
from dagster_project.company.expressions import References, references_of_expression, references_of_query
from dagster_project.company.model import FILE_NAME, FeedConfiguration
from dagster_project.feeds import sql
from dagster_project.feeds.contract import Feed
from dagster_project.feeds.readers import Reading, missing_columns

HIDDEN_FILE = "__file_no"
HIDDEN_LINE = "__line"
_WHOLE_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")


@dataclass(frozen=True)
class Resources:
    """What one landing may take: threads and memory of DuckDB."""

    threads: int | None = None
    memory_limit: str = "3GB"

    def settings(self, temporary: Path) -> dict[str, str | bool | int | float | list[str]]:
        """DuckDB settings. Times are UTC whatever the machine says."""
        chosen: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": self.memory_limit,
            "temp_directory": str(temporary / "spill"),
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
        if self.threads is not None:
            chosen["threads"] = self.threads
        return chosen


def _open(database: Path, resources: Resources) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(database), config=resources.settings(database.parent))
    connection.execute("set timezone = 'UTC'")
    # DuckDB 2.0.0 now and then fails joins on two threads: "dict-surviving cache ... changed identity"
    connection.execute("set enable_caching_operators = false")
    return connection


def open_trusted(database: Path, resources: Resources) -> duckdb.DuckDBPyConnection:
    """The program's own connection: it may read and write files."""
    return _open(database, resources)


def open_locked(database: Path, resources: Resources) -> duckdb.DuckDBPyConnection:
    """A connection for SQL that a user wrote: it sees this database and nothing else, and cannot change that."""
    connection = _open(database, resources)
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def open_headers(reading: Reading) -> duckdb.DuckDBPyConnection:
    """A locked connection whose `source` has the columns that were read and no row: to try a mapping."""
    connection = duckdb.connect(":memory:", config={"enable_external_access": "false"})
    columns = "".join(f"{sql.name(column)} varchar, " for column in reading.columns)
    connection.execute(f"create table source_all ({columns}source_file varchar, source_line bigint, {HIDDEN_FILE} integer)")
    connection.execute("create table source_files (file_no integer, source_file varchar, file_hash varchar)")
    connection.execute(f"create view source as select * exclude ({HIDDEN_FILE}) from source_all")
    connection.execute("set lock_configuration = true")
    return connection


@dataclass(frozen=True)
class Mapping:
    """The SELECT that yields the columns of the contract as text, with `__file_no` and `__line`.

    `canonical` are columns whose expression yields a type other than text (ISO dates, '.' as decimal sign).
    `has_lines`: the rows can be traced to their file and line.
    """

    select: str
    canonical: frozenset[str]
    has_lines: bool
    mapped: tuple[str, ...]


def build_mapping(
    connection: duckdb.DuckDBPyConnection, feed: Feed, configuration: FeedConfiguration, reading: Reading
) -> Mapping:
    """Check the mapping against what was read. Raises ConfigurationError, or FeedError where a file lacks a column."""
    if configuration.query is not None:
        return _query_mapping(connection, feed, configuration, reading)
    return _column_mapping(connection, feed, configuration, reading)


def _column_mapping(
    connection: duckdb.DuckDBPyConnection, feed: Feed, configuration: FeedConfiguration, reading: Reading
) -> Mapping:
    needed: dict[str, str] = {}
    for mapped, expression in configuration.columns.items():
        for named in _surely_columns(references_of_expression(expression), reading):
            needed.setdefault(named, f"feeds.{feed.name}.columns.{mapped}")
    missing_columns(feed.name, configuration, reading, needed)
    available = {column.lower() for column in reading.columns}
    # An optional column that no file of this landing has: null.
    absent = [name for name in configuration.options.optional_columns if name.lower() not in available]
    source = (
        "source_all"
        if not absent
        else ("(select *, " + ", ".join(f"null::varchar as {sql.name(name)}" for name in absent) + " from source_all)")
    )
    canonical, problems, items = set(), [], []
    for column in feed.columns:
        chosen = configuration.columns.get(column.name)
        if chosen is None:
            items.append(f"null::varchar as {sql.name(column.name)}")
            continue
        try:
            described = connection.execute(f"describe select (\n{chosen}\n) as value from {source} as source").fetchone()
        except duckdb.Error as error:
            key = f"{FILE_NAME}: feeds.{feed.name}.columns.{column.name}"
            problems.append(
                f"{key}: {chosen!r} does not run: {_first_line(error)}; the columns of the source are: "
                f"{', '.join(reading.columns)}"
            )
            continue
        kind = str(described[1]) if described else "VARCHAR"
        if kind not in ("VARCHAR", '"NULL"', "NULL"):
            canonical.add(column.name)
        items.append(f"((\n{chosen}\n))::varchar as {sql.name(column.name)}")
    if problems:
        raise ConfigurationError(problems)
    select = f"select {HIDDEN_FILE}, source_line as {HIDDEN_LINE}, {', '.join(items)} from {source} as source"
    return Mapping(select, frozenset(canonical), True, tuple(configuration.columns))


def _query_mapping(
    connection: duckdb.DuckDBPyConnection, feed: Feed, configuration: FeedConfiguration, reading: Reading
) -> Mapping:
    query = (configuration.query_text or "").strip().rstrip(";")
    key = f"{FILE_NAME}: feeds.{feed.name}.query ({configuration.query})"
    known = {column.lower() for column in reading.columns}
    references = references_of_query(query)
    needed = {name: f"feeds.{feed.name}.query" for name in references.columns if name.lower() in known}
    missing_columns(feed.name, configuration, reading, needed)
    try:
        described = connection.execute(f"describe select * from (\n{query}\n)").fetchall()
    except duckdb.Error as error:
        lost = re.search(r'column (?:named )?"([^"]+)" (?:not found|was not found)', str(error))
        if lost is not None and lost[1].lower() not in known:
            # Renamed in the export or misspelt in the query: say what the files hold.
            missing_columns(feed.name, configuration, reading, {lost[1]: f"feeds.{feed.name}.query"})
        raise ConfigurationError(
            f"{key}: does not run: {_first_line(error)}; the columns of the source are: {', '.join(reading.columns)}"
        ) from None
    types = {str(row[0]): str(row[1]) for row in described}
    names = [column.name for column in feed.columns]
    kind = types.get("source_line", "BIGINT")
    if kind not in _WHOLE_NUMBERS:
        raise ConfigurationError(f"{key}: yields source_line as {kind}; expected the column source_line of the source as it is")
    problems = [
        f"{key}: yields the column {name!r}, which is not a column of {feed.name}{did_you_mean(name, names)}"
        for name in types
        if name not in names and name not in ("source_file", "source_line")
    ]
    problems += [
        f"{key}: does not yield the column {column.name}, which {feed.name} needs"
        for column in feed.columns
        if not column.is_nullable and column.name not in types
    ]
    if problems:
        raise ConfigurationError(problems)
    items = [
        f"queried.{sql.name(name)}::varchar as {sql.name(name)}" if name in types else f"null::varchar as {sql.name(name)}"
        for name in names
    ]
    has_lines = {"source_file", "source_line"} <= set(types)
    line = "try_cast(queried.source_line as bigint)" if "source_line" in types else "null::bigint"
    if "source_file" in types:
        origin = f"files.file_no as {HIDDEN_FILE}"
        joined = "left join source_files as files on queried.source_file = files.source_file"
    else:
        only = reading.parts[0].file_no if len(reading.parts) == 1 else None
        origin = f"{'null' if only is None else only}::integer as {HIDDEN_FILE}"
        joined = ""
    select = f"select {origin}, {line} as {HIDDEN_LINE}, {', '.join(items)} from (\n{query}\n) as queried {joined}"
    canonical = frozenset(name for name in names if types.get(name, "VARCHAR") not in ("VARCHAR", '"NULL"', "NULL"))
    return Mapping(select, canonical, has_lines, tuple(name for name in names if name in types))


def explain_failure(
    connection: duckdb.DuckDBPyConnection, feed: Feed, configuration: FeedConfiguration
) -> ConfigurationError | None:
    """The mapping binds but fails on some row: find the expression at fault by running each apart (None: ours)."""
    advice = "use try_cast or try_strptime where a value may not fit"
    if configuration.query is not None:
        key, tried = (
            f"feeds.{feed.name}.query",
            {str(configuration.query): (configuration.query_text or "").strip().rstrip(";")},
        )
        statement = "select count(columns(*)::varchar) from (\n{}\n)"
    else:
        key, tried = f"feeds.{feed.name}.columns", configuration.columns
        statement = "select count((\n{}\n)::varchar) from source_all as source"
    problems = []
    for name, text in tried.items():
        try:
            connection.execute(statement.format(text)).fetchone()
        except duckdb.Error as fault:
            problems.append(f"{FILE_NAME}: {key}.{name}: does not run on this data: {_kind(fault)}; {advice}")
    return ConfigurationError(problems) if problems else None


def _surely_columns(references: References, reading: Reading) -> list[str]:
    """Names in an expression that must be columns of every file."""
    special = ("source_file", "source_line")
    known = {column.lower() for column in reading.columns}
    return [
        name for name in references.columns if name.lower() not in special and (references.is_closed or name.lower() in known)
    ]


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _kind(error: duckdb.Error) -> str:
    """The message without the value: what failed on a row may be personal data.

    From the first quote to the last, since a value may hold quotes and line breaks itself; and no number. What a call of
    `error(...)` says, and what strptime could not read, comes without quotes: of those the kind alone is told.
    """
    if isinstance(error, duckdb.InvalidInputException):
        return type(error).__name__
    masked = re.sub(r"['\"].*['\"]", "'...'", str(error).strip(), flags=re.DOTALL)
    return re.sub(r"\b[0-9][0-9.,:-]*", "...", masked.splitlines()[0])
