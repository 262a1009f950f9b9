"""The bundle: a node on a host that reaches nothing, and only from files that its maker signed."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.conftest import DOMAIN
from tests.deploy.machines import Finished, Host, Network, ssh_options
from tests.deploy.playbooks import ANSIBLE, ansible, wheel

NAME = "pubky-bookworm-amd64"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle, and what its maker tells whoever installs it."""

    path: Path
    key: str


@pytest.fixture(scope="module")
def bundle(hosts: Network) -> Bundle:
    """A bundle for the test hosts."""
    return make_bundle(hosts, "bookworm")


@pytest.fixture(scope="module")
def island(hosts: Network, bundle: Bundle) -> Iterator[Host]:
    """A host without a way out, to which somebody carried the bundle."""
    host = hosts.boot("island")
    subprocess.run(["ip", "-n", host.namespace, "route", "delete", "default"], check=True)
    with bundle.path.open("rb") as packed:
        subprocess.run(
            ["ssh", *ssh_options(host.key), f"root@{host.address}", "tar --extract"],
            stdin=packed, check=True, timeout=60,
        )  # fmt: skip
    yield host
    hosts.discard(host)


def make_bundle(hosts: Network, suite: str, *options: str) -> Bundle:
    """Make a bundle of the tree as it is."""
    path = hosts.work / f"bundles/pubky-{suite}-amd64.tar"
    done = subprocess.run(
        [
            sys.executable,
            str(ANSIBLE / "bundle/make-bundle"),
            f"--suite={suite}",
            "--arch=amd64",
            f"--wheel={wheel(hosts.work / 'wheel')}",
            f"--key={hosts.work / 'bundles/key.pem'}",
            f"--out={path}",
            f"--ansible={ansible('ansible-playbook')}",
            *options,
        ],
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = re.search(r"Its key is +(\S+)", done.stdout)
    assert found, done.stdout
    return Bundle(path, found[1])


def install(host: Host, key: str, *words: str, folder: str = NAME) -> Finished:
    """Run the installer of an unpacked bundle."""
    return host.run(f"{folder}/install.sh", "--key", f"'{key}'", *words, timeout_s=500)


def refused_copy(host: Host, key: str, change: str) -> Finished:
    """Change something in a copy of the bundle, and install that."""
    host.text(f"rm -rf changed && cp -R {NAME} changed && cd changed && {change}")
    done = install(host, key, DOMAIN, folder="changed")
    assert done.code == 1, done.out
    assert host.run("test -e /opt/pubky-bundle/current").code != 0
    return done


def test_a_changed_byte_is_refused_by_the_name_of_its_file(island: Host, bundle: Bundle) -> None:
    done = refused_copy(island, bundle.key, "printf X | dd of=debs/Packages conv=notrunc")
    assert "./debs/Packages" in done.err
    assert "Nothing was installed" in done.err


def test_a_file_that_the_maker_did_not_sign_is_refused(island: Host, bundle: Bundle) -> None:
    done = refused_copy(island, bundle.key, "echo 'x' > ansible/roles/pubky_app/tasks/more.yml")
    assert "Not signed: ./ansible/roles/pubky_app/tasks/more.yml" in done.err


def test_a_link_in_place_of_a_file_is_refused(island: Host, bundle: Bundle) -> None:
    change = "cp target /root/elsewhere && ln -sf /root/elsewhere target"
    done = refused_copy(island, bundle.key, change)
    assert "Not signed: ./target" in done.err


def test_sums_that_were_made_anew_are_refused(island: Host, bundle: Bundle) -> None:
    change = "echo x >> target && find . -type f ! -name 'SHA256SUMS*' -exec sha256sum {} + >sums"
    done = refused_copy(island, bundle.key, f"{change} && mv sums SHA256SUMS")
    assert "not signed with this key" in done.err


@pytest.mark.parametrize("key", ["A" * 43 + "=", "short", ""])
def test_another_key_is_refused(island: Host, key: str) -> None:
    done = install(island, key, DOMAIN)
    assert done.code == 1
    assert "key" in done.err
    assert island.run("test -e /opt/pubky-bundle/current").code != 0


def test_a_host_without_a_way_out_becomes_a_node(island: Host, bundle: Bundle) -> None:
    own_sources = island.text("find /etc/apt -type f -exec sha256sum {} +")
    done = install(island, bundle.key, DOMAIN)
    assert done.code == 0, (done.out + done.err)[-6000:]
    assert f"https://{DOMAIN}" in done.out
    ready = island.in_namespace(["curl", "--silent", "http://127.0.0.1:6289/readyz"]).out
    assert json.loads(ready)["ready"] is True
    assert own_sources in island.text("find /etc/apt -type f ! -name 60pubky -exec sha256sum {} +")

    again = island.run(f"{NAME}/install.sh", timeout_s=300)
    assert "changed=0" in again.out, again.out + again.err
