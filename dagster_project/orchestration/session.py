"""One call of the command: a lock on the home, a Dagster instance, progress on the terminal, reasons on failure.

The jobs are those of `definitions.py`; this module only launches them in this process and reads their events.
"""

from __future__ import annotations

import contextlib
import fcntl
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from dagster_project.company.errors import ConfigurationError
from dagster_project.company.model import Company, load_company, resolve_salt, without_effect
from dagster_project.company.reference import load_references
from dagster_project.feeds.errors import FeedError
from dagster_project.feeds.horizon import last_common_day, resolve_as_of
from dagster_project.feeds.landing import preflight, refuse_another_salt
from dagster_project.orchestration.assembly import build_definitions
from dagster_project.orchestration.jobs import DAILY, DAILY_WITH_FIT, LANDING, is_fit_due
from dagster_project.orchestration.model import PARTITIONS
from dagster_project.publication.release import current_manifest
from dagster_project.settings import SEEDS, Settings

PUBLICATION = dg.AssetKey(["publication"])
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class Session:
    """The steps of the command for one home. Every failure is printed and ends in `stop(code)`."""

    def __init__(
        self, settings: Settings, console: Console, errors: Console, stopped: type[Exception], instance: dg.DagsterInstance
    ) -> None:
        self._settings, self._console, self._errors, self._stopped = settings, console, errors, stopped
        self._instance = instance
        self._company: Company | None = None
        self.packs: list[Path] = []
        self.database = settings.published / "service_value.duckdb"

    def stop(self, code: int, reason: str) -> Exception:
        """Print the reason and give the exception to raise."""
        self._errors.print(reason, style="red", markup=False, soft_wrap=True)
        return self._stopped(code)

    def validate(self, as_of: date | None = None) -> Company:
        """Everything that can be wrong in the configuration and the call, before anything is touched."""
        if as_of is not None:
            self._check_partition("--as-of", as_of)
        try:
            company = load_company(self._settings.home)
            salt = resolve_salt(company, self._settings.environment)
            load_references(self._settings.home, SEEDS)
            preflight(self._settings.home, company)
            refuse_another_salt(self._settings.home, company, salt)
        except ConfigurationError as error:
            raise self.stop(2, str(error)) from None
        except FeedError as error:
            raise self.stop(1, str(error)) from None
        if as_of is None and company.as_of_date is not None:
            self._check_partition("company.yml: as_of_date", company.as_of_date)
        for sentence in without_effect(company):
            self._console.print(f"  warning {sentence}", markup=False, soft_wrap=True)
        self._settings.export_to_dbt()
        self._company = company
        # GX takes 4 s to import: meanwhile dbt works in a process of its own
        threading.Thread(target=_import_great_expectations, daemon=True).start()
        return company

    def land(self) -> None:
        """Land every configured feed and run the gate on what raw holds."""
        for note in landing_notes(self._execute(LANDING, None)):
            self._console.print(f"  warning {note}", markup=False, soft_wrap=True)

    def resolve_as_of(self) -> date:
        """The last day that every required feed covers."""
        assert self._company is not None
        try:
            return resolve_as_of(self._settings.home, self._company)
        except FeedError as error:
            raise self.stop(1, str(error)) from None

    def publish(self, as_of: date) -> None:
        """Build, check, publish and make the packs as of a date."""
        self._warn_beyond_the_data(as_of)
        is_due = is_fit_due(self._settings.home, as_of)
        result = self._execute(DAILY_WITH_FIT if is_due else DAILY, as_of, with_fits=is_due)
        for event in result.all_events:
            if event.is_step_materialization and event.asset_key == dg.AssetKey(["packs"]):
                value = event.step_materialization_data.materialization.metadata.get("files")
                self.packs = [self._settings.home / name for name in (value.value if value else [])]
            elif event.is_step_materialization and event.asset_key == PUBLICATION:
                identifier = event.step_materialization_data.materialization.metadata["publication_id"].value
                self.database = self._settings.published / "versions" / str(identifier) / "service_value.duckdb"
        self._console.print(f"Published  as of {as_of}")
        manifest = current_manifest(self._settings.published)
        current = manifest["publication"] if manifest else None
        if current and current["as_of_date"] != as_of.isoformat():
            self._console.print(
                f"  The current publication stays that of {current['as_of_date']}, which is later. If that date was a mistake, "
                f"remove published/versions/{current['publication_id']} and run again.",
                soft_wrap=True,
            )

    def _check_partition(self, key: str, as_of: date) -> None:
        if not PARTITIONS.has_partition_key(as_of.isoformat()):
            first, last = PARTITIONS.get_first_partition_key(), PARTITIONS.get_last_partition_key()
            raise self.stop(2, f"{key}: {as_of} is outside the as-of dates {first} to {last}")

    def _warn_beyond_the_data(self, as_of: date) -> None:
        """An as-of date after the data is allowed (a company may know that nothing happened), and never silent."""
        assert self._company is not None
        try:
            last = last_common_day(self._settings.home, self._company)
        except FeedError:
            return  # no required feed has rows: readiness says so of every figure
        if as_of > last:
            self._console.print(
                f"  warning as of {as_of}: the required feeds reach to {last} only; what happened after it is not known, and the "
                "last periods are not complete",
                soft_wrap=True,
            )

    def _execute(self, job_name: str, as_of: date | None, with_fits: bool = False) -> Any:
        definitions = build_definitions(self._settings, with_fits=with_fits)
        run_id = str(uuid.uuid4())
        log = self._settings.warehouse_folder / "run.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        job = definitions.resolve_job_def(job_name)
        with _progress(self._console, job_name, len(job.nodes)) as listener, log.open("a", encoding="utf-8") as stream:
            self._instance.add_event_listener(run_id, listener)
            # dbt's own lines go to the log file: the terminal shows the steps
            with contextlib.redirect_stdout(stream):
                result = job.execute_in_process(
                    run_config=_QUIET,
                    instance=self._instance,
                    partition_key=as_of.isoformat() if as_of else None,
                    raise_on_error=False,
                    run_id=run_id,
                    tags={"service_value/home": self._settings.home.name},
                )
        if not result.success:
            raise self.stop(1, failure_text(result, log))
        return result


