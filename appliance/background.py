"""How long-running work is written: one step, repeated for ever by one of these loops."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress

_log = logging.getLogger(__name__)

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 300.0

Step = Callable[[], Awaitable[None]]
Job = Coroutine[None, None, None]


class NotYetError(Exception):
    """A step could not do its work this time, for a reason that one line tells."""


class Errands:
    """Short jobs that outlive whoever asked for them, and end with their owner."""

    def __init__(self, most: int) -> None:
        """At most so many at once."""
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_full(self) -> bool:
        """Whether no more may be started now."""
        return len(self._tasks) >= self._most

    def start(self, errand: Coroutine[None, None, None]) -> asyncio.Task[None]:
        """Run it; its failure is logged."""
        task = asyncio.create_task(errand)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def close(self) -> None:
        """End all that still run."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("an errand failed", exc_info=error)


async def every(
    interval_s: float, step: Step, *, what: str, sooner: asyncio.Event | None = None
) -> None:
    """Run `step` now and then every `interval_s` seconds; a failure is logged and retried sooner.

    When `sooner` is set, the pause after a success ends; the step clears it.
    Never returns; ends at once when cancelled. The pause after a failure doubles from one second
    up to the interval (five minutes at most), with jitter so that many nodes do not act as one.
    """
    failures = 0
    while True:
        try:
            await step()
            failures = 0
            pause_s = interval_s
            hint = sooner
        except NotYetError as reason:
            failures += 1
            pause_s = min(FIRST_PAUSE_S * 2 ** min(failures - 1, 10), interval_s, LONGEST_PAUSE_S)
            # What changes meanwhile may be the very thing that was missing.
            hint = sooner
            _log.info("%s: %s; trying again in %.0f s", what, reason, pause_s)
        except Exception:  # noqa: BLE001 - a background job outlives any failure of one round
            failures += 1
            doubled_s = FIRST_PAUSE_S * 2 ** min(failures - 1, 10)
            pause_s = min(doubled_s, interval_s, LONGEST_PAUSE_S)
            hint = None
            _log.exception("%s failed; trying again in %.0f s", what, pause_s)
        await _pause(pause_s * random.uniform(0.9, 1.1), hint)  # noqa: S311 - jitter, no secret


async def _pause(pause_s: float, hint: asyncio.Event | None) -> None:
    if hint is None:
        await asyncio.sleep(pause_s)
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(pause_s):
            await hint.wait()


def within(group: asyncio.TaskGroup, errand: Coroutine[None, None, None]) -> None:
    """Start a job that ends with its group, at the latest."""
    group.create_task(errand)


@asynccontextmanager
async def running(*jobs: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run endless jobs for the length of the block, and end them with it."""
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
