"""What only the pages need to know of the node: its name, and whether setting up is over."""

import aiosqlite

from dashboard.sign_in.store import one_row

_NAME, _SETUP_OVER = "name", "setup-over"


class NodeFacts:
    """A few words in the file of the sign-ins."""

    def __init__(self, store: aiosqlite.Connection) -> None:
        self._store = store

    async def name(self) -> str | None:
        """What its people call this node."""
        return await self._find(_NAME)

    async def give_name(self, name: str) -> None:
        """Call it something else; an empty text takes the name away."""
        await self._keep(_NAME, name)

    async def is_set_up(self) -> bool:
        """Whether somebody said that the steps of the first run need not be shown any more."""
        return await self._find(_SETUP_OVER) is not None

    async def end_setup(self) -> None:
        """Show the steps no more."""
        await self._keep(_SETUP_OVER, "yes")

    async def _find(self, fact: str) -> str | None:
        row = await one_row(self._store, "SELECT value FROM node_facts WHERE fact = ?", (fact,))
        return None if row is None or not row[0] else str(row[0])

    async def _keep(self, fact: str, value: str) -> None:
        await self._store.execute(
            "INSERT INTO node_facts (fact, value) VALUES (?, ?)"
            " ON CONFLICT (fact) DO UPDATE SET value = excluded.value",
            (fact, value),
        )
