"""The independent recount on rows that can be checked by hand. Needs no real data."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.real.recount import end_of_day, month_of, new_york_to_utc, read_lines, repurchases


def utc(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def test_hours_of_the_clock_changes_go_to_utc_as_landing_does_it() -> None:
    local = pd.Series(pd.to_datetime(["2017-03-12 02:30", "2017-11-05 01:30", "2017-07-01 12:00"]))
    wanted = ["2017-03-12 07:30", "2017-11-05 06:30", "2017-07-01 16:00"]
    assert new_york_to_utc(local).tolist() == [utc(text) for text in wanted]


def test_the_last_evening_of_the_year_is_december() -> None:
    instants = pd.Series(pd.to_datetime(["2018-01-01 04:59:59", "2018-01-01 05:00:00"]))
    assert [f"{month:%Y-%m}" for month in month_of(instants)] == ["2017-12", "2018-01"]
    assert end_of_day("2017-12-31") == utc("2018-01-01 05:00")


def test_a_ticket_goes_to_the_last_contact_before_it_even_if_that_one_is_immature() -> None:
    """Customer 1 buys, calls twice, and buys at the very second of the end of the first window and once more."""
    contacts = pd.DataFrame(
        {
            "number": ["A", "B", "C"],
            "customer": pd.Series([1, 1, 2], dtype="Int64"),
            "opened_at": pd.to_datetime(["2017-01-10 08:00", "2017-03-01 08:00", "2017-01-10 08:00"]),
            "ended_at": pd.to_datetime(["2017-01-10 09:00", "2017-03-01 09:00", "2017-01-10 09:00"]),
            "month": pd.to_datetime(["2017-01-01", "2017-03-01", "2017-01-01"]),
        }
    )
    purchases = pd.DataFrame(
        {
            "basket_id": [1, 2, 3, 4, 5, 6],
            "customer": pd.Series([1, 1, 1, 1, 1, 2], dtype="Int64"),
            "sold_at": pd.to_datetime(
                [
                    "2017-01-01 12:00:00", "2017-01-10 09:00:00", "2017-02-09 09:00:00", "2017-02-09 09:00:01",
                    "2017-03-02 12:00:00", "2017-01-11 12:00:00",
                ]
            ),
            "net_cents": [500, 100, 200, 300, 700, 900],
        }
    )  # fmt: skip
    months, credits, sums = repurchases(contacts, purchases, utc("2017-03-31 08:59:59"), 30)
    # at the second of the closing: not after it; a second after the window: not in it; customer 2 had not bought before
    assert set(credits[["transaction_id", "contact_id", "is_pending"]].itertuples(index=False, name=None)) == {
        ("3", "A", False), ("5", "B", True),
    }  # fmt: skip
    assert (sums["credited_cents_30"], sums["pending_cents_30"], sums["eligible_contacts"]) == (200, 700, 2)
    counted = ["customers_contacted", "customers_repurchasing", "mature_contacts", "contacts"]
    assert months[counted].to_numpy().tolist() == [[1, 1, 1, 1], [0, 0, 0, 1]]


def test_an_amount_that_is_not_exact_to_the_cent_is_refused(tmp_path: Path) -> None:
    names = ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc")
    bad = pd.DataFrame({name: [1.005] for name in names} | {"transaction_timestamp": pd.to_datetime(["2017-01-01"])})
    (tmp_path / "pos").mkdir()
    bad.to_parquet(tmp_path / "pos" / "transactions.parquet")
    with pytest.raises(ValueError, match="sales_value is not exact to the cent"):
        read_lines(tmp_path)
