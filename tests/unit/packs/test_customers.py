"""What the page of the customers says: which month, what adds, what is kept apart, what is judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from dagster_project.packs.customers import (
    CustomerReport,
    MigrationFigures,
    build_customer_report,
    move_kind,
)
from dagster_project.packs.reading import CustomerTables, Migration, read_customers
from tests.unit.packs.customers_published import FAMILIES, RECUT_MONTH, UNIDENTIFIED_MARGIN, customers_of, make_customers
from tests.unit.packs.published import AS_OF, DECEMBER, NOVEMBER, make_published

NOTHING = CustomerTables(None, None, None, None, None, {})


@pytest.fixture(scope="module")
def tables(customers_database: Path) -> CustomerTables:
    return read_customers(customers_database, "fr")


@pytest.fixture(scope="module")
def value(customers: CustomerReport) -> MigrationFigures:
    return next(figures for figures in customers.migrations if figures.axis == "value")


def migrations(*rows: tuple[date, str, str, int, bool]) -> MigrationFigures:
    found = tuple(Migration(month, "value", start, end, count, recut) for month, start, end, count, recut in rows)
    [figures] = build_customer_report(replace(NOTHING, migrations=found), AS_OF).migrations
    return figures


def test_the_overlay_is_that_of_the_month_of_the_as_of_date_and_its_cells_add_up_to_its_totals(customers: CustomerReport) -> None:
    overlay = customers.overlay
    assert overlay is not None and overlay.total is not None
    assert overlay.month == DECEMBER and overlay.is_of_as_of_month
    assert overlay.cells[5, "trusting"].customers == 400 == customers_of(5, "trusting")
    assert sum(cell.customers for cell in overlay.inner()) == overlay.total.customers


def test_an_amount_per_customer_is_the_sum_over_its_own_customers_and_no_mean_of_means(customers: CustomerReport) -> None:
    overlay = customers.overlay
    assert overlay is not None and overlay.total is not None
    # segment 5, soliciting: 100 customers x (20 + 55 x 5) = 29,500 of margin
    cell = overlay.cells[5, "soliciting"]
    assert cell.identified_margin_12m == Decimal(29_500) and overlay.amount_per_customer(cell) == 295.0
    several = [
        replace(cell, customers=1, identified_margin_12m=Decimal(10)),
        replace(cell, customers=9, identified_margin_12m=Decimal(0)),
    ]
    assert [overlay.amount_per_customer(each) for each in several] == [10.0, 0.0]
    assert overlay.amount_per_customer(replace(cell, customers=10, identified_margin_12m=Decimal(10))) == 1.0


def test_what_nobody_is_known_to_have_bought_is_in_no_amount_per_customer_and_stands_apart(customers: CustomerReport) -> None:
    overlay = customers.overlay
    assert overlay is not None and overlay.total is not None
    # off the scale and unknown: 1,000 customers x (20 + 8 x 4) of margin; 900,000 more name nobody
    assert overlay.amount_per_customer(overlay.cells[-2, "unknown"]) == 52.0
    assert overlay.unidentified_amount == UNIDENTIFIED_MARGIN
    assert overlay.whole_amount == overlay.total.margin_12m
    apart = [(cell.margin_12m or 0) - (cell.identified_margin_12m or 0) for cell in overlay.inner()]
    assert sum(apart) == UNIDENTIFIED_MARGIN


def test_net_amounts_stand_in_below_nine_tenths_of_known_margins_in_the_overlay_and_on_the_cards(tables: CustomerTables) -> None:
    assert tables.sizes is not None
    little = tuple(replace(size, margin_coverage=0.89) for size in tables.sizes)
    report = build_customer_report(replace(tables, sizes=little), AS_OF)
    overlay = report.overlay
    assert overlay is not None and not overlay.has_margin and not report.has_margin
    assert overlay.amount_per_customer(overlay.cells[5, "soliciting"]) == 885.0
    enough = tuple(
        replace(size, margin_coverage=0.5 if (size.segment, size.family) == (5, "soliciting") else 0.9) for size in tables.sizes
    )
    report = build_customer_report(replace(tables, sizes=enough), AS_OF)
    overlay = report.overlay
    assert overlay is not None and overlay.has_margin and report.has_margin
    assert overlay.amount_per_customer(overlay.cells[5, "soliciting"]) is None
    assert overlay.amount_per_customer(overlay.cells[5, "trusting"]) == 319.0


def test_without_an_overlay_the_cards_decide_for_themselves(tables: CustomerTables) -> None:
    assert tables.personas is not None
    assert build_customer_report(replace(tables, sizes=None), AS_OF).has_margin
    little = tuple(replace(persona, margin_coverage=0.1) for persona in tables.personas)
    assert not build_customer_report(replace(tables, sizes=None, personas=little), AS_OF).has_margin


def test_months_after_the_as_of_date_are_not_shown_and_an_older_one_is_named_as_older(tables: CustomerTables) -> None:
    overlay = build_customer_report(tables, date(2025, 11, 30)).overlay
    assert overlay is not None and overlay.month == NOVEMBER and overlay.is_of_as_of_month
    overlay = build_customer_report(tables, date(2026, 2, 15)).overlay
    assert overlay is not None and overlay.month == DECEMBER and not overlay.is_of_as_of_month
    assert build_customer_report(tables, date(2020, 1, 1)).overlay is None


def test_moves_of_twelve_months_are_added_as_events(value: MigrationFigures) -> None:
    assert value.months[0] == date(2025, 1, 1) and value.months[-1] == DECEMBER and len(value.months) == 12
    assert value.passages["3", "4"] == 12 * 10
    assert value.passages["3", "3"] == 12 * 982
    assert value.begun("3") == 12 * 1000
    assert value.share("3", "4") == 0.01
    assert value.left("3") == 12 * (10 + 8)
    assert value.reached("3") == 12 * (6 + 30)


def test_departures_and_arrivals_are_the_same_moves_seen_from_both_ends(customers: CustomerReport) -> None:
    for figures in customers.migrations:
        assert sum(map(figures.left, figures.members)) == figures.moved == sum(map(figures.reached, figures.members))
        kinds = figures.moves("up") + figures.moves("down") + figures.moves("move")
        assert kinds == figures.moved


def test_a_new_cut_is_in_no_other_figure(tables: CustomerTables, value: MigrationFigures) -> None:
    assert value.recuts == {RECUT_MONTH: {("5", "4"): 500, ("4", "3"): 120}}
    assert tables.migrations is not None
    own = tuple(row for row in tables.migrations if not row.is_recut)
    [without, _] = build_customer_report(replace(tables, migrations=own), AS_OF).migrations
    assert without.passages == value.passages and without.trend == value.trend and without.recuts == {}


def test_a_new_cut_that_moved_nobody_is_no_new_cut() -> None:
    assert migrations((DECEMBER, "5", "5", 90, True), (DECEMBER, "5", "5", 90, False)).recuts == {}


def test_the_trend_is_the_share_of_the_passages_of_each_month_and_has_gaps_for_months_without(value: MigrationFigures) -> None:
    figures = migrations(
        (DECEMBER, "5", "4", 10, False), (DECEMBER, "5", "5", 90, False), (date(2025, 10, 1), "5", "5", 29, False)
    )
    [(_, october), (_, november), (_, december)] = figures.trend
    assert december is not None and december.value == 0.1 and december.is_publishable
    assert november is None
    assert october is not None and not october.is_publishable
    assert figures.moved_share == 10 / 129


def test_who_comes_onto_the_scale_or_leaves_it_has_not_changed_place() -> None:
    figures = migrations(
        (DECEMBER, "-2", "4", 900, False),
        (DECEMBER, "5", "-2", 50, False),
        (DECEMBER, "5", "4", 3, False),
        (DECEMBER, "4", "4", 97, False),
    )
    assert (figures.moved, figures.changed, figures.moved_share) == (953, 3, 0.03)
    [(_, december)] = figures.trend
    assert december is not None and (december.value, december.sample_size) == (0.03, 100)


def test_a_share_of_few_passages_is_not_given() -> None:
    assert migrations((DECEMBER, "5", "4", 29, False)).share("5", "4") is None
    assert migrations((DECEMBER, "5", "4", 30, False)).share("5", "4") == 1.0


@pytest.mark.parametrize(
    "axis, origin, destination, kind",
    [
        ("value", "3", "4", "up"),
        ("value", "1", "0", "down"),
        ("value", "-2", "5", "move"),
        ("value", "5", "-2", "move"),
        ("value", "5", "5", "stay"),
        ("value", "gold", "5", "move"),
        ("family", "trusting", "autonomous", "move"),
    ],
)
def test_up_and_down_exist_only_on_the_scale_of_value(axis: str, origin: str, destination: str, kind: str) -> None:
    assert move_kind(axis, origin, destination) == kind


def test_personas_that_may_be_published_come_first_and_the_largest_leads(customers: CustomerReport) -> None:
    assert [persona.customers for persona in customers.personas] == [3_100, 2_400, 1_950, 640, 14]
    assert [persona.is_publishable for persona in customers.personas] == [True] * 4 + [False]
    assert customers.personas[0].journey == ("Achat en magasin", "Appel sous deux jours", "Rachat dans le mois")


def test_only_models_that_may_be_published_are_judged_and_no_total_is_counted_twice(tables: CustomerTables) -> None:
    assert tables.models is not None
    total = replace(tables.models[0], segment=-1, family="all", customers=1_000_000, gap=("tempo",))
    small = replace(tables.models[0], segment=5, family="new", customers=3, is_publishable=False, gap=("tempo",))
    figures = build_customer_report(replace(tables, models=(*tables.models, total, small)), AS_OF).models
    assert figures is not None
    assert total not in figures.models and small in figures.models and small not in figures.judged
    # time-pressed in six segments, trusting in the five in which there is somebody
    assert len(figures.differing) == 11
    families = ("time_pressed", "trusting")
    assert figures.customers_differing == sum(customers_of(segment, each) for segment in range(6) for each in families)


def test_models_are_in_the_order_of_the_grid(customers: CustomerReport) -> None:
    assert customers.models is not None
    places = [(model.segment, model.family) for model in customers.models.models]
    assert places[:5] == [(5, family) for family in FAMILIES]
    assert [segment for segment, _ in places] == sorted((segment for segment, _ in places), reverse=True)


def test_fits_are_told_apart_by_what_became_of_them(customers: CustomerReport) -> None:
    figures = customers.parameters
    assert figures is not None
    assert [version.version for version in figures.in_use] == ["l1", "v2", "f1", "m1"]
    assert [version.version for version in figures.refused] == ["m2", "x1"]
    assert [version.version for version in figures.others] == ["v1"]
    assert figures.missing == ("lifetime_value",)
    assert len(figures.all) == 7


def test_members_that_nobody_foresaw_are_shown_last_and_not_hidden(tables: CustomerTables) -> None:
    assert tables.sizes is not None and tables.migrations is not None
    sizes = (*tables.sizes, replace(tables.sizes[-1], month=DECEMBER, segment=7, family="newcomers"))
    moves = (*tables.migrations, Migration(DECEMBER, "region", "north", "south", 40, False))
    report = build_customer_report(replace(tables, sizes=sizes, migrations=moves), AS_OF)
    assert report.overlay is not None
    assert report.overlay.segments[-1] == 7 and report.overlay.families[-1] == "newcomers"
    assert [figures.axis for figures in report.migrations] == ["value", "family", "region"]
    assert report.migrations[-1].members[-2:] == ("north", "south")


def test_tables_that_an_older_version_did_not_publish_are_named_and_nothing_else_is_lost(tmp_path: Path) -> None:
    whole = build_customer_report(read_customers(make_published(tmp_path / "old.duckdb"), "fr"), AS_OF)
    assert whole.missing == {
        "segment_sizes",
        "segment_migrations",
        "personas",
        "relationship_models",
        "parameter_versions",
    }
    assert (whole.overlay, whole.migrations, whole.personas, whole.models, whole.parameters) == (None, (), (), None, None)
    one = build_customer_report(read_customers(make_customers(tmp_path / "a.duckdb", ("drop table personas",)), "fr"), AS_OF)
    assert one.missing == {"personas"} and one.overlay is not None


def test_an_empty_table_is_not_called_missing(tmp_path: Path) -> None:
    report = build_customer_report(read_customers(make_customers(tmp_path / "a.duckdb", ("delete from personas",)), "fr"), AS_OF)
    assert report.missing == frozenset() and report.personas == ()


def test_a_table_that_lacks_a_column_is_an_error_that_names_it(tmp_path: Path) -> None:
    database = make_customers(tmp_path / "a.duckdb", ("alter table personas drop column csat_answers",))
    with pytest.raises(duckdb.Error, match="csat_answers"):
        read_customers(database, "fr")


def test_a_database_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.duckdb: no published database"):
        read_customers(tmp_path / "none.duckdb", "fr")


@pytest.mark.parametrize(
    "text, expected",
    [
        ('{"a": 0.5, "b": "text", "c": 3}', {"a": 0.5, "b": "text", "c": 3}),
        ('{"a": NaN, "b": null}', {}),
        ('{"a": [1, 2], "b": true}', {"a": "[1, 2]", "b": "true"}),
        ("no JSON", {"diagnostics": "no JSON"}),
        ("[1, 2]", {"diagnostics": "[1, 2]"}),
        (None, {}),
    ],
)
def test_diagnostics_are_read_whatever_was_written(tmp_path: Path, text: str | None, expected: dict[str, object]) -> None:
    database = make_customers(tmp_path / "a.duckdb", ("delete from parameter_versions where parameter_version <> 'l1'",))
    with duckdb.connect(str(database)) as connection:
        connection.execute("update parameter_versions set diagnostics = ?", [text])
    versions = read_customers(database, "fr").versions
    assert versions is not None and versions[0].diagnostics == expected
