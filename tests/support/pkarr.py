"""The pkarr parts of a node, put together without the node."""

from appliance.clock import Clock, system_clock
from appliance.mainline.udp import Dht
from appliance.pkarr.packet_cache import PacketCache
from appliance.pkarr.packet_store import PacketStore
from appliance.pkarr.relay_client import RelayClient
from appliance.pkarr.resolver import Resolver
from appliance.pubky.dns_message import Record
from appliance.pubky.keys import Keypair, PublicKey
from appliance.pubky.records import user_record
from appliance.pubky.signed_packets import SignedPacket


def resolver_of(
    dht: Dht | None = None,
    *relays: RelayClient,
    clock: Clock = system_clock,
    capacity: int = 100,
) -> Resolver:
    """A resolver with an empty cache."""
    return Resolver(PacketCache(clock, capacity), dht, relays, clock)


def store_in_memory(clock: Clock, capacity: int) -> PacketStore:
    """What a relay has without any network."""
    return PacketStore(resolver_of(clock=clock, capacity=capacity), None)


def packet_of_user(keypair: Keypair, homeserver: PublicKey, timestamp_us: int) -> SignedPacket:
    """What a client publishes at sign-up."""
    return SignedPacket.sign(keypair, [user_record(homeserver)], timestamp_us)


def small_packet(keypair: Keypair, timestamp_us: int, content: bytes = b"") -> SignedPacket:
    """A packet with one record of a private type, good for an hour."""
    return SignedPacket.sign(keypair, [Record((), 65432, 3600, content)], timestamp_us)
