"""The small vocabulary of plain ASGI: types, reading a body, sending an answer.

Faces that wait, stream or need the undecoded path speak ASGI directly; this is all they share.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

TEXT_PLAIN = (b"content-type", b"text/plain; charset=utf-8")


def header(scope: Scope, name: bytes) -> bytes | None:
    """The first value of a request header; `name` in lower case, `None` when absent."""
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    return next((value for key, value in headers if key.lower() == name), None)


async def read_body(receive: Receive, limit: int) -> bytes | None:
    """The whole request body, or `None` when it exceeds `limit` bytes or the client left.

    Both cases end the request without using the body; an answer to a client that left goes nowhere.
    """
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            return None
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


async def send_answer(
    send: Send, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes, *, head: bool
) -> None:
    """Send a whole answer in one piece, always with its length so that it is never chunked.

    With `head` the body is left out but still measured (RFC 9110 9.3.2). 204 carries neither body
    nor length (RFC 9110 8.6); 304 carries the length of the answer it stands for, if given.
    """
    all_headers = list(headers)
    if not (status == 204 or (status == 304 and not body)):
        all_headers.append((b"content-length", str(len(body)).encode()))
    sent_body = b"" if head or status in {204, 304} else body
    await send({"type": "http.response.start", "status": status, "headers": all_headers})
    await send({"type": "http.response.body", "body": sent_body, "more_body": False})


async def send_text(send: Send, status: int, text: str, *, head: bool = False) -> None:
    """Send a short plain-text answer."""
    await send_answer(send, status, [TEXT_PLAIN], text.encode(), head=head)


async def settled_before_disconnect(
    receive: Receive, future: asyncio.Future[Any], timeout_s: float
) -> bool | None:
    """Wait for `future` while listening for the client to leave; call it after the body is read.

    True: the future is done. False: `timeout_s` seconds passed. `None`: the client left.
    The wait stands on `receive` and the future interrupts it, so no second task is needed.
    """
    if future.done():
        return True
    try:
        async with asyncio.timeout(timeout_s) as limit:
            is_waiting = True

            def interrupt(_: asyncio.Future[Any]) -> None:
                # It may have been called for just before the client left.
                if is_waiting and not limit.expired():
                    limit.reschedule(0)

            future.add_done_callback(interrupt)
            try:
                while (await receive())["type"] != "http.disconnect":
                    pass
            finally:
                is_waiting = False
                future.remove_done_callback(interrupt)
    except TimeoutError:
        return future.done()
    return None


async def _complete_lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def http_only(app: ASGIApp) -> ASGIApp:
    """An app that hears only HTTP: lifespan is acknowledged, WebSockets are refused."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _complete_lifespan(receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            await app(scope, receive, send)

    return guarded
