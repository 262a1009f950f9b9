"""Leaving: the data stays unless the node's key is named, and nothing else does."""

import json

from tests.deploy.conftest import Node, files_on, node_variables
from tests.deploy.machines import Network
from tests.deploy.playbooks import inventory


def test_an_uninstallation_leaves_a_clean_tree(installed_copy: Node) -> None:
    leaving = installed_copy
    key = json.loads(leaving.host.text("pubky-appliance init --json"))["public_key"]
    refused = leaving.inventory.run(
        "uninstall.yml", f"-e pubky_uninstall_purge={key[::-1]}", expect_failure=True
    )
    assert f"is not this node's key, so nothing was removed. Its key is {key}" in " ".join(
        refused.out.split()
    )
    assert leaving.host.text("systemctl is-active pubky.service").strip() == "active"

    leaving.inventory.run("uninstall.yml", f"-e pubky_uninstall_purge={key}")
    left = files_on(leaving.host) - leaving.before
    gone = leaving.before - files_on(leaving.host)
    assert sorted(left) == []
    assert sorted(gone) == []
    assert leaving.host.run("getent passwd pubky").code != 0
    assert "pubky" not in leaving.host.text("nft list tables || true")


def test_without_a_key_the_data_stays_and_a_new_installation_takes_it_up(
    hosts: Network, installed_copy: Node
) -> None:
    host = installed_copy.host
    before = json.loads(host.text("pubky-appliance init --json"))["public_key"]
    left = installed_copy.inventory.run("uninstall.yml")
    assert "Its data is still in /var/lib/pubky" in " ".join(left.out.split())
    assert host.run("test -e /opt/pubky").code != 0
    again = inventory(hosts, (host, node_variables(host))).run("site.yml")
    assert again.said("Node key") == before
