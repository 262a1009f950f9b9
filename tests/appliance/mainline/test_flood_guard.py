"""A ration for each source and one for all, in memory that does not grow."""

from appliance.mainline.flood_guard import MAX_SOURCES, SHARED_BUCKETS, FloodGuard
from appliance.mainline.node_ids import Address

PLENTY = 10**9


def guard(
    per_source: int = 20, burst: int = 100, in_all: int = PLENTY, bytes_per_second: int = PLENTY
) -> FloodGuard:
    return FloodGuard(per_source, burst, in_all, bytes_per_second, 0.0)


def source(number: int) -> Address:
    """Each number is another host; 250 * 250 of them share a /16."""
    return f"{11 + number // 62500}.7.{number // 250 % 250}.{number % 250}", 6881


def admitted(guarded: FloodGuard, address: Address, count: int, now: float) -> int:
    return sum(guarded.admits(address, now) for _ in range(count))


def test_a_source_has_a_burst_and_then_its_rate() -> None:
    guarded = guard()
    assert admitted(guarded, source(1), 1000, 0.0) == 100
    assert admitted(guarded, source(1), 1000, 1.0) == 20
    assert admitted(guarded, source(1), 1000, 1.5) == 10


def test_silence_saves_up_no_more_than_the_burst() -> None:
    guarded = guard()
    admitted(guarded, source(1), 1000, 0.0)
    assert admitted(guarded, source(1), 1000, 3600.0) == 100


def test_one_loud_source_takes_nothing_from_another() -> None:
    guarded = guard()
    admitted(guarded, source(1), 1000, 0.0)
    assert admitted(guarded, source(2), 1000, 0.0) == 100


def test_another_port_is_the_same_source() -> None:
    guarded = guard()
    admitted(guarded, ("203.0.113.1", 1), 1000, 0.0)
    assert not guarded.admits(("203.0.113.1", 2), 0.0)


def test_an_ipv6_64_is_one_source() -> None:
    guarded = guard()
    many: list[Address] = [(f"2001:db8::{number:x}", 1) for number in range(1, 1000)]
    assert sum(guarded.admits(address, 0.0) for address in many) == 100
    assert guarded.admits(("2001:db8:0:1::1", 1), 0.0)


def test_all_sources_together_have_a_ration_too() -> None:
    guarded = guard(in_all=500)
    assert sum(guarded.admits(source(number), 0.0) for number in range(3000)) == 1000
    assert sum(guarded.admits(source(number), 1.0) for number in range(3000)) == 500


def test_a_refused_query_costs_the_common_ration_nothing() -> None:
    guarded = guard(in_all=500)
    assert admitted(guarded, source(1), 5000, 0.0) == 100
    assert sum(guarded.admits(source(number), 0.0) for number in range(2, 3000)) == 900


def test_answers_are_rationed_in_bytes() -> None:
    guarded = guard(bytes_per_second=1000)
    assert [guarded.may_answer(1500, 0.0) for _ in range(2)] == [True, False]
    assert guarded.may_answer(500, 0.0)
    assert not guarded.may_answer(1, 0.0)
    assert guarded.may_answer(1000, 1.0)


def test_the_clock_of_a_ration_never_runs_backwards() -> None:
    guarded = guard()
    admitted(guarded, source(1), 1000, 10.0)
    assert not guarded.admits(source(1), 5.0)


def flooded(sources: int) -> FloodGuard:
    """A guard that just heard a little too much from each of so many sources."""
    guarded = guard(per_source=1, burst=2)
    for number in range(sources):
        guarded.admits(source(number), 0.0)
    return guarded


def test_memory_does_not_grow_with_the_number_of_sources() -> None:
    guarded = flooded(10 * MAX_SOURCES)
    assert len(guarded._sources) == MAX_SOURCES
    assert len(guarded._shared) <= SHARED_BUCKETS


def test_sources_beyond_the_memory_share_the_ration_of_their_network() -> None:
    guarded = flooded(MAX_SOURCES)
    same_network = range(MAX_SOURCES, MAX_SOURCES + 100)
    assert sum(guarded.admits(source(number), 0.0) for number in same_network) == 2
    assert guarded.admits(("203.0.113.1", 1), 0.0)


def test_who_used_up_his_ration_is_not_forgotten_for_newcomers() -> None:
    guarded = guard(per_source=1, burst=2)
    admitted(guarded, source(0), 10, 0.0)
    for number in range(1, 10 * MAX_SOURCES):
        guarded.admits(source(number), 0.0)
    assert not guarded.admits(source(0), 0.0)


def test_who_was_silent_for_long_makes_room() -> None:
    guarded = flooded(MAX_SOURCES)
    newcomers = range(MAX_SOURCES, MAX_SOURCES + 100)
    assert sum(guarded.admits(source(number), 60.0) for number in newcomers) == 100
    assert len(guarded._sources) == MAX_SOURCES


def test_who_goes_on_asking_is_not_in_the_way_of_newcomers() -> None:
    guarded = flooded(MAX_SOURCES)
    admitted(guarded, source(0), 10, 60.0)
    assert admitted(guarded, source(MAX_SOURCES), 10, 60.0) == 2
    assert admitted(guarded, source(MAX_SOURCES + 1), 10, 60.0) == 2


def test_strangers_who_want_to_be_met_are_rationed() -> None:
    guarded = guard()
    assert sum(guarded.may_meet(0.0) for _ in range(1000)) == 40
    assert sum(guarded.may_meet(1.0) for _ in range(1000)) == 20
