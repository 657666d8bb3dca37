"""The reference tables: their columns and types, the project's defaults, and what a home puts in their place.

The default of a table is the dbt seed `<name>.csv`; `HOME/reference/<name>.csv` replaces it whole. Read here: landing
checks members (channels, questions), the snapshot hands the home's own tables to dbt. What dbt makes of them: `dbt/`.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from dagster_project.company.errors import ConfigurationError, did_you_mean

ReferenceType = Literal["text", "int", "decimal", "bool", "date", "time"]

ARROW_TYPES: dict[ReferenceType, pa.DataType] = {
    "text": pa.string(),
    "int": pa.int64(),
    "decimal": pa.decimal128(18, 8),
    "bool": pa.bool_(),
    "date": pa.date32(),
    "time": pa.time64("us"),
}
FOLDER = "reference"


@dataclass(frozen=True)
class ReferenceColumn:
    name: str
    type: ReferenceType = "text"
    is_nullable: bool = False
    allowed: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReferenceTable:
    name: str
    key: tuple[str, ...]
    columns: tuple[ReferenceColumn, ...]
    may_be_empty: bool = False

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema, in the order of the columns."""
        return pa.schema([pa.field(column.name, ARROW_TYPES[column.type]) for column in self.columns])


def _column(name: str, kind: ReferenceType = "text", nullable: bool = False, *allowed: str) -> ReferenceColumn:
    return ReferenceColumn(name, kind, nullable, allowed)


_TABLES = (
    ReferenceTable(
        "channels",
        ("channel",),
        (
            _column("channel"),
            _column("distance", "text", False, "remote", "face_to_face"),
            _column("tempo", "text", False, "synchronous", "asynchronous"),
            _column("answer_threshold_seconds", "int", True),
            _column("counts_business_hours", "bool"),
        ),
    ),
    ReferenceTable(
        "survey_questions",
        ("question_code",),
        (
            _column("question_code"),
            _column(
                "construct",
                "text",
                False,
                "csat",
                "nps",
                "ces",
                "servqual_expectation",
                "servqual_perception",
                "verbatim",
            ),
            _column("dimension", "text", True, "reliability", "responsiveness", "assurance", "empathy", "tangibles"),
            _column("item", "text", True),
            _column("scale_min", "decimal", True),
            _column("scale_max", "decimal", True),
            _column("higher_is_better", "bool", True),
            _column("wording_fr", "text", True),
            _column("wording_en", "text", True),
        ),
    ),
    ReferenceTable(
        "evaluation_items",
        ("grid_version", "item_code"),
        (
            _column("grid_version"),
            _column("phase"),
            _column("item_code"),
            _column("label_fr"),
            _column("label_en"),
            _column("weight", "decimal"),
            _column("is_critical", "bool"),
        ),
    ),
    ReferenceTable(
        "evaluation_levels",
        ("grid_version", "level_code"),
        (
            _column("grid_version"),
            _column("level_code"),
            _column("score", "decimal"),
            _column("label_fr"),
            _column("label_en"),
        ),
    ),
    ReferenceTable(
        "commitments",
        ("commitment_code",),
        (
            _column("commitment_code"),
            _column("label_fr"),
            _column("label_en"),
            _column("channel"),
            _column("measure", "text", False, "answer_hours", "resolution_hours", "first_contact_resolution", "refund_days"),
            _column("threshold", "decimal", True),
            _column("target_rate", "decimal"),
            _column("promised_from", "date"),
        ),
        may_be_empty=True,
    ),
    ReferenceTable(
        "segment_targets",
        ("value_segment",),
        (
            _column("value_segment", "int"),
            _column("satisfaction_target", "decimal"),
        ),
        may_be_empty=True,
    ),
    ReferenceTable(
        "kpi_targets",
        ("kpi", "segment"),
        (
            _column("kpi"),
            _column("segment", "int"),
            _column("target", "decimal", True),
            _column("alert_below", "decimal", True),
            _column("alert_above", "decimal", True),
            _column("sector_benchmark", "decimal", True),
            _column("benchmark_source", "text", True),
        ),
        may_be_empty=True,
    ),
    ReferenceTable(
        "exchange_rates",
        ("currency", "valid_from"),
        (
            _column("currency"),
            _column("valid_from", "date"),
            _column("rate", "decimal"),
        ),
        may_be_empty=True,
    ),
    ReferenceTable(
        "segment_map",
        ("value_tier", "potential_tier"),
        (
            _column("value_tier", "int"),
            _column("potential_tier", "int"),
            _column("value_segment", "int"),
        ),
    ),
    ReferenceTable(
        "opening_hours",
        ("queue", "weekday", "opens_at"),
        (
            _column("queue"),
            _column("weekday", "int"),
            _column("opens_at", "time"),
            _column("closes_at", "time"),
            _column("time_zone"),
        ),
        may_be_empty=True,
    ),
)

REFERENCE_TABLES: dict[str, ReferenceTable] = {table.name: table for table in _TABLES}


