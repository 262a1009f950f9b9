"""Who is signed in to this dashboard: single-use links and server-side sessions.

Secrets are 32 random bytes; the file holds only their SHA-256, so a copy of it signs nobody in.
"""

import hashlib
import secrets
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import aiosqlite

from dashboard import clock
from dashboard.sign_in.store import one_row, open_store

IDLE_S = 30 * 60
ABSOLUTE_S = 12 * 3600
# A dangerous act needs a scan or a link not older than this.
STEP_UP_S = 5 * 60
# Writing every request's time would cost a disk write a page; a minute is exact enough.
_TOUCH_S = 60
_MAX_AGENT = 200

Method = Literal["link", "scan"]


@dataclass(frozen=True, slots=True)
class SignIn:
    """One browser that is signed in. Times are seconds since 1970.

    `public_key` is who it is, if they ever scanned; `step_up_at` is when they last proved it.
    """

    id: int
    created_at: float
    last_seen_at: float
    agent: str
    public_key: str | None
    method: Method
    step_up_at: float

    @property
    def ends_at(self) -> float:
        """When it ends if the browser stays quiet from now on."""
        return min(self.last_seen_at + IDLE_S, self.created_at + ABSOLUTE_S)

    def is_fresh(self, now_s: float) -> bool:
        """Whether a dangerous act needs no further proof."""
        return 0 <= now_s - self.step_up_at < STEP_UP_S


class SignIns:
    """The sign-ins of one running dashboard."""

    def __init__(self, store: aiosqlite.Connection, now_s: Callable[[], float]) -> None:
        self.store = store
        self._now_s = now_s

    @classmethod
    async def open(cls, store_path: Path, now_s: Callable[[], float] = clock.now_s) -> "SignIns":
        """Open or create the store. Raises `StoreUnusableError`."""
        return cls(await open_store(store_path), now_s)

    async def close(self) -> None:
        """Close the store."""
        await self.store.close()

    async def link_is_open(self, token: str) -> bool:
        """Whether a link would still sign someone in. Looking does not use it up."""
        row = await self._one(
            "SELECT 1 FROM login_links WHERE token_hash = ? AND expires_at > ?",
            (_hash(token), self._now_s()),
        )
        return row is not None

    async def use_link(self, token: str) -> bool:
        """Use a link up. One caller succeeds, however many try at once."""
        row = await self._one(
            "DELETE FROM login_links WHERE token_hash = ? RETURNING expires_at", (_hash(token),)
        )
        return row is not None and row[0] > self._now_s()

    async def consume(self, token: str, agent: str) -> str | None:
        """Trade a link for a session secret; None when the link is worthless."""
        return await self.create(agent, "link") if await self.use_link(token) else None

    async def create(self, agent: str, method: Method, public_key: str | None = None) -> str:
        """A new sign-in, which counts as fresh proof; returns its secret."""
        now_s = self._now_s()
        await self.forget_ended()
        secret = secrets.token_urlsafe(32)
        await self.store.execute(
            "INSERT INTO sign_ins"
            " (secret_hash, created_at, last_seen_at, agent, public_key, method, step_up_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (_hash(secret), now_s, now_s, agent[:_MAX_AGENT], public_key, method, now_s),
        )
        return secret

    async def find(self, secret: str) -> SignIn | None:
        """The live sign-in a cookie stands for, marked as seen; None if unknown or ended."""
        now_s = self._now_s()
        row = await self._one(
            "SELECT id, created_at, last_seen_at, agent, public_key, method, step_up_at"
            " FROM sign_ins WHERE secret_hash = ?",
            (_hash(secret),),
        )
        if row is None:
            return None
        sign_in = SignIn(*row)
        if sign_in.ends_at <= now_s:
            await self.revoke(sign_in.id)
            return None
        if now_s - sign_in.last_seen_at >= _TOUCH_S:
            await self.store.execute(
                "UPDATE sign_ins SET last_seen_at = ? WHERE id = ?", (now_s, sign_in.id)
            )
        return sign_in

    async def prove(self, sign_in_id: int, public_key: str | None = None) -> str | None:
        """Note a fresh proof, and the key that it was made with if the sign-in has none yet.

        Returns the new secret, because rights grew; None when the sign-in has ended meanwhile.
        """
        secret = secrets.token_urlsafe(32)
        row = await self._one(
            "UPDATE sign_ins SET secret_hash = ?, step_up_at = ?,"
            " public_key = COALESCE(public_key, ?) WHERE id = ? RETURNING id",
            (_hash(secret), self._now_s(), public_key, sign_in_id),
        )
        return secret if row is not None else None

    async def all(self) -> tuple[SignIn, ...]:
        """Every live sign-in, newest first."""
        await self.forget_ended()
        cursor = await self.store.execute(
            "SELECT id, created_at, last_seen_at, agent, public_key, method, step_up_at"
            " FROM sign_ins ORDER BY id DESC"
        )
        return tuple(SignIn(*row) for row in await cursor.fetchall())

    async def revoke(self, sign_in_id: int) -> None:
        """End one sign-in; ending it twice is fine."""
        await self.store.execute("DELETE FROM sign_ins WHERE id = ?", (sign_in_id,))

    async def forget_ended(self) -> None:
        """Delete what has ended by itself."""
        now_s = self._now_s()
        await self.store.execute(
            "DELETE FROM sign_ins WHERE last_seen_at <= ? OR created_at <= ?",
            (now_s - IDLE_S, now_s - ABSOLUTE_S),
        )
        await self.store.execute("DELETE FROM login_links WHERE expires_at <= ?", (now_s,))

    async def _one(self, statement: str, values: tuple[object, ...]) -> sqlite3.Row | None:
        return await one_row(self.store, statement, values)


async def create_login_link(
    store_path: Path,
    origin: str,
    *,
    lifetime_s: int = 900,
    now_s: Callable[[], float] = clock.now_s,
) -> str:
    """Make a single-use sign-in link, from this process or another while the dashboard runs."""
    token = secrets.token_urlsafe(32)
    store = await open_store(store_path)
    try:
        await store.execute(
            "INSERT INTO login_links (token_hash, expires_at) VALUES (?, ?)",
            (_hash(token), now_s() + lifetime_s),
        )
    finally:
        await store.close()
    return f"{origin.rstrip('/')}/login/{token}"


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
