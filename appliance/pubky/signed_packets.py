"""Signed packets: DNS records under a key's signature, in each of their byte layouts.

A `SignedPacket` that exists has been verified: its constructor checks sizes, signature and DNS
message. Timestamps count microseconds since the Unix epoch; their order decides which packet wins.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from appliance.errors import invalid
from appliance.pubky.dns_message import (
    CLASS_MASK,
    Name,
    Record,
    parse_message,
    parse_name,
    write_message,
)
from appliance.pubky.keys import Keypair, PublicKey

MAX_DNS_BYTES = 1000
# libtorrent limits the bencoded value to 1000 bytes, so it refuses raw ones from 997 (error 205).
MAX_SIGNED_DNS_BYTES = 996
MAX_PACKET_BYTES = 1104
MIN_TTL_S = 300
MAX_TTL_S = 86_400

_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_TIMESTAMP_BYTES = 8
_PAYLOAD_HEAD_BYTES = _SIGNATURE_BYTES + _TIMESTAMP_BYTES
_MAX_TIMESTAMP_US = 2**64 - 1
_US_PER_S = 1_000_000
_MAX_CLOCK_SKEW_US = 60 * _US_PER_S


@dataclass(frozen=True, slots=True)
class SignedPacket:
    """A verified packet; construction raises `invalid` for anything official clients refuse."""

    public_key: PublicKey
    signature: bytes
    timestamp_us: int
    dns_message: bytes
    records: tuple[Record, ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.dns_message) > MAX_DNS_BYTES:
            raise invalid(f"Signed packet: DNS message exceeds {MAX_DNS_BYTES} bytes")
        if not 0 <= self.timestamp_us <= _MAX_TIMESTAMP_US:
            raise invalid("Signed packet: timestamp out of range")
        if not self.public_key.verify(
            signable(self.timestamp_us, self.dns_message), self.signature
        ):
            raise invalid("Signed packet: invalid signature")
        object.__setattr__(self, "records", parse_message(self.dns_message))

    @classmethod
    def sign(cls, keypair: Keypair, records: Iterable[Record], timestamp_us: int) -> "SignedPacket":
        """Build and sign; owner names are made absolute below the key (discovery 2.2).

        Raises `invalid` when the DNS message exceeds 996 bytes.
        """
        message = signed_message(keypair.public_key, records)
        signature = keypair.sign(signable(timestamp_us, message))
        return cls(keypair.public_key, signature, timestamp_us, message)

    @classmethod
    def from_bytes(cls, raw: bytes) -> "SignedPacket":
        """Read the canonical form: key, signature, timestamp, DNS message."""
        return cls.from_relay_payload(PublicKey.from_bytes(raw[:_KEY_BYTES]), raw[_KEY_BYTES:])

    @classmethod
    def from_relay_payload(cls, public_key: PublicKey, payload: bytes) -> "SignedPacket":
        """Read an HTTP body: signature, timestamp (u64, big-endian), DNS message."""
        if len(payload) < _PAYLOAD_HEAD_BYTES:
            raise invalid(f"Signed packet: shorter than {_PAYLOAD_HEAD_BYTES} bytes")
        return cls(
            public_key,
            payload[:_SIGNATURE_BYTES],
            int.from_bytes(payload[_SIGNATURE_BYTES:_PAYLOAD_HEAD_BYTES], "big"),
            payload[_PAYLOAD_HEAD_BYTES:],
        )

    @classmethod
    def from_cache_record(cls, raw: bytes, now_us: int) -> tuple["SignedPacket", int]:
        """Read a stored packet and the moment it was last seen.

        A moment more than 60 s ahead reads as 0, so that the record counts as expired: the clock
        was wrong when it was written.
        """
        last_seen_us = int.from_bytes(raw[:_TIMESTAMP_BYTES], "big")
        packet = cls.from_bytes(raw[_TIMESTAMP_BYTES:])
        return packet, 0 if last_seen_us > now_us + _MAX_CLOCK_SKEW_US else last_seen_us

    def to_bytes(self) -> bytes:
        """The canonical form, at most 1104 bytes."""
        return self.public_key.raw + self.relay_payload

    @property
    def relay_payload(self) -> bytes:
        """The canonical form without the key, at most 1072 bytes."""
        timestamp = self.timestamp_us.to_bytes(_TIMESTAMP_BYTES, "big")
        return self.signature + timestamp + self.dns_message

    def to_cache_record(self, last_seen_us: int) -> bytes:
        """The moment of receipt and the canonical form."""
        return last_seen_us.to_bytes(_TIMESTAMP_BYTES, "big") + self.to_bytes()

    def more_recent_than(self, other: "SignedPacket") -> bool:
        """Later timestamp, or on a tie the larger DNS bytes: the DHT's rule for (seq, v)."""
        return recency(self.timestamp_us, self.dns_message) > recency(
            other.timestamp_us, other.dns_message
        )

    def ttl(self, minimum_s: int = MIN_TTL_S, maximum_s: int = MAX_TTL_S) -> int:
        """Seconds that the packet may be cached: its smallest record TTL within the limits."""
        shortest = min((record.ttl for record in self.records), default=minimum_s)
        return min(max(shortest, minimum_s), maximum_s)

    def expires_in(
        self,
        last_seen_us: int,
        now_us: int,
        minimum_s: int = MIN_TTL_S,
        maximum_s: int = MAX_TTL_S,
    ) -> int:
        """Seconds until a packet seen at `last_seen_us` must be looked up again, never negative."""
        elapsed_s = max(0, now_us - last_seen_us) // _US_PER_S
        return max(0, self.ttl(minimum_s, maximum_s) - elapsed_s)


def signed_message(public_key: PublicKey, records: Iterable[Record]) -> bytes:
    """The DNS message that a key's packet of these records has; raises `invalid` as `sign` does."""
    origin = parse_name(public_key.z32)
    message = write_message(tuple(_publishable(record, origin) for record in records))
    if len(message) > MAX_SIGNED_DNS_BYTES:
        raise invalid(
            f"DNS Packet is too large, expected max {MAX_SIGNED_DNS_BYTES} bytes "
            f"but got: {len(message)}"
        )
    return message


def signable(timestamp_us: int, dns_message: bytes) -> bytes:
    """The bytes that are signed: `seq` and `v` of a mutable item without salt (BEP 44)."""
    return b"3:seqi%de1:v%d:%b" % (timestamp_us, len(dns_message), dns_message)


def recency(timestamp_us: int, dns_message: bytes) -> tuple[int, bytes]:
    """The sort key of packets of one key: the greatest is the most recent."""
    return timestamp_us, dns_message


def dht_target(public_key: PublicKey) -> bytes:
    """Where the DHT keeps the packet of a key: SHA-1 of the key, 20 bytes (BEP 44, no salt)."""
    return hashlib.sha1(public_key.raw, usedforsecurity=False).digest()


def absolute_name(name: Name, origin: Name) -> Name:
    """An owner name below `origin`: `@` and the root stand for the origin itself (2.2)."""
    if not name or name[-1] == b"@":
        return origin
    return name if name[-1:] == origin else name + origin


def _publishable(record: Record, origin: Name) -> Record:
    # The cache-flush bit belongs to multicast DNS; official clients drop it when they publish.
    record_class = record.record_class & CLASS_MASK
    return replace(record, owner=absolute_name(record.owner, origin), record_class=record_class)
