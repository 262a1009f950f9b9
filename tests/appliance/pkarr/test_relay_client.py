"""Other relays as we ask them: what they may say, how much, and for how long."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine

import httpx
import pytest

from appliance.pkarr.relay_client import LAST_HTTP_DATE_US, RelayClient
from appliance.pubky.timestamp import http_date
from tests.support.appliance import keypair_of
from tests.support.eventually import eventually
from tests.support.pkarr import resolver_of, small_packet
from tests.support.settable_clock import START_US, SettableClock

ALICE = keypair_of("alice")
KEY = ALICE.public_key
PACKET = small_packet(ALICE, START_US)
# Far below any time that matters, far above what a busy machine takes for a call in memory.
TIMEOUT_S = 0.2

Answering = Callable[[httpx.Request], Coroutine[None, None, httpx.Response]]


class Body(httpx.AsyncByteStream):
    """A body that comes in one piece, or in drops without end."""

    def __init__(self, content: bytes, *, endless: bool = False) -> None:
        self._content = content
        self._endless = endless

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content
        while self._endless:
            await asyncio.sleep(TIMEOUT_S / 10)
            yield b""


def relay(answering: Answering) -> RelayClient:
    return RelayClient("https://relay.test/", httpx.MockTransport(answering), TIMEOUT_S)


def saying(status: int, body: bytes = b"", **headers: str) -> RelayClient:
    """A relay that always answers the same."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}

    async def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers=named, stream=Body(body))

    return relay(answer)


async def asked(known_us: int | None) -> httpx.Request:
    """What we ask a relay when we know a packet of this time."""
    requests: list[httpx.Request] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(304)

    assert await relay(answer).get(KEY, known_us) is None
    (request,) = requests
    return request


async def test_a_packet_is_found_with_the_moment_at_which_the_relay_saw_it() -> None:
    found = await saying(
        200, PACKET.relay_payload, memento_datetime=http_date(START_US + 1_000_000)
    ).get(KEY)
    assert found is not None
    assert (found.packet, found.seen_us) == (PACKET, START_US + 1_000_000)


@pytest.mark.parametrize("headers", [{}, {"memento_datetime": "yesterday"}])
async def test_a_relay_need_not_say_when_it_saw_a_packet(headers: dict[str, str]) -> None:
    found = await saying(200, PACKET.relay_payload, **headers).get(KEY)
    assert found is not None
    assert found.seen_us is None


async def test_the_first_question_has_no_condition() -> None:
    request = await asked(None)
    assert str(request.url) == f"https://relay.test/{KEY.z32}"
    assert "if-modified-since" not in request.headers


@pytest.mark.parametrize(
    ("known_us", "since_us"),
    [(0, 0), (START_US, START_US - 1_000_000), (2**64 - 1, LAST_HTTP_DATE_US)],
)
async def test_a_known_packet_is_asked_about_from_a_second_before(
    known_us: int, since_us: int
) -> None:
    assert (await asked(known_us)).headers["if-modified-since"] == http_date(since_us)


@pytest.mark.parametrize(
    "payload",
    [b"", PACKET.relay_payload[:-1], small_packet(keypair_of("bob"), START_US).relay_payload],
    ids=["empty", "cut off", "of another key"],
)
async def test_what_is_no_packet_of_the_key_is_nothing(payload: bytes) -> None:
    assert await saying(200, payload).get(KEY) is None


async def test_a_redirect_is_not_followed() -> None:
    assert await saying(307, location="https://elsewhere.test/").get(KEY) is None
    answer = await saying(307, location="https://elsewhere.test/").put(PACKET)
    assert (answer.outcome, answer.detail) == ("failed", "307")


@pytest.mark.parametrize("status", [409, 412, 428])
async def test_a_relay_that_holds_something_else_is_a_conflict(status: int) -> None:
    assert (await saying(status).put(PACKET)).outcome == "conflict"


async def test_drops_without_end_are_not_waited_for() -> None:
    async def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Body(b"", endless=True))

    async with asyncio.timeout(10):
        assert await relay(answer).get(KEY) is None


async def test_the_body_of_an_answer_to_a_put_is_not_waited_for() -> None:
    async def answer(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(204, stream=Body(b"", endless=True))

    async with asyncio.timeout(10):
        assert (await relay(answer).put(PACKET)).outcome == "published"


async def test_a_put_that_is_never_answered_fails() -> None:
    async def answer(_request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async with asyncio.timeout(10):
        assert (await relay(answer).put(PACKET)).outcome == "failed"


async def test_a_packet_that_a_relay_saw_long_ago_is_not_fresh() -> None:
    clock = SettableClock()
    clock.advance(86_400)
    old = saying(200, PACKET.relay_payload, memento_datetime=http_date(START_US))
    found = await resolver_of(None, old, clock=clock).resolve(KEY)
    assert found.stored is not None
    assert found.stored.last_seen_us == START_US
    assert found.is_stale


async def test_a_packet_that_a_relay_saw_long_ago_does_not_end_the_search() -> None:
    clock = SettableClock()
    clock.advance(86_400)
    old = saying(200, PACKET.relay_payload, memento_datetime=http_date(START_US))
    newer = small_packet(ALICE, START_US + 1)

    async def answer_later(_request: httpx.Request) -> httpx.Response:
        await eventually(lambda: resolver.cache.find(KEY) is not None)
        # Turns enough for a search to end that should not.
        for _ in range(50):
            await asyncio.sleep(0)
        return httpx.Response(200, stream=Body(newer.relay_payload))

    resolver = resolver_of(None, old, relay(answer_later), clock=clock)
    found = await resolver.resolve(KEY)
    assert found.stored is not None
    assert found.stored.packet == newer


async def test_a_relay_cannot_make_a_packet_fresh_for_ever() -> None:
    clock = SettableClock()
    later = saying(200, PACKET.relay_payload, memento_datetime=http_date(START_US + 10**15))
    found = await resolver_of(None, later, clock=clock).resolve(KEY)
    assert found.stored is not None
    assert found.stored.last_seen_us == START_US


async def test_a_packet_from_the_far_future_is_still_asked_about() -> None:
    requests: list[httpx.Request] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(304)

    resolver = resolver_of(None, relay(answer))
    packet = small_packet(ALICE, 2**64 - 1)
    resolver.cache.see(packet)
    found = await resolver.resolve(KEY, "NetworkOnly")
    assert found.stored is not None
    assert (found.stored.packet, len(requests)) == (packet, 1)
