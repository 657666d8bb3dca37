"""The stored versions of the linkage model: when one is due, how it is written and read, and the step of a run.

A version is one file of `HOME/parameters/identity_linkage/`: one row per comparison and level with m and u, and on each row the
links per record and the threshold. It holds probabilities only: no name, date or key of anybody.

A new model regroups records at the limit, so that one is trained only when none is stored or the newest is a year old
by as-of date; all runs between use the same and give the same customers.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.estimates.parameter_files import FOLDER, load_versions, write_table
from dagster_project.estimates.parameter_versions import (
    Fit,
    FitRefusedError,
    FitReport,
    Outcome,
    Reason,
    attempts,
    is_old,
    usable,
)
from dagster_project.estimates.parameter_versions import fit_if_due as attempt_if_due
from dagster_project.identity.linkage import LinkageModel, LinkageRefusedError, default_probabilities, train

NAME = "identity_linkage"
PREFIX = "linkage"
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


def read_records(warehouse: Path) -> pd.DataFrame:
    """The rows of `int_identity_records`."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(RECORDS).df()


def as_rows(model: LinkageModel, as_of: date) -> pa.Table:
    """A version as a table, in the order of the comparisons."""
    rows = [
        {
            "parameter_version": f"{PREFIX}-{as_of.isoformat()}",
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


def write_input(home: Path, inputs: Path, as_of: date) -> str | None:
    """Write `parameters/identity_linkage.parquet` of a run's inputs: the newest version alone; returns its name."""
    versions = usable(attempts(home, NAME), as_of)
    newest = versions[-1].parameter_version if versions else None
    rows = load_versions(home, NAME, SCHEMA)
    write_table(rows.filter(pc.equal(rows["parameter_version"], newest or "")), inputs / FOLDER / f"{NAME}.parquet")
    return newest


def fit_if_due(home: Path, warehouse: Path, inputs: Path, as_of: date) -> FitReport:
    """The step of a run: train when due, keep the version, and write the run's input.

    A refusal is no failure: the reason is reported, an earlier version is used; without any only keys tell who is who.
    """

    def make(former: Fit | None) -> Outcome:
        if former is not None and not is_old(former, as_of):
            kept = Reason("the model is less than a year old", "le modèle a moins d’un an")
            return Outcome({}, former.sample_size, kept)
        try:
            model = train(read_records(warehouse))
        except LinkageRefusedError as refusal:
            raise FitRefusedError(Reason(str(refusal), refusal.french)) from refusal
        reason = (
            Reason("the first version", "première version")
            if former is None
            else Reason("the former version is a year old", "la version précédente a un an")
        )
        found = {"training_pairs": model.training_pairs, "threshold": model.threshold}
        return Outcome({NAME: as_rows(model, as_of)}, model.sample_size, reason, found)

    report = attempt_if_due(home, inputs, as_of, NAME, PREFIX, {NAME: SCHEMA}, make)
    newest = write_input(home, inputs, as_of)
    return replace(report, versions=(newest,) if newest else ())
