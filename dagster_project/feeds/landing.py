"""Landing: from the files of the inbox to an immutable batch of raw and of quarantine, once and only once.

Order: find new files, read as text, map, cast, set apart what raw already has, write, count again what was written,
rename into place. Until the last rename nothing has happened; a killed run leaves a hidden folder that the next one
removes. Reading is `readers.py`, the user's SQL `mapping.py`, types and faults `casting.py`, batches `batches.py`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from dagster_project.company.errors import ConfigurationError
from dagster_project.company.model import FILE_NAME, Company, FeedConfiguration
from dagster_project.feeds import sql
from dagster_project.feeds.batches import MANIFEST, ROWS, ActiveBatch, active_batches, known_files, last_content, read_manifests
from dagster_project.feeds.casting import Casting, reference_members, typed_select
from dagster_project.feeds.contract import FEEDS, Feed, raw_schema
from dagster_project.feeds.errors import FeedBlocked, FeedError, ReconciliationError
from dagster_project.feeds.keys import hash_items
from dagster_project.feeds.mapping import (
    HIDDEN_FILE,
    HIDDEN_LINE,
    Resources,
    build_mapping,
    explain_failure,
    open_headers,
    open_locked,
    open_trusted,
)
from dagster_project.feeds.readers import (
    InboxFile,
    Part,
    Reading,
    describe_file,
    find_files,
    read_files,
    read_headers,
    refuse_changed,
)

# Raised when landing itself would write other rows for the same file: files still in the inbox are then landed anew.
LANDING_VERSION = 2
READABLE_ROWS = 1000
NAMED_FILES = 5
# Enough for the layouts that an export has had; a thousand daily files need not all be opened to find a typing error.
PREFLIGHT_FILES = 50
# A dump that lacks more of the keys of the state before it than this is worth a word; of fewer keys a share says little.
VANISHED_WORTH_A_WARNING = 0.05
FEWEST_KEYS_FOR_A_SHARE = 20
TOMBSTONE_HASH = 2**63 - 1
SEPARATOR = "chr(31)"


@dataclass
class MoneyCounts:
    """Sums of one money column, as decimal texts."""

    read: str = "0"
    accepted: str = "0"
    already_known: str = "0"
    quarantined: str = "0"
    erased: str = "0"


@dataclass
class LandingReport:
    """What one landing did. Counts and file names only: safe to log and to show.

    `status`: `landed`, `nothing_new`, `blocked`. `reasons` counts the faults by kind, without their values.
    """

    feed: str
    status: str
    batch_id: str | None = None
    files_landed: list[str] = field(default_factory=list)
    files_already_known: int = 0
    files_duplicate: dict[str, str] = field(default_factory=dict)
    files_superseded: int = 0
    rows_in_source: int = 0
    rows_read: int = 0
    rows_accepted: int = 0
    rows_already_known: int = 0
    rows_quarantined: int = 0
    rows_erased: int = 0
    tombstones: int = 0
    money: dict[str, MoneyCounts] = field(default_factory=dict)
    instants_ambiguous: int = 0
    instants_missing: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    quarantine_path: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-serialisable values."""
        return asdict(self)


def land_feed(
    home: Path,
    company: Company,
    feed_name: str,
    *,
    salt: str,
    clock: datetime,
    references: Mapping[str, pa.Table],
    resources: Resources | None = None,
) -> LandingReport:
    """Land the new files of a configured feed.

    `clock` is the instant of landing (with a time zone): later instants in the data are refused. `references` are the
    tables of `company.reference.load_references`. Raises ConfigurationError (mapping), FeedError (files),
    FeedBlocked (too much refused), ReconciliationError (defect).
    """
    if clock.tzinfo is None:
        raise ValueError("clock needs a time zone")
    if feed_name not in company.feeds:
        raise ConfigurationError(f"{FILE_NAME}: feeds.{feed_name}: is not configured")
    _refuse_erasure(home, company)
    landing = _Landing(home, company, FEEDS[feed_name], salt, clock, references, resources or Resources())
    return landing.run()


def preflight(home: Path, company: Company) -> None:
    """Try every mapping on the headers of the inbox, before anything is touched.

    Raises ConfigurationError with all that is wrong. What is wrong with a file, and readers whose columns are not known
    without reading the rows (json, xlsx), is left to landing.
    """
    problems: list[str] = []
    try:
        _refuse_erasure(home, company)
    except ConfigurationError as error:
        problems.extend(error.problems)
    for name, configuration in company.feeds.items():
        with tempfile.TemporaryDirectory() as folder:
            try:
                paths = find_files(home, configuration)[-PREFLIGHT_FILES:]
                files = [InboxFile(path, path.name, "", path.stat().st_size) for path in paths]
                reading = read_headers(name, configuration, files, Path(folder))
                if reading is None or not reading.columns:
                    continue
                connection = open_headers(reading)
                try:
                    build_mapping(connection, FEEDS[name], configuration, reading)
                finally:
                    connection.close()
            except ConfigurationError as error:
                problems.extend(error.problems)
            except FeedError:
                continue
    if problems:
        raise ConfigurationError(problems)


