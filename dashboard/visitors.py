"""Where a visitor comes from, and how often strangers may ask."""

import ipaddress
from collections import OrderedDict
from collections.abc import Callable, Iterable

_MOST_KEYS = 1024


class Turns:
    """So many turns for each key in every period; the keys used longest ago are forgotten."""

    def __init__(self, most: int, period_s: float, now_s: Callable[[], float]) -> None:
        self._most = most
        self._period_s = period_s
        self._now_s = now_s
        self._taken: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def take(self, key: str) -> bool:
        """Take a turn; False when this key has had them all."""
        now_s = self._now_s()
        since_s, count = self._taken.pop(key, (now_s, 0))
        if not 0 <= now_s - since_s < self._period_s:
            since_s, count = now_s, 0
        self._taken[key] = (since_s, count + 1)
        if len(self._taken) > _MOST_KEYS:
            self._taken.popitem(last=False)
        return count < self._most


def visitor_address(peer: str, forwarded: Iterable[str], trusted: tuple[str, ...]) -> str:
    """The address of a visitor: the connection's, or what proxies that we trust say of it.

    A visitor can send any `X-Forwarded-For`, and proxies append to it: so it is read from the right
    up to the first address that is no trusted proxy. An address that cannot be read is "".
    """
    hop = _parsed(peer)
    for text in reversed(",".join(forwarded).split(",")):
        if hop is None or not _is_trusted(hop, trusted):
            break
        address = _parsed(text.strip())
        if address is None:
            break
        hop = address
    return "" if hop is None else str(hop)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _is_trusted(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, trusted: tuple[str, ...]
) -> bool:
    return any(address in ipaddress.ip_network(network) for network in trusted)
