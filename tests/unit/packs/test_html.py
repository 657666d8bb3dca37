"""The page: readiness first, every KPI with formula and trend, no text that can act, nothing fetched from outside."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dagster_project.packs.figures import Report, build_report
from dagster_project.packs.html import css_string, render_html
from dagster_project.packs.reading import read_published
from dagster_project.packs.wording import Words
from tests.unit.packs.pages import parse
from tests.unit.packs.published import (
    COMPANY,
    FORMULAS,
    KPIS,
    REAL_COMPANY,
    SCRIPT,
    UNAVAILABLE,
    make_published,
)


@pytest.fixture(scope="module", params=["fr", "en"])
def page(request: pytest.FixtureRequest, database: Path) -> str:
    language = request.param
    return render_html(build_report(read_published(database, language), "Europe/Paris"), COMPANY, "direction", Words(language))


@pytest.fixture(scope="module")
def french(report: Report) -> str:
    return render_html(report, COMPANY, "direction", Words("fr"))


def test_the_page_is_well_formed_and_no_identifier_is_used_twice(page: str) -> None:
    identifiers = [each.attributes["id"] for each in parse(page).everything() if "id" in each.attributes]
    assert len(identifiers) == len(set(identifiers))


def test_every_link_inside_the_page_leads_somewhere(page: str) -> None:
    tree = parse(page)
    identifiers = {each.attributes.get("id") for each in tree.everything()}
    targets = [each.attributes["href"] or "" for each in [*tree.all("a"), *tree.all("use")]]
    language = tree.all("html")[0].attributes["lang"]
    pages = [target for target in targets if not target.startswith("#")]
    assert pages == [f"service_value_{name}{language}.html" for name in ("", "value_", "customers_")]
    assert [target for target in targets if target.startswith("#") and target[1:] not in identifiers] == []


def test_nothing_in_the_page_refers_to_anything_outside_it(page: str) -> None:
    assert "://" not in page
    assert re.findall(r"url\(|@import|<script|<iframe|<object|<embed|<img", page, re.IGNORECASE) == []
    references = re.findall(r"\b(?:src|href|srcset|data|action)=\"([^\"]*)\"", page)
    others = {reference for reference in references if not reference.startswith(("#", "data:,"))}
    assert all(re.fullmatch(r"service_value(_customers|_value)?_(fr|en)\.html", other) for other in others)


def test_readiness_comes_before_any_figure(page: str) -> None:
    sections = [section.attributes["id"] for section in parse(page).all("section")]
    assert sections == ["readiness", "kpis", "trends", "segments", "method"]


def test_readiness_names_every_verdict_with_its_count_and_reason(french: str) -> None:
    readiness = parse(french).by_id("readiness")
    counts = [item.text for item in readiness.all("li") if "verdict-" in (item.attributes.get("class") or "")]
    assert [re.sub(r"\D.*", "", count.strip(), flags=re.DOTALL) for count in counts] == ["8", "1", "1"]
    assert "Seuls 62\u00a0% des contacts portent un client." in readiness.text
    assert "Le flux crm_subscriptions est absent." in readiness.text


def test_a_reason_that_several_kpis_share_is_said_once_and_names_them_all(tmp_path: Path) -> None:
    first, second = KPIS[0].kpi, KPIS[1].kpi
    lost = f"update kpi_readiness set verdict = 'unavailable', reason_fr = 'Perdu.' where kpi in ('{first}', '{second}')"
    database = make_published(tmp_path / "service_value.duckdb", (lost,))
    report = build_report(read_published(database, "fr"), "Europe/Paris")
    readiness = parse(render_html(report, COMPANY, "direction", Words("fr"))).by_id("readiness")
    [shared] = [row for row in readiness.all("tr") if "Perdu." in row.text]
    assert {link.attributes["href"] for link in shared.all("a")} == {f"#kpi-{first}", f"#kpi-{second}"}
    assert "Le flux crm_subscriptions est absent." in readiness.text


def test_every_kpi_prints_its_purpose_its_formula_and_its_caveats(page: str) -> None:
    tree = parse(page)
    word = "Numérateur" if 'lang="fr"' in page else "Numerator"
    for kpi in KPIS:
        sheet = tree.by_id(f"kpi-{kpi.kpi}").text
        assert f"{word} ÷ " in sheet and kpi.kpi in sheet
        assert ("Pourquoi" if word == "Numérateur" else "Why") + f" {kpi.kpi}." in sheet


def test_every_kpi_with_publishable_months_has_a_trend_that_says_in_words_what_it_shows(page: str) -> None:
    tree = parse(page)
    for kpi in KPIS:
        trends = [svg for svg in tree.by_id(f"kpi-{kpi.kpi}").all("svg") if "trend" in (svg.attributes.get("class") or "")]
        if kpi.kpi in {UNAVAILABLE, "csat"}:
            assert trends == []
            continue
        [trend] = trends
        assert trend.attributes["role"] == "img"
        assert len(trend.all("desc")[0].text) > 40
        assert trend.all("rect") or trend.all("path")


def test_an_unavailable_kpi_has_words_and_no_digit_in_its_row(french: str) -> None:
    row = next(
        row for row in parse(french).by_id("kpis").all("tr") if any("Clients actifs" in cell.text for cell in row.all("th"))
    )
    assert "Indisponible" in row.text
    assert re.findall(r"\d", row.text) == []


def test_the_month_in_progress_is_named_as_incomplete_and_its_values_are_not_shown(french: str) -> None:
    tree = parse(french)
    assert "décembre 2025) est incomplet" in tree.text
    assert "déc. 2025" not in tree.by_id("kpis").text.replace("\u00a0", " ")
    assert "décembre 2025" not in tree.by_id("trends").text


def test_every_status_is_a_word_beside_its_symbol(french: str) -> None:
    statuses = [
        span.text.strip() for span in parse(french).all("span") if (span.attributes.get("class") or "").startswith("status ")
    ]
    assert set(statuses) == {
        "Alerte",
        "Cible atteinte",
        "À surveiller",
        "Non publiable",
        "Sans cible",
        "Indisponible",
    }


def test_texts_of_the_publication_are_escaped_wherever_they_stand(page: str) -> None:
    assert SCRIPT not in page
    assert "<script" not in page.lower()
    assert "&lt;script&gt;alert" in page
    for formula in FORMULAS:
        assert formula in page


def test_names_from_the_configuration_are_escaped_in_the_page_and_in_its_style(report: Report) -> None:
    company = type(COMPANY)('</style><script>x</script>"}', "Europe/Paris", "EUR", False)
    page = render_html(report, company, "<b>", Words("fr"))
    assert "<script" not in page
    assert page.count("</style>") == 1
    assert "Édition &lt;b&gt;" in page


def test_a_css_string_holds_no_character_that_could_end_it() -> None:
    assert css_string('a"}é') == '"a\\000022\\00007d\\0000e9"'


def test_simulated_data_are_labelled_on_screen_and_on_paper_and_real_data_are_not(report: Report, french: str) -> None:
    assert "Données simulées\u00a0: cette entreprise, ses clients et ses chiffres sont fictifs." in french
    assert 'class="watermark"' in french
    real = render_html(report, REAL_COMPANY, "direction", Words("fr"))
    assert "simulées" not in real and 'class="watermark"' not in real


def test_the_table_by_segment_shows_every_member_and_greys_small_ones(french: str) -> None:
    heat = parse(french).by_id("segments").all("table")[0]
    heads = [cell.text for cell in heat.all("thead")[0].all("th")]
    assert heads[1:] == ["Total", *FORMULAS, SCRIPT, "Sans achat", "Non identifiés"]
    assert "Non publiable" in heat.text


def test_a_publication_without_segments_says_so(tmp_path: Path) -> None:
    database = make_published(tmp_path / "a.duckdb", ("delete from kpi_values where value_segment <> -1",))
    page = render_html(build_report(read_published(database, "fr"), "Europe/Paris"), COMPANY, "direction", Words("fr"))
    assert "Aucun indicateur n’est publié par segment." in page


def test_a_publication_in_which_nothing_is_available_is_still_a_page(tmp_path: Path) -> None:
    database = make_published(
        tmp_path / "a.duckdb", ("delete from kpi_values", "update kpi_readiness set verdict = 'unavailable'")
    )
    page = render_html(build_report(read_published(database, "fr"), "Europe/Paris"), COMPANY, "direction", Words("fr"))
    assert parse(page).by_id("kpis").text.count("Indisponible") >= len(KPIS)


def test_the_same_publication_gives_the_same_page(report: Report, french: str) -> None:
    assert render_html(report, COMPANY, "direction", Words("fr")) == french
