"""The workbook, read back with pandas and as XML: types, order, and texts that stay texts."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from dagster_project.packs.customers import CustomerReport, build_customer_report
from dagster_project.packs.figures import Report
from dagster_project.packs.reading import CustomerTables
from dagster_project.packs.value import ValueReport
from dagster_project.packs.wording import Words
from dagster_project.packs.xlsx import render_xlsx
from tests.unit.packs.published import AS_OF, COMPANY, FORMULAS, KPIS, NOVEMBER, REAL_COMPANY, SCRIPT

HEAD = 3  # rows above the head: title, lead, blank


@pytest.fixture(scope="module")
def workbook(report: Report, value: ValueReport, customers: CustomerReport) -> bytes:
    return render_xlsx(report, value, customers, COMPANY, "direction", Words("fr"))


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


def test_readiness_is_the_first_sheet_in_both_languages(
    report: Report, value: ValueReport, customers: CustomerReport, workbook: bytes
) -> None:
    assert pd.ExcelFile(io.BytesIO(workbook), engine="calamine").sheet_names == [
        "Fiabilité",
        "Sources",
        "Indicateurs",
        "Tendances",
        "Segments",
        "Valeur du service",
        "Valeur x famille",
        "Migrations",
        "Personas",
        "Modèles relationnels",
        "Paramètres",
        "Définitions",
        "Publication",
    ]
    english = render_xlsx(report, value, customers, COMPANY, "direction", Words("en"))
    names = pd.ExcelFile(io.BytesIO(english), engine="calamine").sheet_names
    assert names == [
        "Readiness",
        "Sources",
        "KPIs",
        "Trends",
        "Segments",
        "Value of the service",
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
    assert len(sheets) == 13
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
    report: Report, value: ValueReport, customers: CustomerReport, workbook: bytes
) -> None:
    def titles(content: bytes) -> list[str]:
        sheets = pd.read_excel(io.BytesIO(content), sheet_name=None, engine="calamine", header=None, nrows=1)
        return [str(table.iloc[0, 0]) for table in sheets.values()]

    assert all("Données simulées" in title for title in titles(workbook))
    real = render_xlsx(report, value, customers, REAL_COMPANY, "direction", Words("fr"))
    assert not any("simulées" in title for title in titles(real))


def test_the_same_publication_gives_the_same_bytes(
    report: Report, value: ValueReport, customers: CustomerReport, workbook: bytes
) -> None:
    assert render_xlsx(report, value, customers, COMPANY, "direction", Words("fr")) == workbook


def test_the_file_carries_the_date_of_its_data_and_not_that_of_the_clock(workbook: bytes) -> None:
    assert f"{AS_OF.isoformat()}T00:00:00Z" in parts(workbook)["docProps/core.xml"]


def test_the_database_of_the_fixture_is_left_as_it_was(database: Path) -> None:
    assert not database.with_name(database.name + ".wal").exists()


def test_the_overlay_is_numbers_with_small_cells_told(workbook: bytes) -> None:
    table = sheet(workbook, "Valeur x famille")
    assert len(table) == 34 + 7 + 6  # cells with somebody, totals by segment, totals by family with that of all
    row = table[(table["Segment de valeur"] == FORMULAS[0]) & (table["Famille relationnelle"] == "Solliciteurs")].iloc[0]
    assert row[["Clients", "Marge 12\u00a0mois", "Marge par client", "CSAT", "Réponses CSAT"]].tolist() == [
        100,
        29_500,
        295,
        0.82,
        100,
    ]
    assert row["Publiable"] == "oui"
    small = table[(table["Segment de valeur"] == FORMULAS[0]) & (table["Famille relationnelle"] == "Inconnue")].iloc[0]
    assert small["Clients"] == 12 and small["Publiable"] == "non"


def test_the_migrations_are_as_published_by_month_with_new_cuts_told(workbook: bytes) -> None:
    table = sheet(workbook, "Migrations")
    own = table[table["Nouveau découpage"] == "non"]
    value = own[own["Axe"] == "Segments de valeur"]
    assert value[value["De"] != value["Vers"]]["Clients"].sum() == 1_848
    assert table[table["Nouveau découpage"] == "oui"]["Clients"].tolist() == [120, 500]
    assert set(value["Mois"]) == set(pd.date_range("2025-01-01", "2025-12-01", freq="MS"))


def test_personas_models_and_parameters_have_their_texts(workbook: bytes) -> None:
    personas = sheet(workbook, "Personas").set_index("Micro-segment")
    assert personas.loc["m1", "Parcours"] == "Achat en magasin\nAppel sous deux jours\nRachat dans le mois"
    assert personas.loc["m4", "Persona"] == SCRIPT and personas.loc["m4", "Portrait"] == FORMULAS[0]
    models = sheet(workbook, "Modèles relationnels")
    assert len(models) == 29
    pressed = models[models["Famille relationnelle"] == "Pressés"].iloc[0]
    assert pressed["Écart"] == "Fréquence, Réponse"
    assert pressed[["Contacts par an souhaités", "Contacts par an pratiqués", "Réponse pratiquée (heures)"]].tolist() == [
        3.5,
        6.2,
        26.5,
    ]
    fits = sheet(workbook, "Paramètres").set_index("Version")
    assert fits["État"].to_dict() == {
        "l1": "En service",
        "v2": "En service",
        "f1": "En service",
        "m1": "En service",
        "m2": "Refusé",
        "x1": "Refusé",
        "v1": "Accepté, pas en service",
    }
    assert fits.loc["m2", "Raison"] == "Indice de Rand 0,41 sous 0,60\u00a0: groupes instables."
    assert "silhouette 0,200" in fits.loc["m2", "Diagnostics"] and "seed =1+1" in fits.loc["m2", "Diagnostics"]


def test_each_sheet_of_the_customers_says_what_it_does_not_show_or_why_it_is_empty(
    workbook: bytes, report: Report, value: ValueReport
) -> None:
    names = ["Valeur x famille", "Migrations", "Personas", "Modèles relationnels", "Paramètres"]

    def leads(content: bytes) -> list[str]:
        return [str(pd.read_excel(io.BytesIO(content), name, engine="calamine", header=None).iloc[1, 0]) for name in names]

    assert not any("n’a pas la table" in lead for lead in leads(workbook))
    assert "ne s’additionnent pas" in leads(workbook)[0] and "jamais ajouté" in leads(workbook)[1]
    nothing = build_customer_report(CustomerTables(None, None, None, None, None, {}), AS_OF)
    assert all(
        "n’a pas la table" in lead for lead in leads(render_xlsx(report, value, nothing, COMPANY, "direction", Words("fr")))
    )


def test_the_sheet_of_the_value_has_each_figure_with_its_interval_and_its_quality(workbook: bytes) -> None:
    table = sheet(workbook, "Valeur du service")
    row = table[
        (table["Chiffre"] == "Net du coût des contacts")
        & (table["Méthode"] == "Comparaison à des clients semblables")
        & (table["Période"] == pd.Timestamp("2025-07-01"))
        & (table["Segment"] == "Total")
        & (table["Fenêtre"] == 60)
    ].squeeze()
    assert (row["Valeur"], row["Borne basse"], row["Borne haute"], row["Effectif"]) == (1050.0, 350.0, 1750.0, 100)
    assert (row["Part gardée"], row["Témoins"], row["Échantillon effectif"], row["Sensibilité (E)"]) == (0.8, 400, 150, 1.8)
    assert (row["Alerte à blanc"], row["Alerte des appels abandonnés"], row["Publiable"]) == ("non", "non", "oui")


def test_in_the_sheet_of_the_value_what_is_not_estimable_has_words_and_no_number(workbook: bytes) -> None:
    table = sheet(workbook, "Valeur du service")
    refused = table[table["Verdict"].astype(str).str.startswith("Non estimable")]
    assert len(refused) > 10
    assert refused["Valeur"].isna().all() and refused["Borne basse"].isna().all()


def test_in_the_sheet_of_the_value_the_parts_of_a_change_add_up_to_it(workbook: bytes) -> None:
    table = sheet(workbook, "Valeur du service")
    for figure, change in (("Après un contact", 3420), ("Grâce au service", 1040), ("Clients à risque conservés", 10)):
        of_figure = table[table["Chiffre"] == figure].set_index("Méthode")["Valeur"]
        assert of_figure["Écart"] == change
        assert of_figure[["Volume", "Composition", "Rendement"]].sum() == pytest.approx(change, abs=1e-9)
