"""The machine under the figures: processors, memory and time of processes, disk, versions."""

import os
import platform
import shutil
import socket
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Processors:
    """Who runs where: the load on the last processor, what is measured on all others."""

    servers: frozenset[int]
    client: frozenset[int]

    @classmethod
    def split(cls) -> "Processors":
        """Of those this process may use; a single one is shared."""
        usable = sorted(os.sched_getaffinity(0))
        return cls(frozenset(usable[:-1] or usable), frozenset(usable[-1:]))


@contextmanager
def running_on(processors: frozenset[int]) -> Iterator[None]:
    """Keep this process, and what it starts, on some processors for the length of the block."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def processor_seconds(pids: Iterable[int]) -> float:
    """Processor time that these processes have used since they began."""
    return sum(_ticks(pid) for pid in pids) / TICKS_PER_SECOND


def _ticks(pid: int) -> int:
    # The name stands in parentheses and may hold anything (proc(5)); times are fields 14 and 15.
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    fields = stat.rpartition(") ")[2].split()
    return int(fields[11]) + int(fields[12])


def resident_mib(pids: Iterable[int]) -> float:
    """Resident memory of these processes in MiB; pages they share count once for each."""
    return sum(_resident_kib(pid) for pid in pids) / 1024


def _resident_kib(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1])


def children(pid: int) -> tuple[int, ...]:
    """The processes that this one started."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return tuple(int(word) for word in text.split())


def free_port() -> int:
    """A port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def facts(folder: Path, pinned: Processors) -> dict[str, str]:
    """What the figures were taken on, and when."""
    system = platform.uname()
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "processor": f"{os.cpu_count()} x {_processor_name()} ({system.machine})",
        "memory": f"{memory_gib:.0f} GiB",
        "system": f"{system.system} {system.release}",
        "python": platform.python_version(),
        "file system": _file_system(folder),
        "nginx": _nginx_version(),
        "load": "wrk" if shutil.which("wrk") else "Python (wrk is not installed)",
        "placement": f"servers on processors {_listed(pinned.servers)},"
        f" load on {_listed(pinned.client)}",
        "load average": f"{os.getloadavg()[0]:.2f}",
    }


def nginx_program() -> str | None:
    """Where nginx is; Debian keeps it out of most people's search path."""
    return shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")


def _nginx_version() -> str:
    program = nginx_program()
    if program is None:
        return "not installed"
    answer = subprocess.run([program, "-v"], capture_output=True, text=True, check=True)
    return answer.stderr.strip().rpartition("/")[2]


def _processor_name() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    named = (line for line in lines if line.startswith(("model name", "Model")))
    return next(named, "processor").rpartition(":")[2].strip()


def _file_system(folder: Path) -> str:
    best, kind = Path("/"), "unknown"
    for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines():
        _, mounted_at, name, *_ = line.split()
        if folder.is_relative_to(mounted_at) and len(mounted_at) >= len(str(best)):
            best, kind = Path(mounted_at), name
    return kind


def _listed(processors: frozenset[int]) -> str:
    return ", ".join(str(number) for number in sorted(processors))
