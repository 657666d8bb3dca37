"""Reference tables: the project's defaults are sound, a home's own replace them whole, mistakes name file and line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from dagster_project.company.errors import ConfigurationError
from dagster_project.company.reference import REFERENCE_TABLES, load_overrides, load_references

SEEDS = Path(__file__).resolve().parents[3] / "dbt" / "seeds"


def override(home: Path, name: str, text: str) -> None:
    (home / "reference").mkdir(exist_ok=True)
    (home / "reference" / f"{name}.csv").write_text(text, encoding="utf-8")


def test_every_default_is_valid(tmp_path: Path) -> None:
    tables = load_references(tmp_path, SEEDS)
    assert set(tables) == set(REFERENCE_TABLES)
    assert "phone" in tables["channels"].column("channel").to_pylist()
    assert {table.num_rows for table in load_overrides(tmp_path).values()} == {0}


def test_a_home_replaces_a_table_whole(tmp_path: Path) -> None:
    override(tmp_path, "exchange_rates", "currency;valid_from;rate\nUSD;2024-01-01;0.92\n\n")
    tables = load_references(tmp_path, SEEDS)
    assert tables["exchange_rates"].to_pylist() == [
        {"currency": "USD", "valid_from": date(2024, 1, 1), "rate": Decimal("0.92000000")}
    ]
    assert tables["channels"].num_rows > 1


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("channel", "channel\n", "reference/channel.csv: is not a reference table; did you mean channels?"),
        (
            "channels",
            "chanel,distance,tempo,counts_business_hours\n",
            "the column 'chanel' is not known; did you mean channel?",
        ),
        (
            "channels",
            "channel,distance,tempo\nphone,remote,synchronous\n",
            "the column counts_business_hours is missing",
        ),
        (
            "channels",
            "channel,distance,tempo,counts_business_hours\nphone,remot,synchronous,true\n",
            ("reference/channels.csv: line 2: column distance: 'remot' is not one of remote, face_to_face; did you mean remote?"),
        ),
        (
            "channels",
            "channel,distance,tempo,counts_business_hours\nphone,remote,synchronous,perhaps\n",
            "reference/channels.csv: line 2: column counts_business_hours: 'perhaps' is not true or false",
        ),
        (
            "channels",
            "channel,distance,tempo,counts_business_hours\nphone,remote,synchronous\n",
            "line 2: has 3 columns; the header has 4",
        ),
        ("channels", "channel,distance,tempo,counts_business_hours\n", "reference/channels.csv: has no row"),
        (
            "exchange_rates",
            "currency,valid_from,rate\nUSD,01/02/2024,1\n",
            "line 2: column valid_from: '01/02/2024' is not a date",
        ),
        (
            "exchange_rates",
            'currency,valid_from,rate\nUSD,2024-01-01,"1,5"\n',
            "line 2: column rate: '1,5' is not a number",
        ),
        (
            "exchange_rates",
            "currency,valid_from,rate\nUSD,2024-01-01,1\nUSD,2024-01-01,2\n",
            "line 3: currency, valid_from",
        ),
        ("exchange_rates", "currency,valid_from,rate\n,2024-01-01,1\n", "line 2: column currency: is missing"),
        (
            "opening_hours",
            "queue,weekday,opens_at,closes_at,time_zone\nall,1,9h,18:00,Europe/Paris\n",
            "column opens_at: '9h' is not a time",
        ),
    ],
)
def test_a_mistake_names_file_line_and_column(tmp_path: Path, name: str, text: str, expected: str) -> None:
    override(tmp_path, name, text)
    with pytest.raises(ConfigurationError) as caught:
        load_references(tmp_path, SEEDS)
    assert any(expected in problem for problem in caught.value.problems), caught.value.problems
