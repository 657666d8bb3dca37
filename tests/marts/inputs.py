"""Inputs of a run from small Python rows, and a build of the dbt project on them, for tests.

Here: everything that stands between `{feed: [row, ...]}` and a warehouse that a test can query, in the layout that
`feeds/snapshot.py` writes. What the figures should be is in the tests themselves.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import yaml

from dagster_project.estimates.parameter_files import write_table
from dagster_project.feeds.contract import FEEDS, Feed, raw_schema
from dagster_project.identity.clusters import build_clusters
from dagster_project.identity.linkage import train
from dagster_project.identity.linkage_parameters import as_rows, read_records

DBT = Path(__file__).resolve().parents[2] / "dbt"
Row = Mapping[str, Any]
# stands for the inputs folder in the manifest that all builds of a session share
_PLACEHOLDER = "SERVICE-VALUE-INPUTS"
# DuckDB names a database after its file, and the manifest holds that name
_WAREHOUSE = "service_value.duckdb"
_SPACES = {"customer": "crm", "loyalty": "loyalty", "email": "email", "phone": "phone", "agent": "agent"}


def key_hash(key_space: str, key: str) -> str:
    """The hash of a normalised key, with the salt of the tests."""
    return hashlib.sha256(f"salt{key_space}:{key}".encode()).hexdigest()


def normalised(kind: str, text: str) -> str | None:
    """A key as landing would normalise it, in short (telephone numbers are taken to be international already)."""
    stripped = text.strip()
    if kind == "email":
        return stripped.lower() if stripped.count("@") == 1 else None
    if kind == "phone":
        return "".join(character for character in stripped if character.isdigit()) or None
    return stripped or None


@functools.cache
def source_tables() -> dict[str, dict[str, dict[str, str]]]:
    """Columns and types that dbt expects of its sources: source -> table -> column -> DuckDB type."""
    declared = yaml.safe_load((DBT / "models" / "sources.yml").read_text(encoding="utf-8"))
    return {
        source["name"]: {
            table["name"]: {column["name"]: column["data_type"] for column in table["columns"]} for table in source["tables"]
        }
        for source in declared["sources"]
    }


def write_parquet(path: Path, types: Mapping[str, str], rows: Iterable[Row]) -> None:
    """Write rows with exactly these column types; a key that is no column is an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"create table made ({', '.join(f'{name} {kind}' for name, kind in types.items())})")
        for row in rows:
            unknown = set(row) - set(types)
            if unknown:
                raise KeyError(f"{path.name}: no column {sorted(unknown)}")
            values = [None if row.get(name) is None else str(row[name]) for name in types]
            casts = ", ".join(f"cast(? as {kind})" for kind in types.values())
            connection.execute(f"insert into made select {casts}", values)
        connection.execute(f"copy made to '{path}' (format parquet)")


def raw_row(feed: Feed, row: Row, line: int) -> dict[str, Any]:
    """A row of raw: the given columns, and keys, hashes and technical columns where they are not given."""
    made: dict[str, Any] = dict(row)
    for column in feed.columns:
        if column.identity:
            made.setdefault(f"{column.name}_key_space", _SPACES[column.identity])
            text = row.get(column.name)
            key = None if text is None else normalised(column.identity, str(text))
            made[f"{column.name}_key"] = key
            made[f"{column.name}_hash"] = None if key is None else key_hash(made[f"{column.name}_key_space"], key)
    if feed.name == "identity_links":
        for side in ("a", "b"):
            space = str(row[f"key_space_{side}"])
            key = normalised(space, str(row[f"key_{side}"]))
            made[f"key_{side}_key"] = key
            made[f"key_{side}_hash"] = None if key is None else key_hash(space, key)
    event = next((row[name] for name in feed.event_at if row.get(name) is not None), None)
    content = repr([(column.name, str(row.get(column.name))) for column in feed.columns])
    defaults = {
        "batch_id": "batch-1",
        "sequence": 1,
        "source_file": f"inbox/{feed.name}.csv",
        "file_hash": "0" * 64,
        "source_line": line,
        "row_hash": int(hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()[:16], 16) >> 1,
        "version_at": row.get("updated_at") or event,
        "is_tombstone": False,
    }
    return defaults | made


