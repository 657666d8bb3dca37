"""One small simulated company, run once; tests take copies of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dagster_project.simulation.simulate import simulate
from tests.faults.commands import run_command


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A company that nobody has run yet."""
    home = tmp_path_factory.mktemp("simulated") / "home"
    home.mkdir()
    simulate(home, customers=400, months=14, seed=5)
    return home


@pytest.fixture(scope="session")
def published(simulated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same company after one run."""
    home = tmp_path_factory.mktemp("published") / "home"
    shutil.copytree(simulated, home)
    done = run_command("run", home)
    assert done.returncode == 0, done.stdout + done.stderr
    return home


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Path], Path]:
    """A private copy of a home, symlinks kept."""

    def copy(home: Path) -> Path:
        target = tmp_path / "home"
        shutil.copytree(home, target, symlinks=True)
        return target

    return copy
