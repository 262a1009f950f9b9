"""What the settings of discovery mean, and which of them are refused."""

import pytest

from appliance.config import ConfigError, Pkdns, parse_config
from appliance.config.discovery import BOOTSTRAP_NODES, RELAYS


def pkdns(text: str) -> Pkdns:
    """The settings of one section."""
    return parse_config(f"[pkdns]\n{text}").pkdns


def test_a_node_that_names_only_its_own_machine_stays_off_the_public_dht() -> None:
    assert not pkdns("").is_public
    assert not pkdns('public_ip = "::1"').is_public


@pytest.mark.parametrize(
    "text", ['public_ip = "auto"', 'public_ip = "203.0.113.9"', 'public_ip = "2001:db8::1"']
)
def test_a_node_with_an_address_for_others_is_public(text: str) -> None:
    assert pkdns(text).is_public


def test_a_node_behind_a_tunnel_is_public_by_its_domain() -> None:
    assert pkdns('public_ip = "none"\nicann_domain = "hs.example.org"').is_public


def test_a_node_without_address_and_domain_is_refused() -> None:
    with pytest.raises(ConfigError, match="icann_domain must be set when public_ip is"):
        pkdns('public_ip = "none"\nicann_domain = ""')


def test_bootstrap_nodes_of_ones_own_make_a_loopback_node_take_part() -> None:
    settings = pkdns('dht_bootstrap_nodes = ["127.0.0.1:6881"]')
    assert settings.is_public
    assert settings.bootstrap_nodes == ("127.0.0.1:6881",)


def test_bootstrap_nodes_of_ones_own_drop_the_default_relays() -> None:
    assert pkdns("").relay_nodes == RELAYS
    assert pkdns("").bootstrap_nodes == BOOTSTRAP_NODES
    assert pkdns("dht_bootstrap_nodes = []").relay_nodes == ()
    both = pkdns('dht_bootstrap_nodes = []\ndht_relay_nodes = ["http://127.0.0.1:15411"]')
    assert both.relay_nodes == ("http://127.0.0.1:15411",)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('public_ipv6 = "1.2.3.4"', "'1.2.3.4' is not an IPv6 address or auto"),
        ("public_pubky_tls_port = 0", "must be between 1 and 65535"),
        ("public_icann_http_port = 65536", "must be between 1 and 65535"),
        ('dht_bootstrap_nodes = ["6881"]', "'6881' is not a host and a port"),
        ('dht_bootstrap_nodes = ["a:b"]', "'a:b' is not a host and a port"),
        ('dht_bootstrap_nodes = ["a:70000"]', "'a:70000' is not a host and a port"),
        ('dht_relay_nodes = ["pkarr.pubky.app"]', "'pkarr.pubky.app' is not an address"),
        ('address_echo_url = "file:///etc"', "'file:///etc' is not an address"),
        ("dht_request_timeout_ms = 5", "must be 100 or more"),
        ('port_mapping = "upnp"', "must be one of off, nat-pmp"),
    ],
)
def test_a_mistake_in_discovery_is_named(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        pkdns(text)
    (found,) = caught.value.problems
    assert problem in found
