"""The feeds as assets: one per feed of the contract, landed from the inbox, and the gate on what is landed.

How a file is read, cast and kept is in `feeds/`; what a suite asserts is in `checks/`.
"""

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from dagster_project.checks.gate import run_raw_gate
from dagster_project.checks.landed import landed_counts
from dagster_project.checks.verdicts import SuiteVerdict, read_all, write_verdict
from dagster_project.company.errors import ConfigurationError
from dagster_project.company.model import Company, load_company, resolve_salt
from dagster_project.company.reference import load_references
from dagster_project.feeds.batches import active_batches
from dagster_project.feeds.contract import FEEDS, Feed
from dagster_project.feeds.errors import FeedError
from dagster_project.feeds.landing import LandingReport, land_feed
from dagster_project.feeds.snapshot import link_raw
from dagster_project.orchestration.dbt import OWNERS
from dagster_project.orchestration.resources import Home
from dagster_project.settings import SEEDS, Settings

RAW_CHECK = "contract"
LANDED = "landed"
_FINGERPRINT = "raw_fingerprint.txt"
# a busy share or a file that is still being written is worth another try; a bad row is not
_RETRIES, _SECONDS_BETWEEN = 2, 5


def feed_key(feed: str) -> dg.AssetKey:
    """The asset key of a feed; the dbt source `raw.<feed>` has the same."""
    return dg.AssetKey(["raw", feed])


def report_metadata(report: LandingReport) -> dict[str, Any]:
    """What Dagster shows of a landing: counts and sums only, never a value of a row."""
    return {
        "dagster/row_count": report.rows_accepted,
        "rows_read": report.rows_read,
        "rows_already_known": report.rows_already_known,
        "rows_quarantined": report.rows_quarantined,
        "rows_erased": report.rows_erased,
        "tombstones": report.tombstones,
        "files_landed": len(report.files_landed),
        "files_already_known": report.files_already_known,
        "reasons": dg.MetadataValue.json(report.reasons),
        "money": dg.MetadataValue.json({name: asdict(counts) for name, counts in report.money.items()}),
        "warnings": dg.MetadataValue.json(report.warnings),
    }


def feed_asset(feed: Feed, company: Company | None) -> dg.AssetsDefinition:
    """The asset of one feed. A feed that the company has not configured lands nothing and says so."""
    configured = company.feeds.get(feed.name) if company else None
    policy = None
    if configured and configured.expected_every:
        policy = dg.FreshnessPolicy.time_window(
            fail_window=configured.expected_every + (configured.late_after or timedelta(0)),
            warn_window=configured.expected_every if configured.late_after else None,
        )

    @dg.asset(
        key=feed_key(feed.name),
        group_name="feeds",
        owners=OWNERS,
        description=(
            f"Feed {feed.name}, one row per {', '.join(feed.key)} and version: accepted rows as immutable Parquet."
            + ("" if configured else " Not configured for this company.")
        ),
        kinds={"parquet", "python"},
        metadata={"is_configured": configured is not None},
        freshness_policy=policy,
        pool="landing",
    )
    def land(context: dg.AssetExecutionContext, home: Home) -> dg.MaterializeResult[Any]:
        settings = home.settings
        try:
            company_now = home.company()
            if feed.name not in company_now.feeds:
                return dg.MaterializeResult(metadata={"state": "not configured", "dagster/row_count": 0})
            report = land_feed(
                settings.home,
                company_now,
                feed.name,
                salt=resolve_salt(company_now, settings.environment),
                clock=datetime.now(UTC),
                references=load_references(settings.home, SEEDS),
            )
        except OSError as error:
            raise dg.RetryRequested(max_retries=_RETRIES, seconds_to_wait=_SECONDS_BETWEEN) from error
        except (FeedError, ConfigurationError) as error:
            raise dg.Failure(description=str(error), allow_retries=False) from error
        for warning in report.warnings:
            context.log.warning(f"{feed.name}: {warning}")
        return dg.MaterializeResult(metadata=report_metadata(report))

    return land


