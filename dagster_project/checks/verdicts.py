"""What a suite found, kept as one JSON file: `<folder>/verdicts/<gate>/<suite>.json`; and what publication reads of it.

Here: the form of a verdict, writing and reading it, the set that a publication needs. A verdict counts only when it is
whole: a missing, unreadable, contradictory, foreign or empty one is as bad as a failed one.
Not here: evaluation (`gate.py`, `dbt_results.py`) and the document for people (`document.py`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Outcome = Literal["kept", "warned", "failed", "exception"]
VerdictWord = Literal["passed", "warned", "failed"]

RAW, PUBLISHED, DBT = "raw", "published", "dbt"
FOLDER = "verdicts"


@dataclass(frozen=True)
class Result:
    """One expectation of a suite and what came of it. `words` say what is expected, `found` what was seen instead."""

    name: str
    kind: str
    words: str
    outcome: Outcome
    severity: Literal["blocking", "warning"] = "blocking"
    columns: tuple[str, ...] = ()
    limit: str = ""
    observed: str | None = None
    found: str | None = None
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class SuiteVerdict:
    """The verdict of one suite: a feed, a published table, or a dbt node with its tests."""

    gate: str
    suite: str
    run_id: str
    evaluated_rows: int | None
    results: tuple[Result, ...]

    @property
    def expectations_total(self) -> int:
        return len(self.results)

    @property
    def expectations_failed(self) -> int:
        """Expectations that block, exceptions included."""
        return sum(result.outcome in ("failed", "exception") for result in self.results)

    @property
    def expectations_warned(self) -> int:
        return sum(result.outcome == "warned" for result in self.results)

    @property
    def exceptions(self) -> int:
        return sum(result.outcome == "exception" for result in self.results)

    @property
    def verdict(self) -> VerdictWord:
        """A suite without any expectation has failed: nothing was evaluated."""
        if self.expectations_failed or not self.results:
            return "failed"
        return "warned" if self.expectations_warned else "passed"

    @property
    def failures(self) -> list[str]:
        """What blocks, in words."""
        found = [sentence(self.suite, result) for result in self.results if result.outcome in ("failed", "exception")]
        return found if self.results else [f"{self.suite}: no expectation was evaluated"]

    @property
    def warnings(self) -> list[str]:
        """What does not block, in words."""
        return [sentence(self.suite, result) for result in self.results if result.outcome == "warned"]

    def as_json(self) -> dict[str, Any]:
        return {
            "gate": self.gate,
            "suite": self.suite,
            "run_id": self.run_id,
            "verdict": self.verdict,
            "evaluated_rows": self.evaluated_rows,
            "expectations_total": self.expectations_total,
            "expectations_failed": self.expectations_failed,
            "expectations_warned": self.expectations_warned,
            "exceptions": self.exceptions,
            "failures": self.failures if self.verdict == "failed" else [],
            "warnings": self.warnings,
            "expectations": [asdict(result) for result in self.results],
        }


def sentence(suite: str, result: Result) -> str:
    """One line for a reader: table, what was expected, what was found, examples."""
    examples = f"; for example {'; '.join(result.examples)}" if result.examples else ""
    limit = f" ({result.limit})" if result.limit else ""
    return f"{suite}: expected that {result.words}{limit}; {result.found or 'not kept'}{examples}"


@dataclass(frozen=True)
class Verdicts:
    """What publication needs to know. `problems` empty = publishable."""

    suites: tuple[SuiteVerdict, ...]
    problems: tuple[str, ...]

    @property
    def is_publishable(self) -> bool:
        return not self.problems

    @property
    def passed(self) -> int:
        """Expectations kept."""
        return sum(suite.expectations_total - suite.expectations_failed - suite.expectations_warned for suite in self.suites)

    @property
    def warned(self) -> int:
        """Expectations that warn."""
        return sum(suite.expectations_warned for suite in self.suites)


def write_verdict(folder: Path, verdict: SuiteVerdict) -> Path:
    """Write the verdict's file, whole or not at all."""
    path = verdict_path(folder, f"{verdict.gate}/{verdict.suite}")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(json.dumps(verdict.as_json(), indent=1, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
    return path


def verdict_path(folder: Path, name: str) -> Path:
    """`name` is `<gate>/<suite>`."""
    return folder / FOLDER / f"{name}.json"


def read_verdict(path: Path) -> SuiteVerdict:
    """Read one file. Raises ValueError with the reason where it is missing, unreadable or contradicts itself."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError("the verdict is missing: the suite did not run or did not finish") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"the verdict cannot be read: {error}") from error
    try:
        results = tuple(_result(item) for item in content["expectations"])
        verdict = SuiteVerdict(content["gate"], content["suite"], content["run_id"], content["evaluated_rows"], results)
        contradictions = sorted(
            key for key, value in verdict.as_json().items() if key != "expectations" and content[key] != value
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"the verdict is incomplete: {error!r}") from error
    if contradictions:
        raise ValueError(f"the verdict contradicts its own expectations in {', '.join(contradictions)}")
    return verdict


def _result(item: Mapping[str, Any]) -> Result:
    result = Result(**{**item, "columns": tuple(item["columns"]), "examples": tuple(item["examples"])})
    if result.outcome not in ("kept", "warned", "failed", "exception"):
        raise TypeError(f"unknown outcome {result.outcome!r}")
    return result


def read_all(folder: Path) -> tuple[dict[str, SuiteVerdict], dict[str, str]]:
    """Every verdict file of the folder: `<gate>/<suite>` -> verdict, and -> why it cannot be used."""
    found, unusable = {}, {}
    for path in sorted((folder / FOLDER).glob("*/*.json")):
        name = f"{path.parent.name}/{path.stem}"
        try:
            verdict = read_verdict(path)
            if (verdict.gate, verdict.suite) != (path.parent.name, path.stem):
                raise ValueError(f"the file is about {verdict.gate}/{verdict.suite}")
            found[name] = verdict
        except ValueError as error:
            unusable[name] = str(error)
    return found, unusable


def read_verdicts(folder: Path, expected: Iterable[str], run_id: str | None = None) -> Verdicts:
    """Read what publication depends on: the `expected` suites (`<gate>/<suite>`), and any other verdict in the folder.

    Each problem is a sentence. A failed verdict that nobody expected is a problem, too; so is one of another run.
    """
    found, unusable = read_all(folder)
    problems = []
    for name in sorted(set(expected) | set(found) | set(unusable)):
        if name in unusable:
            problems.append(f"{name}: {unusable[name]}")
        elif name not in found:
            problems.append(f"{name}: the verdict is missing: the suite did not run or did not finish")
        elif found[name].verdict == "failed":
            problems += [f"{found[name].gate}/{line}" for line in found[name].failures]
    run_ids = {verdict.run_id for verdict in found.values()}
    if run_id is not None and run_ids - {run_id}:
        problems.append(f"verdicts of another run: {', '.join(sorted(run_ids - {run_id}))}")
    elif len(run_ids) > 1:
        problems.append(f"verdicts of several runs: {', '.join(sorted(run_ids))}")
    if not set(expected):
        problems.append("no verdict is expected: nothing would be checked")
    return Verdicts(tuple(found[name] for name in sorted(found)), tuple(problems))


def published_models(manifest: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The models of the published interface: name -> node of the dbt manifest.

    `publication` is not among them should dbt ever make it: the publication step writes it after the gates.
    """
    return {
        node["name"]: node
        for _, node in sorted(manifest["nodes"].items())
        if node["resource_type"] == "model" and node["fqn"][1:2] == ["marts"] and node["name"] != "publication"
    }


def expected_verdicts(configured_feeds: Iterable[str], manifest: Mapping[str, Any]) -> set[str]:
    """The verdicts without which nothing is published: each configured feed, published table, dbt model and seed."""
    built = {
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed") and node["config"].get("materialized") != "ephemeral"
    }
    return (
        {f"{RAW}/{feed}" for feed in configured_feeds}
        | {f"{PUBLISHED}/{name}" for name in published_models(manifest)}
        | {f"{DBT}/{name}" for name in built}
    )
