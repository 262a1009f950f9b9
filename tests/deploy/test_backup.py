"""Backups that are made while people write, tried, restored on another host, and moved along."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.deploy.conftest import DOMAIN, Layer, node_variables
from tests.deploy.machines import Host, Network
from tests.deploy.playbooks import Inventory, inventory
from tests.support.appliance import Person, keypair_of

REPOSITORY = "/var/backups/pubky"
SENTENCE = "the key is in it"


@dataclass(slots=True)
class Home:
    """A node, and somebody's files and session on it."""

    host: Host
    inventory: Inventory
    files: dict[str, bytes]
    cookies: dict[str, str]


@asynccontextmanager
async def person_at(host: Host, name: str, cookies: dict[str, str]) -> AsyncIterator[Person]:
    """Somebody whose browser believes that the domain points to this host."""

    async def name_the_domain(request: httpx.Request) -> None:
        request.extensions["sni_hostname"] = DOMAIN

    async with httpx.AsyncClient(
        base_url=f"https://{host.address}",
        headers={"host": DOMAIN},
        # The host's own authority is known to nobody here; what is tested is behind it.
        verify=False,  # noqa: S501
        timeout=30,
        event_hooks={"request": [name_the_domain]},
    ) as http:
        yield Person(keypair_of(name), http, dict(cookies))


def key_of(host: Host) -> str:
    """The node's public key."""
    return str(json.loads(host.text("pubky-appliance init --json"))["public_key"])


def last_line(host: Host) -> dict[str, Any]:
    """What was last told of backups."""
    line: dict[str, Any] = json.loads(host.text("tail -n 1 /var/lib/pubky/backups.jsonl"))
    return line


async def still_there(home: Home, host: Host) -> None:
    """Every file has its bytes on this host, and the session of before works."""
    async with person_at(host, "ada", home.cookies) as ada:
        for path, content in home.files.items():
            assert (await ada.get(path)).content == content
        assert (await ada.put("/pub/after.txt", b"after")).status_code == 201
        assert (await ada.delete("/pub/after.txt")).status_code == 204


def emptied(host: Host) -> Host:
    """As if the disk with the data were new; the program stays, which saves time."""
    host.text("systemctl stop pubky.socket pubky.service pubky-backup.timer")
    host.text("rm -r /var/lib/pubky /etc/pubky/credentials", REPOSITORY)
    return host


def copied(hosts: Network, source: Host, target: Host) -> None:
    """Bring the repository along, as somebody with a disk in their hand does."""
    archive = hosts.work / "repository.tar"
    source.text(f"tar -C {REPOSITORY} -cf /root/repository.tar .")
    archive.write_bytes((source.root / "root/repository.tar").read_bytes())
    (target.root / "root/repository.tar").write_bytes(archive.read_bytes())
    target.text(f"mkdir -p {REPOSITORY} && tar -C {REPOSITORY} -xf /root/repository.tar")


@pytest.fixture(scope="module")
def home(hosts: Network, baked: Layer) -> Iterator[Home]:
    """A node on which Ada keeps files."""
    host = hosts.boot("home", layer=baked.folder)
    made = Home(host, inventory(hosts, (host, node_variables(host))), {}, {})
    # Waits until the node says that it is ready: a host answers by ssh sooner.
    host.text("systemctl start pubky.service", timeout_s=120)

    async def move_in() -> None:
        invite = json.loads(host.text("pubky-appliance invite create --json"))["code"]
        async with person_at(host, "ada", {}) as ada:
            assert (await ada.sign_up(token=invite)).status_code == 200
            made.cookies.update(ada.cookies)
            for number in range(20):
                path, content = f"/pub/{number}.txt", f"file {number}".encode() * (number + 1)
                assert (await ada.put(path, content)).status_code == 201
                made.files[path] = content

    asyncio.run(move_in())
    yield made
    hosts.discard(host)


