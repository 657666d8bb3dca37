"""Makes the real home: a home folder whose inbox holds the public data as they are, for tests and `make run-real`.

Here: putting the configuration (`home/`, beside this file) and the originals into a folder. Not here: what is asserted
of it (`test_real_home.py`) and the independent recount (`recount.py`). No file of the data is changed or converted.

    python build_real_home.py SOURCE TARGET

Exit 0: the home is there (a second call changes nothing). 2: something is missing; nothing was written.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

TEMPLATE = Path(__file__).resolve().parent / "home"
# path in the source folder -> path in the inbox
ORIGINALS = {
    "pos/transactions.parquet": "pos/transactions.parquet",
    "pos/products.parquet": "pos/products.parquet",
    "crm/incident_event_log.zip": "crm/incident_event_log.zip",
    "crosswalk.csv": "identity/crosswalk.csv",
    "survey/sfo_2017.csv": "survey/sfo_2017.csv",
}


class RealDataError(Exception):
    """The real home cannot be built; the message says what is missing or in the way."""


def missing_originals(source: Path) -> list[str]:
    """The files that the folder of real data lacks, as paths relative to it; an empty file counts as missing."""
    return [name for name in ORIGINALS if not (source / name).is_file() or not (source / name).stat().st_size]


def build_real_home(source: Path, target: Path) -> list[Path]:
    """Make or complete the home `target` from the real data in `source`; returns the files that were written.

    Originals are hard-linked where the file system allows it, else copied. Raises RealDataError before anything is
    written: `source` is not a folder, files are missing, or `target` holds something that is not a home.
    """
    if not source.is_dir():
        raise RealDataError(f"{source}: the folder of the real data does not exist")
    missing = missing_originals(source)
    if missing:
        raise RealDataError(f"{source}: the real data lack {', '.join(missing)}")
    if target.exists() and not target.is_dir():
        raise RealDataError(f"{target}: is a file; expected a folder, or nothing yet")
    if target.is_dir() and any(target.iterdir()) and not (target / "company.yml").is_file():
        raise RealDataError(f"{target}: is not empty and has no company.yml: not a home, nothing is put there")
    written = []
    for template in sorted(path for path in TEMPLATE.rglob("*") if path.is_file()):
        file = target / template.relative_to(TEMPLATE)
        if not file.is_file() or file.read_bytes() != template.read_bytes():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(template.read_bytes())
            written.append(file)
    for name, place in ORIGINALS.items():
        original, file = source / name, target / "inbox" / place
        if not _holds(file, original):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.unlink(missing_ok=True)
            _link_or_copy(original, file)
            written.append(file)
    return written


def _holds(file: Path, original: Path) -> bool:
    """Whether `file` already is `original`: the same file, or a copy with its size and time of change."""
    if not file.is_file():
        return False
    have, want = file.stat(), original.stat()
    return file.samefile(original) or (have.st_size, have.st_mtime_ns) == (want.st_size, want.st_mtime_ns)


def _link_or_copy(original: Path, file: Path) -> None:
    try:
        os.link(original, file)
    except OSError:  # another file system, or links to read-only files are forbidden
        shutil.copy2(original, file)


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Make the real home from the folder of the real data.")
    parser.add_argument("source", type=Path, help="folder of the real data (the one with SOURCES.md)")
    parser.add_argument("target", type=Path, help="home folder to make or complete")
    options = parser.parse_args(arguments)
    try:
        written = build_real_home(options.source, options.target)
    except RealDataError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{options.target}: {len(written)} files written" if written else f"{options.target}: nothing to do")
    return 0


if __name__ == "__main__":
    sys.exit(main())
