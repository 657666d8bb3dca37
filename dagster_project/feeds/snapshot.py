"""The inputs of a run: everything that dbt reads, frozen in one folder, so that a run is a function of that folder.

`raw/<feed>/` links to the active batches (a batch of which files were replaced is copied without them) beside an empty
`schema.parquet`; the configuration, what each feed covers, the reference tables and the history are small tables. The
same raw, parameters, configuration and as-of date give the same bytes. `identity/` and a new fit of `parameters/` are
written later in the run, by `identity/` and `estimates/`; they begin here empty, and with the stored parameters.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from dagster_project.company.model import Company
from dagster_project.company.reference import REFERENCE_TABLES, load_overrides
from dagster_project.estimates import registry
from dagster_project.feeds import sql
from dagster_project.feeds.batches import active_batches, quarantined_rows
from dagster_project.feeds.contract import FEEDS, Feed, raw_schema
from dagster_project.feeds.horizon import Coverage, coverage, end_of_day
from dagster_project.identity import linkage_parameters

DISTRIBUTION = "service-value"

RUN_CONTEXT = {
    "as_of_date": "date",
    "as_of_end_at": "timestamp",
    "time_zone": "varchar",
    "currency": "varchar",
    "country": "varchar",
    "language": "varchar",
    "history_months": "integer",
    "repeat_contact_days": "integer",
    "minimum_sample": "integer",
    "first_month": "date",
    "as_of_month": "date",
    "rescue_days": "integer",
    "secured_revenue_months": "integer",
    "held_out_share": "double",
    "largest_cluster": "integer",
    "shared_key_limit": "integer",
    "project_version": "varchar",
}
REPURCHASE_WINDOWS = {"window_days": "integer"}
IDENTITY_RULES = {"rule_kind": "varchar", "key_space": "varchar", "key": "varchar"}
FEED_STATUS = {
    "feed": "varchar",
    "is_configured": "boolean",
    "is_present": "boolean",
    "row_count": "bigint",
    "first_day": "date",
    "last_day": "date",
    "horizon_at": "timestamp",
    "is_fresh": "boolean",
    "date_precision": "varchar",
    "rows_quarantined": "bigint",
    "quarantined_share": "double",
    "expected_every_hours": "double",
    "late_after_hours": "double",
    "is_full_load": "boolean",
}
KPI_HISTORY = {
    "kpi": "varchar",
    "period_grain": "varchar",
    "period_start": "date",
    "value_segment": "integer",
    "value": "double",
    "immature_count": "bigint",
    "is_complete": "boolean",
    "as_of_date": "date",
    "publication_id": "varchar",
}
CLUSTERS = {
    "key_space": "varchar",
    "source_key_hash": "varchar",
    "customer_id": "varchar",
    "retired_customer_id": "varchar",
    "match_rule": "varchar",
    "cluster_size": "integer",
}
EDGES = {
    "hash_a": "varchar",
    "hash_b": "varchar",
    "match_rule": "varchar",
    "is_used": "boolean",
    "reason": "varchar",
    "match_probability": "double",
}

# The key space that a trusted kind of key stands for.
TRUSTED_SPACES = {"customer_id": "crm", "loyalty_card_id": "loyalty", "email": "email", "phone": "phone"}


@dataclass
class SnapshotReport:
    """What was frozen. Counts only."""

    as_of_date: date
    feeds_present: list[str] = field(default_factory=list)
    batches: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    parameter_versions: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-serialisable values."""
        return asdict(self) | {"as_of_date": self.as_of_date.isoformat()}


def write_snapshot(
    home: Path,
    company: Company,
    as_of_date: date,
    inputs: Path | None = None,
    references: Mapping[str, pa.Table] | None = None,
) -> SnapshotReport:
    """Write the inputs of a run as of a date, replacing those of the last run.

    `inputs` is `HOME/warehouse/inputs` by default. `references` are not needed: dbt has the project's own tables, and
    the home's are read here (the argument is accepted so that a caller that has read them fails early).
    """
    target = inputs or home / "warehouse" / "inputs"
    del references
    work = _fresh(target)
    report = SnapshotReport(as_of_date)
    connection = duckdb.connect(":memory:", config={"threads": 1})
    try:
        connection.execute("set timezone = 'UTC'")
        report.batches = _write_raw(connection, home, work, target, company)
        _write_references(connection, home, work)
        write_rows(connection, work / "run_context.parquet", RUN_CONTEXT, [_run_context(company, as_of_date)])
        write_rows(
            connection,
            work / "repurchase_windows.parquet",
            REPURCHASE_WINDOWS,
            [{"window_days": days} for days in sorted(company.windows.repurchase_days)],
        )
        write_rows(connection, work / "identity_rules.parquet", IDENTITY_RULES, identity_rules(company))
        statuses = [_feed_status(home, company, feed, as_of_date) for feed in FEEDS.values()]
        write_rows(connection, work / "feed_status.parquet", FEED_STATUS, statuses)
        report.feeds_present = [str(status["feed"]) for status in statuses if status["is_present"]]
        report.rows = {str(status["feed"]): int(status["row_count"]) for status in statuses if status["is_present"]}
        write_kpi_history(connection, home, work)
        write_empty_identity(connection, work)
    finally:
        connection.close()
    linkage = linkage_parameters.write_input(home, work, as_of_date)
    report.parameter_versions = [
        *([linkage] if linkage else []),
        *registry.write_inputs(home, work, as_of_date),
    ]
    _replace(work, target)
    return report


