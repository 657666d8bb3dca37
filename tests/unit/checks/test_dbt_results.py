"""What dbt found, as verdicts: by node, merged over the calls of a run, and nothing left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dagster_project.checks.dbt_results import DbtRecord, record_dbt_results, unit_test_verdicts
from dagster_project.checks.verdicts import read_verdicts

PREFIX = "service_value"
MODEL, MART, SEED = f"model.{PREFIX}.stg_a", f"model.{PREFIX}.contacts", f"seed.{PREFIX}.channels"
TEST, WARNING, SINGULAR = f"test.{PREFIX}.not_null_a.1", f"test.{PREFIX}.unique_a.2", f"test.{PREFIX}.assert_b"
SOURCE_TEST, UNIT = f"test.{PREFIX}.source_a.3", f"unit_test.{PREFIX}.contacts.waits"


def _test(
    name: str, attached: str | None, depends: list[str], severity: str = "error", column: str | None = None
) -> dict[str, Any]:
    return {
        "name": name,
        "resource_type": "test",
        "attached_node": attached,
        "depends_on": {"nodes": depends},
        "column_name": column,
        "config": {"severity": severity},
    }


MANIFEST: dict[str, Any] = {
    "nodes": {
        MODEL: {"name": "stg_a", "resource_type": "model", "config": {}},
        MART: {"name": "contacts", "resource_type": "model", "config": {}},
        SEED: {"name": "channels", "resource_type": "seed", "config": {}},
        TEST: _test("not_null_a", MODEL, [MODEL], column="a"),
        WARNING: _test("unique_a", MODEL, [MODEL], "warn"),
        SINGULAR: _test("assert_b", None, [MART, MODEL]),
        SOURCE_TEST: _test("source_a", None, [f"source.{PREFIX}.raw.crm_contacts"]),
    },
    "unit_tests": {UNIT: {"name": "waits", "depends_on": {"nodes": [MART]}, "config": {}}},
}
ALL_GOOD = {
    MODEL: "success",
    MART: "success",
    SEED: "success",
    TEST: "pass",
    WARNING: "pass",
    SINGULAR: "pass",
    SOURCE_TEST: "pass",
    UNIT: "pass",
}
SUITES = {"dbt/stg_a", "dbt/contacts", "dbt/channels", "dbt/source_raw_crm_contacts"}


def record(folder: Path, statuses: dict[str, str], run_id: str = "run", **more: Any) -> tuple[str, ...]:
    results = [{"unique_id": key, "status": status, "failures": None, "message": None} | more for key, status in statuses.items()]
    path = folder / "run_results.json"
    path.write_text(json.dumps({"results": results}), encoding="utf-8")
    return record_dbt_results(path, MANIFEST, folder, run_id).failures


def test_results_that_pass_are_publishable_and_each_belongs_to_its_node(tmp_path: Path) -> None:
    assert record(tmp_path, ALL_GOOD) == ()
    verdicts = read_verdicts(tmp_path, SUITES, "run")
    assert verdicts.problems == ()
    assert {suite.suite: suite.expectations_total for suite in verdicts.suites} == {
        "stg_a": 3,
        "contacts": 3,
        "channels": 1,
        "source_raw_crm_contacts": 1,
    }
    assert (tmp_path / "index.html").is_file()


@pytest.mark.parametrize("status", ["fail", "error", "skipped", "runtime error", "partial success", "something new"])
@pytest.mark.parametrize("unique_id", [TEST, UNIT, MODEL, SINGULAR])
def test_anything_but_a_pass_is_a_failure_that_names_test_and_column(tmp_path: Path, status: str, unique_id: str) -> None:
    record(tmp_path, ALL_GOOD)
    failures = record(tmp_path, {unique_id: status})
    assert len(failures) == 1
    assert unique_id.split(".")[2 if unique_id != UNIT else 3] in failures[0]
    assert len(read_verdicts(tmp_path, SUITES).problems) == 1


def test_the_reason_of_a_failed_run_names_causes_and_counts_what_was_skipped_for_them() -> None:
    skipped = tuple(f"{name}: {name} can be built; skipped: something that it needs had failed" for name in ("a", "b"))
    assert DbtRecord((), (skipped[0], "c: c can be built; error: no", skipped[1])).reason() == (
        "c: c can be built; error: no; 2 more were skipped for it"
    )
    assert DbtRecord((), skipped).reason() == "; ".join(skipped), "skipped without a cause here: the cause is elsewhere"


def test_a_warning_warns(tmp_path: Path) -> None:
    record(tmp_path, ALL_GOOD | {WARNING: "warn"}, message="Got 3 results, configured to warn if != 0", failures=3)
    verdicts = read_verdicts(tmp_path, SUITES)
    assert verdicts.is_publishable
    assert verdicts.warned == 1
    (warning,) = next(suite for suite in verdicts.suites if suite.suite == "stg_a").warnings
    assert warning == "stg_a: expected that dbt test unique_a passes; warn: Got 3 results, configured to warn if != 0"


def test_messages_hold_no_address(tmp_path: Path) -> None:
    (failure,) = record(tmp_path, {TEST: "error"}, message="Could not convert 'anna@example.com'")
    assert "anna@example.com" not in failure


def test_the_calls_of_one_run_are_merged_and_a_later_result_replaces_an_earlier_one(tmp_path: Path) -> None:
    record(tmp_path, {MODEL: "success", TEST: "fail", WARNING: "pass", SOURCE_TEST: "pass", SEED: "success"})
    record(tmp_path, {MART: "success", SINGULAR: "pass", UNIT: "pass", TEST: "pass"})
    assert read_verdicts(tmp_path, SUITES).problems == ()


def test_a_test_that_ran_in_no_call_is_not_publishable(tmp_path: Path) -> None:
    record(tmp_path, {key: status for key, status in ALL_GOOD.items() if key != TEST})
    (problem,) = read_verdicts(tmp_path, SUITES).problems
    assert problem == "dbt/stg_a: expected that dbt test not_null_a passes; it did not run"


def test_a_model_that_was_never_built_is_not_publishable(tmp_path: Path) -> None:
    record(tmp_path, {key: status for key, status in ALL_GOOD.items() if key != SEED})
    assert read_verdicts(tmp_path, SUITES).problems[0].startswith("dbt/channels: the verdict is missing")


def test_results_of_an_earlier_run_do_not_count(tmp_path: Path) -> None:
    record(tmp_path, ALL_GOOD, run_id="earlier")
    record(tmp_path, {key: status for key, status in ALL_GOOD.items() if key != TEST})
    assert any("not_null_a passes; it did not run" in problem for problem in read_verdicts(tmp_path, SUITES).problems)


def test_a_result_of_a_node_that_the_manifest_does_not_know_is_kept(tmp_path: Path) -> None:
    record(tmp_path, ALL_GOOD | {f"test.{PREFIX}.stranger.9": "fail"})
    assert any("stranger" in problem for problem in read_verdicts(tmp_path, SUITES).problems)


def test_unit_tests_are_told_by_their_id(tmp_path: Path) -> None:
    record(tmp_path, {MART: "success"})
    assert unit_test_verdicts(tmp_path) == {}
    record(tmp_path, {UNIT: "pass"})
    assert unit_test_verdicts(tmp_path) == {UNIT: "passed"}
    record(tmp_path, {UNIT: "error"})
    assert unit_test_verdicts(tmp_path) == {UNIT: "failed"}


@pytest.mark.parametrize("content", [None, "", "{", "{}"])
def test_results_that_cannot_be_read_are_an_error(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "run_results.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match="results of dbt cannot be read"):
        record_dbt_results(path, MANIFEST, tmp_path, "run")
