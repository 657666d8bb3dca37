"""Rules that hold for every model: descriptions, grains, and the agreement with the contract of the feeds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dagster_project.feeds.contract import FEEDS, raw_schema
from tests.marts.inputs import DBT, source_tables

MACROS = (DBT / "macros" / "staging" / "newest_versions.sql").read_text(encoding="utf-8")
MODELS = sorted((DBT / "models").rglob("*.sql"))
# syntax of one engine alone: it lives in macros/portable/ (and in unit tests, which run on DuckDB)
ENGINE_ONLY = re.compile(
    r"\b(asof|arg_max|arg_min|list\(|distinct on|epoch\(|strftime|generate_series|regexp_matches|quantile_cont)"
    r"|\bdate_diff\b|\bexclude\s*\(|[^:/]//[^/]",
    re.IGNORECASE,
)


def properties() -> dict[str, dict[str, Any]]:
    """The YAML of each model."""
    found = {}
    for path in sorted((DBT / "models").rglob("*.yml")):
        for model in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", []):
            found[model["name"]] = model | {"path": path}
    return found


PROPERTIES = properties()


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_every_model_states_its_grain_and_describes_every_column(path: Path) -> None:
    model = PROPERTIES[path.stem]
    assert model["path"].parent == path.parent
    assert re.search(r"One\s+row\s+per\s[^.]+\.\s*$", model["description"]), "the description ends with the grain"
    assert model["columns"]
    for column in model["columns"]:
        assert column.get("description"), column["name"]
        if "marts" in path.relative_to(DBT).parts:
            assert column.get("data_type"), column["name"]


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_every_model_is_written_in_the_sql_that_the_engines_share(path: Path) -> None:
    text = re.sub(r"--[^\n]*|\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert not ENGINE_ONLY.search(text)
    assert "current_timestamp" not in text


def test_the_search_for_engine_only_syntax_finds_it() -> None:
    assert ENGINE_ONLY.search("select arg_max(a, b)")
    assert ENGINE_ONLY.search("select a // b")
    assert not ENGINE_ONLY.search("select a / b, 'https://example.org'")


def feed_rules() -> dict[str, dict[str, Any]]:
    """The dictionary of the macro `feed_rules`, as Python."""
    body = MACROS.split("return({", 1)[1].split("}[feed])", 1)[0]
    rules: dict[str, dict[str, Any]] = yaml.safe_load("{" + body + "}")
    return rules


def test_the_as_of_rule_knows_the_keys_and_event_times_of_the_contract() -> None:
    rules = feed_rules()
    assert set(rules) == set(FEEDS)
    for name, feed in FEEDS.items():
        assert tuple(rules[name]["key"]) == feed.key, name
        assert tuple(rules[name]["event_at"]) == feed.event_at, name
        instants = {column.name for column in feed.columns if column.type == "timestamp"}
        assert set(rules[name]["later"]) <= instants - {"updated_at"}, name
        assert ("currency" in rules[name]) == any(column.name == "currency" for column in feed.columns), name


def test_the_sources_have_the_columns_and_types_of_the_contract() -> None:
    raw = source_tables()["raw"]
    assert set(raw) == set(FEEDS)
    for name, feed in FEEDS.items():
        assert raw[name] == raw_schema(feed), name


def test_every_feed_has_a_staging_model_with_every_column() -> None:
    for name, feed in FEEDS.items():
        declared = {column["name"] for column in PROPERTIES[feed.staging_model]["columns"]}
        assert {column.name for column in feed.columns} <= declared, name
