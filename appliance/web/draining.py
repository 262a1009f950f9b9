"""Answers that come before the request's body was read, without losing the answer or the client.

Closing a socket while unread bytes arrive resets it, and the client sees a broken connection
instead of the refusal. And Hypercorn cannot end a request whose queue of body parts is full. So
the answer goes out, a bounded rest of the body is read and dropped, and only then it ends.
"""

import asyncio

from appliance.web.asgi import ASGIApp, Message, Receive, Scope, Send, header

DRAIN_BYTES = 1024 * 1024
DRAIN_S = 2.0


def with_draining(app: ASGIApp) -> ASGIApp:
    """Wrap an HTTP app so that its early answers arrive."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if not has_body(scope):
            await app(scope, receive, send)
            return
        body = _Body(receive, _declared_bytes(scope))

        async def send_then_drain(message: Message) -> None:
            if message["type"] == "http.response.start" and body.is_too_long_to_drain:
                # Or the client would send its next request into a connection that ends.
                message["headers"] = [*message.get("headers", []), (b"connection", b"close")]
            ends = message["type"] == "http.response.body" and not message.get("more_body", False)
            if not ends or body.ended:
                await send(message)
                return
            await send({**message, "more_body": True})
            await body.drain()
            # The end is sent while the body is still being taken: see above.
            await asyncio.gather(
                send({"type": "http.response.body", "body": b"", "more_body": False}),
                body.drop_until_disconnect(),
            )

        await app(scope, body.receive, send_then_drain)

    return wrapped


def has_body(scope: Scope) -> bool:
    """Whether a request says that it has a body."""
    length = header(scope, b"content-length")
    return (length is not None and length != b"0") or (
        header(scope, b"transfer-encoding") is not None
    )


def _declared_bytes(scope: Scope) -> int | None:
    length = header(scope, b"content-length")
    return int(length) if length is not None else None


class _Body:
    """The request's body as the app reads it, and what is left of it."""

    def __init__(self, receive: Receive, declared_bytes: int | None) -> None:
        self._receive = receive
        self._left_bytes = declared_bytes
        self.ended = False
        self._disconnected = False

    @property
    def is_too_long_to_drain(self) -> bool:
        """Whether the connection cannot go on after an answer now."""
        return not self.ended and (self._left_bytes is None or self._left_bytes > DRAIN_BYTES)

    async def receive(self) -> Message:
        message = await self._receive()
        if self._left_bytes is not None:
            self._left_bytes -= len(message.get("body", b""))
        if message["type"] == "http.disconnect":
            self.ended = self._disconnected = True
        elif not message.get("more_body", False):
            self.ended = True
        return message

    async def drain(self) -> None:
        left = DRAIN_BYTES
        try:
            async with asyncio.timeout(DRAIN_S):
                while not self.ended and left > 0:
                    left -= len((await self.receive()).get("body", b""))
        except TimeoutError:
            return

    async def drop_until_disconnect(self) -> None:
        while not self._disconnected:
            await self.receive()
