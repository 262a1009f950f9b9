"""How much strangers may make this node do: a bucket for each source, and one for all together.

A datagram's source can be forged, so what is answered is bounded in bytes too: otherwise this node
could be made to flood somebody else.
"""

from collections import OrderedDict

from appliance.mainline.networks import household_of, network_of
from appliance.mainline.node_ids import Address

MAX_SOURCES = 4096
SHARED_BUCKETS = 1024
MEETINGS_PER_SECOND = 20.0


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

    def is_full(self, now: float) -> bool:
        return self.has(self._burst, now)


class FloodGuard:
    """Decides before anything is decoded.

    Its own memory is bounded. While there are more sources than it remembers one by one, the others
    share the bucket of their /16 (IPv6: /32), so that a forger of many sources starves his
    own networks' buckets first and never wins a fresh one by having another forgotten.
    """

    __slots__ = ("_all", "_burst", "_bytes", "_meetings", "_rate", "_shared", "_sources")

    def __init__(
        self, per_source: int, burst: int, in_all: int, bytes_per_second: int, now: float
    ) -> None:
        self._rate = float(per_source)
        self._burst = float(burst)
        self._sources: OrderedDict[bytes, _Bucket] = OrderedDict()
        self._shared: dict[int, _Bucket] = {}
        self._all = _Bucket(in_all, in_all * 2, now)
        self._bytes = _Bucket(bytes_per_second, bytes_per_second * 2, now)
        self._meetings = _Bucket(MEETINGS_PER_SECOND, MEETINGS_PER_SECOND * 2, now)

    def admits(self, source: Address, now: float) -> bool:
        """Count a query; False when it is one too many and must not even be decoded."""
        bucket = self._bucket_of(source[0], now)
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

    def may_meet(self, now: float) -> bool:
        """Count a ping to somebody who asked us; False when there were enough for now."""
        if not self._meetings.has(1, now):
            return False
        self._meetings.take(1)
        return True

    def _bucket_of(self, host: str, now: float) -> _Bucket:
        source = household_of(host)
        bucket = self._sources.get(source)
        if bucket is not None:
            self._sources.move_to_end(source)
            return bucket
        if len(self._sources) >= MAX_SOURCES:
            oldest = next(iter(self._sources))
            # A bucket that is full again remembers nothing that a new one would not.
            if not self._sources[oldest].is_full(now):
                return self._shared_bucket_of(host, now)
            del self._sources[oldest]
        bucket = self._sources[source] = _Bucket(self._rate, self._burst, now)
        return bucket

    def _shared_bucket_of(self, host: str, now: float) -> _Bucket:
        place = int.from_bytes(network_of(host, 16, 32), "big") % SHARED_BUCKETS
        bucket = self._shared.get(place)
        if bucket is None:
            bucket = self._shared[place] = _Bucket(self._rate, self._burst, now)
        return bucket
