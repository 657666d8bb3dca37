"""The script that makes the real home: on good and on bad folders. Needs no real data: the files are stand-ins."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.company.model import load_company
from tests.real.build_real_home import ORIGINALS, RealDataError, build_real_home, main


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    for name in ORIGINALS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"stand-in for {name}", encoding="utf-8")
    return folder


def test_the_originals_go_into_the_inbox_as_they_are(source: Path, tmp_path: Path) -> None:
    build_real_home(source, tmp_path / "home")
    for name, place in ORIGINALS.items():
        assert (tmp_path / "home" / "inbox" / place).read_bytes() == (source / name).read_bytes()


def test_the_configuration_of_the_real_home_is_valid(source: Path, tmp_path: Path) -> None:
    build_real_home(source, tmp_path / "home")
    company = load_company(tmp_path / "home")
    assert company.time_zone == "America/New_York"
    assert company.required == ("crm_contacts", "pos_transactions")
    assert not company.company.simulated


def test_a_second_call_writes_nothing(source: Path, tmp_path: Path) -> None:
    assert build_real_home(source, tmp_path / "home")
    assert build_real_home(source, tmp_path / "home") == []


def test_an_original_that_changed_is_put_there_again(source: Path, tmp_path: Path) -> None:
    build_real_home(source, tmp_path / "home")
    (source / "crosswalk.csv").unlink()
    (source / "crosswalk.csv").write_text("another", encoding="utf-8")
    assert build_real_home(source, tmp_path / "home") == [tmp_path / "home" / "inbox" / "identity" / "crosswalk.csv"]
    assert (tmp_path / "home" / "inbox" / "identity" / "crosswalk.csv").read_text(encoding="utf-8") == "another"


def test_everything_that_is_missing_is_named_and_nothing_is_written(source: Path, tmp_path: Path) -> None:
    (source / "crosswalk.csv").unlink()
    (source / "crm" / "incident_event_log.zip").write_bytes(b"")
    with pytest.raises(RealDataError, match=r"lack crm/incident_event_log\.zip, crosswalk\.csv"):
        build_real_home(source, tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_a_source_that_does_not_exist_ends_with_2_and_its_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path / "nowhere"), str(tmp_path / "home")]) == 2
    assert f"{tmp_path / 'nowhere'}: the folder of the real data does not exist" in capsys.readouterr().err


def test_a_folder_that_holds_something_else_is_left_alone(source: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(RealDataError, match="not a home"):
        build_real_home(source, tmp_path / "thesis")
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["chapter.txt"]
