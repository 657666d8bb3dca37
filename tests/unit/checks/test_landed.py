"""The numbers of the landing, from the manifests of the batches that count."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from dagster_project.checks.landed import landed_counts

NOTHING = {"rows_read": 0, "rows_accepted": 0, "rows_already_known": 0, "rows_quarantined": 0, "tombstones": 0}


def write_batch(
    home: Path, sequence: int, files: dict[str, tuple[int, int]], superseded: dict[str, list[str]] | None = None
) -> None:
    """A manifest as landing writes it; `files`: sha256 -> (rows accepted, rows quarantined)."""
    batch = f"{sequence:06d}-batch"
    accepted = sum(rows[0] for rows in files.values())
    quarantined = sum(rows[1] for rows in files.values())
    sums = {
        "read": f"{accepted * 10 + quarantined}.5000",
        "accepted": f"{accepted * 10}.5000",
        "already_known": "0",
        "quarantined": str(quarantined),
        "erased": "0",
    }
    manifest: dict[str, Any] = {
        "batch_id": batch,
        "sequence": sequence,
        "files": [
            {
                "name": f"{sha}.csv",
                "sha256": sha,
                **NOTHING,
                "rows_read": rows[0] + rows[1],
                "rows_accepted": rows[0],
                "rows_quarantined": rows[1],
            }
            for sha, rows in files.items()
        ],
        "rows_without_file": NOTHING,
        "superseded": superseded or {},
        "report": {"rows_erased": 0, "money": {"net_amount": sums}},
    }
    folder = home / "raw" / "pos_transactions" / batch
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def test_the_batches_of_a_feed_are_added_up(tmp_path: Path) -> None:
    write_batch(tmp_path, 1, {"a": (100, 1), "b": (50, 0)})
    write_batch(tmp_path, 2, {"c": (10, 2)})
    counts = landed_counts(tmp_path, ["pos_transactions", "crm_contacts"])
    tickets = counts["pos_transactions"]
    assert (tickets.rows_read, tickets.rows_accepted, tickets.rows_quarantined) == (163, 160, 3)
    assert tickets.money["net_amount"]["accepted"] == Decimal("1601.0000")
    assert tickets.quarantined_share == Decimal(3) / 163
    assert counts["crm_contacts"].rows_read == 0


def test_a_file_that_was_landed_anew_counts_once_and_sums_by_batch_are_then_not_known(tmp_path: Path) -> None:
    write_batch(tmp_path, 1, {"a": (100, 1), "b": (50, 0)})
    write_batch(tmp_path, 2, {"a": (101, 0)}, superseded={"000001-batch": ["a"]})
    tickets = landed_counts(tmp_path, ["pos_transactions"])["pos_transactions"]
    assert (tickets.rows_read, tickets.rows_accepted, tickets.rows_quarantined) == (151, 151, 0)
    assert tickets.money == {}


def test_a_batch_replaced_as_a_whole_leaves_the_sums_known(tmp_path: Path) -> None:
    write_batch(tmp_path, 1, {"a": (100, 1)})
    write_batch(tmp_path, 2, {"a": (101, 0)}, superseded={"000001-batch": ["a"]})
    tickets = landed_counts(tmp_path, ["pos_transactions"])["pos_transactions"]
    assert tickets.rows_accepted == 101
    assert tickets.money["net_amount"]["accepted"] == Decimal("1010.5000")
