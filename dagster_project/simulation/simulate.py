"""Make a company with known truth: `simulate`.

The order is that of causes: calendar and goods, people, the purchases that happen anyway, contacts generation after
generation (a contact may follow from a purchase or from an earlier contact), the purchases that contacts add, surveys,
ticket lines month by month (so that memory does not grow with their number), what hangs on them, exports, truth.

Not here: the SQL (`sql/`), the parameters, the files' formats (`exports.py`), the command (`cli.py`).
"""

from __future__ import annotations

import resource
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field, fields
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import holidays
import pyarrow as pa

from dagster_project.simulation.engine import numbers_of, open_scratch, parameter_values, run_script, set_variables
from dagster_project.simulation.exports import EXPORTS, PARQUET_OPTIONS, Export, write_export
from dagster_project.simulation.home import write_description
from dagster_project.simulation.parameters import SimulationParameters
from dagster_project.simulation.wording import ENGLISH_FIRST_NAMES, FIRST_NAMES, LAST_NAMES, VERBATIMS

DEFAULT_END = date(2025, 12, 31)
# A contact leads to at most this many further ones; the share that would go on is below 2 %.
GENERATIONS = 4
TRUTHS = (
    "links",
    "people",
    "effects",
    "contact_effects",
    "satisfaction_curves",
    "verbatims",
    "evaluators",
    "churn_hazards",
    "parameters",
)
MADE_FOLDERS = ("inbox", "mappings", "reference", "truth")
SHARED_PHONE = "0199009999"
TIME_ZONE = ZoneInfo("Europe/Paris")


class SimulationError(ValueError):
    """The call is wrong: the sentence says what was expected."""


@dataclass(frozen=True)
class SimulationReport:
    """What was written: rows per feed (versions included), files and bytes, seconds, peak memory of the process."""

    home: Path
    first_day: date
    end: date
    rows: dict[str, int]
    files: int
    bytes: int
    seconds: float
    peak_memory_bytes: int
    truth_rows: dict[str, int] = field(default_factory=dict)


def simulate(
    home: Path,
    *,
    customers: int,
    months: int,
    seed: int,
    end: date = DEFAULT_END,
    parameters: SimulationParameters | None = None,
    threads: int | None = None,
    memory_limit: str = "2GB",
) -> SimulationReport:
    """Write `company.yml`, `mappings/`, `reference/`, `inbox/` and `truth/` of a simulated company into `home`.

    `end` is the last day, complete; the simulation covers `months` calendar months, that of `end` being the last. The
    same arguments give the same bytes on any number of threads. What an earlier simulation wrote in these places is
    replaced; a home whose `company.yml` is not simulated is refused. Raises SimulationError.
    """
    started = time.monotonic()
    world = parameters or SimulationParameters()
    _check(home, customers, months, end)
    _check_world(world)
    first_month = _first_month(end, months)
    for name in MADE_FOLDERS:
        shutil.rmtree(home / name, ignore_errors=True)
    write_description(home, customers=customers, months=months, seed=seed, end=end)
    with tempfile.TemporaryDirectory(prefix="simulation-") as scratch:
        connection = open_scratch(Path(scratch), memory_limit=memory_limit, threads=threads)
        try:
            _prepare(connection, customers, months, seed, first_month, end, world)
            rows, files = _build(connection, home, months, first_month)
            truth = _write_truth(connection, home)
        finally:
            connection.close()
    made = [path for name in MADE_FOLDERS for path in (home / name).rglob("*") if path.is_file()]
    return SimulationReport(
        home=home,
        first_day=first_month,
        end=end,
        rows=rows,
        files=len(files),
        bytes=sum(path.stat().st_size for path in made),
        seconds=time.monotonic() - started,
        peak_memory_bytes=_peak_memory_bytes(),
        truth_rows=truth,
    )


def _check(home: Path, customers: int, months: int, end: date) -> None:
    if not 1 <= customers <= 5_000_000:
        raise SimulationError(f"customers is {customers}; expected 1 to 5,000,000")
    if not 1 <= months <= 120:
        raise SimulationError(f"months is {months}; expected 1 to 120")
    if end.year < 1990:
        raise SimulationError(f"end is {end}; expected a day after 1990")
    configuration = home / "company.yml"
    if configuration.exists() and "simulated: true" not in configuration.read_text(encoding="utf-8"):
        raise SimulationError(f"{configuration}: is not the configuration of a simulated company; give an empty folder")


def _check_world(world: SimulationParameters) -> None:
    """Values outside these bounds would be drawn as something else, and the truth would not say so."""
    bounds = (
        ("confounding.strength", world.confounding.strength, 0, 1),
        ("confounding.months", world.confounding.months, 1, 120),
        ("changes.share", world.changes.share, 0, 1),
        ("changes.rate_factor", world.changes.rate_factor, 0.01, 100),
        ("churn.mean_days", world.churn.mean_days, 1, 1_000_000),
        ("churn.rescue", world.churn.rescue, 0, 1),
    )
    for name, value, lowest, highest in bounds:
        if not lowest <= value <= highest:
            raise SimulationError(f"{name} is {value}; expected {lowest} to {highest:,}")
    for item in fields(world.churn):
        value = getattr(world.churn, item.name)
        if item.name.endswith("_ratio") and not 0 < value <= 1000:
            raise SimulationError(f"churn.{item.name} is {value}; expected a ratio above 0, at most 1,000")


