"""How far a feed reaches, and the as-of date that follows."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from dagster_project.feeds.errors import FeedError
from dagster_project.feeds.horizon import coverage, end_of_day, last_covered_day, resolve_as_of
from tests.unit.feeds.homes import CONTACTS, MEMBERS, TICKETS, Home


def days(first: date, counts: list[int]) -> dict[date, int]:
    return {first + timedelta(days=number): count for number, count in enumerate(counts)}


MONDAY = date(2024, 1, 1)


def test_a_last_day_with_half_the_usual_rows_is_covered() -> None:
    assert last_covered_day(days(MONDAY, [10] * 28 + [5])) == MONDAY + timedelta(days=28)


def test_a_last_day_with_less_than_half_is_not() -> None:
    assert last_covered_day(days(MONDAY, [10] * 28 + [4])) == MONDAY + timedelta(days=27)


def test_a_quiet_sunday_is_compared_with_sundays() -> None:
    week = [100, 100, 100, 100, 100, 100, 3]
    assert last_covered_day(days(MONDAY, week * 5)) == MONDAY + timedelta(days=34)


def test_only_the_last_365_days_count() -> None:
    boom = days(MONDAY, [1000] * 400)
    calm = days(MONDAY + timedelta(days=400), [10] * 380)
    assert last_covered_day(boom | calm) == MONDAY + timedelta(days=779)


def test_a_stated_day_wins_and_nothing_has_no_horizon() -> None:
    assert last_covered_day({MONDAY: 1}, date(2024, 5, 1)) == date(2024, 5, 1)
    assert last_covered_day({}) is None


def test_days_are_those_of_the_company(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_transactions=TICKETS | {"time_zone": "America/New_York"})
    home.tickets("a.csv", "T1;1;05/03/2024 20:00;1;1;", "T2;1;04/03/2024 20:00;1;1;")
    home.land("pos_transactions")
    found = coverage(home.path, home.company, "pos_transactions")
    assert (found.first_day, found.last_day, found.rows) == (date(2024, 3, 5), date(2024, 3, 6), 2)


def test_versions_of_a_row_count_once_and_gone_keys_not_at_all(tmp_path: Path) -> None:
    home = Home(tmp_path, loyalty_members=MEMBERS)
    home.put_lines("members/1.csv", "card,joined,tier", "L1,2024-01-01,gold", "L2,2024-01-03,gold")
    home.land("loyalty_members")
    home.put_lines("members/2.csv", "card,joined,tier", "L1,2024-01-01,silver", "L4,2024-01-02,gold")
    home.land("loyalty_members")
    found = coverage(home.path, home.company, "loyalty_members")
    assert (found.rows, found.last_day) == (2, date(2024, 1, 2))


def test_the_as_of_date_is_the_earliest_horizon_of_the_required_feeds(tmp_path: Path) -> None:
    home = Home(tmp_path, pos_transactions=TICKETS, crm_contacts=CONTACTS)
    home.tickets("a.csv", "T1;1;05/03/2024 09:05;1;1;", "T2;1;07/03/2024 09:05;1;1;")
    home.land("pos_transactions")
    with pytest.raises(FeedError, match="crm_contacts: is required"):
        resolve_as_of(home.path, home.company)
    home.put_lines("crm/a.csv", "id,channel,opened,answered,closed", "K1,phone,2024-03-06 10:00,,")
    home.land("crm_contacts")
    assert resolve_as_of(home.path, home.company) == date(2024, 3, 6)


@pytest.mark.parametrize(
    ("day", "zone", "end"),
    [
        (date(2024, 3, 31), "Europe/Paris", datetime(2024, 3, 31, 22)),
        (date(2024, 10, 27), "Europe/Paris", datetime(2024, 10, 27, 23)),
        (date(2024, 3, 30), "Asia/Beirut", datetime(2024, 3, 30, 22)),
        (date(2024, 1, 1), "UTC", datetime(2024, 1, 2)),
    ],
)
def test_a_day_ends_where_the_next_one_begins(day: date, zone: str, end: datetime) -> None:
    assert end_of_day(day, zone) == end
