"""What publication reads again: a verdict counts only when it is whole and of this run, and none may be missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dagster_project.checks.document import write_document
from dagster_project.checks.verdicts import (
    Result,
    SuiteVerdict,
    expected_verdicts,
    read_verdict,
    read_verdicts,
    verdict_path,
    write_verdict,
)

KEPT = Result("a", "rule", "`a` holds", "kept", columns=("a",), limit="", observed="0")
WARNED = Result("b", "share", "`b` is small", "warned", "warning", ("b",), "<= 0.1", "0.2", "found 0.2", ("b 1",))
FAILED = Result("c", "range", "0 <= `c`", "failed", "blocking", ("c",), "", "2", "2 rows found", ("row 7: c -1", "row 9: c -2"))
RAISED = Result("d", "rule", "`d` holds", "exception", found="Conversion Error")


def suite(*results: Result, name: str = "contacts", run_id: str = "run") -> SuiteVerdict:
    return SuiteVerdict("published", name, run_id, 10, results)


@pytest.mark.parametrize(
    ("results", "verdict"),
    [
        ((KEPT,), "passed"),
        ((KEPT, WARNED), "warned"),
        ((KEPT, WARNED, FAILED), "failed"),
        ((KEPT, RAISED), "failed"),
        ((), "failed"),
    ],
)
def test_the_verdict_follows_from_the_worst_result_and_nothing_evaluated_is_a_failure(
    results: tuple[Result, ...], verdict: str
) -> None:
    assert suite(*results).verdict == verdict


def test_an_exception_in_a_warning_blocks() -> None:
    assert suite(KEPT, Result("e", "share", "w", "exception", "warning", found="boom")).verdict == "failed"


def test_a_failure_names_table_column_count_and_rows() -> None:
    assert suite(FAILED).failures == ["contacts: expected that 0 <= `c`; 2 rows found; for example row 7: c -1; row 9: c -2"]


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    written = suite(KEPT, WARNED, FAILED, RAISED)
    path = write_verdict(tmp_path, written)
    assert read_verdict(path) == written
    content = json.loads(path.read_text(encoding="utf-8"))
    assert (
        content["expectations_total"],
        content["expectations_failed"],
        content["expectations_warned"],
        content["exceptions"],
    ) == (4, 2, 1, 1)
    assert [item.name for item in path.parent.iterdir()] == ["contacts.json"]


def test_verdicts_that_pass_or_warn_are_publishable_and_counted(tmp_path: Path) -> None:
    write_verdict(tmp_path, suite(KEPT, WARNED))
    write_verdict(tmp_path, suite(KEPT, name="purchases"))
    verdicts = read_verdicts(tmp_path, {"published/contacts", "published/purchases"}, "run")
    assert verdicts.is_publishable
    assert (verdicts.passed, verdicts.warned) == (2, 1)


def test_a_missing_verdict_is_not_publishable(tmp_path: Path) -> None:
    write_verdict(tmp_path, suite(KEPT))
    verdicts = read_verdicts(tmp_path, {"published/contacts", "raw/crm_contacts"})
    assert verdicts.problems == ("raw/crm_contacts: the verdict is missing: the suite did not run or did not finish",)


def test_a_failed_verdict_is_not_publishable_with_its_reasons(tmp_path: Path) -> None:
    write_verdict(tmp_path, suite(KEPT, FAILED))
    (problem,) = read_verdicts(tmp_path, {"published/contacts"}).problems
    assert problem.startswith("published/contacts: expected that 0 <= `c`")


def test_a_failed_verdict_that_nobody_expected_is_not_publishable_either(tmp_path: Path) -> None:
    write_verdict(tmp_path, suite(KEPT))
    write_verdict(tmp_path, suite(FAILED, name="novelty"))
    assert not read_verdicts(tmp_path, {"published/contacts"}).is_publishable


def test_expecting_nothing_is_not_publishable(tmp_path: Path) -> None:
    assert read_verdicts(tmp_path, set()).problems == ("no verdict is expected: nothing would be checked",)


def test_a_verdict_of_another_run_is_not_publishable(tmp_path: Path) -> None:
    write_verdict(tmp_path, suite(KEPT, run_id="yesterday"))
    assert read_verdicts(tmp_path, {"published/contacts"}, "run").problems == ("verdicts of another run: yesterday",)
    write_verdict(tmp_path, suite(KEPT, name="purchases"))
    assert not read_verdicts(tmp_path, {"published/contacts", "published/purchases"}).is_publishable


def _change(**changes: Any) -> Any:
    return lambda content: content | changes


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda content: None, "incomplete"),
        (lambda content: [], "incomplete"),
        (lambda content: {key: value for key, value in content.items() if key != "expectations"}, "incomplete"),
        (lambda content: {key: value for key, value in content.items() if key != "verdict"}, "incomplete"),
        (_change(expectations=[]), "contradicts"),
        (_change(verdict="passed"), "contradicts its own expectations in verdict"),
        (_change(expectations_failed=0), "contradicts"),
        (_change(expectations=[{"name": "a"}]), "incomplete"),
        (lambda content: content | {"expectations": [content["expectations"][0] | {"outcome": "fine"}]}, "incomplete"),
        (_change(suite="purchases"), "contradicts|the file is about"),
    ],
)
def test_a_verdict_that_is_not_whole_is_not_publishable(tmp_path: Path, change: Any, reason: str) -> None:
    path = write_verdict(tmp_path, suite(KEPT, FAILED))
    path.write_text(json.dumps(change(json.loads(path.read_text(encoding="utf-8")))), encoding="utf-8")
    (problem,) = read_verdicts(tmp_path, {"published/contacts"}).problems
    assert any(word in problem for word in reason.split("|")), problem


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b'{"gate": "published"'])
def test_a_verdict_that_cannot_be_read_is_not_publishable(tmp_path: Path, content: bytes) -> None:
    write_verdict(tmp_path, suite(KEPT)).write_bytes(content)
    (problem,) = read_verdicts(tmp_path, {"published/contacts"}).problems
    assert "cannot be read" in problem


def test_publication_expects_every_configured_feed_published_table_and_dbt_node() -> None:
    def node(name: str, kind: str, folder: str, materialized: str = "table") -> dict[str, Any]:
        return {
            "name": name,
            "resource_type": kind,
            "fqn": ["p", folder, name],
            "config": {"materialized": materialized},
        }

    nodes = [
        node("stg_a", "model", "staging", "view"),
        node("helper", "model", "intermediate", "ephemeral"),
        node("contacts", "model", "marts"),
        node("publication", "model", "marts"),
        node("channels_seed", "seed", "seeds", "seed"),
        node("not_null", "test", "marts", "test"),
    ]
    manifest = {"nodes": {str(number): item for number, item in enumerate(nodes)}}
    assert expected_verdicts(["crm_contacts"], manifest) == {
        "raw/crm_contacts",
        "published/contacts",
        "dbt/stg_a",
        "dbt/contacts",
        "dbt/publication",
        "dbt/channels_seed",
    }


def test_the_document_shows_every_verdict_without_any_request_and_is_the_same_each_time(tmp_path: Path) -> None:
    hostile = Result("<x>", "rule", "no <script>alert(1)</script>", "failed", found="<b>2</b>", examples=("<i>row</i>",))
    write_verdict(tmp_path, suite(KEPT, WARNED, FAILED, RAISED, hostile))
    write_verdict(tmp_path, suite(KEPT, name="purchases"))
    verdict_path(tmp_path, "raw/crm_contacts").parent.mkdir(parents=True)
    verdict_path(tmp_path, "raw/crm_contacts").write_text("{", encoding="utf-8")
    page = write_document(tmp_path).read_text(encoding="utf-8")
    for text in (
        "contacts",
        "purchases",
        "`c`",
        "row 7: c -1",
        "Conversion Error",
        "raw/crm_contacts",
        "&lt;script&gt;",
    ):
        assert text in page
    for forbidden in ("http:", "https:", "//", "src=", "<script", "<link", "@import", "url(", "<b>", "<i>"):
        assert forbidden not in page
    assert write_document(tmp_path).read_text(encoding="utf-8") == page
