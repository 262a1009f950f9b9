"""The node's own packet and those of its users, on a DHT of real nodes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest

from appliance.background import running
from appliance.clock import Clock, system_clock
from appliance.mainline.udp import Dht, running_dht
from appliance.metadata import packets, publications, users
from appliance.metadata.publications import Publication
from appliance.metadata.sqlite import SqliteMetadata, open_sqlite
from appliance.pkarr.dht_items import item_of, packet_of
from appliance.pkarr.keeping import KeptPackets
from appliance.pkarr.packet_cache import PacketCache
from appliance.pkarr.publisher import OwnAddress, Publisher, says
from appliance.pkarr.publishing import Publishing
from appliance.pkarr.relay_client import RelayClient
from appliance.pkarr.republisher import Republisher
from appliance.pkarr.resolver import Resolver
from appliance.pubky.keys import Keypair
from appliance.pubky.signed_packets import SignedPacket
from appliance.web.pkarr_relay import pkarr_relay_app
from tests.support.appliance import keypair_of
from tests.support.dht import dht_network, dht_settings
from tests.support.dht import item_of as any_item
from tests.support.eventually import eventually
from tests.support.pkarr import packet_of_user, store_in_memory

NODE = keypair_of("node")
ALICE, BOB = keypair_of("alice"), keypair_of("bob")
HOME = OwnAddress("127.0.0.1", None, 6287, "localhost", 6286)


@dataclass(slots=True)
class Publishers:
    """What one node publishes with."""

    metadata: SqliteMetadata
    kept: KeptPackets
    publisher: Publisher
    republisher: Republisher
    address: list[OwnAddress] = field(default_factory=lambda: [HOME])

    async def history(self, keypair: Keypair = NODE) -> list[Publication]:
        """Attempts, newest first."""
        return await self.metadata.read(publications.newest, keypair.public_key.z32, 100)

    async def sign_up(self, keypair: Keypair) -> None:
        """A new user."""
        await self.metadata.write(users.create, keypair.public_key.z32, system_clock())


Make = Callable[[Dht | None], Publishers]


@pytest.fixture
async def metadata(tmp_path: Path) -> AsyncIterator[SqliteMetadata]:
    opened = await open_sqlite(tmp_path / "metadata.sqlite3", durable=False)
    yield opened
    await opened.close()


def publishers(
    metadata: SqliteMetadata,
    dht: Dht | None,
    *relays: RelayClient,
    clock: Clock = system_clock,
) -> Publishers:
    """With an empty cache, as after a start."""
    kept = KeptPackets(metadata, NODE.public_key)
    resolver = Resolver(PacketCache(clock, 100), dht, relays, clock, kept.find)
    publishing = Publishing(dht, relays, metadata, clock)
    address = [HOME]
    return Publishers(
        metadata,
        kept,
        Publisher(NODE, lambda: address[0], resolver, publishing, kept, clock),
        Republisher(NODE.public_key, metadata, resolver, publishing, kept, clock),
        address,
    )


async def found(dht: Dht, keypair: Keypair) -> SignedPacket | None:
    """What the DHT holds for a key."""
    report = await dht.get(keypair.public_key.raw)
    item = report.item
    return packet_of(item) if item is not None else None  # type: ignore[arg-type] # no immutable items here


async def says_now(dht: Dht, made: Publishers) -> bool:
    """Whether the DHT holds what the node should say by now."""
    packet = await found(dht, NODE)
    return packet is not None and says(packet, made.address[0])


async def test_the_own_packet_says_where_the_node_is(metadata: SqliteMetadata) -> None:
    async with dht_network(4) as nodes:
        made = publishers(metadata, nodes[1])
        attempt = await made.publisher.publish()
        assert (attempt.is_published, attempt.stored_nodes) == (True, 4)
        packet = await found(nodes[3], NODE)
        assert packet is not None
        assert says(packet, HOME)
        (noted,) = await made.history()
        assert (noted.vantage, noted.outcome, noted.stored_nodes) == ("dht", "published", 4)


async def test_an_unchanged_packet_is_published_again_byte_for_byte(
    metadata: SqliteMetadata,
) -> None:
    async with dht_network(4) as nodes:
        await publishers(metadata, nodes[1]).publisher.publish()
        first = await found(nodes[2], NODE)
        # Another process, hours later.
        again = publishers(metadata, nodes[1])
        assert (await again.publisher.publish()).is_published
        assert await found(nodes[2], NODE) == first


async def test_a_changed_address_is_signed_anew_and_later(metadata: SqliteMetadata) -> None:
    async with dht_network(4) as nodes:
        made = publishers(metadata, nodes[1])
        await made.publisher.publish()
        first = await found(nodes[2], NODE)
        made.address[0] = replace(HOME, ipv4="127.0.0.2")
        await made.publisher.publish()
        second = await found(nodes[2], NODE)
        assert first is not None
        assert second is not None
        assert second.timestamp_us > first.timestamp_us
        assert says(second, made.address[0])


async def test_a_newer_packet_of_somebody_with_the_same_key_is_replaced(
    metadata: SqliteMetadata,
) -> None:
    """A node that was restored from a backup, or whose clock was ahead before."""
    ahead = system_clock() + 3600 * 1_000_000
    async with dht_network(4) as nodes:
        foreign = SignedPacket.sign(NODE, replace(HOME, ipv4="127.0.0.9").records(), ahead)
        await nodes[0].put(item_of(foreign))
        made = publishers(metadata, nodes[1])
        assert (await made.publisher.publish()).is_published
        packet = await found(nodes[3], NODE)
        assert packet is not None
        assert packet.timestamp_us > ahead
        assert says(packet, HOME)


async def test_something_newer_that_is_no_packet_is_replaced(metadata: SqliteMetadata) -> None:
    ahead = system_clock() + 3600 * 1_000_000
    async with dht_network(4) as nodes:
        await nodes[0].put(any_item(NODE, ahead, b"junk"))
        assert (await publishers(metadata, nodes[1]).publisher.publish()).is_published
        packet = await found(nodes[3], NODE)
        assert packet is not None
        assert packet.timestamp_us > ahead


async def test_relays_are_told_as_well(metadata: SqliteMetadata) -> None:
    store = store_in_memory(system_clock, 10)
    relay = RelayClient("http://relay.test", httpx.ASGITransport(pkarr_relay_app(store)))
    made = publishers(metadata, None, relay)
    assert (await made.publisher.publish()).is_published
    assert await store.find(NODE.public_key) is not None
    (noted,) = await made.history()
    assert (noted.vantage, noted.outcome) == ("http://relay.test", "published")
    await relay.close()


async def test_without_an_address_and_a_domain_nothing_is_sent(metadata: SqliteMetadata) -> None:
    async with dht_network(2) as nodes:
        made = publishers(metadata, nodes[1])
        made.address[0] = OwnAddress(None, None, 6287, None, 6286)
        assert not (await made.publisher.publish()).is_published
        (noted,) = await made.history()
        assert noted.detail.startswith("no public address is known yet")
        assert await found(nodes[0], NODE) is None


async def test_behind_a_tunnel_the_domain_is_all_there_is(metadata: SqliteMetadata) -> None:
    async with dht_network(2) as nodes:
        made = publishers(metadata, nodes[1])
        made.address[0] = OwnAddress(None, None, 6287, "hs.example.org", 6286)
        await made.publisher.publish()
        packet = await found(nodes[0], NODE)
        assert packet is not None
        assert len(packet.records) == 1


async def test_both_families_stand_in_one_packet(metadata: SqliteMetadata) -> None:
    async with dht_network(2) as nodes:
        made = publishers(metadata, nodes[1])
        made.address[0] = OwnAddress("203.0.113.9", "2001:db8::9", 6287, None, 6286)
        await made.publisher.publish()
        packet = await found(nodes[0], NODE)
        assert packet is not None
        assert [record.record_type for record in packet.records] == [65, 1, 28]


async def test_offline_is_noted_and_tried_again_when_something_changes(
    metadata: SqliteMetadata,
) -> None:
    settings = replace(dht_settings(mode="client", timeout_s=0.02), bootstrap=("127.0.0.1:9",))
    async with running_dht(settings) as lost:
        made = publishers(metadata, lost)
        attempt = await made.publisher.publish()
        assert not attempt.is_published
        (noted,) = await made.history()
        assert (noted.outcome, noted.detail) == ("failed", "no DHT node answered")
        seen = 1
        async with running(made.publisher.follow()):
            for _ in range(2):
                made.publisher.sooner.set()
                async with asyncio.timeout(10):
                    while (now := len(await made.history())) <= seen:  # noqa: ASYNC110 - rows set no event
                        await asyncio.sleep(0.01)
                seen = now


async def test_a_users_packet_is_found_and_published_unchanged(metadata: SqliteMetadata) -> None:
    async with dht_network(4) as nodes:
        made = publishers(metadata, nodes[1])
        await made.sign_up(ALICE)
        packet = packet_of_user(ALICE, NODE.public_key, 5)
        await nodes[0].put(item_of(packet))
        assert await made.republisher.republish(ALICE.public_key) == "published"
        assert await found(nodes[2], ALICE) == packet
        kept = await made.kept.find(ALICE.public_key)
        assert kept is not None
        assert kept.packet == packet


async def test_a_packet_survives_when_the_whole_dht_has_forgotten_it(
    metadata: SqliteMetadata,
) -> None:
    packet = packet_of_user(ALICE, NODE.public_key, 5)
    async with dht_network(3) as nodes:
        made = publishers(metadata, nodes[1])
        await made.sign_up(ALICE)
        await nodes[0].put(item_of(packet))
        await made.republisher.republish_all()
    async with dht_network(3) as others:
        assert await found(others[0], ALICE) is None
        later = publishers(metadata, others[1])
        await later.republisher.republish_all()
        assert await found(others[2], ALICE) == packet


async def test_who_moved_away_is_left_alone(metadata: SqliteMetadata) -> None:
    async with dht_network(3) as nodes:
        made = publishers(metadata, nodes[1])
        await made.sign_up(ALICE)
        await made.kept.keep(packet_of_user(ALICE, NODE.public_key, 5), 5)
        moved = packet_of_user(ALICE, BOB.public_key, 6)
        await nodes[0].put(item_of(moved))
        assert await made.republisher.republish(ALICE.public_key) == "skipped"
        assert await found(nodes[2], ALICE) == moved


async def test_an_older_packet_here_does_not_come_back_over_a_newer_one(
    metadata: SqliteMetadata,
) -> None:
    async with dht_network(3) as nodes:
        made = publishers(metadata, nodes[1])
        await made.sign_up(ALICE)
        await made.kept.keep(packet_of_user(ALICE, NODE.public_key, 5), 5)
        newer = packet_of_user(ALICE, NODE.public_key, 6)
        await nodes[0].put(item_of(newer))
        assert await made.republisher.republish(ALICE.public_key) == "published"
        assert await found(nodes[2], ALICE) == newer
        assert not await made.kept.keep(packet_of_user(ALICE, NODE.public_key, 5), 9)


async def test_who_never_published_is_missing(metadata: SqliteMetadata) -> None:
    async with dht_network(2) as nodes:
        made = publishers(metadata, nodes[1])
        await made.sign_up(ALICE)
        assert await made.republisher.republish(ALICE.public_key) == "missing"
        (noted,) = await made.history(ALICE)
        assert noted.detail == "nobody has a packet of this key"


async def test_junk_in_the_dht_is_reported_and_not_overwritten(metadata: SqliteMetadata) -> None:
    async with dht_network(2) as nodes:
        made = publishers(metadata, nodes[1])
        await made.sign_up(ALICE)
        await made.kept.keep(packet_of_user(ALICE, NODE.public_key, 5), 5)
        await nodes[0].put(any_item(ALICE, 9, b"junk"))
        assert await made.republisher.republish(ALICE.public_key) == "invalid"


async def test_a_round_looks_after_everybody(metadata: SqliteMetadata) -> None:
    people = [keypair_of(f"person {number}") for number in range(12)]
    async with dht_network(3) as nodes:
        made = publishers(metadata, nodes[1])
        for person in people:
            await made.sign_up(person)
            await nodes[0].put(item_of(packet_of_user(person, NODE.public_key, 5)))
        await made.republisher.republish_all()
        assert made.republisher.outcomes == {"published": 12}
        assert made.republisher.round.done == 12
        latest = await metadata.read(publications.latest_outcomes, NODE.public_key.z32)
        assert latest == {"published": 12}


async def test_newcomers_packets_are_kept_before_anything_happens_to_them(
    metadata: SqliteMetadata,
) -> None:
    async with dht_network(3) as nodes:
        made = publishers(metadata, nodes[1])
        await made.sign_up(ALICE)
        await nodes[0].put(item_of(packet_of_user(ALICE, NODE.public_key, 5)))
        await made.republisher.meet_newcomers()
        assert await made.kept.find(ALICE.public_key) is not None


async def test_strangers_packets_are_not_kept(metadata: SqliteMetadata) -> None:
    made = publishers(metadata, None)
    assert not await made.kept.keep(packet_of_user(BOB, NODE.public_key, 5), 5)
    assert await metadata.read(packets.count) == 0


async def test_the_history_is_bounded_and_keeps_the_last_success(
    metadata: SqliteMetadata,
) -> None:
    def attempt(number: int, outcome: publications.Outcome) -> Publication:
        return Publication("key", number, "dht", outcome, None, None, "")

    await metadata.write(publications.append, attempt(0, "published"), 5)
    for number in range(1, 20):
        await metadata.write(publications.append, attempt(number, "failed"), 5)
    kept = await metadata.read(publications.newest, "key", 100)
    assert [one.at_us for one in kept] == [19, 18, 17, 16, 15, 0]
    success = await metadata.read(publications.last_success, "key")
    assert success is not None
    assert success.at_us == 0


async def test_a_change_is_published_without_waiting_for_the_hour(
    metadata: SqliteMetadata,
) -> None:
    async with dht_network(3) as nodes:
        made = publishers(metadata, nodes[1])
        async with running(made.publisher.follow()):
            await eventually(lambda: nodes[2].stats()[0].mutable_items == 1)
            made.address[0] = replace(HOME, ipv4="127.0.0.7")
            made.publisher.sooner.set()
            async with asyncio.timeout(10):
                while not await says_now(nodes[2], made):  # noqa: ASYNC110 - nor does the DHT
                    await asyncio.sleep(0.01)
