"""What the page of the value says: worked examples by hand, the exact split of a change, and what is never compared or added."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.packs.reading import ALL, TOTAL
from dagster_project.packs.reading_value import read_value
from dagster_project.packs.value import (
    CENT,
    FigureName,
    Split,
    ValueReport,
    build_value_report,
    months_of,
    quarter_before,
    quarter_of,
    split_change,
)
from tests.unit.packs.customers_published import make_customers
from tests.unit.packs.published import AS_OF
from tests.unit.packs.value_published import APRIL, AUGUST, JULY, changed_copy

ReportOf = Callable[..., ValueReport]
Members = dict[str, tuple[int, Decimal]]
amounts = st.decimals(min_value=-10_000_000, max_value=10_000_000, places=4, allow_nan=False)
parts = st.dictionaries(st.sampled_from("abcdefg"), st.tuples(st.integers(0, 100_000), amounts), max_size=7)


@pytest.fixture
def report_of(value_database: Path, tmp_path: Path) -> ReportOf:
    """The report of the database with changes."""

    def build(*changes: str) -> ValueReport:
        return build_value_report(read_value(changed_copy(value_database, tmp_path / "value.duckdb", changes), "fr"), AS_OF)

    return build


def parts_of(split: Split | None) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    assert split is not None
    return split.change, split.volume, split.mix, split.rate


def test_a_change_splits_as_by_hand() -> None:
    before: Members = {"a": (100, Decimal(1000)), "b": (100, Decimal(3000))}
    after: Members = {"a": (90, Decimal(1080)), "b": (210, Decimal(5880))}
    assert parts_of(split_change(before, after)) == (Decimal(2960), Decimal(2000), Decimal(1200), Decimal(-240))


def test_more_of_the_same_is_volume_alone() -> None:
    before: Members = {"a": (100, Decimal(1000)), "b": (50, Decimal(3000))}
    after: Members = {"a": (150, Decimal(1500)), "b": (75, Decimal(4500))}
    assert parts_of(split_change(before, after)) == (Decimal(2000), Decimal(2000), Decimal(0), Decimal(0))


def test_other_shares_at_the_same_rates_are_mix_alone() -> None:
    before: Members = {"a": (100, Decimal(1000)), "b": (100, Decimal(3000))}
    after: Members = {"a": (50, Decimal(500)), "b": (150, Decimal(4500))}
    assert parts_of(split_change(before, after)) == (Decimal(1000), Decimal(0), Decimal(1000), Decimal(0))


def test_other_rates_of_the_same_units_are_rate_alone() -> None:
    before: Members = {"a": (100, Decimal(1000)), "b": (100, Decimal(3000))}
    after: Members = {"a": (100, Decimal(900)), "b": (100, Decimal(3500))}
    assert parts_of(split_change(before, after)) == (Decimal(400), Decimal(0), Decimal(0), Decimal(400))


def test_a_member_of_one_period_only_is_in_volume_and_mix_and_has_no_rate() -> None:
    """100 units at 10 each; then these and 100 of a member that is new, at 40: at 10 each they would have brought 1,000."""
    before: Members = {"a": (100, Decimal(1000))}
    after: Members = {"a": (100, Decimal(1000)), "new": (100, Decimal(4000))}
    assert parts_of(split_change(before, after)) == (Decimal(4000), Decimal(1000), Decimal(3000), Decimal(0))
    assert parts_of(split_change(after, before)) == (Decimal(-4000), Decimal(-2500), Decimal(-1500), Decimal(0))


def test_what_nothing_was_before_has_no_split_and_what_is_nothing_now_is_volume() -> None:
    some: Members = {"a": (10, Decimal(100))}
    assert split_change({}, some) is None
    assert split_change({"a": (0, Decimal(0))}, some) is None
    assert parts_of(split_change(some, {})) == (Decimal(-100), Decimal(-100), Decimal(0), Decimal(0))


@given(before=parts, after=parts)
def test_the_parts_add_up_to_the_change_to_the_cent_whatever_the_figures(before: Members, after: Members) -> None:
    split = split_change(before, after)
    if not sum(units for units, _ in before.values()):
        assert split is None
        return
    assert split is not None
    assert split.volume + split.mix + split.rate == split.after - split.before == split.change
    for members, value in ((before, split.before), (after, split.after)):
        assert abs(value - sum((each for _, each in members.values()), Decimal(0))) <= CENT / 2
    assert all(each == each.quantize(CENT) for each in (split.volume, split.mix, split.rate, split.before, split.after))


@given(before=parts, after=parts, factor=st.integers(2, 9))
def test_no_part_depends_on_the_names_or_on_how_members_are_ordered(before: Members, after: Members, factor: int) -> None:
    renamed = [{f"{name}{factor}": part for name, part in reversed(members.items())} for members in (before, after)]
    assert split_change(*renamed) == split_change(before, after)


def test_quarters_are_those_of_the_calendar() -> None:
    assert [quarter_of(date(2025, month, 28)).month for month in range(1, 13)] == [1, 1, 1, 4, 4, 4, 7, 7, 7, 10, 10, 10]
    assert quarter_before(date(2025, 2, 1)) == date(2024, 10, 1) and quarter_before(JULY) == APRIL
    assert months_of(date(2025, 10, 1)) == (date(2025, 10, 1), date(2025, 11, 1), date(2025, 12, 1))


def test_the_page_is_of_the_last_quarter_and_month_whose_windows_are_over(value: ValueReport) -> None:
    assert (value.quarter, value.month) == (JULY, AUGUST)


@pytest.mark.parametrize(
    "name, before, after, expected",
    [
        ("after", "4800.00", "8220.00", ("3420.00", "1200.00", "1800.00", "420.00")),
        ("because", "1560.00", "2600.00", ("1040.00", "390.00", "510.00", "140.00")),
        ("net", "640.00", "1050.00", ("410.00", "160.00", "240.00", "10.00")),
        ("retained", "30.0", "40.0", ("10.0", "7.5", "1.0", "1.5")),
        # of July only the total is estimated: segment 5 is new in August, and is mix
        ("rescued", "4.0", "6.0", ("2.0", "1.0", "1.3", "-0.3")),
        ("secured", "3200.00", "4800.00", ("1600.00", "800.00", "1000.00", "-200.00")),
    ],
)
def test_each_headline_figure_changes_as_by_hand(
    value: ValueReport, name: FigureName, before: str, after: str, expected: tuple[str, ...]
) -> None:
    split = value.figures[name].split
    assert split is not None
    assert (split.before, split.after) == (Decimal(before), Decimal(after))
    assert parts_of(split) == tuple(map(Decimal, expected))


def test_a_split_speaks_of_the_published_figure_even_where_its_segments_leave_a_rest(report_of: ReportOf) -> None:
    gone = "delete from repurchase_after_contact where value_segment = 1 and period_start < date '2025-07-01'"
    figure = report_of(gone).figures["after"]
    assert figure.split is not None and figure.split.before == Decimal("4800.00") and figure.split.after == Decimal("8220.00")
    assert figure.split.volume + figure.split.mix + figure.split.rate == Decimal(3420)


def test_amounts_of_the_cells_add_up_to_the_margins_over_months_segments_and_channels(value: ValueReport) -> None:
    assert value.observed is not None
    cells = value.observed.cells
    inner = [cell for (segment, channel), cell in cells.items() if segment != TOTAL and channel != ALL]
    assert sum(cell.amount or 0 for cell in inner) == cells[TOTAL, ALL].amount == Decimal(8220)
    assert sum(cell.contacts for cell in inner) == cells[TOTAL, ALL].contacts == 150
    assert cells[5, "email"].amount == Decimal(2100) and not cells[5, "email"].is_publishable


def test_a_quarter_may_be_published_when_one_of_its_months_may_and_not_when_none_may(report_of: ReportOf) -> None:
    small = "update repurchase_after_contact set is_publishable = false where period_start >= date '2025-08-01'"
    assert report_of(small).figures["after"].is_publishable
    none = "update repurchase_after_contact set is_publishable = false"
    assert not report_of(none).figures["after"].is_publishable


def test_a_change_within_the_uncertainty_of_both_quarters_is_steady_and_counts_have_no_such_thing(value: ValueReport) -> None:
    """Half-widths of 1,360 and 1,800 make 2,256: 1,040 is within."""
    assert value.figures["because"].is_steady is True
    assert value.figures["after"].is_steady is None and value.figures["retained"].is_steady is None


def test_a_change_beyond_the_uncertainty_is_not_steady(report_of: ReportOf) -> None:
    sharp = """update repurchase_increment set incremental_amount_low = incremental_amount - 100,
        incremental_amount_high = incremental_amount + 100 where value_segment = -1"""
    assert report_of(sharp).figures["because"].is_steady is False


@pytest.mark.parametrize(
    "change, name, reason",
    [
        ("delete from repurchase_after_contact where period_start < date '2025-07-01'", "after", "no_previous"),
        (
            "update kpi_values set is_complete = false where kpi = 'repurchase_amount_60' and period_start = date '2025-05-01'",
            "after",
            "immature",
        ),
        (
            "update repurchase_after_contact set immature_count = 50 where period_start = date '2025-06-01'",
            "after",
            "immature",
        ),
        ("update repurchase_after_contact set is_publishable = false", "after", "small"),
        ("delete from repurchase_increment where period_start = date '2025-04-01'", "because", "no_previous"),
        ("update repurchase_increment set immature_count = 60 where period_start = date '2025-04-01'", "because", "immature"),
        (
            """update kpi_values set is_complete = false
                where kpi = 'repurchase_increment_amount_60' and period_start = date '2025-04-01'""",
            "because",
            "immature",
        ),
        (
            """update repurchase_increment set verdict = 'not_estimable', incremental_amount = null
                where period_start = date '2025-04-01' and value_segment = -1""",
            "because",
            "not_estimable",
        ),
        ("update repurchase_increment set is_publishable = false where period_start = date '2025-04-01'", "net", "small"),
        ("delete from churn_rescues where period_start = date '2025-07-01'", "retained", "no_previous"),
        ("update churn_rescues set immature_count = 30 where period_start = date '2025-07-01'", "retained", "immature"),
        ("update churn_rescues set secured_revenue = null where period_start = date '2025-07-01'", "secured", "not_estimable"),
        ("update churn_rescues set is_publishable = false where period_start = date '2025-07-01'", "rescued", "small"),
    ],
)
def test_a_period_that_is_missing_incomplete_immature_or_small_is_not_compared(
    report_of: ReportOf, change: str, name: FigureName, reason: str
) -> None:
    figure = report_of(change).figures[name]
    assert figure.value is not None
    assert figure.split is None and figure.no_change == reason


def test_a_quarter_with_an_incomplete_month_is_not_the_quarter_of_the_page(report_of: ReportOf) -> None:
    late = "update kpi_values set is_complete = false where kpi = 'repurchase_amount_60' and period_start = date '2025-09-01'"
    assert report_of(late).quarter == APRIL


def test_a_window_that_is_not_over_is_not_settled_while_the_headline_is(value: ValueReport) -> None:
    assert value.observed_windows[60].is_settled and value.observed_windows[60].amount == Decimal(8220)
    assert not value.observed_windows[90].is_settled


def test_a_hold_out_that_is_estimated_replaces_the_estimate_and_both_are_kept(report_of: ReportOf) -> None:
    better = """insert into repurchase_increment select * replace ('hold_out' as method, incremental_amount + 11 as
        incremental_amount) from repurchase_increment
        where period_start = date '2025-07-01' and method = 'estimate' and verdict = 'estimated'"""
    gone = "delete from repurchase_increment where method = 'hold_out'"
    report = report_of(gone, better)
    assert report.estimate is not None and report.estimate.other is not None
    assert (report.estimate.total.method, report.estimate.other.method) == ("hold_out", "estimate")
    assert report.figures["because"].value == Decimal(2611)
    assert (report.figures["because"].split, report.figures["because"].no_change) == (None, "other_method")
    assert report.trust == "hold_out"


def test_a_hold_out_that_is_too_small_leaves_the_estimate_and_stands_beside_it(value: ValueReport) -> None:
    assert value.estimate is not None and value.estimate.other is not None
    assert value.estimate.total.method == "estimate" and not value.estimate.other.is_estimated


@pytest.mark.parametrize(
    "change, level",
    [
        ("", "care"),
        ("update repurchase_increment set placebo_alarm = true where period_start = date '2025-07-01'", "alarm"),
        ("update repurchase_increment set negative_control_alarm = true where period_start = date '2025-07-01'", "alarm"),
        ("update repurchase_increment set negative_control_alarm = null", "unchecked"),
        ("update repurchase_increment set incremental_net_margin_low = -5", "open"),
        ("update repurchase_increment set incremental_net_margin = null, incremental_amount_low = -5", "open"),
        (
            "update repurchase_increment set verdict = 'not_estimable', incremental_amount = null, incremental_net_margin = null",
            "none",
        ),
        ("delete from repurchase_increment", "none"),
    ],
)
def test_trust_follows_alarms_interval_and_checks(report_of: ReportOf, change: str, level: str) -> None:
    assert report_of(*([change] if change else [])).trust == level


def test_the_last_quarter_that_was_estimated_is_found_where_the_newest_could_not_be(report_of: ReportOf) -> None:
    refused = """update repurchase_increment set verdict = 'not_estimable', incremental_amount = null,
        incremental_net_margin = null where period_start = date '2025-07-01'"""
    report = report_of(refused)
    assert report.quarter == JULY and report.last_estimated is not None and report.last_estimated.quarter == APRIL


def test_where_the_estimate_speaks_of_other_segments_than_before_it_is_said(report_of: ReportOf) -> None:
    fewer = """update repurchase_increment set verdict = 'not_estimable', incremental_amount = null,
        incremental_net_margin = null where period_start = date '2025-04-01' and value_segment = 5"""
    report = report_of(fewer)
    assert report.figures["because"].has_other_members and not report.figures["after"].has_other_members


def test_without_any_of_the_tables_the_report_is_empty_and_names_them(tmp_path: Path) -> None:
    report = build_value_report(read_value(make_customers(tmp_path / "old.duckdb"), "fr"), AS_OF)
    assert report.missing == {
        "repurchase_after_contact",
        "repurchase_after_contact_detail",
        "repurchase_increment",
        "churn_rescues",
        "churn_risks",
    }
    assert report.quarter is None and all(figure.value is None for figure in report.figures.values())


def test_of_single_customers_only_counts_are_read(value: ValueReport) -> None:
    assert [(risk.kind, risk.customers, risk.held_out) for risk in value.risks] == [("silence", 2, 0), ("subscription", 3, 1)]
