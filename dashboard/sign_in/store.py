"""The SQLite file of this dashboard: who is signed in, who owns the node, whose data is connected.

Every statement is atomic by itself and the connection commits each one at once.
"""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import aiosqlite

# Applied in order; the number of those that were is the file's `user_version`. A file from before
# versions were counted has the first one's tables already.
_MIGRATIONS = (
    (
        """CREATE TABLE IF NOT EXISTS login_links (
            token_hash BLOB PRIMARY KEY,
            expires_at REAL NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE IF NOT EXISTS sign_ins (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            secret_hash BLOB NOT NULL UNIQUE,
            created_at REAL NOT NULL,
            last_seen_at REAL NOT NULL,
            agent TEXT NOT NULL
        )""",
    ),
    (
        "ALTER TABLE sign_ins ADD COLUMN public_key TEXT",
        "ALTER TABLE sign_ins ADD COLUMN method TEXT NOT NULL DEFAULT 'link'",
        "ALTER TABLE sign_ins ADD COLUMN step_up_at REAL NOT NULL DEFAULT 0",
        """CREATE TABLE owners (
            public_key TEXT PRIMARY KEY,
            claimed_at REAL NOT NULL
        ) WITHOUT ROWID""",
        """CREATE TABLE connections (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            sign_in_id INTEGER NOT NULL,
            public_key TEXT NOT NULL,
            secret TEXT NOT NULL,
            capabilities TEXT NOT NULL,
            connected_at REAL NOT NULL
        )""",
    ),
    (
        """CREATE TABLE node_facts (
            fact TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) WITHOUT ROWID""",
    ),
)


class StoreUnusableError(Exception):
    """The store of sign-ins cannot be opened: damaged, newer than we are, or not ours to write."""


async def open_store(store_path: Path) -> aiosqlite.Connection:
    """Open or create the file and bring it up to date. Raises `StoreUnusableError`."""
    try:
        return await _opened(store_path)
    except (sqlite3.Error, OSError) as error:
        raise StoreUnusableError(f"{store_path}: {error}") from error


async def one_row(
    store: aiosqlite.Connection, statement: str, values: Sequence[object]
) -> sqlite3.Row | None:
    """Run a statement to its end and return its first row."""
    cursor = await store.execute(statement, values)
    rows = list(await cursor.fetchall())
    return rows[0] if rows else None


async def _opened(store_path: Path) -> aiosqlite.Connection:
    # SQLite would create the file with the umask's mode, and its journals copy the file's mode.
    # Only a new file may be opened here: closing one drops this process's locks on that file.
    with suppress(FileExistsError):
        os.close(os.open(store_path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    store = await aiosqlite.connect(store_path, isolation_level=None, timeout=5)
    try:
        await store.execute("PRAGMA journal_mode = WAL")
        await _migrate(store)
    except BaseException:
        await store.close()  # its thread would keep the process alive
        raise
    return store


async def _migrate(store: aiosqlite.Connection) -> None:
    if await _version(store) == len(_MIGRATIONS):
        return
    # The command line may open the file at the same moment: one of the two does the work.
    await store.execute("BEGIN IMMEDIATE")
    try:
        for migration in _MIGRATIONS[await _version(store) :]:
            for statement in migration:
                await store.execute(statement)
        await store.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
        await store.execute("COMMIT")
    except BaseException:
        await store.execute("ROLLBACK")
        raise


async def _version(store: aiosqlite.Connection) -> int:
    row = await one_row(store, "PRAGMA user_version", ())
    version = int(row[0]) if row is not None else 0
    if version > len(_MIGRATIONS):
        raise sqlite3.DatabaseError("it was written by a newer version of this program")
    return version
