"""Copies of a node's database: made while it runs, and looked at later without changing them."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.metadata.migrate import newer_migrations
from appliance.metadata.sqlite import BUSY_TIMEOUT_MS, DatabaseUnusableError, SqliteTx
from appliance.metadata.store import Tx

PAGE = 1000


@dataclass(frozen=True, slots=True)
class Counts:
    """What a database holds; `blobs` are those of live and of retired files."""

    users: int
    entries: int
    blobs: int
    events: int


@dataclass(frozen=True, slots=True)
class KeptBlob:
    """Bytes that a row points at; those of a file that was deleted are not live."""

    id: str
    size: int
    content_hash: bytes
    is_live: bool


def copy_database(source: Path, target: Path) -> None:
    """Copy a database that may be in use, as it was at one moment; raises DatabaseUnusableError.

    Page by page and not by VACUUM: pages that stayed the same are the same bytes in the next copy,
    so that a backup stores them once. The copy is one file, without a write-ahead log.
    """
    if not source.is_file():
        raise DatabaseUnusableError(f"{source}: there is no such database")
    try:
        with (
            closing(sqlite3.connect(source, isolation_level=None)) as reading,
            closing(sqlite3.connect(target, isolation_level=None)) as writing,
        ):
            target.chmod(0o600)
            reading.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
            reading.execute("PRAGMA query_only = ON")
            # In one step: a copy in several starts again whenever somebody writes in between.
            reading.backup(writing, pages=-1)
            writing.execute("PRAGMA journal_mode = DELETE")
        _flush(target)
    except (sqlite3.Error, OSError) as error:
        raise DatabaseUnusableError(f"{source}: cannot be copied to {target}: {error}") from error


@contextmanager
def opened_copy(path: Path) -> Iterator[Tx]:
    """Look into a copy that nobody else has open; raises DatabaseUnusableError."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as opened:
            yield SqliteTx(opened)
    except (sqlite3.Error, ValueError) as error:
        raise DatabaseUnusableError(f"{path}: {error}") from error


def integrity(tx: Tx) -> str:
    """`ok`, or the first thing that is wrong with the pages, the indexes or the references."""
    found = tx.one("PRAGMA integrity_check(1)")
    if found is None or found[0] != "ok":
        return str(found[0]) if found else "nothing can be read"
    dangling = tx.one("PRAGMA foreign_key_check")
    return "ok" if dangling is None else f"a row of {dangling[0]} refers to none of {dangling[2]}"


def newer_than_this(tx: Tx) -> list[str]:
    """Names of the changes that only newer versions of this program know."""
    return newer_migrations(row[0] for row in tx.all("SELECT name FROM migrations"))


def counts(tx: Tx) -> Counts:
    """How much there is."""
    row = tx.one(
        "SELECT (SELECT COUNT(*) FROM users WHERE deleted_us IS NULL),"
        " (SELECT COUNT(*) FROM entries),"
        " (SELECT COUNT(*) FROM entries) + (SELECT COUNT(*) FROM retired_blobs),"
        " (SELECT COUNT(*) FROM events)"
    )
    return Counts(*row) if row else Counts(0, 0, 0, 0)


def kept_blobs(tx: Tx) -> Iterator[KeptBlob]:
    """Every blob that a row points at, in the order of their ids."""
    after = ""
    while rows := tx.all(
        "SELECT blob_id, content_length, content_hash, 1 FROM entries WHERE blob_id > ?1"
        " UNION ALL SELECT blob_id, content_length, content_hash, 0 FROM retired_blobs"
        " WHERE blob_id > ?1 ORDER BY blob_id LIMIT ?2",
        after,
        PAGE,
    ):
        yield from (KeptBlob(row[0], row[1], row[2], bool(row[3])) for row in rows)
        after = rows[-1][0]


def _flush(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
