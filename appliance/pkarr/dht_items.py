"""Signed packets as the DHT keeps them: mutable items without salt (discovery 2.1)."""

from appliance.errors import PubkyError, invalid
from appliance.mainline.items import MutableItem
from appliance.pubky.keys import PublicKey
from appliance.pubky.signed_packets import SignedPacket

# BEP 44 counts in signed 64-bit numbers; packets over HTTP may be dated later.
LATEST_SEQ = 2**63 - 1


def item_of(packet: SignedPacket) -> MutableItem:
    """The item to store; raises `invalid` for a packet dated beyond what the DHT can count."""
    if packet.timestamp_us > LATEST_SEQ:
        raise invalid("Signed packet: timestamp out of the DHT's range")
    return MutableItem.of(
        packet.public_key.raw, packet.timestamp_us, packet.signature, packet.dns_message
    )


def packet_of(item: MutableItem) -> SignedPacket | None:
    """The packet in an item of the DHT, or None when its value is none."""
    if item.value is None or item.seq < 0 or item.salt:
        return None
    try:
        return SignedPacket(
            PublicKey.from_bytes(item.public_key), item.signature, item.seq, item.value
        )
    except PubkyError:  # a stranger's item need not be a packet
        return None
