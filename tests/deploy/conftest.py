"""The hosts that most scenarios share: a node, and a neighbour on the same network."""

import json
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.machines import Host, Network, network
from tests.deploy.playbooks import Inventory, Recap, ansible, inventory
from tests.deploy.rootfs import common_folder, locked_cache

DOMAIN = "n1.test"
DASHBOARD = "dash.n1.test"


@dataclass(frozen=True, slots=True)
class Node:
    """A host that the playbook made a node of, and what it said at the end."""

    host: Host
    inventory: Inventory
    installed: Recap
    before: frozenset[str]


@dataclass(frozen=True, slots=True)
class Layer:
    """The files of a node that is switched off; what its installation said, and what was before."""

    folder: Path
    installed: Recap
    before: frozenset[str]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Building a system and installing a node take longer than a unit test may."""
    for item in items:
        if "/deploy/" in str(item.path):
            item.add_marker(pytest.mark.timeout(900))
            item.add_marker(pytest.mark.system)


@pytest.fixture(autouse=True)
def told_time(request: pytest.FixtureRequest, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Say how long each scenario took: this part of the tests has a budget."""
    began = time.monotonic()
    yield
    with capfd.disabled():
        print(f"  {time.monotonic() - began:5.1f} s  {request.node.name}")


@pytest.fixture(scope="session")
def common(testrun_uid: str) -> Iterator[Path]:
    """A folder of all the processes of this run."""
    with common_folder(testrun_uid) as folder:
        yield folder


@pytest.fixture(scope="session")
def hosts(common: Path) -> Iterator[Network]:
    """A network of its own for this process."""
    ansible("ansible-playbook")
    # One for all: a host that starts from another's layer has that one's backups.
    password = common / "secrets/backup-password"
    with locked_cache("secrets"):
        if not password.exists():
            password.parent.mkdir(mode=0o700)
            password.write_text(f"{secrets.token_hex()}\n", encoding="utf-8")
            password.chmod(0o600)
    with network(password) as made:
        yield made


@pytest.fixture(scope="session")
def node(hosts: Network) -> Node:
    """A node with a certificate of its own authority."""
    return made_node(hosts, hosts.boot("n1"))


@pytest.fixture(scope="session")
def baked(hosts: Network, common: Path) -> Layer:
    """What an installation adds to a fresh system, to start other scenarios from.

    The first process that needs it makes it; the others wait.
    """
    kept = common / "baked"
    with locked_cache("layers"):
        if not kept.exists():
            made = made_node(hosts, hosts.boot("baked"))
            unfinished = common / "unfinished"
            unfinished.mkdir()
            hosts.layer_of(made.host).rename(unfinished / "files")
            recap = made.installed
            said = {"installed": [recap.code, recap.out, recap.changed], "before": [*made.before]}
            (unfinished / "said.json").write_text(json.dumps(said), encoding="utf-8")
            unfinished.rename(kept)
    said = json.loads((kept / "said.json").read_text(encoding="utf-8"))
    return Layer(kept / "files", Recap(*said["installed"]), frozenset(said["before"]))


@pytest.fixture
def installed_copy(hosts: Network, baked: Layer) -> Iterator[Node]:
    """An installed node for one test alone."""
    host = hosts.boot(f"copy{len(hosts.hosts)}", layer=baked.folder)
    variables = node_variables(host)
    yield Node(host, inventory(hosts, (host, variables)), baked.installed, baked.before)
    hosts.discard(host)


@pytest.fixture(scope="session")
def neighbour(hosts: Network) -> Host:
    """A bare host on the same network."""
    return hosts.boot("neighbour")


def made_node(hosts: Network, host: Host) -> Node:
    """Make a node of a bare host."""
    before = files_on(host)
    inventory_of_one = inventory(hosts, (host, node_variables(host)))
    return Node(host, inventory_of_one, inventory_of_one.run("site.yml"), before)


def node_variables(host: Host) -> dict[str, Any]:
    """What a test host needs to know: its names, its address, and to leave the world alone."""
    return {
        "pubky_domain": DOMAIN,
        "pubky_dashboard_domain": DASHBOARD,
        "pubky_public_ip": host.address,
        "pubky_app_config": {"pkdns": {"dht_bootstrap_nodes": []}},
    }


def files_on(host: Host) -> frozenset[str]:
    """Every file that is there to stay, as the system's own programs leave it."""
    listing = host.text(
        "find / -xdev",
        r"\( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /var/tmp"
        r" -o -path /var/cache -o -path /var/log -o -path /var/lib/apt -o -path /var/lib/dpkg"
        r" -o -path /var/lib/ucf -o -path /var/lib/systemd -o -path /root -o -name __pycache__ \)"
        " -prune -o -print",
    )
    return frozenset(listing.splitlines())