def raw_gate(company: Company | None) -> dg.AssetChecksDefinition:
    """The first gate: a suite on each configured feed over all that raw holds of it."""
    configured = [feed for feed in FEEDS.values() if company and feed.name in company.feeds]

    @dg.multi_asset_check(
        name="raw_gate",
        specs=[
            dg.AssetCheckSpec(
                RAW_CHECK,
                asset=feed_key(feed.name),
                blocking=True,
                description=f"Great Expectations: {feed.name} keeps the contract of the feeds, over all of raw.",
                additional_deps=[feed_key(other.name) for other in configured if other is not feed],
            )
            for feed in configured
        ],
        compute_kind="great_expectations",
    )
    def gate(context: dg.AssetCheckExecutionContext, home: Home) -> Iterator[dg.AssetCheckResult]:
        failures: list[str] = []
        for result in raw_gate_results(home.settings, home.company(), context.op_execution_context.run_id):
            failures += [result.description or ""] if result.severity == dg.AssetCheckSeverity.ERROR else []
            yield result
        if failures:
            # without it the step would fail with Dagster's own words, which name the check but not the reason
            raise dg.Failure(description="; ".join(failures), allow_retries=False)

    return gate


def raw_gate_results(settings: Settings, company: Company, run_id: str) -> Iterator[dg.AssetCheckResult]:
    """Run the gate on the landed feeds, keep its verdicts for the runs to come, and give them as check results."""
    link_raw(settings.home, settings.landed)
    folder = settings.checks / LANDED
    shutil.rmtree(folder, ignore_errors=True)
    verdicts = run_raw_gate(settings.landed, company, landed_counts(settings.home, company.feeds), run_id, folder)
    (folder / _FINGERPRINT).write_text(raw_fingerprint(settings.home), encoding="utf-8")
    for verdict in verdicts:
        if verdict.suite in company.feeds:
            yield check_result(verdict, feed_key(verdict.suite), RAW_CHECK)


def check_result(verdict: SuiteVerdict, key: dg.AssetKey, name: str) -> dg.AssetCheckResult:
    """A verdict as Dagster shows it."""
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=name,
        passed=verdict.verdict == "passed",
        severity=dg.AssetCheckSeverity.ERROR if verdict.verdict == "failed" else dg.AssetCheckSeverity.WARN,
        description="; ".join([*verdict.failures, *verdict.warnings]) or None,
        metadata={
            "evaluated_rows": verdict.evaluated_rows or 0,
            "expectations": verdict.expectations_total,
            "failures": dg.MetadataValue.json(verdict.failures),
            "warnings": dg.MetadataValue.json(verdict.warnings),
        },
    )


def raw_fingerprint(home: Path) -> str:
    """A digest of what raw holds: the batches that count (immutable, named by their content) and what they leave out."""
    lines = [
        f"{feed} {batch.path.name} {sorted(batch.excluded_file_hashes)}" for feed in FEEDS for batch in active_batches(home, feed)
    ]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def adopt_landed_verdicts(settings: Settings, run_id: str) -> None:
    """Make the verdicts on the landed feeds part of a run that builds on them.

    Raises dg.Failure when raw is not what the gate saw: it must then be landed and checked anew.
    """
    folder = settings.checks / LANDED
    seen = folder / _FINGERPRINT
    if not seen.exists() or seen.read_text(encoding="utf-8") != raw_fingerprint(settings.home):
        raise dg.Failure(
            description="raw has changed since the gate on the landed feeds last saw it: run the job landing first",
            allow_retries=False,
        )
    found, unusable = read_all(folder)
    if unusable:
        raise dg.Failure(description="; ".join(f"{name}: {why}" for name, why in unusable.items()), allow_retries=False)
    for verdict in found.values():
        write_verdict(settings.checks / run_id, replace(verdict, run_id=run_id))


def company_or_none(settings: Settings) -> Company | None:
    """The configuration for laying out the graph; a broken one must not keep `dagster dev` from opening."""
    try:
        return load_company(settings.home)
    except ConfigurationError:
        return None
