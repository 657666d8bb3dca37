"""How far each feed reaches, and the as-of date of a run when the configuration does not give one.

A feed's horizon is the end of the last day (company time zone) that it covers: the last day with at least half the
rows of the median of that weekday, or `covers_until` where the configuration states it. A feed whose last export stops
at noon does not cover that day. Feeds without a time bound nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import duckdb

from dagster_project.company.model import Company
from dagster_project.feeds import sql
from dagster_project.feeds.batches import active_batches
from dagster_project.feeds.contract import FEEDS, Feed
from dagster_project.feeds.errors import FeedError

COVERED_SHARE = 0.5
MEDIAN_OVER_DAYS = 365


@dataclass(frozen=True)
class Coverage:
    """The days of a feed that raw holds, company time zone. `horizon_day` is the last covered day, or None."""

    feed: str
    rows: int
    first_day: date | None
    last_day: date | None
    horizon_day: date | None


def last_covered_day(rows_by_day: Mapping[date, int], covers_until: date | None = None) -> date | None:
    """The last day with at least half the rows of the median of its weekday; pure.

    The median is over the days with at least one row among the 365 days that end with the last day.
    """
    if covers_until is not None:
        return covers_until
    if not rows_by_day:
        return None
    last = max(rows_by_day)
    recent = {day: rows for day, rows in rows_by_day.items() if (last - day).days < MEDIAN_OVER_DAYS and rows > 0}
    medians = {
        weekday: median(rows for day, rows in recent.items() if day.weekday() == weekday)
        for weekday in {day.weekday() for day in recent}
    }
    covered = [day for day, rows in recent.items() if rows >= COVERED_SHARE * medians[day.weekday()]]
    return max(covered, default=None)


def event_time(feed: Feed) -> str:
    """SQL of the event time of a raw row; null for a feed without time."""
    return f"coalesce({', '.join(feed.event_at)}, null)" if feed.event_at else "null::timestamp"


def current_rows(home: Path, feed: Feed, as_of_end: datetime | None = None) -> str | None:
    """SQL of the rows of a feed that hold: one a key, its newest version, gone keys left out; None without raw.

    Versions and events from `as_of_end` on (naive UTC, exclusive) are left out. One column: `event_at`.
    """
    batches = active_batches(home, feed.name)
    if not batches:
        return None
    # Keys by a 64-bit hash: this only counts, and a group by text took three times as long.
    key = f"hash({', '.join(sql.name(column) for column in feed.key)})"
    columns = f"{key} as key_hash, {event_time(feed)} as event_at, version_at, sequence, row_hash, is_tombstone"
    rows = " union all ".join(batch.select(columns) for batch in batches)
    end = None if as_of_end is None else f"timestamp {sql.text(as_of_end.isoformat(sep=' '))}"
    known = "true" if end is None else f"(version_at is null or version_at < {end})"
    happened = "true" if end is None else f"(event_at is null or event_at < {end})"
    order = "row(version_at, row_hash)" if feed.event_at else "row(sequence, row_hash)"
    if not any(int(batch.manifest["report"]["tombstones"]) for batch in batches):
        return f"select max_by(event_at, {order}) as event_at from ({rows}) where {known} and {happened} group by key_hash"
    return f"""
        select max_by(event_at, {order}) filter (not is_tombstone) as event_at from ({rows})
        where {known} and (is_tombstone or {happened}) group by key_hash
        having coalesce(max(sequence) filter (not is_tombstone), 0) > coalesce(max(sequence) filter (is_tombstone), 0)
    """


def coverage(home: Path, company: Company, feed_name: str, as_of_end: datetime | None = None) -> Coverage:
    """Count the rows of a feed by day of their event, company time zone, and find its horizon."""
    feed = FEEDS[feed_name]
    rows = current_rows(home, feed, as_of_end)
    configuration = company.feeds.get(feed_name)
    stated = configuration.covers_until if configuration is not None else None
    if rows is None:
        return Coverage(feed_name, 0, None, None, None)
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("set timezone = 'UTC'")
        # By quarter of an hour first (the finest offset of a time zone): converting each row cost more than the scan.
        found = connection.execute(f"""
            with quarters as (
                select time_bucket(interval '15 minutes', event_at) as quarter, count(*) as rows
                from ({rows}) group by 1
            )
            select (timezone({sql.text(company.time_zone)}, timezone('UTC', quarter)))::date as day, sum(rows)::bigint
            from quarters group by 1
        """).fetchall()
    finally:
        connection.close()
    total = sum(int(count) for _, count in found)
    by_day = {day: int(count) for day, count in found if day is not None}
    if not by_day:
        return Coverage(feed_name, total, None, None, None)
    return Coverage(feed_name, total, min(by_day), max(by_day), last_covered_day(by_day, stated))


def resolve_as_of(home: Path, company: Company) -> date:
    """The as-of date: the configuration's, else the last day that every required feed covers. Raises FeedError."""
    return company.as_of_date if company.as_of_date is not None else last_common_day(home, company)


def last_common_day(home: Path, company: Company) -> date:
    """The earliest horizon day of the required feeds: up to it all of them speak. Raises FeedError."""
    days = []
    for name in company.required:
        found = coverage(home, company, name)
        if found.horizon_day is None:
            raise FeedError(
                name,
                "is required (company.yml: required) and raw holds no row of it: the as-of date cannot be told; put "
                "its export into the inbox, take it out of required, or give as_of_date",
            )
        days.append(found.horizon_day)
    if not days:
        raise FeedError(
            "required",
            "no configured feed has a time, so that the as-of date cannot be told; give as_of_date in company.yml",
        )
    return min(days)


def end_of_day(day: date, time_zone: str) -> datetime:
    """The UTC instant (naive) at which a day of a time zone is over: the start of the next one."""
    start = datetime.combine(day + timedelta(days=1), time.min, tzinfo=ZoneInfo(time_zone))
    # Where midnight does not exist (some zones change then), the day begins at the first instant that does.
    return start.astimezone(UTC).replace(tzinfo=None)
