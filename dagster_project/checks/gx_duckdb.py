"""Great Expectations over DuckDB: the one place that imports GX and that knows its private parts.

As shipped, GX 1.24 closes the connection before fetching and fails on duckdb-engine with an IndexError, except for the
dialects that it lists in `_PERSISTED_CONNECTION_DIALECTS`: DuckDB's is added. That name is private: `_keep_connection`
raises `GxChangedError` where it has changed, and a test shows that the patch is needed and that it is enough.

Two more facts that this module takes care of:
- A failed query aborts the transaction of that kept connection, and every later query with it: it is rolled back
  after each suite, and the suite's checks are evaluated again in halves until the guilty ones stand alone.
- A check that GX cannot read is logged and dropped from the suite: a check without a result is an exception here.

Not here: what is asserted (`expectations.py` and the suites) and what follows from it (`verdicts.py`).
"""

from __future__ import annotations

import atexit
import gc
import itertools
import logging
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from types import TracebackType
from typing import Any

import duckdb

from dagster_project.checks.expectations import Check, quoted
from dagster_project.checks.personal_data import masked

TESTED_VERSION = "1.24.1"
_ENGINE_MODULE = "great_expectations.execution_engine.sqlalchemy_execution_engine"
_LISTED = "_PERSISTED_CONNECTION_DIALECTS"
_numbers = itertools.count(1)


class GxChangedError(RuntimeError):
    """The private part of GX that the patch needs is not as it was in the tested version."""


@dataclass(frozen=True)
class Observation:
    """What came of one check: kept or not, the value seen, or why it could not be evaluated."""

    check: Check
    is_kept: bool
    observed: str | None
    exception: str | None = None
    examples: tuple[str, ...] = ()


class _DuckDBDialect:
    """Stands for a member of GX's enumeration of dialects: compared with a dialect's name, and asked for `.value`."""

    value = "duckdb"

    def __eq__(self, other: object) -> bool:
        return other == self.value or isinstance(other, _DuckDBDialect)

    def __hash__(self) -> int:
        return hash(self.value)


def _keep_connection() -> None:
    """Add DuckDB to the dialects whose connection GX keeps open. Raises GxChangedError."""
    engine = import_module(_ENGINE_MODULE)
    listed = getattr(engine, _LISTED, None)
    if not isinstance(listed, tuple) or not all(isinstance(getattr(item, "value", None), str) for item in listed):
        version = getattr(import_module("great_expectations"), "__version__", "unknown")
        raise GxChangedError(
            f"{_ENGINE_MODULE}.{_LISTED} is no longer a tuple of dialects in Great Expectations {version} "
            f"(tested with {TESTED_VERSION}): the suites cannot run over DuckDB; see checks/gx_duckdb.py"
        )
    if "duckdb" not in listed:
        setattr(engine, _LISTED, (*listed, _DuckDBDialect()))


@cache
def _leave_quietly() -> None:
    """Empty duckdb-engine's modules when the interpreter ends.

    GX and SQLAlchemy keep each other alive until the very end and duckdb-engine with them: DuckDB's wheel then prints
    forty lines about leaked instances below the last words of a run. Nothing uses the engine any more at that point.
    """

    def empty() -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] == "duckdb_engine"]:
            vars(sys.modules[name]).clear()
        gc.collect()

    atexit.register(empty)


