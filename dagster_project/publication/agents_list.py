"""The agents' list: whom of the customers at risk to call, for the CRM, with its own customer ids.

Here: the reading of both sides (published risks, private keys), what has changed since the last list, and the two files, each whole or
not at all. Not here: who is at risk and why (`churn_risks`). The only place where a clear customer id leaves.

    outbox/agents_list.csv        customer_id, band, three reasons, suggested action, since (new, changed, same), as_of_date
    outbox/agents_list_left.csv   who was on the last list and is not on this one: customer_id, former_band, as_of_date

Who refuses profiling is on neither, and who is held out is not on the list. What was said when is kept in `history/agents_lists/`, by
hashed id; a list is compared with the newest of an earlier as-of date, so that a repeated run writes the same bytes.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

LIST_NAME, LEFT_NAME = "agents_list.csv", "agents_list_left.csv"
HISTORY = "agents_lists"
SAID = ("band", "reason_1", "reason_2", "reason_3", "suggested_action")
COLUMNS = ("customer_id", *SAID, "since", "as_of_date")
LEFT_COLUMNS = ("customer_id", "former_band", "as_of_date")
HISTORY_SCHEMA = pa.schema([pa.field("customer_id", pa.string()), *(pa.field(name, pa.string()) for name in SAID)])
# a cell that begins with one of these is a formula to a spreadsheet (OWASP, CSV injection)
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True)
class ListReport:
    """What was written. `without_id`: at risk, but no feed of the CRM names them, so that nobody could call them."""

    new: int
    changed: int
    same: int
    left: int
    held_out: int
    without_id: int
    guarded_ids: int


def guarded(text: str | None) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe stands before it (OWASP)."""
    value = text or ""
    return f"'{value}" if value.lstrip(" ").startswith(FORMULA_STARTS) else value


def write_agents_list(warehouse: Path, database: Path, home: Path, as_of: date) -> ListReport:
    """Write both files into `outbox/` from a publication and the warehouse of its run. Raises OSError and duckdb.Error.

    `database`: the published database. `warehouse`: the private one, for the ids of the CRM.
    """
    at_risk = _at_risk(database)
    former = _profiled(database, _former(home, as_of))
    listed = [row for row in at_risk if not row["is_held_out"]]
    ids = _crm_ids(warehouse, {row["customer_id"] for row in listed} | set(former))
    known = [row for row in listed if row["customer_id"] in ids]
    day = as_of.isoformat()
    rows, counts = [], {"new": 0, "changed": 0, "same": 0}
    for row in known:
        said = {name: row[name] or "" for name in SAID}
        before = former.get(row["customer_id"])
        since = "new" if before is None else "same" if before == said else "changed"
        counts[since] += 1
        rows.append({"customer_id": ids[row["customer_id"]], **said, "since": since, "as_of_date": day})
    present = {row["customer_id"] for row in known}
    gone = sorted((ids[name], said["band"]) for name, said in former.items() if name not in present and name in ids)
    left = [{"customer_id": name, "former_band": band, "as_of_date": day} for name, band in gone]
    outbox = home / "outbox"
    # the list last: it is what a transfer waits for
    _write_whole(outbox / LEFT_NAME, _csv(LEFT_COLUMNS, left))
    _write_whole(outbox / LIST_NAME, _csv(COLUMNS, rows))
    _keep(home, as_of, known)
    return ListReport(
        **counts,
        left=len(left),
        held_out=len(at_risk) - len(listed),
        without_id=len(listed) - len(known),
        guarded_ids=sum(guarded(str(row["customer_id"])) != row["customer_id"] for row in [*rows, *left]),
    )


def _at_risk(database: Path) -> list[dict[str, Any]]:
    """Published risks of those who allow profiling, the most urgent first."""
    with duckdb.connect(str(database), read_only=True) as connection:
        cursor = connection.execute(
            f"""select customer_id, is_held_out, {", ".join(SAID)}
            from churn_risks
            where customer_id in (select customer_id from customers where allows_profiling)
            order by case band when 'requested' then 0 when 'very_high' then 1 else 2 end,
                churn_probability desc nulls first, customer_id"""
        )
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _profiled(database: Path, former: Mapping[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Those of a former list who allow profiling still: not even that they were on it is exported of the others."""
    with duckdb.connect(str(database), read_only=True) as connection:
        allowing = connection.execute("select customer_id from customers where allows_profiling").fetchall()
    allowed = {str(customer) for (customer,) in allowing}
    return {customer: said for customer, said in former.items() if customer in allowed}


def _crm_ids(warehouse: Path, customers: Iterable[str]) -> dict[str, str]:
    """The CRM's id of each customer, as it came: of the customer records first, then of subscriptions and contacts; the smallest."""
    wanted = pa.table({"customer_id": pa.array(sorted(set(customers)), pa.string())})
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        connection.register("wanted", wanted)
        found = connection.execute(
            """with keys as (
                select keys.source_key_hash, keys.customer_id
                from intermediate.int_customer_keys as keys
                inner join wanted on keys.customer_id = wanted.customer_id
            ),
            named as (
                select customer_id_hash, customer_id as crm_id, 1 as place
                from staging.stg_crm__customers where not coalesce(is_deleted, false)
                union all
                select customer_id_hash, customer_id, 2 from staging.stg_crm__subscriptions
                union all
                select customer_id_hash, customer_id, 3 from staging.stg_crm__contacts
            )
            select keys.customer_id, min_by(named.crm_id, (named.place, named.crm_id))
            from named
            inner join keys on named.customer_id_hash = keys.source_key_hash
            where named.crm_id is not null
            group by keys.customer_id"""
        ).fetchall()
    return {str(customer): str(crm_id) for customer, crm_id in found}


def _former(home: Path, as_of: date) -> dict[str, dict[str, str]]:
    """What the newest list of an earlier as-of date said, by hashed customer id; nothing before the first."""
    paths = sorted((home / "history" / HISTORY).glob("*.parquet"))
    earlier = [path for path in paths if not path.name.startswith(".") and path.stem < as_of.isoformat()]
    if not earlier:
        return {}
    rows = pq.read_table(earlier[-1], schema=HISTORY_SCHEMA).to_pylist()
    return {row["customer_id"]: {name: row[name] or "" for name in SAID} for row in rows}


def _keep(home: Path, as_of: date, rows: Sequence[Mapping[str, Any]]) -> None:
    kept = [{name: row[name] for name in HISTORY_SCHEMA.names} for row in sorted(rows, key=lambda row: str(row["customer_id"]))]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(kept, schema=HISTORY_SCHEMA), sink)
    _write_whole(home / "history" / HISTORY / f"{as_of.isoformat()}.parquet", sink.getvalue())


def _csv(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([guarded(str(row[name])) for name in columns] for row in rows)
    return text.getvalue().encode("utf-8")


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(partial, path)
