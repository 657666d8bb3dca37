"""What dbt's own tests and unit tests found, as verdicts beside those of the gates: one suite per model or seed.

Here: `run_results.json` -> verdict files. Not here: running dbt (`orchestration/dbt.py`) and the tests (`dbt/`).
A run calls dbt several times: each call's results are merged into the verdicts of the same run. A test of the manifest
that ran in no call is an exception of its suite, so that a test left out by a selection is no silent pass.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.checks.document import write_document
from dagster_project.checks.personal_data import masked
from dagster_project.checks.verdicts import (
    DBT,
    Outcome,
    Result,
    SuiteVerdict,
    read_all,
    read_verdict,
    sentence,
    verdict_path,
    write_verdict,
)

_OUTCOMES: dict[str, Outcome] = {
    "pass": "kept",
    "success": "kept",
    "no-op": "kept",
    "warn": "warned",
    "fail": "failed",
}
_NOT_RUN = "it did not run"
_SKIPPED = "skipped: something that it needs had failed"
_KINDS = {"test": "dbt_test", "unit_test": "dbt_unit_test"}


@dataclass(frozen=True)
class DbtRecord:
    """The verdicts that one call of dbt touched, and what failed in that call, in words."""

    verdicts: tuple[SuiteVerdict, ...]
    failures: tuple[str, ...]

    def reason(self) -> str:
        """The failures in one line: what was skipped because of others is counted, not listed."""
        causes = [failure for failure in self.failures if not failure.endswith(_SKIPPED)] or list(self.failures)
        skipped = len(self.failures) - len(causes)
        return "; ".join([*causes, *([f"{skipped} more were skipped for it"] if skipped else [])])


def record_dbt_results(run_results: Path, manifest: Path | Mapping[str, Any], folder: Path, run_id: str) -> DbtRecord:
    """Turn the results of one call of dbt into verdicts under `folder/verdicts/dbt/`, merged with earlier calls.

    pass -> kept, warn -> warned, fail -> failed; error, skipped and anything unknown -> exception.
    Raises ValueError where `run_results.json` cannot be read.
    """
    content = manifest if isinstance(manifest, Mapping) else json.loads(manifest.read_text(encoding="utf-8"))
    try:
        results = json.loads(run_results.read_text(encoding="utf-8"))["results"]
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"the results of dbt cannot be read: {error!r}") from error
    found: dict[str, dict[str, Result]] = {}
    for result in results:
        unique_id = str(result["unique_id"])
        found.setdefault(suite_of(content, unique_id), {})[unique_id] = _result(content, result)
    attached = _attached_tests(content)
    verdicts, failures = [], []
    for suite in sorted(found):
        failures += [sentence(suite, result) for result in found[suite].values() if result.outcome in ("failed", "exception")]
        merged = _earlier(folder, suite, run_id) | found[suite]
        for unique_id in attached.get(suite, ()):
            merged.setdefault(unique_id, _expected(content, unique_id, "exception", _NOT_RUN))
        verdict = SuiteVerdict(DBT, suite, run_id, None, tuple(merged[key] for key in sorted(merged)))
        write_verdict(folder, verdict)
        verdicts.append(verdict)
    write_document(folder)
    return DbtRecord(tuple(verdicts), tuple(failures))


def unit_test_verdicts(folder: Path) -> dict[str, str]:
    """Unique id of each dbt unit test that ran -> `passed`, `warned` or `failed`."""
    words = {"kept": "passed", "warned": "warned"}
    return {
        result.name: words.get(result.outcome, "failed")
        for name, verdict in read_all(folder)[0].items()
        if name.startswith(f"{DBT}/")
        for result in verdict.results
        if result.kind == "dbt_unit_test" and result.found != _NOT_RUN
    }


def suite_of(manifest: Mapping[str, Any], unique_id: str) -> str:
    """The suite that a node's result belongs to: the node itself, or for a test the first node that it is about."""
    nodes = manifest["nodes"]
    node = nodes.get(unique_id) or manifest.get("unit_tests", {}).get(unique_id)
    if node is None:
        return unique_id.split(".")[0] if unique_id.startswith("operation.") else "unknown"
    if unique_id.split(".")[0] not in _KINDS:
        return str(node["name"])
    about = node.get("attached_node") or next(iter(sorted(node["depends_on"]["nodes"])), "")
    if about.startswith("source."):
        return "source_" + "_".join(about.split(".")[2:])
    return str(nodes[about]["name"]) if about in nodes else "unknown"


def _attached_tests(manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    tests: dict[str, list[str]] = {}
    ids = [key for key, node in manifest["nodes"].items() if node["resource_type"] == "test"]
    for unique_id in sorted([*ids, *manifest.get("unit_tests", {})]):
        tests.setdefault(suite_of(manifest, unique_id), []).append(unique_id)
    return tests


def _earlier(folder: Path, suite: str, run_id: str) -> dict[str, Result]:
    """Results of the suite from earlier calls of the same run. Unreadable ones are lost, and then missed as not run."""
    try:
        verdict = read_verdict(verdict_path(folder, f"{DBT}/{suite}"))
    except ValueError:
        return {}
    if verdict.run_id != run_id:
        return {}
    return {result.name: result for result in verdict.results if result.found != _NOT_RUN}


def _result(manifest: Mapping[str, Any], result: Mapping[str, Any]) -> Result:
    status = str(result["status"])
    outcome = _OUTCOMES.get(status, "exception")
    found = None
    if outcome != "kept":
        message = masked(" ".join(str(result.get("message") or "").split()))[:300]
        found = f"{status}: {message}" if message else status
        if status == "skipped" and not message:
            found = _SKIPPED
    expected = _expected(manifest, str(result["unique_id"]), outcome, found)
    failures = result.get("failures")
    return Result(**{**vars(expected), "observed": None if failures is None else str(failures)})


def _expected(manifest: Mapping[str, Any], unique_id: str, outcome: Outcome, found: str | None) -> Result:
    node = manifest["nodes"].get(unique_id) or manifest.get("unit_tests", {}).get(unique_id) or {}
    kind = _KINDS.get(unique_id.split(".")[0], "dbt_build")
    name = node.get("name", unique_id)
    words = f"{name} can be built" if kind == "dbt_build" else f"dbt {kind.removeprefix('dbt_').replace('_', ' ')} {name} passes"
    column = node.get("column_name")
    is_warning = str((node.get("config") or {}).get("severity", "error")).lower() == "warn"
    return Result(
        unique_id,
        kind,
        words,
        outcome,
        "warning" if is_warning else "blocking",
        (column,) if column else (),
        found=found,
    )
