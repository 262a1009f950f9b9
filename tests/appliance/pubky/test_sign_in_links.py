"""Sign-in links as wallets read them, and the capability that holds a host and a nonce."""

import pytest

from appliance.errors import PubkyError
from appliance.pubky.capabilities import Capability
from appliance.pubky.deep_links import DeepLink
from appliance.pubky.keys import Keypair
from appliance.pubky.sign_in_links import login_capability, login_host, sign_in_link
from tests.support.vectors import entries, load_vectors

SECRET = bytes(range(32))
KEY = Keypair.from_seed(bytes(32)).public_key


def test_the_link_is_the_one_that_was_captured() -> None:
    entry = entries(load_vectors("auth"), "login_binding")[0]
    link = sign_in_link(
        entry["attempt"]["required_caps"],
        "http://localhost:15412/relay/inbox",
        bytes.fromhex(entry["attempt"]["secret"]),
        source="My Pubky Home",
    )
    assert link == entry["deep_link"]


def test_our_own_parser_reads_what_a_grant_link_says() -> None:
    capability = login_capability("dash.example.org", bytes(16))
    text = sign_in_link(
        capability,
        "https://dash.example.org/relay/inbox",
        SECRET,
        source="Pubky node",
        app=("dash.example.org", KEY),
    )
    link = DeepLink.parse(text)
    assert link.intent == "signin_grant"
    assert list(map(str, link.capabilities)) == [capability]
    assert (link.client_id, link.client_key) == ("dash.example.org", KEY)
    assert (link.relay, link.secret) == ("https://dash.example.org/relay/inbox", SECRET)
    assert link.x_callback.source == "Pubky node"


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("https://dash.example.org", "dash.example.org"),
        ("https://dash.example.org:443", "dash.example.org"),
        ("https://Dash.Example.org:8443", "dash.example.org_8443"),
        ("http://127.0.0.1:6290", "127.0.0.1_6290"),
        ("http://localhost", "localhost"),
        ("http://[::1]:6290", "--1_6290"),
    ],
)
def test_a_site_is_named_as_a_capability_can_hold_it(origin: str, host: str) -> None:
    assert login_host(origin) == host
    capability = Capability.parse(login_capability(host, bytes(16)))
    assert str(capability) == login_capability(host, bytes(16))
    assert not capability.write


@pytest.mark.parametrize(
    "origin",
    ["", "dash.example.org", "ftp://a", "https://", "https://a/b", "https://a?b", "https://u@a",
     "https://a,b", "https://bücher.example", "https://a:99999", "https://[::1"],
)  # fmt: skip
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(PubkyError):
        login_host(origin)


@pytest.mark.parametrize("relay", ["https://a/inbox?x=1", "https://a/in%62ox", "https://a/#inbox"])
def test_a_relay_that_some_wallets_would_read_differently_is_refused(relay: str) -> None:
    with pytest.raises(PubkyError):
        sign_in_link("", relay, SECRET, source="a")
