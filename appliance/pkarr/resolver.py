"""Finds the packet of a key: cache first, network only, or cache only (discovery 3.1 and 6.2).

The DHT and the relays are asked side by side. Whoever waits for the first good answer does not end
the search: later answers feed the cache, and several who ask for one key share one search.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from appliance.background import Errands
from appliance.clock import Clock
from appliance.mainline.items import MutableItem
from appliance.mainline.reports import GetReport
from appliance.mainline.udp import Dht
from appliance.pkarr.dht_items import LATEST_SEQ, packet_of
from appliance.pkarr.packet_cache import PacketCache, StoredPacket
from appliance.pkarr.relay_client import RelayClient
from appliance.pubky.keys import PublicKey
from appliance.pubky.signed_packets import SignedPacket

ResolvePolicy = Literal["CacheFirst", "CacheOnly", "NetworkOnly"]
Source = Literal["cache", "dht", "relay"]
MAX_SEARCHES = 64
# A packet that is dated further ahead keeps its owner from publishing until then.
FUTURE_US = 3600 * 1_000_000

Remembered = Callable[[PublicKey], Awaitable[StoredPacket | None]]
"""Looks a packet up that was kept for longer than the cache remembers."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What was found. `is_stale`: an old packet, because nobody in the network had a fresh one.

    The counts are of DHT nodes, 0 when none was asked. `invalid_seq`: the DHT holds something newer
    that is no packet.
    """

    stored: StoredPacket | None
    source: Source | None = None
    is_stale: bool = False
    queried: int = 0
    responded: int = 0
    usable: int = 0
    invalid_seq: int | None = None


@dataclass(slots=True, eq=False)
class _Search:
    """One search of the network for one key."""

    key: PublicKey
    known: StoredPacket | None
    first: asyncio.Future[Source | None]
    done: asyncio.Future[None]
    newest: SignedPacket | None = None
    source: Source | None = None
    invalid_seq: int | None = None
    reports: list[GetReport] = field(default_factory=list)


class Resolver:
    """The one way in which this node looks keys up; `counters` are for the metrics."""

    def __init__(
        self,
        cache: PacketCache,
        dht: Dht | None,
        relays: Sequence[RelayClient],
        clock: Clock,
        remembered: Remembered | None = None,
    ) -> None:
        self.cache = cache
        self.counters: Counter[str] = Counter()
        self._dht = dht
        self._relays = tuple(relays)
        self._clock = clock
        self._remembered = remembered
        self._errands = Errands(MAX_SEARCHES)
        self._searches: dict[PublicKey, _Search] = {}

    @property
    def has_network(self) -> bool:
        """Whether there is anybody to ask."""
        return self._dht is not None or bool(self._relays)

    async def close(self) -> None:
        """End the searches that still run."""
        await self._errands.close()

    async def resolve(self, key: PublicKey, policy: ResolvePolicy = "CacheFirst") -> Resolution:
        """The most recent packet of a key that the policy can reach."""
        cached = await self._known(key)
        if policy == "CacheOnly" or not self.has_network:
            return self._counted(Resolution(cached, "cache" if cached else None))
        if policy == "CacheFirst" and cached is not None and self.cache.is_fresh(cached):
            return self._counted(Resolution(cached, "cache"))
        search = self._searches.get(key)
        if search is not None and policy == "NetworkOnly":
            # It may have heard its answers before something newer was published.
            await asyncio.shield(search.done)
            search = self._searches.get(key)
        if search is None:
            if self._errands.is_full:
                self.counters["refused"] += 1
                return Resolution(cached, "cache" if cached else None, is_stale=cached is not None)
            search = self._begin(key, cached)
        if policy == "CacheFirst":
            await asyncio.shield(search.first)
        else:
            await asyncio.shield(search.done)
        return self._counted(self._result(search, policy))

    async def _known(self, key: PublicKey) -> StoredPacket | None:
        cached = self.cache.find(key)
        if cached is None and self._remembered is not None:
            kept = await self._remembered(key)
            if kept is not None:
                self.cache.keep(kept)
                cached = self.cache.find(key)
        return cached

    def _begin(self, key: PublicKey, known: StoredPacket | None) -> _Search:
        loop = asyncio.get_running_loop()
        search = _Search(key, known, loop.create_future(), loop.create_future())
        self._searches[key] = search
        self._errands.start(self._run(search))
        return search

    async def _run(self, search: _Search) -> None:
        known_us = None if search.known is None else search.known.packet.timestamp_us
        try:
            jobs = [self._ask_relay(search, relay, known_us) for relay in self._relays]
            if self._dht is not None:
                jobs.append(self._ask_dht(search, self._dht, known_us))
            await asyncio.gather(*jobs)
        finally:
            del self._searches[search.key]
            for waiting in (search.first, search.done):
                if not waiting.done():
                    waiting.set_result(None)

    async def _ask_dht(self, search: _Search, dht: Dht, known_us: int | None) -> None:
        def hear(item: MutableItem) -> None:
            packet = packet_of(item)
            if packet is not None:
                self._accept(search, packet, "dht")
            elif search.invalid_seq is None or item.seq > search.invalid_seq:
                search.invalid_seq = item.seq

        # One less, so that who holds the very packet that we know says so in full.
        after = None if known_us is None else min(max(known_us - 1, 0), LATEST_SEQ)
        report = await dht.get(search.key.raw, after_seq=after, on_item=hear)
        search.reports.append(report)

    async def _ask_relay(self, search: _Search, relay: RelayClient, known_us: int | None) -> None:
        found = await relay.get(search.key, known_us)
        if found is not None:
            self._accept(search, found.packet, "relay", found.seen_us)

    def _accept(
        self, search: _Search, packet: SignedPacket, source: Source, seen_us: int | None = None
    ) -> None:
        now_us = self._clock()
        if packet.timestamp_us > now_us + FUTURE_US:
            self.counters["future_dated"] += 1
        if search.newest is None or packet.more_recent_than(search.newest):
            search.newest, search.source = packet, source
        seen = StoredPacket(packet, now_us if seen_us is None else min(seen_us, now_us))
        is_newest = self.cache.keep(seen)
        # What a relay saw long ago may have been replaced since: only the DHT or the end decides.
        if is_newest and self.cache.is_fresh(seen) and not search.first.done():
            search.first.set_result(source)

    def _result(self, search: _Search, policy: ResolvePolicy) -> Resolution:
        stored = self.cache.find(search.key) or search.known
        queried, responded, usable = (
            sum(getattr(report, name) for report in search.reports)
            for name in ("queried", "responded", "usable")
        )
        invalid_seq = search.invalid_seq
        if search.newest is not None and (invalid_seq or -1) <= search.newest.timestamp_us:
            invalid_seq = None
        if policy == "NetworkOnly" and invalid_seq is not None:
            # A newer thing that is no packet outvotes older packets (discovery 3.1).
            stored = None
        return Resolution(
            stored=stored,
            source=search.source or ("cache" if stored else None),
            is_stale=stored is not None
            and (search.newest is None or not self.cache.is_fresh(stored)),
            queried=queried,
            responded=responded,
            usable=usable,
            invalid_seq=invalid_seq,
        )

    def _counted(self, resolution: Resolution) -> Resolution:
        name = "miss" if resolution.stored is None else resolution.source or "cache"
        self.counters["stale" if resolution.is_stale else name] += 1
        return resolution
