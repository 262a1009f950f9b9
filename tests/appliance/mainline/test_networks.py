"""Addresses are grouped by what one person may hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import PubkyError
from appliance.mainline.networks import household_of, network_of


@pytest.mark.parametrize(
    ("host", "bits", "network"),
    [
        ("203.0.113.255", 32, "cb0071ff"),
        ("203.0.113.255", 24, "cb0071"),
        ("203.0.113.255", 6, "c8"),
        ("203.0.113.255", 20, "cb0070"),
        ("2001:db8:1:2:3:4:5:6", 64, "20010db800010002"),
        ("2001:db8:1:2:3:4:5:6", 48, "20010db80001"),
        ("2001:db8:1:2:3:4:5:6", 33, "20010db800"),
    ],
)
def test_a_network_is_the_first_bits_of_an_address(host: str, bits: int, network: str) -> None:
    assert network_of(host, bits, bits).hex() == network


def test_the_family_of_the_host_decides_which_number_of_bits_counts() -> None:
    assert len(network_of("203.0.113.1", 24, 48)) == 3
    assert len(network_of("2001:db8::1", 24, 48)) == 6


def test_one_ipv4_address_is_a_household_and_a_64_of_ipv6_is_another() -> None:
    assert household_of("203.0.113.1") != household_of("203.0.113.2")
    assert household_of("2001:db8::1") == household_of("2001:db8::ffff")
    assert household_of("2001:db8::1") != household_of("2001:db8:0:1::1")


@given(st.ip_addresses(), st.integers(1, 32), st.integers(1, 128))
def test_every_address_is_in_one_network(host: object, four: int, six: int) -> None:
    network = network_of(str(host), four, six)
    bits = six if ":" in str(host) else four
    assert len(network) == (bits + 7) // 8


@pytest.mark.parametrize("text", ["", "example.org", "1.2.3", "::g"])
def test_what_is_no_numeric_address_has_no_network(text: str) -> None:
    with pytest.raises(PubkyError, match="not a numeric address"):
        network_of(text, 24, 48)
