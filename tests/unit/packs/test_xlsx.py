"""The workbook, read back with pandas and as XML: types, order, and texts that stay texts."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from dagster_project.packs.customers import CustomerReport
from dagster_project.packs.figures import Report
from dagster_project.packs.wording import Words
from dagster_project.packs.xlsx import render_xlsx
from tests.unit.packs.published import AS_OF, COMPANY, FORMULAS, KPIS, NOVEMBER, REAL_COMPANY, SCRIPT

HEAD = 3  # rows above the head: title, lead, blank


@pytest.fixture(scope="module")
def workbook(report: Report, customers: CustomerReport) -> bytes:
    return render_xlsx(report, customers, COMPANY, "direction", Words("fr"))


def sheet(workbook: bytes, name: str) -> pd.DataFrame:
    return pd.read_excel(io.BytesIO(workbook), sheet_name=name, engine="calamine", header=HEAD)


def parts(workbook: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def cells_of(workbook: bytes, sheet_number: int) -> dict[str, tuple[str, str]]:
    """Type and raw value of every cell with a value, by reference."""
    xml = parts(workbook)[f"xl/worksheets/sheet{sheet_number}.xml"]
    return {
        reference: (kind or "n", value)
        for reference, kind, value in re.findall(r'<c r="([A-Z]+\d+)"[^>]*?(?: t="(\w+)")?><v>([^<]*)</v></c>', xml)
    }


def test_readiness_is_the_first_sheet_in_both_languages(report: Report, customers: CustomerReport, workbook: bytes) -> None:
    assert pd.ExcelFile(io.BytesIO(workbook), engine="calamine").sheet_names == [
        "Fiabilité",
        "Sources",
        "Indicateurs",
        "Tendances",
        "Segments",
        "Valeur x famille",
        "Migrations",
        "Personas",
        "Modèles relationnels",
        "Paramètres",
        "Définitions",
        "Publication",
    ]
    english = render_xlsx(report, customers, COMPANY, "direction", Words("en"))
    names = pd.ExcelFile(io.BytesIO(english), engine="calamine").sheet_names
    assert names == [
        "Readiness",
        "Sources",
        "KPIs",
        "Trends",
        "Segments",
        "Value x family",
        "Migrations",
        "Personas",
        "Relationship models",
        "Parameters",
        "Definitions",
        "Publication",
    ]


def test_no_cell_of_any_sheet_is_a_formula_or_a_link(workbook: bytes) -> None:
    xml = parts(workbook)
    sheets = {name: text for name, text in xml.items() if name.startswith("xl/worksheets/")}
    assert len(sheets) == 12
    for name, text in sheets.items():
        assert not re.search(r"<f[ >]|<hyperlink|t=\"str\"", text), name
    assert not [name for name in xml if "externalLink" in name]
    assert "TargetMode" not in "".join(xml.values())


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_text_that_looks_like_a_formula_is_kept_as_that_text(workbook: bytes, formula: str) -> None:
    assert formula in set(sheet(workbook, "Segments")["Segment"])


def test_a_label_with_markup_is_kept_as_that_text(workbook: bytes) -> None:
    assert SCRIPT in set(sheet(workbook, "Indicateurs")["Indicateur"])


def test_values_are_numbers_and_months_are_dates(workbook: bytes) -> None:
    table = sheet(workbook, "Indicateurs").set_index("Indicateur")
    level = table.loc["Niveau de service (tous les abandons manqués)"]
    assert level["Valeur"] == 0.7235
    assert level["Mois précédent"] == 0.81
    assert level["Cible"] == 0.8
    assert level["Mois"] == pd.Timestamp(NOVEMBER)
    assert level["Données arrêtées au"] == pd.Timestamp(AS_OF)
    assert level["Effectif"] == 1204
    assert table.loc["Montant racheté dans les 60\u00a0jours après un contact".replace("\u00a0", " "), "Valeur"] == 1234.5
    assert level["Statut"] == "Alerte"


def test_every_value_cell_is_numeric_in_the_file_itself(workbook: bytes) -> None:
    cells = cells_of(workbook, 4)
    values = {reference: cell for reference, cell in cells.items() if re.fullmatch(r"[C-G]([5-9]|\d{2,})", reference)}
    assert len(values) > 300
    assert {kind for kind, _ in values.values()} == {"n"}


def test_an_unavailable_kpi_has_words_and_no_number(workbook: bytes) -> None:
    row = sheet(workbook, "Indicateurs").set_index("Indicateur").loc["Clients actifs"]
    assert row["Statut"] == "Indisponible"
    assert row["Réserve"] == "Le flux crm_subscriptions est absent."
    assert row[["Mois", "Valeur", "Mois précédent", "Cible", "Évolution", "Effectif"]].isna().all()


def test_the_sheet_of_readiness_has_a_row_for_every_kpi_and_the_reason_of_every_reserve(workbook: bytes) -> None:
    table = sheet(workbook, "Fiabilité")
    assert len(table) == len(KPIS)
    assert table["Verdict"].tolist() == ["Prêt"] * 8 + ["Dégradé", "Indisponible"]
    assert table["Raison"].iloc[-1] == "Le flux crm_subscriptions est absent."


def test_a_degraded_kpi_carries_its_reason_beside_the_value(workbook: bytes) -> None:
    row = sheet(workbook, "Indicateurs").set_index("Indicateur").loc["Résolution au premier contact"]
    assert row["Réserve"] == "dégradé; Seuls 62\u00a0% des contacts portent un client."
    assert row["Valeur"] == 0.71


def test_every_kpi_has_its_formula_in_the_definitions(workbook: bytes) -> None:
    table = sheet(workbook, "Définitions").set_index("Code")
    assert set(table.index) == {kpi.kpi for kpi in KPIS}
    assert table.loc["nps", "Calcul"] == "Numérateur ÷ dénominateur de nps."


def test_simulated_data_are_labelled_on_every_sheet_and_real_data_are_not(
    report: Report, customers: CustomerReport, workbook: bytes
) -> None:
    def titles(content: bytes) -> list[str]:
        sheets = pd.read_excel(io.BytesIO(content), sheet_name=None, engine="calamine", header=None, nrows=1)
        return [str(table.iloc[0, 0]) for table in sheets.values()]

    assert all("Données simulées" in title for title in titles(workbook))
    real = render_xlsx(report, customers, REAL_COMPANY, "direction", Words("fr"))
    assert not any("simulées" in title for title in titles(real))


def test_the_same_publication_gives_the_same_bytes(report: Report, customers: CustomerReport, workbook: bytes) -> None:
    assert render_xlsx(report, customers, COMPANY, "direction", Words("fr")) == workbook


def test_the_file_carries_the_date_of_its_data_and_not_that_of_the_clock(workbook: bytes) -> None:
    assert f"{AS_OF.isoformat()}T00:00:00Z" in parts(workbook)["docProps/core.xml"]


def test_the_database_of_the_fixture_is_left_as_it_was(database: Path) -> None:
    assert not database.with_name(database.name + ".wal").exists()
