"""An independent recount of the real home's figures, in pandas, straight from the original files.

Here: the definitions of the KPI dictionary and of `docs/decisions.md`, written a second time. It shares no code with
the product (nothing of `dagster_project` is imported) and neither its tools: no DuckDB, no SQL, no mapping query. Money
is counted in whole cents. Not here: what the product publishes (`test_real_home.py` compares the two).

    python recount.py SOURCE      prints the figures as JSON
"""

from __future__ import annotations

import argparse
import json
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

TIME_ZONE = "America/New_York"
AS_OF_DATE = "2017-12-31"
SHIFT = pd.Timedelta(days=308)
REPEAT_CONTACT_DAYS = 7
WINDOWS = (30, 60, 90)
RATINGS = (
    "Q7ART", "Q7FOOD", "Q7STORE", "Q7SIGN", "Q7WALKWAYS", "Q7SCREENS", "Q7INFODOWN", "Q7INFOUP", "Q7WIFI", "Q7ROADS",
    "Q7PARK", "Q7AIRTRAIN", "Q7LTPARKING", "Q7RENTAL",
)  # fmt: skip
# The whole of an incident's states that are an end; every other state, the unexplained -100 too, is open.
ENDED = ("Resolved", "Closed")


@dataclass(frozen=True)
class Recount:
    """The figures. Cents are whole cents. Months are first days of New York months.

    `months`: one row per month. `windows`: one row per month and window. `credits`: one row per credited ticket and
    window. `purchases`: one row per basket; `contacts`: one row per incident in its last state; both with `customer`,
    the household of the connected component.
    """

    counts: dict[str, int]
    cents: dict[str, int]
    satisfaction: dict[str, float]
    months: pd.DataFrame
    windows: pd.DataFrame
    credits: pd.DataFrame
    purchases: pd.DataFrame
    contacts: pd.DataFrame


def new_york_to_utc(local: pd.Series) -> pd.Series:
    """Naive New York times as naive UTC: the hour that does not exist moves on by one, a double one is the later."""
    first, after = pd.Timestamp("2017-03-12 02:00"), pd.Timestamp("2017-03-12 03:00")
    moved = local.where(~((local >= first) & (local < after)), local + pd.Timedelta(hours=1))
    zoned = moved.dt.tz_localize(TIME_ZONE, ambiguous=np.zeros(len(moved), dtype=bool))
    utc: pd.Series = zoned.dt.tz_convert("UTC").dt.tz_localize(None)
    return utc


def month_of(utc: pd.Series) -> pd.Series:
    """The first day of the New York month of naive UTC instants."""
    local = utc.dt.tz_localize("UTC").dt.tz_convert(TIME_ZONE).dt.tz_localize(None)
    months: pd.Series = local.dt.to_period("M").dt.start_time.astype("datetime64[us]")
    return months


def end_of_day(day: str) -> pd.Timestamp:
    """The first instant after a New York day, naive UTC."""
    return (pd.Timestamp(day, tz=TIME_ZONE) + pd.DateOffset(days=1)).tz_convert("UTC").tz_localize(None)


def read_lines(source: Path) -> pd.DataFrame:
    """The ticket lines with amounts in cents."""
    lines = pd.read_parquet(source / "pos" / "transactions.parquet")
    for name in ("sales_value", "retail_disc", "coupon_disc", "coupon_match_disc"):
        exact = lines[name] * 100
        lines[f"{name}_cents"] = exact.round().astype("int64")
        if (exact - lines[f"{name}_cents"]).abs().max() > 1e-6:
            raise ValueError(f"{name} is not exact to the cent")
    lines["sold_at"] = lines["transaction_timestamp"].astype("datetime64[us]")
    return lines


def read_events(source: Path) -> pd.DataFrame:
    """The incident log: one row an update, `?` as missing, times moved by 308 days and in UTC."""
    with (
        zipfile.ZipFile(source / "crm" / "incident_event_log.zip") as archive,
        archive.open(archive.namelist()[0]) as file,
    ):
        events = pd.read_csv(file, dtype=str, keep_default_na=False, na_values=["?"])
    for name in ("opened_at", "sys_updated_at", "resolved_at", "closed_at"):
        local = pd.to_datetime(events[name], format="%d/%m/%Y %H:%M").astype("datetime64[us]") + SHIFT
        events[name] = new_york_to_utc(local)
    for name in ("sys_mod_count", "reassignment_count", "reopen_count"):
        events[name] = events[name].astype("int64")
    return events


