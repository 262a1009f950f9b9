"""From a bare host to a node: what the playbook does, and what it leaves alone."""

import json
import re
import subprocess
import time

from tests.deploy.conftest import DASHBOARD, DOMAIN, Node, files_on, node_variables
from tests.deploy.machines import Host, Network, port_is_open, ssh_options
from tests.deploy.playbooks import inventory

EXPOSURE = 1.3


def test_a_look_at_a_fresh_host_passes_and_changes_nothing(hosts: Network) -> None:
    host = hosts.boot("fresh")
    before = files_on(host)
    inventory(hosts, (host, node_variables(host))).run("site.yml", "--check", "--diff")
    assert files_on(host) == before


def test_the_last_lines_say_what_to_open(node: Node) -> None:
    assert node.installed.said("Address") == f"https://{DOMAIN}"
    assert node.installed.said("Dashboard").startswith(f"https://{DASHBOARD}/login/")
    assert re.fullmatch(r"\S{4}-\S{4}-\S{4}", node.installed.said("Invite"))
    key = json.loads(node.host.text("pubky-appliance init --json"))["public_key"]
    assert node.installed.said("Node key") == key


def test_a_second_run_changes_nothing(node: Node) -> None:
    assert node.inventory.run("site.yml").changed_tasks == []


def test_a_look_at_an_installed_node_finds_no_difference(node: Node) -> None:
    looked = node.inventory.run("site.yml", "--check", "--diff")
    assert looked.changed == {"n1": 0}
    assert "\n+++ " not in looked.out


def test_a_stranger_reaches_what_they_should_and_nothing_else(node: Node, neighbour: Host) -> None:
    # Something that listens on every address, to tell a shut port from an unused one.
    node.host.text("systemd-run --quiet --unit=stray python3 -m http.server 8000")
    probe = (
        "import socket,sys\n"
        "for port in map(int, sys.argv[2:]):\n"
        "    s = socket.socket(); s.settimeout(1)\n"
        "    if s.connect_ex((sys.argv[1], port)) == 0: print(port)\n"
    )
    ports = [22, 80, 443, 6286, 6287, 6288, 6289, 6290, 8000, 15411, 15412]
    done = neighbour.in_namespace(
        ["python3", "-c", probe, node.host.address, *map(str, ports)], timeout_s=30
    )
    node.host.text("systemctl stop stray")
    assert done.out.split() == ["22", "80", "443", "6287"], done.err


def test_verify_is_content_with_a_healthy_node(node: Node) -> None:
    assert "n1 is healthy" in node.inventory.run("verify.yml").out


def test_verify_says_what_is_wrong(node: Node) -> None:
    node.host.text("systemctl stop nginx")
    said = node.inventory.run("verify.yml", expect_failure=True).out
    node.host.text("systemctl start nginx")
    assert "HTTPS" in said
    assert "Connection refused" in said


def test_the_service_is_confined(node: Node) -> None:
    said = node.host.text("systemd-analyze security --no-pager pubky.service")
    exposure = re.search(r"exposure level for pubky.service: ([\d.]+)", said)
    assert exposure is not None
    assert float(exposure[1]) <= EXPOSURE


def test_security_updates_and_no_others_are_installed_by_themselves(node: Node) -> None:
    said = node.host.text("apt-config dump | grep -E '^Unattended-Upgrade::(Origins|Allowed)'")
    sources = re.findall(r'"(origin=\S+)"', said)
    assert sources
    assert all("-security" in source for source in sources)


def test_the_host_says_what_it_runs(node: Node) -> None:
    said = json.loads(node.host.text("cat /etc/ansible/facts.d/pubky.fact"))
    assert said["version"] == node.host.text("pubky-appliance version").strip()
    assert said["key"] == node.installed.said("Node key")
    assert said["config_version"] == 1


def test_names_that_are_not_ours_get_neither_a_certificate_nor_an_answer(
    node: Node, neighbour: Host
) -> None:
    address = node.host.address
    tls = ["openssl", "s_client", "-connect", f"{address}:443", "-servername", "other.test"]
    assert "unrecognized name" in neighbour.in_namespace(tls).err
    plain = ["curl", "--silent", "--write-out", "%{http_code}", f"http://{address}/"]
    assert neighbour.in_namespace(plain).out == "000"


def test_an_update_of_the_node_refuses_no_connection(node: Node) -> None:
    refused = []
    with subprocess.Popen(
        [
            "ssh",
            *ssh_options(node.host.key),
            f"root@{node.host.address}",
            "systemctl restart pubky",
        ],
        stdin=subprocess.DEVNULL,
    ) as restart:
        while restart.poll() is None:
            if not port_is_open(node.host.address, 6287):
                refused.append(time.monotonic())
    assert restart.returncode == 0
    assert refused == []


def test_the_node_and_its_firewall_are_back_after_a_restart(hosts: Network, node: Node) -> None:
    made = node.host.text("pubky-appliance invite create --note kept --json")
    # The namespace outlives the guest, and its rules with it; a real machine begins without.
    hosts.stop(node.host)
    node.host.in_namespace(["nft", "flush", "ruleset"])
    hosts.start(node.host)
    node.inventory.run("verify.yml")
    listing = node.host.text("pubky-appliance invite list --json")
    assert json.loads(made)["code"] in listing
    assert "policy drop" in node.host.text("nft list table inet pubky")
