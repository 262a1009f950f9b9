"""The whole client API inside of PubkyTLS, as native clients use it."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from appliance.config import SocketAddress
from tests.support.appliance import (
    Appliance,
    config_on_free_ports,
    keypair_of,
    running_appliance,
)
from tests.support.native_client import NativeClient, native_client

ALICE = keypair_of("alice")


@pytest.fixture
def address(appliance: Appliance) -> SocketAddress:
    found = appliance.node.pubky_tls_address
    assert found is not None
    return found


@pytest.fixture
async def alice(appliance: Appliance, address: SocketAddress) -> AsyncIterator[NativeClient]:
    keys = {appliance.node.keypair.public_key}
    async with native_client(ALICE, address, keys) as client:
        assert (await client.sign_up()).status == 200
        yield client


async def test_a_file_goes_up_and_comes_back_on_one_connection(alice: NativeClient) -> None:
    body = bytes(range(256)) * 1000
    assert (await alice.request("PUT", "/pub/app/file", body)).status == 201
    got = await alice.request("GET", "/pub/app/file")
    assert (got.status, got.body) == (200, body)
    part = await alice.request("GET", "/pub/app/file", range="bytes=1-4")
    assert (part.status, part.body) == (206, bytes([1, 2, 3, 4]))
    assert (await alice.request("DELETE", "/pub/app/file")).status == 204


async def test_private_data_stays_private(alice: NativeClient) -> None:
    assert (await alice.request("PUT", "/priv/app/note", b"mine")).status == 201
    assert (await alice.request("GET", "/priv/app/note")).body == b"mine"
    alice.cookie = ""
    assert (await alice.request("GET", "/priv/app/note")).status == 401


async def test_the_cookie_is_for_encrypted_connections_only(
    appliance: Appliance, address: SocketAddress
) -> None:
    async with native_client(ALICE, address, {appliance.node.keypair.public_key}) as client:
        cookie = (await client.sign_up()).headers["set-cookie"]
    assert "Secure" in cookie


async def test_both_doors_lead_to_the_same_data(
    alice: NativeClient, http: httpx.AsyncClient
) -> None:
    await alice.request("PUT", "/pub/app/file", b"one")
    answer = await http.get("/pub/app/file", headers={"pubky-host": ALICE.public_key.z32})
    assert answer.content == b"one"


async def test_a_large_file_comes_through_the_fast_way_too(alice: NativeClient) -> None:
    body = b"0123456789abcdef" * 300_000
    await alice.request("PUT", "/pub/large", body)
    assert (await alice.request("GET", "/pub/large")).body == body


async def test_a_client_that_expects_another_server_leaves(address: SocketAddress) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        async with native_client(ALICE, address, {keypair_of("mallory").public_key}):
            pass


async def test_a_node_that_does_not_run_the_part_has_no_such_port(tmp_path: Path) -> None:
    config = config_on_free_ports()
    parts = tuple(part for part in config.run.parts if part != "pubky_tls")
    config = replace(config, run=replace(config.run, parts=parts))
    async with running_appliance(tmp_path, config) as running:
        assert running.node.pubky_tls_address is None
