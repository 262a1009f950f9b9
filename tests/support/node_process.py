"""A node in a process of its own: started as a person starts it, killed as bad luck kills it."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Generous bounds: they end a test that hangs and judge no speed.
READY_WITHIN_S = 15.0
ENDED_WITHIN_S = 15.0

Settings = Mapping[str, Mapping[str, Any]]

# On free ports, without limits, and quiet but for trouble.
ON_FREE_PORTS: Settings = {
    "general": {"signup_mode": "open"},
    "drive": {
        "icann_listen_socket": "127.0.0.1:0",
        "pubky_listen_socket": "127.0.0.1:0",
        "rate_limits": [],
    },
    "storage": {"min_free_mb": 0},
    "admin": {"listen_socket": "127.0.0.1:0"},
    "metrics": {"listen_socket": "127.0.0.1:0"},
    "dashboard": {"listen_socket": "127.0.0.1:0"},
    "relays": {"pkarr_listen_socket": "127.0.0.1:0", "http_listen_socket": "127.0.0.1:0"},
    "dht": {"listen_socket": "127.0.0.1:0", "ipv6_listen_socket": "[::1]:0"},
    "logging": {"level": "warning"},
}


class NotReadyError(Exception):
    """The process ended, or said nothing in time; the message is its standard error."""


def settings_text(*settings: Settings) -> str:
    """A configuration file; later settings win. JSON's texts, numbers and lists are TOML's too."""
    merged: dict[str, dict[str, Any]] = {}
    for sections in settings:
        for section, values in sections.items():
            merged.setdefault(section, {}).update(values)
    lines = []
    for section, values in merged.items():
        lines.append(f"[{section}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def make_data_dir(data_dir: Path, **sections: Mapping[str, Any]) -> Path:
    """A data folder that holds nothing but a configuration on free ports."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = settings_text(ON_FREE_PORTS, sections)
    (data_dir / "config.toml").write_text(text, encoding="utf-8")
    return data_dir


def command(*arguments: str) -> list[str]:
    """The command line of this checkout, on the Python of the tests."""
    return [sys.executable, "-m", "appliance", *arguments]


def environment() -> dict[str, str]:
    """As of a person's terminal: under a service manager nothing secret would be printed."""
    return {name: value for name, value in os.environ.items() if name != "JOURNAL_STREAM"}


@dataclass(slots=True)
class NodeProcess:
    """One process; `facts` is what it printed, once it is ready."""

    data_dir: Path
    process: subprocess.Popen[bytes]
    log: Path
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def client_url(self) -> str:
        """Base URL of the client API."""
        return str(self.facts["client_url"])

    @property
    def pid(self) -> int:
        """Of the node itself: what starts it replaces itself by it."""
        return self.process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended."""
        return self.process.poll() is None

    @property
    def peak_rss_bytes(self) -> int:
        """The most memory that the process ever had resident."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024

    def log_text(self) -> str:
        """Everything on standard error so far."""
        return self.log.read_text(encoding="utf-8")

    def wait_until_ready(self, within_s: float = READY_WITHIN_S) -> None:
        """Read the facts; raises NotReadyError."""
        pipe = self.process.stdout
        assert pipe is not None
        deadline_s = time.monotonic() + within_s
        text = b""
        while not text.endswith(b"}\n"):
            left_s = max(0.0, deadline_s - time.monotonic())
            readable, _, _ = select.select([pipe], [], [], left_s)
            chunk = os.read(pipe.fileno(), 65536) if readable else b""
            if not chunk:
                raise NotReadyError(self.log_text() or "no answer in time")
            text += chunk
        self.facts = json.loads(text)

    def kill(self) -> None:
        """End it as a power cut would: nothing runs any more."""
        self._end(signal.SIGKILL)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end and wait; the exit code."""
        return self._end(number)

    def _end(self, number: signal.Signals) -> int:
        if self.is_running:
            self.process.send_signal(number)
        code = self.process.wait(ENDED_WITHIN_S)
        if self.process.stdout:
            self.process.stdout.close()
        return code


def launch(
    data_dir: Path,
    *,
    wrapper: Sequence[str] = (),
    pass_fds: Sequence[int] = (),
    **variables: str,
) -> NodeProcess:
    """Start a process and do not wait for it.

    `wrapper` is a command line that runs ours, `pass_fds` are kept open in it, `variables` are
    added to the environment.
    """
    log = data_dir.parent / f"{data_dir.name}.log"
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            [*wrapper, *command("--data-dir", str(data_dir), "run", "--json")],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment() | variables,
            pass_fds=pass_fds,
        )
    return NodeProcess(data_dir, process, log)


@contextmanager
def running_process(
    data_dir: Path,
    *,
    wrapper: Sequence[str] = (),
    pass_fds: Sequence[int] = (),
    **variables: str,
) -> Iterator[NodeProcess]:
    """A ready node for the length of the block; see `launch`. Raises NotReadyError."""
    node = launch(data_dir, wrapper=wrapper, pass_fds=pass_fds, **variables)
    try:
        node.wait_until_ready()
        yield node
    finally:
        node.kill()


@dataclass(frozen=True, slots=True)
class PrivateDisk:
    """A small file system that only some processes see; `inside` is where others find it."""

    mounted_at: Path
    holder_pid: int

    @property
    def wrapper(self) -> list[str]:
        """The beginning of a command line that shall see the disk."""
        return ["nsenter", "--mount", "--root", "--target", str(self.holder_pid), "--wd=/"]

    @property
    def inside(self) -> Path:
        """The disk as seen from outside."""
        return Path(f"/proc/{self.holder_pid}/root{self.mounted_at}")

    def make_read_only(self) -> None:
        """From now on nothing can be written."""
        remount = ["mount", "-o", "remount,ro", str(self.mounted_at)]
        subprocess.run([*self.wrapper, *remount], check=True)


@contextmanager
def private_disk(mounted_at: Path, size: str) -> Iterator[PrivateDisk | None]:
    """A file system of `size` ("24m") that is gone after the block.

    None when this machine does not let us mount: containers often forbid it.
    """
    mounted_at.mkdir(parents=True, exist_ok=True)
    script = 'mount -t tmpfs -o "size=$1,mode=700" tmpfs "$2" && echo ready && exec cat'
    # `cat` holds the mount namespace until its standard input ends, also if this process is killed.
    with subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", script, "sh", size, str(mounted_at)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as holder:
        assert holder.stdout is not None
        is_mounted = holder.stdout.readline() == b"ready\n"
        yield PrivateDisk(mounted_at, holder.pid) if is_mounted else None


def finished(
    *arguments: str, wrapper: Sequence[str] = (), **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end; `variables` are added to the environment."""
    return subprocess.run(
        [*wrapper, *command(*arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=environment() | variables,
    )