def load_references(home: Path, defaults: Path) -> dict[str, pa.Table]:
    """Every reference table: the home's own where it has one, else the default of `defaults` (the folder of seeds).

    Raises ConfigurationError with everything that is wrong in the home's files.
    """
    own = load_overrides(home)
    return {
        name: own[name] if own[name].num_rows or _override(home, name).is_file() else _default(table, defaults / f"{name}.csv")
        for name, table in REFERENCE_TABLES.items()
    }


def load_overrides(home: Path) -> dict[str, pa.Table]:
    """The home's own reference tables; a table without rows for each that it does not replace."""
    problems: list[str] = []
    folder = home / FOLDER
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.suffix.lower() == ".csv" and path.stem not in REFERENCE_TABLES:
                problems.append(
                    f"{FOLDER}/{path.name}: is not a reference table{did_you_mean(path.stem, REFERENCE_TABLES) or '.'} "
                    f"The tables are: {', '.join(REFERENCE_TABLES)}"
                )
    tables = {}
    for name, table in REFERENCE_TABLES.items():
        path = _override(home, name)
        if path.is_file():
            try:
                tables[name] = read_reference(table, path, f"{FOLDER}/{name}.csv")
            except ConfigurationError as error:
                problems.extend(error.problems)
        else:
            tables[name] = table.schema.empty_table()
    if problems:
        raise ConfigurationError(problems)
    return tables


def read_reference(table: ReferenceTable, path: Path, said: str) -> pa.Table:
    """Read one CSV (comma or semicolon, UTF-8). Raises ConfigurationError naming file, line and column."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{said}: is not UTF-8 text; save it as UTF-8") from None
    first = text.split("\n", 1)[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    rows = csv.reader(text.splitlines(keepends=True), delimiter=delimiter)
    header = [name.strip() for name in next(rows, [])]
    names = [column.name for column in table.columns]
    problems = [
        f"{said}: the column {name!r} is not known{did_you_mean(name, names) or '.'} Expected: {', '.join(names)}"
        for name in header
        if name not in names
    ]
    problems += [
        f"{said}: the column {column.name} is missing; found: {', '.join(header) or 'nothing'}"
        for column in table.columns
        if column.name not in header and not column.is_nullable
    ]
    if problems:
        raise ConfigurationError(problems)
    values: dict[str, list[Any]] = {name: [] for name in names}
    seen: dict[tuple[Any, ...], int] = {}
    before = rows.line_num
    for row in rows:
        line, before = before + 1, rows.line_num
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            problems.append(f"{said}: line {line}: has {len(row)} columns; the header has {len(header)}")
            continue
        cells = dict(zip(header, row, strict=True))
        record: dict[str, Any] = {}
        for column in table.columns:
            try:
                record[column.name] = _value(column, cells.get(column.name, "").strip())
            except ValueError as error:
                problems.append(f"{said}: line {line}: column {column.name}: {error}")
                record[column.name] = None
        key = tuple(record[name] for name in table.key)
        if key in seen:
            problems.append(f"{said}: line {line}: {', '.join(table.key)} {key} is on line {seen[key]} already")
        seen[key] = line
        for name in names:
            values[name].append(record[name])
    if not seen and not table.may_be_empty:
        problems.append(f"{said}: has no row; delete the file to take the project's default")
    if problems:
        raise ConfigurationError(problems)
    return pa.table(values, schema=table.schema)


def _override(home: Path, name: str) -> Path:
    return home / FOLDER / f"{name}.csv"


def _default(table: ReferenceTable, path: Path) -> pa.Table:
    if not path.is_file():
        raise ConfigurationError(f"{path.name}: the project's default of the reference table {table.name} is not installed")
    return read_reference(table, path, f"seeds/{path.name}")


_TRUTH = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False, "oui": True, "non": False}


def _time(text: str) -> time:
    parsed = time.fromisoformat(text)
    if parsed.tzinfo is not None:
        raise ValueError(text)
    return parsed


_PARSERS: Mapping[ReferenceType, tuple[Callable[[str], Any], str]] = {
    "int": (int, "a whole number"),
    "decimal": (Decimal, "a number with '.' as decimal sign"),
    "bool": (lambda text: _TRUTH[text.lower()], "true or false"),
    "date": (lambda text: datetime.strptime(text, "%Y-%m-%d").date(), "a date such as 2024-01-31"),
    "time": (_time, "a time such as 09:00"),
}


def _value(column: ReferenceColumn, text: str) -> str | int | Decimal | bool | date | time | None:
    if text == "":
        if column.is_nullable:
            return None
        raise ValueError("is missing")
    if column.allowed and text not in column.allowed:
        raise ValueError(f"{text!r} is not one of {', '.join(column.allowed)}{did_you_mean(text, column.allowed)}")
    if column.type == "text":
        return text
    parse, expected = _PARSERS[column.type]
    try:
        value: int | Decimal | bool | date | time = parse(text)
    except (ValueError, KeyError, InvalidOperation):
        raise ValueError(f"{text!r} is not {expected}") from None
    if isinstance(value, Decimal) and (not value.is_finite() or value != round(value, 8)):
        raise ValueError(f"{text!r} is not {expected} and at most 8 decimals")
    return value
