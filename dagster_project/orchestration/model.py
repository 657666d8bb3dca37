"""From raw to checked marts: the inputs of a run, dbt, identity, the fits, and the second gate.

All of it is partitioned by as-of date and shares one pool: a home has one warehouse file.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

from dagster_project.checks.dbt_results import record_dbt_results, unit_test_verdicts
from dagster_project.checks.gate import run_published_gate
from dagster_project.company.errors import ConfigurationError
from dagster_project.company.reference import REFERENCE_TABLES, load_references
from dagster_project.estimates import (
    churn,
    effect_units,
    lifetime_value,
    loyalty_effect,
    micro_segments,
    parameter_versions,
    registry,
    relational_families,
    rescue,
    value_thresholds,
)
from dagster_project.estimates.parameter_versions import FitReport
from dagster_project.feeds.contract import FEEDS
from dagster_project.feeds.errors import FeedError
from dagster_project.feeds.snapshot import write_snapshot
from dagster_project.identity import linkage_parameters
from dagster_project.identity.clusters import build_clusters
from dagster_project.orchestration.dbt import (
    MANIFEST,
    OWNERS,
    build,
    final_models,
    project,
    published_models,
    translator,
    unit_test_checks,
)
from dagster_project.orchestration.landing import adopt_landed_verdicts, check_result, feed_key
from dagster_project.orchestration.resources import Home
from dagster_project.settings import SEEDS

POOL = "warehouse"
PUBLISHED_CHECK = "published_contract"
# one partition per as-of date; the first is earlier than any export that we have seen
PARTITIONS = dg.DailyPartitionsDefinition(start_date="2005-01-01", end_offset=1)
ONE_DATE_A_RUN = dg.BackfillPolicy.multi_run(max_partitions_per_run=1)
RUN_INPUTS = ("run_context", "repurchase_windows", "identity_rules", "feed_status", "kpi_history")


def as_of_date(context: dg.AssetExecutionContext) -> date:
    """The as-of date of this run: its partition."""
    return date.fromisoformat(context.partition_key)


@dg.multi_asset(
    name="inputs",
    specs=[
        dg.AssetSpec(
            key,
            deps=[feed_key(feed) for feed in FEEDS],
            group_name="inputs",
            owners=OWNERS,
            kinds={"parquet"},
            description=description,
        )
        for key, description in (
            *((["run", name], f"Input of the run: {name.replace('_', ' ')}.") for name in RUN_INPUTS),
            *(
                (["home_reference", name], f"The company's own reference table {name}; no row where it has none.")
                for name in REFERENCE_TABLES
            ),
        )
    ],
    partitions_def=PARTITIONS,
    backfill_policy=ONE_DATE_A_RUN,
    pool=POOL,
)
def inputs(context: dg.AssetExecutionContext, home: Home) -> Iterator[dg.MaterializeResult[Any]]:
    """Freeze what this run reads: links to the raw batches, and the configuration as small tables."""
    settings = home.settings
    settings.export_to_dbt()
    adopt_landed_verdicts(settings, context.run_id)
    try:
        company = home.company()
        report = write_snapshot(
            settings.home, company, as_of_date(context), settings.inputs, load_references(settings.home, SEEDS)
        )
    except (FeedError, ConfigurationError) as error:
        raise dg.Failure(description=str(error), allow_retries=False) from error
    # from here on the warehouse is this run's: publication asks for it again
    settings.warehouse_owner.write_text(context.run_id, encoding="utf-8")
    settings.warehouse.unlink(missing_ok=True)
    settings.warehouse.with_name(settings.warehouse.name + ".wal").unlink(missing_ok=True)
    metadata: dict[str, Any] = {
        "as_of_date": as_of_date(context).isoformat(),
        "feeds_present": dg.MetadataValue.json(report.feeds_present),
    }
    for key in sorted(context.selected_asset_keys):
        yield dg.MaterializeResult(asset_key=key, metadata=metadata)


def dbt_models(manifest: Mapping[str, Any]) -> dg.AssetsDefinition:
    """All models and seeds; Dagster runs dbt once for each part between which a Python asset stands."""

    @dbt_assets(
        manifest=MANIFEST,
        project=project(),
        name="dbt",
        dagster_dbt_translator=translator(),
        partitions_def=PARTITIONS,
        backfill_policy=ONE_DATE_A_RUN,
        pool=POOL,
    )
    def dbt_build(context: dg.AssetExecutionContext, dbt: DbtCliResource, home: Home) -> Iterator[Any]:
        settings = home.settings
        settings.export_to_dbt()
        artifacts = settings.warehouse_folder / "dbt"
        verdict_folder = settings.checks / context.run_id
        step = context.op_execution_context.get_step_execution_context().step.key
        try:
            yield from build(context, dbt, manifest, artifacts, settings.warehouse)
        except Exception as error:
            results = artifacts / step / "run_results.json"
            if not results.exists():
                raise
            reason = record_dbt_results(results, manifest, verdict_folder, context.run_id).reason()
            raise dg.Failure(description=f"dbt: {reason}", allow_retries=False) from error
        record_dbt_results(artifacts / step / "run_results.json", manifest, verdict_folder, context.run_id)

    return dbt_build


def dbt_unit_tests(manifest: Mapping[str, Any]) -> list[dg.AssetChecksDefinition]:
    """The dbt unit tests as asset checks: they ran inside `dbt build`, before their model was built."""
    specs = unit_test_checks(manifest)
    if not specs:
        return []

    @dg.multi_asset_check(name="dbt_unit_tests", specs=list(specs.values()), compute_kind="dbt")
    def check(context: dg.AssetCheckExecutionContext, home: Home) -> Iterator[dg.AssetCheckResult]:
        verdicts = unit_test_verdicts(home.settings.checks / context.op_execution_context.run_id)
        for unique_id, spec in specs.items():
            verdict = verdicts.get(unique_id)
            yield dg.AssetCheckResult(
                asset_key=spec.asset_key,
                check_name=spec.name,
                passed=verdict == "passed",
                metadata={"verdict": verdict or "did not run"},
            )

    return [check]


@dg.asset(
    key=["parameters", linkage_parameters.NAME],
    deps=[dg.AssetKey(["intermediate", "int_identity_records"])],
    # not in the group of the parameters, which a run without fits leaves out: it stands where identity does, and costs no
    # further call of dbt
    group_name="identity",
    owners=OWNERS,
    kinds={"python", "parquet"},
    partitions_def=PARTITIONS,
    backfill_policy=ONE_DATE_A_RUN,
    pool=POOL,
    description="How likely two records of the CRM are one person: m, u and threshold. Trained only when due by as-of date.",
)
def fit_identity_linkage(context: dg.AssetExecutionContext, home: Home) -> dg.MaterializeResult[Any]:
    settings = home.settings
    report = linkage_parameters.fit_if_due(settings.home, settings.warehouse, settings.inputs, as_of_date(context))
    return dg.MaterializeResult(metadata=report.metadata())


@dg.multi_asset(
    name="identity",
    specs=[
        dg.AssetSpec(
            ["identity", name],
            deps=[
                dg.AssetKey(["intermediate", "int_identity_keys"]),
                dg.AssetKey(["intermediate", "int_identity_edges"]),
                dg.AssetKey(["intermediate", "int_identity_records"]),
                dg.AssetKey(["parameters", linkage_parameters.NAME]),
            ],
            group_name="identity",
            owners=OWNERS,
            kinds={"parquet", "python"},
            description=description,
        )
        for name, description in (
            ("clusters", "Who is who: one row per source key, with the unified customer id."),
            ("edges", "Links between keys, used or not and why. One row per pair of keys and rule."),
        )
    ],
    partitions_def=PARTITIONS,
    backfill_policy=ONE_DATE_A_RUN,
    pool=POOL,
)
def identity(context: dg.AssetExecutionContext, home: Home) -> Iterator[dg.MaterializeResult[Any]]:
    """Join the keys that belong to one person."""
    settings = home.settings
    report = build_clusters(settings.warehouse, settings.inputs)
    for name in ("clusters", "edges"):
        yield dg.MaterializeResult(asset_key=["identity", name], metadata={"report": dg.MetadataValue.json(asdict(report))})


def fit_asset(
    name: str, tables: Mapping[str, str], deps: list[list[str]], fit: Callable[[Path, Path, Path, date], FitReport]
) -> dg.AssetsDefinition:
    """The asset of one fit.

    Args:
        name: of the step, as a run reports it.
        tables: what the fit writes to the inputs of the run, with a description each.
        deps: asset keys of what it reads.
        fit: `fit_if_due(home, warehouse, inputs, as-of date)`.
    """

    @dg.multi_asset(
        name=name,
        specs=[
            dg.AssetSpec(
                ["parameters", table],
                deps=[dg.AssetKey(key) for key in deps],
                group_name="parameters",
                owners=OWNERS,
                kinds={"python", "parquet"},
                description=f"{description} Fitted only when due by as-of date.",
            )
            for table, description in tables.items()
        ],
        partitions_def=PARTITIONS,
        backfill_policy=ONE_DATE_A_RUN,
        pool=POOL,
    )
    def fit_when_due(context: dg.AssetExecutionContext, home: Home) -> Iterator[dg.MaterializeResult[Any]]:
        settings = home.settings
        report = fit(settings.home, settings.warehouse, settings.inputs, as_of_date(context))
        for table in tables:
            yield dg.MaterializeResult(asset_key=["parameters", table], metadata=report.metadata())

    return fit_when_due


fit_value = fit_asset(
    "fit_value",
    {
        "value_thresholds": "Cut points of value and potential, and the forecast behind the potential. One row per version.",
        "potential_benchmarks": "Upper quartiles of comparable customers. One row per version and group.",
    },
    [["intermediate", "int_customer_month_features"], ["intermediate", "int_customer_origins"]],
    value_thresholds.fit_if_due,
)
fit_lifetime_value = fit_asset(
    "fit_lifetime_value",
    {lifetime_value.PARAMETER: "Whether the forecast holds on a year held out: without it nobody has a lifetime value."},
    [["intermediate", "int_customer_month_features"]],
    lifetime_value.fit_if_due,
)
fit_micro_segments = fit_asset(
    "fit_micro_segments",
    {
        micro_segments.FEATURES: "How traits of behaviour are made comparable. One row per version and trait.",
        micro_segments.CENTROIDS: "Centres of the micro-segments. One row per version, micro-segment and trait.",
    },
    [
        ["intermediate", "int_customer_behaviours"],
        ["intermediate", "int_customer_month_features"],
        ["parameters", "value_thresholds"],
    ],
    micro_segments.fit_if_due,
)
fit_relational_families = fit_asset(
    "fit_relational_families",
    {relational_families.PARAMETER: "What the relational families are: channels, frequency, expectations."},
    [["intermediate", name] for name in ("int_interactions", "int_interaction_channels", "int_customer_month_interactions")],
    relational_families.fit_if_due,
)
fit_churn = tuple(
    fit_asset(
        f"fit_{churn.PARAMETERS[kind]}",
        {churn.PARAMETERS[kind]: f"{description} One row per version and criterion."},
        [["intermediate", "int_churn_features"]],
        churn.fit_step(kind),
    )
    for kind, description in (
        (churn.SUBSCRIPTION, "How much each criterion says of the end of a subscription within 90 days."),
        (churn.SILENCE, "How much each criterion says of a silence beyond the customer's own interval."),
    )
)


@dg.asset(
    key=["parameters", parameter_versions.FITS],
    deps=[dg.AssetKey(["parameters", name]) for name in registry.TABLES],
    group_name="parameters",
    owners=OWNERS,
    kinds={"parquet"},
    partitions_def=PARTITIONS,
    backfill_policy=ONE_DATE_A_RUN,
    pool=POOL,
    description="Every attempt to fit and what came of it: fitted, kept, or refused with the reason.",
)
def fits(context: dg.AssetExecutionContext, home: Home) -> dg.MaterializeResult[Any]:
    """The attempts of the run's input, once all fits are done; refused ones are named in the log and the metadata."""
    settings, as_of = home.settings, as_of_date(context)
    parameter_versions.write_fits(settings.home, settings.inputs, as_of)
    refused = registry.refusals(settings.home, as_of)
    for parameter, reason in refused.items():
        context.log.warning(f"{parameter}: refused, the former version stays in use: {reason}")
    return dg.MaterializeResult(metadata={"refused": dg.MetadataValue.json(refused)})


