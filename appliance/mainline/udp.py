"""The asyncio shell around the machine: one socket a family, one timer each, awaitable answers.

Everything that waits here has an end: the machine gives up on each query after its time-out.
"""

import asyncio
import contextlib
import errno
import logging
import random
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, cast

from appliance.mainline.entrances import keeping_entrances
from appliance.mainline.items import MutableItem
from appliance.mainline.node import Family, Node
from appliance.mainline.node_ids import Address, Contact, family_of
from appliance.mainline.reports import (
    OURSELVES,
    GetDone,
    GetReport,
    ItemFound,
    NodeOutcome,
    NodeSettings,
    NodeStats,
    PingDone,
    PingReport,
    PutDone,
    PutReport,
    conflict_of,
)

# Answers to a burst of queries must fit while the loop does something else.
RECEIVE_BUFFER_BYTES = 1024 * 1024
RESOLVED_WITHIN_S = 3.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DhtSettings:
    """Where to listen (at most one address a family), whom to ask first, whom we knew before.

    `bootstrap` are `host:port` texts; names are looked up while the node already runs. With
    `any_port` a port that is taken is replaced by one that the system chooses.
    """

    listen: tuple[Address, ...]
    node: NodeSettings
    bootstrap: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()
    any_port: bool = False


class _Endpoint(asyncio.DatagramProtocol):
    """One machine and its socket."""

    def __init__(self, node: Node, loop: asyncio.AbstractEventLoop) -> None:
        self.node = node
        self._loop = loop
        self._transport: asyncio.DatagramTransport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_full = False
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._listening: dict[int, Callable[[MutableItem], None]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open: the machine may send what it has."""
        self._transport = cast("asyncio.DatagramTransport", transport)
        self.flush()

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        """One datagram, at most 64 KiB."""
        self.node.receive(data, (addr[0], addr[1]), self._loop.time())
        self.flush()

    def error_received(self, exc: Exception) -> None:
        """The system says that nobody listens where we sent something: the time-out will too."""

    def pause_writing(self) -> None:
        """The uplink is slower than what we send: datagrams may be lost, memory may not."""
        self._is_full = True

    def resume_writing(self) -> None:
        """There is room again."""
        self._is_full = False

    def flush(self) -> None:
        """Send what the machine has, tell what it found, and come back when it wants."""
        self._send()
        for event in self.node.take_events():
            self._tell(event)
        self._send()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if self._transport is not None:
            self._timer = self._loop.call_at(self.node.wake_at, self._tick)

    def close(self) -> None:
        """Nobody waits any longer."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        for waiting in self._waiting.values():
            waiting.cancel()

    async def settled(self, number: int, on_item: Callable[[MutableItem], None] | None) -> Any:
        """The report of a running search; cancelled with the caller."""
        waiting = self._waiting[number] = self._loop.create_future()
        if on_item is not None:
            self._listening[number] = on_item
        self.flush()
        try:
            return await waiting
        finally:
            self._waiting.pop(number, None)
            self._listening.pop(number, None)
            self.node.cancel(number)

    def _tick(self) -> None:
        self.node.tick(self._loop.time())
        self.flush()

    def _send(self) -> None:
        datagrams = self.node.take_datagrams()
        if self._transport is None or self._is_full:
            return
        for datagram, address in datagrams:
            self._transport.sendto(datagram, address)

    def _tell(self, event: object) -> None:
        match event:
            case ItemFound(number=number, item=MutableItem() as item):
                listener = self._listening.get(number)
                if listener is not None:
                    listener(item)
            case GetDone(number=number, report=report) | PutDone(number=number, report=report):
                self._settle(number, report)
            case PingDone(number=number, report=report):
                self._settle(number, report)

    def _settle(self, number: int, report: object) -> None:
        waiting = self._waiting.get(number)
        if waiting is not None and not waiting.done():
            waiting.set_result(report)


class Dht:
    """The DHT as everybody else sees it: `get`, `put` and `ping`, over every family there is."""

    def __init__(
        self, endpoints: Sequence["tuple[_Endpoint, Address]"], entrances_known: asyncio.Event
    ) -> None:
        self._endpoints = [endpoint for endpoint, _ in endpoints]
        self._entrances_known = entrances_known
        self.addresses: tuple[Address, ...] = tuple(address for _, address in endpoints)

    async def get(
        self,
        public_key: bytes,
        salt: bytes = b"",
        after_seq: int | None = None,
        on_item: Callable[[MutableItem], None] | None = None,
    ) -> GetReport:
        """Search to the end for the most recent item of a key.

        `on_item` hears of every verified item that is more recent than those before, as it comes.
        Nodes need not send an item whose `seq` is `after_seq` or less.
        """
        await self._wait_for_entrances()
        hear = _only_newer(on_item)
        searches = (
            self._get(endpoint, public_key, salt, after_seq, hear) for endpoint in self._endpoints
        )
        reports = await asyncio.gather(*searches)
        items = [report.item for report in reports if isinstance(report.item, MutableItem)]
        return GetReport(
            item=max(items, key=lambda item: item.recency, default=None),
            queried=sum(report.queried for report in reports),
            responded=sum(report.responded for report in reports),
            usable=sum(report.usable for report in reports),
            hops=max((report.hops for report in reports), default=0),
        )

    async def put(self, item: MutableItem, cas: int | None = None) -> PutReport:
        """Store an item at the nodes nearest to its target; says what became of it at each."""
        await self._wait_for_entrances()
        reports: list[PutReport] = await asyncio.gather(
            *(self._put(endpoint, item, cas) for endpoint in self._endpoints)
        )
        outcomes = _with_one_own_copy(reports)
        return PutReport(
            outcomes=outcomes,
            queried=sum(report.queried for report in reports),
            responded=sum(report.responded for report in reports),
            stored_nodes=sum(outcome.result == "stored" for outcome in outcomes),
            conflict=conflict_of(outcomes) or _common_conflict(reports),
        )

    async def ping(self, address: Address) -> PingReport:
        """Ask one node whether it is there; raises OSError when we have no such address family."""
        family = 6 if ":" in address[0] else 4
        for endpoint in self._endpoints:
            if endpoint.node.family == family:
                number = endpoint.node.ping(address, _now())
                report: PingReport = await endpoint.settled(number, None)
                return report
        raise OSError(f"this node has no IPv{family} address in the DHT")

    def stats(self) -> tuple[NodeStats, ...]:
        """The figures of each family's node."""
        return tuple(endpoint.node.stats() for endpoint in self._endpoints)

    def contacts(self) -> list[Contact]:
        """Good nodes to start with the next time."""
        return [contact for endpoint in self._endpoints for contact in endpoint.node.contacts()]

    async def _wait_for_entrances(self) -> None:
        """A question right after the start waits for the names of bootstrap nodes, not for ever."""
        if not self._entrances_known.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RESOLVED_WITHIN_S):
                    await self._entrances_known.wait()

    async def _get(
        self,
        endpoint: _Endpoint,
        public_key: bytes,
        salt: bytes,
        after_seq: int | None,
        hear: Callable[[MutableItem], None],
    ) -> GetReport:
        target = MutableItem.target_of(public_key, salt)
        number = endpoint.node.get(target, public_key, salt, after_seq, _now())
        report: GetReport = await endpoint.settled(number, hear)
        return report

    async def _put(self, endpoint: _Endpoint, item: MutableItem, cas: int | None) -> PutReport:
        number = endpoint.node.put(item, cas, _now())
        report: PutReport = await endpoint.settled(number, None)
        return report


