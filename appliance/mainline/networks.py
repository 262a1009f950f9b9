"""Groups of addresses that one person may hold: what counts as one voice, one guest, one owner."""

from functools import lru_cache

from appliance.mainline.node_ids import compact_address, is_ipv6

_REMEMBERED = 8192


@lru_cache(maxsize=_REMEMBERED)
def network_of(host: str, ipv4_bits: int, ipv6_bits: int) -> bytes:
    """The first bits of a numeric address, the rest zero, in as few bytes as hold them.

    Raises `invalid` for a text that is no numeric address.
    """
    bits = ipv6_bits if is_ipv6(host) else ipv4_bits
    size = (bits + 7) // 8
    unused = size * 8 - bits
    first = compact_address((host, 0))[:size]
    return (int.from_bytes(first, "big") >> unused << unused).to_bytes(size, "big")


def household_of(host: str) -> bytes:
    """One IPv4 address, or an IPv6 /64: whoever has one address of it has them all."""
    return network_of(host, 32, 64)
