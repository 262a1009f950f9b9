"""Several nodes: found by key through a DHT of their own, and never upgraded past a failure."""

import asyncio
import json
import time
from collections.abc import Iterator

import pytest

from appliance.pubky.keys import PublicKey
from appliance.pubky_tls.context import client_context
from tests.deploy.conftest import Layer, node_variables
from tests.deploy.machines import Host, Network
from tests.deploy.playbooks import Inventory, inventory
from tests.deploy.test_upgrade import never_ready, release, running_version

Fleet = tuple[Inventory, list[Host]]
FOUND_WITHIN_S = 60


@pytest.fixture(scope="module")
def fleet(hosts: Network, baked: Layer) -> Iterator[Fleet]:
    """Three nodes with keys of their own, which enter the DHT through the first."""
    members = [hosts.boot(f"fleet{number}", layer=baked.folder) for number in range(3)]
    entries = []
    for host in members:
        # The layer brings the key of the node that it was taken from.
        host.text("systemctl stop pubky && rm -r /var/lib/pubky")
        others = [f"{other.address}:6881" for other in members if other is not host]
        own = {"pkdns": {"dht_bootstrap_nodes": others}, "dht": {"mode": "server"}}
        entries.append((host, node_variables(host) | {"pubky_app_config": own}))
    together = inventory(hosts, *entries)
    together.run("site.yml")
    yield together, members
    for host in members:
        hosts.discard(host)


def key_of(host: Host) -> str:
    """The node's own key."""
    return str(json.loads(host.text("pubky-appliance init --json"))["public_key"])


def test_each_node_is_found_by_its_key_from_another(fleet: Fleet) -> None:
    _, (first, second, third) = fleet
    for wanted, asked in ((first, second), (second, third), (third, first)):
        key = key_of(wanted)
        deadline = time.monotonic() + FOUND_WITHIN_S
        while (found := asked.run("pubky-appliance resolve", key)).code != 0:
            assert time.monotonic() < deadline, found.out + found.err
            time.sleep(1)
        assert f"{wanted.address} port 6287 (PubkyTLS, key {key})" in found.out


async def test_a_node_proves_its_key_over_pubky_tls(fleet: Fleet) -> None:
    _, (first, _, _) = fleet
    key = key_of(first)
    context = client_context({PublicKey.parse(key)}, key)
    reader, writer = await asyncio.open_connection(
        first.address, 6287, ssl=context, server_hostname=key
    )
    writer.write(f"GET / HTTP/1.1\r\nHost: {key}\r\nConnection: close\r\n\r\n".encode())
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.close()
    await writer.wait_closed()


def test_verify_asks_another_node_for_each(fleet: Fleet) -> None:
    together, (first, _, _) = fleet
    together.run("verify.yml")
    first.text("systemctl stop pubky.service pubky.socket")
    said = together.run("verify.yml", "--limit=fleet0,fleet1", expect_failure=True).out
    first.text("systemctl start pubky.socket pubky.service")
    assert "fleet1 is healthy" in said


def test_a_release_that_fails_on_the_first_host_reaches_no_other(
    hosts: Network, fleet: Fleet
) -> None:
    together, (first, second, third) = fleet
    before = [running_version(host) for host in (first, second, third)]
    broken = release(hosts, "8.1.0", never_ready)
    said = together.run("upgrade.yml", broken, "-e pubky_app_health_s=5", expect_failure=True)
    assert set(said.changed) == {"fleet0"}
    assert [running_version(host) for host in (first, second, third)] == before
    assert second.run("ls -d /opt/pubky/releases/8.1.0-*").code != 0
