"""PubkyTLS under asyncio's own streams: what it must do on every Python that we support."""

import asyncio
import gc
import logging
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from appliance.pubky_tls.connection import Connection
from appliance.pubky_tls.context import TlsContext, client_context, server_context
from appliance.pubky_tls.handshakes import TlsLimits
from appliance.pubky_tls.tls_object import TlsObject
from tests.support.eventually import eventually
from tests.support.tls_dialogues import KEYPAIR, OTHER_KEYPAIR, SERVER_NAME, new_client, record

Converse = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

MEBIBYTE = 1 << 20
ALERT_RECORD_BYTES = 5 + 2 + 1 + 16


@pytest.fixture
def context() -> TlsContext:
    return server_context(KEYPAIR, TlsLimits(max_handshakes=2))


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)


@asynccontextmanager
async def serving(
    converse: Converse, context: TlsContext | None, ssl_handshake_timeout: float | None = None
) -> AsyncIterator[int]:
    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await converse(reader, writer)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(
        run, "127.0.0.1", 0, ssl=context, ssl_handshake_timeout=ssl_handshake_timeout
    )
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def calling(port: int, limit: int = 65536) -> AsyncIterator[Streams]:
    context = client_context({KEYPAIR.public_key}, SERVER_NAME)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, limit=limit)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


def tls_object(writer: asyncio.StreamWriter) -> TlsObject:
    found = writer.get_extra_info("ssl_object")
    assert isinstance(found, TlsObject)
    return found


