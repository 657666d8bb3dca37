"""Euros after contacts, recounted in pandas from the raw rows of a home: no SQL, and no model of the product is read.

Only who is who is taken from the publication (`customer_keys`): identity is not what is judged. Here: eligible contacts,
their windows, the last contact before each ticket. Not here: rates, and homes whose feeds have days only or other time zones'
oddities (`tests/real/recount.py` has those).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd

from dagster_project.company.model import load_company

Frame = pd.DataFrame


def recount(home: Path) -> Frame:
    """Sums of net amounts by window, in ten-thousandths: `credited`, `pending`, and `eligible` with no contact chosen at all."""
    company = load_company(home)
    manifest = json.loads((home / "published" / "manifest.json").read_text(encoding="utf-8"))["publication"]
    zone = ZoneInfo(company.time_zone)
    as_of = datetime.fromisoformat(f"{manifest['as_of_date']}").replace(tzinfo=zone)
    end = pd.Timestamp((as_of + timedelta(days=1)).astimezone(UTC).replace(tzinfo=None))
    month = as_of.year * 12 + as_of.month - company.history_months
    first = datetime(month // 12, month % 12 + 1, 1, tzinfo=zone).astimezone(UTC).replace(tzinfo=None)
    keys = _published(home, "customer_keys").set_index("source_key_hash")["customer_id"].to_dict()
    tickets = _tickets(_newest(home, "pos_transactions", ["transaction_id", "line_number"], end), keys)
    contacts = _contacts(_newest(home, "crm_contacts", ["contact_id"], end), keys, end)
    contacts = contacts[contacts["opened_at"] >= pd.Timestamp(first)]
    contacts = contacts[_had_bought(contacts, tickets)]
    horizon = min(_horizon(home, feed) for feed in ("crm_contacts", "pos_transactions"))
    rows = []
    for days in company.windows.repurchase_days:
        pairs = tickets.reset_index().merge(contacts, on="customer")
        since = pairs["sold_at"] - pairs["closed_at"]
        inside = pairs[(since > pd.Timedelta(0)) & (since <= pd.Timedelta(days=days))]
        eligible = tickets.loc[inside["transaction_id"].unique(), "net"]
        last = inside.sort_values(["closed_at", "opened_at", "contact_id"]).groupby("transaction_id").tail(1)
        is_pending = last["closed_at"] + pd.Timedelta(days=days) >= horizon
        rows.append(
            {
                "window_days": days,
                "credited": int(last.loc[~is_pending, "net"].sum()),
                "pending": int(last.loc[is_pending, "net"].sum()),
                "eligible": int(eligible.sum()),
            }
        )
    return pd.DataFrame(rows).set_index("window_days")


def _published(home: Path, table: str) -> Frame:
    return pd.read_parquet(home / "published" / "parquet" / f"{table}.parquet")


def _newest(home: Path, feed: str, key: list[str], end: pd.Timestamp) -> Frame:
    """The newest version of each key that was known at the end of the as-of day."""
    rows = pd.concat([pd.read_parquet(path) for path in sorted((home / "raw" / feed).rglob("*.parquet"))])
    rows = rows[rows["version_at"] < end].sort_values(["version_at", "sequence", "row_hash"], kind="stable")
    rows = rows.groupby(key, as_index=False).tail(1)
    return rows[~rows["is_tombstone"]]


def _tickets(lines: Frame, keys: dict[str, str]) -> Frame:
    """One row per ticket of a customer: a refund without a key of its own is of the customer of what it gives back."""
    lines = lines[~lines["is_cancelled"].fillna(False).astype(bool)]
    # whole numbers of what amounts have decimals of: sums are exact
    lines = lines.assign(net=[int(amount * 10_000) for amount in lines["net_amount"]])
    tickets = lines.groupby("transaction_id").agg(
        sold_at=("sold_at", "min"),
        net=("net", "sum"),
        original=("returned_transaction_id", "min"),
        crm=("customer_id_hash", "min"),
        loyalty=("loyalty_card_id_hash", "min"),
        email=("email_hash", "min"),
    )
    own = tickets["crm"].map(keys)
    for space in ("loyalty", "email"):
        own = own.fillna(tickets[space].map(keys))
    tickets["customer"] = own.fillna(tickets["original"].map(own))
    return tickets[tickets["customer"].notna()]


def _contacts(contacts: Frame, keys: dict[str, str], end: pd.Timestamp) -> Frame:
    """Inbound, handled contacts of a customer; what is told of the days after the as-of date is not known."""
    late = contacts["closed_at"] >= end
    contacts = contacts.assign(
        customer=contacts["customer_id_hash"].map(keys),
        closed_at=contacts["closed_at"].mask(late),
        outcome=contacts["outcome"].mask(late),
        answered_at=contacts["answered_at"].mask(contacts["answered_at"] >= end),
    )
    outcome = contacts["outcome"].fillna("")
    is_ended = contacts["closed_at"].notna() & outcome.isin(["resolved", "unresolved", "transferred"])
    is_handled = (
        (contacts["answered_at"].notna() | is_ended)
        & ~outcome.isin(["abandoned", "merged", "spam"])
        & contacts["merged_into_contact_id"].isna()
    )
    wanted = (contacts["direction"] == "inbound") & is_handled & contacts["customer"].notna()
    return contacts.loc[wanted, ["contact_id", "customer", "opened_at", "closed_at"]]


def _had_bought(contacts: Frame, tickets: Frame) -> pd.Series:
    """Whether the customer held at the opening a purchase of which refunds had left something."""
    bought = tickets[tickets["net"] > 0].reset_index()[["transaction_id", "customer", "sold_at", "net"]]
    refunds = tickets[tickets["original"].notna() & (tickets["net"] < 0)].reset_index(drop=True)
    refunds = refunds[["original", "sold_at", "net"]].rename(
        columns={"original": "transaction_id", "sold_at": "at", "net": "back"}
    )
    pairs = contacts.merge(bought, on="customer")
    pairs = pairs[pairs["sold_at"] < pairs["opened_at"]]
    given = pairs.merge(refunds, on="transaction_id")
    given = given[given["at"] <= given["opened_at"]].groupby(["contact_id", "transaction_id"])["back"].sum()
    pairs = pairs.join(given, on=["contact_id", "transaction_id"])
    kept = pairs[pairs["net"] + pairs["back"].fillna(0) > 0]
    return contacts["contact_id"].isin(kept["contact_id"])


def _horizon(home: Path, feed: str) -> pd.Timestamp:
    status = pd.read_parquet(home / "warehouse" / "inputs" / "feed_status.parquet").set_index("feed")
    return pd.Timestamp(status.loc[feed, "horizon_at"])
