"""The document of a run's checks for people: one HTML page that needs no network, made from the verdict files.

GX's own documents load scripts and fonts from public servers, so that they cannot be read offline: this page is ours.
The same verdicts give the same bytes: no clock, no order of arrival.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from html import escape
from pathlib import Path

from dagster_project.checks.verdicts import DBT, PUBLISHED, RAW, Result, SuiteVerdict, read_all

NAME = "index.html"
_TITLES = {RAW: "Landed feeds", PUBLISHED: "Published tables", DBT: "dbt models and tests"}
_RANK = {"failed": 0, "warned": 1, "passed": 2}
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #1c2530; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid #d9dfe5; }
th { font-weight: 600; background: #f3f5f7; } td.number { text-align: right; font-variant-numeric: tabular-nums; }
summary { cursor: pointer; padding: .3rem 0; } details { border-bottom: 1px solid #d9dfe5; }
.mark { display: inline-block; min-width: 5.5rem; border-radius: .2rem; text-align: center; font-weight: 600; }
.passed, .kept { background: #dff2e3; color: #14532d; } .warned { background: #fdf0c8; color: #713f12; }
.failed, .exception { background: #fbdcdc; color: #7f1d1d; }
.example { color: #52606d; } code { font-size: .9em; overflow-wrap: anywhere; }
"""


def write_document(folder: Path) -> Path:
    """Write `<folder>/index.html` from every verdict under `folder`."""
    found, unusable = read_all(folder)
    path = folder / NAME
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(_page(list(found.values()), unusable), encoding="utf-8")
    os.replace(part, path)
    return path


def _page(suites: list[SuiteVerdict], unusable: dict[str, str]) -> str:
    run_ids = ", ".join(sorted({suite.run_id for suite in suites})) or "unknown"
    body = [
        "<h1>Checks of a run</h1>",
        f"<p>Run <code>{escape(run_ids)}</code>. A failed check stops the publication; a warning does not.</p>",
        _summary(suites),
    ]
    if unusable:
        items = "".join(f"<li><code>{escape(name)}</code>: {escape(reason)}</li>" for name, reason in sorted(unusable.items()))
        body.append(f"<h2>Verdicts that cannot be used</h2><ul>{items}</ul>")
    for gate in sorted(
        {suite.gate for suite in suites}, key=lambda name: (list(_TITLES).index(name) if name in _TITLES else 9, name)
    ):
        own = sorted((suite for suite in suites if suite.gate == gate), key=lambda suite: (_RANK[suite.verdict], suite.suite))
        body.append(f"<h2>{escape(_TITLES.get(gate, gate))}</h2>")
        body += [_suite(suite) for suite in own]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Checks of a run</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body>\n" + "\n".join(body) + "\n</body></html>\n"
    )


def _summary(suites: list[SuiteVerdict]) -> str:
    lines = []
    for gate in [*_TITLES, *sorted({suite.gate for suite in suites} - set(_TITLES))]:
        own = [suite for suite in suites if suite.gate == gate]
        if own:
            numbers = (
                len(own),
                sum(suite.expectations_total for suite in own),
                sum(suite.expectations_failed for suite in own),
                sum(suite.expectations_warned for suite in own),
                sum(suite.exceptions for suite in own),
            )
            cells = "".join(f'<td class="number">{number}</td>' for number in numbers)
            lines.append(f"<tr><td>{escape(_TITLES.get(gate, gate))}</td>{cells}</tr>")
    heads = ("Gate", "Suites", "Expectations", "Failed", "Warned", "of the failed: exceptions")
    return _table(heads, lines)


def _suite(suite: SuiteVerdict) -> str:
    is_open = " open" if suite.verdict != "passed" else ""
    evaluated = "" if suite.evaluated_rows is None else f", {suite.evaluated_rows:,} rows evaluated"
    order = {"exception": 0, "failed": 1, "warned": 2, "kept": 3}
    results = sorted(suite.results, key=lambda result: order[result.outcome])
    heads = ("Verdict", "Expectation", "Severity", "Limit", "Observed", "Found")
    return (
        f"<details{is_open}><summary>{_mark(suite.verdict)} <strong>{escape(suite.suite)}</strong> "
        f"({suite.expectations_total} expectations{evaluated})</summary>"
        f"{_table(heads, [_line(result) for result in results])}</details>"
    )


def _line(result: Result) -> str:
    examples = "".join(f'<br><span class="example">{escape(example)}</span>' for example in result.examples)
    return (
        f"<tr><td>{_mark(result.outcome)}</td><td>{escape(result.words)}</td><td>{escape(result.severity)}</td>"
        f'<td>{escape(result.limit or "0 rows")}</td><td class="number">{escape(result.observed or "")}</td>'
        f"<td>{escape(result.found or '')}{examples}</td></tr>"
    )


def _table(heads: Iterable[str], lines: list[str]) -> str:
    return f"<table><tr>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr>{''.join(lines)}</table>"


def _mark(word: str) -> str:
    return f'<span class="mark {escape(word)}">{escape(word)}</span>'
