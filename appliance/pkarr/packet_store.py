"""What stands behind the pkarr relay: the resolver, the DHT, and the rules by which one packet
replaces another (discovery 6)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from appliance.errors import PubkyError
from appliance.mainline.udp import Dht
from appliance.pkarr.dht_items import item_of
from appliance.pkarr.packet_cache import StoredPacket
from appliance.pkarr.resolver import ResolvePolicy, Resolver
from appliance.pubky.keys import PublicKey
from appliance.pubky.signed_packets import SignedPacket

PublishOutcome = Literal["stored", "outdated", "mismatch", "concurrent", "failed"]
"""`outdated`: a more recent packet is held. `mismatch`: another than the expected one is held.
`concurrent`: another packet of this key is on its way. `failed`: no node of the DHT took it."""

INVALID_SEQ_HEADER = "pkarr-invalid-signed-packet-seq"

Keep = Callable[[SignedPacket], Awaitable[None]]
"""Keeps the packet of somebody who lives here for longer than a cache does."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What became of a packet; `stored_nodes` counts DHT nodes, `None` when none were asked."""

    outcome: PublishOutcome
    stored_nodes: int | None = None


class PacketStore:
    """Packets found and published for clients that cannot reach the DHT themselves."""

    def __init__(self, resolver: Resolver, dht: Dht | None, keep: Keep | None = None) -> None:
        self._resolver = resolver
        self._dht = dht
        self._keep = keep
        self._on_their_way: dict[PublicKey, SignedPacket] = {}

    async def find(
        self, key: PublicKey, policy: ResolvePolicy = "CacheFirst"
    ) -> StoredPacket | None:
        """The most recent packet of a key that the policy can reach.

        Raises `not_found` with a header when the DHT holds something newer that is no packet, and
        `unavailable` when no node of the DHT answered.
        """
        found = await self._resolver.resolve(key, policy)
        if found.stored is not None:
            return found.stored
        if found.invalid_seq is not None:
            raise PubkyError(
                "not_found", "Not found", **{INVALID_SEQ_HEADER: str(found.invalid_seq)}
            )
        is_asked = self._dht is not None and policy != "CacheOnly"
        if is_asked and not (found.queried and found.responded and found.usable):
            raise PubkyError("unavailable", "no responses from the DHT")
        return None

    async def publish(self, packet: SignedPacket, if_match: int | None = None) -> Publication:
        """Keep a packet unless a more recent one is held, and put it into the DHT.

        `if_match` is the timestamp (µs) of the packet the publisher saw last. It refuses the packet
        only when another one is held: after a failed attempt clients name a packet that never
        arrived (discovery 3.2).
        """
        key = packet.public_key
        cached = await self._resolver.resolve(key, "CacheOnly")
        held = cached.stored.packet if cached.stored is not None else None
        if held is not None:
            if held.more_recent_than(packet):
                return Publication("outdated")
            if if_match is not None and held.timestamp_us != if_match:
                return Publication("mismatch")
        if self._on_their_way.get(key, packet) != packet:
            return Publication("concurrent")
        self._on_their_way[key] = packet
        try:
            return await self._put(packet, if_match)
        finally:
            self._on_their_way.pop(key, None)

    async def _put(self, packet: SignedPacket, if_match: int | None) -> Publication:
        # Before anything is kept: what the DHT cannot count could never be republished.
        item = item_of(packet) if self._dht is not None else None
        self._resolver.cache.see(packet)
        if self._keep is not None:
            await self._keep(packet)
        if self._dht is None or item is None:
            return Publication("stored")
        report = await self._dht.put(item, if_match)
        if report.conflict is not None:
            self._resolver.cache.doubt(packet)
            return Publication("mismatch" if report.conflict == "cas" else "outdated")
        if not report.stored_nodes:
            return Publication("failed")
        return Publication("stored", report.stored_nodes)
