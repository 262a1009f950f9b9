"""A small server inside of PubkyTLS, for clients that we did not write."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256

from appliance.pubky_tls.context import TlsContext, server_context
from appliance.pubky_tls.handshakes import TlsLimits
from tests.support.tls_dialogues import KEYPAIR

BLOCK = sha256(b"block").digest() * 32768
BODY_BLOCKS = 64
BODY_BYTES = BODY_BLOCKS * len(BLOCK)


@dataclass(frozen=True, slots=True)
class TlsServer:
    """Answers `GET /...` with "hello", `GET /large` with 64 MiB, and keeps connections alive."""

    port: int
    context: TlsContext


@asynccontextmanager
async def running_tls_server(limits: TlsLimits | None = None) -> AsyncIterator[TlsServer]:
    """With `KEYPAIR`, on loopback, for the length of the block."""
    context = server_context(KEYPAIR, limits)
    server = await asyncio.start_server(
        _converse, "127.0.0.1", 0, ssl=context, ssl_handshake_timeout=10, ssl_shutdown_timeout=5
    )
    try:
        yield TlsServer(server.sockets[0].getsockname()[1], context)
    finally:
        server.close()
        await server.wait_closed()


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, asyncio.IncompleteReadError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ")[1]
            size = BODY_BYTES if path == b"/large" else 5
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % size)
            if path == b"/large":
                for _ in range(BODY_BLOCKS):
                    writer.write(BLOCK)
                    await writer.drain()
            else:
                writer.write(b"hello")
            if b"connection: close" in head.lower():
                break
    with suppress(OSError):
        writer.close()
        await writer.wait_closed()