def last_states(events: pd.DataFrame, as_of_end: pd.Timestamp) -> pd.DataFrame:
    """One row per incident: its newest update before `as_of_end`, the modification number ordering those of a minute.

    `ended_at`: the recorded resolution; where none is recorded, when the incident last entered the state Resolved;
    where it never did, its closing (`outcome` is then `unresolved`).
    """
    # 5 rows were updated before their incident was opened: an incident is not known before its opening
    known = events[(events["sys_updated_at"] < as_of_end) & (events["opened_at"] < as_of_end)]
    known = known.sort_values(["number", "sys_updated_at", "sys_mod_count"], kind="stable")
    former = known.groupby("number")["incident_state"].shift()
    enters = known[(known["incident_state"] == "Resolved") & (former != "Resolved")]
    entered = enters.groupby("number")["sys_updated_at"].max()
    last = known.groupby("number").tail(1).set_index("number")
    is_ended = last["incident_state"].isin(ENDED)
    recorded = last["resolved_at"].where(last["resolved_at"] <= last["sys_updated_at"])
    last["ended_at"] = recorded.fillna(entered.reindex(last.index)).fillna(last["sys_updated_at"]).where(is_ended)
    was_resolved = recorded.notna() | last.index.isin(entered.index)
    last["outcome"] = np.where(~is_ended, "", np.where(was_resolved, "resolved", "unresolved"))
    return last.reset_index()


def customers_of_callers(source: Path) -> pd.DataFrame:
    """Connected components of the caller-household links: caller, customer (smallest household of the component)."""
    links = pd.read_csv(source / "crosswalk.csv", dtype=str)
    parent: dict[str, str] = {}

    def root(key: str) -> str:
        while parent.setdefault(key, key) != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for caller, household in links.itertuples(index=False):
        parent[root(f"caller:{caller}")] = root(f"pos:{household}")
    households = links["household_id"].drop_duplicates()
    component = pd.DataFrame({"root": households.map(lambda key: root(f"pos:{key}")), "customer": households.astype(int)})
    smallest = component.groupby("root")["customer"].min()
    callers = links["caller_id"].drop_duplicates()
    return pd.DataFrame({"caller_id": callers, "customer": callers.map(lambda key: smallest[root(f"caller:{key}")])})


def first_contact_resolution(contacts: pd.DataFrame, horizon: pd.Timestamp) -> pd.DataFrame:
    """Per month: mature, resolved at first contact, immature. All contacts are inbound, those ended handled."""
    days = pd.Timedelta(days=REPEAT_CONTACT_DAYS)
    identified = contacts[contacts["customer"].notna()].copy()
    identified["reason"] = identified["category"].fillna("")
    base = identified[identified["ended_at"].notna()]
    later = identified[["customer", "reason", "opened_at"]].rename(columns={"opened_at": "next_opened_at"})
    found = pd.merge_asof(
        base.sort_values("ended_at"),
        later.sort_values("next_opened_at"),
        left_on="ended_at",
        right_on="next_opened_at",
        by=["customer", "reason"],
        direction="forward",
        allow_exact_matches=False,
    )
    is_repeated = found["next_opened_at"] <= found["ended_at"] + days
    found["is_mature"] = found["ended_at"] + days <= horizon
    is_good = (found["outcome"] != "unresolved") & (found["reopen_count"] == 0) & ~is_repeated
    found["is_first"] = found["is_mature"] & is_good
    found["is_immature"] = ~found["is_mature"]
    return found.groupby("month")[["is_mature", "is_first", "is_immature"]].sum().astype("int64").rename(
        columns={"is_mature": "fcr_denominator", "is_first": "fcr_numerator", "is_immature": "fcr_immature"}
    )  # fmt: skip


