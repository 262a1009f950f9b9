"""Plain numbers that are counted on the way: an addition each, without locks or labels."""

from bisect import bisect_left
from collections.abc import Sequence

# The reference's buckets where it chose none itself, in milliseconds.
OFFICIAL_BUCKETS_MS = (0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000)
# Seconds; the least is a read from memory, the most what a large upload may take.
REQUEST_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)
# By the first digit of a status; 0 is for clients that left before an answer.
STATUS_CLASSES = ("none", "1xx", "2xx", "3xx", "4xx", "5xx", "507")
_OVER_QUOTA = 6

_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})


class Distribution:
    """How many values fell below each bound, and their sum: a histogram of plain numbers.

    One thread writes it; another may read it meanwhile and be a value behind.
    """

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """One more value; a bound belongs to the bucket below it."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """Bound and cumulative count, the last one without bound, as Prometheus has them."""
        seen = 0
        found = []
        for bound, count in zip((*map(str, self.bounds), "+Inf"), self.counts, strict=True):
            seen += count
            found.append((bound, float(seen)))
        return found


class RequestFigures:
    """The requests of one listener, counted the slow way: by ASGI."""

    __slots__ = ("durations_s", "in_flight")

    def __init__(self) -> None:
        self.in_flight = 0
        self.durations_s: dict[tuple[str, str, int], Distribution] = {}

    def observe(self, method: str, route: str, status: int, duration_s: float) -> None:
        """One more answer; `route` is a fixed word, `status` 0 when the client left before."""
        # A full quota or disk is nobody's error: it must not ring the bell that errors ring.
        status_class = _OVER_QUOTA if status == 507 else status // 100
        key = (method, route, status_class)
        found = self.durations_s.get(key)
        if found is None:
            # A stranger may send any word as method.
            key = (method if method in _METHODS else "other", route, status_class)
            found = self.durations_s.setdefault(key, Distribution(REQUEST_BUCKETS_S))
        found.observe(duration_s)


class EventFigures:
    """The event feed and streams, clients' and the operator's."""

    __slots__ = ("connections_ms", "feed_queries_ms", "open_streams", "stream_queries_ms")

    def __init__(self) -> None:
        self.open_streams = 0
        self.connections_ms = Distribution((10, 100, 1000, 10000, 100000))
        self.feed_queries_ms = Distribution(OFFICIAL_BUCKETS_MS)
        self.stream_queries_ms = Distribution(OFFICIAL_BUCKETS_MS)
