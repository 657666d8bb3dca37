"""The two gates: the raw gate on each landed feed, the published gate on each published table.

Here: views over the data where it lies, the check of columns and types, evaluation suite by suite, and the verdicts
on disk. Not here: what a suite asserts (`raw_suites.py`, `published_suites.py`, `published_tables.py`), Great
Expectations itself (`gx_duckdb.py`), and stopping the run (`orchestration/`; publication reads the verdicts again).

Whatever goes wrong inside a gate ends as a failed verdict with the reason; a gate never leaves a suite out.
"""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import duckdb

from dagster_project.checks.document import write_document
from dagster_project.checks.expectations import Check, Table, literal, no_row, number_of, quoted
from dagster_project.checks.gx_duckdb import GxSession, Observation, first_line
from dagster_project.checks.landed import LandedCounts
from dagster_project.checks.published_suites import published_checks
from dagster_project.checks.published_tables import TABLES
from dagster_project.checks.raw_suites import FeedSettings, raw_checks
from dagster_project.checks.verdicts import (
    FOLDER,
    PUBLISHED,
    RAW,
    Result,
    SuiteVerdict,
    published_models,
    write_verdict,
)
from dagster_project.feeds.contract import FEEDS, raw_schema

SEEDS = Path(__file__).parents[2] / "dbt" / "seeds"
_SCHEMA = "schema_columns"
_ONE_ROW = "one_row"


class CompanySettings(Protocol):
    """What the raw gate needs of a company (`company.model.Company` has it)."""

    @property
    def feeds(self) -> Mapping[str, FeedSettings]: ...


@dataclass
class _Suite:
    """A suite in the making: the expected columns, and the checks once the table is there."""

    name: str
    columns: Mapping[str, str]
    are_others_allowed: bool
    problem: str | None = None


def run_raw_gate(
    inputs: Path,
    company: CompanySettings,
    reports: Mapping[str, LandedCounts],
    run_id: str,
    folder: Path,
    references: Mapping[str, Collection[str]] | None = None,
) -> list[SuiteVerdict]:
    """Check every landed feed under `inputs/raw/<feed>/*.parquet` and write its verdict to `folder`.

    Suites: the configured feeds, and any other feed with rows. `reports`: see `landed.landed_counts`; a feed without a
    report is not compared with its landing. `references`: `table.column` -> members, by default the overrides in
    `inputs/reference` and the project's seeds.
    """
    known = reference_members(inputs) if references is None else references
    configured = set(company.feeds)

    def work(gate: _Gate) -> None:
        suites = []
        for feed in FEEDS.values():
            suite = _Suite(feed.name, raw_schema(feed), are_others_allowed=True)
            suite.problem = gate.view_of_parquet(suite, inputs / "raw" / feed.name)
            if feed.name in configured or (
                suite.problem is None and gate.session.execute(f"select 1 from {quoted(feed.name)} limit 1")
            ):
                suites.append(suite)
        has_customers = any(suite.name == "crm_customers" and suite.problem is None for suite in suites) and bool(
            gate.session.execute("select 1 from crm_customers where customer_id_hash is not null limit 1")
        )

        def checks(name: str) -> list[Check]:
            return raw_checks(FEEDS[name], company.feeds.get(name), reports.get(name), known, has_customers)

        gate.evaluate(suites, checks)

    return _run(work, configured, RAW, run_id, folder)


def run_published_gate(
    warehouse: Path,
    manifest: Path | Mapping[str, Any],
    folder: Path,
    run_id: str,
    inputs: Path | None = None,
    present_feeds: Collection[str] | None = None,
) -> list[SuiteVerdict]:
    """Check every published table of the warehouse, opened read-only, and write its verdict to `folder`.

    `manifest` is dbt's (columns, types). `inputs` is the folder that the run read: it says until when anything may have
    happened, and which feeds are present, which decides what may be empty. Without it no instant is too late, and the
    present feeds are those of `kpi_readiness`, or `present_feeds` where given.
    """
    content = manifest if isinstance(manifest, Mapping) else json.loads(manifest.read_text(encoding="utf-8"))
    models = published_models(content)

    def work(gate: _Gate) -> None:
        database = gate.attach(warehouse)
        suites = []
        for name, node in models.items():
            columns = {column: item.get("data_type") or "" for column, item in node["columns"].items()}
            suite = _Suite(name, columns, are_others_allowed=False)
            suite.problem = gate.view_of_table(suite, database, node["schema"], node.get("alias") or name)
            suites.append(suite)
        available = {suite.name for suite in suites if suite.problem is None}
        facts = None if inputs is None else _facts(gate.session, inputs)
        end = None if facts is None else facts[0]
        if present_feeds is not None:
            present = set(present_feeds)
        else:
            present = gate.present_feeds(available) if facts is None else facts[1]
        gate.show_relations(database)

        def checks(name: str) -> list[Check]:
            return published_checks(name, TABLES.get(name), gate.types[name], present, end)

        gate.evaluate(suites, checks)

    return _run(work, models, PUBLISHED, run_id, folder)


