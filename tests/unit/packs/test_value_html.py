"""The page of the value: the answer first, words instead of numbers that are not known, alarms beside what they concern."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from dagster_project.packs.customers import build_customer_report
from dagster_project.packs.figures import build_report
from dagster_project.packs.formats import Formats
from dagster_project.packs.reading import read_customers, read_published
from dagster_project.packs.reading_value import read_value
from dagster_project.packs.rows import figure_caveats
from dagster_project.packs.value import build_value_report
from dagster_project.packs.value_html import SECTIONS, render_value
from dagster_project.packs.wording import Words
from tests.unit.packs.customers_published import make_customers
from tests.unit.packs.pages import Element, parse
from tests.unit.packs.published import COMPANY, REAL_COMPANY, SCRIPT
from tests.unit.packs.value_published import CUSTOMER, NET_MARGIN, changed_copy

Changed = Callable[..., Element]
REFUSE = """update repurchase_increment set verdict = 'not_estimable', incremental_rate = null,
    incremental_amount_per_customer = null, incremental_amount = null, incremental_margin = null, contact_cost = null,
    incremental_net_margin = null, treated_kept = 0, sensitivity = null, sensitivity_of_interval = null, is_publishable = false,
    reason_fr = 'non estimable : seuls 40 % sont comparables', reason_en = 'not estimable because only 40 % compare'
    where period_start = date '2025-07-01' and value_segment = -1"""
ALARM = "update repurchase_increment set {alarm} = true where period_start = date '2025-07-01'"


def render(database: Path, language: str = "fr") -> str:
    report = build_report(read_published(database, language), "Europe/Paris")
    as_of = report.publication.as_of_date
    customers = build_customer_report(read_customers(database, language), as_of)
    value = build_value_report(read_value(database, language), as_of)
    return render_value(report, value, customers, COMPANY, "direction", Words(language))


@pytest.fixture
def changed(value_database: Path, tmp_path: Path) -> Changed:
    """The French page of the database with changes."""

    def build(*changes: str) -> Element:
        return parse(render(changed_copy(value_database, tmp_path / "value.duckdb", changes)))

    return build


@pytest.fixture(scope="module", params=["fr", "en"])
def page(request: pytest.FixtureRequest, value_database: Path) -> str:
    return render(value_database, request.param)


@pytest.fixture(scope="module")
def french(value_database: Path) -> str:
    return render(value_database)


@pytest.fixture(scope="module")
def tree(french: str) -> Element:
    return parse(french)


def classed(element: Element, name: str) -> list[Element]:
    return [each for each in element.everything() if name in (each.attributes.get("class") or "").split()]


def words_of(element: Element) -> str:
    """The text of an element, every space made plain."""
    return " ".join(element.text.split())


def row(table: Element, head: str) -> list[str]:
    found = [each for each in table.all("tr") if each.all("th") and words_of(each.all("th")[0]).startswith(head)]
    return [words_of(cell) for cell in found[0].all("td")]


def answer(tree: Element) -> str:
    return words_of(classed(tree, "answer")[0])


def trust(tree: Element) -> str:
    return words_of(classed(tree, "trust")[0])


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


def test_nothing_in_the_page_refers_to_anything_outside_the_pack_and_nothing_can_act(page: str) -> None:
    assert "://" not in page
    assert re.findall(r"url\(|@import|<script|<iframe|<object|<embed|<img|\son\w+=", page, re.IGNORECASE) == []
    assert SCRIPT not in page and "&lt;script&gt;" in page


def test_every_table_has_a_caption_and_heads_with_a_scope(page: str) -> None:
    tables = parse(page).all("table")
    assert len(tables) >= 9
    for table in tables:
        assert len(table.all("caption")) == 1 and table.all("caption")[0].text.strip()
        assert all(head.attributes.get("scope") in {"col", "row"} for head in table.all("th"))


def test_no_placeholder_and_no_value_of_the_program_is_printed(page: str) -> None:
    text = parse(page).all("main")[0].text
    assert re.findall(r"\b(?:None|False|True|nan|Decimal)\b|[{}]", text) == []


def test_the_first_thing_said_is_the_answer_in_euros_its_doubt_and_whether_it_may_be_trusted(tree: Element) -> None:
    assert (
        answer(tree) == "Grâce aux contacts du 3e trimestre 2025, la marge dépasse leur coût de 1 050 €, entre 350 € et 1 750 €."
    )
    assert trust(tree).startswith("Peut-on s’y fier ? Oui, avec réserve. Les deux contrôles sont sans alerte.")
    assert "100 clients contactés sur 125 (80 %)" in trust(tree)
    first = tree.all("section")[0]
    order = [each for each in first.everything() if (each.attributes.get("class") or "").split()[:1] in (["answer"], ["trust"])]
    assert [(each.attributes["class"] or "").split()[0] for each in order] == ["answer", "trust"]


def test_the_answer_in_english() -> None:
    words = Words("en")
    assert "Because of the contacts" in words("answer_gain", quarter="q", value="v", low="l", high="h")
    assert "because of" not in words("figure_after").lower() and "après" not in Words("fr")("figure_because").lower()


@pytest.mark.parametrize(
    "low, value, high, begin",
    [
        (-2000, -1000, -300, "Les contacts du 3e trimestre 2025 ont coûté 1 000 € de plus que la marge"),
        (-300, 200, 700, "On ne peut pas dire si les contacts du 3e trimestre 2025 ont rapporté plus"),
        (100, 200, 700, "Grâce aux contacts du 3e trimestre 2025, la marge dépasse leur coût de 200 €"),
    ],
)
def test_the_answer_follows_the_interval_and_not_the_estimate(
    changed: Changed, low: int, value: int, high: int, begin: str
) -> None:
    change = f"""update repurchase_increment set incremental_net_margin = {value}, incremental_net_margin_low = {low},
        incremental_net_margin_high = {high} where value_segment = -1"""
    tree = changed(change)
    assert answer(tree).startswith(begin)
    assert ("Pas assez pour conclure" in trust(tree)) == (low < 0 < high)


def test_a_loss_is_said_with_its_interval_turned_round(changed: Changed) -> None:
    change = """update repurchase_increment set incremental_net_margin = -1000, incremental_net_margin_low = -2000,
        incremental_net_margin_high = -300 where value_segment = -1"""
    assert answer(changed(change)).endswith("entre 300 € et 2 000 €.")


def test_after_because_and_net_stand_in_this_order_each_with_its_own_word(tree: Element) -> None:
    after, because, net = (words_of(card) for card in classed(tree.by_id("earned"), "euro"))
    assert after.startswith("Après un contact constaté · T3 2025 8 220 €")
    assert "achetés dans les 60 jours qui suivent 150 contacts" in after and "dont 4 110 € de marge connue" in after
    # 150 contacts at 3.00; after those of October and November 2,740 each are pending
    assert "ces contacts ont coûté 450 €" in after and "en attente, contacts plus récents : 5 480 €" in after
    assert because.startswith("Grâce au service estimé · T3 2025 2 600 € entre 800 € et 4 400 € à 95 %")
    assert net.startswith("Net du coût des contacts estimé, chiffre clé · T3 2025 1 050 € entre 350 € et 1 750 € à 95 %")
    assert "1 300 € de marge due au contact, moins 250 € de coût des contacts" in net
    assert "grâce" not in after.replace("« grâce à »", "").lower() and "après" not in because.replace("« après un contact »", "")


def test_each_card_says_its_change_and_whether_it_is_within_the_margin_of_error(tree: Element) -> None:
    assert [words_of(each) for each in classed(tree, "since")] == [
        "+3 420 € depuis T2 2025",
        "+1 040 € depuis T2 2025, dans la marge d’erreur",
        "+410 € depuis T2 2025, dans la marge d’erreur",
        "+10,0 depuis juil. 2025",
        "+2,0 depuis juil. 2025, dans la marge d’erreur",
        "+1 600 € depuis juil. 2025, dans la marge d’erreur",
    ]


def test_customers_kept_stand_beside_what_was_expected_and_apart_from_the_euros_earned(tree: Element) -> None:
    retained, rescued, secured = (words_of(card) for card in classed(tree.by_id("kept"), "euro"))
    assert "40 sur 50 clients à risque contactés (80 % : 70 % à 90 %)" in retained
    assert (
        "parmi les 40 que le score désignait : 85 % restés, 70 % attendus d’après le score, qui est celui du début du mois"
        in retained
    )
    assert "6,0 entre 1,0 et 11,0 à 95 %" in rescued
    assert "4 800 € entre 800 € et 8 800 € à 95 %" in secured
    assert "dont 1 200 € déjà facturés" in secured and "300 € annulés" in secured
    assert "ne s’ajoute jamais aux euros gagnés" in words_of(tree.by_id("kept"))
    assert "Clients à risque aujourd’hui : 5 (2 par silence, 3 par résiliation)" in words_of(tree.by_id("kept"))


def test_a_secured_revenue_that_is_not_known_says_whether_there_were_subscribers(changed: Changed) -> None:
    unknown = "update churn_rescues set secured_revenue = null, secured_revenue_low = null, secured_revenue_high = null"
    few = words_of(classed(changed(unknown).by_id("kept"), "euro")[2])
    assert "Abonnés à risque contactés : " in few and "C’est trop peu" in few and "Aucun client concerné" not in few
    none = words_of(classed(changed(unknown, "update churn_rescues set subscribers_contacted = 0").by_id("kept"), "euro")[2])
    assert "Aucun abonné parmi les clients à risque contactés." in none


def test_a_cost_that_is_known_of_some_contacts_says_of_how_many(changed: Changed, tree: Element) -> None:
    whole = words_of(tree.by_id("earned"))
    assert "ces contacts ont coûté" in whole and "coût connu de" not in whole
    part = words_of(
        changed(
            "update repurchase_increment set contacts_costed = 120", "update repurchase_after_contact set contacts_costed = 1"
        ).by_id("earned")
    )
    assert "coût connu de 120 contacts sur 200 ; les autres sont comptés au coût moyen de ceux-ci" in part
    assert "dont le coût est connu ont coûté" in part and "ces contacts ont coûté" not in part


def test_a_quarter_that_was_drawn_at_random_is_marked_among_those_that_were_compared(changed: Changed) -> None:
    drawn = """insert into repurchase_increment select * replace ('hold_out' as method, null as placebo_alarm,
        null as negative_control_alarm) from repurchase_increment
        where period_start = date '2025-07-01' and method = 'estimate' and verdict = 'estimated'"""
    tree = changed("delete from repurchase_increment where method = 'hold_out'", drawn)
    labels = [words_of(line.all("th")[0]) for line in classed(tree, "forest")[-1].all("tbody")[0].all("tr")]
    assert "T3 2025 (tirage au sort)" in labels and "T2 2025" in labels


def test_an_alarm_stands_beside_the_figure_on_the_page_of_the_kpis_too(value_database: Path, tmp_path: Path) -> None:
    def with_alarm(*changes: str) -> set[str]:
        published = read_published(changed_copy(value_database, tmp_path / "alarmed.duckdb", changes), "fr")
        words, formats = Words("fr"), Formats("fr", "EUR")
        rows = build_report(published, "Europe/Paris").kpis
        return {each.definition.kpi for each in rows if "un contrôle alerte" in " ".join(figure_caveats(each, words, formats))}

    assert with_alarm() == set()
    assert NET_MARGIN in with_alarm(ALARM.format(alarm="placebo_alarm"))


def test_no_sum_of_different_kinds_of_euros_is_printed_anywhere(french: str) -> None:
    """After 8,220, because of 2,600, net 1,050, secured 4,800: none of the sums of two or three or four of them is there."""
    kinds = (8220, 2600, 1050, 4800)
    sums = {sum(kind for bit, kind in enumerate(kinds) if mask >> bit & 1) for mask in range(16) if mask.bit_count() > 1}
    plain = re.sub(r"(?<=\d)[\s\u00a0\u202f](?=\d{3})", "", french)
    assert "8220" in plain
    assert [each for each in sums if re.search(rf"(?<!\d){each}(?!\d)", plain)] == []


def test_an_alarm_takes_the_answer_back_and_stands_beside_the_figures_it_concerns(changed: Changed) -> None:
    tree = changed(ALARM.format(alarm="placebo_alarm"))
    assert answer(tree).startswith("Ne pas utiliser l’estimation du 3e trimestre 2025")
    assert trust(tree).startswith("Peut-on s’y fier ? Non. Alerte du contrôle à blanc.")
    after, because, net = classed(tree.by_id("earned"), "euro")
    assert [len(classed(card, "alarm")) for card in (after, because, net)] == [0, 1, 1]
    assert "la méthode trouve un effet. Elle en trouve donc là où il n’y en a pas." in words_of(tree.by_id("doubt"))
    changes = classed(tree, "changes")[0]
    assert "Une alerte touche l’une des périodes" in words_of(changes)


def test_both_alarms_are_told_apart(changed: Changed) -> None:
    tree = changed(ALARM.format(alarm="negative_control_alarm"))
    text = words_of(tree.by_id("doubt"))
    assert "Alerte des appels abandonnés." in trust(tree)
    assert "Contrôle à blanc sans alerte" in text and "Appels abandonnés alerte" in text


def test_checks_that_could_not_be_made_are_not_called_quiet(changed: Changed) -> None:
    tree = changed("update repurchase_increment set placebo_alarm = null, negative_control_alarm = null")
    text = words_of(tree.by_id("doubt"))
    assert text.count("non fait") == 2 and "sans alerte" not in text
    assert trust(tree).startswith("Peut-on s’y fier ? Avec prudence.") and "aucun des deux contrôles" in trust(tree)


def test_what_is_not_estimable_is_words_and_its_reason_with_the_last_quarter_that_was(changed: Changed) -> None:
    tree = changed(REFUSE)
    assert answer(tree) == "Pour le 3e trimestre 2025, aucun euro ne peut être attribué au service."
    assert "Seuls 40 % sont comparables." in trust(tree)
    assert "Dernier trimestre estimé, le 2e trimestre 2025 : 640 €, entre −60 € et 1 340 €." in trust(tree)
    after, because, net = (words_of(card) for card in classed(tree.by_id("earned"), "euro"))
    assert because == "Grâce au service estimé Non estimable Seuls 40 % sont comparables."
    assert "€" not in because and "€" not in net and "8 220 €" in after
    assert row(classed(tree, "changes")[0], "Grâce au service") == ["Non estimable."]


def test_without_a_known_cost_the_answer_is_of_sales_and_says_so(changed: Changed) -> None:
    gone = """update repurchase_increment set contact_cost = null, incremental_net_margin = null,
        incremental_net_margin_low = null, incremental_net_margin_high = null"""
    tree = changed(gone)
    assert answer(tree).startswith("Les contacts du 3e trimestre 2025 ont ajouté 2 600 € de ventes, entre 800 € et 4 400 €")
    assert "Le coût des contacts n’est pas connu" in words_of(classed(tree.by_id("earned"), "euro")[2])


def test_the_map_has_segments_by_row_channels_by_column_and_its_margins(tree: Element) -> None:
    [table] = classed(tree, "map")
    assert [words_of(head) for head in table.all("thead")[0].all("th")][1:] == ["Téléphone", "Courriel", "Tous les canaux"]
    assert row(table, "=1+1") == [
        "4 500 € 36 contacts",
        "2 100 € 24 contacts (non publiable, trop peu de clients)",
        "6 600 € 60 contacts",
    ]
    assert row(table, "Total") == ["6 120 € 126 contacts", "2 100 € 24 contacts", "8 220 € 150 contacts"]
    assert len(classed(table, "greyed")) == 1


def test_a_cell_that_is_too_small_has_no_ground_and_takes_no_part_in_the_scale(changed: Changed) -> None:
    swap = "update repurchase_after_contact set is_publishable = (channel = 'email') where value_segment = 5 and channel <> 'all'"
    [table] = classed(changed(swap), "map")
    grounds = [
        re.findall(r"ground-\d", cell.attributes["class"] or "")[0] for cell in table.all("tbody")[0].all("tr")[0].all("td")
    ]
    assert grounds == ["ground-0", "ground-4", "ground-0"]
    assert words_of(classed(table, "greyed")[0]).startswith("4 500 €")


def test_the_forest_of_segments_has_intervals_and_says_why_where_there_is_none(tree: Element) -> None:
    table = classed(tree, "forest")[0]
    assert row(table, "=1+1")[1:] == ["+2 000 €entre 500 € et 3 500 €", "40", "+50,00 €", "+850 €"]
    assert row(table, "Sans achat") == ["Non estimable. 12 clients contactés, il en faut 30."]
    assert row(table, "Total")[1:] == ["+2 600 €entre 800 € et 4 400 €", "100", "+26,00 €", "+1 050 €"]


def test_the_bars_of_a_forest_share_one_axis_on_which_zero_lies(tree: Element) -> None:
    """-2,000 to 6,000 over 228 units from 6: zero at 63, 500 at 77.2, 2,000 at 120, 3,500 at 162.8."""
    table = classed(tree, "forest")[0]
    pictures = [
        each for each in table.all("tbody")[0].all("svg") if each.attributes.get("viewbox") or each.attributes.get("viewBox")
    ]
    zeros = {line.attributes["x1"] for each in pictures for line in each.all("line") if line.attributes["class"] == "zero"}
    assert zeros == {"63.0"}
    [bar] = [line for line in pictures[0].all("line") if line.attributes["class"] == "range"]
    assert (bar.attributes["x1"], bar.attributes["x2"]) == ("77.2", "162.8")
    assert pictures[0].all("circle")[0].attributes["cx"] == "120.0"


def test_quarters_stand_newest_first_and_one_in_progress_has_no_number(tree: Element) -> None:
    table = classed(tree, "forest")[1]
    assert [words_of(head.all("th")[0]) for head in table.all("tbody")[0].all("tr")] == ["T4 2025", "T3 2025", "T2 2025"]
    assert row(table, "T4 2025") == ["Trimestre en cours ou fenêtres non écoulées"]


def test_every_change_has_its_three_parts_to_the_cent(tree: Element) -> None:
    [table] = classed(tree, "changes")
    assert row(table, "Après un contact") == [
        "4 800,00 €",
        "8 220,00 €",
        "+3 420,00 €",
        "+1 200,00 €",
        "+1 800,00 €",
        "+420,00 €",
    ]
    assert row(table, "Clients à risque conservés") == ["30,0", "40,0", "+10,0", "+7,5", "+1,0", "+1,5"]
    assert row(table, "Revenu d’abonnement") == [
        "3 200,00 €",
        "4 800,00 €",
        "+1 600,00 €",
        "+800,00 €",
        "+1 000,00 €",
        "−200,00 €",
    ]


def test_windows_stand_beside_each_other_and_one_that_is_not_over_has_no_number(tree: Element) -> None:
    [table] = classed(tree, "windows")
    assert row(table, "30 jours")[0] == "4 110 €" and row(table, "60 jours")[0] == "8 220 €"
    assert row(table, "90 jours")[0] == "fenêtre non écoulée"


def test_an_estimate_whose_window_is_not_over_has_no_number_beside_those_that_are(changed: Changed) -> None:
    waiting = "update repurchase_increment set immature_count = 60 where window_days = 90"
    [table] = classed(changed(waiting), "windows")
    assert row(table, "90 jours") == ["fenêtre non écoulée"] * 3
    assert row(table, "60 jours")[1] == "+2 600 €entre 800 € et 4 400 €"


def test_the_sensitivity_is_said_in_words_and_not_as_a_letter(tree: Element) -> None:
    text = words_of(tree.by_id("doubt"))
    assert "L’effet sur la part des clients qui rachètent : +8,0 points, entre 2,0 et 14,0." in text
    assert "il devrait multiplier par 1,8 à la fois la chance de contacter le service et celle de racheter" in text
    assert "Par 1,2, il suffirait à ramener l’intervalle jusqu’à zéro." in text


def test_an_interval_that_holds_zero_needs_no_hidden_factor(changed: Changed) -> None:
    tree = changed("update repurchase_increment set sensitivity_of_interval = 1")
    assert "L’intervalle contient déjà zéro" in words_of(tree.by_id("doubt"))


def test_a_hold_out_and_the_estimate_stand_side_by_side(tree: Element) -> None:
    [table] = classed(tree, "methods")
    assert row(table, "Comparaison")[:2] == ["100", "+2 600 €entre 800 € et 4 400 €"]
    assert row(table, "Groupe témoin") == ["Non estimable. 20 clients tirés, il en faut 30."]


def test_a_hold_out_speaks_of_the_arm_that_was_drawn_and_an_alarm_stays_with_the_comparison(changed: Changed) -> None:
    drawn = """insert into repurchase_increment select * replace ('hold_out' as method, null as placebo_alarm,
        null as negative_control_alarm) from repurchase_increment
        where period_start = date '2025-07-01' and method = 'estimate' and verdict = 'estimated'"""
    tree = changed(
        "delete from repurchase_increment where method = 'hold_out'",
        drawn,
        ALARM.format(alarm="placebo_alarm") + " and method = 'estimate'",
    )
    assert trust(tree).startswith("Peut-on s’y fier ? Oui. Les clients du groupe témoin ont été tirés au sort")
    assert "100 clients du groupe traité sur 125 (80 %)" in trust(tree)
    because = words_of(classed(tree.by_id("earned"), "euro")[1])
    assert "estimé, tirage au sort" in because and "clients du groupe traité" in because and "Alerte" not in because
    heads = [words_of(line.all("th")[0]) for line in classed(tree, "methods")[0].all("tbody")[0].all("tr")]
    assert heads == ["Groupe témoin tiré au sort", "Comparaison à des clients semblablesAlerte du contrôle à blanc."]
    doubt = words_of(tree.by_id("doubt"))
    assert "ce sont ceux de la comparaison" in doubt and "réparti par le hasard" in doubt


def test_the_measures_of_quality_are_folded_and_complete(tree: Element) -> None:
    [table] = classed(tree, "technical")
    assert row(table, "Total") == ["125", "100", "80 %", "400", "150,0", "0,042", "1,80"]
    folds = tree.all("details")
    assert len(folds) == 3 and not any("open" in fold.attributes for fold in folds)
    assert table in folds[2].all("table")


def test_a_figure_that_is_too_small_is_greyed_and_says_so(changed: Changed) -> None:
    tree = changed("update repurchase_increment set is_publishable = false where value_segment = -1")
    because = classed(tree.by_id("earned"), "euro")[1]
    assert "greyed" in (because.attributes["class"] or "") and "effectif trop faible" in words_of(because)


def test_a_publication_without_the_tables_says_so_and_shows_no_euro(tmp_path: Path) -> None:
    tree = parse(render(make_customers(tmp_path / "old.duckdb")))
    text = words_of(tree.all("main")[0])
    assert answer(tree) == "Rien ne peut encore être dit en euros."
    assert "n’a pas la table repurchase_increment" in text
    assert not [each for each in classed(tree, "figure") if "€" in each.text] and len(tree.all("table")) == 1


def test_tables_that_are_empty_give_the_reason_of_readiness(changed: Changed) -> None:
    gone = [
        f"delete from {table}"
        for table in (
            "repurchase_after_contact",
            "repurchase_after_contact_detail",
            "repurchase_increment",
            "churn_rescues",
            "churn_risks",
        )
    ]
    absent = f"update kpi_readiness set verdict = 'unavailable', is_present = false, reason_fr = 'Flux absent.' where kpi in ('repurchase_amount_60', '{NET_MARGIN}')"
    tree = changed(*gone, absent)
    after, because, net = (words_of(card) for card in classed(tree.by_id("earned"), "euro"))
    assert after == "Après un contact constaté Indisponible Flux absent." and net.endswith("Indisponible Flux absent.")
    assert "Aucun client n’est signalé à risque aujourd’hui." in words_of(tree.by_id("kept"))
    assert "€" not in because


def test_no_customer_can_be_found_in_the_page(page: str) -> None:
    assert CUSTOMER not in page


def test_the_same_publication_gives_the_same_page_and_real_data_are_not_called_simulated(value_database: Path) -> None:
    assert render(value_database) == render(value_database)
    report = build_report(read_published(value_database, "fr"), "Europe/Paris")
    as_of = report.publication.as_of_date
    customers = build_customer_report(read_customers(value_database, "fr"), as_of)
    value = build_value_report(read_value(value_database, "fr"), as_of)
    real = render_value(report, value, customers, REAL_COMPANY, "direction", Words("fr"))
    assert "Données simulées" in render(value_database) and "imulée" not in real
