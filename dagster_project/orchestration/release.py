"""Publication and packs as assets. What is published how is in `publication/`, what a pack holds in `packs/`."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dagster as dg

from dagster_project import __version__
from dagster_project.checks.verdicts import expected_verdicts, read_verdicts
from dagster_project.company.model import Company
from dagster_project.orchestration.dbt import OWNERS, published_models
from dagster_project.orchestration.model import ONE_DATE_A_RUN, PARTITIONS, POOL, as_of_date
from dagster_project.orchestration.resources import Home
from dagster_project.packs.html import Company as PackCompany
from dagster_project.packs.make import make_packs
from dagster_project.publication.agents_list import write_agents_list
from dagster_project.publication.release import (
    PublicationRow,
    current_manifest,
    data_horizon,
    new_publication_id,
    publish,
    utc_now,
)

_RETRIES, _SECONDS_BETWEEN = 2, 5


def inputs_hash(inputs: Path) -> str:
    """Sha256 over everything that the run read: the names of the raw batches (they are immutable and named by their
    content) and the bytes of all other inputs, except the history, which feeds no figure."""
    total = hashlib.sha256()
    for path in sorted(inputs.rglob("*.parquet")):
        if path.name == "kpi_history.parquet":
            continue
        total.update(f"{path.relative_to(inputs)}\n".encode())
        if not path.is_symlink():
            total.update(path.read_bytes())
    return total.hexdigest()


def publication_asset(manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    tables = published_models(manifest)

    @dg.asset(
        key="publication",
        deps=list(tables.values()),
        group_name="publication",
        owners=OWNERS,
        kinds={"duckdb", "parquet"},
        partitions_def=PARTITIONS,
        backfill_policy=ONE_DATE_A_RUN,
        pool=POOL,
        description="The published tables as an immutable version behind one symlink. One row per publication.",
    )
    def publication(context: dg.AssetExecutionContext, home: Home) -> dg.MaterializeResult[Any]:
        settings, company = home.settings, home.company()
        folder = settings.checks / context.run_id
        verdicts = read_verdicts(folder, expected_verdicts(company.feeds, manifest), context.run_id)
        if verdicts.problems:
            raise dg.Failure(description="not published: " + "; ".join(verdicts.problems), allow_retries=False)
        owner = settings.warehouse_owner
        if not owner.exists() or owner.read_text(encoding="utf-8") != context.run_id:
            raise dg.Failure(
                description="not published: another run has taken the warehouse of this home meanwhile; run this date again",
                allow_retries=False,
            )
        published_at, as_of = utc_now(), as_of_date(context)
        row = PublicationRow(
            publication_id=new_publication_id(as_of, published_at, context.run_id),
            published_at=published_at,
            as_of_date=as_of,
            data_horizon=data_horizon(settings.inputs, company.required),
            run_id=context.run_id,
            checks_passed=verdicts.passed,
            checks_warned=verdicts.warned,
            project_version=__version__,
            inputs_hash=inputs_hash(settings.inputs),
        )
        try:
            release = publish(
                settings.warehouse,
                settings.home,
                row,
                keep=company.publish.keep,
                with_parquet=company.publish.parquet,
                checks_folder=folder,
            )
        except OSError as error:
            raise dg.RetryRequested(max_retries=_RETRIES, seconds_to_wait=_SECONDS_BETWEEN) from error
        return dg.MaterializeResult(
            metadata={
                "publication_id": release.publication_id,
                "as_of_date": as_of.isoformat(),
                "is_current": release.is_current,
                "digest": release.digest,
                "rows": dg.MetadataValue.json(release.tables),
                "checks_passed": verdicts.passed,
                "checks_warned": verdicts.warned,
                "removed_versions": dg.MetadataValue.json(release.removed_versions),
            }
        )

    return publication


@dg.asset(
    key="packs",
    deps=[dg.AssetKey("publication")],
    group_name="packs",
    owners=OWNERS,
    kinds={"html", "excel"},
    partitions_def=PARTITIONS,
    backfill_policy=ONE_DATE_A_RUN,
    description="The KPI tables for people, from published tables only: HTML and XLSX by audience and language.",
)
def packs(context: dg.AssetExecutionContext, home: Home) -> dg.MaterializeResult[Any]:
    settings, company = home.settings, home.company()
    database = newest_version(settings.published, as_of_date(context).isoformat())
    made = []
    messages = []
    for pack in company.packs:
        report = make_packs(
            database, settings.outbox, pack_company(company), audience=pack.audience, language=pack.language, formats=pack.formats
        )
        made += report.files
        messages += report.messages
    for message in messages:
        context.log.warning(message)
    return dg.MaterializeResult(
        metadata={
            "files": dg.MetadataValue.json([str(path.relative_to(settings.home)) for path in made]),
            "messages": dg.MetadataValue.json(messages),
            "as_of_date": as_of_date(context).isoformat(),
        }
    )


@dg.asset(
    key="agents_list",
    deps=[dg.AssetKey("publication")],
    group_name="publication",
    owners=OWNERS,
    kinds={"csv"},
    partitions_def=PARTITIONS,
    backfill_policy=ONE_DATE_A_RUN,
    pool=POOL,
    description="Whom of the customers at risk to call, with the ids of the CRM: outbox/agents_list.csv.",
)
def agents_list(context: dg.AssetExecutionContext, home: Home) -> dg.MaterializeResult[Any]:
    """Only of the current publication, and while the warehouse is that of this run: a back-fill sends nobody an old list."""
    settings, company, as_of = home.settings, home.company(), as_of_date(context)
    manifest = current_manifest(settings.published)
    if manifest is None or manifest["publication"]["run_id"] != context.run_id:
        return dg.MaterializeResult(metadata={"written": False, "reason": "this publication is not the current one"})
    report = write_agents_list(settings.warehouse, settings.published / "service_value.duckdb", settings.home, as_of)
    if company.rescue.held_out_share == 0:
        context.log.warning("rescue.held_out_share is 0: nobody is held out, so that the effect of the list cannot be known")
    return dg.MaterializeResult(metadata={"written": True, "held_out_share": company.rescue.held_out_share, **asdict(report)})


def pack_company(company: Company) -> PackCompany:
    """What a pack says of the company."""
    profile = company.company
    return PackCompany(profile.name, profile.time_zone, profile.currency, profile.simulated)


def newest_version(published: Path, as_of: str) -> Path:
    """The database of the newest version with that as-of date. Raises dg.Failure when it was not retained."""
    found = sorted((published / "versions").glob(f"{as_of}_*/service_value.duckdb"))
    if not found:
        raise dg.Failure(description=f"no publication as of {as_of} is retained; run that as-of date first", allow_retries=False)
    return found[-1]
