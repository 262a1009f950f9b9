"""Whether this node can serve, found out by doing: a row is committed, a blob is written.

Probes come from strangers too, so one look serves everybody who asks within a second.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from appliance.blobs.store import BlobStore
from appliance.clock import Clock
from appliance.homeserver.disk_guard import DiskGuard
from appliance.metadata import events
from appliance.metadata.store import Metadata

OK = "ok"
LOOK_EVERY_US = 1_000_000
# A disk that takes longer is of no use to clients, and probes give up after a few seconds.
PATIENCE_S = 2.0
# Each check gives up earlier, but nobody can end a thread that waits for a dead disk.
LONGEST_LOOK_US = 10_000_000
US_PER_SECOND = 1_000_000

Check = Callable[[], Awaitable[None]]
"""Raises when something is wrong; what it raises is for the log only."""

_log = logging.getLogger(__name__)


class Readiness:
    """The verdicts on one node: fixed words, for they are shown without a password."""

    def __init__(self, checks: Mapping[str, Check], clock: Clock) -> None:
        self._checks = checks
        self._clock = clock
        self._looking = asyncio.Lock()
        self._began_us = 0
        self._looked_us: int | None = None
        self._found: dict[str, str] = {}
        self._is_running = False

    def set_running(self, *, running: bool) -> None:
        """Every part serves, or they are about to stop."""
        self._is_running = running

    async def verdicts(self) -> dict[str, str]:
        """`ok` or what is wrong, by the name of the check; one second old at most."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._looking.acquire()
        except TimeoutError:
            return self._with_parts(dict.fromkeys(self._checks, "takes too long"))
        try:
            self._began_us = now_us = self._clock()
            # The clock may have been set back; then the last look is no longer in the past.
            if self._looked_us is None or not 0 <= now_us - self._looked_us < LOOK_EVERY_US:
                self._found = {name: await self._verdict(name) for name in self._checks}
                self._looked_us = self._clock()
            return self._with_parts(self._found)
        finally:
            self._looking.release()

    def latest(self) -> dict[str, str]:
        """What the last look found, for those who must not wait; empty before the first."""
        if self._looking.locked() and self._clock() - self._began_us > LONGEST_LOOK_US:
            return self._with_parts(dict.fromkeys(self._checks, "takes too long"))
        return self._with_parts(self._found) if self._looked_us is not None else {}

    def _with_parts(self, found: dict[str, str]) -> dict[str, str]:
        return found | {"parts": OK if self._is_running else "not running"}

    async def _verdict(self, name: str) -> str:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._checks[name]()
        except TimeoutError:
            verdict, reason = "takes too long", f"more than {PATIENCE_S:.0f} s"
        except Exception as error:  # noqa: BLE001 - whatever is wrong is the finding
            verdict, reason = "failed", str(error)
        else:
            return OK
        # Once, not with every probe.
        if self._found.get(name) != verdict:
            _log.warning("not ready: %s %s: %s", name, verdict, reason)
        return verdict


def is_ready(verdicts: Mapping[str, str]) -> bool:
    """Whether nothing is wrong."""
    return all(verdict == OK for verdict in verdicts.values())


def node_readiness(
    metadata: Metadata, blobs: BlobStore, disk: DiskGuard, clock: Clock
) -> Readiness:
    """The checks of a whole node."""

    async def check_database() -> None:
        await metadata.prove_writable(clock() // US_PER_SECOND)
        await metadata.read(events.last_id)

    async def check_blobs() -> None:
        # As an upload does; what a crash leaves behind is deleted by the sweep.
        blob = await blobs.write(_one_byte())
        await blobs.delete(blob.id)

    async def check_disk() -> None:
        disk.check(1)

    return Readiness({"database": check_database, "blobs": check_blobs, "disk": check_disk}, clock)


async def _one_byte() -> AsyncIterator[bytes]:
    yield b"\0"