def reference_members(inputs: Path, seeds: Path = SEEDS) -> dict[str, set[str]]:
    """The members of every column of a reference table that the contract names.

    From `inputs/reference/<table>.parquet` where it has rows, else from the seed. A table found in neither has no
    members, so that every value of the column fails: a check that cannot be made is no pass.
    """
    wanted = sorted({column.reference for feed in FEEDS.values() for column in feed.columns if column.reference})
    members: dict[str, set[str]] = {}
    for reference in wanted:
        table, column = reference.split(".")
        override = inputs / "reference" / f"{table}.parquet"
        found: set[str] = set()
        if override.is_file():
            with duckdb.connect() as connection:
                query = f"select distinct cast({quoted(column)} as varchar) from read_parquet(?)"
                found = {str(row[0]) for row in connection.execute(query, [str(override)]).fetchall()}
        seed = seeds / f"{table}.csv"
        if not found and seed.is_file():
            with seed.open(encoding="utf-8", newline="") as file:
                found = {row[column] for row in csv.DictReader(file)}
        members[reference] = found
    return members


def _facts(session: GxSession, inputs: Path) -> tuple[datetime, set[str]]:
    """What the run's inputs say: the end of the as-of day (UTC), and the feeds with a row as of that day."""
    context = session.execute(f"select as_of_end_at from read_parquet({literal(inputs / 'run_context.parquet')})")
    feeds = session.execute(f"select feed from read_parquet({literal(inputs / 'feed_status.parquet')}) where is_present")
    return context[0][0], {str(row[0]) for row in feeds}


