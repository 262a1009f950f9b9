"""Networks of real nodes on loopback: what one stores, another finds."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace

import pytest

from appliance.mainline.items import MutableItem
from appliance.mainline.reports import OURSELVES
from appliance.mainline.udp import Dht, DhtSettings, running_dht
from tests.support.appliance import keypair_of
from tests.support.dht import dht_network, dht_settings, item_of
from tests.support.eventually import eventually

ALICE = keypair_of("alice")
SEQ = 1_760_000_000_000_000


@pytest.fixture
async def network() -> AsyncIterator[list[Dht]]:
    async with dht_network(8) as nodes:
        yield nodes


async def test_what_one_node_stores_another_finds(network: list[Dht]) -> None:
    item = item_of(ALICE, SEQ, b"hello")
    put = await network[1].put(item)
    assert put.stored_nodes == len(network)
    assert {outcome.result for outcome in put.outcomes} == {"stored"}
    got = await network[5].get(ALICE.public_key.raw)
    assert got.item == item
    assert got.usable >= 1


async def test_the_first_answer_is_told_before_the_search_ends(network: list[Dht]) -> None:
    item = item_of(ALICE, SEQ, b"hello")
    await network[1].put(item)
    heard: list[MutableItem] = []
    await network[5].get(ALICE.public_key.raw, on_item=heard.append)
    assert heard == [item]


async def test_a_newer_item_wins_over_the_older_ones_that_are_left(network: list[Dht]) -> None:
    old, new = item_of(ALICE, SEQ, b"old"), item_of(ALICE, SEQ + 1, b"new")
    await network[1].put(old)
    await network[2].put(new)
    assert (await network[3].get(ALICE.public_key.raw)).item == new


async def test_an_older_item_is_outdated_by_majority(network: list[Dht]) -> None:
    await network[1].put(item_of(ALICE, SEQ + 1, b"new"))
    put = await network[2].put(item_of(ALICE, SEQ, b"old"))
    assert put.conflict == "outdated"
    assert put.stored_nodes == 0


async def test_a_wrong_expectation_is_a_conflict(network: list[Dht]) -> None:
    await network[1].put(item_of(ALICE, SEQ, b"one"))
    put = await network[2].put(item_of(ALICE, SEQ + 2, b"two"), cas=SEQ - 5)
    assert put.conflict == "cas"
    right = await network[3].put(item_of(ALICE, SEQ + 2, b"two"), cas=SEQ)
    assert (right.conflict, right.stored_nodes) == (None, len(network))


async def test_an_unchanged_item_may_be_stored_again(network: list[Dht]) -> None:
    item = item_of(ALICE, SEQ, b"hello")
    await network[1].put(item)
    assert (await network[4].put(item)).stored_nodes == len(network)


async def test_items_of_one_key_with_different_salts_are_different(network: list[Dht]) -> None:
    await network[1].put(item_of(ALICE, SEQ, b"one", salt=b"a"))
    await network[1].put(item_of(ALICE, SEQ, b"two", salt=b"b"))
    found = await network[2].get(ALICE.public_key.raw, salt=b"b")
    assert found.item is not None
    assert found.item.value == b"two"
    assert (await network[2].get(ALICE.public_key.raw)).item is None


async def test_a_client_finds_and_stores_and_keeps_nothing(network: list[Dht]) -> None:
    async with running_dht(dht_settings(network[0], mode="client")) as client:
        item = item_of(ALICE, SEQ, b"hello")
        assert (await client.put(item)).stored_nodes == len(network)
        assert (await client.get(ALICE.public_key.raw)).item == item
        assert client.stats()[0].mutable_items == 0
        assert not (await network[0].ping(client.addresses[0])).answered


async def test_a_server_that_is_alone_keeps_its_own_copy() -> None:
    async with running_dht(dht_settings()) as alone:
        item = item_of(ALICE, SEQ, b"hello")
        put = await alone.put(item)
        assert [outcome.address for outcome in put.outcomes] == [OURSELVES]
        assert put.stored_nodes == 1
        assert (await alone.get(ALICE.public_key.raw)).item == item


async def test_a_ping_tells_who_is_there(network: list[Dht]) -> None:
    report = await network[1].ping(network[2].addresses[0])
    assert report.answered
    assert report.node_id == network[2].stats()[0].id


async def test_a_ping_into_the_void_ends() -> None:
    async with running_dht(dht_settings(timeout_s=0.05)) as alone:
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as silent:
            silent.bind(("127.0.0.1", 0))
            assert not (await alone.ping(silent.getsockname())).answered


async def test_a_dead_entrance_ends_a_search_without_an_item() -> None:
    settings = replace(dht_settings(timeout_s=0.05), bootstrap=("127.0.0.1:9",))
    async with running_dht(settings) as lost:
        report = await lost.get(ALICE.public_key.raw)
        assert (report.item, report.responded) == (None, 0)


async def test_a_node_that_starts_first_finds_the_network_when_it_comes() -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as place:
        place.bind(("127.0.0.1", 0))
        entrance = place.getsockname()
    early = replace(dht_settings(timeout_s=0.05), bootstrap=(f"127.0.0.1:{entrance[1]}",))
    late = replace(dht_settings(), listen=(entrance,))
    async with running_dht(early) as first, running_dht(late) as second:
        item = item_of(ALICE, SEQ, b"hello")
        await second.put(item)
        assert (await first.get(ALICE.public_key.raw)).item == item


async def test_both_families_serve_side_by_side() -> None:
    both = DhtSettings((("127.0.0.1", 0), ("::1", 0)), dht_settings().node)
    async with running_dht(both) as node:
        four, six = node.addresses
        entrances = (f"{four[0]}:{four[1]}", f"[{six[0]}]:{six[1]}")
        async with running_dht(replace(both, bootstrap=entrances)) as other:
            put = await other.put(item_of(ALICE, SEQ, b"hello"))
            assert put.stored_nodes == 3
            assert [stats.family for stats in node.stats()] == [4, 6]
            assert [stats.mutable_items for stats in node.stats()] == [1, 1]
            assert (await node.ping(other.addresses[1])).answered


async def test_without_an_address_family_a_ping_says_so() -> None:
    async with running_dht(dht_settings()) as node:
        with pytest.raises(OSError, match="no IPv6 address in the DHT"):
            await node.ping(("::1", 6881))


async def test_a_taken_port_is_replaced_when_any_will_do() -> None:
    async with running_dht(dht_settings()) as first:
        settings = replace(dht_settings(), listen=first.addresses)
        with pytest.raises(OSError, match="in use"):
            async with running_dht(settings):
                pass
        async with running_dht(replace(settings, any_port=True)) as second:
            assert second.addresses[0][1] not in (0, first.addresses[0][1])


async def test_known_contacts_are_an_entrance_of_their_own(network: list[Dht]) -> None:
    await network[1].put(item_of(ALICE, SEQ, b"hello"))
    contacts = tuple(network[1].contacts())
    assert contacts
    async with running_dht(replace(dht_settings(), contacts=contacts)) as again:
        assert (await again.get(ALICE.public_key.raw)).item is not None


async def test_a_caller_who_leaves_ends_the_search() -> None:
    settings = replace(dht_settings(timeout_s=5), bootstrap=("127.0.0.1:9",))
    async with running_dht(settings) as lost:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await lost.get(ALICE.public_key.raw)
        assert lost.stats()[0].lookups <= 1  # its own search for neighbours


async def test_nonsense_is_counted_and_answered_by_nobody(network: list[Dht]) -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as stranger:
        stranger.setblocking(False)
        stranger.sendto(b"this is no message at all", network[0].addresses[0])
        await eventually(lambda: network[0].stats()[0].counters.get("malformed") == 1)
        with pytest.raises(BlockingIOError):
            stranger.recv(1)
