"""How much strangers may make this node do: a bucket for each source, and one for all together.

A datagram's source can be forged, so what is answered is bounded in bytes too: otherwise this node
could be made to flood somebody else.
"""

from collections import OrderedDict

from appliance.mainline.node_ids import Address, compact_address, is_ipv6

MAX_SOURCES = 4096


class _Bucket:
    """So many units a second, and so many at once."""

    __slots__ = ("_burst", "_level", "_rate", "_updated_at")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self._rate = rate
        self._burst = burst
        self._level = burst
        self._updated_at = now

    def has(self, units: float, now: float) -> bool:
        elapsed = max(0.0, now - self._updated_at)
        self._level = min(self._burst, self._level + elapsed * self._rate)
        self._updated_at = now
        return self._level >= units

    def take(self, units: float) -> None:
        self._level -= units


class FloodGuard:
    """Decides before anything is decoded. Its own memory is bounded: the source that was silent
    longest is forgotten, and under the attack of very many sources the common bucket decides.
    """

    __slots__ = ("_all", "_burst", "_bytes", "_rate", "_sources")

    def __init__(
        self, per_source: int, burst: int, in_all: int, bytes_per_second: int, now: float
    ) -> None:
        self._rate = float(per_source)
        self._burst = float(burst)
        self._sources: OrderedDict[str | bytes, _Bucket] = OrderedDict()
        self._all = _Bucket(in_all, in_all * 2, now)
        self._bytes = _Bucket(bytes_per_second, bytes_per_second * 2, now)

    def admits(self, source: Address, now: float) -> bool:
        """Count a query; False when it is one too many and must not even be decoded."""
        key = _key(source[0])
        bucket = self._sources.get(key)
        if bucket is None:
            bucket = self._sources[key] = _Bucket(self._rate, self._burst, now)
            if len(self._sources) > MAX_SOURCES:
                self._sources.popitem(last=False)
        else:
            self._sources.move_to_end(key)
        if not bucket.has(1, now) or not self._all.has(1, now):
            return False
        bucket.take(1)
        self._all.take(1)
        return True

    def may_answer(self, size: int, now: float) -> bool:
        """Count an answer of so many bytes; False when the uplink has no room for it."""
        if not self._bytes.has(size, now):
            return False
        self._bytes.take(size)
        return True


def _key(host: str) -> str | bytes:
    # Whoever has one IPv6 address has a /64 of them.
    return compact_address((host, 0))[:8] if is_ipv6(host) else host
