"""Counters and gauges in the Prometheus format, under the reference server's names."""

from collections.abc import Callable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_QUERY_MS = (0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000)
_CONNECTION_MS = (10, 100, 1000, 10000, 100000)

# The reference exports no creation times, and a scraper learns them by itself.
disable_created_metrics()  # type: ignore[no-untyped-call] # the library's


class Counters:
    """The figures of one node; labels hold a handful of fixed words, never keys or paths."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.signups = Counter(
            "signup_count", "Successful sign-ups", ["otel_scope_name"], registry=self._registry
        ).labels("pubky_homeserver")
        self._storage_requests = Counter(
            "storage_request_count",
            "Requests to the storage routes with a known owner",
            [
                "addressing_mode",
                "pubky_host_header",
                "pubky_host_query",
                "auth_method",
                "otel_scope_name",
            ],
            registry=self._registry,
        )

        self.event_streams = Gauge(
            "event_stream_active_connections",
            "Open event streams, clients' and the operator's",
            ["otel_scope_name"],
            registry=self._registry,
        ).labels("pubky_homeserver")
        self.event_stream_duration_ms = self._histogram(
            "event_stream_connection_duration_ms",
            "How long event streams were open",
            _CONNECTION_MS,
        )
        self.event_stream_query_ms = self._histogram(
            "event_stream_db_query_duration_ms", "Reading a page for an event stream", _QUERY_MS
        )
        self.event_feed_query_ms = self._histogram(
            "events_db_query_duration_ms", "Reading a page of the public feed", _QUERY_MS
        )

    def _histogram(self, name: str, description: str, buckets: tuple[int, ...]) -> Histogram:
        family = Histogram(
            name, description, ["otel_scope_name"], buckets=buckets, registry=self._registry
        )
        return family.labels("pubky_homeserver")

    def count_storage_request(
        self, addressing_mode: str, pubky_host_header: str, pubky_host_query: str, auth_method: str
    ) -> None:
        """One more request (client API 18.6)."""
        self._storage_requests.labels(
            addressing_mode, pubky_host_header, pubky_host_query, auth_method, "pubky_homeserver"
        ).inc()

    def add_gauge(self, name: str, description: str, read: Callable[[], float]) -> None:
        """A figure that is read when somebody asks."""
        Gauge(name, description, registry=self._registry).set_function(read)

    def text(self) -> bytes:
        """Everything in the exposition format."""
        return generate_latest(self._registry)
