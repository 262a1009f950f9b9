"""Waiting for what happens on the other side of a socket, without guessing how long it takes."""

import asyncio
from collections.abc import Callable

PATIENCE_S = 10.0
LOOK_EVERY_S = 0.005


async def eventually(holds: Callable[[], bool]) -> None:
    """Return as soon as `holds()`; raises TimeoutError when it never does."""
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - what is waited for cannot set an event
            await asyncio.sleep(LOOK_EVERY_S)
