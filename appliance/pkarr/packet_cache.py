"""The packets that were seen last, in memory, by key."""

from collections import OrderedDict
from dataclasses import dataclass, replace

from appliance.clock import Clock
from appliance.pubky.keys import PublicKey
from appliance.pubky.signed_packets import SignedPacket

# A moment further ahead was noted by a clock that was wrong (discovery 2.1).
MAX_CLOCK_SKEW_US = 60_000_000


@dataclass(frozen=True, slots=True)
class StoredPacket:
    """A packet and the moment it was last received, in microseconds since the Unix epoch."""

    packet: SignedPacket
    last_seen_us: int


class PacketCache:
    """At most `capacity` packets; the one that was used longest ago is forgotten."""

    def __init__(self, clock: Clock, capacity: int) -> None:
        self._clock = clock
        self._capacity = capacity
        self._packets: OrderedDict[PublicKey, StoredPacket] = OrderedDict()

    def __len__(self) -> int:
        """How many keys have a packet here."""
        return len(self._packets)

    def find(self, key: PublicKey) -> StoredPacket | None:
        """The packet held for a key, whatever its age."""
        stored = self._packets.get(key)
        if stored is not None:
            self._packets.move_to_end(key)
        return stored

    def see(self, packet: SignedPacket) -> bool:
        """Note that a packet was seen now; False when a more recent one is held."""
        return self.keep(StoredPacket(packet, self._clock()))

    def keep(self, seen: StoredPacket) -> bool:
        """Hold a packet unless a more recent one is held, or the same one seen later."""
        latest_us = self._clock() + MAX_CLOCK_SKEW_US
        if seen.last_seen_us > latest_us:
            seen = replace(seen, last_seen_us=0)
        key = seen.packet.public_key
        held = self._packets.get(key)
        if held is not None:
            if held.packet.more_recent_than(seen.packet):
                return False
            is_same = held.packet == seen.packet
            if is_same and seen.last_seen_us <= held.last_seen_us <= latest_us:
                return True
        self._packets[key] = seen
        self._packets.move_to_end(key)
        if len(self._packets) > self._capacity:
            self._packets.popitem(last=False)
        return True

    def doubt(self, packet: SignedPacket) -> None:
        """Look this packet's key up again before the next answer: others hold something else."""
        held = self._packets.get(packet.public_key)
        if held is not None and held.packet == packet:
            self._packets[packet.public_key] = replace(held, last_seen_us=0)

    def is_fresh(self, stored: StoredPacket) -> bool:
        """Whether a packet need not be looked up again yet (discovery 2.5)."""
        now_us = self._clock()
        if stored.last_seen_us > now_us + MAX_CLOCK_SKEW_US:
            return False
        return stored.packet.expires_in(stored.last_seen_us, now_us) > 0
