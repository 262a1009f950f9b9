"""The arithmetic of the report, and the client that replaces wrk."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench.figures import Measure, Run, Series
from tests.bench.python_load import python_load
from tests.bench.report import CLIENT_BOUND, as_text
from tests.bench.request import Request


def _series(subject: str, *values: float, client_busy: float = 0.1) -> Series:
    return Series(subject, tuple(Run(value, client_busy, 1.0) for value in values))


def test_a_ratio_divides_runs_of_the_same_round() -> None:
    measure = Measure("m", "M", "x", (_series("a", 10, 100, 30), _series("b", 10, 50, 10)))

    ratio = measure.ratio("a", "b")

    assert (ratio.low, ratio.median, ratio.high) == (1, 2, 3)


def test_a_client_without_time_left_is_told() -> None:
    measure = Measure("m", "M", "x", (_series("a", 1), _series("b", 1, client_busy=0.99)))

    marked = [line for line in as_text({}, [measure]).splitlines() if CLIENT_BOUND in line]

    assert [line.split()[0] for line in marked] == ["b"]


@contextmanager
def _answering(status: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """A server that answers every request line with this status, and keeps the lines."""
    lines: list[bytes] = []
    ports: list[int] = []
    is_ready = threading.Event()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not reader.at_eof():
            head = await reader.readuntil(b"\r\n\r\n")
            lines.append(head.partition(b"\r\n")[0])
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\nok")

    async def serve() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        ports.append(server.sockets[0].getsockname()[1])
        is_ready.set()
        await stop.wait()
        server.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    is_ready.wait(10)
    try:
        yield ports[0], lines
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
