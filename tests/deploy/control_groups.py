"""A control group for each test host: in a common one, they would stop each other's services."""

import re
from contextlib import suppress
from pathlib import Path


def make(name: str) -> Path:
    """Make a group below this process's own; its file that takes process ids."""
    group = _place() / name
    group.mkdir(exist_ok=True)
    return group / "cgroup.procs"


def remove(name: str) -> None:
    """Remove a group whose processes have ended, and those that they made."""
    # Beside groups of the old kind, systemd-nspawn makes another one of the same name there.
    for group in (_place() / name, Path("/sys/fs/cgroup/systemd") / name):
        if group.exists():
            for inner in (*sorted(group.rglob("*/"), reverse=True), group):
                # What cannot go yet goes when the machine is switched off; it costs nothing.
                with suppress(OSError):
                    inner.rmdir()


def _place() -> Path:
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    mount = re.search(r"^(?:\S+ ){4}(\S+) .* - cgroup2 ", mounts, re.MULTILINE)
    own = re.search(r"^0::(.*)$", Path("/proc/self/cgroup").read_text("utf-8"), re.MULTILINE)
    assert mount is not None, "systemd needs control groups of version 2"
    assert own is not None
    return Path(mount[1]) / own[1].lstrip("/")
