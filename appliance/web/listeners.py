"""Opens the sockets and runs Hypercorn's connection on each client, with the fast lane in front.

Built on `hypercorn.asyncio.tcp_server.TCPServer`, which is not documented API: its version is
pinned and a contract test holds the surface that is used here.
"""

import asyncio
import contextlib
import logging
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ssl import SSLContext

import h11
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.task_group import TaskGroup
from hypercorn.asyncio.tcp_server import MAX_RECV, TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config as HypercornConfig
from hypercorn.events import Closed, Event, RawData, Updated
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.typing import ConnectionState
from hypercorn.utils import parse_socket_addr

from appliance.config import SocketAddress
from appliance.web.asgi import ASGIApp
from appliance.web.fast_lane import FastLane

# How long a connection may idle, and how long a request's head may take: longer than the pause
# between a reader's clicks, short enough that slow heads do not pile up.
KEEP_ALIVE_S = 30.0
# How long what a client goes on sending after its final answer is read and dropped.
LINGER_S = 5.0
# How long a client may take to agree on a session of TLS.
HANDSHAKE_S = 10.0
# What a slow client has not read yet is dropped when its goodbye takes longer than this.
GOODBYE_S = 30.0
BACKLOG = 512

_ABSOLUTE_FORM = re.compile(rb"https?://([^/?#]+)(.*)", re.IGNORECASE)

_log = logging.getLogger(__name__)


class Http11Only(H11Protocol):
    """HTTP/1.1 and nothing else, as the reference speaks: an upgrade to cleartext HTTP/2 would let
    a client talk past the rules of a proxy in front."""

    async def _check_protocol(self, event: h11.Request) -> None:
        """No upgrade is looked for."""

    async def _create_stream(self, request: h11.Request) -> None:
        names = {name for name, _ in request.headers}
        if {b"content-length", b"transfer-encoding"} <= names:
            # A proxy in front may count the other length and see two requests here (RFC 9112 6.3).
            await self._send_error_response(400)
            await self.send(Closed())
        else:
            await super()._create_stream(in_origin_form(request))

    @property
    def is_between_requests(self) -> bool:
        """Whether nothing of a request was received yet."""
        return self.stream is None and not self.connection.trailing_data[0]

    @property
    def is_client_sending(self) -> bool:
        """Whether the client may be in the middle of a request, readable or not."""
        return self.connection.their_state in {h11.SEND_BODY, h11.ERROR}


def in_origin_form(request: h11.Request) -> h11.Request:
    """The same request without the server in its target; RFC 9112 3.2.2: a whole URL is a target
    too, and its host counts instead of the Host header."""
    match = _ABSOLUTE_FORM.fullmatch(request.target)
    if match is None:
        return request
    authority, path = match.groups()
    return h11.Request(
        method=request.method,
        target=path if path.startswith(b"/") else b"/" + path,
        headers=[
            (b"host", authority),
            *((name, value) for name, value in request.headers if name != b"host"),
        ],
        http_version=request.http_version,
    )