def repurchases(
    contacts: pd.DataFrame, purchases: pd.DataFrame, horizon: pd.Timestamp, days: int
) -> tuple[pd.DataFrame, pd.DataFrame, dict[str, int]]:
    """Re-purchase in the window of `days` days: one row per month of contact, the credits, the sums over all months.

    Eligible: identified, ended, with a net-positive purchase before the opening. A ticket is credited once, to the
    eligible contact that ended last before it, if the window holds it; pending if its window passes the horizon.
    """
    window = pd.Timedelta(days=days)
    positive = purchases[purchases["net_cents"] > 0]
    first = positive.groupby("customer")["sold_at"].min()
    base = contacts[contacts["customer"].notna() & contacts["ended_at"].notna()]
    base = base[base["customer"].map(first) < base["opened_at"]].copy()
    base["is_mature"] = base["ended_at"] + window <= horizon
    mature = base[base["is_mature"]].sort_values("ended_at")
    after = positive[["customer", "sold_at"]].sort_values("sold_at")
    found = pd.merge_asof(
        mature,
        after,
        left_on="ended_at",
        right_on="sold_at",
        by="customer",
        direction="forward",
        allow_exact_matches=False,
    )
    bought = found[found["sold_at"] <= found["ended_at"] + window]
    candidates = base.sort_values(["ended_at", "opened_at", "number"])
    credits = pd.merge_asof(
        purchases.sort_values("sold_at"),
        candidates[["customer", "number", "ended_at", "month", "is_mature"]].rename(columns={"month": "contact_month"}),
        left_on="sold_at", right_on="ended_at", by="customer", direction="backward", allow_exact_matches=False,
    )  # fmt: skip
    credits = credits[credits["sold_at"] <= credits["ended_at"] + window]
    credited = credits[credits["is_mature"].astype(bool)]
    pending = credits[~credits["is_mature"].astype(bool)]
    months = pd.DataFrame(
        {
            "customers_contacted": mature.groupby("month")["customer"].nunique(),
            "customers_repurchasing": bought.groupby("month")["customer"].nunique(),
            "contacts": base.groupby("month").size(),
            "mature_contacts": mature.groupby("month").size(),
            "credited_cents": credited.groupby("contact_month")["net_cents"].sum(),
            "pending_cents": pending.groupby("contact_month")["net_cents"].sum(),
        }
    )
    months = months.fillna(0).astype("int64").rename_axis("month").reset_index()
    months.insert(0, "window_days", days)
    sums = {
        f"eligible_cents_{days}": int(credits["net_cents"].sum()),
        f"credited_cents_{days}": int(credited["net_cents"].sum()),
        f"pending_cents_{days}": int(pending["net_cents"].sum()),
        f"credits_{days}": len(credits),
        f"credits_pending_{days}": len(pending),
        f"mature_contacts_{days}": len(mature),
        "eligible_contacts": len(base),
    }
    table = pd.DataFrame(
        {
            "window_days": days,
            "transaction_id": credits["basket_id"].astype(str),
            "contact_id": credits["number"],
            "cents": credits["net_cents"],
            "is_pending": ~credits["is_mature"].astype(bool),
        }
    )
    return months, table, sums


def satisfaction(source: Path) -> tuple[dict[str, float], dict[str, int]]:
    """Net promoter score and satisfaction of the survey, and what its codes hide."""
    answers = pd.read_csv(source / "survey" / "sfo_2017.csv", dtype=str, keep_default_na=False)
    promoter = pd.to_numeric(answers["NETPRO"])
    valid = promoter[promoter <= 10]
    overall = pd.to_numeric(answers["Q7ALL"].where(answers["Q7ALL"] != "Blank"))
    ratings = answers[list(RATINGS)].apply(pd.to_numeric)
    figures = {
        "nps": float(((valid >= 9).sum() - (valid <= 6).sum()) / len(valid) * 100),
        "nps_with_blanks_as_promoters": float(((promoter >= 9).sum() - (promoter <= 6).sum()) / promoter.notna().sum() * 100),
        "csat": float((overall >= 4).sum() / overall.notna().sum()),
        "csat_mean": float((overall.mean() - 1) / 4),
    }
    counts = {
        "respondents": len(answers),
        "survey_rows": len(answers) * (2 + len(RATINGS)),
        "nps_answers": len(valid),
        "promoters": int((valid >= 9).sum()),
        "detractors": int((valid <= 6).sum()),
        "csat_answers": int(overall.notna().sum()),
        "csat_satisfied": int((overall >= 4).sum()),
        "csat_score_sum": int(overall.sum()),
        "rating_answers": int(ratings.isin(range(1, 6)).to_numpy().sum()),
        "survey_scores": int(ratings.isin(range(1, 6)).to_numpy().sum() + overall.notna().sum() + len(valid)),
        "survey_days": int(answers["INTDATE"].nunique()),
    }
    return figures, counts


