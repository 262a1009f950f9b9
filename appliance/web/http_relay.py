"""The HTTP relay's routes over one inbox: store and forward, and the older link (discovery 7.1).

Plain ASGI because `/link` waits ten minutes: the wait listens for the client to leave, so that its
place is free at once. Bodies are strangers' bytes under strangers' types, hence the sandbox.
"""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from appliance.errors import PubkyError
from appliance.http_relay.inbox import AckWaiter, Inbox, MessageWaiter, RelayMessage
from appliance.http_relay.link import Link
from appliance.web.answers import send_refusal
from appliance.web.asgi import (
    TEXT_PLAIN,
    ASGIApp,
    Headers,
    Receive,
    Scope,
    Send,
    header,
    http_only,
    read_body,
    send_answer,
    settled_before_disconnect,
)
from appliance.web.cors import with_cors
from appliance.web.relay_limits import RelayLimits, with_relay_limits

_DEFAULT_TYPE = b"application/octet-stream"
_MAX_TYPE_BYTES = 256
_DEPRECATED: Headers = [(b"deprecation", b"true")]
# A browser that opens a message must not run it with the relay's origin.
_INERT: Headers = [
    (b"content-security-policy", b"sandbox; default-src 'none'"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
]
_TIMED_OUT = (408, "Request timed out")
_NOT_FOUND = (404, "Not found")
_EXPIRED = (404, "Entry expired")


@dataclass(frozen=True, slots=True)
class _Request:
    """One request of one route; `message_id` is percent-decoded."""

    message_id: bytes
    scope: Scope
    receive: Receive
    send: Send
    common: Headers

    @property
    def is_head(self) -> bool:
        return bool(self.scope["method"] == "HEAD")

    async def answer(self, status: int, headers: Headers, body: bytes = b"") -> None:
        await send_answer(self.send, status, [*headers, *self.common], body, head=self.is_head)

    async def text(self, status: int, text: str) -> None:
        await self.answer(status, [TEXT_PLAIN], text.encode())

    async def message(self, message: RelayMessage) -> None:
        headers = [(b"content-type", message.content_type), *_INERT]
        await self.answer(200, headers, message.body)


_Handler = Callable[[_Request], Awaitable[None]]
_Methods = dict[str, _Handler]


def http_relay_app(inbox: Inbox, limits: RelayLimits | None = None) -> ASGIApp:
    """The relay as an app of its own, with very permissive CORS around everything."""
    return http_only(with_cors(with_relay_limits(_Routes(inbox), limits), b""))


class _Routes:
    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._link = Link(inbox)
        self._limits = inbox.limits
        message: _Methods = {
            "GET": self._get_message,
            "POST": self._post_message,
            "DELETE": self._acknowledge,
        }
        self._routes: dict[tuple[bytes, bytes | None], _Methods] = {
            (b"inbox", None): message,
            (b"inbox", b"ack"): {"GET": self._get_acknowledgement},
            (b"inbox", b"await"): {"GET": self._await_acknowledgement},
            (b"link", None): {"GET": self._get_link, "POST": self._post_link},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        segments: list[bytes] = scope["raw_path"].removeprefix(b"/").split(b"/")
        face = segments[0]
        common = _DEPRECATED if face == b"link" else []
        request = _Request(
            unquote_to_bytes(segments[1]) if len(segments) > 1 else b"",
            scope,
            receive,
            send,
            common,
        )
        action = segments[2] if len(segments) == 3 else None
        handlers = self._routes.get((face, action)) if 2 <= len(segments) <= 3 else None
        if scope["raw_path"] == b"/":
            handlers = {"GET": self._index}
        elif handlers is None or not request.message_id:
            await request.text(*_NOT_FOUND)
            return
        handler = handlers.get("GET" if request.is_head else scope["method"])
        if handler is None:
            await request.answer(405, [(b"allow", ", ".join(handlers).encode())])
        elif len(request.message_id) > self._limits.max_id_bytes:
            kind = "Channel" if face == b"link" else "Inbox"
            await request.text(400, f"{kind} ID too long")
        else:
            await self._run(handler, request)

    async def _run(self, handler: _Handler, request: _Request) -> None:
        try:
            await handler(request)
        except PubkyError as error:
            await send_refusal(request.send, error, head=request.is_head, extra=request.common)

    async def _index(self, request: _Request) -> None:
        await request.text(200, "Http Relay")

    async def _get_message(self, request: _Request) -> None:
        place = self._inbox.message_waiter(request.message_id)
        message = await self._wait_for_message(request, place, self._limits.inbox_timeout_s)
        if message is not None:
            await request.message(message)

    async def _get_link(self, request: _Request) -> None:
        place = self._link.consume(request.message_id)
        message = await self._wait_for_message(request, place, self._limits.link_timeout_s)
        if message is None:
            return
        if not request.is_head:  # a safe method must not use the message up (RFC 9110 9.2.1)
            self._link.delivered(request.message_id, message)
        await request.message(message)

    async def _post_message(self, request: _Request) -> None:
        message = await self._read_message(request)
        if message is not None:
            self._inbox.post(request.message_id, message, self._limits.inbox_ttl_s)
            await request.answer(200, [])

    async def _acknowledge(self, request: _Request) -> None:
        if self._inbox.acknowledge(request.message_id):
            await request.answer(200, [])
        else:
            await request.text(*_NOT_FOUND)

    async def _get_acknowledgement(self, request: _Request) -> None:
        acknowledged = self._inbox.find_acknowledgement(request.message_id)
        if acknowledged is None:
            await request.text(*_NOT_FOUND)
        else:
            await request.text(200, "true" if acknowledged else "false")

    async def _await_acknowledgement(self, request: _Request) -> None:
        place = self._inbox.ack_waiter(request.message_id)
        await self._answer_acknowledgement(request, place, self._limits.inbox_timeout_s)

    async def _post_link(self, request: _Request) -> None:
        message = await self._read_message(request)
        if message is not None:
            place = self._link.offer(request.message_id, message)
            await self._answer_acknowledgement(request, place, self._limits.link_timeout_s)

    async def _wait_for_message(
        self, request: _Request, place: AbstractContextManager[MessageWaiter], timeout_s: float
    ) -> RelayMessage | None:
        """The message; without one the request is answered here, if its client is still there."""
        with place as waiter:
            settled = await settled_before_disconnect(request.receive, waiter, timeout_s)
        if settled is None:
            return None
        if not settled:
            await request.text(*_TIMED_OUT)
            return None
        message = waiter.result()
        if message is None:
            await request.text(*_EXPIRED)
        return message

    async def _answer_acknowledgement(
        self, request: _Request, place: AbstractContextManager[AckWaiter], timeout_s: float
    ) -> None:
        with place as waiter:
            settled = await settled_before_disconnect(request.receive, waiter, timeout_s)
        if settled is None:
            return
        if not settled:
            await request.text(*_TIMED_OUT)
        elif waiter.result():
            await request.answer(200, [])
        else:
            await request.text(*_EXPIRED)

    async def _read_message(self, request: _Request) -> RelayMessage | None:
        """The posted message; a body above the limit is answered here and gives `None`."""
        body = await read_body(request.receive, self._limits.max_body_bytes)
        if body is None:
            await request.text(413, f"Body exceeds {self._limits.max_body_bytes} bytes")
            return None
        media_type = header(request.scope, b"content-type") or _DEFAULT_TYPE
        return RelayMessage(
            body, media_type if len(media_type) <= _MAX_TYPE_BYTES else _DEFAULT_TYPE
        )