def mapping_fingerprint(
    company: Company, feed: Feed, configuration: FeedConfiguration, salt: str, references: Mapping[str, pa.Table]
) -> str:
    """A digest of everything besides the file that decides how its rows are landed."""
    parts: dict[str, Any] = {
        "landing_version": LANDING_VERSION,
        "contract": repr(feed),
        "configuration": configuration.model_dump(
            mode="json",
            exclude={
                "location",
                "preset",
                "expected_every",
                "late_after",
                "covers_until",
                "maximum_quarantine_share",
                "maximum_vanished_share",
            },
        ),
        "query": configuration.query_text,
        "currency": company.currency,
        "country": company.company.country,
        # The salt itself is never written; a digest of a digest cannot be told from any other text.
        "salt": hashlib.sha256(f"fingerprint of the salt:{salt}".encode()).hexdigest(),
        "references": {
            reference: reference_members(references, reference)
            for reference in sorted({column.reference for column in feed.columns if column.reference})
        },
    }
    if configuration.date_precision == "day":
        parts["company_zone"] = company.time_zone
    if any(column.name == "currency" for column in feed.columns):
        parts["currencies"] = reference_members(references, "exchange_rates.currency")
    return hashlib.sha256(json.dumps(parts, sort_keys=True, ensure_ascii=True).encode()).hexdigest()[:32]


def salt_fingerprint(salt: str) -> str:
    """Tells one salt from another without saying anything of it, nor of any key that was hashed with it."""
    return hmac.new(salt.encode(), b"which salt raw was landed with", hashlib.sha256).hexdigest()[:16]


def refuse_another_salt(home: Path, company: Company, salt: str) -> None:
    """Before anything is landed: raw that another salt made, and whose files are gone, would never meet what comes.

    Raises ConfigurationError. Landing asks again, feed by feed, by the content of the files.
    """
    for name, configuration in company.feeds.items():
        others = _of_another_salt(active_batches(home, name), salt)
        if not others:
            continue
        there = {describe_file(home, path).name for path in find_files(home, configuration)}
        gone = [batch for batch in others if any(file["name"] not in there for file in batch.files)]
        if gone:
            raise ConfigurationError(_another_salt(company, name, gone))


def _of_another_salt(batches: Sequence[ActiveBatch], salt: str) -> list[ActiveBatch]:
    ours = salt_fingerprint(salt)
    # A batch of an earlier version does not say which salt it was landed with.
    return [batch for batch in batches if batch.manifest.get("salt_fingerprint", ours) != ours]


def _another_salt(company: Company, feed: str, batches: Sequence[ActiveBatch]) -> str:
    names = list(dict.fromkeys(str(file["name"]) for batch in batches for file in batch.files))
    more = f" and {len(names) - NAMED_FILES} others" if len(names) > NAMED_FILES else ""
    return (
        f"{FILE_NAME}: privacy.salt_env: the salt in {company.privacy.salt_env} is not the one with which "
        f"{', '.join(names[:NAMED_FILES])}{more} ({feed}) were landed, and these files are no longer in the "
        "inbox to be landed anew: set the earlier salt again, or put the files back, or remove "
        f"raw/{feed}; nothing was landed"
    )


def _refuse_erasure(home: Path, company: Company) -> None:
    name = company.privacy.erasure_list
    if name is not None and (home / name).is_file():
        raise ConfigurationError(
            f"{FILE_NAME}: privacy.erasure_list: {name} exists, but this version cannot erase persons yet; nothing was landed"
        )


