"""The published database of the tests, made once: nothing here changes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.packs.figures import Report, build_report
from dagster_project.packs.reading import read_published
from tests.unit.packs.published import make_published


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_published(tmp_path_factory.mktemp("published") / "service_value.duckdb")


@pytest.fixture(scope="session")
def report(database: Path) -> Report:
    return build_report(read_published(database, "fr"), "Europe/Paris")
