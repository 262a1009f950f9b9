"""The pkarr relay's routes: its own rules, and what SDK 0.6.0 sends to a relay."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.mainline.udp import running_dht
from appliance.pkarr.packet_store import PacketStore
from appliance.pubky.dns_message import Record
from appliance.pubky.keys import Keypair
from appliance.pubky.signed_packets import SignedPacket
from appliance.web.asgi import ASGIApp
from appliance.web.pkarr_relay import pkarr_relay_app
from tests.support.asgi_client import request
from tests.support.dht import dht_network, dht_settings, item_of
from tests.support.pkarr import resolver_of, store_in_memory
from tests.support.settable_clock import START_US, SettableClock
from tests.support.vectors import Entry, entries, load_vectors

VECTORS = load_vectors("pkarr")
ALICE = Keypair.from_seed(b"\x11" * 32)
ALICE_PATH = f"/{ALICE.public_key.z32}"
PACKET_US = 1_699_999_999_500_000
PUBLISHED = [entry for entry in entries(VECTORS, "publish_0_6_0") if entry["outcome"] == "ok"]


def packet(timestamp_us: int = PACKET_US) -> SignedPacket:
    return SignedPacket.sign(ALICE, [Record((), 65432, 3600, b"")], timestamp_us)


@pytest.fixture
def relay() -> ASGIApp:
    return pkarr_relay_app(store_in_memory(SettableClock(), capacity=10))


async def put(relay: ASGIApp, timestamp_us: int = PACKET_US, if_match: str | None = None) -> int:
    headers = [] if if_match is None else [("If-Match", if_match)]
    body = packet(timestamp_us).relay_payload
    return (await request(relay, "PUT", ALICE_PATH, headers=headers, body=body)).status


async def test_a_published_packet_is_answered_as_it_came(relay: ASGIApp) -> None:
    published = await request(relay, "PUT", ALICE_PATH, body=packet().relay_payload)
    assert (published.status, published.body) == (204, b"")
    assert published.header("pkarr-dht-stored-nodes") is None
    answer = await request(relay, "GET", ALICE_PATH)
    assert (answer.status, answer.body) == (200, packet().relay_payload)


async def test_an_answer_has_the_headers_of_relays(relay: ASGIApp) -> None:
    await put(relay)
    answer = await request(relay, "GET", ALICE_PATH)
    assert answer.header("content-type") == "application/pkarr.org/relays#payload"
    assert answer.header("content-length") == str(len(packet().relay_payload))
    assert answer.header("cache-control") == "public, max-age=3600"
    assert answer.header("last-modified") == "Tue, 14 Nov 2023 22:13:19 GMT"
    assert answer.header("memento-datetime") == "Tue, 14 Nov 2023 22:13:20 GMT"


async def test_head_answers_like_get_without_the_body(relay: ASGIApp) -> None:
    await put(relay)
    answered = await request(relay, "HEAD", ALICE_PATH)
    assert answered.headers == (await request(relay, "GET", ALICE_PATH)).headers
    assert answered.body == b""


async def test_a_packet_dated_beyond_all_calendars_is_served(relay: ASGIApp) -> None:
    assert await put(relay, 2**64 - 1) == 204
    answer = await request(relay, "GET", ALICE_PATH)
    assert answer.header("last-modified") == "Fri, 31 Dec 9999 23:59:59 GMT"


@pytest.mark.parametrize("entry", entries(VECTORS, "relay_conditional"))
async def test_a_condition_compares_the_full_timestamp(relay: ASGIApp, entry: Entry) -> None:
    await put(relay, entry["packet_timestamp_us"])
    headers = [("If-Modified-Since", entry["if_modified_since"])]
    answer = await request(relay, "GET", ALICE_PATH, headers=headers)
    assert answer.status == entry["status"]
    assert answer.header("last-modified") == entry["last_modified"]
    assert answer.body == (
        b"" if answer.status == 304 else packet(entry["packet_timestamp_us"]).relay_payload
    )


async def test_an_unreadable_condition_is_ignored(relay: ASGIApp) -> None:
    await put(relay)
    headers = [("If-Modified-Since", "yesterday")]
    assert (await request(relay, "GET", ALICE_PATH, headers=headers)).status == 200


async def test_an_unknown_key_is_not_found(relay: ASGIApp) -> None:
    answer = await request(relay, "GET", ALICE_PATH)
    assert answer.status == 404
    assert answer.header("content-length") is not None


@pytest.mark.parametrize("policy", ["CacheFirst", "CacheOnly", "NetworkOnly"])
async def test_a_known_policy_is_taken(relay: ASGIApp, policy: str) -> None:
    await put(relay)
    assert (await request(relay, "GET", f"{ALICE_PATH}?policy={policy}")).status == 200


@pytest.mark.parametrize(
    "query", ["policy=", "policy=cachefirst", "policy=CacheOnly&policy=CacheOnly"]
)
async def test_another_policy_is_refused(relay: ASGIApp, query: str) -> None:
    await put(relay)
    assert (await request(relay, "GET", f"{ALICE_PATH}?{query}")).status == 400


async def test_other_parameters_and_cookies_are_ignored(relay: ASGIApp) -> None:
    await put(relay)
    headers = [("Cookie", f"{ALICE.public_key.z32}=secret")]
    answer = await request(relay, "GET", f"{ALICE_PATH}?a=b", headers=headers)
    assert answer.status == 200


async def test_an_older_packet_conflicts(relay: ASGIApp) -> None:
    assert await put(relay, 6) == 204
    assert await put(relay, 5) == 409
    assert await put(relay, 5, if_match="6") == 409


async def test_a_packet_that_follows_another_than_the_held_one_fails(relay: ASGIApp) -> None:
    assert await put(relay, 5) == 204
    assert await put(relay, 6, if_match="4") == 412
    assert await put(relay, 6, if_match="5") == 204


async def test_an_expectation_is_void_when_nothing_is_held(relay: ASGIApp) -> None:
    assert await put(relay, 6, if_match="4") == 204


@pytest.mark.parametrize("if_match", ["*", '"4"', "-4", "4.0", "", str(2**64), "4" * 65, "\u00b2"])
async def test_an_expectation_that_is_no_timestamp_is_ignored(
    relay: ASGIApp, if_match: str
) -> None:
    assert await put(relay, 5) == 204
    assert await put(relay, 6, if_match=if_match) == 204


@pytest.mark.parametrize("size", [0, 71, 72, 211, 1073, 1104])
async def test_a_payload_that_is_no_packet_is_refused(relay: ASGIApp, size: int) -> None:
    assert (await request(relay, "PUT", ALICE_PATH, body=bytes(size))).status == 400


async def test_a_payload_above_1104_bytes_is_too_large(relay: ASGIApp) -> None:
    assert (await request(relay, "PUT", ALICE_PATH, body=bytes(1105))).status == 413


async def test_a_packet_under_another_key_is_refused(relay: ASGIApp) -> None:
    bob = Keypair.from_seed(b"\x22" * 32).public_key
    answer = await request(relay, "PUT", f"/{bob}", body=packet().relay_payload)
    assert answer.status == 400


async def test_a_key_is_read_leniently(relay: ASGIApp) -> None:
    await put(relay)
    for text in (
        f"pk:{ALICE.public_key}",
        f"_pubky.{ALICE.public_key}",
        f"foo%40{ALICE.public_key}",
    ):
        assert (await request(relay, "GET", f"/{text}")).status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD"])
@pytest.mark.parametrize("text", ["favicon.ico", "0" * 52, "%FF%FE"])
async def test_a_text_that_is_no_key_is_refused(relay: ASGIApp, method: str, text: str) -> None:
    assert (await request(relay, method, f"/{text}")).status == 400


async def test_a_longer_path_is_not_found(relay: ASGIApp) -> None:
    assert (await request(relay, "GET", f"{ALICE_PATH}/more")).status == 404


async def test_the_root_names_the_relay(relay: ASGIApp) -> None:
    answer = await request(relay, "GET", "/")
    assert (answer.status, answer.body) == (200, b"Pkarr relay")
    assert (await request(relay, "HEAD", "/")).header("content-length") == "11"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("PUT", "/", "GET, HEAD"), ("POST", ALICE_PATH, "GET, HEAD, PUT")],
)
async def test_a_wrong_method_is_answered_with_the_right_ones(
    relay: ASGIApp, method: str, path: str, allow: str
) -> None:
    answer = await request(relay, method, path)
    assert (answer.status, answer.header("allow")) == (405, allow)


async def test_refusals_carry_the_cors_headers_too(relay: ASGIApp) -> None:
    origin = [("Origin", "https://app.example")]
    answer = await request(relay, "GET", "/nonsense", headers=origin)
    assert answer.header("access-control-allow-origin") == "https://app.example"
    assert answer.header("access-control-expose-headers") == (
        "pkarr-invalid-signed-packet-seq, pkarr-dht-stored-nodes"
    )


async def test_a_preflight_is_answered_before_the_key_is_read(relay: ASGIApp) -> None:
    asked = [("Origin", "https://app.example"), ("Access-Control-Request-Headers", "if-match")]
    answer = await request(relay, "OPTIONS", "/nonsense", headers=asked)
    assert (answer.status, answer.header("access-control-allow-headers")) == (200, "if-match")


async def test_the_number_of_storing_nodes_is_told() -> None:
    async with dht_network(4) as nodes:
        resolver = resolver_of(nodes[1])
        relay = pkarr_relay_app(PacketStore(resolver, nodes[1]))
        answer = await request(relay, "PUT", ALICE_PATH, body=packet().relay_payload)
        assert (answer.status, answer.header("pkarr-dht-stored-nodes")) == (204, "4")
        await resolver.close()


async def test_a_dht_in_which_nobody_answers_is_unavailable() -> None:
    settings = replace(dht_settings(mode="client", timeout_s=0.05), bootstrap=("127.0.0.1:9",))
    async with running_dht(settings) as lost:
        relay = pkarr_relay_app(PacketStore(resolver_of(lost), lost))
        asked = await request(relay, "GET", f"{ALICE_PATH}?policy=NetworkOnly")
        assert (asked.status, asked.body) == (503, b"no responses from the DHT")
        told = await request(relay, "PUT", ALICE_PATH, body=packet().relay_payload)
        assert told.status == 500
        # What was published here is served from here, however lost we are.
        assert (await request(relay, "GET", ALICE_PATH)).status == 200


async def test_something_newer_that_is_no_packet_is_told_with_its_number() -> None:
    async with dht_network(3) as nodes:
        await nodes[0].put(item_of(ALICE, 77, b"no packet"))
        relay = pkarr_relay_app(PacketStore(resolver_of(nodes[1]), nodes[1]))
        answer = await request(relay, "GET", ALICE_PATH)
        assert answer.status == 404
        assert answer.header("pkarr-invalid-signed-packet-seq") == "77"


@pytest.mark.parametrize("entry", PUBLISHED, ids=[entry["name"] for entry in PUBLISHED])
async def test_what_the_sdk_publishes_is_accepted(entry: Entry) -> None:
    relay = pkarr_relay_app(store_in_memory(SettableClock(START_US), capacity=10))
    path = f"/{entry['z32']}"
    if entry["existing_relay_payload"]:
        existing = bytes.fromhex(entry["existing_relay_payload"])
        assert (await request(relay, "PUT", path, body=existing)).status == 204
    headers = list(entry["requests"][-1]["h"].items())
    body = bytes.fromhex(entry["put_body"])
    assert (await request(relay, "PUT", path, headers=headers, body=body)).status == 204
    assert (await request(relay, "GET", path)).body == body


@pytest.mark.parametrize("entry", entries(VECTORS, "relay_http_0_6_0"))
async def test_what_the_sdk_asks_is_answered_with_a_length(relay: ASGIApp, entry: Entry) -> None:
    await put(relay, 5)
    described = {"if-modified-since": "Thu, 01 Jan 1970 00:00:00 GMT", "if-match": "5"}
    headers = [(name, described.get(name, value)) for name, value in entry["headers"].items()]
    body = packet(6).relay_payload if entry["method"] == "PUT" else b""
    answer = await request(relay, entry["method"], ALICE_PATH, headers=headers, body=body)
    if entry["method"] == "PUT":
        assert answer.status == 204
    else:
        assert answer.status == 200
        assert answer.header("content-length") == str(len(answer.body))
        assert answer.header("transfer-encoding") is None


@given(st.text("abyo%:/@?.#F0", max_size=60), st.binary(max_size=100))
async def test_any_path_and_body_get_an_answer(text: str, body: bytes) -> None:
    relay = pkarr_relay_app(store_in_memory(SettableClock(), capacity=1))
    assert (await request(relay, "PUT", f"/{text}", body=body)).status in {400, 404, 405}