class _Landing:
    """One landing of one feed. The work database lies in the hidden folder that becomes the batch."""

    def __init__(
        self,
        home: Path,
        company: Company,
        feed: Feed,
        salt: str,
        clock: datetime,
        references: Mapping[str, pa.Table],
        resources: Resources,
    ) -> None:
        self.home = home
        self.company = company
        self.feed = feed
        self.configuration = company.feeds[feed.name]
        self.salt = salt
        self.clock = clock
        self.references = references
        self.resources = resources
        self.raw = home / "raw" / feed.name
        self.quarantine = home / "quarantine" / feed.name
        self.report = LandingReport(feed.name, "nothing_new")
        # Each file is a state of its own where the order of files decides: whole dumps, and feeds without a time.
        self.has_states = self.configuration.load == "full" or not feed.event_at

    def run(self) -> LandingReport:
        self._clean()
        batches = active_batches(self.home, self.feed.name)
        files, superseded = self._choose_files(batches)
        self._refuse_two_salts(_without(batches, superseded))
        if not files:
            return self.report
        fingerprint = self.fingerprint
        batch_id = self._batch_id(files, fingerprint)
        work = self.raw / f".tmp-{batch_id}"
        work.mkdir(parents=True)
        try:
            remaining = _without(batches, superseded)
            self._land(work, batch_id, files, superseded, remaining)
        finally:
            shutil.rmtree(work, ignore_errors=True)
        return self.report

    def _clean(self) -> None:
        """Remove what a killed run left: hidden folders, and quarantine whose raw batch was never put in place."""
        for folder in (self.raw, self.quarantine):
            if folder.is_dir():
                for path in folder.glob(".tmp-*"):
                    shutil.rmtree(path)
        for manifest in read_manifests(self.quarantine):
            if manifest["status"] == "landed" and not (self.raw / manifest["batch_id"] / MANIFEST).is_file():
                shutil.rmtree(self.quarantine / manifest["batch_id"])

    def _choose_files(self, batches: Sequence[ActiveBatch]) -> tuple[list[InboxFile], dict[str, list[str]]]:
        """The files to land now, and by batch the hashes of the files whose earlier rows this landing replaces."""
        self.fingerprint = mapping_fingerprint(self.company, self.feed, self.configuration, self.salt, self.references)
        known = known_files(batches)
        last = last_content(batches)
        chosen: list[InboxFile] = []
        names: dict[str, str] = {}
        superseded: dict[str, list[str]] = {}
        paths = find_files(self.home, self.configuration)
        if not paths and not batches:
            raise FeedError(
                self.feed.name,
                f"no file matches {self.configuration.location!r} (feeds.{self.feed.name}.location); "
                "put the export into the inbox, or take the feed out of company.yml",
            )
        for path in paths:
            file = describe_file(self.home, path)
            if file.size == 0:
                self.report.warnings.append(f"{file.name} is empty (0 bytes)")
                if len(paths) == 1 and not batches:
                    raise FeedError(self.feed.name, f"{file.name} is empty (0 bytes); send the export again")
                continue
            landed = known.get(file.sha256)
            if landed is not None and landed[0] != self.fingerprint:
                if file.sha256 not in superseded.get(landed[1], []):
                    superseded.setdefault(landed[1], []).append(file.sha256)
                landed = None
            twin = names.get(file.sha256) or (landed[2] if landed is not None else file.name)
            if self.has_states:
                # When a state came matters as much as what it holds: content that comes back is the newest state.
                is_new = landed is None or last.get(file.name) != file.sha256
            else:
                is_new = landed is None and file.sha256 not in names
            if is_new:
                chosen.append(file)
                names.setdefault(file.sha256, file.name)
            elif landed is not None:
                self.report.files_already_known += 1
            if twin != file.name and (is_new or not self.has_states):
                self.report.files_duplicate[file.name] = twin
                done = "landed again, as a state of its own" if is_new else "not landed twice"
                self.report.warnings.append(f"{file.name} is the same file as {twin}: {done}")
        self._whole_batches(batches, superseded)
        self._refuse_older_state(batches, chosen, superseded)
        self.report.files_superseded = sum(len(hashes) for hashes in superseded.values())
        if paths and not chosen and not batches:
            raise FeedError(self.feed.name, "every file of the feed is empty; zero rows in a configured feed is a failure")
        return chosen, superseded

    def _refuse_two_salts(self, remaining: Sequence[ActiveBatch]) -> None:
        """Keys hashed with two salts never meet: the same person would be two, and nothing downstream could tell."""
        others = _of_another_salt(remaining, self.salt)
        if others:
            raise ConfigurationError(_another_salt(self.company, self.feed.name, others))

    def _refuse_older_state(
        self, batches: Sequence[ActiveBatch], chosen: Sequence[InboxFile], superseded: Mapping[str, list[str]]
    ) -> None:
        """A state that a changed mapping lands anew comes after all others: it must not outlive a newer one that is gone."""
        again = {sha256 for hashes in superseded.values() for sha256 in hashes}
        newest = batches[-1].files[-1] if batches and self.has_states else None
        if newest is not None and chosen and chosen[-1].sha256 in again and newest["sha256"] not in again:
            raise FeedError(
                self.feed.name,
                f"the mapping changed since {chosen[-1].name} was landed; landed anew it would come after {newest['name']}, the "
                f"newest state, and replace it: put {newest['name']} back into the inbox if it is gone, or take the older file "
                "out of it",
            )

    def _whole_batches(self, batches: Sequence[ActiveBatch], superseded: dict[str, list[str]]) -> None:
        """Rows that a query did not trace to a file can be replaced only together with all files of their batch."""
        for batch in batches:
            if batch.batch_id not in superseded or not batch.manifest["rows_without_file"]["rows_read"]:
                continue
            missing = [
                file["name"]
                for file in batch.manifest["files"]
                if file["sha256"] not in superseded[batch.batch_id] and file["sha256"] not in batch.excluded_file_hashes
            ]
            if missing:
                raise FeedError(
                    self.feed.name,
                    f"the mapping changed, and the earlier query did not select source_file: the rows of "
                    f"{', '.join(missing)} cannot be told from those of files that are landed anew; "
                    "put these files back",
                )
            superseded[batch.batch_id].append("")

    def _batch_id(self, files: list[InboxFile], fingerprint: str) -> str:
        last = max((int(manifest["last_sequence"]) for manifest in read_manifests(self.raw)), default=0)
        self.sequence = last + 1
        digest = hashlib.sha256("\n".join([fingerprint, *(file.sha256 for file in files)]).encode()).hexdigest()
        return f"{self.sequence:06d}-{digest[:12]}"

    def _land(
        self,
        work: Path,
        batch_id: str,
        files: list[InboxFile],
        superseded: dict[str, list[str]],
        batches: list[ActiveBatch],
    ) -> None:
        self.report.batch_id = batch_id
        self.report.files_landed = [file.name for file in files]
        database = work / "work.duckdb"
        connection = open_trusted(database, self.resources)
        try:
            reading = read_files(connection, self.feed.name, self.configuration, files, work)
        finally:
            connection.close()
            # Here too when reading failed: half of a file that is being written is no fault of the file.
            refuse_changed(files)
        self.report.warnings.extend(reading.warnings)
        self._refuse_nothing(reading, batches)
        self._type(database, reading)
        connection = open_trusted(database, self.resources)
        try:
            self._set_apart(connection, reading, batches)
            new = work / "batch"
            refused = work / "quarantine"
            self._write(connection, reading, batch_id, new, refused)
            self._count(connection)
            blocked = " ".join(filter(None, (self._blocked(), self._vanished(connection)))) or None
            manifest = self._manifest(connection, batch_id, files, reading, superseded, blocked)
            if blocked is None:
                self._check_source(reading)
                self._reconcile(connection, new, refused)
        finally:
            connection.close()
        self._commit(batch_id, new, refused, manifest, blocked)

    def _refuse_nothing(self, reading: Reading, batches: list[ActiveBatch]) -> None:
        """Zero rows: a failure for the first landing and for a whole dump; for one delta among others a warning."""
        rows = sum(part.rows for part in reading.parts)
        self.report.rows_in_source = rows
        rejected = reading.rejected
        names = ", ".join(part.name for part in reading.parts[:5])
        if self.configuration.load == "full":
            empty = [part.name for part in reading.parts if not part.rows]
            if empty and not rejected:
                raise FeedError(
                    self.feed.name,
                    f"{', '.join(empty)} holds no row; with load: full that would delete everything; send the export again",
                )
        if rows == 0 and rejected == 0 and not batches:
            raise FeedError(self.feed.name, f"{names}: no row; zero rows in a configured feed is a failure")
        for part in reading.parts:
            if part.rows == 0 and part.header:
                self.report.warnings.append(f"{part.name} has a header and no row")

    def _type(self, database: Path, reading: Reading) -> None:
        """Run the user's mapping, and the casts on top of it, where the user's SQL can reach nothing else."""
        connection = open_locked(database, self.resources)
        try:
            if not reading.columns:
                self._type_nothing(connection)
                return
            mapping = build_mapping(connection, self.feed, self.configuration, reading)
            casting = Casting(
                self.feed,
                self.configuration,
                mapping,
                self.company.time_zone,
                self.company.currency,
                self.company.company.country,
                self.clock,
                self.references,
            )
            try:
                connection.execute(f"create table typed as {typed_select(casting)}")
            except duckdb.Error:
                explained = explain_failure(connection, self.feed, self.configuration)
                if explained is None:
                    raise
                # Without its cause: the message of DuckDB holds the value, and logs print causes.
                raise explained from None
            self.has_lines = mapping.has_lines
            self.is_query = self.configuration.query is not None
        finally:
            connection.close()

    def _type_nothing(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Files without any column: an empty table of the right shape."""
        schema = raw_schema(self.feed)
        columns = {column.name: schema[column.name] for column in self.feed.columns}
        columns |= {name: kind for name, kind in schema.items() if name.endswith("_key") and name not in columns}
        items = ", ".join(f"null::{kind} as {sql.name(name)}" for name, kind in columns.items())
        connection.execute(
            f"create table typed as select null::integer as {HIDDEN_FILE}, null::bigint as {HIDDEN_LINE}, {items}, "
            "null::bigint as __row_hash, 0 as __ambiguous, 0 as __missing, null::varchar[] as __codes, "
            "null::varchar[] as __reasons, null::varchar as __original limit 0"
        )
        self.has_lines = True
        self.is_query = False

    # -- what raw already has -------------------------------------------------------------------------------------

    @property
    def _key_text(self) -> str:
        return f"concat_ws({SEPARATOR}, {', '.join(f'{sql.name(column)}::varchar' for column in self.feed.key)})"

    @property
    def _version(self) -> str:
        updated = ["updated_at"] if self.feed.has_updated_at else []
        columns = [*updated, *self.feed.event_at]
        return f"coalesce({', '.join(columns)}, null)" if self.feed.event_at else "null::timestamp"

    def _set_apart(self, connection: duckdb.DuckDBPyConnection, reading: Reading, batches: list[ActiveBatch]) -> None:
        """Leaves the tables `landed` (typed rows with row hash, sequence, version, is_known) and `tombstones`."""
        connection.execute(
            "create table parts (file_no integer, name varchar, file_hash varchar, source_hash varchar, "
            "ordinal integer, is_complete boolean)"
        )
        ordinals = {name: index for index, name in enumerate(self.report.files_landed)}
        connection.executemany(
            "insert into parts values (?, ?, ?, ?, ?, true)",
            [(part.file_no, part.name, part.file.sha256, part.file.sha256, ordinals[part.file.name]) for part in reading.parts],
        )
        # A row that lost its key may stand for any key: its file cannot say which keys are gone.
        key_missing = " or ".join(f"{sql.name(column)} is null" for column in self.feed.key)
        connection.execute(f"""
            update parts set is_complete = false where ordinal in (
                select ordinal from parts where file_no in (
                    select file_no from rejected_rows union all select {HIDDEN_FILE} from typed where {key_missing}))
        """)
        ordinal = "coalesce(parts.ordinal, 0)" if self.has_states else "0"
        connection.execute(f"""
            create view hashed as
            select typed.*, typed.rowid as __row, {ordinal} as __ordinal, {self._version} as __version
            from typed left join parts on typed.{HIDDEN_FILE} = parts.file_no
        """)
        connection.execute("create table hashes as select __row, __ordinal, __row_hash, __codes is null as __is_good from hashed")
        connection.execute("create table known (__row bigint)")
        connection.execute("""
            insert into known
            select __row from hashes
            join (
                select __ordinal, __row_hash from hashes where __is_good group by all having count(*) > 1
            ) using (__ordinal, __row_hash)
            where __is_good
            qualify row_number() over (partition by __ordinal, __row_hash order by __row) > 1
        """)
        raw = " union all ".join(
            batch.select(f"{self._key_text} as __key, row_hash, sequence, is_tombstone, version_at") for batch in batches
        )
        if self.has_states:
            self._compare_states(connection, raw)
        else:
            self._compare_versions(connection, raw)

    def _compare_versions(self, connection: duckdb.DuckDBPyConnection, raw: str) -> None:
        """Delta with a time: a version of a key that raw has is known, whichever file brought it."""
        self._no_tombstones(connection)
        if not raw:
            return
        # The hash alone would do but for one chance in 10^4 at 10^7 new and 10^8 old rows; the key makes it harmless.
        connection.execute(f"""
            insert into known
            select hashed.__row from hashed
            semi join (select * from ({raw}) where not is_tombstone) as landed
                on landed.row_hash = hashed.__row_hash and landed.__key = {self._key_text}
            where hashed.__codes is null and hashed.__row not in (select __row from known)
        """)

    def _no_tombstones(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("create table tombstones (__key varchar, ordinal integer, version_at timestamp)")
        connection.execute("create table returned (__row bigint, not_before timestamp)")

    def _compare_states(self, connection: duckdb.DuckDBPyConnection, raw: str) -> None:
        """Each file is a state: a row is known if the last state with its key had it, and it did not vanish since."""
        live = (
            f"""
            select __key, row_hash from ({raw})
            qualify sequence = max(sequence) over (partition by __key)
                and not bool_or(is_tombstone) over (partition by __key, sequence)
        """
            if raw
            else "select null::varchar as __key, null::bigint as row_hash limit 0"
        )
        connection.execute(f"""
            create table presence as
            select {self._key_text} as __key, __ordinal as ordinal,
                case when __codes is null then __row_hash end as row_hash, __row
            from hashed where {" and ".join(f"{sql.name(column)} is not null" for column in self.feed.key)}
            union all
            select __key, -1, row_hash, null from ({live})
        """)
        is_full = "true" if self.configuration.load == "full" else "false"
        connection.execute(f"""
            create table turns as
            with keys as (select distinct __key, ordinal from presence),
            neighbours as (
                select __key, ordinal, lag(ordinal) over each_key as before, lead(ordinal) over each_key as after
                from keys window each_key as (partition by __key order by ordinal)
            ),
            complete as (select distinct ordinal from parts where is_complete and {is_full}),
            gone as (
                select states.ordinal,
                    (select min(complete.ordinal) from complete where complete.ordinal > states.ordinal) as gone_at
                from (select distinct ordinal from keys) as states
            )
            select neighbours.*,
                case when gone.gone_at < coalesce(neighbours.after, 2147483647) then gone.gone_at end as gone_at
            from neighbours join gone using (ordinal)
        """)
        connection.execute("""
            insert into known
            select now.__row from presence as now
            join turns as turn on turn.__key = now.__key and turn.ordinal = now.ordinal
            join turns as earlier
                on earlier.__key = now.__key and earlier.ordinal = turn.before and earlier.gone_at is null
            join presence as past
                on past.__key = now.__key and past.ordinal = turn.before and past.row_hash = now.row_hash
            where now.__row is not null and now.__row not in (select __row from known)
            group by now.__row
        """)
        # When a key left, the newest instant of the file that lacks it is what is known of the time.
        connection.execute("""
            create table tombstones as
            select turns.__key, turns.gone_at as ordinal, newest.version_at
            from turns left join (
                select __ordinal as ordinal, max(__version) as version_at from hashed where __codes is null group by 1
            ) as newest on newest.ordinal = turns.gone_at
            where turns.gone_at is not null
        """)
        ghosts = (
            f"""
            select __key, max(version_at) as version_at from ({raw})
            group by __key having bool_or(is_tombstone)
        """
            if raw
            else "select null::varchar as __key, null::timestamp as version_at limit 0"
        )
        connection.execute(f"""
            create table returned as
            select presence.__row, max(left_at.version_at) + interval 1 microsecond as not_before
            from presence
            join (
                select __key, ordinal, version_at from tombstones
                union all select __key, -1, version_at from ({ghosts})
            ) as left_at on left_at.__key = presence.__key and left_at.ordinal <= presence.ordinal
            where presence.__row is not null and left_at.version_at is not null
            group by presence.__row
        """)

    # -- writing --------------------------------------------------------------------------------------------------

    def _write(self, connection: duckdb.DuckDBPyConnection, reading: Reading, batch_id: str, new: Path, refused: Path) -> None:
        new.mkdir()
        refused.mkdir()
        schema = raw_schema(self.feed)
        hashes = dict(hash_items(self.feed, self.configuration.key_space))
        technical = {
            "batch_id": sql.text(batch_id),
            "sequence": f"{self.sequence} + __ordinal",
            "source_file": "parts.name",
            "file_hash": "coalesce(parts.file_hash, '')",
            "source_line": HIDDEN_LINE,
            "row_hash": "__row_hash",
            "version_at": "greatest(__version, returned.not_before)",
            "is_tombstone": "false",
        }
        items = [
            f"({(hashes | technical).get(name, f'hashed.{sql.name(name)}')})::{kind} as {sql.name(name)}"
            for name, kind in schema.items()
        ]
        # Straight from the typed table to Parquet: a table in between cost 16 s at 10 million ticket lines.
        accepted = f"""
            select {", ".join(items)}
            from hashed
            left join parts on parts.file_no = hashed.{HIDDEN_FILE}
            left join returned on returned.__row = hashed.__row
            where __codes is null and hashed.__row not in (select __row from known)
        """
        rows = f"{accepted} {self._tombstone_rows(connection, batch_id, schema)}"
        if self.has_states:
            rows = f"select * from ({rows}) order by sequence, source_file, source_line, {', '.join(self.feed.key)}"
        connection.execute(
            f"copy ({rows}) to {sql.text(new / ROWS)} (format parquet, compression zstd, compression_level 1)",
            {"salt": self.salt} if "$salt" in rows else None,
        )
        self._write_quarantine(connection, reading, batch_id, refused)

    def _tombstone_rows(self, connection: duckdb.DuckDBPyConnection, batch_id: str, schema: Mapping[str, str]) -> str:
        """SQL of a row for each key that vanished: the key, when, and nothing about the person."""
        self.report.tombstones = int(_row(connection, "select count(*) from tombstones")[0])
        if not self.report.tombstones:
            return ""
        values = {
            column: f"split_part(tombstones.__key, {SEPARATOR}, {position})"
            for position, column in enumerate(self.feed.key, start=1)
        }
        values |= {
            "batch_id": sql.text(batch_id),
            "sequence": f"{self.sequence} + tombstones.ordinal",
            "source_file": "state.name",
            "file_hash": "state.file_hash",
            "row_hash": str(TOMBSTONE_HASH),
            "version_at": "tombstones.version_at",
            "is_tombstone": "true",
        }
        items = ", ".join(f"({values.get(name, 'null')})::{kind}" for name, kind in schema.items())
        return f"""
            union all select {items} from tombstones
            join (
                select ordinal, min(name) as name, min(file_hash) as file_hash from parts group by 1
            ) as state using (ordinal)
        """

    def _write_quarantine(self, connection: duckdb.DuckDBPyConnection, reading: Reading, batch_id: str, refused: Path) -> None:
        money = [sql.name(column.name) for column in self.feed.money]
        amounts = "".join(f", typed.{name}" for name in money)
        no_amounts = "".join(f", null::decimal(18,4) as {name}" for name in money)
        original = "typed.__original"
        joined = ""
        if reading.columns and not self.is_query:
            exported = ", ".join(f"{sql.text(column)}: exported.{sql.name(column)}" for column in reading.columns)
            original = f"to_json({{{exported}}})::varchar"
            joined = (
                f"left join source_all as exported on exported.__file_no = typed.{HIDDEN_FILE} "
                f"and exported.source_line = typed.{HIDDEN_LINE}"
            )
        connection.execute(f"""
            create table refused as
            select {sql.text(self.feed.name)} as feed, {sql.text(batch_id)} as batch_id, parts.name as source_file,
                coalesce(parts.file_hash, '') as file_hash, typed.{HIDDEN_LINE} as source_line,
                typed.__codes as reason_codes,
                typed.__reasons as reasons, {original} as original{amounts}
            from typed
            left join parts on parts.file_no = typed.{HIDDEN_FILE}
            {joined}
            where typed.__codes is not null
            union all
            select {sql.text(self.feed.name)}, {sql.text(batch_id)}, parts.name, parts.file_hash, rejected.source_line,
                [rejected.reason], [rejected.reason], rejected.original{no_amounts}
            from rejected_rows as rejected join parts on parts.file_no = rejected.file_no
        """)
        connection.execute(
            f"copy (select * from refused order by source_file, source_line, original) to {sql.text(refused / ROWS)} "
            "(format parquet, compression zstd)"
        )

        # Opened with a spreadsheet: a text that begins like a formula must not become one.
        def harmless(name: str) -> str:
            return f"case when regexp_matches({name}, '^[=+@\\t\\r-]') then chr(39) || {name} else {name} end as {name}"

        connection.execute(f"""
            copy (select {harmless("source_file")}, source_line, file_hash, {harmless("reason")}, {harmless("original")}
                from (select source_file, source_line, file_hash, array_to_string(reasons, '; ') as reason, original
                    from refused order by source_file, source_line, original limit {READABLE_ROWS}))
            to {sql.text(refused / "first_rows.csv")} (header, delimiter ';')
        """)

    # -- counting -------------------------------------------------------------------------------------------------

    def _count(self, connection: duckdb.DuckDBPyConnection) -> None:
        report = self.report
        amounts = "".join(f", coalesce(sum({sql.name(column.name)}), 0)" for column in self.feed.money)
        read = _row(connection, f"select count(*), sum(__ambiguous), sum(__missing){amounts} from typed")
        rejected = _row(connection, "select count(*) from rejected_rows")
        known = _row(connection, f"select count(*){amounts} from typed where rowid in (select __row from known)")
        refused = _row(connection, f"select count(*){amounts} from refused")
        good = "typed where __codes is null and rowid not in (select __row from known)"
        accepted = _row(connection, f"select count(*){amounts} from {good}")
        report.rows_read = int(read[0]) + int(rejected[0])
        report.instants_ambiguous, report.instants_missing = int(read[1] or 0), int(read[2] or 0)
        report.rows_already_known = int(known[0])
        report.rows_quarantined = int(refused[0])
        report.rows_accepted = int(accepted[0])
        for index, column in enumerate(self.feed.money):
            report.money[column.name] = MoneyCounts(
                str(read[3 + index]), str(accepted[1 + index]), str(known[1 + index]), str(refused[1 + index])
            )
        self.absolute = {
            column.name: tuple(
                _row(
                    connection,
                    f"""
                select coalesce((select sum(abs({sql.name(column.name)})) from typed), 0),
                    coalesce((select sum(abs({sql.name(column.name)})) from refused), 0)""",
                )
            )
            for column in self.feed.money
        }
        report.reasons = {
            str(code): int(count)
            for code, count in connection.execute(
                "select unnest(reason_codes) as code, count(*) from refused group by 1 order by 2 desc, 1"
            ).fetchall()
        }

    def _blocked(self) -> str | None:
        """The message that stops the run, when more was refused than the configuration allows."""
        limit, report = self.configuration.maximum_quarantine_share, self.report
        if not report.rows_quarantined:
            return None
        share = report.rows_quarantined / report.rows_read
        found = [f"{share:.2%} of the rows ({report.rows_quarantined} of {report.rows_read})"] if share > limit else []
        for name, money in self.absolute.items():
            if money[0] > 0 and money[1] / money[0] > Decimal(str(limit)):
                found.append(f"{money[1] / money[0]:.2%} of {name}")
        if not found:
            return None
        reasons = "; ".join(f"{count} x {code}" for code, count in list(report.reasons.items())[:5])
        return (
            f"{' and '.join(found)} refused, more than feeds.{self.feed.name}.maximum_quarantine_share ({limit:.2%}); "
            f"reasons: {reasons}. Nothing was landed. The rows are in {{path}}: correct the export or the mapping, or "
            "raise the share; the next run tries the files again"
        )

    def _vanished(self, connection: duckdb.DuckDBPyConnection) -> str | None:
        """The message that stops the run, when a whole dump lacks so many keys that it was probably cut short."""
        if not self.report.tombstones:
            return None
        # Keys that were there before a state: those that came, less those that went.
        states = connection.execute("""
            with changes as (
                select ordinal, 1 as came, 0 as went from (
                    select ordinal, before, lag(gone_at) over (partition by __key order by ordinal) as was_gone_at from turns
                )
                where before is null or was_gone_at is not null
                union all select ordinal, 0, 1 from tombstones
            ),
            states as (select ordinal, sum(came) as came, sum(went) as went from changes group by 1)
            select ordinal, went, sum(came - went) over (order by ordinal) - came + went as there from states
            order by ordinal
        """).fetchall()
        limit, key = self.configuration.maximum_vanished_share, f"feeds.{self.feed.name}.maximum_vanished_share"
        found = []
        for ordinal, went, there in states:
            share = went / there if there else 0
            if there < FEWEST_KEYS_FOR_A_SHARE or share <= VANISHED_WORTH_A_WARNING:
                continue
            said = f"{self.report.files_landed[ordinal]} lacks {went} of the {there} keys of the state before it ({share:.2%})"
            if share > limit:
                found.append(said)
            else:
                self.report.warnings.append(f"{said}: they count as deleted; was the dump cut short?")
        if not found:
            return None
        return (
            f"{'; '.join(found)}: more than {key} ({limit:.2%}). With load: full these keys would be deleted, and nothing was "
            "landed. If the dump was cut short, put the whole one in its place; if the file holds changes only, say load: "
            f"delta; if the keys are truly gone, set {key} to 1, land, and take it out again"
        )

    def _manifest(
        self,
        connection: duckdb.DuckDBPyConnection,
        batch_id: str,
        files: list[InboxFile],
        reading: Reading,
        superseded: dict[str, list[str]],
        blocked: str | None,
    ) -> dict[str, Any]:
        # By place in the landing, not by content: of states the same content may come twice. -1: no file is known.
        counts: dict[int, dict[str, int]] = {}
        queries = {
            "rows_read": f"""
                select coalesce(ordinal, -1), count(*) from (
                    select {HIDDEN_FILE} as file_no from typed union all select file_no from rejected_rows)
                left join parts using (file_no) group by 1""",
            "rows_accepted": f"""
                select coalesce(ordinal, -1), count(*)
                from typed left join parts on typed.{HIDDEN_FILE} = parts.file_no
                where __codes is null and typed.rowid not in (select __row from known) group by 1""",
            "rows_already_known": f"""
                select coalesce(ordinal, -1), count(*)
                from typed left join parts on typed.{HIDDEN_FILE} = parts.file_no
                where typed.rowid in (select __row from known) group by 1""",
            "rows_quarantined": f"""
                select coalesce(ordinal, -1), count(*) from (
                    select {HIDDEN_FILE} as file_no from typed where __codes is not null
                    union all select file_no from rejected_rows)
                left join parts using (file_no) group by 1""",
            "tombstones": "select ordinal, count(*) from tombstones group by 1",
        }
        for name, query in queries.items():
            for ordinal, count in connection.execute(query).fetchall():
                counts.setdefault(int(ordinal), dict.fromkeys(queries, 0))[name] = int(count)
        nothing = dict.fromkeys(queries, 0)
        return {
            "feed": self.feed.name,
            "batch_id": batch_id,
            "status": "landed" if blocked is None else "blocked",
            "sequence": self.sequence,
            "last_sequence": self.sequence + (max(len(files) - 1, 0) if self.has_states else 0),
            "fingerprint": self.fingerprint,
            "salt_fingerprint": salt_fingerprint(self.salt),
            "files": [
                {"name": file.name, "sha256": file.sha256, "size_bytes": file.size} | counts.get(index, nothing)
                for index, file in enumerate(files)
            ],
            "rows_without_file": counts.get(-1, nothing),
            "superseded": {batch: sorted(hashes) for batch, hashes in sorted(superseded.items())},
            "report": self.report.to_dict(),
        }

    def _check_source(self, reading: Reading) -> None:
        """Every record of the files must have come through the mapping; only a query may filter, and says so itself."""
        expected = self.report.rows_in_source + reading.rejected
        if not self.is_query and self.report.rows_read != expected:
            raise ReconciliationError(
                self.feed.name,
                f"the files hold {expected} records, but {self.report.rows_read} came through the mapping; nothing was landed",
            )

    def _reconcile(self, connection: duckdb.DuckDBPyConnection, new: Path, refused: Path) -> None:
        """Count what lies on disk: read = accepted + already known + quarantined + erased, in rows and in money."""
        amounts = "".join(f", coalesce(sum({sql.name(column.name)}), 0)" for column in self.feed.money)
        accepted = _row(connection, f"select count(*){amounts} from read_parquet({sql.text(new / ROWS)}) where not is_tombstone")
        quarantined = _row(connection, f"select count(*){amounts} from read_parquet({sql.text(refused / ROWS)})")
        report = self.report
        if int(accepted[0]) != report.rows_accepted or int(quarantined[0]) != report.rows_quarantined:
            raise ReconciliationError(
                self.feed.name,
                f"written are {accepted[0]} accepted and {quarantined[0]} quarantined rows, expected "
                f"{report.rows_accepted} and {report.rows_quarantined}; nothing was landed",
            )
        rows = int(accepted[0]) + report.rows_already_known + int(quarantined[0]) + report.rows_erased
        if rows != report.rows_read:
            raise ReconciliationError(
                self.feed.name,
                f"rows do not add up: read {report.rows_read}, but accepted {accepted[0]} + already known "
                f"{report.rows_already_known} + quarantined {quarantined[0]} + erased {report.rows_erased}; "
                "nothing was landed",
            )
        for index, column in enumerate(self.feed.money, start=1):
            money = report.money[column.name]
            total = Decimal(accepted[index]) + Decimal(money.already_known) + Decimal(quarantined[index]) + Decimal(money.erased)
            if total != Decimal(money.read):
                raise ReconciliationError(
                    self.feed.name,
                    f"{column.name} does not add up: read {money.read}, but accepted {accepted[index]} + already "
                    f"known {money.already_known} + quarantined {quarantined[index]} + erased {money.erased}; "
                    "nothing was landed",
                )

    # -- putting in place -----------------------------------------------------------------------------------------

    def _commit(self, batch_id: str, new: Path, refused: Path, manifest: dict[str, Any], blocked: str | None) -> None:
        """Quarantine first, raw last: the rename of raw is the moment at which the landing has happened."""
        self.quarantine.mkdir(parents=True, exist_ok=True)
        for path in self.quarantine.glob("*-blocked"):
            shutil.rmtree(path)
        target = self.quarantine / (batch_id if blocked is None else f"{batch_id}-blocked")
        self.report.quarantine_path = target.relative_to(self.home).as_posix()
        self.report.status = str(manifest["status"])
        manifest["report"] = self.report.to_dict()
        if blocked is not None:
            manifest["batch_id"] = target.name
        _write_json(refused / MANIFEST, manifest)
        _put_in_place(refused, target)
        if blocked is not None:
            raise FeedBlocked(self.feed.name, blocked.replace("{path}", self.report.quarantine_path), self.report)
        _write_json(new / MANIFEST, manifest)
        _put_in_place(new, self.raw / batch_id)


def _without(batches: Sequence[ActiveBatch], superseded: Mapping[str, list[str]]) -> list[ActiveBatch]:
    """The batches as they will count once this landing has replaced the rows of its files."""
    remaining = []
    for batch in batches:
        excluded = {*batch.excluded_file_hashes, *superseded.get(batch.batch_id, [])}
        if not {str(file["sha256"]) for file in batch.manifest["files"]} <= excluded:
            remaining.append(ActiveBatch(batch.path, tuple(sorted(excluded)), batch.manifest))
    return remaining


def _row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    found = connection.execute(query).fetchone()
    if found is None:
        raise ReconciliationError("landing", "a count returned no row")
    return found


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n", encoding="utf-8")


def _put_in_place(folder: Path, target: Path) -> None:
    """Flush everything to disk, then rename: whoever looks sees all of it or nothing."""
    for path in (*sorted(folder.iterdir()), folder):
        _sync(path)
    os.replace(folder, target)
    _sync(target.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


__all__ = ["LandingReport", "Part", "Resources", "active_batches", "land_feed", "mapping_fingerprint", "preflight"]
