"""Which month is shown, against what, with which status and caveat."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest

from dagster_project.packs.charts import draw
from dagster_project.packs.figures import (
    KpiFigures,
    Report,
    against_total,
    build_report,
    change_between,
    is_settled,
    last_complete_month,
    last_covered_day,
    shade,
)
from dagster_project.packs.formats import UNKNOWN, Formats
from dagster_project.packs.reading import Cell, read_published
from dagster_project.packs.rows import KpiRow, kpi_row
from dagster_project.packs.wording import Words
from tests.unit.packs.published import (
    DECEMBER,
    DEGRADED,
    IMMATURE,
    MONTHS,
    NOT_PUBLISHABLE,
    NOVEMBER,
    OCTOBER,
    RESTATED,
    SEPTEMBER,
    UNAVAILABLE,
    make_published,
)

CELL = Cell("csat", NOVEMBER, -1, 0.5, 0.48, 0.52, 400, 0, True, True, "rate", 0.45, None, None, None, False)


def figures(report: Report, kpi: str) -> KpiFigures:
    return next(each for each in report.kpis if each.definition.kpi == kpi)


def row(report: Report, kpi: str, language: str = "fr") -> KpiRow:
    return kpi_row(figures(report, kpi), report, Words(language), Formats(language, "EUR"))


@pytest.mark.parametrize(
    "as_of, month",
    [
        (date(2025, 12, 17), NOVEMBER),
        (date(2025, 12, 30), NOVEMBER),
        (date(2025, 12, 31), DECEMBER),
        (date(2024, 2, 28), date(2024, 1, 1)),
        (date(2024, 2, 29), date(2024, 2, 1)),
        (date(2025, 1, 1), date(2024, 12, 1)),
    ],
)
def test_a_month_is_complete_only_when_its_last_day_has_passed(as_of: date, month: date) -> None:
    assert last_complete_month(as_of) == month


def test_an_incomplete_month_is_neither_the_value_nor_a_point_of_the_trend(report: Report) -> None:
    assert report.reference_month == NOVEMBER
    assert report.open_month == DECEMBER
    for kpi in report.kpis:
        assert kpi.month is None or kpi.month <= NOVEMBER
        assert all(month <= NOVEMBER for month, _ in kpi.trend)


def test_a_feed_that_ends_earlier_holds_its_kpis_back_to_its_own_last_complete_month(tmp_path: Path) -> None:
    database = make_published(
        tmp_path / "a.duckdb", ("update kpi_readiness set horizon_at = '2025-11-20 23:00' where kpi = 'nps'",)
    )
    held_back = build_report(read_published(database, "fr"), "Europe/Paris")
    assert figures(held_back, "nps").month == OCTOBER
    assert not row(held_back, "nps").is_reference_month
    assert figures(held_back, "inbound_contacts").month == NOVEMBER


def test_a_single_wave_that_ends_before_its_month_does_is_shown_as_partial_and_not_called_unavailable(tmp_path: Path) -> None:
    # the real survey of 2017: all answers in May, the last busy day the 30th; its figure was lost from the pack
    changes = (
        "delete from kpi_values where kpi = 'nps' and period_start != '2025-10-01'",
        "update kpi_readiness set horizon_at = '2025-10-30 23:00' where kpi = 'nps'",
    )
    report = build_report(read_published(make_published(tmp_path / "a.duckdb", changes), "fr"), "Europe/Paris")
    assert figures(report, "nps").month == OCTOBER
    assert row(report, "nps").caveats[0] == "mois partiel\u00a0: données jusqu’au 30\u00a0octobre\u00a02025"
    assert not row(report, "nps").is_reference_month


def test_where_a_feed_is_absent_what_the_others_lack_for_it_is_no_reason(tmp_path: Path) -> None:
    rows = """insert into kpi_readiness values
        ('active_customers', 'pos_transactions', true, true, 500, 0.9, 'unavailable', 'Rien ne le concerne.', 'Nothing.', null)"""
    report = build_report(read_published(make_published(tmp_path / "a.duckdb", (rows,)), "fr"), "Europe/Paris")
    [kpi] = [each for each in report.kpis if each.definition.kpi == "active_customers"]
    assert kpi.reasons == ("Le flux crm_subscriptions est absent.",)


def test_a_kpi_that_is_ready_but_has_no_month_to_show_is_not_called_unavailable(tmp_path: Path) -> None:
    lost = "delete from kpi_values where kpi = 'nps' and period_start < '2025-12-01'"
    report = build_report(read_published(make_published(tmp_path / "a.duckdb", (lost,)), "fr"), "Europe/Paris")
    shown = row(report, "nps")
    assert (shown.value, shown.status, shown.is_shown) == ("Sans période complète", "no_month", False)
    assert shown.caveats == ("Aucune valeur n’est publiée pour un mois complet.",)


def test_a_month_whose_events_still_wait_for_their_window_is_not_the_value(report: Report) -> None:
    shown = figures(report, IMMATURE)
    assert shown.month == SEPTEMBER
    assert [month for month, cell in shown.trend if cell and not is_settled(cell)] == [OCTOBER, NOVEMBER]


def test_a_few_waiting_events_do_not_hold_a_month_back() -> None:
    assert is_settled(replace(CELL, sample_size=95, immature_count=5))
    assert not is_settled(replace(CELL, sample_size=94, immature_count=6))


def test_where_no_month_is_settled_the_newest_one_is_shown_as_provisional(tmp_path: Path) -> None:
    database = make_published(tmp_path / "a.duckdb", ("update kpi_values set immature_count = 250 where kpi = 'nps'",))
    shown = row(build_report(read_published(database, "fr"), "Europe/Paris"), "nps")
    assert shown.month == "nov.\u00a02025"
    assert "provisoire\u00a0: 250\u00a0en attente" in shown.caveats


def test_weeks_are_never_taken_for_months(report: Report) -> None:
    for kpi in report.kpis:
        assert {month for month, _ in kpi.trend} <= set(MONTHS)
    assert row(report, IMMATURE).value == "51,0\u00a0%"


def test_an_instant_becomes_the_day_before_it_in_the_company_time_zone() -> None:
    assert last_covered_day(datetime(2025, 12, 9, 23), "Europe/Paris") == date(2025, 12, 9)
    assert last_covered_day(datetime(2025, 7, 9, 22), "Europe/Paris") == date(2025, 7, 9)
    assert last_covered_day(datetime(2025, 12, 10, 5), "America/New_York") == date(2025, 12, 9)


def test_the_data_are_complete_to_the_horizon_of_the_publication_and_not_to_that_of_an_optional_feed(tmp_path: Path) -> None:
    changes = ("update kpi_readiness set horizon_at = '2025-03-31 22:00' where feed = 'survey_responses'",)
    report = build_report(read_published(make_published(tmp_path / "a.duckdb", changes), "fr"), "Europe/Paris")
    assert report.last_day == date(2025, 12, 10)
    assert {feed.last_day for feed in report.feeds if feed.feed == "survey_responses"} == {date(2025, 3, 31)}


def test_an_as_of_date_after_the_data_makes_no_month_complete_that_they_do_not_hold(tmp_path: Path) -> None:
    changes = ("update publication set as_of_date = '2026-06-30', data_horizon = '2025-12-16 23:00'",)
    report = build_report(read_published(make_published(tmp_path / "a.duckdb", changes), "fr"), "Europe/Paris")
    assert report.reference_month == NOVEMBER


def test_where_a_kpi_is_impossible_the_thin_coverage_of_another_feed_is_not_said_beside_it(tmp_path: Path) -> None:
    thin = "select * replace ('pos_stores' as feed, 'degraded' as verdict, 'mince' as reason_fr) from kpi_readiness"
    changes = (f"insert into kpi_readiness {thin} where kpi = '{UNAVAILABLE}' limit 1",)
    report = build_report(read_published(make_published(tmp_path / "a.duckdb", changes), "fr"), "Europe/Paris")
    assert figures(report, UNAVAILABLE).reasons and "mince" not in " ".join(figures(report, UNAVAILABLE).reasons)


def test_months_whose_history_is_not_complete_are_no_part_of_a_trend(tmp_path: Path) -> None:
    # a year of look-back of which a part is missing: the customers counted grow while the year fills
    changes = (f"update kpi_values set is_complete = false where kpi = 'inbound_contacts' and period_start < '{SEPTEMBER}'",)
    report = build_report(read_published(make_published(tmp_path / "a.duckdb", changes), "fr"), "Europe/Paris")
    assert [month for month, _ in figures(report, "inbound_contacts").trend] == [SEPTEMBER, OCTOBER, NOVEMBER]


def test_where_no_month_has_its_history_the_last_one_is_shown_and_says_so(tmp_path: Path) -> None:
    changes = ("update kpi_values set is_complete = false, is_publishable = false where kpi = 'inbound_contacts'",)
    report = build_report(read_published(make_published(tmp_path / "a.duckdb", changes), "fr"), "Europe/Paris")
    shown = row(report, "inbound_contacts")
    assert (figures(report, "inbound_contacts").month, shown.is_greyed) == (NOVEMBER, True)
    assert shown.caveats[0] == "historique incomplet"


def test_a_rate_changes_in_points_and_a_volume_in_per_cent(report: Report) -> None:
    assert row(report, "service_level_missed_abandons").change == "\u22128,7\u00a0pt"
    assert row(report, "inbound_contacts").change == "+20,4\u00a0%"
    assert row(report, "repurchase_amount_60").change == "+23,5\u00a0%"
    assert row(report, "nps").change == "+9,8"
    assert row(report, "average_speed_of_answer").change == "\u221268\u00a0s"


def test_a_change_is_good_or_bad_by_the_direction_of_the_kpi_and_neither_for_a_neutral_one(report: Report) -> None:
    assert row(report, "service_level_missed_abandons").change_tone == "bad"
    assert row(report, "average_speed_of_answer").change_tone == "good"
    assert (row(report, "inbound_contacts").change_tone, row(report, "inbound_contacts").change_word) == (
        "neutral",
        "en hausse",
    )


def test_a_change_within_the_uncertainty_of_both_months_is_no_news() -> None:
    before = replace(CELL, month=OCTOBER, value=0.48, interval_low=0.46, interval_high=0.50)
    # half-widths of 0.02 twice: 0.0283 together
    steady = change_between(CELL, 0.48, before, "up")
    assert steady is not None and steady.is_steady and steady.is_favourable is None
    moved = change_between(CELL, 0.45, replace(before, value=0.45, interval_low=0.43, interval_high=0.47), "up")
    assert moved is not None and not moved.is_steady and moved.is_favourable is True


def test_a_change_of_unknown_uncertainty_is_not_called_good_or_bad_unless_it_is_a_count_or_an_amount() -> None:
    bare = replace(CELL, interval_low=None, interval_high=None, unit="seconds", value=10.0)
    sampled = change_between(bare, 20.0, None, "down")
    assert sampled is not None and sampled.is_favourable is None
    counted = change_between(replace(bare, unit="count"), 20.0, None, "down")
    assert counted is not None and counted.is_favourable is True


def test_a_value_before_that_may_not_be_published_is_greyed(tmp_path: Path) -> None:
    database = make_published(
        tmp_path / "a.duckdb",
        (f"update kpi_values set is_publishable = false where kpi = 'nps' and period_start = '{OCTOBER}'",),
    )
    shown = row(build_report(read_published(database, "fr"), "Europe/Paris"), "nps")
    assert (shown.is_previous_greyed, shown.change) == (True, UNKNOWN)


def test_no_change_is_reckoned_from_or_to_a_month_that_may_not_be_published() -> None:
    assert change_between(replace(CELL, is_publishable=False), 0.45, None, "up") is None
    assert change_between(CELL, 0.45, replace(CELL, is_publishable=False), "up") is None
    assert change_between(CELL, None, None, "up") is None


def test_a_relative_change_from_zero_does_not_exist() -> None:
    change = change_between(replace(CELL, unit="count", value=5.0), 0.0, None, "none")
    assert change is not None and change.relative is None and change.absolute == 5.0


@pytest.mark.parametrize(
    "kpi, french, english",
    [
        ("service_level_missed_abandons", "Alerte", "Alert"),
        ("first_contact_resolution", "Cible atteinte", "On target"),
        ("average_speed_of_answer", "À surveiller", "Watch"),
        (NOT_PUBLISHABLE, "Non publiable", "Not publishable"),
        ("inbound_contacts", "Sans cible", "No target"),
        (UNAVAILABLE, "Indisponible", "Unavailable"),
    ],
)
def test_every_status_is_a_word_in_both_languages(report: Report, kpi: str, french: str, english: str) -> None:
    assert row(report, kpi).status_word == french
    assert row(report, kpi, "en").status_word == english


def test_an_unavailable_kpi_is_words_and_no_figure_of_it_has_a_digit(report: Report) -> None:
    shown = row(report, UNAVAILABLE)
    assert not shown.is_shown
    assert shown.value == "Indisponible"
    assert {shown.previous, shown.change, shown.target, shown.sample_size, shown.month} == {UNKNOWN}
    assert shown.caveats == ("Le flux crm_subscriptions est absent.",)
    assert figures(report, UNAVAILABLE).trend == ()


def test_a_kpi_that_readiness_calls_unavailable_shows_no_number_even_where_values_are_published(tmp_path: Path) -> None:
    database = make_published(tmp_path / "a.duckdb", ("update kpi_readiness set verdict = 'unavailable' where kpi = 'nps'",))
    withheld = build_report(read_published(database, "fr"), "Europe/Paris")
    assert (row(withheld, "nps").is_shown, row(withheld, "nps").value) == (False, "Indisponible")
    assert figures(withheld, "nps").trend == () and not figures(withheld, "nps").segments


def test_a_sample_under_the_minimum_is_greyed_and_says_so(report: Report) -> None:
    shown = row(report, NOT_PUBLISHABLE)
    assert shown.is_greyed
    assert "effectif trop faible" in shown.caveats
    assert shown.change == UNKNOWN


def test_restated_and_degraded_figures_say_so(report: Report) -> None:
    assert row(report, RESTATED).caveats == ("révisé",)
    assert row(report, DEGRADED).caveats == ("dégradé",)
    assert row(report, DEGRADED).general_caveat == "Seuls 62\u00a0% des contacts portent un client."
    assert row(report, "inbound_contacts").caveats == ()
    assert row(report, "inbound_contacts").general_caveat == "À lire avec prudence."


def test_a_target_carries_the_sense_in_which_it_is_met(report: Report) -> None:
    assert row(report, "service_level_missed_abandons").target == "≥\u00a080,0\u00a0%"
    assert row(report, "average_speed_of_answer").target == "≤\u00a03\u00a0min\u00a000\u00a0s"


def test_topics_come_in_the_order_of_the_story_and_headlines_first(report: Report) -> None:
    assert report.topics == ("service", "satisfaction", "value")
    assert [kpi.definition.kpi for kpi in report.of_topic("service")][:2] == [
        "service_level_missed_abandons",
        "first_contact_resolution",
    ]


def test_a_segment_is_marked_only_when_its_interval_excludes_the_total() -> None:
    total = replace(CELL, value=0.45)
    assert against_total(CELL, total) == "above"
    assert against_total(CELL, replace(CELL, value=0.55)) == "below"
    assert against_total(CELL, CELL) is None
    assert against_total(replace(CELL, is_publishable=False), total) is None


def test_the_ground_of_a_cell_goes_from_the_smallest_to_the_largest_publishable_value() -> None:
    cells = [replace(CELL, value=value) for value in (0.1, 0.5, 0.9)]
    assert [shade(cell, cells) for cell in cells] == [0, 2, 4]
    assert shade(replace(CELL, is_publishable=False), cells) == 0


def test_a_publication_of_no_row_or_no_file_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="a run has to publish first"):
        read_published(tmp_path / "none.duckdb", "fr")
    with pytest.raises(ValueError, match="publication has 0 rows, expected 1"):
        read_published(make_published(tmp_path / "a.duckdb", ("delete from publication",)), "fr")
    with pytest.raises(duckdb.Error, match="kpi_values"):
        read_published(make_published(tmp_path / "b.duckdb", ("drop table kpi_values",)), "fr")


def test_a_verdict_that_is_not_known_is_refused_with_its_kpi(tmp_path: Path) -> None:
    database = make_published(tmp_path / "a.duckdb", ("update kpi_readiness set verdict = 'good' where kpi = 'nps'",))
    with pytest.raises(ValueError, match="verdict 'good' of nps is not one of ready, degraded, unavailable"):
        read_published(database, "fr")


def test_a_value_that_is_not_a_number_is_no_figure(tmp_path: Path) -> None:
    database = make_published(
        tmp_path / "a.duckdb",
        (f"update kpi_values set value = 'nan' where kpi = 'nps' and period_start = '{NOVEMBER}'",),
    )
    assert figures(build_report(read_published(database, "fr"), "Europe/Paris"), "nps").month == OCTOBER


# a KPI that is known by quarter only: that of April, July and October stand, the last one not over on 7 December
BY_QUARTER = (
    "delete from kpi_values where kpi = 'nps' and period_start not in ('2025-04-01', '2025-07-01', '2025-10-01')",
    "update kpi_values set period_grain = 'quarter' where kpi = 'nps'",
)


def test_a_kpi_of_quarters_shows_the_last_quarter_that_is_over_against_the_one_before(tmp_path: Path) -> None:
    database = make_published(tmp_path / "a.duckdb", BY_QUARTER)
    by_quarter = build_report(read_published(database, "fr"), "Europe/Paris")
    shown = figures(by_quarter, "nps")
    assert (shown.month, shown.is_quarter) == (date(2025, 7, 1), True)
    assert shown.previous is not None and shown.previous.month == date(2025, 4, 1)
    assert [month for month, _ in shown.trend] == [date(2025, 4, 1), date(2025, 7, 1)]
    assert row(by_quarter, "nps").month == "T3\u00a02025"
    chart = draw(shown, Words("fr"), Formats("fr", "EUR"))
    assert chart.title.endswith("évolution trimestrielle")
    assert [tick.label for tick in chart.x_ticks] == ["T2\u00a02025", "T3\u00a02025"]
    assert "(3e trimestre 2025)" in chart.description


def test_a_kpi_of_months_is_not_mixed_with_its_quarters(tmp_path: Path, report: Report) -> None:
    both = "insert into kpi_values select * replace ('quarter' as period_grain, 0.5 as value) from kpi_values where kpi = 'nps'"
    mixed = build_report(read_published(make_published(tmp_path / "a.duckdb", (both,)), "fr"), "Europe/Paris")
    assert figures(mixed, "nps") == figures(report, "nps")
