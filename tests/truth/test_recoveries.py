"""What a run recovers of a company with known truth: the bounded form of `make truth`.

One company of 1,500 customers in the world of `make truth`, run whole by the command. Not here: how sure the figures are, and movements (20
companies of 5,000: `make truth`), the linkage of bad records (`test_identity.py`), the measures themselves
(`tests/unit/simulation/`).
"""

from __future__ import annotations

import shlex
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from typer.testing import CliRunner

from dagster_project import cli
from dagster_project.company.model import load_company, resolve_salt
from dagster_project.simulation.evaluate import compare, read_home
from dagster_project.simulation.parameters import SimulationParameters, parameters_with
from dagster_project.simulation.recovery import Recovery
from dagster_project.simulation.simulate import simulate
from tests.faults.commands import run_command
from tests.truth.repurchase_recount import recount

CUSTOMERS, MONTHS, SEED = 1500, 24, 1
MAKEFILE = Path(__file__).parents[2] / "Makefile"
# 41 customers changed here: 0.80 is known to 0.06. `make truth` judges it, on all its companies together.
TOO_FEW_HERE = {"segments: changed that moved within 90 days"}


def world_of_make_truth() -> SimulationParameters:
    lines = MAKEFILE.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    [stated] = [line.split("?=", 1)[1] for line in lines if line.startswith("TRUTH_WORLD ?=")]
    words = shlex.split(stated)
    assert set(words[::2]) == {"--set"}
    return parameters_with(words[1::2])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("truth") / "home"
    path.mkdir()
    simulate(path, customers=CUSTOMERS, months=MONTHS, seed=SEED, parameters=world_of_make_truth())
    done = run_command("run", path)
    assert done.returncode == 0, done.stdout + done.stderr
    return path


@pytest.fixture(scope="module")
def recoveries(home: Path) -> dict[str, Recovery]:
    return {line.figure: line for line in compare(read_home(home, resolve_salt(load_company(home), {})))}


def test_every_figure_that_the_project_promises_is_reached(recoveries: dict[str, Recovery]) -> None:
    missed = {figure: (line.found, line.needed) for figure, line in recoveries.items() if line.is_met is False}
    assert {figure: values for figure, values in missed.items() if figure not in TOO_FEW_HERE} == {}


def test_the_movements_of_the_unchanged_are_held_here_too(recoveries: dict[str, Recovery]) -> None:
    """Thousands of month boundaries: one company is enough to judge it."""
    line = recoveries["segments: unchanged that move at a month boundary"]
    assert line.is_met is True and line.sample > 10_000


def test_the_oracle_itself_reaches_what_is_needed_in_this_world(recoveries: dict[str, Recovery]) -> None:
    """Else the world would be one in which nobody could answer."""
    judged = {figure: line for figure, line in recoveries.items() if line.requirement and line.oracle is not None}
    assert len(judged) == 11
    assert {figure: (line.oracle, line.needed) for figure, line in judged.items() if line.oracle < line.needed} == {}


def test_a_strict_evaluation_ends_with_1_as_long_as_something_is_missed(home: Path, recoveries: dict[str, Recovery]) -> None:
    assert CliRunner().invoke(cli.app, ["evaluate", str(home)]).exit_code == 0
    answer = CliRunner().invoke(cli.app, ["evaluate", "--strict", str(home)])
    is_missed = any(line.is_met is False for line in recoveries.values())
    assert (isinstance(answer.exception, cli.Stopped) and answer.exception.code == 1) == is_missed


def test_credited_and_pending_euros_are_the_eligible_ones_of_the_raw_rows_to_the_cent(home: Path) -> None:
    recounted = recount(home)
    with duckdb.connect(str(home / "published" / "service_value.duckdb"), read_only=True) as connection:
        found = connection.execute(
            """select window_days, sum(case when not is_pending then net_amount else 0 end) * 10000 as credited,
                sum(case when is_pending then net_amount else 0 end) * 10000 as pending
            from repurchase_credits group by window_days order by window_days"""
        ).df()
    found = found.set_index("window_days").astype("int64")
    assert list(recounted.index) == [30, 60, 90] and (recounted > 0).all(axis=None)
    pd.testing.assert_frame_equal(recounted[["credited", "pending"]], found, check_index_type=False)
    assert (recounted["credited"] + recounted["pending"]).equals(recounted["eligible"])


def test_euros_after_contacts_add_across_months_segments_channels_and_members(home: Path) -> None:
    """Each way of cutting them gives the credits again, window by window."""
    with duckdb.connect(str(home / "published" / "service_value.duckdb"), read_only=True) as connection:
        whole, by_segment, by_channel, by_member = (
            connection.execute(sql).fetchall()
            for sql in (
                "select window_days, sum(net_amount) from repurchase_credits group by all order by all",
                (
                    "select window_days, sum(coalesce(observed_amount, 0) + pending_amount) from repurchase_after_contact "
                    "where value_segment <> -1 and channel = 'all' group by all order by all"
                ),
                (
                    "select window_days, sum(coalesce(observed_amount, 0) + pending_amount) from repurchase_after_contact "
                    "where value_segment = -1 and channel <> 'all' group by all order by all"
                ),
                (
                    "select dimension, window_days, sum(coalesce(observed_amount, 0) + pending_amount) "
                    "from repurchase_after_contact_detail group by all order by all"
                ),
            )
        )
    assert whole == by_segment == by_channel and len(whole) == 3
    assert by_member == [(dimension, *row) for dimension in ("queue", "reason", "relational_family", "team") for row in whole]
