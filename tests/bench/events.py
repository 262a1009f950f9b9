"""Event streams: one writer to many readers, a history read again, and what idle streams hold."""

import asyncio
import re
import resource
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import httpx

from appliance.metadata import events
from appliance.metadata.events import OPERATOR
from appliance.metadata.sqlite import open_sqlite
from appliance.metadata.store import Tx
from tests.bench.figures import BenchError, Effort, Measure, Run, Series, interleaved
from tests.bench.machine import Processors, processor_seconds, resident_mib, running_on
from tests.bench.resident import DATABASE, Resident, settle
from tests.bench.servers import Server
from tests.support.node_process import make_data_dir, running_process

READERS = 1000
HISTORY_EVENTS = 50_000
FEED_PAGE = 1000
# Slow enough that the one event is with everybody before the next.
PACED_PER_SECOND = 4
PATIENCE_S = 60.0

_SENT_AT = re.compile(rb"/pub/at/(\d+)\n")


def measure_events(folder: Path, processors: Processors, effort: Effort) -> list[Measure]:
    """One writer to 1000 readers of an event stream, 50,000 events read again, and memory."""
    _allow_open_files(READERS + 200)
    with ExitStack() as stack:
        with running_on(processors.servers):
            data_dir = make_data_dir(folder / "node")
            process = stack.enter_context(running_process(data_dir))
        stack.enter_context(running_on(processors.client))
        address = urlsplit(process.client_url)
        node = Server("node", address.hostname or "", address.port or 0, (process.pid,))
        # First: memory that a process has once taken it keeps for what comes later.
        memory = _memory(node)
        reader = settle(node, "somebody with a history")
        asyncio.run(_fill(data_dir / DATABASE, reader.z32))
        return [*_live(node, effort), _history(node, reader, effort), memory]