async def test_a_backup_that_is_made_while_people_write_is_whole(home: Home) -> None:
    written = 0
    async with person_at(home.host, "ada", home.cookies) as ada:
        backup = asyncio.create_task(
            asyncio.to_thread(home.host.text, "systemctl start pubky-backup.service")
        )
        while not backup.done():
            assert (await ada.put(f"/pub/busy/{written}", b"x" * written)).is_success
            assert (await ada.put("/pub/busy/same", str(written).encode())).is_success
            written += 1
            # Within the rate that the web server allows one address.
            await asyncio.sleep(0.1)
        await backup
    assert written > 0
    assert last_line(home.host)["ok"] is True
    home.host.text("systemctl start pubky-backup-drill.service", timeout_s=120)
    told = last_line(home.host)
    assert (told["kind"], told["ok"]) == ("drill", True)
    assert told["detail"].endswith(SENTENCE)
    assert home.host.text("ls -A /var/lib/pubky-drill") == ""
    assert home.host.run("ls -A /var/lib/pubky/.backup").code != 0


async def test_a_node_is_restored_on_another_host(hosts: Network, baked: Layer, home: Home) -> None:
    home.host.text("systemctl start pubky-backup.service")
    target = hosts.boot("restored", layer=baked.folder)
    playbooks = inventory(hosts, (target, node_variables(target)))
    emptied(target)
    target.text("install -d -o pubky -g pubky -m 0700 /var/lib/pubky")
    other = key_of(target)
    copied(hosts, home.host, target)
    refused = playbooks.run("restore.yml", expect_failure=True).out
    assert f"holds the data of the node {other}" in " ".join(refused.split())

    target.text("rm -r /var/lib/pubky")
    playbooks.run("restore.yml")
    assert key_of(target) == key_of(home.host)
    await still_there(home, target)
    hosts.discard(target)


def test_running_again_changes_nothing_and_tells_no_secret(hosts: Network, home: Home) -> None:
    again = home.inventory.run("site.yml", "-vvv", "--diff")
    password = hosts.backup_password.read_text(encoding="utf-8").strip()
    # The host's own address is in the settings, and is not that of the layer.
    assert set(again.changed_tasks) <= {
        "pubky_app : Write the settings",
        "pubky_app : Restart the node",
    }
    assert password not in again.out
    seen = home.host.text(
        "(cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n'; journalctl --no-pager)"
        " 2>/dev/null"
    )
    assert "pubky-backup.service" in seen
    assert password not in seen
    kept = home.host.run("grep -rlF -e", password, "/etc /opt /run /usr/local /var 2>/dev/null")
    assert kept.out == ""


def test_a_damaged_repository_fails_where_people_look(home: Home) -> None:
    home.host.text(
        f"for pack in $(find {REPOSITORY}/data -type f); do"
        " dd if=/dev/zero of=$pack bs=64 count=1 conv=notrunc status=none; done"
    )
    assert home.host.run("systemctl start pubky-backup-drill.service", timeout_s=120).code != 0
    told = last_line(home.host)
    assert (told["kind"], told["ok"]) == ("drill", False)
    assert told["detail"]
    assert "pubky-backup-drill.service" in home.host.text("systemctl --failed --plain")
    assert home.host.text("ls -A /var/lib/pubky-drill") == ""


async def test_a_node_moves_or_stays(hosts: Network, baked: Layer, home: Home) -> None:
    target = emptied(hosts.boot("newer", layer=baked.folder))
    # What was damaged above is not what is tested here.
    home.host.text(f"rm -r {REPOSITORY}; mkdir -m 0700 {REPOSITORY}")
    home.host.text("/usr/local/lib/pubky/backup-engine init")
    key = key_of(home.host)

    def both(**wrong: str) -> Inventory:
        """The two, with what is wrong about the target."""
        return inventory(
            hosts,
            (home.host, node_variables(home.host)),
            (target, node_variables(target) | wrong),
        )

    nowhere = both(pubky_app_pubky_tls_address="192.0.2.1:6287")
    said = nowhere.run("migrate.yml", "-e from=home -e to=newer", expect_failure=True).out
    assert "newer did not become healthy, so home serves again" in " ".join(said.split())
    await still_there(home, home.host)
    assert target.run("systemctl is-active pubky.service").code != 0
    assert "lives on the host home" in target.text("cat /var/lib/pubky/moved")

    both().run("migrate.yml", "-e from=home -e to=newer")
    assert key_of(target) == key
    await still_there(home, target)
    for unit in ("pubky.service", "pubky.socket", "pubky-backup.timer"):
        assert home.host.run("systemctl is-active", unit).code != 0
        assert home.host.run("systemctl is-enabled", unit).code != 0
    refused = home.host.run("pubky-appliance run --quiet")
    assert refused.code == 2
    assert "It lives on the host newer" in refused.err
    hosts.discard(target)
