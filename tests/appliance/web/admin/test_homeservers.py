"""Where another homeserver answers: domains only, and this machine only for local nodes."""

import pytest

from appliance.pkarr.endpoints import Endpoint
from appliance.pubky.dns_message import PARAM_HTTP_PORT
from appliance.web.admin.homeservers import http_address
from tests.support.appliance import Appliance, keypair_of
from tests.support.operator import operator_of

KEY = keypair_of("elsewhere").public_key
PORT = {PARAM_HTTP_PORT: (4321).to_bytes(2, "big")}


def endpoint(target: str, port: int = 0, params: dict[int, bytes] | None = None) -> Endpoint:
    """An endpoint as a stranger's record names it."""
    return Endpoint(KEY, target, port, params or {})


@pytest.mark.parametrize(
    ("found", "address"),
    [
        (endpoint("pubky.example.org"), "https://pubky.example.org"),
        (endpoint("Pubky.Example.org.", 8443), "https://pubky.example.org:8443"),
        (endpoint("pubky.example.org", 0, PORT), "https://pubky.example.org"),
        (endpoint(""), None),
        (endpoint("10.0.0.1"), None),
        (endpoint("router"), None),
        (endpoint("a.example.org@evil.example.org"), None),
        (endpoint("a.example.org/x"), None),
        (endpoint("a.example.org#"), None),
        (endpoint("a" * 64 + ".org"), None),
        (endpoint("-a.example.org"), None),
        (endpoint("localhost", 0, PORT), None),
    ],
)
def test_a_public_node_goes_to_domains_only(found: Endpoint, address: str | None) -> None:
    assert http_address(found, may_be_local=False) == address


def test_a_local_node_also_goes_to_its_own_machine() -> None:
    assert (
        http_address(endpoint("localhost", 0, PORT), may_be_local=True) == "http://localhost:4321"
    )
    assert http_address(endpoint("localhost", 80), may_be_local=True) is None


async def test_a_node_without_a_network_says_that_nobody_was_asked(appliance: Appliance) -> None:
    async with operator_of(appliance) as operator:
        said = await operator.get(f"/network/homeservers/{KEY.z32}")
    assert said == {"public_key": KEY.z32, "asked": False, "url": None, "is_local": False}
