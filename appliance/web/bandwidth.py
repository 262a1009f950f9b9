"""Slows bodies down to what their user or address may have (client API 17.2).

Nothing is refused: each piece of a body waits for its turn. The same limit holds for the bodies of
both directions of a request. Without a limit the app is called as it is.
"""

import asyncio
import random
from collections import deque
from collections.abc import Iterator

from appliance.homeserver.quotas import Pace, Quotas
from appliance.homeserver.rate_limits import NS_PER_S, Buckets, Flow, Key, address_key
from appliance.homeserver.sessions import ActiveSession
from appliance.web.asgi import ASGIApp, Message, Receive, Scope, Send, settled_before_disconnect
from appliance.web.client_address import client_address
from appliance.web.draining import has_body

CELL_BYTES = 1024
# Waiting clients do not come back in step.
EXTRA_WAIT_S = (0.025, 0.5)
# The largest piece of a body that waits as one; smaller when even that would take seconds.
MOST_CELLS = 256
WRITING_METHODS = frozenset({"PUT", "POST", "PATCH", "DELETE"})


class _ClientLeftError(Exception):
    """Nobody waits for the rest of a slow answer."""


class Bandwidth:
    """The bodies of everybody."""

    def __init__(self, quotas: Quotas, trusted_proxies: tuple[str, ...]) -> None:
        self._quotas = quotas
        self._trusted_proxies = trusted_proxies
        self._anonymous = quotas.anonymous_pace
        self._reading, self._writing, self._addresses = Buckets(), Buckets(), Buckets()

    @property
    def limits_strangers(self) -> bool:
        """Whether requests without a session are slowed down."""
        return self._anonymous is not None

    async def run(
        self,
        app: ASGIApp,
        session: ActiveSession | None,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Call an app with its bodies slowed down, if there is a limit for this request."""
        throttle = await self._throttle(session, scope)
        if throttle is None:
            await app(scope, receive, send)
            return
        slowed = _SlowedRequest(throttle, scope, receive, send)
        try:
            await app(scope, slowed.receive, slowed.send)
        except _ClientLeftError:
            return

    async def _throttle(self, session: ActiveSession | None, scope: Scope) -> "_Throttle | None":
        if session is not None:
            writing = scope["method"] in WRITING_METHODS
            pace = await self._quotas.pace(session.user.z32, writing=writing)
            if pace == "unlimited":
                return None
            if pace is not None:
                buckets = self._writing if writing else self._reading
                return _Throttle(buckets, ("user", session.user.z32), pace)
        address = client_address(scope, self._trusted_proxies) if self._anonymous else None
        if self._anonymous is None or address is None:
            return None
        return _Throttle(self._addresses, address_key(address), self._anonymous)


class _Throttle:
    """One request's share of a bucket."""

    def __init__(self, buckets: Buckets, key: Key, pace: Pace) -> None:
        self._buckets = buckets
        self._key = key
        cells = pace.rate.count * pace.rate.unit_kib
        self._flow = Flow(cells, pace.rate.period_s * NS_PER_S, pace.burst_kib)
        cells_a_second = cells // pace.rate.period_s
        self._piece_bytes = CELL_BYTES * max(1, min(cells_a_second, MOST_CELLS))

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """A body part in pieces that each wait about a second at most, if the rate allows."""
        for start in range(0, len(data), self._piece_bytes):
            yield data[start : start + self._piece_bytes]

    def wait_s(self, piece: bytes) -> float:
        """Take a piece's cells; how long to wait before it may go on."""
        cells = -(-len(piece) // CELL_BYTES)
        # The loop's clock never goes back, and waits are slept on it.
        now_ns = int(asyncio.get_running_loop().time() * NS_PER_S)
        wait_ns = self._buckets.borrow(self._key, self._flow, cells, now_ns)
        if wait_ns == 0:
            return 0.0
        return wait_ns / NS_PER_S + random.uniform(*EXTRA_WAIT_S)  # noqa: S311 - jitter, no secret


class _SlowedRequest:
    """The two ends of one request."""

    def __init__(self, throttle: _Throttle, scope: Scope, receive: Receive, send: Send) -> None:
        self._throttle = throttle
        self._receive = receive
        self._send = send
        self._pieces: deque[bytes] = deque()
        self._more_body = has_body(scope)
        self._app_listens = False

    async def receive(self) -> Message:
        """A piece of the request's body, when its turn has come."""
        if not self._pieces:
            self._app_listens = True
            try:
                message = await self._receive()
            finally:
                self._app_listens = False
            self._more_body = message.get("more_body", False)
            if not message.get("body", b""):
                return message
            self._pieces += self._throttle.pieces(message["body"])
        piece = self._pieces.popleft()
        await asyncio.sleep(self._throttle.wait_s(piece))
        more = bool(self._pieces) or self._more_body
        return {"type": "http.request", "body": piece, "more_body": more}

    async def send(self, message: Message) -> None:
        """Pass a message on, its body in pieces when their turn has come."""
        body = message.get("body", b"")
        if message["type"] != "http.response.body" or not body:
            await self._send(message)
            return
        for piece in self._throttle.pieces(body):
            await self._wait(self._throttle.wait_s(piece))
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
        if not message.get("more_body", False):
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _wait(self, wait_s: float) -> None:
        """Sleep; ends the request when the client leaves meanwhile and nobody else would notice.

        A slow answer to a client that is gone would otherwise go on for hours.
        """
        if wait_s == 0:
            return
        if self._more_body or self._app_listens:
            await asyncio.sleep(wait_s)
            return
        never = asyncio.get_running_loop().create_future()
        if await settled_before_disconnect(self._receive, never, wait_s) is None:
            raise _ClientLeftError