def failure_text(result: Any, log: Path) -> str:
    """Why a run failed, in words: the reasons of its failed steps and blocking checks."""
    reasons: list[str] = []
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            described = data.user_failure_data.description if data.user_failure_data else None
            error = data.error
            while described is None and error is not None and error.cause is not None:
                error = error.cause
            text = described or (error.message.strip() if error else "no reason was given")
            reasons.append(f"{event.step_key}: {text}")
    unique = list(dict.fromkeys(reasons)) or ["the run failed before a step could say why"]
    head = "Nothing was published; the former publication is untouched."
    if any(event.is_step_materialization and event.asset_key == PUBLICATION for event in result.all_events):
        head = "Published, but what follows the publication failed."
    return "\n".join([head, *unique, f"Log: {log}"])


def landing_notes(result: Any) -> list[str]:
    """What a landing has to say beside "done": rows by what became of them where some were refused, and warnings."""
    notes: list[str] = []
    for event in result.all_events:
        if event.is_step_materialization:
            metadata = event.step_materialization_data.materialization.metadata
            feed = event.asset_key.path[-1]
            if "rows_quarantined" not in metadata:
                continue
            refused = metadata["rows_quarantined"].value
            if refused:
                reasons = "; ".join(f"{reason}: {count}" for reason, count in metadata["reasons"].value.items())
                notes.append(f"{feed}: {refused} of {metadata['rows_read'].value} rows quarantined ({reasons})")
            notes += [f"{feed}: {warning}" for warning in metadata["warnings"].value]
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            check = event.asset_check_evaluation_data
            if not check.passed and check.severity == dg.AssetCheckSeverity.WARN and check.description:
                notes.append(check.description)
    return notes


@contextlib.contextmanager
def open_session(settings: Settings, console: Console, errors: Console, stopped: type[Exception]) -> Iterator[Session]:
    """A session with the home locked: two runs would build the same warehouse file.

    With DAGSTER_HOME set the runs are kept there and seen in the web interface; else they are forgotten at the end.
    """
    if not settings.home.is_dir():
        errors.print(f"{settings.home}: the home folder does not exist", style="red", markup=False)
        raise stopped(2)
    if not (settings.home / "company.yml").is_file():
        errors.print(f"{settings.home}: company.yml does not exist; a home folder needs this one file", style="red", markup=False)
        raise stopped(2)
    settings.warehouse_folder.mkdir(parents=True, exist_ok=True)
    with (settings.warehouse_folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            errors.print(f"{settings.home}: another run is going on; wait for its end", style="red", markup=False)
            raise stopped(1) from None
        with contextlib.ExitStack() as stack:
            if settings.environment.get("DAGSTER_HOME"):
                instance = stack.enter_context(dg.DagsterInstance.get())
            else:
                instance = stack.enter_context(dg.DagsterInstance.ephemeral())
            yield Session(settings, console, errors, stopped, instance)


@contextlib.contextmanager
def _progress(console: Console, job_name: str, steps: int) -> Iterator[Any]:
    """A listener of run events that shows the steps: a bar on a terminal, a line for each step that is done."""
    started: dict[str, float] = {}
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(job_name, total=steps)

        def listen(entry: dg.EventLogEntry) -> None:
            event = entry.dagster_event
            if event is None:
                return
            step = event.step_key
            if event.event_type_value == "PIPELINE_START" or event.event_type_value == "RUN_START":
                return
            if step and event.event_type_value == "STEP_START":
                started[step] = time.monotonic()
                bar.update(task, description=f"{job_name}: {step}")
            elif step and event.event_type_value in ("STEP_SUCCESS", "STEP_FAILURE", "STEP_SKIPPED"):
                seconds = time.monotonic() - started.get(step, time.monotonic())
                mark = {"STEP_SUCCESS": "done", "STEP_FAILURE": "FAILED", "STEP_SKIPPED": "skipped"}[event.event_type_value]
                bar.advance(task)
                console.print(f"  {mark:8}{step:44}{seconds:6.1f} s")

        yield listen


def _import_great_expectations() -> None:
    with contextlib.suppress(ImportError):
        import great_expectations  # noqa: F401
