"""Finding a packet: from the cache, from the DHT, from relays, and when nobody answers."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from appliance.mainline.udp import Dht, running_dht
from appliance.pkarr.dht_items import item_of, packet_of
from appliance.pkarr.relay_client import RelayClient
from appliance.pubky.keys import PublicKey
from appliance.web.asgi import ASGIApp, Receive, Scope, Send
from appliance.web.pkarr_relay import pkarr_relay_app
from tests.support.appliance import keypair_of
from tests.support.dht import dht_network, dht_settings
from tests.support.dht import item_of as any_item
from tests.support.eventually import eventually
from tests.support.pkarr import resolver_of, small_packet, store_in_memory
from tests.support.settable_clock import START_US, SettableClock

ALICE = keypair_of("alice")
KEY = ALICE.public_key
HOUR_S = 3600


@pytest.fixture
async def network() -> AsyncIterator[list[Dht]]:
    async with dht_network(4) as nodes:
        yield nodes


def relay_of(app: ASGIApp) -> RelayClient:
    return RelayClient("http://relay.test", httpx.ASGITransport(app))


async def test_what_the_dht_holds_is_found(network: list[Dht]) -> None:
    await network[0].put(item_of(small_packet(ALICE, 5)))
    found = await resolver_of(network[1]).resolve(KEY)
    assert found.stored is not None
    assert found.stored.packet == small_packet(ALICE, 5)
    assert (found.source, found.is_stale) == ("dht", False)


async def test_a_fresh_packet_is_not_looked_up_again(network: list[Dht]) -> None:
    await network[0].put(item_of(small_packet(ALICE, 5)))
    resolver = resolver_of(network[1])
    # To its end: a search that goes on after the first answer may still meet the newer one.
    await resolver.resolve(KEY, "NetworkOnly")
    await network[0].put(item_of(small_packet(ALICE, 6)))
    again = await resolver.resolve(KEY)
    assert again.stored is not None
    assert (again.stored.packet.timestamp_us, again.source) == (5, "cache")
    newest = await resolver.resolve(KEY, "NetworkOnly")
    assert newest.stored is not None
    assert newest.stored.packet.timestamp_us == 6


async def test_an_expired_packet_is_looked_up_again(network: list[Dht]) -> None:
    clock = SettableClock()
    resolver = resolver_of(network[1], clock=clock)
    resolver.cache.see(small_packet(ALICE, 5))
    await network[0].put(item_of(small_packet(ALICE, 6)))
    clock.advance(HOUR_S + 1)
    found = await resolver.resolve(KEY)
    assert found.stored is not None
    assert found.stored.packet.timestamp_us == 6


async def test_an_expired_packet_is_served_when_the_network_is_dead() -> None:
    clock = SettableClock()
    settings = replace(dht_settings(mode="client", timeout_s=0.05), bootstrap=("127.0.0.1:9",))
    async with running_dht(settings) as lost:
        resolver = resolver_of(lost, clock=clock)
        resolver.cache.see(small_packet(ALICE, 5))
        clock.advance(HOUR_S + 1)
        found = await resolver.resolve(KEY)
        assert found.stored is not None
        assert found.is_stale
        assert resolver.counters["stale"] == 1


async def test_the_cache_alone_is_asked_when_that_is_wished(network: list[Dht]) -> None:
    await network[0].put(item_of(small_packet(ALICE, 5)))
    assert (await resolver_of(network[1]).resolve(KEY, "CacheOnly")).stored is None


async def test_a_relay_answers_where_the_dht_is_dead() -> None:
    clock = SettableClock()
    store = store_in_memory(clock, 10)
    await store.publish(small_packet(ALICE, 5))
    settings = replace(dht_settings(mode="client", timeout_s=5), bootstrap=("127.0.0.1:9",))
    async with running_dht(settings) as lost:
        relay = relay_of(pkarr_relay_app(store))
        resolver = resolver_of(lost, relay, clock=clock)
        # The DHT's patience is five seconds; the relay's answer does not wait for it.
        async with asyncio.timeout(2):
            found = await resolver.resolve(KEY)
        assert found.stored is not None
        assert found.source == "relay"
        await resolver.close()
        await relay.close()


async def test_the_newest_of_dht_and_relay_wins_when_both_are_waited_for(
    network: list[Dht],
) -> None:
    store = store_in_memory(SettableClock(), 10)
    await store.publish(small_packet(ALICE, 7))
    await network[0].put(item_of(small_packet(ALICE, 6)))
    relay = relay_of(pkarr_relay_app(store))
    found = await resolver_of(network[1], relay).resolve(KEY, "NetworkOnly")
    assert found.stored is not None
    assert (found.stored.packet.timestamp_us, found.source) == (7, "relay")
    await relay.close()


async def test_a_late_answer_feeds_the_cache(network: list[Dht]) -> None:
    """Whoever wants the first answer gets it; what comes later is there for the next."""
    store = store_in_memory(SettableClock(), 10)
    await store.publish(small_packet(ALICE, 7))
    slow = pkarr_relay_app(store)
    gate = asyncio.Event()

    async def waiting(scope: Scope, receive: Receive, send: Send) -> None:
        await gate.wait()
        await slow(scope, receive, send)

    await network[0].put(item_of(small_packet(ALICE, 6)))
    relay = relay_of(waiting)
    resolver = resolver_of(network[1], relay)
    first = await resolver.resolve(KEY)
    assert first.stored is not None
    assert first.stored.packet.timestamp_us == 6
    gate.set()

    def is_newer() -> bool:
        cached = resolver.cache.find(KEY)
        return cached is not None and cached.packet.timestamp_us == 7

    await eventually(is_newer)
    await relay.close()


async def test_many_who_ask_at_once_share_searches(network: list[Dht]) -> None:
    await network[0].put(item_of(small_packet(ALICE, 5)))
    before = network[0].stats()[0].counters.get("queries_get", 0)
    resolver = resolver_of(network[1])
    found = await asyncio.gather(*(resolver.resolve(KEY, "NetworkOnly") for _ in range(20)))
    assert all(one.stored is not None for one in found)
    # Those who came while one ran share the next one.
    assert network[0].stats()[0].counters["queries_get"] == before + 2


async def test_something_newer_that_is_no_packet_outvotes_older_packets(
    network: list[Dht],
) -> None:
    await network[0].put(item_of(small_packet(ALICE, 5)))
    await network[0].put(any_item(ALICE, 9, b"no packet"))
    resolver = resolver_of(network[1])
    resolver.cache.see(small_packet(ALICE, 5))
    found = await resolver.resolve(KEY, "NetworkOnly")
    assert (found.stored, found.invalid_seq) == (None, 9)


async def test_a_packet_from_the_future_is_counted(network: list[Dht]) -> None:
    ahead = START_US + 7200 * 1_000_000
    await network[0].put(item_of(small_packet(ALICE, ahead)))
    resolver = resolver_of(network[1], clock=SettableClock())
    assert (await resolver.resolve(KEY)).stored is not None
    assert resolver.counters["future_dated"] >= 1


async def test_an_unknown_key_is_a_miss(network: list[Dht]) -> None:
    found = await resolver_of(network[1]).resolve(keypair_of("nobody").public_key)
    assert found.stored is None
    assert found.responded > 0


async def test_without_any_network_the_cache_is_all_there_is() -> None:
    resolver = resolver_of()
    assert (await resolver.resolve(KEY, "NetworkOnly")).stored is None
    resolver.cache.see(small_packet(ALICE, 5))
    assert (await resolver.resolve(KEY, "NetworkOnly")).stored is not None


def test_an_item_with_a_negative_number_is_no_packet() -> None:
    assert packet_of(any_item(ALICE, -1, small_packet(ALICE, 5).dns_message)) is None


@pytest.mark.parametrize("status", [404, 500])
async def test_a_relay_that_has_nothing_is_no_trouble(status: int) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"x"})

    relay = relay_of(app)
    assert await relay.get(PublicKey.parse(KEY.z32)) is None
    await relay.close()


async def test_a_relay_that_sends_too_much_is_not_listened_to() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": bytes(100_000)})

    relay = relay_of(app)
    assert await relay.get(KEY) is None
    await relay.close()


async def test_a_relay_that_is_not_there_is_a_failed_publication() -> None:
    relay = RelayClient("http://127.0.0.1:9")
    assert (await relay.put(small_packet(ALICE, 5))).outcome == "failed"
    assert await relay.get(KEY) is None
    await relay.close()