def link_raw(home: Path, target: Path) -> None:
    """Raw as it stands, without an as-of date, for the gate on landed feeds: `target/raw/` and `target/reference/`."""
    work = _fresh(target)
    connection = duckdb.connect(":memory:", config={"threads": 1})
    try:
        connection.execute("set timezone = 'UTC'")
        _write_raw(connection, home, work, target, None)
        _write_references(connection, home, work)
    finally:
        connection.close()
    _replace(work, target)


def write_rows(
    connection: duckdb.DuckDBPyConnection, path: Path, types: Mapping[str, str], rows: Sequence[Mapping[str, Any]]
) -> None:
    """A small typed Parquet file, in the order of the rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    connection.execute(
        f"create or replace temp table made ({', '.join(f'{sql.name(name)} {kind}' for name, kind in types.items())})"
    )
    if rows:
        connection.executemany(
            f"insert into made values ({', '.join('?' for _ in types)})",
            [[row[name] for name in types] for row in rows],
        )
    connection.execute(f"copy (select * from made order by rowid) to {sql.text(path)} (format parquet)")


def write_kpi_history(connection: duckdb.DuckDBPyConnection, home: Path, inputs: Path) -> None:
    """What earlier publications said, from `history/kpi_values/`; a table without rows where there is none."""
    said = sorted((home / "history" / "kpi_values").glob("*.parquet"))
    said = [path for path in said if not path.name.startswith(".")]
    if not said:
        write_rows(connection, inputs / "kpi_history.parquet", KPI_HISTORY, [])
        return
    columns = ", ".join(f"{name}::{kind} as {name}" for name, kind in KPI_HISTORY.items())
    # a column that came later is null in what was said before
    nothing = ", ".join(f"null::{kind} as {name}" for name, kind in KPI_HISTORY.items())
    connection.execute(
        f"copy (select {columns} from (from read_parquet({sql.texts(said)}, union_by_name = true) "
        f"union all by name select {nothing} where false) order by all) "
        f"to {sql.text(inputs / 'kpi_history.parquet')} (format parquet)"
    )


def write_empty_identity(connection: duckdb.DuckDBPyConnection, inputs: Path) -> None:
    """Tables without rows, so that dbt can read its sources before identity has run."""
    write_rows(connection, inputs / "identity" / "clusters.parquet", CLUSTERS, [])
    write_rows(connection, inputs / "identity" / "edges.parquet", EDGES, [])


def identity_rules(company: Company) -> list[dict[str, Any]]:
    """Trusted kinds of keys (with every key space that the configuration gives to customer ids) and blocked keys."""
    spaces = {TRUSTED_SPACES[kind] for kind in company.identity.trusted_keys}
    if "customer_id" in company.identity.trusted_keys:
        spaces |= {configuration.key_space for configuration in company.feeds.values()}
    rules = [{"rule_kind": "trusted_key", "key_space": space, "key": None} for space in sorted(spaces)]
    known = {*TRUSTED_SPACES.values(), *(configuration.key_space for configuration in company.feeds.values())}
    for blocked in sorted(set(company.identity.blocked_keys)):
        space, _, key = blocked.partition(":")
        if key and space in known:
            rules.append({"rule_kind": "blocked_key", "key_space": space, "key": key.strip()})
        else:
            rules.append({"rule_kind": "blocked_key", "key_space": None, "key": blocked.strip()})
    return rules


def project_version() -> str:
    """The version of the installed project."""
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"


def months_before(month: date, count: int) -> date:
    """The first day of the month `count` months earlier."""
    number = month.year * 12 + month.month - 1 - count
    return date(number // 12, number % 12 + 1, 1)


def _run_context(company: Company, as_of: date) -> dict[str, Any]:
    return {
        "as_of_date": as_of,
        "as_of_end_at": end_of_day(as_of, company.time_zone),
        "time_zone": company.time_zone,
        "currency": company.currency,
        "country": company.company.country,
        "language": company.company.language,
        "history_months": company.history_months,
        "repeat_contact_days": company.windows.repeat_contact_days,
        "minimum_sample": company.minimum_sample,
        "first_month": months_before(as_of, company.history_months - 1),
        "as_of_month": as_of.replace(day=1),
        "rescue_days": company.windows.rescue_days,
        "secured_revenue_months": company.windows.secured_revenue_months,
        "held_out_share": company.rescue.held_out_share,
        "largest_cluster": company.identity.largest_cluster,
        "shared_key_limit": company.identity.shared_key_limit,
        "project_version": project_version(),
    }


def _feed_status(home: Path, company: Company, feed: Feed, as_of: date) -> dict[str, Any]:
    configuration = company.feeds.get(feed.name)
    end = end_of_day(as_of, company.time_zone)
    found = Coverage(feed.name, 0, None, None, None) if configuration is None else coverage(home, company, feed.name, end)
    quarantined, read = quarantined_rows(active_batches(home, feed.name)) if configuration is not None else (0, 0)
    horizon = None
    if feed.event_at and found.horizon_day is not None:
        horizon = end_of_day(min(found.horizon_day, as_of), company.time_zone)
    expected = configuration.expected_every if configuration is not None else None
    late = configuration.late_after if configuration is not None else None
    tolerated = late or expected
    return {
        "feed": feed.name,
        "is_configured": configuration is not None,
        "is_present": found.rows > 0,
        "row_count": found.rows,
        "first_day": found.first_day,
        "last_day": found.last_day,
        "horizon_at": horizon,
        "is_fresh": None if tolerated is None or horizon is None else end - horizon <= tolerated,
        "date_precision": configuration.date_precision if configuration is not None else "second",
        "rows_quarantined": quarantined,
        "quarantined_share": quarantined / read if read else 0.0,
        "expected_every_hours": _hours(expected),
        "late_after_hours": _hours(late),
        # Without a time nothing but the order of arrival can tell which version is the newest.
        "is_full_load": configuration is not None and (configuration.load == "full" or not feed.event_at),
    }


def _hours(duration: timedelta | None) -> float | None:
    return None if duration is None else duration.total_seconds() / 3600


def _write_raw(
    connection: duckdb.DuckDBPyConnection, home: Path, work: Path, target: Path, company: Company | None
) -> dict[str, int]:
    """`raw/<feed>/`: the schema, and the active batches of the feeds that the configuration names (all without one)."""
    counts = {}
    for feed in FEEDS.values():
        folder = work / "raw" / feed.name
        write_rows(connection, folder / "schema.parquet", raw_schema(feed), [])
        if company is not None and feed.name not in company.feeds:
            continue
        batches = active_batches(home, feed.name)
        counts[feed.name] = len(batches)
        for batch in batches:
            path = folder / f"{batch.batch_id}.parquet"
            if batch.excluded_file_hashes:
                connection.execute(f"copy ({batch.select()}) to {sql.text(path)} (format parquet, compression zstd)")
            else:
                final = target / "raw" / feed.name
                path.symlink_to(os.path.relpath(batch.rows_path.resolve(), final.parent.resolve() / final.name))
    return {name: count for name, count in counts.items() if count}


def _write_references(connection: duckdb.DuckDBPyConnection, home: Path, work: Path) -> None:
    folder = work / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    overrides = load_overrides(home)
    for name in REFERENCE_TABLES:
        connection.register("reference_table", overrides[name])
        connection.execute(
            f"copy (select * from reference_table order by all) to {sql.text(folder / f'{name}.parquet')} (format parquet)"
        )
        connection.unregister("reference_table")


def _fresh(target: Path) -> Path:
    """An empty folder beside the target; what a killed run left is removed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    work = target.with_name(f".{target.name}.new")
    shutil.rmtree(work, ignore_errors=True)
    shutil.rmtree(_old(target), ignore_errors=True)
    work.mkdir()
    return work


def _replace(work: Path, target: Path) -> None:
    """Swap folders. Killed between the two renames, a run leaves no inputs, and the next one writes them anew."""
    if target.exists():
        os.replace(target, _old(target))
    os.replace(work, target)
    shutil.rmtree(_old(target), ignore_errors=True)


def _old(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")
