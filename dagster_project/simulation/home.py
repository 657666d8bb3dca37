"""The description of a simulated home: `company.yml`, `mappings/` and the targets that the company has set itself.

Written as a user would write it, as an example of every reader: the texts are in `templates/`. Not here: the exports
themselves (`exports.py`).
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from string import Template

TEMPLATES = Path(__file__).parent / "templates"


def write_description(home: Path, *, customers: int, months: int, seed: int, end: date) -> None:
    """Write `company.yml`, `mappings/` and `reference/` of a simulated home."""
    mappings = home / "mappings"
    mappings.mkdir(parents=True, exist_ok=True)
    text = Template((TEMPLATES / "company.yml").read_text(encoding="utf-8"))
    said = text.substitute(customers=customers, months=months, seed=seed, end=end)
    (home / "company.yml").write_text(said, encoding="utf-8")
    query = (TEMPLATES / "crm_contacts.sql").read_text(encoding="utf-8")
    (mappings / "crm_contacts.sql").write_text(query, encoding="utf-8")
    reference = home / "reference"
    reference.mkdir(exist_ok=True)
    targets = (TEMPLATES / "kpi_targets.csv").read_text(encoding="utf-8")
    (reference / "kpi_targets.csv").write_text(targets, encoding="utf-8")
