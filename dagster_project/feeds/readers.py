"""Reads the files of a feed, everything as text, into DuckDB tables. Casting is `casting.py`, renaming `mapping.py`.

What a reader leaves in the work database:
- `source_files`: one row per part (a file, or a member of a zip): `file_no`, `source_file`, `file_hash`;
- `source_all`: the columns of the export, all text, with `source_file`, `source_line` (the physical line or row where
  the record begins, the header being line 1) and the hidden `__file_no`;
- `source`: the same without the hidden column, which is what a user's query sees;
- `rejected_rows`: records that cannot be split into columns: `file_no`, `source_line`, `original`, `reason`.

Files of a feed may have different columns in a different order: they are grouped by header, each group is read in one
go (a thousand daily files take one scan, not a thousand), and the groups are united by name.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import json
import lzma
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

import duckdb
import numpy as np
import pyarrow as pa

from dagster_project.company.model import READERS_BY_EXTENSION, FeedConfiguration
from dagster_project.feeds import sql
from dagster_project.feeds.errors import FeedError

CHUNK_BYTES = 1 << 22
# An honest export shrinks 5 to 30 times; deflate cannot do better than 1,032.
LARGEST_RATIO = 200
RATIO_MATTERS_FROM_BYTES = 100 << 20
LARGEST_EXTRACTED_BYTES = 64 << 30
LARGEST_SHEET_BYTES = 2 << 30
# Above this, records of a malformed file are not walked one by one in Python to find their line numbers.
LARGEST_WALKED_BYTES = 200 << 20
LARGEST_HEADER_BYTES = 1 << 20
NAMED_FILES = 5
NAMED_LINES = 20
# Up to here every whole number is a double of its own.
EXACT_BELOW = 2**53
_ARCHIVES = (".zip", ".gz")
_ARCHIVE_STARTS = (b"\x1f\x8b", b"PK\x03\x04")
_PATH, _LINE = "__path_in_service_value", "__line_in_service_value"
RESERVED_COLUMNS = ("source_file", "source_line", "__file_no", _PATH, _LINE)
# 'Ã©', 'Ã¨', 'Ã ', 'â€™': UTF-8 read as Latin-1 or Windows-1252, and back.
_MOJIBAKE = "(Ã[©¨ª«¢§´®¯¹»¼€‰\u00a0]|â€[™œ\u009d“”˜¦])"


@dataclass(frozen=True)
class InboxFile:
    """A file of the inbox. `name` is its path relative to the home (absolute when outside), `sha256` its content.

    `stamp`: size and times (of content and of record, ns) before it was hashed; another one later means it was touched.
    """

    path: Path
    name: str
    sha256: str
    size: int
    stamp: tuple[int, int, int] = (0, 0, 0)


@dataclass
class Part:
    """One readable thing: a file, or a member of an archive. `path` is plain UTF-8 text on disk for csv and json."""

    file_no: int
    file: InboxFile
    path: Path
    name: str
    newlines: int = 0
    ends_with_newline: bool = True
    header: tuple[str, ...] = ()
    lines_before_header: int = 0
    header_lines: int = 0
    rows: int = 0
    has_zero_byte: bool = False


@dataclass
class Reading:
    """What was read. `columns` of all files together; `missing` columns by part; `warnings` without personal data."""

    parts: list[Part]
    columns: tuple[str, ...] = ()
    warnings: list[str] = field(default_factory=list)
    rejected: int = 0
    is_sparse: bool = False
    """A key may be absent from a row (json): a column that a file lacks is then null, not an error."""


def find_files(home: Path, configuration: FeedConfiguration) -> list[Path]:
    """The files that `location` names, in order of name, numbers by size (`9` before `10`). A folder means the files in it; hidden files are left out."""
    location = str(configuration.location)
    base = Path(location) if Path(location).is_absolute() else home / location
    if base.is_dir():
        wanted = {extension for extension, reader in READERS_BY_EXTENSION.items() if reader == configuration.reader}
        if configuration.reader in ("csv", "json"):
            wanted |= {"gz", "zip"}
        found = [path for path in base.iterdir() if path.suffix.lower().lstrip(".") in wanted]
    elif any(sign in location for sign in "*?["):
        anchor = Path(base.anchor) if Path(location).is_absolute() else home
        pattern = str(base.relative_to(base.anchor)) if Path(location).is_absolute() else location
        found = list(anchor.glob(pattern))
    else:
        found = [base]
    inside = home.resolve()
    kept = []
    for path in found:
        if not path.is_file() or path.name.startswith((".", "~$")):
            continue
        # A link inside the inbox may lead anywhere: what lies outside needs an absolute location, said on purpose.
        if not Path(location).is_absolute() and not path.resolve().is_relative_to(inside):
            raise FeedError("inbox", f"{path.name} is a link out of the home folder; give an absolute location instead")
        kept.append(path)
    return sorted(kept, key=lambda path: (_natural(path.name), _natural(str(path)), str(path)))


def _natural(text: str) -> list[tuple[str, int]]:
    """Sorts as people count: `dump_9` before `dump_10`, which as a text would be the older state."""
    return [(letters, int(digits or 0)) for letters, digits in re.findall("([^0-9]*)([0-9]*)", text)]


def describe_file(home: Path, path: Path) -> InboxFile:
    """Hash a file as a stream."""
    stamp = _stamp(path)
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    resolved = path if path.is_absolute() else home / path
    name = resolved.relative_to(home).as_posix() if resolved.is_relative_to(home) else resolved.as_posix()
    return InboxFile(path, name, digest, stamp[0], stamp)


def _stamp(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def refuse_changed(files: Sequence[InboxFile]) -> None:
    """Raise OSError for a file that is no longer what was hashed: what was read may be neither. Trying again helps.

    The content is hashed a second time only where size or times differ.
    """
    for file in files:
        if _stamp(file.path) == file.stamp:
            continue
        with file.path.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != file.sha256:
                raise OSError(f"{file.name} changed while it was read (is it still being copied?); nothing was landed")


def read_files(
    connection: duckdb.DuckDBPyConnection,
    feed: str,
    configuration: FeedConfiguration,
    inbox_files: Sequence[InboxFile],
    work: Path,
) -> Reading:
    """Read the files of a feed into the work database. Raises FeedError."""
    connection.execute("create table source_files (file_no integer, source_file varchar, file_hash varchar)")
    connection.execute("create table rejected_rows (file_no integer, source_line bigint, original varchar, reason varchar)")
    reader = _READERS[configuration.reader]
    reading = reader(_Job(connection, feed, configuration, list(inbox_files), work))
    connection.executemany(
        "insert into source_files values (?, ?, ?)",
        [(part.file_no, part.name, part.file.sha256) for part in reading.parts] or [(0, "", "")],
    )
    if not reading.columns:
        connection.execute(
            "create view source_all as select 0 as __file_no, null::varchar as source_file, null::bigint as source_line limit 0"
        )
    found = connection.execute("select count(*) from rejected_rows").fetchone()
    reading.rejected = int(found[0]) if found else 0
    connection.execute("create view source as select * exclude (__file_no) from source_all")
    return reading


@dataclass
class _Job:
    connection: duckdb.DuckDBPyConnection
    feed: str
    configuration: FeedConfiguration
    files: list[InboxFile]
    work: Path

    def error(self, file: str, message: str) -> FeedError:
        return FeedError(self.feed, f"{file}: {message}")


def _plain_parts(job: _Job) -> list[Part]:
    """Every file as plain UTF-8 text on disk: archives extracted within bounds, other encodings transcoded."""
    parts: list[Part] = []
    for file in job.files:
        suffix = file.path.suffix.lower()
        if suffix == ".zip":
            members = list(_zip_parts(job, file, len(parts)))
            if not members:
                raise job.error(file.name, "is an archive without any file in it; send it again")
            parts.extend(members)
        elif suffix == ".gz":
            target = job.work / f"part-{len(parts)}.txt"
            part = Part(len(parts), file, target, file.name)
            try:
                with gzip.open(file.path, "rb") as stream:
                    _extract(job, part, stream, file.size)
            except (EOFError, gzip.BadGzipFile, zlib.error) as error:
                raise job.error(file.name, f"the archive is damaged or cut short ({error}); send it again") from None
            parts.append(part)
        else:
            parts.append(_file_part(job, file, len(parts)))
    return parts


def _file_part(job: _Job, file: InboxFile, number: int) -> Part:
    part = Part(number, file, file.path, file.name)
    with file.path.open("rb") as stream:
        start = stream.read(4)
        if start.startswith(_ARCHIVE_STARTS):
            raise job.error(file.name, "is an archive or a workbook under another name; name it .gz, .zip or .xlsx")
        stream.seek(0)
        if _needs_copy(job, start):
            part.path = job.work / f"part-{number}.txt"
            _extract(job, part, stream, None)
            return part
        last = b"\n"
        carriage_returns = 0
        while chunk := stream.read(CHUNK_BYTES):
            part.newlines += chunk.count(b"\n")
            part.has_zero_byte = part.has_zero_byte or b"\x00" in chunk
            if part.newlines == 0:
                carriage_returns += chunk.count(b"\r")
            last = chunk[-1:]
        part.ends_with_newline = last == b"\n"
        if part.newlines == 0 and carriage_returns:
            part.path = job.work / f"part-{number}.txt"
            stream.seek(0)
            _extract(job, part, stream, None, old_line_ends=True)
    return part


def _needs_copy(job: _Job, start: bytes) -> bool:
    return start[:3] == codecs.BOM_UTF8 or codecs.lookup(job.configuration.options.encoding).name not in (
        "utf-8",
        "ascii",
    )


def _zip_parts(job: _Job, file: InboxFile, number: int) -> Iterator[Part]:
    try:
        with zipfile.ZipFile(file.path) as archive:
            for member in sorted(archive.infolist(), key=lambda item: item.filename):
                inner = Path(member.filename)
                if member.is_dir() or "__MACOSX" in inner.parts or inner.name.startswith("."):
                    continue
                if inner.is_absolute() or ".." in inner.parts or "\\" in member.filename:
                    raise job.error(file.name, f"holds a file whose name leaves the archive ({member.filename!r})")
                if member.flag_bits & 0x1:
                    raise job.error(file.name, "is encrypted; put the plain archive into the inbox")
                part = Part(number, file, job.work / f"part-{number}.txt", f"{file.name}/{member.filename}")
                with archive.open(member) as stream:
                    _extract(job, part, stream, member.compress_size)
                number += 1
                yield part
    except NotImplementedError as error:
        raise job.error(file.name, f"is packed in a way that is not known ({error}); pack it again as an ordinary zip") from None
    except (zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, RuntimeError, OSError) as error:
        raise job.error(file.name, f"the archive is damaged or cut short ({error}); send it again") from None


def _extract(job: _Job, part: Part, stream: IO[bytes] | gzip.GzipFile, packed: int | None, old_line_ends: bool = False) -> None:
    """Copy a stream to `part.path` as UTF-8 without byte order mark, within the bounds of size and ratio."""
    encoding = job.configuration.options.encoding
    is_utf8 = codecs.lookup(encoding).name in ("utf-8", "ascii", "utf-8-sig")
    # Invalid UTF-8 is left as it is: DuckDB rejects the very lines that hold it.
    decoder = None if is_utf8 else codecs.getincrementaldecoder(encoding)("strict")
    written = 0
    is_first = True
    last = b"\n"
    with part.path.open("wb") as target:
        while True:
            chunk = stream.read(CHUNK_BYTES)
            if is_first and packed is not None and chunk.startswith(_ARCHIVE_STARTS):
                raise job.error(part.name, "is an archive inside an archive; put the inner one into the inbox")
            if decoder is not None:
                try:
                    out = decoder.decode(chunk, final=not chunk).encode("utf-8")
                except UnicodeError as error:
                    raise job.error(
                        part.name,
                        f"is not {encoding} ({error}); is options.encoding right? Expected for example utf-8, cp1252",
                    ) from None
            else:
                out = chunk
            if is_first and out.startswith(codecs.BOM_UTF8):
                out = out[len(codecs.BOM_UTF8) :]
            is_first = False
            if old_line_ends:
                out = out.replace(b"\r", b"\n")
            written += len(out)
            if packed is not None and (
                written > LARGEST_EXTRACTED_BYTES
                or (written > RATIO_MATTERS_FROM_BYTES and written > LARGEST_RATIO * max(packed, 1))
            ):
                raise job.error(
                    part.name,
                    f"grows to more than {LARGEST_RATIO} times its size, or beyond "
                    f"{LARGEST_EXTRACTED_BYTES >> 30} GiB: it looks like a zip bomb; extract it by hand if it is sound",
                )
            part.newlines += out.count(b"\n")
            part.has_zero_byte = part.has_zero_byte or b"\x00" in out
            if out:
                last = out[-1:]
                target.write(out)
            if not chunk:
                break
    part.ends_with_newline = last == b"\n"


def _read_csv(job: _Job) -> Reading:
    parts = _plain_parts(job)
    reading = Reading(parts)
    groups: dict[tuple[tuple[str, ...], int], list[Part]] = {}
    for part in parts:
        _csv_header(job, part, reading)
        if part.header:
            groups.setdefault((part.header, part.lines_before_header), []).append(part)
    selects = []
    for number, members in enumerate(groups.values()):
        selects.append(_csv_group(job, reading, number, members))
    reading.columns = _united(header for header, _ in groups)
    if selects:
        job.connection.execute("create view source_whole as " + " union all by name ".join(selects))
        _refuse_zero_bytes(job, reading)
    _warn_mojibake(job, reading, [_positions(header) for header, _ in groups])
    _warn_cut_off(reading)
    return reading


def read_headers(feed: str, configuration: FeedConfiguration, inbox_files: Sequence[InboxFile], work: Path) -> Reading | None:
    """The columns of the files without their rows, where that is cheap (csv and parquet, archives too); else None.

    Raises FeedError for a file that cannot be read at all.
    """
    connection = duckdb.connect(":memory:")
    job = _Job(connection, feed, configuration, list(inbox_files), work)
    reading = Reading([])
    try:
        for file in inbox_files:
            part = Part(len(reading.parts), file, file.path, file.name)
            if configuration.reader == "csv":
                for start in _starts(file.path):
                    part = Part(len(reading.parts), file, file.path, file.name)
                    _parse_header(job, part, _decoded(start, configuration.options.encoding), reading)
                    reading.parts.append(part)
            elif configuration.reader == "parquet":
                _describe_parquet(job, part, reading)
                reading.parts.append(part)
            else:
                return None
    except (OSError, zipfile.BadZipFile, EOFError, zlib.error, RuntimeError):
        return None
    finally:
        connection.close()
    reading.columns = _united([part.header for part in reading.parts if part.header])
    return reading


def _starts(path: Path) -> Iterator[bytes]:
    if path.suffix.lower() == ".zip":
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if not member.is_dir() and "__MACOSX" not in member.filename and not Path(member.filename).name.startswith("."):
                    with archive.open(member) as stream:
                        yield stream.read(LARGEST_HEADER_BYTES)
    elif path.suffix.lower() == ".gz":
        with gzip.open(path, "rb") as packed:
            yield packed.read(LARGEST_HEADER_BYTES)
    else:
        with path.open("rb") as plain:
            yield plain.read(LARGEST_HEADER_BYTES)


def _decoded(start: bytes, encoding: str) -> bytes:
    return start if codecs.lookup(encoding).name in ("utf-8", "ascii") else start.decode(encoding, errors="replace").encode()


def _csv_header(job: _Job, part: Part, reading: Reading) -> None:
    with part.path.open("rb") as stream:
        _parse_header(job, part, stream.read(LARGEST_HEADER_BYTES), reading)


def _parse_header(job: _Job, part: Part, start: bytes, reading: Reading) -> None:
    """Read the header from the first bytes; leaves `part.header` empty for a file without one."""
    options = job.configuration.options
    if not start.strip():
        reading.warnings.append(f"{part.name} is empty")
        return
    text = start.decode("utf-8", errors="replace")
    lines = io.StringIO(text, newline="")
    for _ in range(options.skip_lines):
        lines.readline()
    rows = csv.reader(lines, **_dialect(options.delimiter, options.quote))
    names: list[str] = []
    try:
        # Blank lines before the header are skipped here and counted: DuckDB would take the first one for the header.
        while not names:
            part.lines_before_header = options.skip_lines + rows.line_num
            names = next(rows)
    except StopIteration:
        reading.warnings.append(f"{part.name} has no header")
        return
    except csv.Error as error:
        raise job.error(
            part.name, f"the header cannot be read ({error}); are options.delimiter and options.quote right?"
        ) from None
    if "\x00" in "".join(names):
        raise job.error(part.name, "holds zero bytes in its header: it is not UTF-8 text; is options.encoding right (utf-16)?")
    if "\ufffd" in "".join(names):
        raise job.error(
            part.name, f"the header is not {options.encoding}; is options.encoding right? Expected for example cp1252"
        )
    part.header = _unique_names(job, part, names, reading)
    part.header_lines = options.skip_lines + rows.line_num


def _dialect(delimiter: str, quote: str) -> dict[str, Any]:
    quoting: dict[str, Any] = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    return {"delimiter": delimiter[:1], **quoting}


def _unique_names(job: _Job, part: Part, names: Sequence[str], reading: Reading) -> tuple[str, ...]:
    """Trimmed names; an empty one becomes `column<n>`, a repeated one gets `_2`, `_3`."""
    taken: dict[str, str] = {}
    for position, raw in enumerate(names, start=1):
        base = raw.strip().strip("\ufeff").strip() or f"column{position}"
        candidate, count = base, 1
        while candidate.lower() in taken:
            count += 1
            candidate = f"{base}_{count}"
        if count > 1:
            reading.warnings.append(f"{part.name} has the column {base!r} more than once; one is read as {candidate!r}")
        if candidate.lower() in RESERVED_COLUMNS:
            raise job.error(part.name, f"has a column {candidate!r}, a name that the program needs; rename it in the export")
        taken[candidate.lower()] = candidate
    return tuple(taken.values())


def _positions(header: tuple[str, ...]) -> list[str]:
    """The columns of `source_rows_<n>`: by place, so that a column of an export may be called `rowid` or `__path`."""
    return [f"c{position}" for position in range(len(header))]


def _csv_group(job: _Job, reading: Reading, number: int, members: list[Part]) -> str:
    """Read the files of one header in one scan; returns the SELECT of the group for `source_whole`."""
    options, connection = job.configuration.options, job.connection
    header = members[0].header
    table = f"source_rows_{number}"
    columns = ", ".join(f"{column}: 'varchar'" for column in _positions(header))
    try:
        connection.execute(f"""
            create table {table} as select * from read_csv(
                {sql.texts(part.path for part in members)},
                auto_detect = false, header = true, skip = {members[0].lines_before_header},
                delim = {sql.text(options.delimiter)}, quote = {sql.text(options.quote)},
                escape = {sql.text(options.escape if options.escape is not None else options.quote)},
                columns = {{{columns}}}, filename = '__path', store_rejects = true, max_line_size = 16777216,
                rejects_table = 'rejects_{number}', rejects_scan = 'rejects_scan_{number}')
        """)
    except duckdb.Error as error:
        raise FeedError(
            job.feed,
            f"{members[0].name} (or a file with the same header): {str(error).splitlines()[0]}; are "
            "options.delimiter, options.quote and options.escape right, and all line ends of one kind?",
        ) from None
    rejects = connection.execute(f"""
        select scans.file_path, errors.line_byte_position, any_value(errors.csv_line),
            string_agg(distinct errors.error_type::varchar, ', ' order by errors.error_type::varchar)
        from rejects_{number} as errors
        join rejects_scan_{number} as scans using (scan_id, file_id)
        group by all order by 1, 2
    """).fetchall()
    counts = {
        str(path): (int(first), int(last), int(count))
        for path, first, last, count in connection.execute(
            f"select __path, min(rowid), max(rowid), count(*) from {table} group by __path"
        ).fetchall()
    }
    by_path = {str(part.path): part for part in members}
    _insert_rejects(job, by_path, rejects)
    refused_in: dict[str, list[tuple[Any, ...]]] = {}
    for row in rejects:
        refused_in.setdefault(str(row[0]), []).append(row)
    lines: list[tuple[int, np.ndarray[Any, Any]]] = []
    files = []
    for part in members:
        first, last, count = counts.get(str(part.path), (0, -1, 0))
        if last - first + 1 != count:
            raise FeedError(job.feed, f"{part.name}: its rows were not read in the order of the file; this is a defect")
        part.rows = count
        refused = [_position(row[1], row[2]) for row in refused_in.get(str(part.path), [])]
        physical = part.newlines + (0 if part.ends_with_newline else 1)
        exact = None
        if physical - part.header_lines != count or refused:
            exact = _record_lines(part, options.quote, options.delimiter, count, refused)
            if exact is None and not count and not refused:
                # DuckDB gives no row and no error where the first lines end otherwise than the rest.
                raise job.error(part.name, "its lines cannot be told apart; are all line ends of one kind?")
            if exact is None:
                reading.warnings.append(f"{part.name}: line numbers are approximate, its quotes do not pair")
        if exact is not None and count:
            lines.append((first, exact))
        files.append((str(part.path), part.file_no, part.name, part.header_lines + 1 - first))
    connection.execute(f"create table {table}_files (path varchar, file_no integer, source_file varchar, line_of_row bigint)")
    connection.executemany(f"insert into {table}_files values (?, ?, ?, ?)", files)
    selected = ", ".join(
        f"records.{place} as {sql.name(column)}" for place, column in zip(_positions(header), header, strict=True)
    )
    if not lines:
        return (
            f"select {selected}, files.source_file, records.rowid + files.line_of_row as source_line, "
            f"files.file_no as __file_no from {table} as records "
            f"join {table}_files as files on records.__path = files.path"
        )
    numbers = pa.table(
        {
            "row": np.concatenate([np.arange(first, first + len(exact), dtype=np.int64) for first, exact in lines]),
            "line": np.concatenate([exact for _, exact in lines]),
        }
    )
    connection.register("line_numbers", numbers)
    connection.execute(f"create table {table}_lines as select * from line_numbers")
    connection.unregister("line_numbers")
    return (
        f"select {selected}, files.source_file, "
        "coalesce(lines.line, records.rowid + files.line_of_row) as source_line, files.file_no as __file_no "
        f"from {table} as records join {table}_files as files on records.__path = files.path "
        f"left join {table}_lines as lines on records.rowid = lines.row"
    )


_NOT_UTF_8 = "is not valid UTF-8 (is options.encoding right? for example cp1252)"
_REJECT_REASONS = {
    "MISSING COLUMNS": "has fewer columns than the header",
    "TOO MANY COLUMNS": "has more columns than the header",
    "UNQUOTED VALUE": "has a quote that is not closed or not doubled",
    "INVALID ENCODING": _NOT_UTF_8,
    "LINE SIZE OVER MAXIMUM": "is longer than 16 MB (a quote that is never closed?)",
}


def _insert_rejects(job: _Job, by_path: dict[str, Part], rejects: list[tuple[Any, ...]]) -> None:
    if not rejects:
        return
    rows: dict[str, list[Any]] = {"file_no": [], "source_line": [], "original": [], "reason": []}
    starts: dict[str, np.ndarray[Any, Any]] = {}
    for path, position, original, kinds in rejects:
        part = by_path[str(path)]
        if str(path) not in starts:
            starts[str(path)] = np.concatenate([[0], _newline_positions(part.path) + 1])
        reasons = [_REJECT_REASONS.get(kind, kind.lower()) for kind in str(kinds).split(", ")]
        rows["file_no"].append(part.file_no)
        rows["source_line"].append(_nearest(starts[str(path)], _position(position, original)) + 1)
        rows["original"].append(str(original or "").strip("\r\n"))
        rows["reason"].append("the line " + " and ".join(reasons))
    job.connection.register("new_rejects", pa.table(rows))
    job.connection.execute("insert into rejected_rows select * from new_rejects")
    job.connection.unregister("new_rejects")


def _position(position: Any, original: Any) -> int:
    """Where a refused record begins, within a byte: DuckDB 2.0 counts blank lines as its own, from 0 or from 1."""
    text = str(original or "")
    return int(position) + len(text) - len(text.lstrip("\r\n"))


def _nearest(starts: np.ndarray[Any, Any], position: int) -> int:
    """Index of the start next to a position that may be one byte too far."""
    right = int(np.searchsorted(starts, position, side="left"))
    candidates = [index for index in (right - 1, right) if 0 <= index < len(starts)]
    return min(candidates, key=lambda index: abs(int(starts[index]) - position + 0.5))


def _chunks(path: Path) -> Iterator[tuple[int, np.ndarray[Any, Any]]]:
    offset = 0
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES * 4):
            yield offset, np.frombuffer(chunk, dtype=np.uint8)
            offset += len(chunk)


def _newline_positions(path: Path) -> np.ndarray[Any, Any]:
    found = [np.flatnonzero(chunk == 10) + offset for offset, chunk in _chunks(path)]
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def _record_lines(part: Part, quote: str, delimiter: str, count: int, refused: list[int]) -> np.ndarray[Any, Any] | None:
    """Physical line at which each accepted record begins, or None where the file's quotes do not allow to tell.

    Records are found twice, by the parity of quotes (vectorised), then by walking them (small files only); the
    answer is taken only if the number of records agrees with what DuckDB read and refused.
    """
    ends, breaks, parity, size = [], [], 0, 0
    for offset, chunk in _chunks(part.path):
        size += len(chunk)
        newline = chunk == 10
        positions = np.flatnonzero(newline)
        breaks.append(positions + offset)
        if quote:
            quotes = np.cumsum(chunk == ord(quote), dtype=np.int64) + parity
            positions = positions[quotes[positions] % 2 == 0]
            parity = int(quotes[-1]) if len(quotes) else parity
        ends.append(positions + offset)
    record_ends = np.concatenate(ends) if ends else np.zeros(0, dtype=np.int64)
    newlines = np.concatenate(breaks) if breaks else np.zeros(0, dtype=np.int64)
    starts = np.concatenate([[0], record_ends + 1])
    starts = starts[starts < size]
    lengths = np.diff(np.concatenate([starts, [size + 1]])) - 1
    lines = np.searchsorted(newlines, starts, side="left") + 1
    if len(starts):
        content = np.memmap(part.path, dtype=np.uint8, mode="r")
        is_blank = (lengths <= 0) | ((lengths == 1) & (content[np.minimum(starts, size - 1)] == 13))
        keep = ~is_blank & (lines > part.header_lines)
        starts, lines = starts[keep], lines[keep]
        gone = {_nearest(starts, position) for position in refused}
        if len(gone) == len(refused) and len(starts) == count + len(gone):
            accepted = np.ones(len(starts), dtype=bool)
            accepted[list(gone)] = False
            return np.asarray(lines[accepted], dtype=np.int64)
    if refused or size > LARGEST_WALKED_BYTES:
        return None
    return _walked_lines(part, quote, delimiter, count)


def _walked_lines(part: Part, quote: str, delimiter: str, count: int) -> np.ndarray[Any, Any] | None:
    with part.path.open(encoding="utf-8", errors="replace", newline="") as stream:
        for _ in range(part.header_lines):
            stream.readline()
        found, before = [], 0
        try:
            rows = csv.reader(stream, **_dialect(delimiter, quote))
            for row in rows:
                if row:
                    found.append(before + part.header_lines + 1)
                before = rows.line_num
        except csv.Error:
            return None
    return np.asarray(found, dtype=np.int64) if len(found) == count else None


def _united(headers: Iterator[tuple[str, ...]] | Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    seen: dict[str, str] = {}
    for header in headers:
        for column in header:
            seen.setdefault(column.lower(), column)
    return tuple(seen.values())


def _warn_mojibake(job: _Job, reading: Reading, headers: Sequence[Sequence[str]]) -> None:
    """Look for 'Ã©' in a sample: UTF-8 that was read as Latin-1, here or by whoever made the export."""
    for number, columns in enumerate(headers):
        union = " || ' ' || ".join(f"coalesce({column}, '')" for column in columns)
        found = job.connection.execute(
            f"select count(*) filter (regexp_matches({union}, {sql.text(_MOJIBAKE)})) "
            f"from (select * from source_rows_{number} limit 50000)"
        ).fetchone()
        if found and found[0]:
            reading.warnings.append(
                f"{found[0]} of the first 50,000 rows hold signs such as 'Ã©': UTF-8 text read as "
                f"{job.configuration.options.encoding}; is options.encoding right?"
            )
            return


def _refuse_zero_bytes(job: _Job, reading: Reading) -> None:
    """Make `source_all` of `source_whole`: rows with a zero byte, which no text has, are set apart."""
    if not any(part.has_zero_byte for part in reading.parts):
        job.connection.execute("create view source_all as select * from source_whole")
        return
    columns = [sql.name(column) for column in reading.columns]
    is_broken = f"contains(concat_ws('', {', '.join(columns)}), chr(0))"
    exported = ", ".join(f"{sql.text(column)}: {name}" for column, name in zip(reading.columns, columns, strict=True))
    broken = job.connection.execute(f"""
        insert into rejected_rows
        select __file_no, source_line, to_json({{{exported}}})::varchar, 'the line holds a zero byte'
        from source_whole where {is_broken}
        returning file_no
    """).fetchall()
    for (number,) in broken:
        reading.parts[number].rows -= 1
    job.connection.execute(f"create view source_all as select * from source_whole where not {is_broken}")


def _warn_cut_off(reading: Reading) -> None:
    """A plain file may have been landed before it was whole (an archive would not open): its end is the only sign."""
    open_ended = [
        part.name
        for part in reading.parts
        if part.header and not part.ends_with_newline and part.file.path.suffix not in _ARCHIVES
    ]
    if open_ended:
        named = ", ".join(open_ended[:NAMED_FILES]) + (" and others" if len(open_ended) > NAMED_FILES else "")
        reading.warnings.append(f"{len(open_ended)} file(s) may be cut off, the last line has no end: {named}")


def missing_column(job_feed: str, part: Part, column: str, key: str, delimiter: str | None) -> FeedError:
    """The error for a column that a file lacks: the file, the column, what was found, and what it may be called."""
    found = list(part.header)
    near = get_close_matches(column.lower(), [name.lower() for name in found], n=3, cutoff=0.6)
    nearest = [name for name in found if name.lower() in near]
    message = f"{part.name}: the column {column!r} is missing (needed by {key}); found: {', '.join(found)}"
    if nearest:
        message += f"; was it renamed to {' or '.join(nearest)}?"
    if len(found) == 1 and delimiter is not None:
        guess = next((sign for sign in (";", ",", "\t", "|") if sign != delimiter and sign in found[0]), None)
        message += f"; found one column {found[0]!r}: is options.delimiter right?"
        if guess:
            message += f" It looks like {guess!r}"
    return FeedError(job_feed, message)


def missing_columns(feed: str, configuration: FeedConfiguration, reading: Reading, needed: dict[str, str]) -> None:
    """Raise FeedError if a file lacks a needed column (`needed`: source column -> configuration key)."""
    optional = {name.lower() for name in configuration.options.optional_columns}
    everywhere = {column.lower() for column in reading.columns}
    delimiter = configuration.options.delimiter if configuration.reader == "csv" else None
    for part in reading.parts:
        if not part.header:
            continue
        present = everywhere if reading.is_sparse else {column.lower() for column in part.header}
        for column, key in needed.items():
            if column.lower() not in present and column.lower() not in optional:
                raise missing_column(feed, part, column, key, delimiter)


def _describe_parquet(job: _Job, part: Part, reading: Reading) -> list[tuple[Any, ...]]:
    """Columns and types of a Parquet file; fills the header and the number of rows of the part."""
    source = f"read_parquet({sql.text(part.path)})"
    try:
        described = job.connection.execute(f"describe select * from {source}").fetchall()
        count = job.connection.execute(f"select count(*) from {source}").fetchone()
    except duckdb.Error as error:
        raise job.error(part.name, f"is not a readable Parquet file ({str(error).splitlines()[0]}); send it again") from None
    part.header = _unique_names(job, part, [str(row[0]) for row in described], reading)
    if "file_row_number" in (column.lower() for column in part.header):
        raise job.error(part.name, "has a column 'file_row_number', a name that DuckDB needs; rename it in the export")
    part.rows = int(count[0]) if count else 0
    return described


def _read_parquet(job: _Job) -> Reading:
    parts = [Part(number, file, file.path, file.name) for number, file in enumerate(job.files)]
    reading = Reading(parts)
    groups: dict[tuple[str, ...], list[Part]] = {}
    selects = []
    for part in parts:
        if part.file.size == 0:
            reading.warnings.append(f"{part.name} is empty")
            continue
        described = _describe_parquet(job, part, reading)
        groups.setdefault(tuple(f"{row[0]}\x00{row[1]}" for row in described), []).append(part)
    for number, (signature, members) in enumerate(groups.items()):
        casts = []
        for entry in signature:
            column, kind = entry.split("\x00")
            if kind.startswith(("BLOB", "BIT")):
                raise job.error(members[0].name, f"the column {column!r} is binary; expected text, numbers, dates")
            is_nested = kind.endswith("]") or kind.startswith(("STRUCT", "MAP", "UNION"))
            name = sql.name(column)
            text = f"to_json({name})::varchar" if is_nested else f"{name}::varchar"
            if kind in ("FLOAT", "DOUBLE"):
                # Ids with a gap come as floats (pandas): 160.0 is the id 160.
                text = f"case when {name} = trunc({name}) and abs({name}) < {EXACT_BELOW} then {name}::bigint::varchar else {text} end"
            casts.append(f"{text} as {name}")
        job.connection.execute(f"""
            create table source_rows_{number} as
            select {", ".join(casts)}, {_PATH}, file_row_number + 1 as {_LINE}
            from read_parquet({sql.texts(part.path for part in members)}, filename = '{_PATH}', file_row_number = true)
        """)
        job.connection.execute(f"create table source_rows_{number}_files (path varchar, file_no integer, source_file varchar)")
        job.connection.executemany(
            f"insert into source_rows_{number}_files values (?, ?, ?)",
            [(str(part.path), part.file_no, part.name) for part in members],
        )
        selected = ", ".join(f"records.{sql.name(entry.split(chr(0))[0])}" for entry in signature)
        selects.append(
            f"select {selected}, files.source_file, records.{_LINE} as source_line, files.file_no as __file_no "
            f"from source_rows_{number} as records join source_rows_{number}_files as files on records.{_PATH} = files.path"
        )
    if selects:
        job.connection.execute("create view source_all as " + " union all by name ".join(selects))
    reading.columns = _united([part.header for part in parts if part.header])
    return reading


# In a line whose texts were emptied: an exponent, more than 15 significant digits around a decimal point, or an
# integer of more than 18 digits cannot be trusted to be what the source held.
_STRINGS = r'"(\\.|[^"\\])*"'
_INEXACT_NUMBER = r"[0-9][eE][-+]?[0-9]|[0-9]{19,}"


def _read_json(job: _Job) -> Reading:
    parts = _plain_parts(job)
    reading = Reading(parts, is_sparse=True)
    filled = []
    for part in parts:
        with part.path.open("rb") as stream:
            start = stream.read(4096).lstrip()
        if not start:
            reading.warnings.append(f"{part.name} is empty")
        elif start.startswith(b"["):
            raise job.error(part.name, "is one JSON array; expected JSON lines: one object on each line")
        else:
            filled.append(part)
    if not filled:
        return reading
    connection = job.connection
    tables = []
    for part in filled:
        lines = _json_lines(part)
        connection.register("json_lines", lines)
        connection.execute(f"create table json_{part.file_no} as select {part.file_no} as file_no, * from json_lines")
        connection.unregister("json_lines")
        tables.append(f"select * from json_{part.file_no}")
    connection.execute("create view json_all as " + " union all ".join(tables))
    digits = "length(regexp_replace(ltrim(replace(number, '.', ''), '-0'), '0+$', ''))"
    connection.execute(f"""
        create table json_checked as
        select file_no, line, original,
            case
                when not is_utf_8 then {sql.text(f"the line {_NOT_UTF_8}")}
                when not json_valid(original) then 'the line is not valid JSON'
                when json_type(original) <> 'OBJECT' then 'the line is not a JSON object'
                when regexp_matches(bare, {sql.text(_INEXACT_NUMBER)})
                    or len(list_filter(regexp_extract_all(bare, '-?[0-9]+\\.[0-9]+'), lambda number: {digits} > 15)) > 0
                    then 'the line holds a number that is not exact (exponent or too many digits); write it as a text'
            end as reason
        from (select *, regexp_replace(original, {sql.text(_STRINGS)}, '""', 'g') as bare from json_all)
        where trim(original) <> ''
    """)
    connection.execute("""
        insert into rejected_rows select file_no, line, original, reason from json_checked where reason is not null
    """)
    found = connection.execute("""
        select distinct unnest(json_keys(original)) as key, file_no from json_checked where reason is null order by 2, 1
    """).fetchall()
    counts = dict(connection.execute("select file_no, count(*) from json_checked where reason is null group by 1").fetchall())
    for part in filled:
        part.rows = int(counts.get(part.file_no, 0))
    # Columns know no case: 'mail' of one line and 'Mail' of another are one column, under the first spelling.
    spellings: dict[str, list[str]] = {}
    # Nobody can ask for a value whose key is an empty text.
    found = [(key, number) for key, number in found if key]
    for key, _ in found:
        known = spellings.setdefault(str(key).lower(), [])
        if str(key) not in known:
            known.append(str(key))
    for spelt in spellings.values():
        if len(spelt) > 1:
            reading.warnings.append(
                f"the keys {', '.join(map(repr, spelt))} differ in case only: they are read as one column {spelt[0]!r} "
                "(of a line that has several, the first that is not null)"
            )
    for part in filled:
        present = {str(key).lower() for key, number in found if number == part.file_no}
        part.header = _unique_names(job, part, sorted(spellings[key][0] for key in present), reading)
    if spellings:
        values = ", ".join(
            f"coalesce({', '.join(_json_value(key) for key in spelt)}, null) as {sql.name(spelt[0])}"
            for spelt in spellings.values()
        )
        connection.execute(f"""
            create table source_rows_0 as
            select {values}, files.name as source_file, line as source_line, checked.file_no as __file_no
            from json_checked as checked
            join (select unnest({[part.file_no for part in filled]}) as file_no,
                unnest({sql.texts(part.name for part in filled)}) as name) as files using (file_no)
            where reason is null
        """)
        connection.execute("create view source_all as select * from source_rows_0")
        reading.columns = tuple(spelt[0] for spelt in spellings.values())
    return reading


def _json_value(key: str) -> str:
    """SQL: the value of a key, looked up as a pointer: '~' and '/' are escaped as RFC 6901 says."""
    return f"original ->> {sql.text('/' + key.replace('~', '~0').replace('/', '~1'))}"


def _json_lines(part: Part) -> pa.Table:
    """The lines of a file with their numbers, as an Arrow table; one that is not UTF-8 is told apart, and shown with `�`."""
    written = part.path.read_bytes().split(b"\n")
    lines = [line.decode("utf-8", errors="replace") for line in written]
    # Only a line that shows the sign can be invalid; a valid one may hold it, too.
    is_utf_8 = ["\ufffd" not in line or line.encode() == original for line, original in zip(lines, written, strict=True)]
    return pa.table(
        {
            "line": np.arange(1, len(lines) + 1),
            "original": pa.array(lines, pa.string()),
            "is_utf_8": pa.array(is_utf_8, pa.bool_()),
        }
    )


def _reject(job: _Job, part: Part, lines: Sequence[int], originals: Sequence[str], reason: str) -> None:
    """Rows that the reader itself refuses, all for one reason."""
    rows = {
        "file_no": [part.file_no] * len(lines),
        "source_line": list(lines),
        "original": list(originals),
        "reason": [reason] * len(lines),
    }
    job.connection.register("new_rejects", pa.table(rows))
    job.connection.execute("insert into rejected_rows select * from new_rejects")
    job.connection.unregister("new_rejects")


def _read_xlsx(job: _Job) -> Reading:
    # Imported here: only workbooks need it.
    import python_calamine

    reading = Reading([])
    options = job.configuration.options
    tables: list[tuple[Part, pa.Table]] = []
    for number, file in enumerate(job.files):
        part = Part(number, file, file.path, file.name)
        reading.parts.append(part)
        if file.size == 0:
            reading.warnings.append(f"{file.name} is empty")
            continue
        try:
            with zipfile.ZipFile(file.path) as archive:
                size = sum(item.file_size for item in archive.infolist())
                if size > LARGEST_SHEET_BYTES or (size > RATIO_MATTERS_FROM_BYTES and size > LARGEST_RATIO * max(file.size, 1)):
                    raise job.error(file.name, "grows too much when opened: it looks like a zip bomb")
            workbook = python_calamine.CalamineWorkbook.from_path(str(file.path))
            name = options.sheet or workbook.sheet_names[0]
            if name not in workbook.sheet_names:
                raise job.error(file.name, f"has no sheet {name!r} (options.sheet); found: {', '.join(workbook.sheet_names)}")
            rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
            faulty = _error_lines(file.path, name)
        except (zipfile.BadZipFile, python_calamine.CalamineError, OSError) as error:
            raise job.error(file.name, f"is not a readable workbook, or it is encrypted ({error})") from None
        if faulty:
            reading.warnings.append(
                f"{part.name}: {len(faulty)} cells hold an error such as #N/A and are read as missing, on the lines "
                + ", ".join(map(str, list(dict.fromkeys(faulty))[:NAMED_LINES]))
            )
        table = _sheet_table(job, part, rows[options.skip_lines :], options.skip_lines, reading)
        if table is not None:
            tables.append((part, table))
    selects = []
    for part, table in tables:
        job.connection.register("sheet", table)
        job.connection.execute(f"create table source_rows_{part.file_no} as select * from sheet")
        job.connection.unregister("sheet")
        selects.append(
            f"select * exclude ({_LINE}), {sql.text(part.name)} as source_file, {_LINE} as source_line, "
            f"{part.file_no} as __file_no from source_rows_{part.file_no}"
        )
    if selects:
        job.connection.execute("create view source_all as " + " union all by name ".join(selects))
    reading.columns = _united([part.header for part in reading.parts if part.header])
    return reading


_ERROR_CELL = re.compile(rb"<(?:\w+:)?c\s(?=[^>]*\bt=[\"']e[\"'])[^>]*\br=[\"'][A-Z]+([0-9]+)[\"']")


def _error_lines(path: Path, sheet: str) -> list[int]:
    """The row of each cell that holds an error: calamine gives them as empty cells, so they are looked for in the XML."""
    with zipfile.ZipFile(path) as archive:
        try:
            name = _sheet_member(archive, sheet)
        except (KeyError, StopIteration, ElementTree.ParseError):
            return []
        found, rest = [], b""
        with archive.open(name) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                whole, tag, rest = (rest + chunk).rpartition(b"<")
                found += [int(match[1]) for match in _ERROR_CELL.finditer(whole)]
                rest = tag + rest
    return found


def _sheet_member(archive: zipfile.ZipFile, sheet: str) -> str:
    """The member of a workbook that holds a sheet. Raises KeyError or StopIteration where it cannot be told."""
    book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
    links = ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels"))
    found = next(node for node in book.iter() if node.tag.endswith("}sheet") and node.get("name") == sheet)
    key = next(value for name, value in found.items() if name.endswith("}id"))
    target = next(node.attrib["Target"] for node in links if node.get("Id") == key)
    return target.lstrip("/") if target.startswith("/") else f"xl/{target}"


def _sheet_table(job: _Job, part: Part, rows: list[list[Any]], skipped: int, reading: Reading) -> pa.Table | None:
    first = next((index for index, row in enumerate(rows) if any(cell != "" for cell in row)), None)
    if first is None:
        reading.warnings.append(f"{part.name} is empty")
        return None
    header = list(rows[first])
    while header and header[-1] == "":
        header.pop()
    part.header = _unique_names(job, part, [_cell(value) or "" for value in header], reading)
    filled = [
        (first + skipped + 2 + index, row) for index, row in enumerate(rows[first + 1 :]) if any(cell != "" for cell in row)
    ]
    width = len(part.header)
    inexact = [(line, row) for line, row in filled if any(map(_is_inexact, row[:width]))]
    if inexact:
        _insert_inexact(job, part, inexact)
        filled = [(line, row) for line, row in filled if not any(map(_is_inexact, row[:width]))]
    part.rows = len(filled)
    arrays: dict[str, pa.Array] = {
        column: pa.array([_cell(row[position]) if position < len(row) else None for _, row in filled], pa.string())
        for position, column in enumerate(part.header)
    }
    arrays[_LINE] = pa.array([line for line, _ in filled], pa.int64())
    return pa.table(arrays)


def _is_inexact(value: Any) -> bool:
    """A cell holds a double: of a whole number beyond 2**53 the last digits are gone already."""
    return isinstance(value, float) and value.is_integer() and abs(value) > EXACT_BELOW


def _insert_inexact(job: _Job, part: Part, rows: list[tuple[int, list[Any]]]) -> None:
    reason = "the line holds a number that is not exact (too many digits); write it as a text"
    originals = [json.dumps(dict(zip(part.header, map(_cell, row), strict=False)), ensure_ascii=False) for _, row in rows]
    _reject(job, part, [line for line, _ in rows], originals, reason)


def _cell(value: Any) -> str | None:
    """A typed cell as canonical text: 12.0 is '12', an instant is ISO 8601, a text (also '=1+1') stays as it is."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) <= EXACT_BELOW else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(int(value.total_seconds()))
    return str(value)


_READERS: dict[str, Callable[[_Job], Reading]] = {
    "csv": _read_csv,
    "parquet": _read_parquet,
    "json": _read_json,
    "xlsx": _read_xlsx,
}