class _Gate:
    """One evaluation: a session with Great Expectations, and the verdicts so far."""

    def __init__(self, session: GxSession, gate: str, run_id: str, folder: Path, verdicts: list[SuiteVerdict]) -> None:
        self.session = session
        self.gate = gate
        self.run_id = run_id
        self.folder = folder
        self.verdicts = verdicts
        self.types: dict[str, dict[str, str]] = {}
        session.execute(f"create table {_ONE_ROW} as select 1 as nothing")
        session.execute(
            f"create table {_SCHEMA} (suite varchar, file varchar, column_name varchar, "
            "expected_type varchar, actual_type varchar)"
        )

    def view_of_parquet(self, suite: _Suite, folder: Path) -> str | None:
        """A view over the files of a feed, and the columns of each file beside the expected ones. Returns a problem."""
        files = literal(folder / "*.parquet")
        try:
            self._compare(
                suite,
                f"select parse_filename(file_name) as file, name as column_name, duckdb_type as actual_type "
                f"from parquet_schema({files}) where duckdb_type is not null and num_children is null",
            )
            self.session.execute(f"create view {quoted(suite.name)} as select * from read_parquet({files}, union_by_name = true)")
        except duckdb.Error as error:  # no file, a truncated file, types that do not go together
            return f"its Parquet files cannot be read: {first_line(error)}"
        return None

    def attach(self, warehouse: Path) -> str:
        """Attach the warehouse read-only under the name that its own views use, the stem of its file."""
        name = warehouse.stem
        self.session.execute(f"attach {literal(warehouse)} as {quoted(name)} (read_only)")
        return name

    def view_of_table(self, suite: _Suite, database: str, schema: str, table: str) -> str | None:
        """A view over a table of the warehouse, and its columns beside those of the contract. Returns a problem."""
        try:
            self.session.execute(
                f"create view {quoted(suite.name)} as select * from {quoted(database)}.{quoted(schema)}.{quoted(table)}"
            )
            self._compare(
                suite,
                f"select null as file, column_name, data_type as actual_type from duckdb_columns() "
                f"where database_name = {literal(database)} and schema_name = {literal(schema)} "
                f"and table_name = {literal(table)}",
            )
        except duckdb.Error as error:
            return f"the table cannot be read: {first_line(error)}"
        return None

    def show_relations(self, database: str) -> None:
        """Make the warehouse answer to `schema.table`; what cannot be read is left out, and its checks fail."""
        found = self.session.execute(
            f"select schema_name, table_name from duckdb_tables() where database_name = {literal(database)} "
            f"union all select schema_name, view_name from duckdb_views() "
            f"where database_name = {literal(database)} and not internal order by all"
        )
        for schema, table in found:
            name = f"{quoted(schema)}.{quoted(table)}"
            self.session.execute(f"create schema if not exists {quoted(schema)}")
            with suppress(duckdb.Error):
                if schema != "main":
                    self.session.execute(f"create view {name} as select * from {quoted(database)}.{name}")

    def present_feeds(self, available: set[str]) -> set[str]:
        """The feeds that are present according to the published readiness."""
        if "kpi_readiness" not in available:
            return set()
        return {str(row[0]) for row in self.session.execute("select distinct feed from kpi_readiness where is_present")}

    def _compare(self, suite: _Suite, actual: str) -> None:
        """Fill the table of columns: one row per file and column, expected or found."""
        types = ", ".join(f"typeof(cast(null as {kind or 'varchar'}))" for kind in suite.columns.values())
        names = list(suite.columns)
        kinds = list(self.session.execute(f"select {types}")[0]) if names else []
        # a column that the contract names without a type may have any
        expected = (
            ", ".join(
                f"({literal(name)}, {literal(kind) if suite.columns[name] else 'null'})"
                for name, kind in zip(names, kinds, strict=True)
            )
            or "(null, null)"
        )
        self.session.execute(
            f"""
            insert into {_SCHEMA}
            with actual as ({actual}),
            files as (select distinct file from actual),
            named as (select * from (values {expected}) as v(column_name, expected_type)),
            expected as (select * from named where column_name is not null)
            select {literal(suite.name)}, files.file, expected.column_name,
                coalesce(expected.expected_type, actual.actual_type, 'any'), actual.actual_type
            from files cross join expected left join actual
                on actual.file is not distinct from files.file and actual.column_name = expected.column_name
            union all
            select {literal(suite.name)}, actual.file, actual.column_name, null, actual.actual_type
            from actual anti join expected using (column_name)
            """
        )
        self.types[suite.name] = dict(
            self.session.execute(
                f"select column_name, min(actual_type) from {_SCHEMA} where suite = {literal(suite.name)} "
                "and actual_type is not null group by column_name order by column_name"
            )
        )

    def evaluate(self, suites: Sequence[_Suite], checks_of: Callable[[str], list[Check]]) -> None:
        """Evaluate the suites and write each verdict as soon as it is known."""
        schema_checks = {suite.name: _schema_checks(suite) for suite in suites if suite.problem is None}
        observed = self.session.validate(_SCHEMA, [check for checks in schema_checks.values() for check in checks])
        seen = {observation.check.name: observation for observation in observed}
        for suite in suites:
            if suite.problem is not None:
                self._keep(_failed(self.gate, suite.name, self.run_id, suite.problem))
                continue
            try:
                observations = [
                    *(seen[check.name] for check in schema_checks[suite.name]),
                    *self._observe(suite, checks_of(suite.name)),
                ]
                self._keep(_verdict(self.gate, suite.name, self.run_id, observations))
            except Exception as error:  # noqa: BLE001 - a suite that cannot be made has failed; the others still run
                self._keep(_failed(self.gate, suite.name, self.run_id, f"the suite could not be evaluated: {first_line(error)}"))

    def _observe(self, suite: _Suite, checks: Sequence[Check]) -> Iterator[Observation]:
        broken = {
            str(row[0])
            for row in self.session.execute(
                f"select distinct column_name from {_SCHEMA} where suite = {literal(suite.name)} and {_BROKEN}"
            )
        } | {column for check in checks for column in check.columns if column not in self.types[suite.name]}
        possible = [check for check in checks if not broken.intersection(check.columns)]
        observed = self.session.validate(suite.name, [check for check in possible if not check.is_apart])
        observed += self.session.validate(_ONE_ROW, [check for check in possible if check.is_apart])
        found = {observation.check.name: observation for observation in observed}
        for check in checks:
            missing = [column for column in check.columns if column in broken]
            yield (
                found[check.name]
                if not missing
                else Observation(check, False, None, f"not evaluated: column {', '.join(missing)} is missing or has another type")
            )

    def _keep(self, verdict: SuiteVerdict) -> None:
        write_verdict(self.folder, verdict)
        self.verdicts.append(verdict)


