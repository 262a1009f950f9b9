"""The first boot: stock cloud-init, what `make pi-user-data` writes, and a node at the end."""

import json
import shutil
import subprocess
from pathlib import Path

from tests.deploy.bundles import make_bundle
from tests.deploy.conftest import DOMAIN
from tests.deploy.machines import Finished, Network
from tests.deploy.playbooks import ANSIBLE

SEED = "var/lib/cloud/seed/nocloud"


def make_user_data(hosts: Network, bundle: Path, ssh_key: Path) -> tuple[Finished, Path]:
    """Write the files of a card."""
    out = hosts.work / "card"
    done = subprocess.run(
        [
            str(ANSIBLE / "pi/make-user-data"),
            f"--domain={DOMAIN}",
            f"--ssh-key={ssh_key}",
            f"--signer={hosts.work / 'bundles/key.pem'}",
            f"--bundle={bundle}",
            f"--out={out}",
            "--hostname=shelf",
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Finished(done.returncode, done.stdout, done.stderr), out


def test_a_first_boot_ends_in_a_node_without_any_network(hosts: Network) -> None:
    bundle = make_bundle(hosts, "trixie", "--packages=avahi-daemon libnss-mdns")
    private, _ = make_user_data(hosts, bundle.path, hosts.key)
    assert "has no public keys of ssh" in private.err
    written, card = make_user_data(hosts, bundle.path, hosts.key.with_suffix(".pub"))
    assert "ssh pi@shelf.local" in written.out, written.err

    host = hosts.boot("shelf", "trixie")
    host.text(
        "apt-get update -qq && apt-get install -qq --no-install-recommends cloud-init",
        timeout_s=200,
    )
    shutil.copytree(card, host.root / SEED, dirs_exist_ok=True)
    checked = host.text(f"cloud-init schema --config-file /{SEED}/user-data")
    assert "Valid schema" in checked
    hosts.stop(host)
    subprocess.run(["ip", "-n", host.namespace, "route", "delete", "default"], check=True)
    hosts.start(host)

    ended = host.run("cloud-init status --wait --long", timeout_s=600)
    log = host.text("cat /var/log/pubky-first-boot.log")
    assert "status: done" in ended.out, ended.out + log[-4000:]
    ready = host.in_namespace(["curl", "--silent", "http://127.0.0.1:6289/readyz"]).out
    assert json.loads(ready)["ready"] is True, log[-4000:]

    console = host.text("cat /etc/issue.d/pubky.issue")
    assert f"https://{DOMAIN}" in console
    assert "shelf.local" in console
    assert "Node key" in console
    assert host.text("systemctl is-active avahi-daemon").strip() == "active"

    # Who has the key is let in, and nobody has a password.
    assert host.text("passwd --status pi").split()[1] == "L"
    assert hosts.key.with_suffix(".pub").read_text().split()[1] in host.text(
        "cat ~pi/.ssh/authorized_keys"
    )
    # What the installer said has a link that signs in.
    assert host.text("stat --format=%a /var/log/pubky-first-boot.log").strip() == "600"
    assert "/login#" not in host.text("cat /var/log/cloud-init-output.log")


def test_a_card_without_its_bundle_says_on_the_console_what_to_do(hosts: Network) -> None:
    host = hosts.boot("cardless", "trixie")
    subprocess.run(["ip", "-n", host.namespace, "route", "delete", "default"], check=True)
    program = (ANSIBLE / "pi/first-boot").read_text(encoding="utf-8")
    host.run("cat >/root/first-boot", stdin=program)

    assert host.run("sh /root/first-boot").code == 1
    console = host.text("cat /etc/issue.d/pubky.issue")
    assert "NOT installed" in console
    assert "Copy it there, beside user-data" in host.text("cat /var/log/pubky-first-boot.log")
