"""Where signed packets are found and published, and the rules by which one replaces another."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal, Protocol

from appliance.clock import Clock
from appliance.pubky.keys import PublicKey
from appliance.pubky.signed_packets import SignedPacket

ResolvePolicy = Literal["CacheFirst", "CacheOnly", "NetworkOnly"]

PublishOutcome = Literal["stored", "outdated", "mismatch"]
"""`outdated`: a more recent packet is held. `mismatch`: another than the expected one is held."""


@dataclass(frozen=True, slots=True)
class StoredPacket:
    """A packet and the moment it was last received, in microseconds since the Unix epoch."""

    packet: SignedPacket
    last_seen_us: int


@dataclass(frozen=True, slots=True)
class Publication:
    """What became of a packet; `stored_nodes` counts DHT nodes, `None` when none were asked."""

    outcome: PublishOutcome
    stored_nodes: int | None = None


class PacketStore(Protocol):
    """The surface shared by a store in memory and one with the DHT behind it."""

    async def find(
        self, key: PublicKey, policy: ResolvePolicy = "CacheFirst"
    ) -> StoredPacket | None:
        """The most recent packet of a key that the policy can reach."""

    async def publish(self, packet: SignedPacket, if_match: int | None = None) -> Publication:
        """Keep a packet unless a more recent one is held.

        `if_match` is the timestamp (µs) of the packet the publisher saw last. It refuses the packet
        only when another one is held: after a failed attempt clients name a packet that never
        arrived (discovery 3.2).
        """


class MemoryPacketStore:
    """At most `capacity` packets in memory; the one that was used longest ago is evicted."""

    def __init__(self, clock: Clock, capacity: int) -> None:
        self._clock = clock
        self._capacity = capacity
        self._packets: OrderedDict[PublicKey, StoredPacket] = OrderedDict()

    async def find(
        self, key: PublicKey, policy: ResolvePolicy = "CacheFirst"
    ) -> StoredPacket | None:
        """The packet held for a key, whatever its age; no policy can reach further than memory."""
        del policy
        stored = self._packets.get(key)
        if stored is not None:
            self._packets.move_to_end(key)
        return stored

    async def publish(self, packet: SignedPacket, if_match: int | None = None) -> Publication:
        """Keep a packet by the rules of relays, in their order (discovery 6.4)."""
        key = packet.public_key
        held = self._packets.get(key)
        if held is not None:
            if held.packet.more_recent_than(packet):
                return Publication("outdated")
            if if_match is not None and held.packet.timestamp_us != if_match:
                return Publication("mismatch")
        self._packets[key] = StoredPacket(packet, self._clock())
        self._packets.move_to_end(key)
        if len(self._packets) > self._capacity:
            self._packets.popitem(last=False)
        return Publication("stored")
