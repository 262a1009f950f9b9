"""The bundle: a node on a host that reaches nothing, and only from files that its maker signed."""

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.deploy.bundles import Bundle, make_bundle
from tests.deploy.conftest import DOMAIN, node_variables
from tests.deploy.machines import Finished, Host, Network, ssh_options
from tests.deploy.playbooks import inventory

NAME = "pubky-bookworm-amd64"
# The host's own package sources, for the day when it reaches them.
SOURCES = "find /etc/apt/sources.list* -type f -exec sha256sum {} + && ls /etc/apt"


@pytest.fixture(scope="module")
def bundle(hosts: Network) -> Bundle:
    """A bundle for the test hosts."""
    return make_bundle(hosts, "bookworm")


@pytest.fixture(scope="module")
def island(hosts: Network, bundle: Bundle) -> Iterator[Host]:
    """A host without a way out, to which somebody carried the bundle."""
    host = hosts.boot("island")
    subprocess.run(["ip", "-n", host.namespace, "route", "delete", "default"], check=True)
    unpack(host, bundle)
    yield host
    hosts.discard(host)


def unpack(host: Host, bundle: Bundle) -> None:
    """Unpack the bundle where root lives."""
    with bundle.path.open("rb") as packed:
        subprocess.run(
            ["ssh", *ssh_options(host.key), f"root@{host.address}", "tar --extract"],
            stdin=packed, check=True, timeout=60,
        )  # fmt: skip


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
    own_sources = island.text(SOURCES)
    island.text(f"ln -s $PWD/{NAME} link")
    done = install(island, bundle.key, DOMAIN, folder="link")
    assert done.code == 0, (done.out + done.err)[-6000:]
    # What was checked is what is used, however the installer was reached.
    assert island.run("test -L /opt/pubky-bundle/current").code != 0
    assert f"https://{DOMAIN}" in done.out
    ready = island.in_namespace(["curl", "--silent", "http://127.0.0.1:6289/readyz"]).out
    assert json.loads(ready)["ready"] is True
    assert island.text(SOURCES) == own_sources

    again = island.run(f"{NAME}/install.sh", timeout_s=300)
    assert "changed=0" in again.out, again.out + again.err


def test_package_sources_stand_in_for_the_hosts_own_until_they_are_taken_away(
    hosts: Network, bundle: Bundle
) -> None:
    host = hosts.boot("mirrored")
    unpack(host, bundle)
    host.text(f"mv {NAME}/debs /srv/mirror")
    listed = "apt-get update --print-uris"
    own = host.text(listed)

    mirror = "Types: deb\nURIs: file:/srv/mirror\nSuites: ./\nTrusted: yes\n"
    variables = node_variables(host)
    mirrored = inventory(hosts, (host, variables | {"pubky_base_apt_sources": mirror}))
    mirrored.run("site.yml", "--tags", "base")
    lines = host.text(listed).splitlines()
    assert lines
    assert all(line.startswith("'file:/srv/mirror/") for line in lines)

    inventory(hosts, (host, variables)).run("site.yml", "--tags", "base")
    assert host.text(listed) == own
    hosts.discard(host)
