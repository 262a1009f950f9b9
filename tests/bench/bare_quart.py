"""The least that Quart under Hypercorn can do, in a process of its own: bytes it already holds.

Prints its port when it is ready. A body that is put is read and dropped.
"""

import asyncio
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from hypercorn.asyncio import serve
from hypercorn.config import Config
from quart import Quart, Response, request

CHUNK_BYTES = 256 * 1024


def create_app(folder: Path) -> Quart:
    """`GET /files/NAME` answers a file of the folder from memory; `PUT /put/NAME` keeps nothing."""
    app = Quart("bare", static_folder=None)
    held: dict[str, bytes] = {}

    @app.get("/files/<name>")
    async def read(name: str) -> Response:
        body = held.get(name)
        if body is None:
            body = held[name] = (folder / name).read_bytes()
        if len(body) <= CHUNK_BYTES:
            return Response(body, content_type="application/octet-stream")
        headers = {"content-length": str(len(body))}
        return Response(_chunks(body), headers=headers, content_type="application/octet-stream")

    @app.put("/put/<path:_>")
    async def drop(_: str) -> Response:
        await request.get_data()
        return Response(b"", 201)

    return app


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), CHUNK_BYTES):
        yield body[start : start + CHUNK_BYTES]


async def _main(folder: Path) -> None:
    # The protocol is named because asyncio turns Nagle's algorithm off only then.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.accesslog = None
    config.errorlog = None
    # Hypercorn closes after 1,000 requests by default; nobody else here does.
    config.keep_alive_max_requests = 1_000_000_000
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)

    async def announce() -> None:
        print(json.dumps({"port": listener.getsockname()[1]}), flush=True)

    app = create_app(folder)
    app.before_serving(announce)

    async def stopped() -> None:
        await stop.wait()

    await serve(app, config, shutdown_trigger=stopped)


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
