"""Who is signed in to this dashboard: single-use links and server-side sessions, in SQLite.

Secrets are 32 random bytes; the file holds only their SHA-256, so a copy of it signs nobody in.
Every statement is atomic by itself and the connection commits each one at once.
"""

import hashlib
import os
import secrets
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import aiosqlite

from dashboard import clock

IDLE_S = 30 * 60
ABSOLUTE_S = 12 * 3600
# Writing every request's time would cost a disk write a page; a minute is exact enough.
_TOUCH_S = 60
_MAX_AGENT = 200

_SCHEMA = """
CREATE TABLE IF NOT EXISTS login_links (
    token_hash BLOB PRIMARY KEY,
    expires_at REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sign_ins (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    secret_hash BLOB NOT NULL UNIQUE,
    created_at REAL NOT NULL,
    last_seen_at REAL NOT NULL,
    agent TEXT NOT NULL
);
"""


class StoreUnusableError(Exception):
    """The store of sign-ins cannot be opened: damaged, or not ours to write."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """One browser that is signed in. Times are seconds since 1970."""

    id: int
    created_at: float
    last_seen_at: float
    agent: str

    @property
    def ends_at(self) -> float:
        """When it ends if the browser stays quiet from now on."""
        return min(self.last_seen_at + IDLE_S, self.created_at + ABSOLUTE_S)


class SignIns:
    """The store of one running dashboard."""

    def __init__(self, store: aiosqlite.Connection, now_s: Callable[[], float]) -> None:
        self._store = store
        self._now_s = now_s

    @classmethod
    async def open(cls, store_path: Path, now_s: Callable[[], float] = clock.now_s) -> "SignIns":
        """Open or create the store. Raises `StoreUnusableError`."""
        return cls(await _connect(store_path), now_s)

    async def close(self) -> None:
        """Close the store."""
        await self._store.close()

    async def link_is_open(self, token: str) -> bool:
        """Whether a link would still sign someone in. Looking does not use it up."""
        row = await self._one(
            "SELECT 1 FROM login_links WHERE token_hash = ? AND expires_at > ?",
            (_hash(token), self._now_s()),
        )
        return row is not None

    async def consume(self, token: str, agent: str) -> str | None:
        """Trade a link for a session secret. One caller gets it, however many try at once."""
        now_s = self._now_s()
        row = await self._one(
            "DELETE FROM login_links WHERE token_hash = ? RETURNING expires_at", (_hash(token),)
        )
        if row is None or row[0] <= now_s:
            return None
        await self._forget_ended(now_s)
        secret = secrets.token_urlsafe(32)
        await self._store.execute(
            "INSERT INTO sign_ins (secret_hash, created_at, last_seen_at, agent)"
            " VALUES (?, ?, ?, ?)",
            (_hash(secret), now_s, now_s, agent[:_MAX_AGENT]),
        )
        return secret

    async def find(self, secret: str) -> SignIn | None:
        """The live sign-in a cookie stands for, marked as seen; None if unknown or ended."""
        now_s = self._now_s()
        row = await self._one(
            "SELECT id, created_at, last_seen_at, agent FROM sign_ins WHERE secret_hash = ?",
            (_hash(secret),),
        )
        if row is None:
            return None
        sign_in = SignIn(*row)
        if sign_in.ends_at <= now_s:
            await self.revoke(sign_in.id)
            return None
        if now_s - sign_in.last_seen_at >= _TOUCH_S:
            await self._store.execute(
                "UPDATE sign_ins SET last_seen_at = ? WHERE id = ?", (now_s, sign_in.id)
            )
        return sign_in

    async def all(self) -> tuple[SignIn, ...]:
        """Every live sign-in, newest first."""
        await self._forget_ended(self._now_s())
        cursor = await self._store.execute(
            "SELECT id, created_at, last_seen_at, agent FROM sign_ins ORDER BY id DESC"
        )
        return tuple(SignIn(*row) for row in await cursor.fetchall())

    async def revoke(self, sign_in_id: int) -> None:
        """End one sign-in; ending it twice is fine."""
        await self._store.execute("DELETE FROM sign_ins WHERE id = ?", (sign_in_id,))

    async def _one(self, statement: str, values: tuple[object, ...]) -> sqlite3.Row | None:
        cursor = await self._store.execute(statement, values)
        rows = list(await cursor.fetchall())  # an unread RETURNING leaves the statement open
        return rows[0] if rows else None

    async def _forget_ended(self, now_s: float) -> None:
        await self._store.execute(
            "DELETE FROM sign_ins WHERE last_seen_at <= ? OR created_at <= ?",
            (now_s - IDLE_S, now_s - ABSOLUTE_S),
        )
        await self._store.execute("DELETE FROM login_links WHERE expires_at <= ?", (now_s,))


async def create_login_link(
    store_path: Path,
    origin: str,
    *,
    lifetime_s: int = 900,
    now_s: Callable[[], float] = clock.now_s,
) -> str:
    """Make a single-use sign-in link, from this process or another while the dashboard runs."""
    token = secrets.token_urlsafe(32)
    store = await _connect(store_path)
    try:
        await store.execute(
            "INSERT INTO login_links (token_hash, expires_at) VALUES (?, ?)",
            (_hash(token), now_s() + lifetime_s),
        )
    finally:
        await store.close()
    return f"{origin.rstrip('/')}/login/{token}"


async def _connect(store_path: Path) -> aiosqlite.Connection:
    try:
        return await _opened(store_path)
    except (sqlite3.Error, OSError) as error:
        raise StoreUnusableError(f"{store_path}: {error}") from error


async def _opened(store_path: Path) -> aiosqlite.Connection:
    # SQLite would create the file with the umask's mode, and its journals copy the file's mode.
    # Only a new file may be opened here: closing one drops this process's locks on that file.
    with suppress(FileExistsError):
        os.close(os.open(store_path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    store = await aiosqlite.connect(store_path, isolation_level=None, timeout=5)
    try:
        await store.execute("PRAGMA journal_mode = WAL")
        await store.executescript(_SCHEMA)
    except BaseException:
        await store.close()  # its thread would keep the process alive
        raise
    return store


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
