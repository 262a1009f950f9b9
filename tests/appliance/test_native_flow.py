"""A native client's whole way on a testnet: the DHT, PubkyTLS, sign-up, and back by key alone."""

import ssl
from collections.abc import AsyncIterator

import pytest

from appliance import testnet as private_network
from appliance.config import SocketAddress
from appliance.mainline.reports import NodeSettings
from appliance.mainline.udp import Dht, DhtSettings, running_dht
from appliance.pkarr.dht_items import item_of
from appliance.pkarr.endpoints import Endpoint, endpoints
from tests.support.appliance import keypair_of
from tests.support.dht import ANY_PORT
from tests.support.native_client import native_client
from tests.support.pkarr import packet_of_user, resolver_of

ALICE = keypair_of("alice")
NOW_US = 1_795_000_000_000_000


@pytest.fixture
async def net() -> AsyncIterator[private_network.Testnet]:
    ports = private_network.TestnetPorts(*([0] * 8))
    async with private_network.running_testnet(ports) as running:
        yield running


@pytest.fixture
async def phone(net: private_network.Testnet) -> AsyncIterator[Dht]:
    """A client of the testnet's DHT that knows nothing but its entrance."""
    settings = DhtSettings((ANY_PORT,), NodeSettings(mode="client"), (net.dht_bootstrap,))
    async with running_dht(settings) as dht:
        yield dht


async def direct_way(dht: Dht, host: str) -> tuple[Endpoint, SocketAddress]:
    """The first endpoint that is an address, as the native SDK connects."""
    async for endpoint in endpoints(resolver_of(dht), host):
        if endpoint.domain is None:
            return endpoint, SocketAddress(endpoint.addresses[0], endpoint.port)
    raise AssertionError(f"no address for {host}")


async def test_a_key_is_all_that_a_native_client_needs(
    net: private_network.Testnet, phone: Dht
) -> None:
    homeserver = net.node.keypair.public_key
    endpoint, address = await direct_way(phone, homeserver.z32)
    async with native_client(ALICE, address, {endpoint.public_key}) as client:
        assert (await client.sign_up()).status == 200
        cookie = client.cookie
        assert (await client.request("PUT", "/pub/app/hello", b"world")).status == 201
    put = await phone.put(item_of(packet_of_user(ALICE, homeserver, NOW_US)))
    assert put.stored_nodes == 3
    # Another day: only Alice's key is known.
    host = f"_pubky.{ALICE.public_key.z32}"
    endpoint, address = await direct_way(phone, host)
    assert endpoint.public_key == homeserver
    async with native_client(ALICE, address, {endpoint.public_key}) as client:
        client.cookie = cookie
        assert (await client.request("GET", "/pub/app/hello")).body == b"world"
        assert (await client.request("PUT", "/priv/app/note", b"mine")).status == 201
        assert (await client.request("GET", "/priv/app/note")).body == b"mine"


async def test_a_server_with_another_key_is_left_before_anything_is_said(
    phone: Dht, net: private_network.Testnet
) -> None:
    _, address = await direct_way(phone, net.node.keypair.public_key.z32)
    with pytest.raises(ssl.SSLCertVerificationError):
        async with native_client(ALICE, address, {ALICE.public_key}):
            pass
