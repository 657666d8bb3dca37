"""The files of a pack: names, whole or not at all, the same bytes twice, never outside the outbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagster_project.packs.make import make_packs
from tests.unit.packs.published import COMPANY


def make(database: Path, outbox: Path, audience: str = "direction", language: str = "fr", *formats: str) -> list[Path]:
    made = make_packs(database, outbox, COMPANY, audience=audience, language=language, formats=formats or ("html", "xlsx"))
    return made.files


def test_files_are_named_by_audience_as_of_date_and_language(database: Path, tmp_path: Path) -> None:
    files = [*make(database, tmp_path), *make(database, tmp_path, "direction", "en")]
    assert [str(path.relative_to(tmp_path)) for path in files] == [
        "direction/2025-12-17/service_value_fr.html",
        "direction/2025-12-17/service_value_value_fr.html",
        "direction/2025-12-17/service_value_customers_fr.html",
        "direction/2025-12-17/service_value_fr.xlsx",
        "direction/2025-12-17/service_value_en.html",
        "direction/2025-12-17/service_value_value_en.html",
        "direction/2025-12-17/service_value_customers_en.html",
        "direction/2025-12-17/service_value_en.xlsx",
    ]
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == sorted(path.name for path in files)


def test_making_packs_twice_gives_the_same_bytes_for_both_formats(database: Path, tmp_path: Path) -> None:
    first = [path.read_bytes() for path in make(database, tmp_path / "one")]
    second = [path.read_bytes() for path in make(database, tmp_path / "two")]
    assert first == second
    assert all(len(content) > 10_000 for content in first)


@pytest.mark.parametrize("language, words", [("fr", "le format PDF est demandé"), ("en", "the PDF format is asked for")])
def test_pdf_gives_a_message_and_no_file(database: Path, tmp_path: Path, language: str, words: str) -> None:
    made = make_packs(database, tmp_path, COMPANY, audience="direction", language=language, formats=["pdf"])
    assert made.files == []
    [message] = made.messages
    assert words in message and "direction" in message


@pytest.mark.parametrize("audience", ["../../etc", "/etc", "..", "a/b", "a\\b", "\x00", "", ".hidden"])
def test_the_name_of_an_audience_cannot_leave_the_outbox(database: Path, tmp_path: Path, audience: str) -> None:
    outbox = tmp_path / "outbox"
    path, *_ = make(database, outbox, audience, "fr", "html")
    assert path.resolve().is_relative_to(outbox.resolve())
    assert len(path.relative_to(outbox).parts) == 3
    assert not path.relative_to(outbox).parts[0].startswith(".")
    assert [each.name for each in tmp_path.iterdir()] == ["outbox"]


def test_an_audience_with_accents_keeps_its_name(database: Path, tmp_path: Path) -> None:
    path, *_ = make(database, tmp_path, "comité de direction", "fr", "html")
    assert path.parts[-3] == "comité_de_direction"


def test_a_failure_leaves_the_former_file_and_no_half_file(
    database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = make(database, tmp_path, "direction", "fr", "html")
    before = [path.read_bytes() for path in paths]

    def fail(source: Path, target: Path) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("dagster_project.packs.make.os.replace", fail)
    with pytest.raises(OSError, match="no space left"):
        make(database, tmp_path, "direction", "fr", "html")
    assert [path.read_bytes() for path in paths] == before
    assert {each.name for each in paths[0].parent.iterdir()} == {path.name for path in paths}


def test_a_format_that_is_not_known_is_refused_by_name(database: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'docx' is not one of html, xlsx, pdf"):
        make(database, tmp_path, "direction", "fr", "docx")
