"""The text that scrapers read: the reference's names, types and labels, then ours."""

from prometheus_client.parser import text_string_to_metric_families

from appliance.metrics import Counters, Distribution
from tests.support.exposition import Scrape

SCOPE = '{otel_scope_name="pubky_homeserver"}'


def text_of(counters: Counters) -> str:
    """What a scraper gets."""
    return counters.text().decode()


def test_signups_look_as_upstream_prints_them() -> None:
    counters = Counters()
    counters.signups.inc()
    counters.signups.inc()
    assert f"signup_count_total{SCOPE} 2\n" in text_of(counters)


def test_whole_numbers_have_no_fraction_and_others_keep_theirs() -> None:
    counters = Counters()
    counters.add_gauge("whole", "w", lambda: 10.0)
    counters.add_gauge("part", "p", lambda: 10.05)
    counters.add_gauge("large", "l", lambda: 1e300)
    text = text_of(counters)
    assert "\nwhole 10\n" in text
    assert "\npart 10.05\n" in text
    assert Scrape(text).value("large") == 1e300


def test_the_official_families_have_their_types() -> None:
    counters = Counters()
    counters.count_storage_request("path", "absent", "false", "none")
    for found in (
        counters.events.connections_ms,
        counters.events.feed_queries_ms,
        counters.events.stream_queries_ms,
    ):
        found.observe(7)
    types = {
        family.name: family.type
        for family in text_string_to_metric_families(text_of(counters))
        if not family.name.startswith("pubky_appliance")
    }
    assert types == {
        "event_stream_active_connections": "gauge",
        "event_stream_broadcast_half_full_count": "counter",
        "event_stream_broadcast_lagged_count": "counter",
        "event_stream_connection_duration_ms": "histogram",
        "event_stream_db_query_duration_ms": "histogram",
        "events_db_query_duration_ms": "histogram",
        "signup_count": "counter",
        "storage_request_count": "counter",
        "target_info": "gauge",
    }


def test_official_histograms_have_the_official_buckets() -> None:
    counters = Counters()
    counters.events.feed_queries_ms.observe(7)
    counters.events.connections_ms.observe(7)
    bounds: dict[str, list[str]] = {}
    for family in text_string_to_metric_families(text_of(counters)):
        for sample in family.samples:
            if "le" in sample.labels and not sample.name.startswith("pubky_appliance"):
                bounds.setdefault(family.name, []).append(sample.labels["le"])
    every_other = "0 5 10 25 50 75 100 250 500 750 1000 2500 5000 7500 10000 +Inf"
    assert bounds == {
        "events_db_query_duration_ms": every_other.split(),
        "event_stream_connection_duration_ms": ["10", "100", "1000", "10000", "100000", "+Inf"],
    }


def test_a_family_is_absent_until_its_first_sample() -> None:
    counters = Counters()
    assert "storage_request_count" not in text_of(counters)
    counters.count_storage_request("legacy", "matching", "true", "cookie")
    assert (
        Scrape(text_of(counters)).value(
            "storage_request_count_total",
            addressing_mode="legacy",
            pubky_host_header="matching",
            pubky_host_query="true",
            auth_method="cookie",
            otel_scope_name="pubky_homeserver",
        )
        == 1
    )


def test_target_info_has_the_labels_of_the_official_exporter() -> None:
    (family,) = (
        family
        for family in text_string_to_metric_families(text_of(Counters()))
        if family.name == "target_info"
    )
    (sample,) = family.samples
    assert sample.value == 1
    assert set(sample.labels) == {
        "service_name",
        "telemetry_sdk_language",
        "telemetry_sdk_name",
        "telemetry_sdk_version",
    }


def test_registered_figures_are_read_when_asked_for() -> None:
    counters = Counters()
    waiting = [3]
    spread = Distribution((1, 10))
    counters.add_gauges("queue", "q", ("name",), lambda: {("a",): waiting[0]})
    counters.add_counters("made", "m", (), lambda: {(): waiting[0] * 2})
    counters.add_distributions("size", "s", (), lambda: {(): spread})
    waiting[0] = 5
    spread.observe(4)
    scrape = Scrape(text_of(counters))
    assert scrape.value("queue", name="a") == 5
    assert scrape.value("made_total") == 10
    assert scrape.values("size_bucket") == [0, 1, 1]
    assert (scrape.value("size_count"), scrape.value("size_sum")) == (1, 4)


def test_lane_answers_are_shown_by_class() -> None:
    counters = Counters()
    counters.lane_answers.update({200: 5, 206: 1, 304: 2})
    scrape = Scrape(text_of(counters))
    assert scrape.value("pubky_appliance_fast_lane_answers_total", status="2xx") == 6
    assert scrape.value("pubky_appliance_fast_lane_answers_total", status="3xx") == 2
