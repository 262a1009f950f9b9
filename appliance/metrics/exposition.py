"""Counters, gauges and distributions in the Prometheus format, the reference server's first.

What is counted on the way of every request is a plain number here; the library sees it only when
somebody scrapes. Labels hold a handful of fixed words, never keys, paths or secrets.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from appliance.metrics.figures import STATUS_CLASSES, Distribution, EventFigures, RequestFigures

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "pubky_appliance"

# The reference's exporter names the library of every sample (operator API 3).
_SCOPE = ("otel_scope_name", "pubky_homeserver")
_WHOLE_NUMBER = re.compile(rb"\.0$", re.MULTILINE)

LabelValues = tuple[str, ...]

# The reference exports no creation times, and a scraper learns them by itself.
disable_created_metrics()  # type: ignore[no-untyped-call] # the library's


class Counters:
    """The figures of one node."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        scope_name, scope = _SCOPE
        self.signups = Counter(
            "signup_count", "Successful sign-ups", [scope_name], registry=self._registry
        ).labels(scope)
        self.lane_answers: dict[int, int] = {}
        """Answers of the fast lane by status; its one figure, because it has no time for more."""
        self._storage_requests: dict[LabelValues, int] = {}
        self._listeners: dict[str, RequestFigures] = {}
        self.events = EventFigures()
        self._register_own()
        self._register_events()

    def count_storage_request(
        self, addressing_mode: str, pubky_host_header: str, pubky_host_query: str, auth_method: str
    ) -> None:
        """One more request (client API 18.6)."""
        key = (addressing_mode, pubky_host_header, pubky_host_query, auth_method)
        self._storage_requests[key] = self._storage_requests.get(key, 0) + 1

    def requests(self, listener: str) -> RequestFigures:
        """The figures of one listener; `listener` is a fixed word."""
        return self._listeners.setdefault(listener, RequestFigures())

    def add_gauge(self, name: str, description: str, read: Callable[[], float]) -> None:
        """A figure that is read when somebody asks."""
        Gauge(name, description, registry=self._registry).set_function(read)

    def add_gauges(
        self,
        name: str,
        description: str,
        labels: Sequence[str],
        read: Callable[[], Mapping[LabelValues, float]],
    ) -> None:
        """Figures with labels that are read when somebody asks."""
        self._add_values(GaugeMetricFamily, name, description, labels, read)

    def add_counters(
        self,
        name: str,
        description: str,
        labels: Sequence[str],
        read: Callable[[], Mapping[LabelValues, float]],
    ) -> None:
        """Figures that only grow, with labels; `name` is without `_total`."""
        self._add_values(CounterMetricFamily, name, description, labels, read)

    def _add_values(
        self,
        kind: type[GaugeMetricFamily | CounterMetricFamily],
        name: str,
        description: str,
        labels: Sequence[str],
        read: Callable[[], Mapping[LabelValues, float]],
    ) -> None:
        def collected() -> Metric:
            family = kind(name, description, labels=labels)
            for values, value in read().items():
                family.add_metric(values, value)
            return family

        self._register(collected)

    def add_distributions(
        self,
        name: str,
        description: str,
        labels: Sequence[str],
        read: Callable[[], Mapping[LabelValues, Distribution]],
    ) -> None:
        """Distributions with labels."""

        def collected() -> Metric:
            family = HistogramMetricFamily(name, description, labels=labels)
            for values, found in read().items():
                family.add_metric(values, found.buckets(), found.total)
            return family

        self._register(collected)

    def requests_by_class(self) -> dict[int, int]:
        """All answers of all listeners so far by the first digit of their status."""
        found: dict[int, int] = {}
        for figures in self._listeners.values():
            for (_, _, status_class), durations in figures.durations_s.items():
                found[status_class] = found.get(status_class, 0) + sum(durations.counts)
        for status, count in self.lane_answers.items():
            found[status // 100] = found.get(status // 100, 0) + count
        return found

    def text(self) -> bytes:
        """Everything in the exposition format, whole numbers without fraction as upstream's."""
        return _WHOLE_NUMBER.sub(b"", generate_latest(self._registry))

    def _register(self, collected: Callable[[], Metric]) -> None:
        self._registry.register(_Family(collected))

    def _register_own(self) -> None:
        # Upstream's labels; the values say what this exporter is.
        Info("target", "Target metadata", registry=self._registry).info(
            {
                "service_name": "unknown_service",
                "telemetry_sdk_language": "python",
                "telemetry_sdk_name": "prometheus_client",
                "telemetry_sdk_version": version("prometheus-client"),
            }
        )
        ProcessCollector(namespace=PREFIX, registry=self._registry)
        scope_name, scope = _SCOPE
        self.add_counters(
            "storage_request_count",
            "Requests to the storage routes with a known owner",
            (
                "addressing_mode",
                "pubky_host_header",
                "pubky_host_query",
                "auth_method",
                scope_name,
            ),
            lambda: {(*key, scope): count for key, count in self._storage_requests.items()},
        )
        self.add_counters(
            f"{PREFIX}_fast_lane_answers",
            "Public reads answered before any framework saw them, by class of status",
            ("status",),
            lambda: _by_status_class(self.lane_answers),
        )
        self.add_gauges(
            f"{PREFIX}_http_requests_in_flight",
            "Requests that are being answered, without those of the fast lane",
            ("listener",),
            lambda: {(name,): found.in_flight for name, found in self._listeners.items()},
        )
        self.add_distributions(
            f"{PREFIX}_http_request_duration_seconds",
            "From a request's head to the end of its answer (event streams: to its head),"
            " without the fast lane",
            ("listener", "method", "route", "status"),
            lambda: {
                (name, method, route, STATUS_CLASSES[status]): found
                for name, listener in self._listeners.items()
                for (method, route, status), found in listener.durations_s.items()
            },
        )

    def _register_events(self) -> None:
        scope_name, scope = _SCOPE
        figures = self.events
        self.add_gauges(
            "event_stream_active_connections",
            "Open event streams, clients' and the operator's",
            (scope_name,),
            lambda: {(scope,): figures.open_streams},
        )
        for name, description, found in (
            (
                "event_stream_connection_duration_ms",
                "How long event streams were open",
                figures.connections_ms,
            ),
            (
                "event_stream_db_query_duration_ms",
                "Reading one page for an event stream",
                figures.stream_queries_ms,
            ),
            (
                "events_db_query_duration_ms",
                "Reading one page of the public feed",
                figures.feed_queries_ms,
            ),
        ):
            self.add_distributions(name, description, (scope_name,), _once_used(scope, found))

        # Here a slow follower reads on from the table instead of being cut off, so both stay at
        # zero, and rules written for the reference go on working.
        for name, description in (
            ("event_stream_broadcast_lagged_count", "Event streams cut off for being slow"),
            ("event_stream_broadcast_half_full_count", "Event streams found half-way to that"),
        ):
            self.add_counters(name, description, (scope_name,), lambda: {(scope,): 0})


def _once_used(label: str, found: Distribution) -> Callable[[], Mapping[LabelValues, Distribution]]:
    return lambda: {(label,): found} if any(found.counts) else {}


def _by_status_class(answers: Mapping[int, int]) -> dict[LabelValues, float]:
    found: dict[LabelValues, float] = {}
    for status, count in answers.items():
        key = (STATUS_CLASSES[status // 100],)
        found[key] = found.get(key, 0) + count
    return found


class _Family:
    """A collector of one family; absent until it has a sample, as the reference's are."""

    def __init__(self, collected: Callable[[], Metric]) -> None:
        self._collected = collected

    def collect(self) -> Iterable[Metric]:
        family = self._collected()
        return [family] if family.samples else []
