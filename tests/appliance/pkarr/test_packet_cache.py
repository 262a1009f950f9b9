"""What the cache holds, for how long it is believed, and what a wrong clock does to it."""

import pytest

from appliance.pkarr.packet_cache import MAX_CLOCK_SKEW_US, PacketCache, StoredPacket
from tests.support.appliance import keypair_of
from tests.support.pkarr import small_packet
from tests.support.settable_clock import START_US, SettableClock

ALICE = keypair_of("alice")
KEY = ALICE.public_key
HOUR_S = 3600


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture
def cache(clock: SettableClock) -> PacketCache:
    return PacketCache(clock, capacity=2)


def held(cache: PacketCache) -> StoredPacket:
    found = cache.find(KEY)
    assert found is not None
    return found


def test_a_packet_is_fresh_for_its_ttl(cache: PacketCache, clock: SettableClock) -> None:
    cache.see(small_packet(ALICE, 5))
    clock.advance(HOUR_S - 1)
    assert cache.is_fresh(held(cache))
    clock.advance(1)
    assert not cache.is_fresh(held(cache))


def test_a_packet_that_is_seen_again_is_fresh_again(
    cache: PacketCache, clock: SettableClock
) -> None:
    cache.see(small_packet(ALICE, 5))
    clock.advance(HOUR_S)
    assert cache.see(small_packet(ALICE, 5))
    assert cache.is_fresh(held(cache))


def test_an_earlier_sight_of_the_same_packet_changes_nothing(
    cache: PacketCache, clock: SettableClock
) -> None:
    cache.see(small_packet(ALICE, 5))
    assert cache.keep(StoredPacket(small_packet(ALICE, 5), clock() - 1))
    assert held(cache).last_seen_us == START_US


def test_an_older_packet_does_not_replace_a_newer_one(cache: PacketCache) -> None:
    cache.see(small_packet(ALICE, 6))
    assert not cache.see(small_packet(ALICE, 5))
    assert held(cache).packet == small_packet(ALICE, 6)


def test_a_doubted_packet_stays_and_is_looked_up_again(cache: PacketCache) -> None:
    cache.see(small_packet(ALICE, 5))
    cache.doubt(small_packet(ALICE, 5))
    assert held(cache).packet == small_packet(ALICE, 5)
    assert not cache.is_fresh(held(cache))


def test_doubt_of_another_packet_does_not_touch_the_one_that_is_held(cache: PacketCache) -> None:
    cache.see(small_packet(ALICE, 6))
    cache.doubt(small_packet(ALICE, 5))
    assert cache.is_fresh(held(cache))


def test_a_sight_noted_by_a_clock_that_ran_ahead_counts_as_none(
    cache: PacketCache, clock: SettableClock
) -> None:
    ahead = StoredPacket(small_packet(ALICE, 5), clock() + MAX_CLOCK_SKEW_US + 1)
    cache.keep(ahead)
    assert not cache.is_fresh(ahead)
    clock.advance(61)
    assert not cache.is_fresh(held(cache))


def test_a_sight_a_little_ahead_is_believed(cache: PacketCache, clock: SettableClock) -> None:
    cache.keep(StoredPacket(small_packet(ALICE, 5), clock() + MAX_CLOCK_SKEW_US))
    assert cache.is_fresh(held(cache))


def test_after_the_clock_was_set_back_a_new_sight_counts(
    cache: PacketCache, clock: SettableClock
) -> None:
    cache.see(small_packet(ALICE, 5))
    clock.advance(-1_000_000)
    assert not cache.is_fresh(held(cache))
    cache.see(small_packet(ALICE, 5))
    assert cache.is_fresh(held(cache))
