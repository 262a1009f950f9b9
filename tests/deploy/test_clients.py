"""The published client and a browser's first steps, from a neighbour host and through nginx."""

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.pubky.keys import Keypair
from appliance.pubky.records import homeserver_records
from appliance.pubky.signed_packets import SignedPacket
from tests.deploy.conftest import DASHBOARD, DOMAIN, Node
from tests.deploy.machines import Host, Network
from tests.support.npm_tests import NPM_DIR
from tests.support.npm_tests import node as node_program

HERE = Path(__file__).parent
RELAY_PORT = 15411
STREAM_S = 90


def test_the_published_client_signs_up_stores_and_listens(
    hosts: Network, node: Node, neighbour: Host
) -> None:
    secret = node.host.text("/usr/local/lib/pubky/node-key show --yes")
    keypair = Keypair.from_secret_text(secret)
    records = homeserver_records([node.host.address], 6287, DOMAIN, 443)
    packet = SignedPacket.sign(keypair, records, time.time_ns() // 1000)
    stage = hosts.work / "client"
    stage.mkdir()
    (stage / "hosts").write_text(f"127.0.0.1 localhost\n{node.host.address} {DOMAIN}\n", "utf-8")
    (stage / "ca.crt").write_text(node.host.text("cat /etc/pubky/tls/ca.crt"), encoding="utf-8")
    (stage / "packet").write_bytes(packet.relay_payload)
    (stage / "client.mjs").symlink_to(HERE / "client.mjs")
    (stage / "node_modules").symlink_to(NPM_DIR / "node_modules")
    relay = f"http://127.0.0.1:{RELAY_PORT}"
    with relay_beside(neighbour):
        key = keypair.public_key.z32
        told = ["curl", "--silent", "--fail", "--retry", "10", "--retry-connrefused", "-T"]
        put = neighbour.in_namespace([*told, str(stage / "packet"), f"{relay}/{key}"])
        assert put.code == 0, put.err
        done = neighbour.in_namespace(
            [
                "unshare", "--mount", "sh", "-c",
                (f"mount --bind {stage}/hosts /etc/hosts && cd {stage} && exec env"
                f" NODE_EXTRA_CA_CERTS={stage}/ca.crt {node_program()} --preserve-symlinks-main"
                f" --import {NPM_DIR}/web_crypto.mjs"
                f" client.mjs {relay} {key} {node.installed.said('Invite')} {STREAM_S}"),
            ],
            timeout_s=STREAM_S + 60,
        )  # fmt: skip
    assert done.code == 0, done.err[-3000:]
    said = json.loads(done.out)
    assert said.get("error") is None, said
    assert said["greeting"] == "hello"
    assert said["largeBytes"] == 12 * 1024 * 1024
    assert said["openForMs"] >= STREAM_S * 1000
    # Held back by a buffer, the event would come with the next one, or never.
    assert said["heardAfterMs"] < 5000


def test_the_link_of_the_installation_opens_the_dashboard(
    hosts: Network, node: Node, neighbour: Host
) -> None:
    link = json.loads(node.host.text("pubky-appliance login-link --json"))["login_link"]
    authority = hosts.work / "dashboard-ca.crt"
    authority.write_text(node.host.text("cat /etc/pubky/tls/ca.crt"), encoding="utf-8")
    page = neighbour.in_namespace(
        [
            "curl", "--silent", "--location", "--cookie-jar", "/dev/null", "--cacert",
            str(authority), "--resolve", f"{DASHBOARD}:443:{node.host.address}", link,
        ]
    )  # fmt: skip
    assert "<html" in page.out


def test_paths_reach_the_node_byte_for_byte(hosts: Network, node: Node, neighbour: Host) -> None:
    authority = hosts.work / "bytes-ca.crt"
    authority.write_text(node.host.text("cat /etc/pubky/tls/ca.crt"), encoding="utf-8")
    # nginx writes what it decoded; the node writes what it was sent.
    target = "/pub//a%2Fb/%C3%BC;x"
    neighbour.in_namespace(
        [
            "curl", "--silent", "--path-as-is", "--cacert", str(authority), "--resolve",
            f"{DOMAIN}:443:{node.host.address}", "--request", "PUT", "--data", "x",
            f"https://{DOMAIN}{target}",
        ]
    )  # fmt: skip
    assert f" {target} " in node.host.text("journalctl --unit=pubky --no-pager --lines=20")


@contextmanager
def relay_beside(host: Host) -> Iterator[None]:
    """A pkarr relay on the loopback interface of the host's network."""
    with subprocess.Popen(
        ["ip", "netns", "exec", host.namespace, "python3", str(HERE / "pkarr_relay.py"),
         str(RELAY_PORT)],
        stderr=subprocess.DEVNULL,
    ) as relay:  # fmt: skip
        try:
            yield
        finally:
            relay.terminate()
