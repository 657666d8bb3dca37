"""Jobs, schedules and sensors: when what runs. Which steps there are is in the asset modules."""

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from dagster_project.company.model import Company
from dagster_project.estimates import registry
from dagster_project.feeds.contract import FEEDS
from dagster_project.feeds.errors import FeedError
from dagster_project.feeds.horizon import resolve_as_of
from dagster_project.feeds.readers import find_files
from dagster_project.orchestration.landing import feed_key
from dagster_project.orchestration.model import PARTITIONS
from dagster_project.orchestration.resources import Home
from dagster_project.publication.release import current_manifest

LANDING = "landing"
DAILY = "daily"
DAILY_WITH_FIT = "daily_with_fit"
MONTHLY_PACKS = "monthly_packs"
PARAMETERS = dg.AssetSelection.groups("parameters")
PACKS = dg.AssetSelection.assets(dg.AssetKey("packs"))
FEED_ASSETS = dg.AssetSelection.assets(*[feed_key(feed) for feed in FEEDS])
# a run in this process: the steps of a home share one warehouse file, and a process for each costs more than it gives
_EXECUTOR = dg.in_process_executor


def is_fit_due(home: Path, as_of: date) -> bool:
    """Whether any parameters are missing or due: it depends on what is stored and on the as-of date alone."""
    return registry.is_any_due(home, as_of)


def jobs(with_fits: bool = True) -> list[Any]:
    """Landing is unpartitioned (the as-of date is known only after it); the rest is partitioned by as-of date."""
    model = dg.AssetSelection.all() - FEED_ASSETS
    fits = [
        dg.define_asset_job(
            DAILY_WITH_FIT,
            model,
            executor_def=_EXECUTOR,
            partitions_def=PARTITIONS,
            description="The same as daily, with a fit of the parameters that are missing or due.",
        )
    ]
    return [
        *(fits if with_fits else []),
        dg.define_asset_job(LANDING, FEED_ASSETS, executor_def=_EXECUTOR, description="Land the inbox and check what came in."),
        dg.define_asset_job(
            DAILY,
            model - PARAMETERS if with_fits else model,
            executor_def=_EXECUTOR,
            partitions_def=PARTITIONS,
            description="Build, check, publish and make the packs as of a date, with the stored parameters.",
        ),
        dg.define_asset_job(
            MONTHLY_PACKS,
            PACKS,
            executor_def=_EXECUTOR,
            partitions_def=PARTITIONS,
            description="Make the packs of the current publication once more.",
        ),
    ]


def schedules(company: Company | None) -> list[dg.ScheduleDefinition]:
    """The daily landing (the model follows by sensor) and the monthly packs, in the company's time zone."""
    zone = company.time_zone if company else "UTC"

    @dg.schedule(
        name="daily_landing",
        job_name=LANDING,
        cron_schedule="0 5 * * *",
        execution_timezone=zone,
        description="Every morning: land the inbox; the model follows when the landing has succeeded.",
    )
    def daily_landing(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=f"landing-{context.scheduled_execution_time.isoformat()}")

    @dg.schedule(
        name="monthly_packs_schedule",
        job_name=MONTHLY_PACKS,
        cron_schedule="0 7 2 * *",
        execution_timezone=zone,
        description="On the 2nd of the month: the packs of the current publication.",
    )
    def monthly_packs(context: dg.ScheduleEvaluationContext, home: Home) -> dg.RunRequest | dg.SkipReason:
        manifest = current_manifest(home.settings.published)
        if manifest is None:
            return dg.SkipReason("nothing is published yet")
        return dg.RunRequest(
            run_key=f"packs-{context.scheduled_execution_time:%Y-%m}", partition_key=manifest["publication"]["as_of_date"]
        )

    return [daily_landing, monthly_packs]


def inbox_fingerprint(home: Path, company: Company) -> str:
    """Changes when a file of any feed appears, grows or is replaced (names, sizes and times; contents are not read)."""
    lines = []
    for name, feed in sorted(company.feeds.items()):
        try:
            paths = find_files(home, feed)
        except FeedError as error:
            # The landing refuses it in the same words, where they are seen.
            lines.append(f"{name} {error}")
            continue
        for path in paths:
            status = path.stat()
            lines.append(f"{name} {path} {status.st_size} {status.st_mtime_ns}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@dg.sensor(
    name="inbox",
    job_name=LANDING,
    minimum_interval_seconds=60,
    description="Launches the landing when files in the inbox are new or changed, once they have stopped changing.",
)
def inbox_sensor(context: dg.SensorEvaluationContext, home: Home) -> dg.SensorResult:
    """Two looks must agree before a run is launched: a file that is still being copied would be landed truncated."""
    seen, landed = (context.cursor or "|").split("|")
    now = inbox_fingerprint(home.settings.home, home.company())
    if now == landed:
        return dg.SensorResult(skip_reason="nothing new in the inbox")
    if now != seen:
        return dg.SensorResult(skip_reason="the inbox is changing; looking again", cursor=f"{now}|{landed}")
    return dg.SensorResult(run_requests=[dg.RunRequest()], cursor=f"{now}|{now}")


def after_landing(all_jobs: list[Any]) -> dg.SensorDefinition:
    """When a landing has succeeded the as-of date is known: launch that partition."""
    by_name = {job.name: job for job in all_jobs}

    @dg.run_status_sensor(
        name="after_landing",
        run_status=dg.DagsterRunStatus.SUCCESS,
        monitored_jobs=[by_name[LANDING]],
        request_jobs=[by_name[DAILY], by_name[DAILY_WITH_FIT]],
        description="Builds and publishes as of the last day that every required feed covers.",
    )
    def sensor(context: dg.RunStatusSensorContext, home: Home) -> Iterator[dg.RunRequest | dg.SkipReason]:
        try:
            as_of = resolve_as_of(home.settings.home, home.company())
        except FeedError as error:
            yield dg.SkipReason(str(error))
            return
        yield dg.RunRequest(
            run_key=f"daily-{context.dagster_run.run_id}",
            job_name=DAILY_WITH_FIT if is_fit_due(home.settings.home, as_of) else DAILY,
            partition_key=as_of.isoformat(),
        )

    return sensor
