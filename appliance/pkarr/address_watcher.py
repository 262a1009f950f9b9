"""Which address others reach this node at, found out again and again.

Four witnesses, the most trustworthy first: the router by NAT-PMP, a page that the operator chose,
what most nodes of the DHT see, and this machine's own interfaces if their address is public.
"""

import asyncio
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
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
MAX_ECHO_BYTES = 64
# Reserved for documentation (RFC 5737, RFC 3849): connecting a UDP socket sends nothing.
_ELSEWHERE = {4: ("192.0.2.1", 9), 6: ("2001:db8::1", 9)}

Family = Literal[4, 6]
Witness = Callable[[Family], str | None]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Watching:
    """What is watched. `ports` are let through by the router when it is asked."""

    ipv4: bool
    ipv6: bool
    echo_url: str = ""
    nat_pmp: bool = False
    ports: tuple[tuple[Literal["udp", "tcp"], int], ...] = ()
    gateway: str | None = None


class AddressWatcher:
    """The latest findings; `changed` is called when they differ from those before."""

    def __init__(
        self, watching: Watching, seen_by_others: Witness, changed: Callable[[], None]
    ) -> None:
        self.ipv4: str | None = None
        self.ipv6: str | None = None
        self._watching = watching
        self._seen_by_others = seen_by_others
        self._changed = changed
        self._echoed: str | None = None
        self._routed: str | None = None
        self._echo_due_s = 0.0
        self._map_due_s = 0.0

    async def follow(self) -> None:
        """Watch for ever."""
        await background.every(WATCH_EVERY_S, self.look, what="looking for the public address")

    async def look(self) -> None:
        """Ask every witness whose turn it is, and tell when the address is another one."""
        now_s = asyncio.get_running_loop().time()
        if self._watching.nat_pmp and now_s >= self._map_due_s:
            await self._ask_router(now_s)
        if self._watching.echo_url and now_s >= self._echo_due_s:
            self._echo_due_s = now_s + ECHO_EVERY_S
            self._echoed = await echoed_address(self._watching.echo_url) or self._echoed
        found = (
            self._judge(4) if self._watching.ipv4 else None,
            self._judge(6) if self._watching.ipv6 else None,
        )
        if found != (self.ipv4, self.ipv6):
            _log.info("the public address is %s", " and ".join(filter(None, found)) or "unknown")
            self.ipv4, self.ipv6 = found
            self._changed()

    def _judge(self, family: Family) -> str | None:
        witnesses = (
            self._routed if family == 4 else None,
            self._echoed,
            self._seen_by_others(family),
            local_address(family),
        )
        return next((text for text in witnesses if text and is_public(text, family)), None)

    async def _ask_router(self, now_s: float) -> None:
        gateway = self._watching.gateway or _gateway()
        if gateway is None:
            return
        try:
            answer = await nat_pmp.ask(gateway, nat_pmp.address_request())
            self._routed = str(nat_pmp.read_address(answer))
            for protocol, port in self._watching.ports:
                request = nat_pmp.mapping_request(protocol, port, nat_pmp.LIFETIME_S)
                nat_pmp.read_mapping(await nat_pmp.ask(gateway, request), protocol)
        except (OSError, TimeoutError, PubkyError) as error:
            _log.info("the router %s gives no way in: %s", gateway, error)
            return
        self._map_due_s = now_s + MAP_EVERY_S


async def echoed_address(url: str) -> str | None:
    """The address that a page says we come from; None when it says nothing of the kind."""
    try:
        async with (
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
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
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
