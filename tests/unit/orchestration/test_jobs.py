"""The Dagster graph: a snapshot of what there is, and the decisions of sensors."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.company.model import load_company
from dagster_project.feeds.contract import FEEDS
from dagster_project.feeds.landing import LandingReport
from dagster_project.orchestration.assembly import build_definitions
from dagster_project.orchestration.jobs import inbox_fingerprint, inbox_sensor
from dagster_project.orchestration.landing import report_metadata
from dagster_project.orchestration.model import PARTITIONS
from dagster_project.orchestration.release import agents_list
from dagster_project.orchestration.resources import Home
from dagster_project.settings import PROJECT_ROOT, SAMPLE_HOME, Settings

PUBLISHED = {
    "personas",
    "segment_sizes",
    "segment_migrations",
    "parameter_versions",
    "calendar",
    "channels",
    "churn_rescues",
    "churn_risks",
    "contacts",
    "customer_events",
    "customer_keys",
    "customer_months",
    "customer_timeline",
    "customer_value",
    "customers",
    "kpi_definitions",
    "kpi_readiness",
    "kpi_values",
    "loyalty_effect",
    "product_recommendations",
    "products",
    "recommendation_tests",
    "purchases",
    "relationship_models",
    "repurchase_after_contact",
    "repurchase_after_contact_detail",
    "repurchase_credits",
    "repurchase_increment",
    "satisfaction",
    "segment_labels",
    "service_operations",
    "stores",
}


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build_definitions(Settings.from_environment(SAMPLE_HOME))


def keys(definitions: dg.Definitions) -> set[tuple[str, ...]]:
    return {tuple(spec.key.path) for spec in definitions.resolve_all_asset_specs()}


def test_every_feed_of_the_contract_every_published_table_and_every_step_is_an_asset(definitions: dg.Definitions) -> None:
    found = keys(definitions)
    assert {("raw", feed) for feed in FEEDS} <= found
    assert {("marts", table) for table in PUBLISHED} == {key for key in found if key[0] == "marts"}
    assert {
        ("run", "run_context"),
        ("run", "feed_status"),
        ("identity", "clusters"),
        ("parameters", "identity_linkage"),
        ("parameters", "value_thresholds"),
        ("parameters", "potential_benchmarks"),
        ("parameters", "lifetime_value"),
        ("parameters", "relational_families"),
        ("parameters", "micro_segment_features"),
        ("parameters", "micro_segment_centroids"),
        ("parameters", "churn_subscription"),
        ("parameters", "churn_silence"),
        ("parameters", "fits"),
        ("estimates", "repurchase_increments"),
        ("estimates", "rescue_effects"),
        ("estimates", "loyalty_effects"),
        ("publication",),
        ("packs",),
        ("agents_list",),
    } <= found


def test_every_asset_has_a_group_an_owner_and_a_description(definitions: dg.Definitions) -> None:
    for spec in definitions.resolve_all_asset_specs():
        assert spec.group_name not in (None, "default"), spec.key
        assert spec.owners, spec.key
        assert spec.description, spec.key


def test_jobs_schedules_and_sensors_are_these(definitions: dg.Definitions) -> None:
    repository = definitions.get_repository_def()
    assert {job.name for job in repository.get_all_jobs() if not job.name.startswith("__")} == {
        "landing",
        "daily",
        "daily_with_fit",
        "monthly_packs",
    }
    assert {schedule.name for schedule in repository.schedule_defs} == {"daily_landing", "monthly_packs_schedule"}
    assert {sensor.name for sensor in repository.sensor_defs} == {"inbox", "after_landing"}


def test_landing_is_unpartitioned_and_the_model_is_partitioned_by_as_of_date(definitions: dg.Definitions) -> None:
    assert definitions.resolve_job_def("landing").partitions_def is None
    assert definitions.resolve_job_def("daily").partitions_def == PARTITIONS


def test_the_gates_block_and_unit_tests_are_checks(definitions: dg.Definitions) -> None:
    specs = [spec for checks in definitions.asset_checks or [] for spec in checks.check_specs]  # type: ignore[union-attr]
    blocking = {(spec.asset_key.path[-1], spec.name): spec.blocking for spec in specs}
    landed = {table: blocks for (table, name), blocks in blocking.items() if name == "contract"}
    published = {table: blocks for (table, name), blocks in blocking.items() if name == "published_contract"}
    assert set(landed) == set(load_company(SAMPLE_HOME).feeds) and all(landed.values())
    assert set(published) == PUBLISHED
    # tables that other models read cannot block without a circle; the step itself fails when any verdict does
    assert published["kpi_values"] and not published["repurchase_after_contact"]
    assert len(blocking) - len(landed) - len(published) >= 10, "dbt unit tests"


def test_steps_that_use_the_warehouse_share_one_pool(definitions: dg.Definitions) -> None:
    pools = {node.definition.pool for node in definitions.resolve_job_def("daily_with_fit").graph.nodes if node.definition.pool}
    assert pools == {"warehouse"}


def test_feeds_with_an_expected_frequency_have_a_freshness_policy(definitions: dg.Definitions) -> None:
    configured = load_company(SAMPLE_HOME).feeds
    specs = {spec.key.path[-1]: spec for spec in definitions.resolve_all_asset_specs() if spec.key.path[0] == "raw"}
    for name, feed in configured.items():
        assert (specs[name].freshness_policy is not None) == (feed.expected_every is not None), name


def test_the_metadata_of_a_landing_say_how_many_keys_were_deleted() -> None:
    assert report_metadata(LandingReport("pos_products", "landed", tombstones=3))["tombstones"] == 3


def make_home(folder: Path) -> Path:
    (folder / "inbox").mkdir(parents=True)
    (folder / "company.yml").write_text(
        """
