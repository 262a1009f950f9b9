"""Our own address by majority: one neighbourhood, one voice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.mainline.address_votes import LEAST_VOTES, MAX_VOTERS, AddressVotes
from appliance.mainline.node_ids import Address

HERE: Address = ("198.51.100.7", 6881)
ELSEWHERE: Address = ("192.0.2.66", 6881)


def voter(number: int) -> Address:
    """Somebody in a /24 of his own."""
    return f"203.{number // 250}.{number % 250}.1", 6881


def votes_of(*said: Address) -> AddressVotes:
    votes = AddressVotes()
    for number, address in enumerate(said):
        votes.vote(voter(number), address)
    return votes


def test_nobody_wins_before_there_are_enough_voices() -> None:
    assert votes_of(*[HERE] * (LEAST_VOTES - 1)).winner() is None
    assert votes_of(*[HERE] * LEAST_VOTES).winner() == HERE


def test_more_than_half_of_the_voices_win() -> None:
    assert votes_of(HERE, HERE, HERE, ELSEWHERE, ELSEWHERE).winner() == HERE
    assert votes_of(HERE, HERE, ELSEWHERE, ELSEWHERE).winner() is None


def test_the_port_belongs_to_the_address() -> None:
    other_ports = [(HERE[0], port) for port in range(6881, 6887)]
    assert votes_of(*other_ports).winner() is None


@pytest.mark.parametrize(
    ("neighbours", "network"),
    [
        ([f"203.0.113.{number}" for number in range(1, 20)], "an IPv4 /24"),
        ([f"2001:db8:1:{number:x}::1" for number in range(1, 20)], "an IPv6 /48"),
    ],
)
def test_neighbours_have_one_voice_together(neighbours: list[str], network: str) -> None:
    votes = AddressVotes()
    said: Address = ("2001:db8:ffff::1", 1) if ":" in neighbours[0] else HERE
    for host in neighbours:
        votes.vote((host, 6881), said)
    assert votes.winner() is None, network


def test_a_neighbourhood_may_change_its_mind() -> None:
    votes = votes_of(*[ELSEWHERE] * 5)
    for number in range(5):
        votes.vote(voter(number), HERE)
    assert votes.winner() == HERE


def test_the_voices_heard_longest_ago_are_forgotten() -> None:
    votes = AddressVotes()
    for number in range(MAX_VOTERS):
        votes.vote(voter(number), ELSEWHERE)
    for number in range(MAX_VOTERS, 2 * MAX_VOTERS):
        votes.vote(voter(number), HERE)
    votes.vote(voter(2 * MAX_VOTERS), HERE)
    assert votes.winner() == HERE
    assert len(votes._votes) == MAX_VOTERS


def test_a_private_address_from_outside_is_no_voice() -> None:
    assert votes_of(*[("192.168.1.7", 6881)] * 6).winner() is None


def test_what_neighbours_at_home_see_says_nothing_about_the_outside() -> None:
    votes = AddressVotes()
    for number in range(1, 7):
        votes.vote((f"192.168.1.{number}", 6881), HERE)
    assert votes.winner() is None


def test_in_a_private_network_each_neighbour_has_a_voice() -> None:
    votes = AddressVotes()
    for port in range(1, 1 + LEAST_VOTES):
        votes.vote(("127.0.0.1", port), ("127.0.0.1", 6881))
    assert votes.winner() == ("127.0.0.1", 6881)


def test_an_address_of_the_other_family_is_no_voice() -> None:
    assert votes_of(*[("2001:db8::1", 6881)] * 6).winner() is None


def test_an_address_that_is_none_is_no_voice() -> None:
    assert votes_of(*[("not an address", 6881)] * 6).winner() is None


@given(st.lists(st.tuples(st.ip_addresses(v=4), st.ip_addresses(v=4)), max_size=100))
def test_whoever_wins_was_named_by_more_than_half(voices: list[tuple[object, object]]) -> None:
    votes = AddressVotes()
    for by, said in voices:
        votes.vote((str(by), 1), (str(said), 2))
    winner = votes.winner()
    held = list(votes._votes.values())
    assert winner is None or held.count(winner) * 2 > len(held) >= LEAST_VOTES
