"""How many requests and bytes each key may have: GCRA, with a bounded number of keys.

Pure: the time is given. A key's state is one number, the time at which its bucket will be full
again. A key that is not kept has a full bucket, so what is idle can be forgotten.
"""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass

from appliance.config import Glob, RateLimit
from appliance.errors import PubkyError, invalid

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Key = tuple[str, int] | tuple[str, str]

# An attacker with many addresses pushes out the keys that were used longest ago, which costs
# somebody a part of their limit's memory; without a bound it would cost the machine's.
MOST_KEYS = 16_384
NS_PER_S = 1_000_000_000
NS_PER_US = 1000


@dataclass(frozen=True, slots=True)
class Flow:
    """So many cells in a period, and how many may come at once."""

    cells: int
    period_ns: int
    burst: int

    def time_ns(self, cells: int) -> int:
        """How long so many cells take at the full rate."""
        return cells * self.period_ns // self.cells


class Buckets:
    """The buckets of one limit, by key."""

    def __init__(self, most_keys: int = MOST_KEYS) -> None:
        self._most_keys = most_keys
        self._full_at_ns: OrderedDict[Key, int] = OrderedDict()

    def __len__(self) -> int:
        return len(self._full_at_ns)

    def wait_ns(self, key: Key, flow: Flow, now_ns: int) -> int:
        """How long until the bucket has a cell: 0 when it has one now."""
        return max(0, self._missing_ns(key, flow, now_ns) + flow.time_ns(1) - _size_ns(flow))

    def take(self, key: Key, flow: Flow, now_ns: int) -> None:
        """Take a cell that is there."""
        full_at_ns = now_ns + self._missing_ns(key, flow, now_ns) + flow.time_ns(1)
        self._keep(key, full_at_ns, now_ns)

    def borrow(self, key: Key, flow: Flow, cells: int, now_ns: int) -> int:
        """Take cells, there or not; how long to wait until they were earned."""
        full_at_ns = max(self._full_at_ns.get(key, 0), now_ns) + flow.time_ns(cells)
        self._keep(key, full_at_ns, now_ns)
        return max(0, full_at_ns - now_ns - _size_ns(flow))

    def _missing_ns(self, key: Key, flow: Flow, now_ns: int) -> int:
        """How long until the bucket is full; a clock that was set back must not lengthen it."""
        missing_ns = self._full_at_ns.get(key, 0) - now_ns
        return min(max(missing_ns, 0), _size_ns(flow))

    def _keep(self, key: Key, full_at_ns: int, now_ns: int) -> None:
        kept = self._full_at_ns
        kept[key] = full_at_ns
        kept.move_to_end(key)
        # Two out for one in: what is idle melts away without a job of its own.
        for _ in range(2):
            oldest = next(iter(kept))
            if oldest == key or (kept[oldest] > now_ns and len(kept) <= self._most_keys):
                break
            del kept[oldest]


def _size_ns(flow: Flow) -> int:
    return flow.time_ns(flow.burst)


def address_key(address: IPAddress) -> Key:
    """How an address is counted: one line gets a whole /64 of IPv6, so that is one key."""
    if isinstance(address, ipaddress.IPv6Address):
        return ("ip6", int(address) >> 64)
    return ("ip4", int(address))


class Limit:
    """One configured limit and what it has counted."""

    def __init__(self, setting: RateLimit) -> None:
        self.method = setting.method
        self._glob = Glob.parse(setting.path)
        self._by_address = setting.key == "ip"
        self._users = frozenset(setting.whitelist)
        self._networks = tuple(
            ipaddress.ip_network(text) for text in setting.whitelist if self._by_address
        )
        burst = setting.burst or setting.quota.count
        self.flow = Flow(setting.quota.count, setting.quota.period_s * NS_PER_S, burst)
        self.buckets = Buckets()

    def covers(self, paths: tuple[str, ...]) -> bool:
        """Whether one of the ways to write a path is meant."""
        return any(self._glob.matches(path) for path in paths)

    def key_of(self, address: IPAddress | None, user: str | None) -> Key | None:
        """What a request counts for; None when it is exempt. Raises PubkyError invalid when it
        cannot be told."""
        if not self._by_address:
            if user is None:
                raise invalid("Failed to extract key for rate limiting")
            return None if user in self._users else ("user", user)
        if address is None:
            raise invalid("Failed to extract key for rate limiting")
        if any(address in network for network in self._networks):
            return None
        return address_key(address)


class RateLimits:
    """Every configured limit, in order."""

    def __init__(self, settings: tuple[RateLimit, ...]) -> None:
        self._by_method: dict[str, list[Limit]] = {}
        for setting in settings:
            self._by_method.setdefault(setting.method, []).append(Limit(setting))

    def covering(self, method: str, paths: tuple[str, ...]) -> list[Limit]:
        """The limits that a request falls under; `paths` are the ways to write its path."""
        limits = self._by_method.get(method)
        return [limit for limit in limits if limit.covers(paths)] if limits else []


def count_request(
    limits: list[Limit], address: IPAddress | None, user: str | None, now_us: int
) -> None:
    """Count a request at each limit in turn (client API 17.1).

    Raises PubkyError rate_limited at the first one that has had enough; those before have counted
    it. Raises invalid when a key cannot be told.
    """
    now_ns = now_us * NS_PER_US
    for limit in limits:
        key = limit.key_of(address, user)
        if key is None:
            continue
        wait_ns = limit.buckets.wait_ns(key, limit.flow, now_ns)
        if wait_ns > 0:
            raise PubkyError(
                "rate_limited",
                "Rate limit exceeded",
                **{"retry-after": str(max(1, wait_ns // NS_PER_S))},
            )
        limit.buckets.take(key, limit.flow, now_ns)


def would_refuse(
    limits: list[Limit], address: IPAddress | None, user: str | None, now_us: int
) -> bool:
    """Whether `count_request` would raise; counts nothing."""
    now_ns = now_us * NS_PER_US
    try:
        keys = [(limit, limit.key_of(address, user)) for limit in limits]
    except PubkyError:
        return True
    return any(
        limit.buckets.wait_ns(key, limit.flow, now_ns) > 0 for limit, key in keys if key is not None
    )
