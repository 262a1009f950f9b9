"""One small HTTP server inside of TLS, in a process of its own: PubkyTLS or Python's `ssl`.

Prints its port when it is ready. Both kinds run the same code under the same asyncio.
"""

import asyncio
import json
import signal
import socket
import ssl
import sys
from contextlib import suppress
from pathlib import Path

from appliance.pubky.keys import Keypair
from appliance.pubky_tls.context import server_context

KEYPAIR = Keypair(bytes(32))
CHUNK = bytes(256 * 1024)
LARGE_CHUNKS = 256
LARGE_BYTES = LARGE_CHUNKS * len(CHUNK)
SMALL_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello"
LARGE_PATH = b"GET /large "


def standard_context(folder: Path) -> ssl.SSLContext:
    """With the certificate and the key in a folder."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.num_tickets = 0
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer requests until the client leaves."""
    with suppress(OSError, asyncio.IncompleteReadError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(LARGE_PATH):
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % LARGE_BYTES)
                for _ in range(LARGE_CHUNKS):
                    writer.write(CHUNK)
                    await writer.drain()
            else:
                writer.write(SMALL_ANSWER)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def _main(folder: Path | None) -> None:
    # The protocol is named because asyncio turns Nagle's algorithm off only then.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    context = server_context(KEYPAIR) if folder is None else standard_context(folder)
    server = await asyncio.start_server(converse, sock=listener, ssl=context)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
