"""Where fitted parameters are kept: `HOME/parameters/<name>/<parameter_version>.parquet`, one small file a version.

The only file access of `estimates/`, beside the attempts of `parameter_versions.py`. A version that counts is never changed; what
it says is in the module of the fit.
"""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = "parameters"


def write_table(table: pa.Table, path: Path) -> None:
    """Write a Parquet file that is either there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    pq.write_table(table, partial)
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    os.replace(partial, path)


def load_versions(home: Path, name: str, schema: pa.Schema) -> pa.Table:
    """All versions one below the other, by name; an empty table where there is none."""
    paths = sorted((home / FOLDER / name).glob("*.parquet"))
    return pa.concat_tables([schema.empty_table(), *(pq.read_table(path, schema=schema) for path in paths)])
