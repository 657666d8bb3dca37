"""The settings of a process: what the environment may say, and how a mistake in it is told."""

import os
from pathlib import Path

import pytest
import yaml
from jinja2 import Environment

from dagster_project import cli
from dagster_project.company.errors import ConfigurationError
from dagster_project.settings import DBT_PROJECT, Settings


@pytest.mark.parametrize("threads", ["abc", "0", "-1", "2.5", " "])
def test_a_number_of_threads_that_is_none_is_named_with_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: str
) -> None:
    monkeypatch.setenv("SERVICE_VALUE_THREADS", threads)
    with pytest.raises(ConfigurationError, match=f"SERVICE_VALUE_THREADS: {threads!r} is not a number of threads"):
        Settings.from_environment(tmp_path)


def test_a_number_of_threads_is_taken_and_an_empty_one_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_VALUE_THREADS", "3")
    assert Settings.from_environment(tmp_path).threads == 3
    monkeypatch.setenv("SERVICE_VALUE_THREADS", "")
    assert Settings.from_environment(tmp_path).threads >= 1


@pytest.mark.parametrize("memory", ["4", "GB", "0GB", "4 GB", "-1GB", "4GB'; attach"])
def test_an_amount_of_memory_that_is_none_is_named_with_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: str
) -> None:
    monkeypatch.setenv("SERVICE_VALUE_MEMORY", memory)
    with pytest.raises(ConfigurationError, match=r"SERVICE_VALUE_MEMORY: .* is not an amount of memory"):
        Settings.from_environment(tmp_path)


def test_an_amount_of_memory_reaches_dbt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_VALUE_MEMORY", "3GB")
    Settings.from_environment(tmp_path).export_to_dbt()
    profile = yaml.safe_load((DBT_PROJECT / "profiles.yml").read_text(encoding="utf-8"))
    setting = profile["service_value"]["outputs"]["duckdb"]["settings"]["memory_limit"]
    assert Environment().from_string(setting).render(env_var=lambda name, default: os.environ.get(name, default)) == "3GB"


def test_the_command_ends_with_2_where_the_environment_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SERVICE_VALUE_THREADS", "abc")
    monkeypatch.setattr("sys.argv", ["service-value", "kpis", str(tmp_path)])
    monkeypatch.setattr("atexit.register", lambda *arguments: None)
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 2
    assert "SERVICE_VALUE_THREADS" in capsys.readouterr().err
