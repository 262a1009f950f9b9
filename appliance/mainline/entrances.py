"""The nodes by which a network is entered: their names become addresses while the node runs."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from appliance.mainline.node import Node
from appliance.mainline.node_ids import Address, family_of

# As long as nobody answers, the names may have been looked up too early.
AGAIN_WHEN_ALONE_S = 30.0
AGAIN_S = 3600.0

_log = logging.getLogger(__name__)


class Machine(Protocol):
    """A node with a way to send what it has."""

    node: Node

    def flush(self) -> None:
        """Send it."""


@asynccontextmanager
async def keeping_entrances(
    bootstrap: tuple[str, ...],
    machines: Sequence[Machine],
    known: asyncio.Event,
    now: Callable[[], float],
) -> AsyncIterator[None]:
    """Look `host:port` texts up for as long as the block runs; `known` is set after the first."""
    if not bootstrap:
        known.set()
        yield
        return
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(_look_up_for_ever(bootstrap, machines, known, now))
        try:
            yield
        finally:
            task.cancel()


async def _look_up_for_ever(
    bootstrap: tuple[str, ...],
    machines: Sequence[Machine],
    known: asyncio.Event,
    now: Callable[[], float],
) -> None:
    while True:
        found = [address for text in bootstrap for address in await _addresses_of(text)]
        for machine in machines:
            mine = tuple(item for item in found if family_of(item) == machine.node.family)
            machine.node.set_bootstrap(mine, now())
            machine.node.tick(now())
            machine.flush()
        known.set()
        is_alone = all(machine.node.table_size == 0 for machine in machines)
        await asyncio.sleep(AGAIN_WHEN_ALONE_S if is_alone else AGAIN_S)


async def _addresses_of(text: str) -> list[Address]:
    """The numeric addresses behind `host:port`; a name that cannot be looked up has none."""
    host, _, port = text.rpartition(":")
    loop = asyncio.get_running_loop()
    try:
        infos = await loop.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        _log.info("the bootstrap node %s cannot be looked up: %s", text, error)
        return []
    return [(str(info[4][0]), int(info[4][1])) for info in infos]
