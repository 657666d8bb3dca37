"""Great Expectations over DuckDB: the patch, exceptions, exact decimals. These fail loudly when GX changes inside."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from importlib import import_module
from importlib.metadata import version
from typing import Any

import pytest

from dagster_project.checks import gx_duckdb
from dagster_project.checks.expectations import Check, Table, constant, equals, no_row, share_below, unique
from dagster_project.checks.gx_duckdb import GxChangedError, GxSession

TABLE = Table("t", "'id ' || id", "id")


@pytest.fixture
def session() -> Any:
    with GxSession() as opened:
        opened.execute("create table t as select * from (values (1, 'a'), (2, null)) as v(id, word)")
        yield opened


def check(condition: str, name: str = "c") -> Check:
    return no_row(TABLE, name, "rule", "it holds", condition, ())


def test_the_installed_version_is_the_tested_one() -> None:
    assert version("great-expectations") == gx_duckdb.TESTED_VERSION


def test_without_the_patch_gx_fails_over_duckdb_so_the_patch_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = import_module(gx_duckdb._ENGINE_MODULE)
    listed = tuple(item for item in getattr(engine, gx_duckdb._LISTED) if item.value != "duckdb")
    monkeypatch.setattr(engine, gx_duckdb._LISTED, listed)
    monkeypatch.setattr(gx_duckdb, "_keep_connection", lambda: None)
    with GxSession() as opened:
        opened.execute("create table t as select 1 as id")
        (observation,) = opened.validate("t", [check("id < 0")])
    assert observation.exception is not None
    assert not observation.is_kept


def test_with_the_patch_a_kept_check_is_kept_and_a_broken_one_is_counted_with_its_rows(session: GxSession) -> None:
    kept, broken = session.validate("t", [check("id < 0", "kept"), check("word is null", "broken")])
    assert (kept.is_kept, kept.observed, kept.exception) == (True, "0", None)
    assert (broken.is_kept, broken.observed, broken.examples) == (False, "1", ("id 2",))


@pytest.mark.parametrize("changed", [None, ["sqlite"], ("sqlite",)])
def test_a_changed_private_name_is_an_error_that_says_so(monkeypatch: pytest.MonkeyPatch, changed: Any) -> None:
    engine = import_module(gx_duckdb._ENGINE_MODULE)
    monkeypatch.setattr(engine, gx_duckdb._LISTED, changed)
    with pytest.raises(GxChangedError, match="_PERSISTED_CONNECTION_DIALECTS is no longer"):
        GxSession()


def test_a_check_that_raises_stands_alone_and_the_others_of_its_scan_are_still_evaluated(session: GxSession) -> None:
    checks = [check(f"id < -{number}", f"kept {number}") for number in range(6)]
    checks.insert(3, check("cast(word as integer) > 0", "raises"))
    found = {item.check.name: item for item in session.validate("t", checks)}
    assert found["raises"].exception is not None
    assert not found["raises"].is_kept
    assert "Conversion Error" in found["raises"].exception
    assert all(item.is_kept for name, item in found.items() if name != "raises")


def test_a_suite_after_a_failed_query_is_evaluated_all_the_same(session: GxSession) -> None:
    session.validate("t", [check("no_such_column > 0")])
    (observation,) = session.validate("t", [check("id < 0")])
    assert observation.is_kept


def test_a_table_that_is_not_there_fails_every_check(session: GxSession) -> None:
    observations = session.validate("nowhere", [check("id < 0", "a"), check("id > 9", "b")])
    assert [item.exception is not None and not item.is_kept for item in observations] == [True, True]


def test_a_measure_without_a_value_is_an_exception_and_no_pass(session: GxSession) -> None:
    (observation,) = session.validate("t", [Check("null", "rule", "w", "max(cast(null as integer))", minimum=0)])
    assert observation.exception == "it has no observed value"


def test_a_check_for_which_gx_gives_no_result_is_an_exception(session: GxSession, monkeypatch: pytest.MonkeyPatch) -> None:
    # GX logs and drops an expectation that it cannot read: the suite is then one shorter, and passes
    whole = session._gx.ExpectationSuite
    monkeypatch.setattr(
        session._gx, "ExpectationSuite", lambda name, expectations: whole(name=name, expectations=expectations[1:])
    )
    dropped, kept = session.validate("t", [check("id < 0", "dropped"), check("id > 9", "kept")])
    assert dropped.exception == "Great Expectations gave no result for it"
    assert kept.is_kept


def test_two_checks_of_one_name_are_refused(session: GxSession) -> None:
    with pytest.raises(ValueError, match="same name"):
        session.validate("t", [check("id < 0"), check("id > 0")])


def test_money_is_compared_to_the_last_digit(session: GxSession) -> None:
    session.execute("create table m as select 90000000000000.0001::decimal(18,4) as money from range(3)")
    exact = equals("sum", "money", "w", "sum(money)", Decimal("270000000000000.0003"))
    off = equals("off", "money", "w", "sum(money)", Decimal("270000000000000.0002"))
    assert [item.is_kept for item in session.validate("m", [exact, off])] == [True, False]


def test_uniqueness_counts_the_surplus_rows_and_names_the_key(session: GxSession) -> None:
    session.execute("create table u as select * from (values (1, null), (1, null), (2, 'x')) as v(a, b)")
    table = Table("u", "'row'", "a")
    bad, good = session.validate("u", [unique(table, ["a", "b"]), unique(table, ["a", "b"], "a = 2", name="good")])
    assert (bad.observed, bad.examples) == ("1", ("a 1, b null (2 rows)",))
    assert good.is_kept


def test_a_share_of_nothing_is_nought_and_a_constant_has_a_value_over_no_row(session: GxSession) -> None:
    session.execute("create table empty (id integer)")
    checks = [
        share_below("share", "share", "w", "count(*)", "count(*)", Decimal("0.01"), []),
        equals("constant", "rule", "w", constant(7), 7),
    ]
    assert [item.is_kept for item in session.validate("empty", checks)] == [True, True]


def test_errors_shown_to_people_hold_no_address() -> None:
    assert gx_duckdb.first_line("cannot convert 'anna@example.com' or +33612345678\nmore") == "cannot convert '***' or ***"


def test_importing_the_gate_does_not_import_great_expectations() -> None:
    code = "import sys, dagster_project.checks.gate; print('great_expectations' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_nothing_is_sent_anywhere(session: GxSession) -> None:
    assert session._context.config.analytics_enabled is False
    settings = dict(session.execute("select name, value from duckdb_settings() where name like 'auto%known_extensions'"))
    assert set(settings.values()) == {"false"}


def test_a_process_that_ran_a_suite_ends_without_a_word_on_its_error_stream() -> None:
    # DuckDB's wheel printed forty lines about leaked instances when GX and duckdb-engine had met in the process
    code = (
        "from dagster_project.checks.gx_duckdb import GxSession\n"
        "from dagster_project.checks.expectations import constant, equals\n"
        "with GxSession() as session:\n"
        "    session.execute('create table t as select 1 as id')\n"
        "    print(session.validate('t', [equals('one', 'rule', 'w', constant(1), 1)])[0].is_kept)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (run.stdout.strip(), run.stderr.strip()) == ("True", "")
