"""Changing over to another release, and back: by hand, or by itself when the new one is no good."""

import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.deploy.conftest import DOMAIN, Node
from tests.deploy.machines import Host, Network
from tests.deploy.playbooks import PROJECT, build_wheel


def release(hosts: Network, version: str, change: Callable[[Path], object] | None = None) -> str:
    """The option that installs another release: this source under another version, changed."""

    def with_version(source: Path) -> None:
        file = source / "appliance/version.py"
        text = re.sub(r'VERSION = ".*"', f'VERSION = "{version}"', file.read_text("utf-8"))
        file.write_text(text, encoding="utf-8")
        if change is not None:
            change(source)

    return f"-e pubky_app_wheel={build_wheel(PROJECT, hosts.work / version, with_version)}"


def never_ready(source: Path) -> None:
    """Answer that the node is not ready, after a migration that older releases do not know."""
    health = source / "appliance/web/health.py"
    text = health.read_text(encoding="utf-8")
    assert "200 if ready else 503" in text
    health.write_text(text.replace("200 if ready else 503", "503"), encoding="utf-8")
    migration = source / "appliance/metadata/migrations/9000_broken.sql"
    migration.write_text("DROP TABLE signup_tokens;\n", encoding="utf-8")


def running_version(host: Host) -> str:
    """The version of the release that `current` names."""
    return host.text("pubky-appliance version").strip()


@contextmanager
def constant_load(host: Host, failures: list[str]) -> Iterator[None]:
    """Ask for the front page of the client API through nginx again and again."""
    done = threading.Event()

    def ask() -> None:
        # A pause, since one address may ask a hundred times a second and no more.
        while not done.wait(0.05):
            answer = subprocess.run(
                ["curl", "--silent", "--insecure", "--max-time", "60", "--output", "/dev/null",
                 "--write-out", "%{http_code}", "--resolve", f"{DOMAIN}:443:{host.address}",
                 f"https://{DOMAIN}/"],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if answer.stdout != "200":
                failures.append(answer.stdout)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


def test_an_upgrade_fails_no_request_and_a_rollback_returns(
    hosts: Network, installed_copy: Node
) -> None:
    host, inventory = installed_copy.host, installed_copy.inventory
    before = running_version(host)
    invite = json.loads(host.text("pubky-appliance invite create --json"))["code"]
    failures: list[str] = []
    with constant_load(host, failures):
        inventory.run("upgrade.yml", release(hosts, "7.0.0"))
    assert failures == []
    assert running_version(host) == "7.0.0"
    assert invite in host.text("pubky-appliance invite list --json")

    inventory.run("rollback.yml")
    assert running_version(host) == before
    assert invite in host.text("pubky-appliance invite list --json")
    inventory.run("verify.yml")


def test_a_release_that_does_not_become_healthy_is_left_by_itself(
    hosts: Network, installed_copy: Node
) -> None:
    host, inventory = installed_copy.host, installed_copy.inventory
    before = running_version(host)
    invite = json.loads(host.text("pubky-appliance invite create --json"))["code"]
    broken = release(hosts, "8.0.0", never_ready)
    said = inventory.run("upgrade.yml", broken, "-e pubky_app_health_s=5", expect_failure=True).out
    assert "did not become healthy, so this host runs" in " ".join(said.split())
    assert running_version(host) == before
    # The broken release's migration dropped their table.
    assert invite in host.text("pubky-appliance invite list --json")
    inventory.run("verify.yml")
