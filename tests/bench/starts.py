"""From the start of the process until it is ready, and what it holds in memory when idle."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.bench.figures import Effort, Measure, Run, Series
from tests.bench.machine import Processors, resident_mib
from tests.bench.servers import running_nginx, running_quart
from tests.support.node_process import (
    NodeProcess,
    NotReadyError,
    command,
    environment,
    make_data_dir,
    running_process,
)

# What a process does right after it says that it is ready belongs to its start.
SETTLE_S = 0.3


@dataclass(frozen=True, slots=True)
class Start:
    """One start: seconds until ready, and memory in MiB when idle."""

    ready_s: float
    idle_mib: float


def measure_starts(folder: Path, _: Processors, effort: Effort) -> list[Measure]:
    """Start to ready in milliseconds, and resident memory of an idle process in MiB."""
    folder.mkdir()
    kept = make_data_dir(folder / "kept")
    subjects: dict[str, Callable[[], Start]] = {
        "run, new folder": partial(_start_of_new_node, folder),
        "run, known folder": partial(_start_of_node, kept),
        "testnet": partial(_start_of_testnet, folder),
        "bare Quart": partial(_start_of_quart, folder),
        "nginx": partial(_start_of_nginx, folder),
    }
    notes = []
    try:
        subjects["testnet"]()
    except NotReadyError as error:
        del subjects["testnet"]
        notes.append(f"testnet was not measured: {str(error).strip()}")
    starts = _interleaved(effort, subjects)
    return [
        Measure(
            "start",
            "Start of the process until it is ready",
            "ms",
            _series(starts, lambda start: start.ready_s * 1000),
            (("run, known folder", "bare Quart"),),
            (
                *notes,
                "Ready is when the addresses are printed as JSON; for nginx, when it answers.",
                "A new folder means keys, tables and the hash of the operator's password.",
            ),
        ),
        Measure(
            "memory",
            "Resident memory of an idle process",
            "MiB",
            _series(starts, lambda start: start.idle_mib),
            (("run, known folder", "bare Quart"),),
            (*notes, "nginx is a master and one worker; pages they share count twice."),
        ),
    ]


def _interleaved(
    effort: Effort, subjects: dict[str, Callable[[], Start]]
) -> dict[str, list[Start]]:
    starts: dict[str, list[Start]] = {subject: [] for subject in subjects}
    for warm_up in subjects.values():
        warm_up()
    for round_number in range(1, effort.rounds + 1):
        effort.begin_round(round_number)
        for subject, start in subjects.items():
            starts[subject].append(start())
    return starts


def _series(starts: dict[str, list[Start]], value: Callable[[Start], float]) -> tuple[Series, ...]:
    return tuple(
        Series(subject, tuple(Run(value(start)) for start in done))
        for subject, done in starts.items()
    )


def _start_of_new_node(folder: Path) -> Start:
    return _start_of_node(make_data_dir(folder / f"new-{time.monotonic_ns()}"))


def _start_of_node(data_dir: Path) -> Start:
    before_s = time.perf_counter()
    with running_process(data_dir) as node:
        return _started(before_s, node.pid)


def _start_of_testnet(folder: Path) -> Start:
    before_s = time.perf_counter()
    with _running_testnet(folder) as net:
        return _started(before_s, net.pid)


def _start_of_quart(folder: Path) -> Start:
    before_s = time.perf_counter()
    with running_quart(folder) as server:
        return _started(before_s, *server.pids)


def _start_of_nginx(folder: Path) -> Start:
    before_s = time.perf_counter()
    with running_nginx(folder / f"nginx-{time.monotonic_ns()}", folder) as server:
        return _started(before_s, *server.pids)


def _started(before_s: float, *pids: int) -> Start:
    ready_s = time.perf_counter() - before_s
    time.sleep(SETTLE_S)
    return Start(ready_s, resident_mib(pids))


@contextmanager
def _running_testnet(folder: Path) -> Iterator[NodeProcess]:
    """A testnet on its well-known ports; raises NotReadyError when one of them is taken."""
    log = folder / "testnet.log"
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            command("testnet", "--json"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment(),
        )
    net = NodeProcess(folder, process, log)
    try:
        net.wait_until_ready()
        yield net
    finally:
        # Asked and not killed: it removes its temporary folder.
        net.stop(signal.SIGTERM)
