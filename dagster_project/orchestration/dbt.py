"""dbt in Dagster: the project, its manifest, the models as assets, and every dbt test as an asset check.

Here: translation and invocation only. What a model means is in `dbt/`; what a verdict means is in `checks/`.
Run as a module, it prepares the manifest (`make setup` does).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Collection, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings, DbtCliResource, DbtProject
from dagster_dbt.errors import DagsterDbtCliRuntimeError

from dagster_project.settings import DBT_PROJECT, silence_telemetry

MANIFEST = DBT_PROJECT / "target" / "manifest.json"
UNIT_TEST = "unit_test:"
RUN_CONTEXT = dg.AssetKey(["run", "run_context"])
OWNERS = ["team:service-value"]
# the folder below models/ that names the group of a model
_GROUPS = {"staging": "staging", "intermediate": "intermediate", "marts": "marts"}
_SOURCES = {
    "raw": "feeds",
    "run": "inputs",
    "home_reference": "inputs",
    "identity": "identity",
    "parameters": "parameters",
    "estimates": "estimates",
}


def project() -> DbtProject:
    """The dbt project of this checkout."""
    return DbtProject(project_dir=DBT_PROJECT, profiles_dir=DBT_PROJECT)


def dbt_executable() -> str:
    """The dbt of this environment: it need not be on the PATH."""
    beside = Path(sys.executable).parent / "dbt"
    return str(beside) if beside.exists() else "dbt"


def prepare_manifest(force: bool = False) -> Path:
    """Parse the dbt project when its manifest is missing or older than any of its files (3 to 5 s), and return its path."""
    if not force and MANIFEST.exists():
        written = MANIFEST.stat().st_mtime
        folders = ("models", "macros", "seeds", "tests")
        files = [path for folder in folders for path in (DBT_PROJECT / folder).rglob("*") if path.is_file()]
        files += [DBT_PROJECT / "dbt_project.yml", DBT_PROJECT / "profiles.yml"]
        if all(path.stat().st_mtime <= written for path in files):
            return MANIFEST
    DbtCliResource(project_dir=project(), dbt_executable=dbt_executable()).cli(
        # whole: a partial parse keeps unit tests that are no more, and the run would wait for their verdict
        ["parse", "--quiet", "--no-partial-parse"],
        target_path=MANIFEST.parent,
    ).wait()
    return MANIFEST


def load_manifest() -> dict[str, Any]:
    """The manifest as a dictionary, parsed anew when it is due."""
    loaded: dict[str, Any] = json.loads(prepare_manifest().read_text(encoding="utf-8"))
    return loaded


class Translator(DagsterDbtTranslator):
    """Groups by layer, one owner, source tests as checks of the source's asset."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        if dbt_resource_props["resource_type"] == "seed":
            return "reference"
        if dbt_resource_props["resource_type"] == "source":
            return _SOURCES.get(str(dbt_resource_props["source_name"]), "inputs")
        folder = str(dbt_resource_props["fqn"][1])
        return _GROUPS.get(folder, folder)

    def get_asset_spec(self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None) -> dg.AssetSpec:
        """Every node waits for the inputs of the run: else seeds would be a dbt call of their own (4 s)."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        if unique_id.startswith("source.") or any(dep.asset_key == RUN_CONTEXT for dep in spec.deps):
            return spec
        return spec.merge_attributes(deps=[RUN_CONTEXT])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> list[str] | None:
        return OWNERS


def translator() -> Translator:
    return Translator(settings=DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True))


def node_asset_key(manifest: Mapping[str, Any], unique_id: str) -> dg.AssetKey:
    """The asset key of a model or source of the manifest."""
    return translator().get_asset_key(manifest["nodes"].get(unique_id) or manifest["sources"][unique_id])


def published_models(manifest: Mapping[str, Any]) -> dict[str, dg.AssetKey]:
    """The models of the published interface: name -> asset key."""
    return {
        node["name"]: node_asset_key(manifest, unique_id)
        for unique_id, node in sorted(manifest["nodes"].items())
        if node["resource_type"] == "model" and node["fqn"][1] == "marts"
    }


def final_models(manifest: Mapping[str, Any]) -> set[str]:
    """The published models that no other model reads: only their checks can block without a circle."""
    return {
        node["name"]
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
        and node["fqn"][1] == "marts"
        and not any(child.startswith("model.") for child in manifest["child_map"].get(unique_id, []))
    }


def unit_test_checks(manifest: Mapping[str, Any]) -> dict[str, dg.AssetCheckSpec]:
    """One asset check for each dbt unit test: dagster-dbt turns data tests into checks, unit tests it leaves out.

    They need not block: `dbt build` itself skips the model whose unit test fails, and fails.
    """
    specs = {}
    for unique_id, test in sorted(manifest.get("unit_tests", {}).items()):
        model = next(node for node in test["depends_on"]["nodes"] if node.startswith("model."))
        specs[unique_id] = dg.AssetCheckSpec(
            name=test["name"],
            asset=node_asset_key(manifest, model),
            description=test.get("description") or "dbt unit test",
        )
    return specs


def tests_of(manifest: Mapping[str, Any], models: set[str], built: Collection[str] = ()) -> list[str]:
    """Selectors of the unit tests and of tests about several models that belong to a call of dbt that builds `models`.

    dagster-dbt names the tests of one model itself, but leaves out unit tests and those about several models. A test belongs to
    the call that builds the last of the models that it is about: the others are ancestors, or were `built` by an earlier
    call (all are unique ids).
    """
    ancestors: set[str] = set()
    open_ids = list(models)
    while open_ids:
        for parent in manifest["parent_map"].get(open_ids.pop(), []):
            if parent not in ancestors:
                ancestors.add(parent)
                open_ids.append(parent)
    unit = [
        f"{UNIT_TEST}{test['name']}"
        for test in manifest.get("unit_tests", {}).values()
        if models.intersection(test["depends_on"]["nodes"])
    ]
    singular = [
        ".".join(node["fqn"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        # dbt finds the tests of one model by itself, and those of a model with its ancestors
        and (not node.get("test_metadata") or len(node["depends_on"]["nodes"]) > 1)
        and models.intersection(node["depends_on"]["nodes"])
        and set(node["depends_on"]["nodes"]) <= models | ancestors | set(built)
    ]
    return sorted(unit + singular)


def build(
    context: dg.AssetExecutionContext, dbt: DbtCliResource, manifest: Mapping[str, Any], artifacts: Path, warehouse: Path
) -> Iterator[Any]:
    """Run `dbt build` for what Dagster selected and keep its artifacts under `artifacts/<step>/`, whatever happens.

    The folder outlives the run, and the calls of a run share what dbt has parsed: a whole parse costs 4 s, and what another
    home has parsed is of no use (dbt compares the environment).
    """
    target = artifacts / context.op_execution_context.get_step_execution_context().step.key
    target.mkdir(parents=True, exist_ok=True)
    (target / "run_results.json").unlink(missing_ok=True)
    kept = PassedUnitTests(MANIFEST.parent / "unit_tests", manifest)
    # by the digest of the code: dbt would keep unit tests of a former version of the project that are no more
    parsed = artifacts / f"parsed-{kept.digest}.msgpack"
    read_by_dbt = target / "partial_parse.msgpack"
    read_by_dbt.unlink(missing_ok=True)
    if parsed.exists():
        shutil.copyfile(parsed, read_by_dbt)
    models = {
        unique_id
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] in ("model", "seed") and node_asset_key(manifest, unique_id) in context.selected_asset_keys
    }
    built = built_models(warehouse, manifest)
    tests = [test for test in tests_of(manifest, models, built) if not (kept.are_known and test.startswith(UNIT_TEST))]
    selection = ["--select", " ".join(tests)] if tests else []
    if kept.are_known:
        selection += ["--exclude-resource-type", "unit_test"]
    events = dbt.cli(["build", *selection], context=context, target_path=target).stream()
    yield from with_row_counts(events, warehouse, manifest)
    for former in artifacts.glob("parsed-*.msgpack"):
        former.unlink()
    shutil.copyfile(read_by_dbt, parsed)
    kept.complete(target / "run_results.json", models)


def built_models(warehouse: Path, manifest: Mapping[str, Any]) -> set[str]:
    """The models and seeds that stand in the warehouse: an earlier part of the run has built them."""
    if not warehouse.exists():
        return set()
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = set(
            connection.execute(
                "select schema_name, table_name from duckdb_tables() union select schema_name, view_name from duckdb_views()"
            ).fetchall()
        )
    return {
        unique_id
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] in ("model", "seed") and (node["schema"], node["alias"]) in found
    }


def with_row_counts(events: Iterator[Any], warehouse: Path, manifest: Mapping[str, Any]) -> Iterator[Any]:
    """The events of one call of dbt; those of tables come last, with the row count of their table in `warehouse`.

    Last, because dbt keeps the file to itself while it runs. dagster-dbt's own `fetch_row_counts` opens a connection of
    dbt's adapter for every model.
    """
    held: list[dg.Output[Any]] = []
    try:
        for event in events:
            if isinstance(event, dg.Output):
                held.append(event)
            else:
                yield event
    except DagsterDbtCliRuntimeError:
        yield from _counted(held, warehouse, manifest)
        raise
    yield from _counted(held, warehouse, manifest)


def _counted(outputs: list[dg.Output[Any]], warehouse: Path, manifest: Mapping[str, Any]) -> Iterator[dg.Output[Any]]:
    if not outputs:
        return
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        counts: dict[tuple[str, str], int] = {
            (schema, table): rows
            for schema, table, rows in connection.execute(
                "select schema_name, table_name, estimated_size from duckdb_tables()"
            ).fetchall()
        }
    for output in outputs:
        node = manifest["nodes"].get(output.metadata["unique_id"].value, {})
        rows = counts.get((str(node.get("schema")), str(node.get("alias"))))
        # a view has no count: telling it would run its query
        yield output if rows is None else output.with_metadata({**output.metadata, "dagster/row_count": rows})


class PassedUnitTests:
    """The unit tests that have passed with this very code: they read no data, so they run anew only when code changes.

    Kept by a digest of all that can change their outcome: models, seeds, macros, the tests themselves, the versions of
    dbt and DuckDB. The results of the run that they ran in are put beside those of the runs that they need not run in.
    """

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        self._manifest = manifest
        code = {
            "nodes": {key: [node.get("raw_code"), node.get("checksum")] for key, node in manifest["nodes"].items()},
            "macros": {key: macro["macro_sql"] for key, macro in manifest["macros"].items()},
            "tests": {key: [test["given"], test["expect"]] for key, test in manifest.get("unit_tests", {}).items()},
            "versions": [manifest["metadata"]["dbt_version"], version("duckdb"), version("dbt-duckdb")],
        }
        digest = hashlib.sha256(json.dumps(code, sort_keys=True, default=str).encode()).hexdigest()
        self.digest = digest[:32]
        self._path = folder / f"{self.digest}.json"
        self._known: dict[str, Any] = json.loads(self._path.read_text("utf-8")) if self._path.exists() else {}

    @property
    def are_known(self) -> bool:
        """Whether every unit test of the project has passed with this code."""
        return set(self._manifest.get("unit_tests", {})) <= set(self._known)

    def complete(self, run_results: Path, models: set[str]) -> None:
        """Remember the unit tests that passed in this call, and add to its results those that need not run in it."""
        content = json.loads(run_results.read_text("utf-8"))
        ran = {result["unique_id"]: result for result in content["results"]}
        self._known |= {
            key: result
            for key, result in ran.items()
            if key in self._manifest.get("unit_tests", {}) and result["status"] == "pass"
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # beside the manifest, for all homes of this checkout: two of them may run at once
        partial = self._path.with_suffix(f".{os.getpid()}.part")
        partial.write_text(json.dumps(self._known, sort_keys=True), encoding="utf-8")
        partial.replace(self._path)
        content["results"] += [
            result
            for key, result in self._known.items()
            if key not in ran and models.intersection(self._manifest["unit_tests"][key]["depends_on"]["nodes"])
        ]
        run_results.write_text(json.dumps(content), encoding="utf-8")


if __name__ == "__main__":
    silence_telemetry()
    prepare_manifest()
