"""Small computers with ARM processors: wheels for every locked package, and a node on such a host.

The host runs on an emulated processor, where every step takes several times as long. What does
not depend on the processor is left to the other scenarios: the web server, the firewall, backups,
monitoring and updates.
"""

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.config import SocketAddress
from appliance.pubky.keys import PublicKey
from tests.deploy.conftest import Node, node_variables
from tests.deploy.machines import Network
from tests.deploy.playbooks import PROJECT, inventory
from tests.support.appliance import keypair_of
from tests.support.native_client import native_client
from tests.support.needs import cannot_run_here

# glibc of Debian 12 and 13 and of Raspberry Pi OS runs all of them.
PLATFORMS = ("manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64")
EMULATOR = Path("/proc/sys/fs/binfmt_misc/qemu-aarch64")
# The emulator is a thread beside the program's, and a process of several gets no user namespace.
FOR_THE_EMULATOR = "[Service]\nPrivateUsers=false\n"
LEAN = {
    "pubky_proxy_mode": "external",
    "pubky_firewall_mode": "none",
    "pubky_backup_enabled": False,
    "pubky_base_unattended_upgrades": False,
    "pubky_app_signup_mode": "open",
    "pubky_app_health_s": 300,
}


@pytest.fixture(scope="module")
def emulated(hosts: Network) -> Iterator[Network]:
    """The test network, on a machine that runs programs for arm64 until the tests are through."""
    if platform.machine() == "aarch64" or EMULATOR.exists():
        yield hosts
        return
    missing = [
        tool for tool in ("update-binfmts", "qemu-aarch64-static") if shutil.which(tool) is None
    ]
    if missing:
        cannot_run_here(f"booting a host for arm64 needs {' and '.join(missing)}")
    subprocess.run(["update-binfmts", "--enable", "qemu-aarch64"], check=False)
    if not EMULATOR.exists():
        cannot_run_here("booting a host for arm64 needs a kernel with binfmt_misc")
    yield hosts
    subprocess.run(["update-binfmts", "--disable", "qemu-aarch64"], check=True)


@pytest.fixture(scope="module")
def pi(emulated: Network) -> Iterator[Node]:
    """A node on a host for arm64, without what does not depend on the processor."""
    host = emulated.boot("pi", architecture="arm64")
    drop_in = host.root / "etc/systemd/system/pubky.service.d/emulated.conf"
    drop_in.parent.mkdir()
    drop_in.write_text(FOR_THE_EMULATOR, encoding="utf-8")
    one = inventory(emulated, (host, node_variables(host) | LEAN))
    yield Node(
        host, one, one.run("site.yml", "--skip-tags=monitoring", timeout_s=1200), frozenset()
    )
    emulated.discard(host)


@pytest.mark.parametrize("python", ["3.11", "3.13"])
def test_nothing_has_to_be_compiled_on_arm64(python: str, tmp_path: Path) -> None:
    downloaded = subprocess.run(
        [
            sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
            "--no-deps", "--require-hashes", "--only-binary=:all:", "--implementation=cp",
            f"--python-version={python}", f"--abi=cp{python.replace('.', '')}", "--abi=abi3",
            "--abi=none", *(f"--platform={tag}" for tag in PLATFORMS),
            f"--requirement={PROJECT / 'requirements.lock'}", f"--dest={tmp_path}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert downloaded.returncode == 0, downloaded.stderr
    locked = (PROJECT / "requirements.lock").read_text(encoding="utf-8")
    packages = [line for line in locked.splitlines() if "==" in line and not line.startswith(" ")]
    assert len(list(tmp_path.iterdir())) == len(packages)


@pytest.mark.timeout(2400)
def test_an_arm64_host_becomes_a_node(pi: Node) -> None:
    assert pi.host.text("uname -m").strip() == "aarch64"
    assert pi.host.text("systemctl is-active pubky.service").strip() == "active"


def test_where_credentials_cannot_be_handed_over_the_key_lies_in_a_file(pi: Node) -> None:
    unit = pi.host.text("cat /etc/systemd/system/pubky.service")
    if pi.host.run("test -e /etc/pubky/credentials/node-key.cred").code == 0:
        assert "LoadCredentialEncrypted=" in unit
    else:
        assert "LoadCredentialEncrypted=" not in unit


async def test_a_native_client_signs_up_and_stores_on_it(pi: Node) -> None:
    key = json.loads(pi.host.text("pubky-appliance init --json"))["public_key"]
    address = SocketAddress(pi.host.address, 6287)
    async with native_client(keypair_of("ada"), address, {PublicKey.parse(key)}) as client:
        assert (await client.sign_up()).status == 200
        assert (await client.request("PUT", "/pub/note", b"from a Pi")).status == 201
        assert (await client.request("GET", "/pub/note")).body == b"from a Pi"