@dg.asset(
    key=[rescue.FOLDER, rescue.NAME],
    deps=[dg.AssetKey(["intermediate", name]) for name in ("int_rescue_units", "int_churn_features")],
    group_name="estimates",
    owners=OWNERS,
    kinds={"python", "parquet"},
    partitions_def=PARTITIONS,
    backfill_policy=ONE_DATE_A_RUN,
    pool=POOL,
    description="What contacts with customers at risk have kept. One row per month, value segment and kind that could be estimated.",
)
def rescue_effects(context: dg.AssetExecutionContext, home: Home) -> dg.MaterializeResult[Any]:
    settings = home.settings
    return dg.MaterializeResult(metadata={"rows": rescue.write_effects(settings.warehouse, settings.inputs)})


@dg.asset(
    key=[loyalty_effect.FOLDER, loyalty_effect.NAME],
    # only the first is read: both estimates stand between the same two calls of dbt
    deps=[dg.AssetKey(["intermediate", name]) for name in ("int_loyalty_units", "int_effect_units", "int_effect_costs")],
    group_name="estimates",
    owners=OWNERS,
    kinds={"python", "parquet"},
    partitions_def=PARTITIONS,
    backfill_policy=ONE_DATE_A_RUN,
    pool=POOL,
    description="What joining the loyalty programme has added to spending. One row per quarter in which somebody joined.",
)
def loyalty_effects(context: dg.AssetExecutionContext, home: Home) -> dg.MaterializeResult[Any]:
    settings = home.settings
    report = loyalty_effect.write_effects(settings.warehouse, settings.inputs)
    return dg.MaterializeResult(metadata={"verdicts": dg.MetadataValue.json(report)})


