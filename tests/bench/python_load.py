"""A load client without any program beside Python: callbacks on raw connections."""

import asyncio
import itertools
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from tests.bench.request import Request

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
# Beyond the end of the run: an answer that has not come by then will not come.
PATIENCE_S = 15.0


@dataclass(slots=True)
class Totals:
    """What came of a load; `processor_s` is the client's own processor time."""

    answers: int = 0
    refused: int = 0
    broken: int = 0
    took_s: float = 0.0
    processor_s: float = 0.0


def python_load(host: str, port: int, request: Request, connections: int, seconds: int) -> Totals:
    """Load a server; answers must say their length, as those of every server here do."""
    return asyncio.run(_load(host, port, request, connections, seconds))


async def _load(host: str, port: int, request: Request, connections: int, seconds: int) -> Totals:
    totals = Totals()
    loop = asyncio.get_running_loop()
    next_request = _sequence(request)
    processor_before_s = time.process_time()
    before_s = loop.time()
    clients = []
    for _ in range(connections):
        new_client = partial(_Client, totals, next_request, before_s + seconds)
        _, client = await loop.create_connection(new_client, host, port)
        clients.append(client.ended)
    await asyncio.wait(clients, timeout=seconds + PATIENCE_S)
    totals.took_s = loop.time() - before_s
    totals.processor_s = time.process_time() - processor_before_s
    return totals


def _sequence(request: Request) -> Callable[[], bytes]:
    if not request.fresh:
        same = request.to_bytes()
        return lambda: same
    numbers = itertools.count()
    return lambda: request.under(f"{request.target}{next(numbers)}").to_bytes()


class _Client(asyncio.Protocol):
    """One connection; it ends after the answer that comes when time is up."""

    def __init__(self, totals: Totals, next_request: Callable[[], bytes], until_s: float) -> None:
        self._totals = totals
        self._next_request = next_request
        self._loop = asyncio.get_running_loop()
        self._until_s = until_s
        self._received = bytearray()
        self._whole_bytes = 0
        self._finished = False
        self.ended: asyncio.Future[None] = self._loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(self._next_request())

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._whole_bytes:
            self._read_head()
        if not self._whole_bytes or len(self._received) < self._whole_bytes:
            return
        self._received.clear()
        self._whole_bytes = 0
        self._totals.answers += 1
        if self._loop.time() < self._until_s:
            self._transport.write(self._next_request())
        else:
            self._finished = True
            self._transport.close()

    def _read_head(self) -> None:
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        if self._received[9:10] != b"2":
            self._totals.refused += 1
        length = _LENGTH.search(self._received, 0, end + 2)
        self._whole_bytes = end + 4 + (int(length[1]) if length else 0)

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None or not self._finished:
            self._totals.broken += 1
        if not self.ended.done():
            self.ended.set_result(None)
