"""Documents stay true: the dictionary is the published one, links lead somewhere, nothing names this machine."""

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def test_the_kpi_dictionary_is_what_the_project_publishes() -> None:
    spec = importlib.util.spec_from_file_location("make_kpi_dictionary", ROOT / "docs" / "make_kpi_dictionary.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "kpi-dictionary.md").read_text(encoding="utf-8") == module.dictionary(), "run: make docs"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_pictures_of_a_page_are_there(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []


def test_the_lock_file_names_no_address_and_pins_everything_with_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    pinned = re.findall(r"^[a-zA-Z0-9_.\[\]-]+==", lock, flags=re.MULTILINE)
    assert len(pinned) > 100
    blocks = re.split(r"\n(?=[a-zA-Z])", lock.strip())
    assert all("--hash=sha256:" in block for block in blocks if "==" in block)


def test_make_help_names_every_target_that_people_type() -> None:
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("setup", "run", "run-real", "test", "test-real", "test-browser", "lint", "simulate", "dev"):
        assert re.search(rf"^{target}\s", said, flags=re.MULTILINE), target
