"""Entry point of the code location: puts the Dagster parts together, nothing else."""

from dagster_project.settings import Settings, silence_telemetry

silence_telemetry()

from dagster_project.orchestration.assembly import build_definitions  # noqa: E402 - telemetry is off first

defs = build_definitions(Settings.from_environment())
