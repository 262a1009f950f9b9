"""Whose address counts: a stranger's headers change nothing, a trusted proxy's are read right."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.web.asgi import Scope
from appliance.web.client_address import client_address, peer_is_trusted_proxy

PROXIES = ("127.0.0.1", "::1", "10.0.0.0/8")
STRANGER = "198.51.100.7"


def scope_of(peer: str | None, *headers: tuple[str, str]) -> Scope:
    """A request from this peer."""
    return {
        "client": None if peer is None else (peer, 5000),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
    }


def seen(peer: str | None, *headers: tuple[str, str]) -> str:
    """The client's address as text."""
    return str(client_address(scope_of(peer, *headers), PROXIES))


def forwarded(*values: str) -> list[tuple[str, str]]:
    """Lines of X-Forwarded-For."""
    return [("X-Forwarded-For", value) for value in values]


@pytest.mark.parametrize(
    ("peer", "headers", "address"),
    [
        (STRANGER, [], STRANGER),
        (STRANGER, forwarded("192.0.2.1"), STRANGER),
        (STRANGER, [("X-Real-IP", "192.0.2.1")], STRANGER),
        (STRANGER, [("Forwarded", "for=192.0.2.1")], STRANGER),
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", forwarded("192.0.2.1"), "192.0.2.1"),
        ("::1", forwarded("2001:db8::1"), "2001:db8::1"),
        ("127.0.0.1", forwarded("1.1.1.1, 192.0.2.1"), "192.0.2.1"),
        ("127.0.0.1", forwarded("1.1.1.1", "192.0.2.1"), "192.0.2.1"),
        ("127.0.0.1", forwarded("1.1.1.1, 192.0.2.1, 10.1.2.3"), "192.0.2.1"),
        ("10.9.9.9", forwarded("192.0.2.1,127.0.0.1"), "192.0.2.1"),
        ("127.0.0.1", forwarded("10.1.1.1, 10.2.2.2"), "10.1.1.1"),
        ("127.0.0.1", forwarded("1.1.1.1, rubbish"), "127.0.0.1"),
        ("127.0.0.1", forwarded("1.1.1.1, rubbish, 10.1.2.3"), "10.1.2.3"),
        ("127.0.0.1", forwarded(""), "127.0.0.1"),
        ("127.0.0.1", forwarded("192.0.2.1:4711"), "192.0.2.1"),
        ("127.0.0.1", forwarded("[2001:db8::1]:4711"), "2001:db8::1"),
        ("127.0.0.1", forwarded("::ffff:192.0.2.1"), "192.0.2.1"),
        ("::ffff:127.0.0.1", forwarded("192.0.2.1"), "192.0.2.1"),
        ("127.0.0.1", [("X-Real-IP", " 192.0.2.1 ")], "192.0.2.1"),
        ("127.0.0.1", [("X-Real-IP", "rubbish")], "127.0.0.1"),
        ("127.0.0.1", [*forwarded("192.0.2.1"), ("X-Real-IP", "1.1.1.1")], "192.0.2.1"),
        (None, forwarded("192.0.2.1"), "None"),
    ],
)
def test_the_right_most_untrusted_hop_counts(
    peer: str | None, headers: list[tuple[str, str]], address: str
) -> None:
    assert seen(peer, *headers) == address


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n")), st.booleans())
def test_a_forged_header_changes_nothing(text: str, real: bool) -> None:
    name = "X-Real-IP" if real else "X-Forwarded-For"
    assert seen(STRANGER, (name, text)) == STRANGER


@given(st.text(st.characters(max_codepoint=255, exclude_characters="\r\n")))
def test_what_a_stranger_writes_before_the_proxys_part_changes_nothing(text: str) -> None:
    assert seen("127.0.0.1", *forwarded(f"{text}, 192.0.2.1")) == "192.0.2.1"


@given(st.text(st.characters(max_codepoint=255)))
def test_any_header_gives_an_address(text: str) -> None:
    address = client_address(scope_of("127.0.0.1", *forwarded(text)), PROXIES)
    assert isinstance(address, ipaddress.IPv4Address | ipaddress.IPv6Address)


def test_only_named_proxies_are_trusted() -> None:
    assert peer_is_trusted_proxy(scope_of("10.200.0.1"), PROXIES)
    assert not peer_is_trusted_proxy(scope_of("11.0.0.1"), PROXIES)
    assert not peer_is_trusted_proxy(scope_of(None), PROXIES)
    assert not peer_is_trusted_proxy(scope_of("127.0.0.1"), ())
