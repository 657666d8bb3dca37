"""Writes docs/kpi-dictionary.md from the definitions that the product publishes (dbt/seeds/kpi_definition_texts.csv)."""

from __future__ import annotations

import csv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "dbt" / "seeds" / "kpi_definition_texts.csv"
TARGET = ROOT / "docs" / "kpi-dictionary.md"
HEAD = """# KPI dictionary

Made from `dbt/seeds/kpi_definition_texts.csv` by `make docs`: the same texts as in the published table `kpi_definitions`
and in the packs. **Bold**: headline KPIs, fixed before looking (total, window of 60 days).
"""


def dictionary() -> str:
    """The whole document."""
    with SOURCE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    parts = [HEAD]
    for topic in dict.fromkeys(row["topic"] for row in rows):
        parts.append(f"\n## {topic.capitalize()}\n")
        for row in (row for row in rows if row["topic"] == topic):
            mark = "**" if row["is_headline"].lower() == "true" else ""
            parts.append(
                f"\n### `{row['kpi']}`\n\nUnit: {row['unit']} · {row['direction'].replace('_', ' ')} · version {row['version']}\n"
            )
            for language, name in (("fr", "Français"), ("en", "English")):
                parts.append(
                    f"\n{name}: {mark}{row[f'label_{language}']}{mark}. {row[f'purpose_{language}']}\n\n"
                    f"> {row[f'formula_{language}']}\n\n{row[f'caveats_{language}']}\n"
                )
    return "".join(parts)


if __name__ == "__main__":
    TARGET.write_text(dictionary(), encoding="utf-8")