FITS = (fit_value, fit_lifetime_value, fit_micro_segments, fit_relational_families, *fit_churn, fits)


@dg.asset(
    key=[effect_units.FOLDER, effect_units.INCREMENTS],
    deps=[dg.AssetKey(["intermediate", name]) for name in ("int_effect_units", "int_effect_costs")],
    # in every run, not with the fits: it is an estimate of this run and no stored parameter
    group_name="estimates",
    owners=OWNERS,
    kinds={"python", "parquet"},
    partitions_def=PARTITIONS,
    backfill_policy=ONE_DATE_A_RUN,
    pool=POOL,
    description="What customers bought because of the service, estimated, by quarter, segment and window.",
)
def repurchase_increments(context: dg.AssetExecutionContext, home: Home) -> dg.MaterializeResult[Any]:
    settings = home.settings
    report = effect_units.write_increments(settings.warehouse, settings.inputs)
    return dg.MaterializeResult(metadata={"report": dg.MetadataValue.json(asdict(report))})


def published_gate(manifest: Mapping[str, Any]) -> dg.AssetChecksDefinition:
    """The second gate: a suite on each table of the published interface, in the warehouse where it lies.

    Checks of tables that other models read cannot block (dbt would have to wait for a gate that waits for dbt); the step
    itself fails when any verdict does, and publication waits for it.
    """
    tables, final = published_models(manifest), final_models(manifest)

    @dg.multi_asset_check(
        name="published_gate",
        specs=[
            dg.AssetCheckSpec(
                PUBLISHED_CHECK,
                asset=key,
                blocking=name in final,
                description=f"Great Expectations: {name} keeps the published interface.",
                additional_deps=[other for other in tables.values() if other != key],
            )
            for name, key in tables.items()
        ],
        compute_kind="great_expectations",
    )
    def gate(context: dg.AssetCheckExecutionContext, home: Home) -> Iterator[dg.AssetCheckResult]:
        settings = home.settings
        run_id = context.op_execution_context.run_id
        failures: list[str] = []
        for verdict in run_published_gate(settings.warehouse, MANIFEST, settings.checks / run_id, run_id, inputs=settings.inputs):
            failures += verdict.failures if verdict.verdict == "failed" else []
            yield check_result(verdict, tables[verdict.suite], PUBLISHED_CHECK)
        if failures:
            raise dg.Failure(description="; ".join(failures), allow_retries=False)

    return gate
