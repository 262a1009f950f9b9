"""What a scraper sees of a running node, and what it must never see."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from appliance.clock import system_clock
from tests.support.appliance import Appliance, Person, keypair_of, running_appliance
from tests.support.exposition import Scrape
from tests.support.raw_http import ask
from tests.support.settable_clock import SettableClock

PREFIX = "pubky_appliance_"
PLANTED = (
    "planted-path",
    "planted-query",
    "planted-cookie",
    "planted-bearer",
    "planted-method",
    "planted-agent",
    "planted-invite",
)


@pytest.fixture
async def stranger() -> AsyncIterator[httpx.AsyncClient]:
    """A client that never signs in and sends no cookie."""
    async with httpx.AsyncClient(timeout=20) as client:
        yield client


async def duration_count(http: httpx.AsyncClient, appliance: Appliance, **labels: str) -> float:
    """Answers of this kind so far."""
    scrape = await Scrape.of(http, appliance.metrics_url)
    return sum(scrape.values(PREFIX + "http_request_duration_seconds_count", **labels))


async def test_the_scraper_is_told_the_format(appliance: Appliance) -> None:
    answer = await ask(appliance.metrics_url, "GET", "/metrics")
    assert answer.status == 200
    assert answer.header("content-type") == "text/plain; version=0.0.4; charset=utf-8"


async def test_the_metrics_listener_has_no_other_routes(appliance: Appliance) -> None:
    assert (await ask(appliance.metrics_url, "GET", "/")).status == 404
    assert (await ask(appliance.metrics_url, "POST", "/metrics")).status == 405


async def test_signups_are_counted_once_each(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person, bob: Person
) -> None:
    assert (await alice.sign_up()).status_code == 409
    text = (await Scrape.of(http, appliance.metrics_url)).text
    assert bob.z32 != alice.z32
    assert 'signup_count_total{otel_scope_name="pubky_homeserver"} 2\n' in text


async def test_storage_metrics_only_count_resolved_requests_with_low_cardinality_labels(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person
) -> None:
    url, key = appliance.client_url, alice.z32
    other = keypair_of("other").public_key.z32
    await ask(url, "GET", f"/storage/{key}/pub/a?pubky-host=x", [("pubky-host", key)])
    await ask(url, "GET", "/pub/a", [("pubky-host", key)])
    await ask(url, "GET", f"/storage/{key}/pub/a", [("pubky-host", other)])
    await ask(url, "GET", f"/pub/a?pubky-host={key}")
    assert (await ask(url, "GET", "/favicon.ico")).status == 400
    scrape = await Scrape.of(http, appliance.metrics_url)
    labelled = (
        ("path", "matching", "true"),
        ("legacy", "matching", "false"),
        ("path", "other", "false"),
        ("legacy", "absent", "true"),
    )
    for mode, host, query in labelled:
        assert (
            scrape.value(
                "storage_request_count_total",
                addressing_mode=mode,
                pubky_host_header=host,
                pubky_host_query=query,
                auth_method="none",
            )
            == 1
        )
    assert sum(scrape.values("storage_request_count_total")) == 4


async def test_no_label_holds_a_key_a_path_or_a_secret(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person
) -> None:
    cookie = alice.cookies[alice.z32]
    headers = [
        ("authorization", "Bearer planted-bearer"),
        ("cookie", f"planted-cookie=planted-cookie; {alice.z32}={cookie}"),
        ("user-agent", "planted-agent"),
        ("pubky-host", alice.z32),
    ]
    targets = (
        "/",
        "/planted-path",
        "/pub/planted-path?planted-query=planted-query",
        "/priv/planted-path/",
        f"/storage/{alice.z32}/pub/planted-path",
        "/storage/planted-path/pub/x",
        "/signup?signup_token=planted-invite",
        "/signup_tokens/planted-invite",
        "/events/?cursor=planted-query",
        "/events-stream?user=planted-query",
        "/auth/grant/session/planted-path",
        "/session",
        "/login/planted-path",
        "/users/planted-path",
        "/dav/planted-path",
        "/metrics/planted-path",
        "/readyz/planted-path",
    )
    urls = (
        appliance.client_url,
        appliance.admin_url,
        appliance.metrics_url,
        appliance.dashboard_url,
    )
    # A wrong password costs its sender time, so the operator's API hears the bearer only once.
    await ask(appliance.admin_url, "GET", "/users/planted-path", headers)
    for url in urls:
        lines = headers[1:] if url == appliance.admin_url else headers
        for target in targets:
            for method in ("GET", "PUT", "PLANTED-METHOD"):
                await ask(url, method, target, lines)
    scrape = await Scrape.of(http, appliance.metrics_url)
    for secret in (*PLANTED, alice.z32, cookie):
        assert secret.lower() not in scrape.text.lower()
    words = scrape.label_values()
    assert words["listener"] == {"client", "admin", "metrics", "dashboard"}
    assert words["method"] == {"GET", "POST", "PUT", "other"}
    assert words["status"] <= {"none", "2xx", "3xx", "4xx", "5xx", "507"}
    assert len(words["route"]) <= 40


async def test_requests_are_timed_by_kind_and_status(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person
) -> None:
    await alice.put("/pub/dir/a.txt", b"x")
    await alice.get("/pub/dir/")
    await alice.get("/pub/none")
    await http.get("/events/")
    kinds = (
        ("POST", "signup", "2xx"),
        ("PUT", "file", "2xx"),
        ("GET", "directory", "2xx"),
        ("GET", "file", "4xx"),
        ("GET", "events", "2xx"),
    )
    for method, route, status in kinds:
        labels = {"listener": "client", "method": method, "route": route, "status": status}
        assert await duration_count(http, appliance, **labels) == 1, labels


async def test_the_fast_lane_counts_its_answers_apart(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person, stranger: httpx.AsyncClient
) -> None:
    await alice.put("/pub/a.txt", b"content")
    url = f"{appliance.client_url}/storage/{alice.z32}/pub/a.txt"
    etag = (await stranger.get(url)).headers["etag"]
    await stranger.head(url)
    assert (await stranger.get(url, headers={"if-none-match": etag})).status_code == 304
    scrape = await Scrape.of(http, appliance.metrics_url)
    assert scrape.value(PREFIX + "fast_lane_answers_total", status="2xx") == 2
    assert scrape.value(PREFIX + "fast_lane_answers_total", status="3xx") == 1
    assert scrape.values(PREFIX + "http_request_duration_seconds_count", method="HEAD") == []


async def test_a_request_is_in_flight_until_its_answer_ends(
    appliance: Appliance, http: httpx.AsyncClient, alice: Person
) -> None:
    async def in_flight() -> float:
        scrape = await Scrape.of(http, appliance.metrics_url)
        return scrape.value(PREFIX + "http_requests_in_flight", listener="client")

    params = {"user": alice.z32, "live": "true"}
    async with http.stream("GET", "/events-stream", params=params):
        assert await in_flight() == 1
    for _ in range(1000):
        if await in_flight() == 0:
            return
    raise AssertionError("the stream never ended")


async def test_users_files_and_bytes_are_read_from_the_tables(
    tmp_path: Path, stranger: httpx.AsyncClient
) -> None:
    clock = SettableClock(system_clock())
    async with running_appliance(tmp_path, clock=clock) as appliance:
        before = await Scrape.of(stranger, appliance.metrics_url)
        assert before.value(PREFIX + "users", state="enabled") == 0
        stranger.base_url = httpx.URL(appliance.client_url)
        alice = Person(keypair_of("alice"), stranger)
        assert (await alice.sign_up()).status_code == 200
        await alice.put("/pub/a.txt", b"12345")
        again = await Scrape.of(stranger, appliance.metrics_url)
        assert again.value(PREFIX + "users", state="enabled") == 0
        clock.advance(15)
        after = await Scrape.of(stranger, appliance.metrics_url)
        assert after.value(PREFIX + "users", state="enabled") == 1
        assert after.value(PREFIX + "sessions", kind="cookie") == 1
        assert after.value(PREFIX + "entries") == 1
        assert after.value(PREFIX + "stored_bytes") == 5 + 256
        assert after.value(PREFIX + "last_event_id") == 1
        assert after.value(PREFIX + "invites", state="unused") == 0
