"""Sends an event stream as Server-Sent Events: one loop for clients and for the operator.

Plain ASGI, because a stream costs as little as a connection and lasts as long as its client.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from appliance.homeserver.event_stream import EventStream
from appliance.metrics import EventFigures
from appliance.web.asgi import Headers, Receive, Send, settled_before_disconnect

KEEP_ALIVE_S = 15.0
CACHE_POLICY: Headers = [
    (b"cache-control", b"no-store"),
    (b"vary", b"pubky-host, Authorization, Cookie"),
]

_EVENT_STREAM = (b"content-type", b"text/event-stream")
_COMMENT = b":\n\n"


@dataclass(frozen=True, slots=True)
class Credential:
    """What a private stream hangs on: a future that its end resolves, and a way to look."""

    revoked: asyncio.Future[None]
    is_open: Callable[[], Awaitable[bool]]


async def send_stream(
    stream: EventStream,
    figures: EventFigures,
    receive: Receive,
    send: Send,
    *,
    credential: Credential | None = None,
    headers: Headers,
    head: bool,
) -> None:
    """Answer 200 and then the stream until it is over, its credential ends or its client leaves.

    With `head` only the headers are sent. `headers` follow the content type.
    """
    start = {"type": "http.response.start", "status": 200, "headers": [_EVENT_STREAM, *headers]}
    await send(start)
    if not head:
        loop = asyncio.get_running_loop()
        begin_s = loop.time()
        figures.open_streams += 1
        try:
            await _send_frames(stream, receive, send, credential)
        finally:
            figures.open_streams -= 1
            figures.connections_ms.observe((loop.time() - begin_s) * 1000)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send_frames(
    stream: EventStream, receive: Receive, send: Send, credential: Credential | None
) -> None:
    loop = asyncio.get_running_loop()
    last_frame_s = last_look_s = loop.time()
    while not stream.is_over:
        frames = await stream.take()
        # Asked before every sending: nothing goes out after the credential has ended.
        if credential is not None and credential.revoked.done():
            return
        if frames:
            await send({"type": "http.response.body", "body": b"".join(frames), "more_body": True})
            last_frame_s = loop.time()
        left_s = last_frame_s + KEEP_ALIVE_S - loop.time()
        if await _client_left(stream, receive, credential, left_s, has_frames=bool(frames)):
            return
        now_s = loop.time()
        # The row is looked at too: another process may have ended the credential.
        if credential is not None and now_s - last_look_s >= KEEP_ALIVE_S:
            last_look_s = now_s
            if not await credential.is_open():
                return
        if now_s - last_frame_s >= KEEP_ALIVE_S:
            await send({"type": "http.response.body", "body": _COMMENT, "more_body": True})
            last_frame_s = now_s


async def _client_left(
    stream: EventStream,
    receive: Receive,
    credential: Credential | None,
    left_s: float,
    *,
    has_frames: bool,
) -> bool:
    """Wait until there is something to do, `left_s` seconds at most; whether the client left."""
    if stream.is_reading_table:
        # Only a look: a long history must not be read for nobody.
        never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        return await settled_before_disconnect(receive, never, 0.0) is None
    if has_frames or stream.is_over:
        return False
    with stream.waiting() as news:
        if credential is None:
            return await settled_before_disconnect(receive, news, left_s) is None

        def interrupt(_: asyncio.Future[None]) -> None:
            if not news.done():
                news.set_result(0)

        credential.revoked.add_done_callback(interrupt)
        try:
            return await settled_before_disconnect(receive, news, left_s) is None
        finally:
            credential.revoked.remove_done_callback(interrupt)
