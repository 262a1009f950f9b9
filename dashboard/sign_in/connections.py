"""Sessions at the client API that people lent to their sign-in, to look after their own data.

The secret is needed in clear to be of use; the file is its owner's alone (0600). A row outlives its
sign-in until the session was ended at the client API, too.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

import aiosqlite

from dashboard.sign_in.store import one_row


@dataclass(frozen=True, slots=True, repr=False)
class Connection:
    """One session at the client API; its `repr` leaves the secret out, as logs must."""

    id: int
    sign_in_id: int
    public_key: str
    secret: str
    capabilities: str
    connected_at: float

    @property
    def may_write(self) -> bool:
        """Whether it changes files, or only reads."""
        return any("w" in entry.rpartition(":")[2] for entry in self.capabilities.split(","))

    @property
    def is_root(self) -> bool:
        """Whether it may list and end what other apps were allowed."""
        return "/:rw" in self.capabilities.split(",")


class Connections:
    """At most one for each sign-in."""

    def __init__(self, store: aiosqlite.Connection, now_s: Callable[[], float]) -> None:
        self._store = store
        self._now_s = now_s

    async def find(self, sign_in_id: int) -> Connection | None:
        """The newest connection of a sign-in."""
        row = await one_row(
            self._store,
            "SELECT id, sign_in_id, public_key, secret, capabilities, connected_at"
            " FROM connections WHERE sign_in_id = ? ORDER BY id DESC LIMIT 1",
            (sign_in_id,),
        )
        return _connection(row) if row is not None else None

    async def add(self, sign_in_id: int, public_key: str, secret: str, capabilities: str) -> None:
        """Keep a session; an earlier one of the same sign-in is left over then."""
        await self._store.execute(
            "INSERT INTO connections"
            " (sign_in_id, public_key, secret, capabilities, connected_at) VALUES (?, ?, ?, ?, ?)",
            (sign_in_id, public_key, secret, capabilities, self._now_s()),
        )

    async def left_over(self) -> tuple[Connection, ...]:
        """Those whose sign-in has ended, or has a newer one: to be ended and forgotten."""
        cursor = await self._store.execute(
            "SELECT id, sign_in_id, public_key, secret, capabilities, connected_at"
            " FROM connections AS mine WHERE NOT EXISTS"
            " (SELECT 1 FROM sign_ins WHERE sign_ins.id = mine.sign_in_id)"
            " OR EXISTS (SELECT 1 FROM connections AS newer"
            " WHERE newer.sign_in_id = mine.sign_in_id AND newer.id > mine.id)"
        )
        return tuple(_connection(row) for row in await cursor.fetchall())

    async def forget(self, connection_id: int) -> None:
        """Delete what was ended."""
        await self._store.execute("DELETE FROM connections WHERE id = ?", (connection_id,))


def _connection(row: sqlite3.Row) -> Connection:
    return Connection(*row)
