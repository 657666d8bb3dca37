"""The command `service-value`: it calls the same Dagster jobs that the schedules call.

Exit codes: 0 published (or done), 1 a check or a feed stopped it, 2 the configuration or the call is wrong.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from dagster_project.company.errors import ConfigurationError
from dagster_project.settings import Settings, silence_telemetry

if TYPE_CHECKING:
    from dagster_project.orchestration.session import Session

silence_telemetry()

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="What a customer service is worth, to whom, and whether the figure can be trusted.",
)
# a log file has no width: wide enough for the KPI table
console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else 160)
errors = Console(stderr=True, highlight=False)

HomeArgument = Annotated[
    Path | None,
    typer.Argument(help="The home folder of a company (company.yml and inbox/). Default: SERVICE_VALUE_HOME, else data/sample."),
]


class Stopped(Exception):
    """The command ends with this exit code; the reason has been printed."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@app.command()
def run(
    home: HomeArgument = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", help="YYYY-MM-DD; default: the last day that every required feed covers.")
    ] = None,
) -> None:
    """Do the whole way: land, check, model, fit where due, check, publish, make the packs."""
    settings = Settings.from_environment(home)
    day = _parse_day(as_of)
    with _session(settings) as session:
        session.validate(day)
        session.land()
        session.publish(day or session.resolve_as_of())
        _print_result(settings, session)


@app.command()
def check(home: HomeArgument = None) -> None:
    """Land and check only: what came in, what was refused and why."""
    settings = Settings.from_environment(home)
    with _session(settings) as session:
        session.validate()
        session.land()
        console.print(f"The feeds may be used up to and including {session.resolve_as_of()}.")


@app.command()
def kpis(
    home: HomeArgument = None,
    language: Annotated[str | None, typer.Option(help="fr or en; default: the company's language.")] = None,
) -> None:
    """Print the KPI table of the current publication."""
    settings = Settings.from_environment(home)
    database = settings.published / "service_value.duckdb"
    if not database.exists():
        errors.print(f"{settings.home}: nothing is published yet; run: service-value run {settings.home}")
        raise typer.Exit(1)
    if language not in (None, "fr", "en"):
        errors.print(f"--language: {language!r} is not a language of the packs; expected fr or en")
        raise typer.Exit(2)
    _print_kpis(settings, database, language)


@app.command()
def simulate(
    home: Annotated[Path, typer.Argument(help="The folder to write the simulated company into.")],
    customers: Annotated[int, typer.Option(min=10)] = 2000,
    months: Annotated[int, typer.Option(min=1, max=120)] = 18,
    seed: Annotated[int, typer.Option()] = 1,
    changed: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter of the simulated world: group.field=value, several times.")
    ] = None,
) -> None:
    """Write a company with known truth: all feeds, as its systems would export them."""
    from dagster_project.simulation.parameters import ParameterError, parameters_with
    from dagster_project.simulation.simulate import SimulationError
    from dagster_project.simulation.simulate import simulate as write_company

    target = home.expanduser().resolve()
    try:
        parameters = parameters_with(changed or [])
        target.mkdir(parents=True, exist_ok=True)
        report = write_company(target, customers=customers, months=months, seed=seed, parameters=parameters)
    except (SimulationError, ParameterError, OSError) as error:
        errors.print(str(error), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(2) from None
    for feed, count in report.rows.items():
        console.print(f"  {feed:24}{count:>12,} rows")
    console.print(f"Simulated company written to {target}: {report.files} files in {report.seconds:.0f} s.", soft_wrap=True)
    console.print(f"Next: service-value run {target}", soft_wrap=True)


@app.command()
def evaluate(
    homes: Annotated[list[Path], typer.Argument(help="Simulated homes that were run; of several the mean is printed.")],
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 when a figure is not what is needed.")] = False,
    only: Annotated[str, typer.Option(help="Only the figures whose name begins so, for example churn.")] = "",
) -> None:
    """Compare what a run of a simulated company found with the truth, beside what an oracle could reach."""
    from dagster_project.company.model import load_company, resolve_salt
    from dagster_project.simulation.evaluate import EvaluationError, compare, read_home
    from dagster_project.simulation.recovery import mean_over_homes
    from dagster_project.simulation.recovery_table import recovery_table

    tables = []
    try:
        for home in homes:
            settings = Settings.from_environment(home)
            tables.append(compare(read_home(settings.home, resolve_salt(load_company(settings.home), os.environ))))
    except EvaluationError as error:
        errors.print(str(error), style="red", markup=False, soft_wrap=True)
        raise Stopped(1) from None
    recoveries = [line for line in mean_over_homes(tables) if line.figure.startswith(only)]
    console.print(recovery_table(recoveries, len(tables)))
    if strict and any(line.is_met is False for line in recoveries):
        raise Stopped(1)


def main() -> None:
    """Entry point of the command."""
    # registered first, so run last: DuckDB's binding (nanobind) prints a page about leaks of its own at exit
    atexit.register(_close_stderr)
    try:
        app(standalone_mode=True)
    except Stopped as stopped:
        sys.exit(stopped.code)
    except ConfigurationError as error:
        errors.print(str(error), style="red", markup=False, soft_wrap=True)
        sys.exit(2)


def _close_stderr() -> None:
    sys.stderr.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _parse_day(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        errors.print(f"--as-of: {text!r} is not a date; expected YYYY-MM-DD, for example 2025-12-31")
        raise Stopped(2) from None


@contextlib.contextmanager
def _session(settings: Settings) -> Iterator[Session]:
    # Dagster and dbt take seconds to import: not for --help or kpis
    from dagster_project.orchestration.session import open_session

    with open_session(settings, console, errors, Stopped) as session:
        yield session


def _print_kpis(settings: Settings, database: Path, language: str | None) -> None:
    from dagster_project.company.model import load_company
    from dagster_project.packs.html import Company
    from dagster_project.packs.terminal import print_kpis

    try:
        profile = load_company(settings.home).company
    except ConfigurationError as error:
        errors.print(str(error), style="red", markup=False, soft_wrap=True)
        raise Stopped(2) from None
    company = Company(profile.name, profile.time_zone, profile.currency, profile.simulated)
    print_kpis(database, company, language or profile.language, console)


def _print_result(settings: Settings, session: Session) -> None:
    _print_kpis(settings, session.database, None)
    for path in session.packs:
        console.print(f"Pack       {path}", soft_wrap=True, markup=False)
    console.print(f"Database   {settings.published / 'service_value.duckdb'}", soft_wrap=True, markup=False)


if __name__ == "__main__":
    main()
