"""Tells whoever acts on a credential that it has just been ended.

A credential is named by its kind and row id: `session:7`, `grant:3`.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Revocations:
    """Who waits for the end of which credential; for the event loop's own thread."""

    def __init__(self) -> None:
        self._watchers: dict[str, set[asyncio.Future[None]]] = {}

    def announce(self, credential: str) -> None:
        """Resolve every watch of this credential; called after the end was committed."""
        for watcher in self._watchers.pop(credential, ()):
            if not watcher.done():
                watcher.set_result(None)

    @contextmanager
    def watch(self, credential: str) -> Iterator[asyncio.Future[None]]:
        """A future that is done when the credential was ended.

        Whether it had ended before the watch began is for the caller to look up afterwards.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._watchers.setdefault(credential, set()).add(future)
        try:
            yield future
        finally:
            watchers = self._watchers.get(credential)
            if watchers is not None:
                watchers.discard(future)
                if not watchers:
                    del self._watchers[credential]
