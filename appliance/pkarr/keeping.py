"""Keeps packets in the tables: those of this node and of its users, for as long as they live."""

from appliance.errors import PubkyError
from appliance.metadata import packets, users
from appliance.metadata.store import Metadata, Tx
from appliance.pkarr.packet_cache import StoredPacket
from appliance.pubky.keys import PublicKey
from appliance.pubky.signed_packets import SignedPacket


class KeptPackets:
    """The packets that are kept, newest of each key only."""

    def __init__(self, metadata: Metadata, own_key: PublicKey) -> None:
        self._metadata = metadata
        self._own_key = own_key

    async def find(self, key: PublicKey) -> StoredPacket | None:
        """The packet kept for a key; one that cannot be read any more counts as none."""
        kept = await self._metadata.peek(packets.find, key.z32)
        return _read(kept) if kept is not None else None

    async def keep(self, packet: SignedPacket, seen_us: int) -> bool:
        """Keep a packet of this node or of one of its users, unless a newer one is kept.

        False when it was not kept.
        """
        is_own = packet.public_key == self._own_key
        return await self._metadata.write(_keep, packet, seen_us, is_own=is_own)


def _read(kept: packets.KeptPacket) -> StoredPacket | None:
    try:
        return StoredPacket(SignedPacket.from_bytes(kept.raw), kept.last_seen_us)
    except PubkyError:
        return None


def _keep(tx: Tx, packet: SignedPacket, seen_us: int, *, is_own: bool) -> bool:
    key = packet.public_key.z32
    if not is_own and users.find(tx, key) is None:
        return False
    kept = packets.find(tx, key)
    held = _read(kept) if kept is not None else None
    if held is not None and held.packet.more_recent_than(packet):
        return False
    packets.keep(tx, key, packet.to_bytes(), seen_us)
    return True
