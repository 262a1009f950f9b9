"""Where visitors come from, and how often they may ask."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.visitors import Turns, visitor_address

TRUSTED = ("127.0.0.1", "10.0.0.0/8", "::1")


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.7", (), "192.0.2.7"),
        ("192.0.2.7", ("198.51.100.1",), "192.0.2.7"),
        ("127.0.0.1", (), "127.0.0.1"),
        ("127.0.0.1", ("198.51.100.1",), "198.51.100.1"),
        ("127.0.0.1", ("203.0.113.9, 198.51.100.1",), "198.51.100.1"),
        ("127.0.0.1", ("203.0.113.9", "198.51.100.1, 10.1.2.3"), "198.51.100.1"),
        ("127.0.0.1", ("nonsense",), "127.0.0.1"),
        ("::ffff:127.0.0.1", ("2001:db8::1",), "2001:db8::1"),
        ("", ("198.51.100.1",), ""),
    ],
)
def test_only_proxies_that_are_trusted_say_where_somebody_is(
    peer: str, forwarded: tuple[str, ...], address: str
) -> None:
    assert visitor_address(peer, forwarded, TRUSTED) == address


@given(st.text(), st.lists(st.text()))
def test_any_header_is_read_or_ignored(peer: str, forwarded: list[str]) -> None:
    visitor_address(peer, forwarded, TRUSTED)
    visitor_address("127.0.0.1", forwarded, TRUSTED)


def test_turns_come_back_after_the_period() -> None:
    now_s = 1000.0
    turns = Turns(2, 60, lambda: now_s)
    assert [turns.take("a") for _ in range(3)] == [True, True, False]
    assert turns.take("b")
    now_s += 60
    assert turns.take("a")


def test_turns_of_many_keys_take_bounded_memory() -> None:
    turns = Turns(1, 60, lambda: 0.0)
    assert turns.take("first")
    assert all(turns.take(str(number)) for number in range(1024))
    assert turns.take("first"), "forgotten, as the one used longest ago"