def end_of_day(day: date, time_zone: str) -> datetime:
    """Exclusive end of a day of that time zone, naive UTC."""
    local = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(time_zone))
    return local.astimezone(UTC).replace(tzinfo=None)


def _month_before(month: date, count: int) -> date:
    number = month.year * 12 + month.month - 1 - count
    return date(number // 12, number % 12 + 1, 1)


def run_context(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The one row of the run's context. By default: as of 2024-06-30, Paris, two years of history."""
    as_of = overrides.get("as_of_date", "2024-06-30")
    as_of = as_of if isinstance(as_of, date) else date.fromisoformat(as_of)
    zone = str(overrides.get("time_zone", "Europe/Paris"))
    months = int(overrides.get("history_months", 24))
    context = {
        "as_of_date": as_of,
        "as_of_end_at": end_of_day(as_of, zone),
        "time_zone": zone,
        "currency": "EUR",
        "country": "FR",
        "language": "fr",
        "history_months": months,
        "repeat_contact_days": 7,
        "minimum_sample": 30,
        "first_month": _month_before(as_of, months - 1),
        "as_of_month": as_of.replace(day=1),
        "rescue_days": 90,
        "secured_revenue_months": 12,
        "held_out_share": 0.1,
        "largest_cluster": 20,
        "shared_key_limit": 5,
        "project_version": "0.0.0",
    }
    return context | {name: value for name, value in overrides.items() if name != "as_of_date"}


def _feed_status(feed: Feed, rows: Sequence[Row], context: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    zone = ZoneInfo(str(context["time_zone"]))
    end_at: datetime = context["as_of_end_at"]
    days = []
    for row in rows:
        event = next((row[name] for name in feed.event_at if row.get(name) is not None), None)
        if event is not None and not row.get("is_tombstone"):
            instant = datetime.fromisoformat(str(event))
            if instant < end_at:
                days.append(instant.replace(tzinfo=UTC).astimezone(zone).date())
    status: dict[str, Any] = {
        "feed": feed.name,
        "is_configured": bool(rows),
        "is_present": bool(days) if feed.event_at else bool(rows),
        "row_count": len(rows),
        "first_day": min(days, default=None),
        "last_day": max(days, default=None),
        # by default a feed that has rows covers everything until the as-of date
        "horizon_at": end_at if days else None,
        "is_fresh": True if rows else None,
        "date_precision": "second",
        "rows_quarantined": 0,
        "quarantined_share": 0,
        "is_full_load": False,
    }
    return status | dict(overrides)


def write_inputs(
    folder: Path,
    rows: Mapping[str, Sequence[Row]],
    *,
    context: Mapping[str, Any] | None = None,
    feed_status: Mapping[str, Mapping[str, Any]] | None = None,
    windows: Sequence[int] = (30, 60, 90),
    trusted_keys: Sequence[str] = ("crm", "loyalty", "email", "phone"),
    blocked_keys: Sequence[str] = (),
    reference: Mapping[str, Sequence[Row]] | None = None,
    kpi_history: Sequence[Row] = (),
    value_thresholds: Sequence[Row] = (),
    potential_benchmarks: Sequence[Row] = (),
    lifetime_value: Sequence[Row] = (),
    relational_families: Sequence[Row] = (),
    micro_segment_features: Sequence[Row] = (),
    micro_segment_centroids: Sequence[Row] = (),
    churn_subscription: Sequence[Row] = (),
    churn_silence: Sequence[Row] = (),
    rescue_effects: Sequence[Row] = (),
    refused_fits: Sequence[Row] = (),
    repurchase_increments: Sequence[Row] = (),
    loyalty_effects: Sequence[Row] = (),
) -> Path:
    """Write a complete inputs folder and return it.

    `rows`: feed -> rows with the columns of the contract (texts, numbers or instants as text; missing = null), and
    where a test needs it technical columns (`sequence`, `is_tombstone`, `version_at`, `<column>_key_space`).
    `context` overrides columns of `run_context`; `feed_status` columns of a feed's status; `reference` gives the home
    its own reference tables; `value_thresholds` and what follows are parameter versions, whose attempts are made from them;
    `repurchase_increments` is what the estimator would have found.
    """
    tables = source_tables()
    made_context = run_context(context or {})
    for name, feed in FEEDS.items():
        types = raw_schema(feed)
        write_parquet(folder / "raw" / name / "schema.parquet", types, [])
        if rows.get(name):
            made = [raw_row(feed, row, line) for line, row in enumerate(rows[name], start=2)]
            write_parquet(folder / "raw" / name / "batch-1.parquet", types, made)
    status = [
        _feed_status(feed, rows.get(name, ()), made_context, (feed_status or {}).get(name, {})) for name, feed in FEEDS.items()
    ]
    run = tables["run"]
    write_parquet(folder / "run_context.parquet", run["run_context"], [made_context])
    lengths = [{"window_days": days} for days in windows]
    write_parquet(folder / "repurchase_windows.parquet", run["repurchase_windows"], lengths)
    write_parquet(folder / "feed_status.parquet", run["feed_status"], status)
    rules = [{"rule_kind": "trusted_key", "key_space": space} for space in trusted_keys]
    rules += [{"rule_kind": "blocked_key", "key": key} for key in blocked_keys]
    write_parquet(folder / "identity_rules.parquet", run["identity_rules"], rules)
    write_parquet(folder / "kpi_history.parquet", run["kpi_history"], kpi_history)
    for name, types in tables["home_reference"].items():
        write_parquet(folder / "reference" / f"{name}.parquet", types, (reference or {}).get(name, ()))
    for name, types in tables["identity"].items():
        write_parquet(folder / "identity" / f"{name}.parquet", types, [])
    estimates = {
        "repurchase_increments": repurchase_increments,
        "rescue_effects": rescue_effects,
        "loyalty_effects": loyalty_effects,
    }
    for name, types in tables["estimates"].items():
        write_parquet(folder / "estimates" / f"{name}.parquet", types, estimates[name])
    parameters = {
        "value_thresholds": value_thresholds,
        "potential_benchmarks": potential_benchmarks,
        "lifetime_value": lifetime_value,
        "relational_families": relational_families,
        "micro_segment_features": micro_segment_features,
        "micro_segment_centroids": micro_segment_centroids,
        "churn_subscription": churn_subscription,
        "churn_silence": churn_silence,
    }
    for name, versions in parameters.items():
        write_parquet(folder / "parameters" / f"{name}.parquet", tables["parameters"][name], versions)
    tables_of_fits = {
        "value_thresholds": value_thresholds,
        "lifetime_value": lifetime_value,
        "relational_families": relational_families,
        "micro_segments": micro_segment_features,
        "churn_subscription": churn_subscription,
        "churn_silence": churn_silence,
    }
    fits = [fit for name, versions in tables_of_fits.items() for fit in _fits(name, versions)]
    write_parquet(folder / "parameters" / "fits.parquet", tables["parameters"]["fits"], [*fits, *refused_fits])
    return folder


def _fits(parameter: str, versions: Sequence[Row]) -> list[dict[str, Any]]:
    """The attempts that gave these versions."""
    dated = {str(row["parameter_version"]): str(row["fitted_as_of"]) for row in versions}
    return [
        {
            "parameter": parameter,
            "parameter_version": name,
            "fitted_as_of": day,
            "verdict": "fitted",
            "is_retrospective": day == min(dated.values()),
            "sample_size": 25,
            "diagnostics": "{}",
            "reason_fr": "première version",
            "reason_en": "the first version",
        }
        for name, day in sorted(dated.items())
    ]


@functools.cache
def _workspace() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="service-value-dbt-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@functools.cache
def _manifest() -> Any:
    """The manifest, parsed once a session; the inputs folder is filled in for each build."""
    result = _invoke(["parse"], Path(_PLACEHOLDER), Path(_WAREHOUSE), manifest=None)
    return result.result


def _invoke(arguments: Sequence[str], inputs: Path, warehouse: Path, manifest: Any, threads: int = 1) -> Any:
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.cli.main import dbtRunner

    environment = {
        "SERVICE_VALUE_INPUTS": str(inputs),
        "SERVICE_VALUE_WAREHOUSE": str(warehouse),
        "SERVICE_VALUE_THREADS": str(threads),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        folders = ["--project-dir", str(DBT), "--profiles-dir", str(DBT)]
        work = ["--target-path", str(_workspace() / "target"), "--log-path", str(_workspace() / "logs")]
        result = dbtRunner(manifest=manifest).invoke([*arguments, "--quiet", *folders, *work])
    finally:
        # without it the file stays open in this process and cannot be opened with other settings
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    if not result.success:
        failures = [
            f"{step.node.name}: {step.status} {step.message}"
            for step in getattr(result.result, "results", [])
            if step.status not in ("success", "pass", "warn", "skipped")
        ]
        raise AssertionError(f"dbt {' '.join(arguments)} failed: {failures or result.exception}")
    return result


def _at(manifest: Any, inputs: Path) -> Any:
    """A copy of the manifest whose sources, and the rows of whose unit tests, lie in this inputs folder."""
    # not `copy.deepcopy`: dbt 1.11 loses a field on that way, and it changes the manifest that it runs
    located = manifest.deepcopy()
    folder = str(inputs).replace("'", "''")
    for source in located.sources.values():
        location = str(source.meta["external_location"]).replace(_PLACEHOLDER, folder)
        source.meta["external_location"] = location
        source.config.meta["external_location"] = location
    for test in located.unit_tests.values():
        for given in test.given:
            if isinstance(given.rows, str):
                given.rows = given.rows.replace(_PLACEHOLDER, folder)
    return located


def build(
    inputs: Path,
    selection: str | None = None,
    *,
    with_tests: bool = False,
    with_unit_tests: bool = False,
    with_linkage: bool = False,
) -> Path:
    """Build the warehouse of these inputs and return its path: identity first, then `selection` (dbt syntax, e.g.
    `"+purchases +customers"`; everything when null). `with_tests`: run the data tests too; `with_unit_tests`: also the
    unit tests, which say the same on all inputs. `with_linkage`: train the linkage of records and use it.

    The value thresholds are those of the inputs: no fit is made here.
    """
    path = inputs.parent / f"{inputs.name}-warehouse" / _WAREHOUSE
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    # cautious: a test that compares with a model outside the selection is left out
    command = ["build", "--indirect-selection", "cautious"] if with_tests or with_unit_tests else ["run"]
    if with_tests and not with_unit_tests:
        command += ["--exclude-resource-type", "unit_test"]
    first = ["--select", "+int_identity_keys", "+int_identity_edges", "+int_identity_records"]
    _invoke(["seed"], inputs, path, _at(_manifest(), inputs))
    _invoke([*command, *first], inputs, path, _at(_manifest(), inputs))
    if with_linkage:
        model = train(read_records(path))
        write_table(as_rows(model, date(2024, 6, 30)), inputs / "parameters" / "identity_linkage.parquet")
    build_clusters(path, inputs)
    chosen = ["--select", *selection.split()] if selection else []
    excluded = [] if command[0] == "build" else ["--exclude", *first[1:]]
    _invoke([*command, *chosen, *excluded], inputs, path, _at(_manifest(), inputs))
    return path


def run_models(
    inputs: Path, warehouse: Path, selection: str, threads: int = 1, variables: Mapping[str, int] | None = None
) -> None:
    """Run these models alone on a warehouse that has the tables which they read, after the seeds. `variables`: of dbt, in place
    of those of the project."""
    _invoke(["seed"], inputs, warehouse, _at(_manifest(), inputs), threads)
    # dbt parses anew for other variables: the manifest of the session would not know them
    given = ["--vars", json.dumps(dict(variables))] if variables else []
    manifest = None if variables else _at(_manifest(), inputs)
    _invoke(["run", "--select", *selection.split(), *given], inputs, warehouse, manifest, threads)


def query(warehouse: Path, sql: str) -> list[dict[str, Any]]:
    """Rows of a query on a warehouse, as dictionaries."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