@asynccontextmanager
async def running_dht(
    settings: DhtSettings, random_source: random.Random | None = None
) -> AsyncIterator[Dht]:
    """Take part in the DHT for the length of the block.

    Raises OSError when no address could be taken. An IPv6 address that this machine does not have
    is left out with a log line as long as another one is there.
    """
    loop = asyncio.get_running_loop()
    chance = random_source or random.SystemRandom()
    bound = _bind_all(settings)
    endpoints: list[tuple[_Endpoint, Address]] = []
    try:
        for family, sock in bound:
            node = Node(settings.node, family, chance, loop.time(), _of_family(settings, family))
            endpoint = _Endpoint(node, loop)
            host, port = sock.getsockname()[:2]
            await loop.create_datagram_endpoint(lambda e=endpoint: e, sock=sock)  # type: ignore[misc] # the default argument holds this round's value
            endpoints.append((endpoint, (host, port)))
        known = asyncio.Event()
        machines = [endpoint for endpoint, _ in endpoints]
        async with keeping_entrances(settings.bootstrap, machines, known, loop.time):
            yield Dht(endpoints, known)
    finally:
        for endpoint, _ in endpoints:
            endpoint.close()
        for _, sock in bound[len(endpoints) :]:
            sock.close()


def _bind_all(settings: DhtSettings) -> list[tuple[Family, socket.socket]]:
    bound: list[tuple[Family, socket.socket]] = []
    failures: list[tuple[Address, OSError]] = []
    for host, port in settings.listen:
        family: Family = 6 if ":" in host else 4
        try:
            bound.append((family, _bind(family, host, port, any_port=settings.any_port)))
        except OSError as error:
            failures.append(((host, port), error))
    if not bound and failures:
        raise failures[0][1]
    for (host, port), failure in failures:
        _log.warning("the DHT cannot use %s port %d: %s", host, port, failure.strerror)
    return bound


def _bind(family: Family, host: str, port: int, *, any_port: bool) -> socket.socket:
    sock = socket.socket(socket.AF_INET6 if family == 6 else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        if family == 6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            sock.bind((host, port))
        except OSError as error:
            if not any_port or error.errno != errno.EADDRINUSE:
                raise
            sock.bind((host, 0))
            _log.warning("UDP port %d is taken; the DHT uses %d", port, sock.getsockname()[1])
    except OSError:
        sock.close()
        raise
    return sock


def _of_family(settings: DhtSettings, family: Family) -> list[Contact]:
    return [contact for contact in settings.contacts if family_of(contact.address) == family]


def _only_newer(
    on_item: Callable[[MutableItem], None] | None,
) -> Callable[[MutableItem], None]:
    """Passes on what is more recent than everything before it; families answer side by side."""
    newest: MutableItem | None = None

    def hear(item: MutableItem) -> None:
        nonlocal newest
        if on_item is not None and (newest is None or item.more_recent_than(newest)):
            newest = item
            on_item(item)

    return hear


def _with_one_own_copy(reports: Sequence[PutReport]) -> tuple[NodeOutcome, ...]:
    """Every outcome; the nodes of both families are one node's, so their own copies count once."""
    outcomes = [outcome for report in reports for outcome in report.outcomes]
    own = [outcome for outcome in outcomes if outcome.address == OURSELVES]
    others = [outcome for outcome in outcomes if outcome.address != OURSELVES]
    return (*own[:1], *others)


def _common_conflict(reports: Sequence[PutReport]) -> Literal["cas", "outdated"] | None:
    """What every family that was asked says; a conflict that was found before any put included."""
    asked = [report for report in reports if report.queried or report.conflict]
    conflicts = {report.conflict for report in asked}
    return conflicts.pop() if len(conflicts) == 1 else None


def _now() -> float:
    return asyncio.get_running_loop().time()