async def test_data_goes_both_ways(context: TlsContext) -> None:
    data = os.urandom(3 * MEBIBYTE + 7)

    async def send(writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    async with serving(echo, context) as port, calling(port) as (reader, writer):
        received, _ = await asyncio.gather(reader.readexactly(len(data)), send(writer))
    assert received == data


async def test_a_connection_says_that_it_is_inside_of_tls(context: TlsContext) -> None:
    seen: list[object] = []

    async def look(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        names = ("sslcontext", "ssl_object", "cipher", "compression", "peercert", "peername")
        seen.extend(writer.get_extra_info(name) for name in names)

    async with serving(look, context) as port, calling(port) as (reader, _):
        assert await reader.read() == b""
    assert seen[0] is context
    assert isinstance(seen[1], TlsObject)
    assert seen[2:5] == [("TLS_CHACHA20_POLY1305_SHA256", "TLSv1.3", 256), None, None]
    assert seen[5]


async def test_a_wrong_key_is_an_error_of_its_own(
    context: TlsContext, caplog: pytest.LogCaptureFixture
) -> None:
    other = client_context({OTHER_KEYPAIR.public_key}, SERVER_NAME)
    async with serving(echo, context) as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection("127.0.0.1", port, ssl=other)
    assert caplog.records == []


async def test_a_goodbye_arrives(context: TlsContext) -> None:
    async def once(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")

    async with serving(once, context) as port, calling(port) as (reader, writer):
        assert await reader.read() == b"hello"
        assert tls_object(writer).is_closed_by_peer


async def test_a_client_that_says_goodbye_is_answered(context: TlsContext) -> None:
    ended = asyncio.Event()

    async def until_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.read() == b"hello"
        assert tls_object(writer).is_closed_by_peer
        ended.set()

    async with serving(until_the_end, context) as port:
        async with calling(port) as (_, writer):
            writer.write(b"hello")
        await asyncio.wait_for(ended.wait(), 10)


async def test_a_stream_that_was_cut_off_can_be_told_from_a_whole_one() -> None:
    # A server that closes its socket without a goodbye.
    async def cut_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server = Connection.of_server(KEYPAIR)
        while not server.is_established:
            server.receive(await reader.read(65536))
            writer.write(server.take_outgoing())
        server.send(b"half of it")
        writer.write(server.take_outgoing())

    async with serving(cut_off, None) as port, calling(port) as (reader, writer):
        assert await reader.read() == b"half of it"
        assert not tls_object(writer).is_closed_by_peer


async def test_writing_waits_for_a_slow_reader(context: TlsContext) -> None:
    blocks = 48
    written = 0

    async def flood(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        while written < blocks:
            writer.write(bytes(MEBIBYTE))
            await writer.drain()
            written += 1

    async with serving(flood, context) as port, calling(port) as (reader, writer):
        assert await reader.readexactly(1) == b"\0"
        writer.transport.pause_reading()  # type: ignore[attr-defined] # a read transport too
        before = -1
        while before != written:
            before = written
            for _ in range(100):
                await asyncio.sleep(0)
        assert written < blocks
        writer.transport.resume_reading()  # type: ignore[attr-defined] # a read transport too
        left = blocks * MEBIBYTE - 1
        while left:
            left -= len(await reader.read(left))
        assert await reader.read() == b""
    assert written == blocks


async def test_what_was_written_before_a_close_arrives(context: TlsContext) -> None:
    size = 8 * MEBIBYTE

    async def write_and_go(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(bytes(size))

    async with serving(write_and_go, context) as port, calling(port, limit=1024) as streams:
        reader, writer = streams
        received = 0
        while chunk := await reader.read(10_000):
            received += len(chunk)
        assert received == size
        assert tls_object(writer).is_closed_by_peer


async def test_files_are_sent(context: TlsContext, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(os.urandom(MEBIBYTE + 3))

    async def send_file(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with path.open("rb") as file:
            await asyncio.get_running_loop().sendfile(writer.transport, file)

    async with serving(send_file, context) as port, calling(port) as (reader, _):
        assert await reader.read() == path.read_bytes()


class Buffered(asyncio.BufferedProtocol):
    """Reads into a small buffer of its own."""

    def __init__(self) -> None:
        self._buffer = bytearray(1000)
        self.received = bytearray()
        self.ended = asyncio.get_running_loop().create_future()

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return memoryview(self._buffer)

    def buffer_updated(self, nbytes: int) -> None:
        self.received += self._buffer[:nbytes]

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set_result(exc)


async def test_protocols_with_buffers_of_their_own_work(context: TlsContext) -> None:
    data = os.urandom(100_000)

    async def once(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)

    async with serving(once, context) as port:
        _, protocol = await asyncio.get_running_loop().create_connection(
            Buffered,
            "127.0.0.1",
            port,
            ssl=client_context({KEYPAIR.public_key}, SERVER_NAME),
        )
        assert await asyncio.wait_for(protocol.ended, 10) is None
        assert protocol.received == data


async def test_a_plain_connection_can_be_upgraded(context: TlsContext) -> None:
    # `loop.start_tls` asks for a real SSLContext.
    async def upgraded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await writer.start_tls(context)
        writer.write(await reader.readline())
        await writer.drain()

    async with serving(upgraded, None) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await writer.start_tls(client_context({KEYPAIR.public_key}, SERVER_NAME))
        writer.write(b"hello\n")
        assert await reader.readline() == b"hello\n"
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


# --- Strangers


@pytest.mark.parametrize(
    "said",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00",
        b"\x16\x03\x01\xff\xff",
        b"\x80\x2e\x01\x03\x01",
        b"\x15\x03\x01\x00\x02\x01\x00",
        os.urandom(3000),
        b"\x16\x03",
        b"",
    ],
    ids=["http", "hello", "too long", "SSL 2", "goodbye", "noise", "half", "nothing"],
)
async def test_a_strangers_nonsense_is_not_logged(
    context: TlsContext, caplog: pytest.LogCaptureFixture, said: bytes
) -> None:
    async with serving(echo, context) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)
        writer.write_eof()
        with suppress(OSError):
            answer = await reader.read()
            assert answer == b"" or (answer[:1] == b"\x15" and len(answer) == 7)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        await _collected(lambda: context.counters.handshaking == 0)
    assert context.counters.handshakes == 0
    assert sum(context.counters.refused.values()) == 1
    assert caplog.records == []


async def test_nonsense_inside_of_a_session_ends_it_with_an_alert(
    context: TlsContext, caplog: pytest.LogCaptureFixture
) -> None:
    ended = asyncio.Event()

    async def until_the_end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.read() == b"good"
        failure = tls_object(writer).failure
        assert failure is not None
        assert failure.reason == "bad_record_mac"
        ended.set()

    async with serving(until_the_end, context) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        client = new_client()
        while not client.is_established:
            writer.write(client.take_outgoing())
            client.receive(await reader.read(65536))
        client.send(b"good")
        writer.write(client.take_outgoing() + record(23, bytes(50)))
        client.receive(await asyncio.wait_for(reader.read(), 10))
        assert client.failure is not None
        assert client.failure.message == "the peer sent alert 20"
        await asyncio.wait_for(ended.wait(), 10)
        writer.close()
        await writer.wait_closed()
    assert context.counters.broken == {"bad_record_mac": 1}
    assert caplog.records == []


async def test_handshakes_that_never_end_do_not_add_up(
    context: TlsContext, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(echo, context) as port:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        await eventually(lambda: context.counters.handshaking == 2)
        with pytest.raises(OSError, match=r"."):
            async with calling(port):
                pass
        assert context.counters.refused == {"too_many": 1}
        for _, writer in silent:
            writer.close()
            await writer.wait_closed()
        await _collected(lambda: context.counters.handshaking == 0)
        async with calling(port) as (reader, writer):
            writer.write(b"hello")
            assert await reader.readexactly(5) == b"hello"
    assert caplog.records == []


async def test_a_silent_handshake_is_cut_off(
    context: TlsContext, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(echo, context, ssl_handshake_timeout=0.05) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with suppress(OSError):
            assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    assert caplog.records == []


async def _collected(holds: Callable[[], bool]) -> None:
    """What asyncio has dropped lies in cycles; here it is not waited for the collector."""

    def holds_after_collection() -> bool:
        gc.collect()
        return holds()

    await eventually(holds_after_collection)
