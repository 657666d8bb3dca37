"""The published databases of the tests, made once: nothing here changes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.packs.customers import CustomerReport, build_customer_report
from dagster_project.packs.figures import Report, build_report
from dagster_project.packs.reading import read_customers, read_published
from dagster_project.packs.reading_value import read_value
from dagster_project.packs.value import ValueReport, build_value_report
from tests.unit.packs.customers_published import make_customers
from tests.unit.packs.published import AS_OF, make_published
from tests.unit.packs.value_published import make_value


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_published(tmp_path_factory.mktemp("published") / "service_value.duckdb")


@pytest.fixture(scope="session")
def report(database: Path) -> Report:
    return build_report(read_published(database, "fr"), "Europe/Paris")


@pytest.fixture(scope="session")
def customers_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_customers(tmp_path_factory.mktemp("customers") / "service_value.duckdb")


@pytest.fixture(scope="session")
def customers(customers_database: Path) -> CustomerReport:
    return build_customer_report(read_customers(customers_database, "fr"), AS_OF)


@pytest.fixture(scope="session")
def value_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_value(tmp_path_factory.mktemp("value") / "service_value.duckdb")


@pytest.fixture(scope="session")
def value(value_database: Path) -> ValueReport:
    return build_value_report(read_value(value_database, "fr"), AS_OF)
