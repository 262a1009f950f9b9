"""Node ids, the addresses that ids belong to, and how both are written in datagrams.

BEP 42 ties the first 21 bits of an id to the address of its node, so that nobody chooses where in
the id space he stands. Addresses of local networks are exempt.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import Literal

from appliance.errors import invalid

ID_BYTES = 20

# A stranger's contacts are read again and again while a search comes closer.
_REMEMBERED = 8192

Address = tuple[str, int]
"""Numeric host text and port."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A node that can be asked: its id and where it listens."""

    id: bytes
    address: Address


def distance(a: bytes, b: bytes) -> int:
    """How far apart two ids are: XOR, read as a number (BEP 5)."""
    return int.from_bytes(a, "big") ^ int.from_bytes(b, "big")


def _crc32c_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        rest = byte
        for _ in range(8):
            rest = (rest >> 1) ^ (0x82F63B78 if rest & 1 else 0)
        table.append(rest)
    return tuple(table)


_CRC32C = _crc32c_table()


def crc32c(data: bytes) -> int:
    """The Castagnoli checksum of RFC 3720, appendix B.4."""
    rest = 0xFFFFFFFF
    for byte in data:
        rest = _CRC32C[(rest ^ byte) & 0xFF] ^ (rest >> 8)
    return rest ^ 0xFFFFFFFF


def is_ipv6(host: str) -> bool:
    """Which of the two families a numeric host text belongs to."""
    return ":" in host


def family_of(address: Address) -> Literal[4, 6]:
    """The family of an address, 4 or 6."""
    return 6 if is_ipv6(address[0]) else 4


@lru_cache(maxsize=_REMEMBERED)
def is_local(host: str) -> bool:
    """Loopback, private and link-local addresses: BEP 42 does not bind ids to them.

    Raises `invalid` for a text that is no numeric address.
    """
    packed = _packed(host)
    if len(packed) == 4:
        first, second = packed[0], packed[1]
        return (
            first in (10, 127)
            or (first == 172 and 16 <= second <= 31)
            or (first == 192 and second == 168)
            or (first == 169 and second == 254)
        )
    is_loopback = packed == bytes(15) + b"\1"
    is_unique_local = packed[0] & 0xFE == 0xFC
    is_link_local = packed[0] == 0xFE and packed[1] & 0xC0 == 0x80
    return is_loopback or is_unique_local or is_link_local


@lru_cache(maxsize=_REMEMBERED)
def _required_prefix(host: str, last_byte: int) -> int | None:
    """The 21 bits that an id with this last byte must start with at this host; None if exempt."""
    if is_local(host):
        return None
    packed = _packed(host)
    mask = b"\x03\x0f\x3f\xff" if len(packed) == 4 else b"\x01\x03\x07\x0f\x1f\x3f\x7f\xff"
    masked = bytearray(byte & bits for byte, bits in zip(packed, mask, strict=False))
    masked[0] |= (last_byte & 7) << 5
    return crc32c(bytes(masked)) >> 11


def is_secure(node_id: bytes, host: str) -> bool:
    """Whether BEP 42 lets a node at this host have this id.

    Raises `invalid` for a host that is no numeric address.
    """
    required = _required_prefix(host, node_id[19])
    return required is None or required == int.from_bytes(node_id[:3], "big") >> 3


def secure_id(host: str, random_bytes: bytes) -> bytes:
    """The id for a node at this host, made of 20 random bytes (BEP 42)."""
    required = _required_prefix(host, random_bytes[19])
    if required is None:
        return random_bytes
    free = random_bytes[2] & 7
    return ((required << 3) | free).to_bytes(3, "big") + random_bytes[3:]


def _packed(host: str) -> bytes:
    """The 4 or 16 bytes of a numeric address; the zone of an IPv6 address is left out."""
    try:
        if is_ipv6(host):
            return inet_pton(AF_INET6, host.partition("%")[0])
        return inet_pton(AF_INET, host)
    except (OSError, ValueError):
        raise invalid("not a numeric address") from None


def compact_address(address: Address) -> bytes:
    """6 bytes for IPv4 (BEP 5), 18 for IPv6 (BEP 32). Raises `invalid` unless it is numeric."""
    host, port = address
    return _packed(host) + port.to_bytes(2, "big")


def read_compact_address(compact: bytes) -> Address:
    """What `compact_address` wrote. Raises `invalid` unless there are 6 or 18 bytes."""
    if len(compact) == 6:
        return inet_ntop(AF_INET, compact[:4]), compact[4] << 8 | compact[5]
    if len(compact) == 18:
        return inet_ntop(AF_INET6, compact[:16]), compact[16] << 8 | compact[17]
    raise invalid("a compact address has 6 or 18 bytes")


_MAPPED = bytes(10) + b"\xff\xff"


def is_reachable(compact: bytes) -> bool:
    """Whether a datagram could go to this compact address of one node.

    Strangers name port 0, multicast and broadcast addresses, and IPv4 in the clothes of IPv6.
    """
    if compact[-2:] == b"\0\0":
        return False
    if len(compact) == 6:
        return 0 < compact[0] < 224
    return compact[0] != 0xFF and compact[:12] != _MAPPED and compact[:16] != bytes(16)


def compact_contacts(contacts: Iterable[Contact]) -> bytes:
    """26 bytes for each IPv4 contact, 38 for IPv6; the caller keeps the families apart."""
    return b"".join([contact.id + compact_address(contact.address) for contact in contacts])


def read_compact_contacts(compact: bytes, size: int) -> list[Contact]:
    """The contacts of one family: `size` is 26 (IPv4) or 38 (IPv6).

    Contacts that nobody can reach are left out. Raises `invalid` for a part of a contact.
    """
    if len(compact) % size:
        raise invalid("the list of nodes ends within a node")
    pieces = [_contact(compact[at : at + size]) for at in range(0, len(compact), size)]
    return [contact for contact in pieces if contact is not None]


@lru_cache(maxsize=_REMEMBERED)
def _contact(compact: bytes) -> Contact | None:
    if not is_reachable(compact[ID_BYTES:]):
        return None
    return Contact(compact[:ID_BYTES], read_compact_address(compact[ID_BYTES:]))
