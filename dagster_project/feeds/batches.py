"""The batches of raw: their manifests, which files are known, which batches count. Writing them is `landing.py`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster_project.feeds import sql

ROWS = "rows.parquet"
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class ActiveBatch:
    """A batch that counts. Rows whose `file_hash` is in `excluded_file_hashes` were replaced by a later landing."""

    path: Path
    excluded_file_hashes: tuple[str, ...]
    manifest: dict[str, Any]

    @property
    def batch_id(self) -> str:
        return self.path.name

    @property
    def rows_path(self) -> Path:
        return self.path / ROWS

    @property
    def files(self) -> list[dict[str, Any]]:
        """What the manifest says of the files that count."""
        return [file for file in self.manifest["files"] if file["sha256"] not in self.excluded_file_hashes]

    def select(self, columns: str = "*") -> str:
        """SQL that reads the rows of the batch which count."""
        condition = f" where file_hash not in {sql.members(self.excluded_file_hashes)}" if self.excluded_file_hashes else ""
        return f"select {columns} from read_parquet({sql.text(self.rows_path)}){condition}"


def read_manifests(folder: Path) -> list[dict[str, Any]]:
    """The manifests of a feed's batches, in order of landing."""
    if not folder.is_dir():
        return []
    found = []
    for path in folder.iterdir():
        if not path.name.startswith(".") and (path / MANIFEST).is_file():
            found.append(json.loads((path / MANIFEST).read_text(encoding="utf-8")))
    return sorted(found, key=lambda manifest: int(manifest["sequence"]))


def active_batches(home: Path, feed: str) -> list[ActiveBatch]:
    """The batches of a feed that count, in order of landing, each with the files that a later landing replaced."""
    folder = home / "raw" / feed
    manifests = read_manifests(folder)
    excluded: dict[str, set[str]] = {}
    for manifest in manifests:
        for batch, hashes in manifest["superseded"].items():
            excluded.setdefault(batch, set()).update(hashes)
    active = []
    for manifest in manifests:
        batch = str(manifest["batch_id"])
        gone = excluded.get(batch, set())
        if {str(file["sha256"]) for file in manifest["files"]} <= gone:
            continue
        active.append(ActiveBatch(folder / batch, tuple(sorted(gone)), manifest))
    return active


def known_files(batches: Sequence[ActiveBatch]) -> dict[str, tuple[str, str, str]]:
    """sha256 of each file that counts -> (fingerprint of its mapping, batch, name under which it was landed)."""
    return {
        str(file["sha256"]): (str(batch.manifest["fingerprint"]), batch.batch_id, str(file["name"]))
        for batch in batches
        for file in batch.files
    }


def last_content(batches: Sequence[ActiveBatch]) -> dict[str, str]:
    """File name -> sha256 of what was last landed under it."""
    return {str(file["name"]): str(file["sha256"]) for batch in batches for file in batch.files}


def quarantined_rows(batches: Sequence[ActiveBatch]) -> tuple[int, int]:
    """(rows quarantined, rows read) over the files that count."""
    quarantined = read = 0
    for batch in batches:
        for file in batch.files:
            quarantined += int(file["rows_quarantined"])
            read += int(file["rows_read"])
        loose = batch.manifest.get("rows_without_file", {})
        quarantined += int(loose.get("rows_quarantined", 0))
        read += int(loose.get("rows_read", 0))
    return quarantined, read
