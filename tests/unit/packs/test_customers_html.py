"""The page of the customers: five parts in order, words beside every mark, nothing that can act, nothing invented."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from dagster_project.packs.customers import CustomerReport, build_customer_report
from dagster_project.packs.customers_html import SECTIONS, Names, render_customers
from dagster_project.packs.figures import Report, build_report
from dagster_project.packs.formats import UNKNOWN
from dagster_project.packs.html import render_html
from dagster_project.packs.reading import CustomerTables, read_customers, read_published
from dagster_project.packs.wording import Words
from tests.unit.packs.customers_published import REFUSED, make_customers
from tests.unit.packs.pages import Element, parse
from tests.unit.packs.published import AS_OF, COMPANY, FORMULAS, REAL_COMPANY, SCRIPT, make_published

TABLES = ("segment_sizes", "segment_migrations", "personas", "relationship_models", "parameter_versions")
LONG = "Non identifiés, non profilés ou sans segment de valeur"


def render(database: Path, language: str = "fr") -> str:
    report = build_report(read_published(database, language), "Europe/Paris")
    customers = build_customer_report(read_customers(database, language), report.publication.as_of_date)
    return render_customers(report, customers, COMPANY, "direction", Words(language))


@pytest.fixture(scope="module", params=["fr", "en"])
def page(request: pytest.FixtureRequest, customers_database: Path) -> str:
    return render(customers_database, request.param)


@pytest.fixture(scope="module")
def french(customers_database: Path) -> str:
    return render(customers_database)


@pytest.fixture(scope="module")
def tree(french: str) -> Element:
    return parse(french)


def classed(element: Element, name: str) -> list[Element]:
    return [each for each in element.everything() if name in (each.attributes.get("class") or "").split()]


def row(table: Element, head: str, position: int = 0) -> list[str]:
    """The texts of the cells of the row with that head, spaces made plain."""
    found = [each for each in table.all("tr") if each.all("th") and each.all("th")[0].text.strip().startswith(head)]
    return [" ".join(cell.text.split()) for cell in found[position].all("td")]


def test_the_parts_stand_in_order_and_each_says_what_it_does_not_show(page: str) -> None:
    tree = parse(page)
    assert [section.attributes["id"] for section in tree.all("section")] == list(SECTIONS)
    for section in tree.all("section"):
        assert len(classed(section, "lead")) == 1 and len(classed(section, "not")) == 1


def test_the_page_is_well_formed_and_every_link_leads_somewhere(page: str) -> None:
    tree = parse(page)
    identifiers = [each.attributes["id"] for each in tree.everything() if "id" in each.attributes]
    assert len(identifiers) == len(set(identifiers))
    targets = [each.attributes["href"] or "" for each in [*tree.all("a"), *tree.all("use")]]
    assert [target for target in targets if target.startswith("#") and target[1:] not in identifiers] == []
    named = [each.attributes["aria-labelledby"] or "" for each in tree.everything() if "aria-labelledby" in each.attributes]
    assert {name for names in named for name in names.split()} <= set(identifiers)


def test_the_pages_link_to_each_other_and_say_which_one_is_open(report: Report, french: str) -> None:
    for content, here in (
        (french, "service_value_customers_fr.html"),
        (render_html(report, COMPANY, "direction", Words("fr")), "service_value_fr.html"),
    ):
        links = classed(parse(content), "pages")[0].all("a")
        assert [link.attributes["href"] for link in links] == [
            "service_value_fr.html",
            "service_value_value_fr.html",
            "service_value_customers_fr.html",
        ]
        assert [link.attributes["href"] for link in links if link.attributes.get("aria-current") == "page"] == [here]


def test_nothing_in_the_page_refers_to_anything_outside_the_pack(page: str) -> None:
    assert "://" not in page
    assert re.findall(r"url\(|@import|<script|<iframe|<object|<embed|<img|\son\w+=", page, re.IGNORECASE) == []


def test_every_table_has_a_caption_and_heads_with_a_scope(page: str) -> None:
    tables = parse(page).all("table")
    assert len(tables) >= 10
    for table in tables:
        assert len(table.all("caption")) == 1 and table.all("caption")[0].text.strip()
        assert all(head.attributes.get("scope") in {"col", "row", "rowgroup"} for head in table.all("th"))


def test_the_four_maps_share_one_grid_and_every_cell_has_a_text(tree: Element) -> None:
    maps = classed(tree, "map")
    assert len(maps) == 4
    heads = [[head.text for head in each.all("thead")[0].all("th")] for each in maps]
    assert heads[0][1:] == ["Solliciteurs", "Pressés", "Autonomes", "Confiants", "Inconnue", "Toutes"]
    assert all(other == heads[0] for other in heads)
    for each in maps:
        assert len(each.all("tbody")[0].all("tr")) == 8
        assert all(cell.text.strip() for cell in each.all("td"))


def test_cells_say_size_and_share_margin_and_total_satisfaction_and_answers(tree: Element) -> None:
    size, margin, satisfaction, contacts = classed(tree, "map")
    assert row(size, "=1+1")[:2] == ["100 0,2 %", "200 0,4 %"]
    assert row(margin, "=1+1")[0] == "295 € 29,5 k €"
    assert row(satisfaction, "=1+1")[0] == "▲au-dessus du total, 82,0 % n = 100"
    assert row(contacts, "=1+1")[0] == "1,9"
    assert row(size, "Total")[-1] == "45 912 100,0 %"
    assert row(size, "Sans achat")[3] == UNKNOWN


def test_what_no_customer_bought_is_a_line_apart_of_the_margins_and_no_end_of_their_scale(tree: Element) -> None:
    [line] = classed(tree, "apart")
    assert " ".join(line.text.split()) == (
        "À part : 900 k € de marge de tickets sans client identifié, dans aucune case ni aucun montant par client. "
        "Avec eux, 7,6 M € en tout."
    )
    assert row(classed(tree, "map")[1], "Non identifiés")[4] == "52 € 52 k €"


def test_small_cells_are_greyed_with_the_reason_and_take_no_part_in_the_scale(tree: Element) -> None:
    size, margin, satisfaction, _ = classed(tree, "map")
    assert [" ".join(cell.text.split()) for cell in classed(size, "greyed")] == ["12 0,0 % (non publiable, trop peu de clients)"]
    assert len(classed(margin, "greyed")) == 1
    greyed = [" ".join(cell.text.split()) for cell in classed(satisfaction, "greyed")]
    assert greyed == [
        "94,0 % n = 12 (non publiable, trop peu de clients ont répondu)",
        "87,0 % n = 12 (non publiable, trop peu de clients ont répondu)",
    ]
    scales = [" ".join(each.text.split()) for each in classed(tree, "scale")]
    assert scales == [
        "le moins : 100le plus : 4 500",
        "le moins : 20 €le plus : 319 €",
        "le moins : 66,0 %le plus : 91,0 %",
        "le moins : 0,4le plus : 1,9",
    ]


def test_the_ground_deepens_with_the_value_and_totals_and_small_cells_have_none(tree: Element) -> None:
    size = classed(tree, "map")[0]
    grounds = [
        [int(re.findall(r"ground-(\d)", cell.attributes["class"] or "")[0]) for cell in line.all("td")]
        for line in size.all("tbody")[0].all("tr")
    ]
    # 100 to 4,500 in five equal steps of 880: segment 1 has 900, 1,800, 2,700, 3,600, 4,500
    assert grounds[4] == [0, 1, 2, 3, 4, 0]
    assert grounds[0] == [0, 0, 0, 0, 0, 0] and grounds[-1] == [0] * 6


def test_who_has_no_family_and_who_has_no_place_on_the_scale_is_said_in_words(tree: Element) -> None:
    text = " ".join(tree.by_id("overlay").text.split())
    assert (
        "Famille inconnue : 33,8 % des clients (15 512), 14 812 faute d’au moins 3 interactions connues en 24 mois, "
        "700 faute d’autorisation de profilage. Rien n’est supposé d’eux."
    ) in text
    assert (
        "Non identifiés : 6,5 % des clients (3 000), 2 300 faute de seuils de valeur qui s’appliquent à ce mois (voir la "
        "construction, en bas de page), 700 faute d’autorisation de profilage."
    ) in text
    assert "nommés «" not in text


def test_who_refuses_is_said_only_where_somebody_does(tmp_path: Path) -> None:
    none = parse(render(make_customers(tmp_path / "none.duckdb", ("update segment_sizes set customers_not_profiled = 0",))))
    text = " ".join(none.by_id("overlay").text.split())
    assert "(15 512), faute d’au moins 3 interactions connues en 24 mois. Rien" in text and "profilage" not in text
    changes = (
        "delete from personas",
        "delete from relationship_models",
        "update segment_sizes set customers_not_profiled = customers",
    )
    every = parse(render(make_customers(tmp_path / "every.duckdb", changes)))
    text = " ".join(every.by_id("overlay").text.split())
    assert "(15 512), faute d’autorisation de profilage. Rien" in text and "3 interactions" not in text and "seuils" not in text
    for section in ("personas", "models"):
        assert "vide : aucun client n’autorise le profilage." in " ".join(every.by_id(section).text.split())


def test_no_version_of_the_families_is_said_and_not_called_a_want_of_interactions(tmp_path: Path) -> None:
    changes = (
        "delete from segment_sizes where relational_family not in ('unknown', 'all')",
        "update parameter_versions set is_in_use = false where parameter = 'relational_families'",
    )
    text = parse(render(make_customers(tmp_path / "a.duckdb", changes))).by_id("overlay").text
    assert "faute d’une version des familles en service" in text and "interactions" not in text


@pytest.mark.parametrize(
    "changes, french, english",
    [
        (
            ("update relationship_models set gap = '' where relational_family <> 'trusting' or value_segment <> 5",),
            "1 case publiable sur 28 a au moins un écart entre souhaité et pratiqué ; elle réunit 400 clients.",
            "1 of 28 publishable cells has at least one gap between wanted and practised; 400 customers are in it.",
        ),
        (
            ("update relationship_models set gap = ''",),
            "Aucun écart entre souhaité et pratiqué dans les cases publiables (au nombre de 28).",
            "No gap between wanted and practised in the publishable cells (28 of them).",
        ),
        (
            ("update relationship_models set is_publishable = false",),
            "Aucune case n’est publiable : dans aucune, assez de clients n’ont répondu.",
            "No cell is publishable: in none have enough customers answered.",
        ),
    ],
)
def test_one_cell_none_and_no_publishable_one_are_said_in_grammar(
    tmp_path: Path, changes: tuple[str, ...], french: str, english: str
) -> None:
    database = make_customers(tmp_path / "a.duckdb", changes)
    assert french in " ".join(parse(render(database)).by_id("models").text.split())
    assert english in " ".join(parse(render(database, "en")).by_id("models").text.split())


def test_a_name_too_long_for_a_grid_is_shortened_and_the_long_one_is_said(tmp_path: Path) -> None:
    change = f"update segment_labels set label_fr = '{LONG}' where axis = 'value_segment' and member = '-2'"
    tree = parse(render(make_customers(tmp_path / "a.duckdb", (change,))))
    text = " ".join(tree.by_id("overlay").text.split())
    assert f"{LONG} : 6,5 % des clients" in text and "nommés « Hors échelle » dans les tableaux" in text
    assert row(classed(tree, "map")[0], "Hors échelle")[0] == "200 0,4 %"


def test_without_any_margin_the_map_is_of_net_amounts_and_says_so(tmp_path: Path) -> None:
    text = (
        parse(
            render(
                make_customers(
                    tmp_path / "a.duckdb", ("update segment_sizes set margin_12m = null, identified_margin_12m = null",)
                )
            )
        )
        .by_id("overlay")
        .text
    )
    assert "Ce qu’ils achètent" in text and "marge trop peu connue" in text and "Ce qu’ils rapportent" not in text


def test_sales_that_are_known_of_a_part_of_the_year_are_said_to_be_so(tmp_path: Path, customers_database: Path) -> None:
    words = "Les ventes ne sont connues que pour 2 des 12 mois précédents : les montants sont ceux de ces mois, pas d’une année."
    change = "update segment_sizes set sales_months_12m = 2"
    tree = parse(render(make_customers(tmp_path / "young.duckdb", (change,))))
    assert words in " ".join(tree.by_id("overlay").text.split())
    assert "Les ventes ne sont connues" not in " ".join(parse(render(customers_database)).by_id("overlay").text.split())


def test_a_margin_that_is_known_in_part_is_said_and_one_known_of_little_gives_way_to_net_purchases_on_the_cards_too(
    tmp_path: Path,
) -> None:
    change = "update segment_sizes set margin_coverage = 0.1"
    tree = parse(render(make_customers(tmp_path / "little.duckdb", (change,))))
    text = " ".join(tree.by_id("overlay").text.split())
    assert "La marge n’est connue que pour 10,0 % des achats nets des clients identifiés : sous 90 %" in text
    assert "Ce qu’ils achètent" in text and "Achats nets sur 12 mois1 240 €" in " ".join(tree.by_id("persona-1").text.split())
    changes = (
        "update segment_sizes set margin_coverage = 0.95",
        "update personas set margin_coverage = 0.5 where micro_segment = 'm2'",
    )
    tree = parse(render(make_customers(tmp_path / "most.duckdb", changes)))
    assert "La marge est connue pour 95,0 % des achats nets" in " ".join(tree.by_id("overlay").text.split())
    assert "362\u00a0€" in tree.by_id("persona-1").text and tree.by_id("persona-2").all("dd")[0].text.strip().startswith(UNKNOWN)


def test_what_the_two_highest_segments_mean_is_said_by_the_map(french: str, tmp_path: Path) -> None:
    forecast = """update parameter_versions set diagnostics = '{"potential_low_cut": 90}' where parameter = 'value_thresholds'"""
    database = make_customers(tmp_path / "a.duckdb", (forecast,))
    text = " ".join(parse(render(database)).by_id("overlay").text.split())
    assert "veut dire valeur haute et potentiel haut ; " in text and "Aucune prévision" not in text
    assert "veut dire valeur haute et potentiel moyen, ou valeur moyenne et potentiel haut. La valeur est" in text
    assert "means high value and high potential" in parse(render(database, "en")).by_id("overlay").text
    # without a forecast the segments are quintiles of value, whatever the map
    assert "veut dire" not in french and "Aucune prévision n’a pu être ajustée" in french


def test_an_older_month_is_named_as_such(tmp_path: Path) -> None:
    gone = "delete from segment_sizes where period_start = date '2025-12-01'"
    page = render(make_customers(tmp_path / "a.duckdb", (gone,)))
    assert "Le mois des données (décembre 2025) n’est pas publié pour les segments" in page
    assert "Segments connus au début de novembre 2025" in page


def test_moves_stays_and_both_margins_of_a_matrix_are_there(tree: Element) -> None:
    value, family = classed(tree, "matrix")
    assert row(value, "-1+1") == [
        UNKNOWN,
        "▲vers le haut, 120 1,0 %",
        "98,2 % restés",
        "▼vers le bas, 96 0,8 %",
        *[UNKNOWN] * 3,
        "216",
    ]
    assert row(value, "Arrivées") == ["300", "372", "432", "96", "168", "480", "0", "1 848"]
    assert row(family, "Inconnue") == [*[UNKNOWN] * 3, "528 5,2 %", "94,8 % restés", "528"]


def test_migrations_are_said_in_words_and_the_period_is_named(tree: Element) -> None:
    text = " ".join(tree.by_id("migrations").text.split())
    assert "sur 12 mois (de janvier 2025 à décembre 2025)" in text
    assert (
        "Changements : 1 824, dont 924 vers le haut et 900 vers le bas. À part, entrées dans l’échelle ou sorties : 24." in text
    )
    assert len(tree.by_id("migrations").all("svg")) == 2


def test_a_new_cut_stands_in_a_table_of_its_own(tree: Element) -> None:
    [recuts] = classed(tree, "recuts")
    assert row(recuts, "juin 2025") == ["Segments de valeur", "620", "=1+1 → +1+1 : 500 ; +1+1 → -1+1 : 120"]


def test_no_new_cut_is_said_and_long_lists_of_them_are_cut_short(tmp_path: Path) -> None:
    page = render(make_customers(tmp_path / "a.duckdb", ("delete from segment_migrations where is_recut",)))
    assert "Aucun client n’a été déplacé par un nouveau découpage" in page
    many = ", ".join(f"(date '2025-07-01', 'value', '{start}', '5', 9, true)" for start in (4, 3, 2, 1, 0))
    page = render(make_customers(tmp_path / "b.duckdb", (f"insert into segment_migrations values {many}",)))
    assert "et 1 autres passages, dans le classeur" in page


def test_a_persona_card_has_its_portrait_its_lists_and_its_figures(tree: Element) -> None:
    text = " ".join(tree.by_id("persona-1").text.split())
    for part in (
        "Familles pressées du samedi",
        "3 100 clients",
        "31,0 % de ceux qui ont une valeur",
        "Achète gros une fois par mois",
        "+1+1 · Pressés",
        "362 € par client",
        "83,5 % n = 640",
        "Un panier de 84 € en moyenne",
        "Savoir qui suit le dossier",
        "Attendre plus de 5 minutes",
    ):
        assert part in text, part
    assert [step.text for step in tree.by_id("persona-1").all("ol")[0].all("li")] == [
        "Achat en magasin",
        "Appel sous deux jours",
        "Rachat dans le mois",
    ]


def test_a_persona_that_may_not_be_published_is_greyed_and_says_why(tree: Element) -> None:
    card = tree.by_id("persona-5")
    assert "greyed" in (card.attributes["class"] or "")
    assert "Non publiable" in card.text and "par client" in card.text
    assert "greyed" not in (tree.by_id("persona-4").attributes["class"] or "")


def test_a_satisfaction_of_too_few_customers_says_so_on_its_card(tmp_path: Path) -> None:
    change = "update personas set csat_answers = 37, is_csat_publishable = false where micro_segment = 'm1'"
    tree = parse(render(make_customers(tmp_path / "a.duckdb", (change,))))
    text = " ".join(tree.by_id("persona-1").text.split())
    assert (
        "n = 37, non publiable, trop peu de clients ont répondu" in text
        and tree.by_id("persona-2").text.count("non publiable") == 0
    )


def test_what_differs_is_marked_with_a_sign_and_a_word_and_what_agrees_is_not(tree: Element) -> None:
    [table] = classed(tree, "models")
    pressed = row(table, "Pressés")
    assert pressed[:2] == ["200", "souhaité à distance, pratiqué de même"]
    assert pressed[3] == "souhaité 3,5≠écart, pratiqué 6,2"
    assert pressed[5] == "souhaité 2 h≠écart, pratiqué 26,5 h"
    assert row(table, "Solliciteurs")[3] == "souhaité 4,0pratiqué 4,1"
    assert row(table, "Solliciteurs")[6] == "80,0 %75,0 % à 85,0 %n = 25"
    assert "Répondent mieux quand la réponse vient vite\u00a0: 8 points" in table.text


def test_the_grid_of_gaps_agrees_with_the_table_and_small_cells_are_not_judged(tree: Element) -> None:
    [gaps] = classed(tree, "gaps")
    assert row(gaps, "=1+1") == [
        "=Écart, aucun",
        "≠écart, Fréquence, Réponse",
        "=Écart, aucun",
        "≠écart, Distance",
        "Non publiable",
    ]
    assert row(gaps, "Sans achat")[3] == UNKNOWN
    assert "11 cases publiables sur 28" in tree.by_id("models").text


def test_the_versions_in_use_have_date_sample_and_diagnostics_in_words(tree: Element) -> None:
    in_use, _ = classed(tree, "fits")
    assert row(in_use, "Micro-segments") == [
        "1er juillet 2024",
        "7 400",
        "silhouette 0,412stabilité (indice de Rand ajusté) 0,830groupes 5",
        "Ajustement annuel.",
    ]
    assert "rétrospectif" in row(in_use, "Familles relationnelles")[0]
    assert "Valeur vie client\u00a0: aucune version en service." in tree.by_id("built").text
    assert "Un autre essai, accepté mais pas en service" in tree.by_id("built").text


def test_a_refused_fit_is_shown_with_its_reason_in_both_languages(customers_database: Path) -> None:
    for language, reason in zip(("fr", "en"), REFUSED, strict=True):
        _, refused = classed(parse(render(customers_database, language)), "fits")
        assert row(refused, "Micro-segments")[-1].replace("\u00a0", " ") == reason


def test_no_refusal_is_said(tmp_path: Path) -> None:
    page = render(make_customers(tmp_path / "a.duckdb", ("delete from parameter_versions where not is_accepted",)))
    assert "Aucun ajustement n’a été refusé." in page


def test_a_publication_without_the_tables_is_a_page_that_says_so(tmp_path: Path) -> None:
    for language, words in (("fr", "n’a pas la table"), ("en", "has no table")):
        tree = parse(render(make_published(tmp_path / f"{language}.duckdb"), language))
        for section, table in zip(SECTIONS, TABLES, strict=True):
            assert words in tree.by_id(section).text and table in tree.by_id(section).text


@pytest.mark.parametrize("section, table", zip(SECTIONS, TABLES, strict=True))
def test_one_missing_table_takes_only_its_own_part(tmp_path: Path, section: str, table: str) -> None:
    tree = parse(render(make_customers(tmp_path / "a.duckdb", (f"drop table {table}",))))
    silent = [each for each in SECTIONS if "n’a pas la table" in tree.by_id(each).text]
    assert silent == [section]


@pytest.mark.parametrize("section, table", zip(SECTIONS, TABLES, strict=True))
def test_an_empty_table_is_said_to_be_empty(tmp_path: Path, section: str, table: str) -> None:
    tree = parse(render(make_customers(tmp_path / "a.duckdb", (f"delete from {table}",))))
    assert "est publiée, mais vide" in tree.by_id(section).text
    assert tree.by_id(section).all("table") == []


def test_figures_that_are_not_known_are_dashes_and_never_zeros(tmp_path: Path) -> None:
    changes = (
        """update segment_sizes set share = null, net_amount_12m = null, margin_12m = null, identified_net_amount_12m = null,
           identified_margin_12m = null, contacts_per_customer = null, csat = null""",
        """update personas set share = null, margin_12m_mean = null, net_amount_12m_mean = null, purchases_12m_mean = null,
           contacts_12m_mean = null, csat = null, value_segment = null, relational_family = null, habits_fr = null""",
        """update relationship_models set satisfaction = null, satisfaction_low = null, recommended_frequency = null,
           practised_reply_within_hours = null, recommended_tempo = null, because_fr = null, gap = null""",
        "update parameter_versions set sample_size = null, diagnostics = null, reason_fr = null",
    )
    tree = parse(render(make_customers(tmp_path / "a.duckdb", changes)))
    assert row(classed(tree, "map")[3], "=1+1") == [UNKNOWN] * 6
    assert row(classed(tree, "models")[0], "Solliciteurs")[3].startswith(f"souhaité {UNKNOWN}")
    assert row(classed(tree, "models")[0], "Solliciteurs")[-1] == UNKNOWN
    assert row(classed(tree, "fits")[0], "Micro-segments")[1:] == [UNKNOWN, "aucun diagnostic publié", UNKNOWN]
    facts = [" ".join(each.text.split()) for each in tree.by_id("persona-1").all("dd")]
    assert all(fact.startswith(UNKNOWN) for fact in facts)


def test_texts_of_the_publication_are_escaped_wherever_they_stand(tmp_path: Path) -> None:
    hostile = SCRIPT.replace("'", "''")
    texts = {
        "personas": (
            "micro_segment",
            "label_fr",
            "portrait_fr",
            "habits_fr",
            "likes_fr",
            "irritants_fr",
            "journey_fr",
            "relational_family",
        ),
        "relationship_models": (
            "relational_family",
            "recommended_distance",
            "practised_tempo",
            "proactivity",
            "gap",
            "because_fr",
        ),
        "parameter_versions": ("parameter", "parameter_version", "diagnostics", "reason_fr"),
        "segment_migrations": ("axis", "from_segment", "to_segment"),
        "segment_sizes": ("relational_family",),
        "segment_labels": ("label_fr",),
    }
    changes = tuple(f"update {table} set {column} = '{hostile}'" for table, columns in texts.items() for column in columns)
    page = render(make_customers(tmp_path / "a.duckdb", changes))
    assert "<script" not in page.lower()
    assert page.count("&lt;script&gt;alert") > 100
    parse(page)


def test_hostile_texts_of_the_fixture_are_texts(page: str) -> None:
    assert SCRIPT not in page and "&lt;script&gt;alert" in page
    assert FORMULAS[0] in page


def test_names_come_from_the_publication_then_from_the_pack_then_are_the_member_itself(customers: CustomerReport) -> None:
    names = Names(customers, Words("fr"))
    assert names.family("trusting") == "Confiants" and names.segment(0) == "Sans achat"
    bare = Names(build_customer_report(CustomerTables(None, None, None, None, None, {}), AS_OF), Words("en"))
    assert bare.family("trusting") == "Trusting" and bare.segment(3) == "Segment 3"
    assert bare.family("late_comers") == "late comers" and bare.member("region", "north") == "north"


def test_simulated_data_are_labelled_and_real_data_are_not(report: Report, customers: CustomerReport, french: str) -> None:
    assert 'class="watermark"' in french and "Données simulées\u00a0: cette entreprise" in french
    real = render_customers(report, customers, REAL_COMPANY, "direction", Words("fr"))
    assert "simulées" not in real and 'class="watermark"' not in real


def test_names_from_the_configuration_are_escaped(report: Report, customers: CustomerReport) -> None:
    company = type(COMPANY)('</style><script>x</script>"}', "Europe/Paris", "EUR", False)
    page = render_customers(report, customers, company, "<b>", Words("fr"))
    assert "<script" not in page and page.count("</style>") == 1 and "Édition &lt;b&gt;" in page


def test_the_same_publication_gives_the_same_page(customers_database: Path, french: str) -> None:
    assert render(customers_database) == french
