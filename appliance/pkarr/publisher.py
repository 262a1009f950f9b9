"""Publishes this node's own packet: at the start, every hour, and whenever it has changed."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from appliance import background
from appliance.background import NotYetError
from appliance.clock import Clock
from appliance.errors import PubkyError
from appliance.pkarr.keeping import KeptPackets
from appliance.pkarr.publishing import KEPT_OF_OWN_KEY, Attempt, Publishing
from appliance.pkarr.resolver import Resolver
from appliance.pubky.dns_message import Record
from appliance.pubky.keys import Keypair
from appliance.pubky.records import homeserver_records
from appliance.pubky.signed_packets import SignedPacket, signed_message

EVERY_S = 3600.0


@dataclass(frozen=True, slots=True)
class OwnAddress:
    """What this node says of itself; None where there is nothing to say.

    `tls_port` None leaves the direct way out. `http_port` is said for the domain localhost only.
    """

    ipv4: str | None
    ipv6: str | None
    tls_port: int | None
    domain: str | None
    http_port: int

    @property
    def is_reachable(self) -> bool:
        """Whether anybody could connect by it."""
        has_direct = self.tls_port is not None and (self.ipv4 or self.ipv6)
        return bool(has_direct or self.domain)

    def records(self) -> tuple[Record, ...]:
        """The records of the packet (discovery 8.1); raises `invalid` for no address or domain."""
        addresses = [address for address in (self.ipv4, self.ipv6) if address]
        return homeserver_records(addresses, self.tls_port, self.domain, self.http_port)


class Publisher:
    """Keeps this node's packet alive in the network."""

    def __init__(
        self,
        keypair: Keypair,
        address: Callable[[], OwnAddress],
        resolver: Resolver,
        publishing: Publishing,
        kept: KeptPackets,
        clock: Clock,
    ) -> None:
        self.sooner = asyncio.Event()
        """Set when something has changed that the packet says."""
        self._one_at_a_time = asyncio.Lock()
        self._keypair = keypair
        self._address = address
        self._resolver = resolver
        self._publishing = publishing
        self._kept = kept
        self._clock = clock

    async def follow(self) -> None:
        """Publish for ever; what fails is tried again soon."""

        async def step() -> None:
            self.sooner.clear()
            attempt = await self.publish()
            if not attempt.is_published:
                reasons = {part.detail for part in attempt.parts if part.detail}
                raise NotYetError("; ".join(sorted(reasons)) or "nobody took it")

        await background.every(
            EVERY_S, step, what="publishing the packet of this node", sooner=self.sooner
        )

    async def publish(self) -> Attempt:
        """One attempt, noted in the history; two at once would be each other's conflict."""
        async with self._one_at_a_time:
            attempt = await self._attempt()
            await self._publishing.note(attempt, KEPT_OF_OWN_KEY)
            return attempt

    async def wanted(self) -> tuple[Record, ...]:
        """The records that the packet should have now; raises `invalid`."""
        return self._address().records()

    async def _attempt(self) -> Attempt:
        key = self._keypair.public_key
        address = self._address()
        if not address.is_reachable:
            return self._publishing.nothing_sent(
                key, "failed", "no public address is known yet, and there is no domain"
            )
        packet = await self._packet(address)
        await self._kept.keep(packet, self._clock())
        self._resolver.cache.see(packet)
        attempt = await self._publishing.publish(packet, on_relays=True)
        if not attempt.is_conflict:
            return attempt
        # Somebody holds a newer packet that the search did not find: once more, dated later.
        later = await self._signed(address, packet.timestamp_us + 1)
        await self._kept.keep(later, self._clock())
        self._resolver.cache.see(later)
        return await self._publishing.publish(later, on_relays=True)

    async def _packet(self, address: OwnAddress) -> SignedPacket:
        """The packet as it was published last, when that still says what is true and nobody holds a
        newer one; otherwise a new one that replaces whatever there is."""
        key = self._keypair.public_key
        kept = await self._kept.find(key)
        found = await self._resolver.resolve(key, "NetworkOnly")
        newest = max(
            (stored.packet for stored in (kept, found.stored) if stored is not None),
            key=lambda packet: (packet.timestamp_us, packet.dns_message),
            default=None,
        )
        later_than_us = max(newest.timestamp_us if newest else 0, found.invalid_seq or 0)
        packet = await self._signed(address, later_than_us + 1)
        is_same = newest is not None and newest.dns_message == packet.dns_message
        if newest is not None and is_same and (found.invalid_seq or 0) <= newest.timestamp_us:
            return newest
        return packet

    async def _signed(self, address: OwnAddress, least_us: int) -> SignedPacket:
        return SignedPacket.sign(self._keypair, address.records(), max(self._clock(), least_us))


def says(packet: SignedPacket, address: OwnAddress) -> bool:
    """Whether a packet says what it should."""
    try:
        return signed_message(packet.public_key, address.records()) == packet.dns_message
    except PubkyError:
        return False
