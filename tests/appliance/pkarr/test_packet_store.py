"""Which packet replaces which, and what is forgotten first."""

import pytest

from appliance.pkarr.packet_cache import StoredPacket
from appliance.pkarr.packet_store import PacketStore
from appliance.pubky.dns_message import Record
from appliance.pubky.keys import Keypair
from appliance.pubky.signed_packets import SignedPacket
from tests.support.pkarr import store_in_memory
from tests.support.settable_clock import START_US, SettableClock

ALICE = Keypair.from_seed(b"\x11" * 32)
BOB = Keypair.from_seed(b"\x22" * 32)
CAROL = Keypair.from_seed(b"\x33" * 32)


def packet(timestamp_us: int, keypair: Keypair = ALICE, content: bytes = b"") -> SignedPacket:
    return SignedPacket.sign(keypair, [Record((), 65432, 60, content)], timestamp_us)


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def store(clock: SettableClock) -> PacketStore:
    return store_in_memory(clock, capacity=2)


async def test_a_published_packet_is_found_with_the_moment_of_receipt(store: PacketStore) -> None:
    assert (await store.publish(packet(5))).outcome == "stored"
    assert await store.find(ALICE.public_key) == StoredPacket(packet(5), START_US)


async def test_an_unknown_key_has_no_packet(store: PacketStore) -> None:
    assert await store.find(ALICE.public_key) is None


async def test_an_older_packet_is_refused(store: PacketStore) -> None:
    await store.publish(packet(6))
    assert (await store.publish(packet(5))).outcome == "outdated"


async def test_the_smaller_message_of_the_same_moment_is_refused(store: PacketStore) -> None:
    await store.publish(packet(5, content=b"b"))
    assert (await store.publish(packet(5, content=b"a"))).outcome == "outdated"


async def test_the_same_packet_again_renews_the_moment_of_receipt(
    store: PacketStore, clock: SettableClock
) -> None:
    await store.publish(packet(5))
    clock.advance(60)
    assert (await store.publish(packet(5))).outcome == "stored"
    assert await store.find(ALICE.public_key) == StoredPacket(packet(5), START_US + 60_000_000)


async def test_a_packet_that_follows_the_expected_one_is_stored(store: PacketStore) -> None:
    await store.publish(packet(5))
    assert (await store.publish(packet(6), if_match=5)).outcome == "stored"


async def test_a_packet_that_follows_another_one_is_refused(store: PacketStore) -> None:
    await store.publish(packet(5))
    assert (await store.publish(packet(6), if_match=4)).outcome == "mismatch"
    assert await store.find(ALICE.public_key) == StoredPacket(packet(5), START_US)


async def test_an_older_packet_is_outdated_before_it_is_a_mismatch(store: PacketStore) -> None:
    await store.publish(packet(6))
    assert (await store.publish(packet(5), if_match=4)).outcome == "outdated"


async def test_an_expectation_is_void_when_nothing_is_held(store: PacketStore) -> None:
    assert (await store.publish(packet(6), if_match=4)).outcome == "stored"


async def test_the_packet_used_longest_ago_is_forgotten(store: PacketStore) -> None:
    await store.publish(packet(5, ALICE))
    await store.publish(packet(5, BOB))
    await store.find(ALICE.public_key)
    await store.publish(packet(5, CAROL))
    assert await store.find(BOB.public_key) is None
    assert await store.find(ALICE.public_key) is not None
    assert await store.find(CAROL.public_key) is not None
