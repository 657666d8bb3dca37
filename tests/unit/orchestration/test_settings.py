"""The settings of a process: what the environment may say, and how a mistake in it is told."""

from pathlib import Path

import pytest

from dagster_project import cli
from dagster_project.company.errors import ConfigurationError
from dagster_project.settings import Settings


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
