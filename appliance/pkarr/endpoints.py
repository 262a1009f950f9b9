"""Where to connect for a host name that ends in a key (discovery 4)."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from appliance.errors import PubkyError
from appliance.pkarr.resolver import Resolver
from appliance.pubky.dns_message import (
    PARAM_HTTP_PORT,
    PARAM_PORT,
    TYPE_A,
    TYPE_AAAA,
    TYPE_HTTPS,
    Name,
    Record,
    ServiceBinding,
    name_text,
    parse_name,
)
from appliance.pubky.keys import PublicKey
from appliance.pubky.records import lenient_key
from appliance.pubky.signed_packets import SignedPacket

# Packets that one look-up may go through, and what the iteration ends at.
MAX_DEPTH = 7


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One place to connect to. `public_key` signed the packet that names it.

    `port` is 0 without a port parameter. `addresses` are those of the packet's apex when the target
    is `.`, which is written as the empty name.
    """

    public_key: PublicKey
    target: str
    port: int
    params: dict[int, bytes] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()

    @property
    def domain(self) -> str | None:
        """The ICANN domain to connect to; None when the addresses are meant."""
        return self.target or None

    @property
    def http_port(self) -> int | None:
        """The private parameter of homeservers on `localhost`; None without one of two bytes."""
        value = self.params.get(PARAM_HTTP_PORT, b"")
        return int.from_bytes(value, "big") if len(value) == 2 else None


async def endpoints(
    resolver: Resolver, host: str, record_type: int = TYPE_HTTPS
) -> AsyncIterator[Endpoint]:
    """The endpoints of a host name, best first; none when its packet cannot be found.

    A packet on the way that cannot be found, or one too deep, ends the whole iteration, as in
    official clients. Raises `invalid` when the name does not end in a key.
    """
    packet = await _packet(resolver, lenient_key(host))
    if packet is None:
        return
    stack = _endpoints_at(packet, parse_name(host), record_type)
    depth = 1
    while stack:
        endpoint = stack.pop()
        key = _key_of(endpoint.target)
        if key is None:
            yield endpoint
            continue
        if depth >= MAX_DEPTH:
            return
        packet = await _packet(resolver, key)
        if packet is None:
            return
        depth += 1
        stack += _endpoints_at(packet, parse_name(endpoint.target), record_type)


async def _packet(resolver: Resolver, key: PublicKey) -> SignedPacket | None:
    resolution = await resolver.resolve(key)
    return resolution.stored.packet if resolution.stored is not None else None


def _endpoints_at(packet: SignedPacket, name: Name, record_type: int) -> list[Endpoint]:
    """The endpoints that a packet has for exactly this name, the best last."""
    bindings = [
        binding
        for record in packet.records
        if record.record_type == record_type
        and record.owner == name
        and (binding := _binding(record)) is not None
    ]
    # Equals take turns, so that load is shared (RFC 9460 2.4.1).
    random.shuffle(bindings)
    bindings.sort(key=lambda binding: -binding.priority)
    addresses = _addresses(packet)
    return [
        Endpoint(
            public_key=packet.public_key,
            target=name_text(binding.target),
            port=int.from_bytes(binding.params.get(PARAM_PORT, b""), "big"),
            params=binding.params,
            addresses=() if binding.target else addresses,
        )
        for binding in bindings
    ]


def _binding(record: Record) -> ServiceBinding | None:
    try:
        return ServiceBinding.from_rdata(record.rdata)
    except PubkyError:  # a record without content
        return None


def _addresses(packet: SignedPacket) -> tuple[str, ...]:
    apex = (packet.public_key.z32.encode(),)
    found = []
    for record in packet.records:
        if record.owner == apex and record.record_type == TYPE_A and len(record.rdata) == 4:
            found.append(str(IPv4Address(record.rdata)))
        elif record.owner == apex and record.record_type == TYPE_AAAA and len(record.rdata) == 16:
            found.append(str(IPv6Address(record.rdata)))
    return tuple(found)


def _key_of(target: str) -> PublicKey | None:
    try:
        return lenient_key(target) if target else None
    except PubkyError:  # a domain
        return None
