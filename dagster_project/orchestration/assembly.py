"""One assembly of the Dagster parts, with overrides for tests."""

from typing import Any

import dagster as dg

from dagster_project.feeds.contract import FEEDS
from dagster_project.orchestration import dbt, jobs, landing, model, release
from dagster_project.orchestration.resources import Home, dbt_resource
from dagster_project.settings import Settings


def build_definitions(settings: Settings, resources: dict[str, Any] | None = None, with_fits: bool = True) -> dg.Definitions:
    """All of Dagster for one home. `resources` replaces single resources.

    Without the fits the models before and after them are one call of dbt, not two (5 s less): for a run in which none is
    due. The job `daily_with_fit` is then left out.
    """
    settings.export_to_dbt()
    company = landing.company_or_none(settings)
    manifest = dbt.load_manifest()
    all_jobs = jobs.jobs(with_fits)
    return dg.Definitions(
        assets=[
            *[landing.feed_asset(feed, company) for feed in FEEDS.values()],
            model.inputs,
            model.dbt_models(manifest),
            model.fit_identity_linkage,
            model.identity,
            *(model.FITS if with_fits else []),
            model.repurchase_increments,
            model.rescue_effects,
            model.loyalty_effects,
            release.publication_asset(manifest),
            release.packs,
            release.agents_list,
        ],
        asset_checks=[landing.raw_gate(company), model.published_gate(manifest), *model.dbt_unit_tests(manifest)],
        jobs=all_jobs,
        schedules=jobs.schedules(company),
        sensors=[jobs.inbox_sensor, *([jobs.after_landing(all_jobs)] if with_fits else [])],
        resources={"home": Home(folder=str(settings.home)), "dbt": dbt_resource()} | (resources or {}),
    )
