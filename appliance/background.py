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