def recount(source: Path, as_of_date: str = AS_OF_DATE) -> Recount:
    """All figures of the real data in `source` as they were known at the end of `as_of_date` in 2017. Takes 5 s."""
    as_of_end = end_of_day(as_of_date)
    lines, events, callers = read_lines(source), read_events(source), customers_of_callers(source)
    lines = lines[lines["sold_at"] < as_of_end]
    products = pd.read_parquet(source / "pos" / "products.parquet", columns=["product_id"])
    contacts = last_states(events, as_of_end)
    contacts["customer"] = contacts["caller_id"].map(callers.set_index("caller_id")["customer"]).astype("Int64")
    contacts["month"] = month_of(contacts["opened_at"])
    purchases = (
        lines.groupby("basket_id")
        .agg(customer=("household_id", "first"), sold_at=("sold_at", "first"), net_cents=("sales_value_cents", "sum"))
        .reset_index()
    )
    purchases["customer"] = purchases["customer"].astype("Int64")
    purchases["month"] = month_of(purchases["sold_at"])
    figures, counts = satisfaction(source)
    # the covered days end with the as-of day in both feeds, so that one horizon serves all windows
    horizon = as_of_end
    windows, credits = [], []
    for days in WINDOWS:
        window_months, window_credits, sums = repurchases(contacts, purchases, horizon, days)
        windows.append(window_months)
        credits.append(window_credits)
        counts |= sums
    counts |= {
        "lines": len(lines),
        "tickets": len(purchases),
        "households": int(lines["household_id"].nunique()),
        "stores": int(lines["store_id"].nunique()),
        "products": len(products),
        "lines_with_unknown_product": int((~lines["product_id"].isin(products["product_id"])).sum()),
        "lines_of_zero": int((lines["sales_value_cents"] == 0).sum()),
        "quantity": int(lines["quantity"].sum()),
        "tickets_net_positive": int((purchases["net_cents"] > 0).sum()),
        "tickets_of_2018_in_utc": int((purchases["sold_at"] >= pd.Timestamp("2018-01-01")).sum()),
        "events": len(events),
        "contacts": len(contacts),
        "contacts_closed": int((contacts["incident_state"] == "Closed").sum()),
        "contacts_unresolved": int((contacts["outcome"] == "unresolved").sum()),
        "contacts_without_resolved_at": int(contacts["resolved_at"].isna().sum()),
        "contacts_identified": int(contacts["customer"].notna().sum()),
        "contacts_reopened": int((contacts["reopen_count"] > 0).sum()),
        "contacts_transferred": int((contacts["reassignment_count"] > 0).sum()),
        "callers": int(contacts["caller_id"].nunique()),
        "links": len(callers),
        "customers": int(pd.concat([contacts["customer"], purchases["customer"]]).dropna().nunique()),
        "keys": int(2 * lines["household_id"].nunique() + len(callers)),
    }
    seen = pd.concat([contacts[["customer", "month"]], purchases[["customer", "month"]]]).dropna()
    last_month = pd.Timestamp(as_of_date).to_period("M")
    first_month = seen.groupby("customer")["month"].min().dt.to_period("M")
    counts["customer_months"] = int(first_month.map(lambda month: (last_month - month).n + 1).sum())
    # Active at the start of a month: a net-positive purchase in the twelve months before. The data begin in January
    # 2017, so that within this year it is everybody whose first one lies before the month.
    first_bought = purchases[purchases["net_cents"] > 0].groupby("customer")["month"].min()
    handled = contacts[contacts["outcome"] != ""]
    months = pd.DataFrame(
        {
            "tickets": purchases.groupby("month").size(),
            "net_cents": purchases.groupby("month")["net_cents"].sum(),
            "buyers": purchases[purchases["net_cents"] > 0].groupby("month")["customer"].nunique(),
            "inbound_contacts": contacts.groupby("month").size(),
            "contacting_customers": contacts.groupby("month")["customer"].nunique(),
            "handled": handled.groupby("month").size(),
            "transferred": handled[handled["reassignment_count"] > 0].groupby("month").size(),
            "reopened": handled[handled["reopen_count"] > 0].groupby("month").size(),
        }
    ).join(first_contact_resolution(contacts, horizon))
    months["active_customers"] = [int((first_bought < month).sum()) for month in months.index]
    cents = {
        "net": int(lines["sales_value_cents"].sum()),
        "discount": int(lines[["retail_disc_cents", "coupon_disc_cents", "coupon_match_disc_cents"]].sum().sum()),
        "net_of_2018_in_utc": int(purchases.loc[purchases["sold_at"] >= pd.Timestamp("2018-01-01"), "net_cents"].sum()),
    }
    return Recount(
        counts=counts,
        cents=cents,
        satisfaction=figures,
        months=months.fillna(0).astype("int64").rename_axis("month").reset_index(),
        windows=pd.concat(windows, ignore_index=True),
        credits=pd.concat(credits, ignore_index=True),
        purchases=purchases,
        contacts=contacts,
    )


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Recount the figures of the real data in pandas.")
    parser.add_argument("source", type=Path, help="folder of the real data")
    parser.add_argument("--as-of", default=AS_OF_DATE, help="what was known at the end of this day (2017 only)")
    options = parser.parse_args(arguments)
    result = recount(options.source, options.as_of)
    tables = {
        name: json.loads(table.assign(month=table["month"].dt.strftime("%Y-%m")).to_json(orient="records"))
        for name, table in (("months", result.months), ("windows", result.windows))
    }
    figures = {"counts": result.counts, "cents": result.cents, "satisfaction": result.satisfaction}
    print(json.dumps(figures | tables, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
