"""The HTTP relay's routes, driven as plain ASGI."""

import pytest

from appliance.http_relay.inbox import Inbox, RelayLimits
from appliance.web.asgi import ASGIApp
from appliance.web.http_relay import http_relay_app
from tests.support.asgi_client import Answer, open_request, request
from tests.support.settable_clock import SettableClock

CHANNEL = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE"
TYPED = [("Content-Type", "application/x-token")]


UNKNOWN_PATHS = ["/inbox", "/inbox/", "/link", "/link/", "/other/a", "/inbox/a/", "/inbox/a/b"]
UNKNOWN_PATHS += ["/inbox//ack", "/link/a/ack", "/inbox/a/ack/", "//", "/inbox/a/ack/b"]


@pytest.fixture
def inbox() -> Inbox:
    return Inbox(SettableClock(), RelayLimits(max_waiters=1))


@pytest.fixture
def relay(inbox: Inbox) -> ASGIApp:
    return http_relay_app(inbox)


@pytest.fixture
def hasty() -> ASGIApp:
    """A relay that never waits."""
    limits = RelayLimits(inbox_timeout_s=0, link_timeout_s=0)
    return http_relay_app(Inbox(SettableClock(), limits))


def plain(answer: Answer) -> tuple[int, bytes]:
    return answer.status, answer.body


@pytest.mark.parametrize(("method", "body"), [("GET", b"Http Relay"), ("HEAD", b"")])
async def test_the_root_names_the_relay(relay: ASGIApp, method: str, body: bytes) -> None:
    answer = await request(relay, method, "/")
    assert plain(answer) == (200, body)
    assert answer.header("content-length") == "10"


async def test_a_posted_message_is_read_with_its_type(relay: ASGIApp) -> None:
    posted = await request(relay, "POST", "/inbox/a", headers=TYPED, body=b"hello")
    assert plain(posted) == (200, b"")
    assert posted.header("content-length") == "0"
    answer = await request(relay, "GET", "/inbox/a")
    assert plain(answer) == (200, b"hello")
    assert answer.header("content-type") == "application/x-token"
    assert answer.header("deprecation") is None


async def test_a_message_without_a_type_is_octets(relay: ASGIApp) -> None:
    await request(relay, "POST", "/inbox/a", body=b"hello")
    answer = await request(relay, "GET", "/inbox/a")
    assert answer.header("content-type") == "application/octet-stream"


async def test_an_endless_type_is_not_kept(relay: ASGIApp) -> None:
    await request(relay, "POST", "/inbox/a", headers=[("content-type", "a" * 257)])
    answer = await request(relay, "GET", "/inbox/a")
    assert answer.header("content-type") == "application/octet-stream"


async def test_a_message_cannot_run_in_the_relays_origin(relay: ASGIApp) -> None:
    html = [("Content-Type", "text/html")]
    await request(relay, "POST", "/inbox/a", headers=html, body=b"<script>")
    answer = await request(relay, "GET", "/inbox/a")
    assert (answer.header("content-security-policy") or "").startswith("sandbox")
    assert answer.header("x-content-type-options") == "nosniff"


@pytest.mark.parametrize("path", ["/inbox/a", "/link/a"])
async def test_head_measures_a_message_without_using_it_up(relay: ASGIApp, path: str) -> None:
    await request(relay, "POST", "/inbox/a", body=b"hello")
    answer = await request(relay, "HEAD", path)
    assert (answer.status, answer.header("content-length"), answer.body) == (200, "5", b"")
    assert plain(await request(relay, "GET", "/inbox/a")) == (200, b"hello")


async def test_a_waiting_reader_gets_the_message_when_it_comes(relay: ASGIApp) -> None:
    async with open_request(relay, "GET", "/inbox/a") as reader:
        assert not reader.is_answered
        await request(relay, "POST", "/inbox/a", headers=TYPED, body=b"hello")
        answer = await reader.answer()
    assert plain(answer) == (200, b"hello")
    assert answer.header("content-type") == "application/x-token"


@pytest.mark.parametrize("path", ["/inbox/a", "/link/a"])
async def test_waiting_for_a_message_ends_in_a_timeout(hasty: ASGIApp, path: str) -> None:
    assert plain(await request(hasty, "GET", path)) == (408, b"Request timed out")


