"""The figures of the node's place in the network: DHT, publishing, look-ups, relays, PubkyTLS.

Labels are fixed words and the names of reasons; counts by family are those of IPv4 and IPv6.
"""

from collections.abc import Callable, Mapping
from typing import Final

from appliance.mainline.reports import NodeStats
from appliance.metadata.store import Metadata, Tx
from appliance.metrics import PREFIX, Counters, LabelValues
from appliance.pkarr.network_status import KeyStatus, UsersStatus, key_status, users_status
from appliance.pubky_tls.handshakes import TlsCounters
from appliance.web.network_services import NetworkServices
from appliance.web.services import Services

US_PER_S = 1_000_000
QUERIES = "queries_"
# The node's own words for what it did not answer or could not use.
DROPPED: Final = {
    "malformed": "malformed",
    "dropped_by_guard": "too_many",
    "answers_withheld": "uplink",
    "unexpected": "unexpected",
}
LOOK_UPS: Final = ("cache", "dht", "relay", "stale", "miss", "refused")

Samples = Mapping[LabelValues, float]


class NetworkFigures:
    """Shows them; the history of publishing is read from the tables together with other figures."""

    def __init__(self, network: NetworkServices, services: Services) -> None:
        self._network = network
        self._metadata: Metadata = services.metadata
        self._own_key = services.public_key.z32
        self._status = KeyStatus((), None)
        self._users = UsersStatus({}, 0, None)
        services.figures.also_read(self._read)

    def register(self, counters: Counters) -> None:
        """Show everything under the prefix of this program."""
        self._register_dht(counters)
        self._register_publishing(counters)
        self._register_look_ups(counters)
        self._register_pubky_tls(counters)

    async def _read(self) -> None:
        self._status, self._users = await self._metadata.read(_overview, self._own_key)

    def _register_dht(self, counters: Counters) -> None:
        gauges: tuple[tuple[str, str, Callable[[NodeStats], float]], ...] = (
            ("dht_known_nodes", "DHT nodes in the routing table", lambda s: s.table_size),
            (
                "dht_network_nodes_estimate",
                "DHT nodes there are, by the distances between those seen",
                lambda s: s.estimated_network_size,
            ),
            ("dht_server", "1 when others are answered", lambda s: s.is_server),
            (
                "dht_stored_items",
                "Items kept for others",
                lambda s: s.mutable_items + s.immutable_items,
            ),
            ("dht_searches", "Searches that are going on", lambda s: s.lookups),
        )
        for name, description, value in gauges:
            counters.add_gauges(
                f"{PREFIX}_{name}", description, ("family",), self._of_families(value)
            )
        counters.add_counters(
            f"{PREFIX}_dht_queries",
            "Queries of others by method",
            ("family", "method"),
            self._dht_counts(lambda n: n.removeprefix(QUERIES) if n.startswith(QUERIES) else None),
        )
        counters.add_counters(
            f"{PREFIX}_dht_dropped_datagrams",
            "Datagrams that got no answer or were of no use",
            ("family", "reason"),
            self._dht_counts(DROPPED.get),
        )
        counters.add_counters(
            f"{PREFIX}_dht_traffic_bytes",
            "Payload of datagrams",
            ("family", "direction"),
            self._dht_counts({"received_bytes": "in", "sent_bytes": "out"}.get),
        )
        counters.add_counters(
            f"{PREFIX}_dht_timeouts",
            "Own queries that nobody answered in time",
            ("family", "kind"),
            self._dht_counts({"timeouts": "query"}.get),
        )

    def _of_families(self, value: Callable[[NodeStats], float]) -> Callable[[], Samples]:
        return lambda: {(str(s.family),): float(value(s)) for s in self._dht_stats()}

    def _dht_counts(self, label: Callable[[str], str | None]) -> Callable[[], Samples]:
        """Those counters of the DHT that have a label, by family and label."""
        return lambda: {
            (str(stats.family), found): count
            for stats in self._dht_stats()
            for name, count in stats.counters.items()
            if (found := label(name)) is not None
        }

    def _dht_stats(self) -> tuple[NodeStats, ...]:
        return self._network.dht.stats() if self._network.dht is not None else ()

    def _register_publishing(self, counters: Counters) -> None:
        network = self._network
        counters.add_gauge(
            f"{PREFIX}_publishing_enabled",
            "1 when this node publishes its own packet",
            lambda: network.publishes,
        )
        counters.add_gauge(
            f"{PREFIX}_published_timestamp_seconds",
            "When the own packet was published with success the last time; 0 for never",
            self._published_s,
        )
        counters.add_gauge(
            f"{PREFIX}_published_nodes",
            "DHT nodes that took the own packet at the last count; 0 for none",
            lambda: self._status.held_by or 0,
        )
        counters.add_counters(
            f"{PREFIX}_publish_attempts",
            "Attempts to publish any packet, by place and outcome",
            ("outcome",),
            lambda: _by_word(network.publishing.outcomes),
        )
        counters.add_gauges(
            f"{PREFIX}_user_packets",
            "Users by the outcome of the last attempt to republish their packet",
            ("outcome",),
            lambda: _by_word(self._users.outcomes),
        )
        counters.add_gauge(
            f"{PREFIX}_user_packets_kept",
            "Users whose packet is kept here",
            lambda: self._users.packets_kept,
        )

    def _published_s(self) -> float:
        success = self._status.last_success
        return 0 if success is None else success.at_us / US_PER_S

    def _register_look_ups(self, counters: Counters) -> None:
        found = self._network.resolver.counters
        counters.add_counters(
            f"{PREFIX}_key_lookups",
            "Look-ups of keys by where the answer was found",
            ("result",),
            lambda: {(word,): found[word] for word in LOOK_UPS},
        )
        counters.add_counters(
            f"{PREFIX}_future_dated_packets",
            "Packets seen that are dated more than an hour ahead",
            (),
            lambda: {(): found["future_dated"]},
        )
        counters.add_counters(
            f"{PREFIX}_relay_refusals",
            "Requests to a relay that were one too many",
            ("relay",),
            lambda: {(n,): limits.refused for n, limits in self._network.relay_limits.items()},
        )

    def _register_pubky_tls(self, counters: Counters) -> None:
        tls = self._network.pubky_tls.counters or TlsCounters()
        counters.add_gauge(
            f"{PREFIX}_pubky_tls_serving",
            "1 when native clients are served",
            lambda: self._network.pubky_tls.counters is not None,
        )
        counters.add_gauge(
            f"{PREFIX}_pubky_tls_open_handshakes",
            "Handshakes that are going on",
            lambda: tls.handshaking,
        )
        counters.add_counters(
            f"{PREFIX}_pubky_tls_handshakes",
            "Handshakes that were completed",
            (),
            lambda: {(): tls.handshakes},
        )
        counters.add_counters(
            f"{PREFIX}_pubky_tls_refused_handshakes",
            "Handshakes that failed",
            ("reason",),
            lambda: _by_word(tls.refused),
        )
        counters.add_counters(
            f"{PREFIX}_pubky_tls_broken_connections",
            "Connections that ended by force",
            ("reason",),
            lambda: _by_word(tls.broken),
        )
        counters.add_counters(
            f"{PREFIX}_pubky_tls_traffic_bytes",
            "Bytes on the wire",
            ("direction",),
            lambda: {("in",): tls.received_bytes, ("out",): tls.sent_bytes},
        )


def _overview(tx: Tx, key: str) -> tuple[KeyStatus, UsersStatus]:
    return key_status(tx, key), users_status(tx, key)


def _by_word(counts: Mapping[str, int]) -> Samples:
    return {(word,): count for word, count in counts.items()}
