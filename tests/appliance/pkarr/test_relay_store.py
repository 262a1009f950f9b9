"""The relay's store with a network behind it: refusals, doubts, and a network that is not there."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from appliance.errors import PubkyError
from appliance.mainline.udp import Dht, running_dht
from appliance.pkarr.dht_items import item_of
from appliance.pkarr.packet_store import INVALID_SEQ_HEADER, PacketStore
from appliance.pubky.signed_packets import SignedPacket
from tests.support.appliance import keypair_of
from tests.support.dht import dht_network, dht_settings
from tests.support.dht import item_of as item_with
from tests.support.pkarr import resolver_of, small_packet

ALICE = keypair_of("alice")
KEY = ALICE.public_key
BEYOND_THE_DHT = 2**63


@pytest.fixture
async def network() -> AsyncIterator[list[Dht]]:
    async with dht_network(4) as nodes:
        yield nodes


def store_of(dht: Dht) -> PacketStore:
    return PacketStore(resolver_of(dht), dht)


async def test_a_packet_is_counted_by_the_nodes_that_took_it(network: list[Dht]) -> None:
    publication = await store_of(network[0]).publish(small_packet(ALICE, 5))
    assert (publication.outcome, publication.stored_nodes) == ("stored", len(network))
    found = await store_of(network[1]).find(KEY)
    assert found is not None
    assert found.packet == small_packet(ALICE, 5)


async def test_an_unknown_key_is_not_found(network: list[Dht]) -> None:
    assert await store_of(network[0]).find(KEY) is None


async def test_what_the_dht_holds_decides_over_an_empty_cache(network: list[Dht]) -> None:
    await network[0].put(item_of(small_packet(ALICE, 10)))
    store = store_of(network[1])
    assert (await store.publish(small_packet(ALICE, 9))).outcome == "outdated"
    assert (await store.publish(small_packet(ALICE, 11), if_match=7)).outcome == "mismatch"


async def test_a_packet_that_the_dht_refused_is_not_served_as_if_it_were_fresh(
    network: list[Dht],
) -> None:
    await network[0].put(item_of(small_packet(ALICE, 10)))
    store = store_of(network[1])
    await store.publish(small_packet(ALICE, 9))
    found = await store.find(KEY)
    assert found is not None
    assert found.packet == small_packet(ALICE, 10)


async def test_two_packets_of_a_key_at_once_are_concurrent(network: list[Dht]) -> None:
    store = store_of(network[0])
    first, second = await asyncio.gather(
        store.publish(small_packet(ALICE, 5)), store.publish(small_packet(ALICE, 6))
    )
    assert (first.outcome, second.outcome) == ("stored", "concurrent")
    assert (await store.publish(small_packet(ALICE, 6))).outcome == "stored"


async def test_a_newer_thing_that_is_no_packet_is_named(network: list[Dht]) -> None:
    await network[0].put(item_with(ALICE, 77, b"no packet"))
    with pytest.raises(PubkyError) as refused:
        await store_of(network[1]).find(KEY, "NetworkOnly")
    assert (refused.value.code, refused.value.headers) == ("not_found", {INVALID_SEQ_HEADER: "77"})


async def test_a_packet_dated_beyond_what_the_dht_counts_is_refused_and_forgotten(
    network: list[Dht],
) -> None:
    kept: list[SignedPacket] = []

    async def keep(packet: SignedPacket) -> None:
        kept.append(packet)

    store = PacketStore(resolver_of(network[0]), network[0], keep)
    with pytest.raises(PubkyError, match="out of the DHT's range"):
        await store.publish(small_packet(ALICE, BEYOND_THE_DHT))
    assert kept == []
    assert await store.find(KEY) is None


async def test_a_node_that_knows_nobody_is_unavailable_and_not_ignorant() -> None:
    async with running_dht(dht_settings(mode="client")) as lost:
        store = store_of(lost)
        with pytest.raises(PubkyError, match="no responses") as refused:
            await store.find(KEY)
        assert refused.value.code == "unavailable"
        assert await store.find(KEY, "CacheOnly") is None
        assert (await store.publish(small_packet(ALICE, 5))).outcome == "failed"