class Connection(TCPServer):
    """One client's connection: the fast lane answers what it can, Hypercorn the rest."""

    protocol: Http11Only  # type: ignore[assignment] # the base allows HTTP/2 too

    def __init__(
        self,
        app: ASGIWrapper,
        config: HypercornConfig,
        context: WorkerContext,
        lane: FastLane | None,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(app, loop, config, context, {}, reader, writer)
        self._lane = lane
        self._is_tls = writer.get_extra_info("sslcontext") is not None
        self._client: tuple[str, int] | None = None
        self._idle = True
        self._in_lane = False
        self._last_answer_s = loop.time()
        self._end_of_lingering: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Serve until either side closes."""
        peer: socket.socket = self.writer.get_extra_info("socket")
        try:
            client = self._client = parse_socket_addr(peer.family, peer.getpeername())
            server = parse_socket_addr(peer.family, peer.getsockname())
            async with TaskGroup(self.loop) as task_group:
                self._task_group = task_group
                self.protocol = Http11Only(
                    self.app,
                    self.config,
                    self.context,
                    task_group,
                    ConnectionState(self.state),
                    self._is_tls,
                    client,
                    server,
                    self.protocol_send,
                )
                await self.protocol.initiate()
                await self.idle_task.restart(task_group, self._idle_timeout)
                await self._read_data()
        except OSError:
            # The client is gone; there is nobody to tell.
            return
        finally:
            if self._end_of_lingering is not None:
                self._end_of_lingering.cancel()
            await self._close()

    async def protocol_send(self, event: Event) -> None:
        """As the base; notes whether a request is being answered, and closes without haste."""
        if isinstance(event, Updated):
            self._idle = event.idle
            self._last_answer_s = self.loop.time()
        if isinstance(event, Closed) and self.protocol.is_client_sending:
            self._linger()
        else:
            await super().protocol_send(event)

    def _linger(self) -> None:
        """End our side only: closing both while the client still sends resets the connection, and
        the reset may overtake the answer (RFC 9112 9.6)."""
        if self._end_of_lingering is None:
            with contextlib.suppress(NotImplementedError, OSError, RuntimeError):
                self.writer.write_eof()
            self._end_of_lingering = self.loop.call_later(LINGER_S, self.writer.close)

    async def _close(self) -> None:
        # A client that never answers our goodbye (close_notify) is a client that is gone.
        with contextlib.suppress(OSError):
            await super()._close()

    async def _read_data(self) -> None:
        while not self.reader.at_eof():
            try:
                data = await self.reader.read(MAX_RECV)
            except OSError:
                break
            if self._end_of_lingering is not None:
                continue
            if data and not await self._answer_in_lane(data):
                await self.protocol.handle(RawData(data))
        await self.protocol.handle(Closed())

    async def _answer_in_lane(self, data: bytes) -> bool:
        if (
            self._lane is None
            or not self._idle
            or self.context.terminated.is_set()
            or not self.protocol.is_between_requests
        ):
            return False
        answer = await self._lane.answer(data, self._client)
        if answer is None:
            return False
        self._in_lane = True
        try:
            # A client that leaves before the file's turn must not leave the file open.
            with answer.file or contextlib.nullcontext() as file:
                self.writer.write(answer.head + answer.body)
                await self.writer.drain()
                if file is not None:
                    await self.loop.sendfile(self.writer.transport, file, 0, answer.file_bytes)
        finally:
            self._in_lane = False
            self._last_answer_s = self.loop.time()
        return True

    async def _idle_timeout(self) -> None:
        while not self.context.terminated.is_set() or self._in_lane:
            left_s = self._last_answer_s + self.config.keep_alive_timeout - self.loop.time()
            if self._in_lane:
                await asyncio.sleep(0.05)
            elif left_s <= 0:
                break
            else:
                try:
                    await asyncio.wait_for(self.context.terminated.wait(), left_s)
                except TimeoutError:
                    continue
        await asyncio.shield(self._initiate_server_close())


class Listeners:
    """Every open socket of this process, and their common end.

    Binding and serving are two steps: parts need each other's real ports before they are built,
    and a taken port is found before anything else happens.
    """

    def __init__(
        self, keep_alive_s: float = KEEP_ALIVE_S, inherited: Iterable[socket.socket] = ()
    ) -> None:
        """`keep_alive_s` is how long a connection may idle.

        `inherited` sockets listen already: a service manager keeps them open over our restarts, so
        that no client is refused meanwhile.
        """
        self._keep_alive_s = keep_alive_s
        self._inherited = {_address_of(listening): listening for listening in inherited}
        self._unserved: list[socket.socket] = []
        self._passed = frozenset(self._inherited.values())
        self._context = WorkerContext(None)
        self._sockets: list[socket.socket] = []
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[None]] = set()

    def bind(self, address: SocketAddress) -> "BoundSocket":
        """Take an address; raises OSError. Clients may connect and wait until it is served."""
        inherited = self._inherited.pop(address, None)
        if inherited is not None:
            self._sockets.append(inherited)
            return BoundSocket(inherited, address)
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        # The protocol is named because asyncio turns Nagle's algorithm off only then: answers in
        # two writes would wait 40 ms for the client's acknowledgement.
        bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        self._sockets.append(bound)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((address.host, address.port))
        bound.listen(BACKLOG)
        return BoundSocket(bound, SocketAddress(address.host, bound.getsockname()[1]))

    async def serve(
        self,
        bound: "BoundSocket",
        app: ASGIApp,
        lane: FastLane | None = None,
        tls: SSLContext | None = None,
    ) -> None:
        """Answer what arrives on a bound socket, inside of TLS when there is a context for it."""
        config = hypercorn_config(self._keep_alive_s)
        wrapped = ASGIWrapper(app)  # type: ignore[arg-type] # ASGI by other names

        async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            if task is not None:
                self._connections.add(task)
                task.add_done_callback(self._connections.discard)
            try:
                await Connection(wrapped, config, self._context, lane, reader, writer).run()
            except asyncio.CancelledError:
                # Only `close` cancels, and asyncio before 3.12 logs a cancelled task as an error.
                return
            except Exception:  # noqa: BLE001 - one client's trouble must not become everybody's
                _log.exception("a connection ended with an error")

        server = await asyncio.start_server(
            converse,
            sock=bound.socket,
            limit=2 * MAX_RECV,
            # asyncio listens once more, and would shorten the queue to a hundred.
            backlog=BACKLOG,
            ssl=tls,
            ssl_handshake_timeout=HANDSHAKE_S if tls else None,
            ssl_shutdown_timeout=GOODBYE_S if tls else None,
        )
        self._servers.append(server)

    def give_up(self, bound: "BoundSocket") -> None:
        """Nobody is served there."""
        if bound.socket in self._passed:
            self._unserved.append(bound.socket)
        else:
            bound.socket.close()

    async def refuse_unserved(self) -> None:
        """End at once what arrives on sockets that were passed to us and that no part serves.

        The service manager keeps them open, so clients would wait there for ever. Shutting them
        down is no way out: systemd takes that for a failure of the socket, and stops us with it.
        """
        for listening in (*self._inherited.values(), *self._unserved):
            server = await asyncio.start_server(_refuse, sock=listening, backlog=BACKLOG)
            self._servers.append(server)

    def release(self) -> None:
        """Give the addresses back; what is connected goes on."""
        for bound in self._sockets:
            bound.close()

    async def close(self, grace_s: float) -> None:
        """Stop accepting, let open requests finish for `grace_s` seconds, then end them."""
        for server in self._servers:
            server.close()
        self.release()
        await self._context.terminated.set()
        if self._connections:
            await asyncio.wait(self._connections, timeout=grace_s)
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections, timeout=1)


def _refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


def _address_of(listening: socket.socket) -> SocketAddress:
    host, port = listening.getsockname()[:2]
    return SocketAddress(host, port)


@dataclass(frozen=True, slots=True)
class BoundSocket:
    """A taken address with its real port."""

    socket: socket.socket
    address: SocketAddress


def hypercorn_config(keep_alive_s: float) -> HypercornConfig:
    """Hypercorn as this program wants it: quiet, and without a name in its answers."""
    config = HypercornConfig()
    config.include_server_header = False
    config.keep_alive_timeout = keep_alive_s
    # Hypercorn closes after 1,000 requests by default; here a client may go on.
    config.keep_alive_max_requests = 1_000_000
    config.accesslog = None
    config.errorlog = logging.getLogger("hypercorn.error")
    return config