company: {name: Test, time_zone: Europe/Paris, simulated: true}
feeds:
  pos_stores: {reader: csv, location: "inbox/*.csv", columns: {store_id: id}}
""",
        encoding="utf-8",
    )
    (folder / "inbox" / "a.csv").write_text("id\n1\n", encoding="utf-8")
    return folder


def test_the_inbox_sensor_waits_until_two_looks_agree_and_launches_once(tmp_path: Path) -> None:
    home = Home(folder=str(make_home(tmp_path / "home")))

    def look(cursor: str | None) -> dg.SensorResult:
        result = inbox_sensor(dg.build_sensor_context(cursor=cursor, resources={"home": home}))
        assert isinstance(result, dg.SensorResult)
        return result

    first = look(None)
    assert not first.run_requests
    second = look(first.cursor)
    assert len(second.run_requests or []) == 1
    assert not look(second.cursor).run_requests
    (tmp_path / "home" / "inbox" / "b.csv").write_text("id\n2\n", encoding="utf-8")
    third = look(second.cursor)
    assert not third.run_requests
    assert len(look(third.cursor).run_requests or []) == 1


@pytest.mark.parametrize("location", ["inbox", "inbox/", "{home}/inbox/*.csv"])
def test_the_fingerprint_of_the_inbox_sees_folders_and_absolute_locations(tmp_path: Path, location: str) -> None:
    home = make_home(tmp_path / "home")
    text = (home / "company.yml").read_text(encoding="utf-8").replace("inbox/*.csv", location.format(home=home))
    (home / "company.yml").write_text(text, encoding="utf-8")
    company = load_company(home)
    before = inbox_fingerprint(home, company)
    os.utime(home / "inbox" / "a.csv", (1, 1))
    replaced = inbox_fingerprint(home, company)
    (home / "inbox" / "b.csv").write_text("id\n2\n", encoding="utf-8")
    assert len({before, replaced, inbox_fingerprint(home, company)}) == 3


def test_the_fingerprint_of_an_inbox_that_cannot_be_landed_is_no_error_of_the_sensor(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    (tmp_path / "outside.csv").write_text("id\n2\n", encoding="utf-8")
    before = inbox_fingerprint(home, load_company(home))
    (home / "inbox" / "link.csv").symlink_to(tmp_path / "outside.csv")
    assert inbox_fingerprint(home, load_company(home)) != before


def test_the_fingerprint_of_the_inbox_changes_with_a_replaced_file(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home")
    company = load_company(home)
    before = inbox_fingerprint(home, company)
    path = home / "inbox" / "a.csv"
    os.utime(path, (1, 1))
    assert inbox_fingerprint(home, company) != before


def test_dagster_loads_the_code_location_that_the_workspace_names(tmp_path: Path) -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "dagster"), "definitions", "validate", "-w", "workspace.yaml"],
        cwd=PROJECT_ROOT,
        env={**os.environ, "SERVICE_VALUE_HOME": str(make_home(tmp_path / "home")), "DAGSTER_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "service_value" in done.stdout + done.stderr


def test_no_list_is_written_of_a_publication_that_is_not_the_current_one(tmp_path: Path) -> None:
    folder = make_home(tmp_path / "home")
    done = dg.materialize([agents_list], partition_key="2024-06-30", resources={"home": Home(folder=str(folder))})
    assert done.success
    [event] = done.get_asset_materialization_events()
    assert event.materialization.metadata["written"].value is False
    assert not (folder / "outbox").exists()
