"""A port of PubkyTLS that would not work is not left open, whoever opened it."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.assembly import NodePlan, running_node
from appliance.assembly import node as assembly
from appliance.config import SocketAddress
from appliance.errors import PubkyError
from appliance.homeserver.admin_access import AdminAccess
from tests.support.appliance import config_on_free_ports, keypair_of


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """A listening socket of the service manager, on a machine where the handshake fails."""

    def fails(_: object) -> None:
        raise PubkyError("unavailable", "this OpenSSL cannot do it")

    monkeypatch.setattr(assembly, "handshake_self_test", fails)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield listening


def plan(data_dir: Path, port: int, *inherited: socket.socket) -> NodePlan:
    config = config_on_free_ports()
    address = SocketAddress("127.0.0.1", port)
    return NodePlan(
        data_dir=data_dir,
        config=replace(config, drive=replace(config.drive, pubky_listen_socket=address)),
        keypair=keypair_of("a node"),
        access=AdminAccess(""),
        inherited=inherited,
    )


async def test_a_client_of_a_passed_socket_is_sent_away_at_once(
    tmp_path: Path, passed: socket.socket
) -> None:
    address = passed.getsockname()
    async with running_node(plan(tmp_path, address[1], passed.dup())) as node:
        assert node.pubky_tls_address is None
        reader, writer = await asyncio.open_connection(*address)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_a_port_of_ones_own_is_closed(tmp_path: Path, passed: socket.socket) -> None:
    port = passed.getsockname()[1]
    passed.close()
    async with running_node(plan(tmp_path, port)) as node:
        assert node.pubky_tls_address is None
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