def _allow_open_files(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise BenchError(f"this machine allows only {hard} open files; {wanted} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


async def _fill(database: Path, owner: str) -> None:
    def append(tx: Tx) -> None:
        user_id = events.find_user(tx, owner, by_operator=True)
        if user_id is None:
            raise BenchError("the resident is gone")
        tx.order_events()
        for number in range(HISTORY_EVENTS):
            path = f"/pub/pubky.app/posts/{number:013d}"
            events.append(tx, user_id, "PUT", path, bytes(32), OPERATOR, number)

    metadata = await open_sqlite(database, durable=False)
    try:
        await metadata.write(append)
    finally:
        await metadata.close()


@dataclass(slots=True)
class Delivery:
    """What all readers of one run got."""

    events: int = 0
    delays_ms: list[float] = field(default_factory=list)


class _Reader(asyncio.Protocol):
    """One open stream that counts events and how old they are."""

    def __init__(self, target: str, delivery: Delivery) -> None:
        self._request = f"GET {target} HTTP/1.1\r\nhost: bench\r\n\r\n".encode()
        self._delivery = delivery
        self._rest = b""
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now_ns = time.perf_counter_ns()
        if not self.opened.done():
            self.opened.set_result(None)
        whole, separator, self._rest = (self._rest + data).rpartition(b"\n\n")
        for sent_at in _SENT_AT.findall(whole + separator):
            self._delivery.events += 1
            self._delivery.delays_ms.append((now_ns - int(sent_at)) / 1e6)


class _Audience:
    """Many open streams of one user, and that user writing."""

    def __init__(self, node: Server, writer: Resident, readers: int) -> None:
        self._node = node
        self._writer = writer
        self._readers = readers
        self._stack = AsyncExitStack()
        self.delivery = Delivery()
        self.written = 0

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        base = httpx.AsyncClient(base_url=self._node.url, timeout=PATIENCE_S)
        self._http = await self._stack.enter_async_context(base)
        newest = await self._http.get(f"/events-stream?user={self._writer.z32}&reverse=1&limit=1")
        found = re.search(r"cursor: (\d+)", newest.text)
        cursor = found[1] if found else "0"
        target = f"/events-stream?user={self._writer.z32}:{cursor}&live=true"
        opened = []
        for _ in range(self._readers):
            transport, reader = await loop.create_connection(
                lambda: _Reader(target, self.delivery), self._node.host, self._node.port
            )
            self._stack.callback(transport.abort)
            opened.append(reader.opened)
        await asyncio.wait_for(asyncio.gather(*opened), PATIENCE_S)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def write(self) -> None:
        """One event, which names the moment before its request was sent."""
        target = self._writer.target(f"/pub/at/{time.perf_counter_ns()}")
        response = await self._http.put(target, headers=dict(self._writer.credentials))
        response.raise_for_status()
        self.written += 1

    async def delivered(self) -> None:
        """Until every reader has every event."""
        deadline_s = time.perf_counter() + PATIENCE_S
        while self.delivery.events < self.written * self._readers:
            if time.perf_counter() > deadline_s:
                raise BenchError("not every reader got every event")
            await asyncio.sleep(0.005)


def _live(node: Server, effort: Effort) -> list[Measure]:
    writer = settle(node, "somebody with an audience")
    flat_out = interleaved(
        effort,
        {
            f"{readers} readers": partial(_flat_out, node, writer, readers, effort.seconds)
            for readers in (READERS // 10, READERS)
        },
    )
    runs = []
    for number in range(1, effort.rounds + 1):
        effort.begin_round(number)
        runs.append(asyncio.run(_paced(node, writer, effort.seconds)))
    return [
        Measure(
            "events-rate",
            "Events delivered to live streams, one writer as fast as it may",
            "events/s",
            flat_out,
            ((f"{READERS} readers", f"{READERS // 10} readers"),),
            ("Every reader gets every event; the writer waits for its own answers only.",),
        ),
        Measure(
            "events-delay",
            f"From before the PUT until the event is with {READERS} readers,"
            f" {PACED_PER_SECOND} a second",
            "ms",
            tuple(
                Series(name, tuple(Run(_quantile(run, share)) for run in runs))
                for name, share in (("median", 0.5), ("99 of 100", 0.99))
            ),
            notes=("With the durable write. The readers share one processor.",),
        ),
    ]


def _flat_out(node: Server, writer: Resident, readers: int, seconds: int) -> Run:
    async def run() -> Run:
        async with _Audience(node, writer, readers) as audience:
            client_s, server_s = time.process_time(), processor_seconds(node.pids)
            begin_s = time.perf_counter()
            while time.perf_counter() < begin_s + seconds:
                await audience.write()
            await audience.delivered()
            took_s = time.perf_counter() - begin_s
            return Run(
                audience.delivery.events / took_s,
                (time.process_time() - client_s) / took_s,
                (processor_seconds(node.pids) - server_s) / took_s,
            )

    return asyncio.run(run())


async def _paced(node: Server, writer: Resident, seconds: int) -> list[float]:
    async with _Audience(node, writer, READERS) as audience:
        for _ in range(max(PACED_PER_SECOND * seconds, 2)):
            await asyncio.gather(audience.write(), asyncio.sleep(1 / PACED_PER_SECOND))
        await audience.delivered()
        return sorted(audience.delivery.delays_ms)


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[int(share * (len(ordered) - 1))]


def _history(node: Server, reader: Resident, effort: Effort) -> Measure:
    subjects: dict[str, Callable[[], Run]] = {
        "stream, everything": partial(_read_stream, node, f"user={reader.z32}"),
        "stream, one folder": partial(
            _read_stream, node, f"user={reader.z32}&path=/pub/pubky.app/posts/"
        ),
        "feed, pages of 1000": partial(_read_feed, node),
    }
    return Measure(
        "events-history",
        f"A history of {HISTORY_EVENTS} events read from the beginning by one reader",
        "events/s",
        interleaved(effort, subjects),
        (("stream, everything", "feed, pages of 1000"),),
    )


def _read_stream(node: Server, query: str) -> Run:
    begin_s, server_s = time.perf_counter(), processor_seconds(node.pids)
    body = httpx.get(f"{node.url}/events-stream?{query}", timeout=PATIENCE_S).content
    if body.count(b"data: cursor: ") != HISTORY_EVENTS:
        raise BenchError("the stream is not the history")
    took_s = time.perf_counter() - begin_s
    return Run(HISTORY_EVENTS / took_s, None, (processor_seconds(node.pids) - server_s) / took_s)


def _read_feed(node: Server) -> Run:
    begin_s, server_s = time.perf_counter(), processor_seconds(node.pids)
    cursor, count = "0", 0
    with httpx.Client(base_url=node.url, timeout=PATIENCE_S) as http:
        while count < HISTORY_EVENTS:
            lines = http.get(f"/events/?limit={FEED_PAGE}&cursor={cursor}").text.split("\n")
            cursor = lines[-1].removeprefix("cursor: ")
            count += len(lines) - 1
    took_s = time.perf_counter() - begin_s
    return Run(count / took_s, None, (processor_seconds(node.pids) - server_s) / took_s)


def _memory(node: Server) -> Measure:
    writer = settle(node, "somebody quiet")

    async def run() -> Run:
        before_mib = resident_mib(node.pids)
        async with _Audience(node, writer, READERS):
            return Run((resident_mib(node.pids) - before_mib) * 1024 / READERS)

    return Measure(
        "events-memory",
        f"Resident memory that an idle stream adds, of {READERS}",
        "KiB",
        (Series("node", (asyncio.run(run()),)),),
    )