@pytest.mark.parametrize("path", ["/inbox/a", "/link/a"])
async def test_a_reader_that_leaves_frees_its_place_at_once(
    relay: ASGIApp, inbox: Inbox, path: str
) -> None:
    async with open_request(relay, "GET", path) as reader:
        assert len(inbox) == 1
        await reader.leave()
        assert reader.is_finished
        assert not reader.is_answered
        assert len(inbox) == 0


@pytest.mark.parametrize("path", ["/inbox/a", "/link/a"])
async def test_one_reader_too_many_is_refused(relay: ASGIApp, path: str) -> None:
    async with open_request(relay, "GET", path):
        refused = await request(relay, "GET", path)
        assert plain(refused) == (503, b"Too many concurrent requests")


@pytest.mark.parametrize("path", ["/inbox/old", "/link/old"])
async def test_an_evicted_reader_is_told(path: str) -> None:
    relay = http_relay_app(Inbox(SettableClock(), RelayLimits(max_entries=1)))
    async with open_request(relay, "GET", path) as reader:
        await request(relay, "POST", "/inbox/new")
        assert plain(await reader.answer()) == (404, b"Entry expired")


async def test_an_acknowledged_message_is_gone(hasty: ASGIApp) -> None:
    await request(hasty, "POST", "/inbox/a", body=b"hello")
    assert plain(await request(hasty, "DELETE", "/inbox/a")) == (200, b"")
    assert plain(await request(hasty, "DELETE", "/inbox/a")) == (200, b"")
    assert (await request(hasty, "GET", "/inbox/a")).status == 408


async def test_what_was_never_posted_cannot_be_acknowledged(relay: ASGIApp) -> None:
    assert plain(await request(relay, "DELETE", "/inbox/a")) == (404, b"Not found")


async def test_the_acknowledgement_is_true_or_false(relay: ASGIApp) -> None:
    assert plain(await request(relay, "GET", "/inbox/a/ack")) == (404, b"Not found")
    await request(relay, "POST", "/inbox/a")
    assert plain(await request(relay, "GET", "/inbox/a/ack")) == (200, b"false")
    await request(relay, "DELETE", "/inbox/a")
    assert plain(await request(relay, "GET", "/inbox/a/ack")) == (200, b"true")


async def test_a_producer_can_wait_for_the_acknowledgement(relay: ASGIApp) -> None:
    await request(relay, "POST", "/inbox/a")
    async with open_request(relay, "GET", "/inbox/a/await") as producer:
        assert not producer.is_answered
        await request(relay, "DELETE", "/inbox/a")
        assert plain(await producer.answer()) == (200, b"")


async def test_waiting_for_the_acknowledgement_of_nothing_is_not_found(relay: ASGIApp) -> None:
    assert plain(await request(relay, "GET", "/inbox/a/await")) == (404, b"Not found")


async def test_waiting_for_the_acknowledgement_ends_in_a_timeout(hasty: ASGIApp) -> None:
    await request(hasty, "POST", "/inbox/a")
    answer = await request(hasty, "GET", "/inbox/a/await")
    assert plain(answer) == (408, b"Request timed out")


async def test_a_producer_that_leaves_frees_its_place_at_once(relay: ASGIApp) -> None:
    await request(relay, "POST", "/inbox/a")
    async with open_request(relay, "GET", "/inbox/a/await") as producer:
        await producer.leave()
        assert producer.is_finished
        assert not producer.is_answered
    async with open_request(relay, "GET", "/inbox/a/await") as another:
        assert not another.is_answered


async def test_a_producer_of_a_replaced_message_is_told(relay: ASGIApp) -> None:
    async with open_request(relay, "POST", "/link/a", chunks=[b"hello"]) as producer:
        await request(relay, "POST", "/inbox/a", body=b"newer")
        assert plain(await producer.answer()) == (404, b"Entry expired")


async def test_a_link_brings_producer_and_consumer_together(relay: ASGIApp) -> None:
    async with open_request(relay, "GET", f"/link/{CHANNEL}") as consumer:
        produced = await request(relay, "POST", f"/link/{CHANNEL}", headers=TYPED, body=b"hello")
        consumed = await consumer.answer()
    assert plain(produced) == (200, b"")
    assert plain(consumed) == (200, b"hello")
    assert consumed.header("content-type") == "application/x-token"
    assert (produced.header("deprecation"), consumed.header("deprecation")) == ("true", "true")


