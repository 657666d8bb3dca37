"""What landing says that it did, as the raw gate compares it with what lies in raw.

Here: the numbers, and how they are read from the manifests of the active batches.
Not here: landing (`feeds/landing.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from dagster_project.feeds.batches import ActiveBatch, active_batches

PARTS = ("accepted", "already_known", "quarantined", "erased")


@dataclass(frozen=True)
class LandedCounts:
    """The numbers of a feed over all its files that count.

    `money`: column -> part (`read`, `accepted`, `already_known`, `quarantined`, `erased`) -> exact sum; empty where the
    manifests cannot tell (some files of a batch were replaced, and sums are kept by batch).
    """

    rows_read: int
    rows_accepted: int
    rows_already_known: int = 0
    rows_quarantined: int = 0
    rows_erased: int = 0
    tombstones: int = 0
    money: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)

    @property
    def quarantined_share(self) -> Decimal:
        return Decimal(self.rows_quarantined) / self.rows_read if self.rows_read else Decimal(0)


def landed_counts(home: Path, feeds: Iterable[str]) -> dict[str, LandedCounts]:
    """The numbers of each feed from the manifests of its active batches."""
    return {feed: _sum(active_batches(home, feed)) for feed in sorted(feeds)}


def _sum(batches: Sequence[ActiveBatch]) -> LandedCounts:
    rows = dict.fromkeys(("rows_read", "rows_accepted", "rows_already_known", "rows_quarantined", "tombstones"), 0)
    erased = 0
    money: dict[str, dict[str, Decimal]] = {}
    for batch in batches:
        files = [file for file in batch.manifest["files"] if file["sha256"] not in batch.excluded_file_hashes]
        loose = [] if "" in batch.excluded_file_hashes else [batch.manifest["rows_without_file"]]
        for name in rows:
            rows[name] += sum(int(part[name]) for part in [*files, *loose])
        report = batch.manifest["report"]
        erased += int(report["rows_erased"])
        for column, sums in report["money"].items():
            total = money.setdefault(column, dict.fromkeys(("read", *PARTS), Decimal(0)))
            for part in total:
                total[part] += Decimal(sums[part])
    if any(batch.excluded_file_hashes for batch in batches):
        money = {}
    return LandedCounts(rows_erased=erased, money=money, **rows)
