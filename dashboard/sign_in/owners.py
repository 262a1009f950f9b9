"""Whose key may run this node: those in the settings, and the first one claimed in the pages."""

from collections.abc import Callable

import aiosqlite

from dashboard.sign_in.store import one_row


class Owners:
    """The operators' keys. Asked at every request, so a key that is removed loses at once."""

    def __init__(
        self,
        store: aiosqlite.Connection,
        configured: tuple[str, ...],
        now_s: Callable[[], float],
    ) -> None:
        self._store = store
        self.configured = frozenset(configured)
        self._now_s = now_s

    async def includes(self, public_key: str) -> bool:
        """Whether this key may run the node."""
        return public_key in self.configured or public_key in await self.claimed()

    async def claimed(self) -> tuple[str, ...]:
        """The keys that were claimed in the pages."""
        cursor = await self._store.execute("SELECT public_key FROM owners ORDER BY claimed_at")
        return tuple(row[0] for row in await cursor.fetchall())

    async def has_none(self) -> bool:
        """Whether nobody's key runs this node yet."""
        return not self.configured and not await self.claimed()

    async def claim(self, public_key: str) -> bool:
        """Make this key the first owner; False when there is one already."""
        if self.configured:
            return False
        row = await one_row(
            self._store,
            "INSERT INTO owners (public_key, claimed_at)"
            " SELECT ?, ? WHERE NOT EXISTS (SELECT 1 FROM owners) RETURNING public_key",
            (public_key, self._now_s()),
        )
        return row is not None

    async def release(self, public_key: str) -> None:
        """Take a claim back; taking it back twice is fine."""
        await self._store.execute("DELETE FROM owners WHERE public_key = ?", (public_key,))