async def test_a_link_works_when_the_producer_comes_first(relay: ASGIApp) -> None:
    async with open_request(relay, "POST", "/link/a", chunks=[b"hel", b"lo"]) as producer:
        assert not producer.is_answered
        assert plain(await request(relay, "GET", "/link/a")) == (200, b"hello")
        assert plain(await producer.answer()) == (200, b"")


async def test_a_message_is_delivered_once_by_the_link(hasty: ASGIApp) -> None:
    await request(hasty, "POST", "/inbox/a", body=b"hello")
    assert (await request(hasty, "GET", "/link/a")).status == 200
    assert (await request(hasty, "GET", "/link/a")).status == 408


async def test_a_producer_on_the_link_times_out(hasty: ASGIApp) -> None:
    answer = await request(hasty, "POST", "/link/a", body=b"hello")
    assert plain(answer) == (408, b"Request timed out")
    assert answer.header("deprecation") == "true"


async def test_a_link_reader_gets_what_was_posted_to_the_inbox(relay: ASGIApp) -> None:
    async with open_request(relay, "GET", "/link/a") as consumer:
        await request(relay, "POST", "/inbox/a", body=b"hello")
        assert plain(await consumer.answer()) == (200, b"hello")
    assert plain(await request(relay, "GET", "/inbox/a/ack")) == (200, b"true")


@pytest.mark.parametrize("face", ["inbox", "link"])
async def test_a_body_above_the_limit_is_refused(face: str) -> None:
    relay = http_relay_app(Inbox(SettableClock(), RelayLimits(max_body_bytes=4, link_timeout_s=0)))
    assert (await request(relay, "POST", f"/{face}/a", body=b"hello")).status == 413
    assert (await request(relay, "POST", f"/{face}/a", body=b"hell")).status != 413


@pytest.mark.parametrize(("face", "kind"), [("inbox", b"Inbox"), ("link", b"Channel")])
async def test_an_id_above_256_bytes_is_refused(hasty: ASGIApp, face: str, kind: bytes) -> None:
    refused = await request(hasty, "GET", f"/{face}/{'a' * 257}")
    assert plain(refused) == (400, kind + b" ID too long")
    assert (await request(hasty, "GET", f"/{face}/{'%61' * 256}")).status == 408


async def test_an_id_is_compared_after_decoding(relay: ASGIApp) -> None:
    await request(relay, "POST", "/inbox/%61%2Fb", body=b"hello")
    assert (await request(relay, "GET", "/inbox/a%2fb")).body == b"hello"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/inbox/a", "GET, POST, DELETE"),
        ("POST", "/inbox/a/ack", "GET"),
        ("DELETE", "/inbox/a/await", "GET"),
        ("DELETE", "/link/a", "GET, POST"),
        ("POST", "/", "GET"),
    ],
)
async def test_a_wrong_method_is_answered_with_the_right_ones(
    relay: ASGIApp, method: str, path: str, allow: str
) -> None:
    answer = await request(relay, method, path)
    assert (answer.status, answer.header("allow")) == (405, allow)


@pytest.mark.parametrize("path", UNKNOWN_PATHS)
async def test_an_unknown_path_is_not_found(relay: ASGIApp, path: str) -> None:
    assert (await request(relay, "GET", path)).status == 404


async def test_every_path_answers_a_preflight(relay: ASGIApp) -> None:
    asked = [("Origin", "https://app.example"), ("Access-Control-Request-Method", "POST")]
    answer = await request(relay, "OPTIONS", "/no/such/path/at/all", headers=asked)
    assert plain(answer) == (200, b"")
    assert answer.header("access-control-allow-origin") == "https://app.example"
    assert answer.header("access-control-allow-methods") == "POST"


async def test_an_answer_mirrors_the_origin_and_exposes_nothing(relay: ASGIApp) -> None:
    answer = await request(relay, "GET", "/", headers=[("Origin", "https://app.example")])
    assert answer.header("access-control-allow-origin") == "https://app.example"
    assert answer.header("access-control-allow-credentials") == "true"
    assert answer.header("access-control-expose-headers") is None
