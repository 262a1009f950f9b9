"""Which address others reach this node at, found out again and again.

Five witnesses, the most trustworthy first: the router by NAT-PMP, a page that the operator chose,
some nodes of the DHT that are asked now, what most of its nodes said in passing, and this machine's
own interfaces if their address is public.
"""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv6Address, ip_address
from typing import Literal

import httpx

from appliance import background
from appliance.errors import PubkyError
from appliance.pkarr import nat_pmp

WATCH_EVERY_S = 20.0
# Somebody else's page, so it is asked less often; still a change is known within a minute.
ECHO_EVERY_S = 40.0
ECHO_TIMEOUT_S = 5.0
# A third of the lifetime, so that a missed renewal is made up for.
MAP_EVERY_S = nat_pmp.LIFETIME_S / 3
# A witness that has been silent so many times is not believed any longer.
MOST_SILENCES = 3
MAX_ECHO_BYTES = 64
ROUTER_PORT = nat_pmp.PORT
# Reserved for documentation (RFC 5737, RFC 3849): connecting a UDP socket sends nothing.
_ELSEWHERE = {4: ("192.0.2.1", 9), 6: ("2001:db8::1", 9)}

Family = Literal[4, 6]
Protocol = Literal["udp", "tcp"]
Witness = Callable[[Family], str | None]
Poll = Callable[[Family], Awaitable[str | None]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Watching:
    """What is watched. `ports` are let through by the router when it is asked."""

    ipv4: bool
    ipv6: bool
    echo_url: str = ""
    nat_pmp: bool = False
    ports: tuple[tuple[Protocol, int], ...] = ()
    gateway: str | None = None
    gateway_port: int = ROUTER_PORT


class AddressWatcher:
    """The latest findings; `changed` is called when they differ from those before."""

    def __init__(
        self,
        watching: Watching,
        seen_by_others: Witness,
        asked_others: Poll,
        changed: Callable[[], None],
    ) -> None:
        self.ipv4: str | None = None
        self.ipv6: str | None = None
        self._watching = watching
        self._seen_by_others = seen_by_others
        self._asked_others = asked_others
        self._changed = changed
        self._echoed = _Memory()
        self._polled: dict[Family, _Memory] = {4: _Memory(), 6: _Memory()}
        self._routed = _Memory()
        self._ways_in: dict[tuple[Protocol, int], int] = {}
        self._echo_due_s = 0.0
        self._map_due_s = 0.0

    def external_port(self, protocol: Protocol, port: int) -> int:
        """The port by which others reach one of ours: a router need not give the same number."""
        return self._ways_in.get((protocol, port), port)

    async def follow(self) -> None:
        """Watch for ever."""
        loop = asyncio.get_running_loop()

        async def step() -> None:
            await self.look(loop.time())

        await background.every(WATCH_EVERY_S, step, what="looking for the public address")

    async def look(self, now_s: float) -> None:
        """Ask every witness whose turn it is, and tell when the address is another one.

        `now_s` counts seconds from any moment in the past.
        """
        ways_in_before = dict(self._ways_in)
        if self._watching.nat_pmp:
            self._routed.note(await self._ask_router(now_s))
        if self._watching.echo_url and now_s >= self._echo_due_s:
            self._echo_due_s = now_s + ECHO_EVERY_S
            self._echoed.note(await echoed_address(self._watching.echo_url))
        found = (
            await self._find(4, self.ipv4) if self._watching.ipv4 else None,
            await self._find(6, self.ipv6) if self._watching.ipv6 else None,
        )
        is_elsewhere = found != (self.ipv4, self.ipv6)
        if is_elsewhere:
            _log.info("the public address is %s", " and ".join(filter(None, found)) or "unknown")
            self.ipv4, self.ipv6 = found
        if is_elsewhere or self._ways_in != ways_in_before:
            self._changed()

    async def _find(self, family: Family, before: str | None) -> str | None:
        chosen = (self._routed.text if family == 4 else None, self._echoed.text)
        here = local_address(family)
        # Strangers are not bothered while somebody nearer knows, or nothing has moved.
        if before is None or not (before == here or before in chosen):
            self._polled[family].note(await self._asked_others(family))
        witnesses = (*chosen, self._polled[family].text, self._seen_by_others(family), here)
        return next((text for text in witnesses if text and is_public(text, family)), None)

    async def _ask_router(self, now_s: float) -> str | None:
        """The router's address. A way in is renewed rarely, but a new address must be seen soon."""
        gateway = self._watching.gateway or _gateway()
        if gateway is None:
            return None
        found = None
        try:
            ask = partial(nat_pmp.ask, gateway, port=self._watching.gateway_port)
            answer = await ask(nat_pmp.address_request())
            found = str(nat_pmp.read_address(answer))
            # A router with a new address may have been restarted, and has forgotten the ways in.
            if now_s >= self._map_due_s or found != self._routed.text:
                for protocol, port in self._watching.ports:
                    request = nat_pmp.mapping_request(protocol, port, nat_pmp.LIFETIME_S)
                    mapping = nat_pmp.read_mapping(await ask(request), protocol)
                    self._ways_in[protocol, port] = mapping.external_port
                self._map_due_s = now_s + MAP_EVERY_S
        except (OSError, TimeoutError, PubkyError) as error:
            if not self._routed.is_silent:
                _log.info("the router %s gives no way in: %s", gateway, error)
        return found


class _Memory:
    """What a witness said last, until it has been silent for too long."""

    def __init__(self) -> None:
        self.text: str | None = None
        self._silences = 0

    @property
    def is_silent(self) -> bool:
        """Whether it said nothing the last time."""
        return self._silences > 0

    def note(self, text: str | None) -> None:
        """What it says now; None when it did not answer."""
        self._silences = 0 if text else self._silences + 1
        if text or self._silences >= MOST_SILENCES:
            self.text = text


async def echoed_address(url: str) -> str | None:
    """The address that a page says we come from; None when it says nothing of the kind."""
    try:
        async with (
            asyncio.timeout(ECHO_TIMEOUT_S),
            httpx.AsyncClient(timeout=ECHO_TIMEOUT_S, trust_env=False) as http,
            http.stream("GET", url) as response,
        ):
            text = b""
            async for chunk in response.aiter_bytes():
                text += chunk
                if len(text) > MAX_ECHO_BYTES:
                    return None
            if response.status_code != 200:
                return None
        return str(ip_address(text.decode("ascii", "replace").strip()))
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
        _log.info("%s does not say our address: %s", url, type(error).__name__)
        return None


def local_address(family: Family) -> str | None:
    """The address from which this machine would send to the rest of the world."""
    kind = socket.AF_INET if family == 4 else socket.AF_INET6
    with socket.socket(kind, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_ELSEWHERE[family])
        except OSError:
            return None
        return str(probe.getsockname()[0])


def is_public(text: str, family: Family) -> bool:
    """Whether others can reach this address, by what is known of it."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if address.version != family or (isinstance(address, IPv6Address) and address.ipv4_mapped):
        return False
    return address.is_global and not address.is_multicast


def _gateway() -> str | None:
    try:
        return nat_pmp.default_gateway(nat_pmp.ROUTES.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