_BROKEN = "expected_type is not null and actual_type is distinct from expected_type"


def _schema_checks(suite: _Suite) -> list[Check]:
    table = Table(
        _SCHEMA,
        "column_name || coalesce(' in ' || file, '') || case when actual_type is null then ' is missing' "
        "when expected_type is null then ' is not in the contract' "
        "else ' is ' || actual_type || ', not ' || expected_type end",
        "column_name, file",
        f"suite = {literal(suite.name)}",
    )
    others = no_row(
        table,
        f"{suite.name}: no other column",
        "schema",
        "there is no column that the contract does not name",
        "expected_type is null",
        [],
    )
    return [
        no_row(
            table,
            f"{suite.name}: the columns of the contract",
            "schema",
            "the columns of the contract are there, with their types",
            _BROKEN,
            [],
        ),
        others.as_warning() if suite.are_others_allowed else others,
    ]


def _run(work: Callable[[_Gate], None], suites: Iterable[str], gate: str, run_id: str, folder: Path) -> list[SuiteVerdict]:
    """Run a gate. Every named suite ends with a verdict and the document is written, whatever happens."""
    verdicts: list[SuiteVerdict] = []
    names = sorted(suites)
    problem = "no suite is known" if not names else "it was left out"
    # what an earlier attempt of the same run found says nothing of this one
    shutil.rmtree(folder / FOLDER / gate, ignore_errors=True)
    try:
        with GxSession() as session:
            work(_Gate(session, gate, run_id, folder, verdicts))
    except Exception as error:  # noqa: BLE001 - a failure of all that was not evaluated, never a silent pass
        problem = first_line(error)
    for name in sorted(set(names or ["gate"]) - {verdict.suite for verdict in verdicts}):
        verdict = _failed(gate, name, run_id, f"the gate could not be run: {problem}")
        write_verdict(folder, verdict)
        verdicts.append(verdict)
    write_document(folder)
    return sorted(verdicts, key=lambda verdict: verdict.suite)


def _verdict(gate: str, suite: str, run_id: str, observations: Sequence[Observation]) -> SuiteVerdict:
    results = tuple(_result(observation, suite) for observation in observations)
    count = next((item.observed for item in observations if item.check.kind == "row_count"), None)
    return SuiteVerdict(gate, suite, run_id, None if count is None else int(count), results)


def _result(observation: Observation, suite: str) -> Result:
    check = observation.check
    found = None
    if observation.exception is not None:
        found = observation.exception
    elif not observation.is_kept:
        found = (
            f"{number_of(int(observation.observed or 0), check.counts)} found"
            if check.counts
            else "the figures differ"
            if check.kind == "reconciliation" and check.is_apart
            else f"found {observation.observed}"
        )
    return Result(
        name=check.name.removeprefix(f"{suite}: "),
        kind=check.kind,
        words=check.words,
        outcome="exception"
        if observation.exception is not None
        else "kept"
        if observation.is_kept
        else "warned"
        if check.is_warning
        else "failed",
        severity="warning" if check.is_warning else "blocking",
        columns=check.columns,
        limit="" if check.counts or check.is_apart else check.limit,
        observed=observation.observed,
        found=found,
        examples=observation.examples,
    )


def _failed(gate: str, suite: str, run_id: str, problem: str) -> SuiteVerdict:
    result = Result("evaluation", "evaluation", "the suite can be evaluated", "exception", found=problem)
    return SuiteVerdict(gate, suite, run_id, None, (result,))
