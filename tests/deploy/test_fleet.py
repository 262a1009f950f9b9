"""Several nodes: found by key through a DHT of their own, and never upgraded past a failure."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.pubky.keys import PublicKey
from appliance.pubky_tls.context import client_context
from tests.deploy.conftest import Layer, node_variables
from tests.deploy.machines import Host, Network
from tests.deploy.playbooks import Inventory, inventory
from tests.deploy.releases import constant_load, never_ready, release, running_version

SIZE = 5
FOUND_WITHIN_S = 60
# What differs between the nodes; the rest came with the layer.
DIFFERENT = "--tags=app,tls,nginx"


@dataclass(frozen=True, slots=True)
class Fleet:
    """Nodes of one operator. The second one is the canary."""

    together: Inventory
    members: list[Host]

    @property
    def by_name(self) -> list[tuple[Host, str]]:
        """Each with its domain."""
        return [(host, f"{host.name}.test") for host in self.members]


@pytest.fixture(scope="module")
def fleet(hosts: Network, baked: Layer) -> Iterator[Fleet]:
    """Nodes with keys of their own, which enter the DHT through each other."""
    members = [hosts.boot(f"fleet{number}", layer=baked.folder) for number in range(SIZE)]
    entries = []
    for host in members:
        # The layer brings the key of the node that it was taken from.
        host.text(
            "systemctl stop pubky.socket pubky; rm -r /var/lib/pubky /etc/pubky/credentials || true"
        )
        others = [f"{other.address}:6881" for other in members if other is not host]
        own = {
            "pubky_domain": f"{host.name}.test",
            "pubky_dashboard_domain": f"dash.{host.name}.test",
            "pubky_app_config": {
                "pkdns": {"dht_bootstrap_nodes": others},
                "dht": {"mode": "server"},
            },
            "pubky_canary": host is members[1],
            "pubky_batches": [1, "100%"],
        }
        entries.append((host, node_variables(host) | own))
    together = inventory(hosts, *entries)
    together.run("site.yml", DIFFERENT)
    yield Fleet(together, members)
    for host in members:
        hosts.discard(host)


def key_of(host: Host) -> str:
    """The node's own key."""
    return str(json.loads(host.text("pubky-appliance init --json"))["public_key"])


def test_each_node_is_found_by_its_key_from_another(fleet: Fleet) -> None:
    for place, wanted in enumerate(fleet.members):
        asked, key = fleet.members[place - 1], key_of(wanted)
        deadline = time.monotonic() + FOUND_WITHIN_S
        while (found := asked.run("pubky-appliance resolve", key)).code != 0:
            assert time.monotonic() < deadline, found.out + found.err
            time.sleep(1)
        assert f"{wanted.address} port 6287 (PubkyTLS, key {key})" in found.out


async def test_a_node_proves_its_key_over_pubky_tls(fleet: Fleet) -> None:
    first = fleet.members[0]
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
    first = fleet.members[0]
    first.text("systemctl stop pubky.service pubky.socket")
    said = fleet.together.run("verify.yml", "--limit=fleet0,fleet1", expect_failure=True).out
    first.text("systemctl start pubky.socket pubky.service")
    assert "fleet1 is healthy" in said
    assert "ok: [fleet1 -> fleet2" in said


def test_a_release_that_fails_on_the_canary_reaches_no_other(hosts: Network, fleet: Fleet) -> None:
    before = [running_version(host) for host in fleet.members]
    broken = release(hosts, "8.1.0", never_ready)
    said = fleet.together.run("upgrade.yml", broken, "-e pubky_app_health_s=5", expect_failure=True)
    assert [running_version(host) for host in fleet.members] == before
    for host in fleet.members:
        has_it = host.run("ls -d /opt/pubky/releases/8.1.0-*").code == 0
        assert has_it == (host is fleet.members[1])
    rows = {line.split()[0]: line for line in said.out.split("SUMMARY")[1].splitlines() if line}
    assert rows["fleet1"].endswith("went back by itself")
    assert all(rows[name].endswith("not reached") for name in ("fleet0", "fleet2", "fleet4"))


def test_a_rolling_upgrade_fails_no_request(hosts: Network, fleet: Fleet) -> None:
    failures: list[str] = []
    asked: dict[str, int] = {}
    good = release(hosts, "7.1.0")
    with constant_load(fleet.by_name, failures, asked):
        said = fleet.together.run("upgrade.yml", good).out
    assert failures == []
    assert {running_version(host) for host in fleet.members} == {"7.1.0"}
    assert len(asked) == SIZE
    assert min(asked.values()) > 0
    judged = "TASK [pubky_app : The new release stays]"
    order = [part.split(judged)[1].split("TASK", 1)[0] for part in said.split("PLAY [")[2:]]
    assert ["changed: [fleet1]" in part for part in order] == [True, False, False]
    assert ["changed: [fleet0]" in part for part in order] == [False, True, False]
    assert "-> fleet" in said


def test_the_list_of_the_fleet_names_who_needs_somebody(hosts: Network, fleet: Fleet) -> None:
    shown_on, gone = fleet.members[0], fleet.members[4]
    hosts.stop(gone)
    wish = json.dumps({"pubky_fleet_status_to": [shown_on.name]})
    said = fleet.together.run("fleet-status.yml", f"--extra-vars={wish}").out
    hosts.start(gone)
    assert "fleet4: It cannot be reached." in said
    file = Path(fleet.together.path).parent / "fleet-status.json"
    nodes = {node["name"]: node for node in json.loads(file.read_text())["nodes"]}
    assert nodes["fleet4"]["verdict"] == "unreachable"
    assert nodes["fleet0"]["verdict"] == "healthy", nodes["fleet0"]["problems"]
    assert nodes["fleet0"]["key"] == key_of(shown_on)
    assert nodes["fleet0"]["version"] == "7.1.0"
    assert nodes["fleet0"]["certificate_days"] > 100
    assert nodes["fleet0"]["published_age_s"] is not None
    put = shown_on.text("stat --format='%U %a' /var/lib/pubky/fleet.json").strip()
    assert put == "pubky 600"
    assert fleet.members[2].run("test -e /var/lib/pubky/fleet.json").code != 0
