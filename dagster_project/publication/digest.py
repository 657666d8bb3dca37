"""Digest of a table: two publications say the same when the digests of all tables (but `publication`) are equal."""

from __future__ import annotations

import duckdb


def quoted(identifier: str) -> str:
    """An SQL identifier in double quotes."""
    return '"' + identifier.replace('"', '""') + '"'


def table_digest(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """Sha256 over the sorted rows of `table` (a qualified, already quoted name), as hexadecimal text.

    Each row is hashed; the row hashes are sorted within 4,096 buckets of their first three digits, each bucket is
    hashed and the bucket hashes again, so that memory is bounded by a bucket and the order of rows does not matter.
    Column names and types are part of the digest.
    """
    columns = connection.execute(f"describe {table}").fetchall()
    schema = ",".join(f"{name}:{kind}" for name, kind, *_ in columns)
    names = ", ".join(quoted(name) for name, *_ in columns)
    row = connection.execute(
        f"""
        with hashed as (select md5(struct_pack({", ".join(f"{quoted(n)} := {quoted(n)}" for n, *_ in columns)})::varchar) as h
                        from (select {names} from {table})),
        buckets as (select left(h, 3) as bucket, sha256(string_agg(h, '' order by h)) as digest from hashed group by 1)
        select sha256(? || coalesce(string_agg(digest, '' order by bucket), '')) from buckets
        """,
        [schema],
    ).fetchone()
    assert row is not None
    return str(row[0])
