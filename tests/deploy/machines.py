"""Booted Debian hosts for the tests: systemd-nspawn, a network namespace each, one bridge with NAT.

Everything made here has a prefix of its own and is taken down by its recorded name or process id.
What exists already is never touched: a name or network that is taken is an error.
"""

import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.deploy import control_groups
from tests.deploy.rootfs import locked_cache, root_filesystem
from tests.support.needs import cannot_run_here

TOOLS = ("mmdebstrap", "systemd-nspawn", "nft", "ip", "ssh", "ssh-keygen")
# What hosts need of this machine: packets passed on, and more than the 128 queues of file changes
# that all of one user's processes have together; a booted systemd takes some sixteen.
SETTINGS = {
    "forwarding": (Path("/proc/sys/net/ipv4/ip_forward"), 1),
    "inotify": (Path("/proc/sys/fs/inotify/max_user_instances"), 4096),
}
# With --keep-unit nspawn ends on a reboot and says so by this code, to be started again.
REBOOT = 133
POWER_OFF = signal.SIGRTMIN + 4
BOOT_S = 30.0


@dataclass(frozen=True, slots=True)
class Finished:
    """What a command on a host answered."""

    code: int
    out: str
    err: str


@dataclass(slots=True)
class Host:
    """One booted host."""

    name: str
    address: str
    namespace: str
    root: Path
    key: Path
    nspawn: subprocess.Popen[bytes] | None = None

    def run(self, *command: str, stdin: str | None = None, timeout_s: float = 60) -> Finished:
        """Run a command line as root over ssh; the words are joined for the remote shell."""
        done = subprocess.run(
            ["ssh", *ssh_options(self.key), f"root@{self.address}", " ".join(command)],
            # Never the stdin of the test process: what runs there may wait for it, or refuse it.
            input=stdin or "",
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def text(self, *command: str, timeout_s: float = 60) -> str:
        """What a command that must succeed prints."""
        done = self.run(*command, timeout_s=timeout_s)
        assert done.code == 0, f"{self.name}: {' '.join(command)}: {done.out}{done.err}"
        return done.out

    def in_namespace(self, command: Sequence[str], timeout_s: float = 60) -> Finished:
        """Run a program of this machine with the host's network: a peer on the host's address."""
        done = subprocess.run(
            ["ip", "netns", "exec", self.namespace, *command],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)


def ssh_options(key: Path) -> list[str]:
    """Options for hosts that live for one test run and have no name worth remembering."""
    return [
        "-i",
        str(key),
        "-oIdentitiesOnly=yes",
        "-oBatchMode=yes",
        "-oConnectTimeout=5",
        "-oStrictHostKeyChecking=no",
        "-oUserKnownHostsFile=/dev/null",
        "-oLogLevel=ERROR",
    ]


@dataclass(slots=True)
class Network:
    """A bridge with NAT and the hosts on it."""

    prefix: str
    subnet: str
    work: Path
    key: Path
    backup_password: Path
    hosts: list[Host] = field(default_factory=list)

    @property
    def gateway(self) -> str:
        """This machine's own address on the bridge."""
        return f"{self.subnet}.1"

    def boot(
        self,
        name: str,
        suite: str = "bookworm",
        *,
        layer: Path | None = None,
        architecture: str = "",
    ) -> Host:
        """Start a host and wait until it can be reached; `layer` lies over the fresh system.

        Another `architecture` than this machine's must be one that the kernel can emulate.
        """
        number = len(self.hosts) + 11
        namespace = f"{self.prefix}{number}"
        folder = self.work / name
        for part in ("upper", "scratch", "root"):
            (folder / part).mkdir(parents=True)
        host = Host(name, f"{self.subnet}.{number}", namespace, folder / "root", self.key)
        self.hosts.append(host)
        fresh = root_filesystem(suite, architecture)
        lower = fresh if layer is None else f"{layer}:{fresh}"
        _call(
            "mount", "-t", "overlay", "overlay", "-o",
            f"lowerdir={lower},upperdir={folder}/upper,workdir={folder}/scratch", str(host.root),
        )  # fmt: skip
        self._furnish(host, is_fresh=layer is None)
        self._connect(host)
        self.start(host)
        return host

    def start(self, host: Host) -> None:
        """Start a host that is off, and wait until it can be reached."""
        console = (host.root.parent / "console.log").open("ab")
        command = (
            f"echo $$ > {control_groups.make(host.namespace)};"
            f" while :; do systemd-nspawn -q -D {host.root} -M {host.namespace} --register=no"
            " --keep-unit --capability=CAP_NET_ADMIN"
            f" --network-namespace-path=/run/netns/{host.namespace}"
            " --resolv-conf=replace-host --boot --console=pipe;"
            f" [ $? = {REBOOT} ] || break; done"
        )
        with console:
            host.nspawn = subprocess.Popen(
                ["/bin/bash", "-c", command],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"},
            )
        self.wait(host)

    def wait(self, host: Host) -> None:
        """Wait until ssh answers on the host."""
        deadline = time.monotonic() + BOOT_S
        while host.run("true").code != 0:
            if time.monotonic() > deadline:
                log = (host.root.parent / "console.log").read_text(errors="replace")
                raise AssertionError(f"{host.name} cannot be reached by ssh:\n{log[-2000:]}")
            time.sleep(0.1)

    def stop(self, host: Host) -> None:
        """Switch a host off, in order while it still listens."""
        nspawn, host.nspawn = host.nspawn, None
        if nspawn is None:
            return
        guests = _grandchildren(nspawn.pid)
        for guest in guests:
            os.kill(guest, POWER_OFF)
        try:
            nspawn.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(nspawn.pid, signal.SIGKILL)
            nspawn.wait(timeout=10)
            # A guest on an emulated processor outlives its nspawn.
            for guest in guests:
                with suppress(ProcessLookupError):
                    os.kill(guest, signal.SIGKILL)

    def layer_of(self, host: Host) -> Path:
        """Switch a host off for good and give what it wrote, for others to start from."""
        self.stop(host)
        _call("umount", str(host.root))
        return host.root.parent / "upper"

    def discard(self, host: Host) -> None:
        """Stop a host and remove all that it wrote."""
        self.stop(host)
        _call("umount", str(host.root), check=False)
        _call("ip", "netns", "delete", host.namespace, check=False)
        control_groups.remove(host.namespace)
        shutil.rmtree(host.root.parent, ignore_errors=True)

    def _furnish(self, host: Host, *, is_fresh: bool) -> None:
        etc = host.root / "etc"
        (etc / "hostname").write_text(f"{host.name}\n", encoding="utf-8")
        if is_fresh:
            # Kept where there is one: what a host encrypted for itself is bound to it.
            (etc / "machine-id").write_text("", encoding="utf-8")
        (etc / "hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {host.name}\n", "utf-8")
        # Otherwise the guest's own network service would wait for DHCP and drop the address.
        unmanaged = etc / "systemd/network/10-host0.network"
        unmanaged.parent.mkdir(parents=True, exist_ok=True)
        unmanaged.write_text("[Match]\nName=host0\n[Link]\nUnmanaged=yes\n", encoding="utf-8")
        keys = host.root / "root/.ssh/authorized_keys"
        keys.parent.mkdir(mode=0o700, exist_ok=True)
        shutil.copy(self.key.with_suffix(".pub"), keys)
        keys.chmod(0o600)

    def _connect(self, host: Host) -> None:
        name = host.namespace
        _call("ip", "netns", "add", name)
        _call("ip", "link", "add", f"v{name}", "type", "veth", "peer", "host0", "netns", name)
        _call("ip", "link", "set", f"v{name}", "master", self.prefix, "up")
        _call("ip", "-n", name, "link", "set", "lo", "up")
        _call("ip", "-n", name, "addr", "add", f"{host.address}/24", "dev", "host0")
        _call("ip", "-n", name, "link", "set", "host0", "up")
        _call("ip", "-n", name, "route", "add", "default", "via", self.gateway)


@contextmanager
def network(backup_password: Path) -> Iterator[Network]:
    """A network of this process's own, removed with all of its hosts at the end.

    `backup_password` is a file for what encrypts its hosts' backups.
    """
    _check_machine()
    prefix = f"pd{os.getpid()}"
    with tempfile.TemporaryDirectory(prefix="pubky-deploy-") as folder, _kernel_settings():
        work = Path(folder)
        key = work / "key"
        _call("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key))
        made = Network(prefix, _free_subnet(), work, key, backup_password)
        table = f"pubky_deploy_{os.getpid()}"
        try:
            _call("ip", "link", "add", prefix, "type", "bridge")
            _call("ip", "addr", "add", f"{made.gateway}/24", "dev", prefix)
            _call("ip", "link", "set", prefix, "up")
            _call("nft", _masquerade(table, made.subnet))
            yield made
        finally:
            for host in made.hosts:
                made.discard(host)
            _call("nft", f"delete table ip {table}", check=False)
            _call("ip", "link", "delete", prefix, check=False)


def _check_machine() -> None:
    if os.geteuid() != 0:
        cannot_run_here("booting hosts needs root")
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        cannot_run_here(f"booting hosts needs {', '.join(missing)}")
    probe = subprocess.run(["nft", "list", "tables"], capture_output=True, check=False)
    if probe.returncode != 0:
        cannot_run_here("booting hosts needs a kernel with nftables and the right to use it")


def _masquerade(table: str, subnet: str) -> str:
    return (
        f"create table ip {table};"
        f" create chain ip {table} out {{ type nat hook postrouting priority 100; }};"
        f" add rule ip {table} out ip saddr {subnet}.0/24 ip daddr != {subnet}.0/24 masquerade"
    )


def _free_subnet() -> str:
    """The first three numbers of a network that this machine does not use, taken by a socket."""
    used = subprocess.run(["ip", "-4", "route"], capture_output=True, text=True, check=True).stdout
    for third in range(os.getpid() % 200, 255):
        subnet = f"10.88.{third}"
        if not re.search(rf"\b{re.escape(subnet)}\.", used):
            return subnet
    raise AssertionError("every network from 10.88.0.0/24 on is in use")


@contextmanager
def _kernel_settings() -> Iterator[None]:
    """Set this machine up for hosts; the last test process puts the settings back."""
    with locked_cache("settings-change"):
        users = os.open(_state("settings-users"), os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(users, fcntl.LOCK_SH)
        for name, (setting, least) in SETTINGS.items():
            before = setting.read_text().strip()
            if int(before) < least:
                _state(f"{name}-before").write_text(before)
                setting.write_text(str(least))
    try:
        yield
    finally:
        with locked_cache("settings-change"):
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pass  # another process has hosts that need them
            else:
                for name, (setting, _) in SETTINGS.items():
                    if _state(f"{name}-before").exists():
                        setting.write_text(_state(f"{name}-before").read_text())
                        _state(f"{name}-before").unlink()
            os.close(users)


def _state(name: str) -> Path:
    return Path(tempfile.gettempdir()) / "pubky-deploy" / name


def _grandchildren(wrapper: int) -> list[int]:
    """The guests' first processes: children of nspawn, which is the wrapper's child."""
    return [guest for nspawn in _children(wrapper) for guest in _children(nspawn)]


def _children(pid: int) -> list[int]:
    try:
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    except OSError:
        return []
    return [int(word) for word in words]


def port_is_open(address: str, port: int) -> bool:
    """Whether a TCP connection is accepted within two seconds."""
    try:
        with socket.create_connection((address, port), timeout=2):
            return True
    except OSError:
        return False


def _call(*command: str, check: bool = True) -> None:
    subprocess.run(command, check=check, capture_output=not check, timeout=60)