def _first_month(end: date, months: int) -> date:
    number = end.year * 12 + end.month - months
    return date(number // 12, number % 12 + 1, 1)


def _prepare(
    connection: duckdb.DuckDBPyConnection,
    customers: int,
    months: int,
    seed: int,
    first_month: date,
    end: date,
    parameters: SimulationParameters,
) -> None:
    """Everything that the scripts find: variables, holidays, texts."""
    midnight = datetime.combine(end + timedelta(days=1), datetime.min.time(), TIME_ZONE)
    values = parameter_values(parameters)
    set_variables(connection, values)
    set_variables(
        connection,
        {
            "seed": seed,
            "customers": customers,
            "months": months,
            "first_month": first_month,
            "end_day": end,
            "days": (end - first_month).days + 1,
            "end_at": midnight.astimezone(ZoneInfo("UTC")).replace(tzinfo=None),
            "first_names": FIRST_NAMES,
            "english_first_names": ENGLISH_FIRST_NAMES,
            "last_names": LAST_NAMES,
            "shared_phone": SHARED_PHONE,
            "generation": 0,
            "month_no": 0,
        },
    )
    closed = sorted(holidays.country_holidays("FR", years=range(first_month.year, end.year + 2)))
    texts = sorted(VERBATIMS.items())
    numbers = {**numbers_of(values), "customers": customers, "months": months, "seed": seed}
    tables = {
        "given_parameters": pa.table({"parameter": list(numbers), "value": pa.array(numbers.values(), pa.float64())}),
        "holidays": pa.table({"day": pa.array(closed, pa.date32())}),
        "verbatim_templates": pa.table(
            {
                "language": [key[0] for key, _ in texts],
                "mood": [key[1] for key, _ in texts],
                "topic": [key[2] for key, _ in texts],
                "texts": [list(value) for _, value in texts],
            }
        ),
    }
    for name, table in tables.items():
        connection.register("given", table)
        connection.execute(f"create table {name} as from given")
        connection.unregister("given")


def _build(
    connection: duckdb.DuckDBPyConnection, home: Path, months: int, first_month: date
) -> tuple[dict[str, int], list[Path]]:
    """Simulate and export. Returns the rows per feed and the files of the inbox."""
    for name in ("00_draws", "10_calendar", "20_catalogue", "30_people", "40_tickets", "50_staff", "51_arrivals"):
        run_script(connection, name)
    for generation in range(GENERATIONS):
        set_variables(connection, {"generation": generation})
        run_script(connection, "52_answers")
        run_script(connection, "53_follow_ups")
    for name in ("60_effects", "70_surveys", "80_lines_start"):
        run_script(connection, name)
    rows = {export.feed: 0 for export in EXPORTS}
    files: list[Path] = []

    def write(export: Export, relation: str, month_no: int) -> None:
        month = _month(first_month, month_no)
        path, count = write_export(connection, export, relation, home / "inbox", month_no, month)
        rows[export.feed] += count
        if count or not export.is_monthly:
            files.append(path)

    tickets = next(export for export in EXPORTS if export.feed == "pos_transactions")
    for month_no in range(months):
        set_variables(connection, {"month_no": month_no})
        run_script(connection, "81_lines_of_month")
        write(tickets, tickets.view, month_no)
    run_script(connection, "84_subscriptions")
    run_script(connection, "85_side_feeds")
    run_script(connection, "90_exports")
    for export in EXPORTS:
        if export is tickets:
            continue
        if not export.is_monthly:
            write(export, export.view, months - 1)
            continue
        # the view once for all months: it costs more than the reading of its result
        connection.execute(f"create or replace temp table monthly_rows as from {export.view}")
        for month_no in range(months):
            write(export, "monthly_rows", month_no)
    connection.execute("drop table if exists monthly_rows")
    return rows, files


def _month(first_month: date, month_no: int) -> date:
    number = first_month.year * 12 + first_month.month - 1 + month_no
    return date(number // 12, number % 12 + 1, 1)


def _write_truth(connection: duckdb.DuckDBPyConnection, home: Path) -> dict[str, int]:
    """Write `truth/*.parquet`. Returns the rows of each."""
    run_script(connection, "95_truth")
    folder = home / "truth"
    folder.mkdir(parents=True, exist_ok=True)
    rows = {}
    for name in TRUTHS:
        target = str(folder / f"{name}.parquet").replace("'", "''")
        answer = connection.execute(f"copy (from truth_{name} order by all) to '{target}' ({PARQUET_OPTIONS})").fetchone()
        rows[name] = int(answer[0]) if answer else 0
    return rows


def _peak_memory_bytes() -> int:
    """The largest resident size of this process so far (kilobytes on Linux, bytes on macOS)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