class GxSession:
    """A private in-memory DuckDB and a Great Expectations context on it. Use as a context manager.

    `execute` prepares views over the data where it lies (Parquet files, an attached warehouse); `validate` evaluates
    the checks of one of them. Nothing is sent anywhere: analytics are off, extensions are neither installed nor loaded.
    """

    def __init__(self) -> None:
        # importing GX takes 4 s: only who evaluates a suite pays it
        gx = import_module("great_expectations")
        progress = import_module("great_expectations.data_context.types.base").ProgressBarsConfig(globally=False)
        _keep_connection()
        _leave_quietly()
        self._gx = gx
        self._measures = import_module("dagster_project.checks.gx_measure")
        # GX logs each failed query with its whole text, values included: the failures are reported in words, masked
        logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
        self._context = gx.get_context(mode="ephemeral")
        self._context.enable_analytics(False)
        self._context.variables.progress_bars = progress
        # a *named* memory database is one database for all connections of the process that use the name
        name = f"service_value_checks_{next(_numbers)}"
        self._source = self._context.data_sources.add_sql(name, connection_string=f"duckdb:///:memory:{name}")
        self._connection = self._source.get_engine().raw_connection()
        for setting in (
            "TimeZone = 'UTC'",
            "autoinstall_known_extensions = false",
            "autoload_known_extensions = false",
        ):
            self.execute(f"set global {setting}")

    def __enter__(self) -> GxSession:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection: the memory database and its hold on attached files end with the last one."""
        engine = self._source.get_execution_engine()
        with engine.get_connection() as kept:
            kept.close()
        engine.close()
        self._connection.close()
        self._source.get_engine().dispose()

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Run SQL outside GX: set-up, and the examples of what failed."""
        cursor = self._connection.cursor()
        try:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []
        finally:
            cursor.close()

    def validate(self, table: str, checks: Sequence[Check]) -> list[Observation]:
        """Evaluate the checks of one table in one scan, in their order. Never raises for a check: see `Observation`."""
        if len({check.name for check in checks}) != len(checks):
            raise ValueError(f"two checks of {table} have the same name")
        if not checks:
            return []
        try:
            asset = self._source.add_table_asset(f"{table}_{next(_numbers)}", table_name=table)
            batch = asset.add_batch_definition_whole_table("all").get_batch()
        except Exception as error:  # noqa: BLE001 - whatever GX raises here, nothing was evaluated
            return [Observation(check, False, None, first_line(error)) for check in checks]
        found = self._evaluate(batch, checks)
        return [self._with_examples(found[check.name]) for check in checks]

    def _evaluate(self, batch: Any, checks: Sequence[Check]) -> dict[str, Observation]:
        found = self._evaluate_together(batch, checks)
        raised = [check for check in checks if found[check.name].exception]
        if not raised:
            return found
        if len(checks) == 1:
            return {name: self._with_cause(batch, item) for name, item in found.items()}
        # the checks of a table share one query, so that one that raises takes the others along: separate them
        half = (len(raised) + 1) // 2
        for part in (raised[:half], raised[half:]):
            if part:
                found |= self._evaluate(batch, part)
        return found

    def _with_cause(self, batch: Any, observation: Observation) -> Observation:
        """GX tries a failed query again in the aborted transaction and reports that: ask DuckDB for the reason."""
        if "transaction is aborted" not in (observation.exception or ""):
            return observation
        try:
            self.execute(f"select {observation.check.measure} from {quoted(batch.data_asset.table_name)}")
        except duckdb.Error as error:
            return replace(observation, exception=first_line(error))
        return observation

    def _evaluate_together(self, batch: Any, checks: Sequence[Check]) -> dict[str, Observation]:
        try:
            suite = self._gx.ExpectationSuite(name="checks", expectations=[self._expectation(check) for check in checks])
            results = {
                result.expectation_config.meta["check"]: result for result in batch.validate(suite, result_format="BASIC").results
            }
        except Exception as error:  # noqa: BLE001 - whatever GX raises here is a failure of all its checks
            return {check.name: Observation(check, False, None, first_line(error)) for check in checks}
        finally:
            with self._source.get_execution_engine().get_connection() as kept:
                kept.rollback()
        return {check.name: self._observation(check, results.get(check.name)) for check in checks}

    def _expectation(self, check: Check) -> Any:
        shared = {"meta": {"check": check.name}, "severity": "warning" if check.is_warning else "critical"}
        if check.kind == "row_count":
            return self._gx.expectations.ExpectTableRowCountToBeBetween(
                min_value=check.minimum, max_value=check.maximum, **shared
            )
        return self._measures.ExpectMeasureToBeBetween(
            measure=check.measure,
            minimum=None if check.minimum is None else str(check.minimum),
            maximum=None if check.maximum is None else str(check.maximum),
            **shared,
        )

    def _observation(self, check: Check, result: Any) -> Observation:
        if result is None:
            return Observation(check, False, None, "Great Expectations gave no result for it")
        raised = _raised(result.exception_info)
        if raised is not None:
            return Observation(check, False, None, first_line(raised))
        observed = (result.result or {}).get("observed_value")
        if observed is None or result.success is None:
            return Observation(check, False, None, "it has no observed value")
        return Observation(check, bool(result.success), str(observed))

    def _with_examples(self, observation: Observation) -> Observation:
        if observation.is_kept or observation.exception or observation.check.example is None:
            return observation
        try:
            examples = tuple(masked(str(row[0])) for row in self.execute(observation.check.example))
        except duckdb.Error as error:  # the failure itself stands; only its examples are missing
            examples = (f"no example: {first_line(error)}",)
        return Observation(observation.check, False, observation.observed, None, examples)


def first_line(error: object) -> str:
    """The first line of an error, without values that could be personal."""
    lines = [line for line in str(error).strip().splitlines() if line.strip()]
    return masked(lines[0])[:300] if lines else type(error).__name__


def _raised(information: Any) -> str | None:
    """The message of an exception in GX's `exception_info`, which is one record or one record per metric."""
    if not information:
        return None
    records = [information] if "raised_exception" in information else list(information.values())
    for record in records:
        if not isinstance(record, dict):
            return str(record)
        if record.get("raised_exception"):
            return _engine_message(str(record.get("exception_message") or "unknown exception"))
    return None


def _engine_message(message: str) -> str:
    """DuckDB's own sentence out of GX's, which wraps the traceback around it."""
    for line in reversed(message.splitlines()):
        if "(_duckdb." in line or "(duckdb." in line:
            return line.partition("duckdb.")[2].partition(") ")[2] or line
    return message
