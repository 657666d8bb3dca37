"""The stored versions of the linkage model: when one is due, how it is written and read, and the step of a run.

A version is one file of `HOME/parameters/identity_linkage/`: one row per comparison and level with m and u, and on each row the
links per record and the threshold. It holds probabilities only: no name, date or key of anybody.

A new model regroups records at the limit, so that one is trained only when none is stored or the newest is a year old
by as-of date; all runs between use the same and give the same customers.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.estimates.parameter_files import FOLDER, load_versions, store_version, write_table
from dagster_project.estimates.value_thresholds import Version, is_due
from dagster_project.identity.linkage import LinkageModel, LinkageRefusedError, default_probabilities, train

NAME = "identity_linkage"
SCHEMA = pa.schema(
    [
        pa.field("parameter_version", pa.string()),
        pa.field("fitted_as_of", pa.date32()),
        pa.field("comparison", pa.string()),
        pa.field("level", pa.string()),
        pa.field("m_probability", pa.float64()),
        pa.field("u_probability", pa.float64()),
        pa.field("links_per_record", pa.float64()),
        pa.field("threshold", pa.float64()),
        pa.field("sample_size", pa.int64()),
        pa.field("training_pairs", pa.int64()),
    ]
)
RECORDS = (
    "select key_hash, first_name, last_name, birth_date, postal_code, email_key, phone_key from intermediate.int_identity_records"
)


@dataclass(frozen=True)
class LinkageFitReport:
    """What the step of a run did, for the log and the asset's metadata."""

    is_fitted: bool
    reason: str
    version: str | None
    sample_size: int = 0
    training_pairs: int = 0

    def metadata(self) -> dict[str, Any]:
        return {
            "is_fitted": self.is_fitted,
            "reason": self.reason,
            "version": self.version or "none: deterministic rules only",
            "sample_size": self.sample_size,
            "training_pairs": self.training_pairs,
        }


def read_records(warehouse: Path) -> pd.DataFrame:
    """The rows of `int_identity_records`."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(RECORDS).df()


def as_rows(model: LinkageModel, as_of: date) -> pa.Table:
    """A version as a table, in the order of the comparisons."""
    rows = [
        {
            "parameter_version": f"linkage-{as_of.isoformat()}",
            "fitted_as_of": as_of,
            "comparison": comparison,
            "level": level,
            "m_probability": m,
            "u_probability": u,
            "links_per_record": model.links_per_record,
            "threshold": model.threshold,
            "sample_size": model.sample_size,
            "training_pairs": model.training_pairs,
        }
        for (comparison, level), (m, u) in model.probabilities.items()
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def from_rows(rows: pa.Table) -> LinkageModel | None:
    """The model of a version; null without rows.

    Raises ValueError when the version was made for other comparisons than the program has now.
    """
    found = rows.to_pylist()
    if not found:
        return None
    probabilities = {(row["comparison"], row["level"]): (row["m_probability"], row["u_probability"]) for row in found}
    if set(probabilities) != set(default_probabilities()):
        version = found[0]["parameter_version"]
        raise ValueError(f"{FOLDER}/{NAME}/{version}.parquet was made for other comparisons: remove it, and a new one is trained")
    first = found[0]
    return LinkageModel(
        probabilities, first["links_per_record"], first["threshold"], first["sample_size"], first["training_pairs"]
    )


def stored_versions(home: Path) -> list[Version]:
    """The versions that a home keeps, oldest first."""
    rows = load_versions(home, NAME, SCHEMA).to_pylist()
    return sorted(
        {Version(row["parameter_version"], row["fitted_as_of"]) for row in rows}, key=lambda version: version.fitted_as_of
    )


def usable_version(home: Path, as_of: date) -> pa.Table:
    """The rows of the newest version fitted by that date, else of the first one; none where none is stored."""
    versions = load_versions(home, NAME, SCHEMA)
    stored = stored_versions(home)
    if not stored:
        return versions
    by_then = [version for version in stored if version.fitted_as_of <= as_of]
    chosen = by_then[-1] if by_then else stored[0]
    return versions.filter(pc.equal(versions["parameter_version"], chosen.parameter_version))


def write_input(home: Path, inputs: Path, as_of: date) -> str | None:
    """Write `parameters/identity_linkage.parquet` of a run's inputs; returns the version in it."""
    usable = usable_version(home, as_of)
    write_table(usable, inputs / FOLDER / f"{NAME}.parquet")
    return str(usable["parameter_version"][0].as_py()) if usable.num_rows else None


def fit_if_due(home: Path, warehouse: Path, inputs: Path, as_of: date) -> LinkageFitReport:
    """The step of a run: train when due, keep the version, and write the run's input.

    A refusal is no failure: the reason is reported, an earlier version is used; without any only keys tell who is who.
    """
    sample, pairs, is_fitted, reason = 0, 0, False, "not due"
    if is_due(stored_versions(home), as_of):
        try:
            model = train(read_records(warehouse))
        except LinkageRefusedError as refusal:
            reason = f"refused: {refusal}"
        else:
            store_version(home, NAME, f"linkage-{as_of.isoformat()}", as_rows(model, as_of))
            sample, pairs, is_fitted, reason = model.sample_size, model.training_pairs, True, "due"
    return LinkageFitReport(is_fitted, reason, write_input(home, inputs, as_of), sample, pairs)
