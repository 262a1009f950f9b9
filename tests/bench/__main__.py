"""The command line of the measurements: what to measure, for how long, and how to print it."""

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.bench.dht import measure_dht
from tests.bench.events import measure_events
from tests.bench.figures import BenchError, Effort, Measure, Summary
from tests.bench.lists import measure_lists
from tests.bench.machine import Processors, facts
from tests.bench.pages import measure_pages
from tests.bench.pubky_tls import measure_pubky_tls
from tests.bench.reads import measure_large_reads, measure_small_reads
from tests.bench.report import as_json, as_text
from tests.bench.starts import measure_starts
from tests.bench.writes import measure_writes
from tests.support.node_process import NotReadyError

MEASUREMENTS: dict[str, Callable[[Path, Processors, Effort], list[Measure]]] = {
    "start": measure_starts,
    "get-small": measure_small_reads,
    "get-large": measure_large_reads,
    "put": measure_writes,
    "list": measure_lists,
    "events": measure_events,
    "pubky-tls": measure_pubky_tls,
    "dht": measure_dht,
    "pages": measure_pages,
}
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """Measure and print; returns the exit code."""
    wish = _parser().parse_args()
    for number in ENDING_SIGNALS:
        signal.signal(number, _end)
    try:
        report = _measured(wish)
    except KeyboardInterrupt:
        _say("interrupted; everything that was started is ended")
        return 130
    except (BenchError, NotReadyError) as error:
        _say(f"error: {error}")
        return 2
    print(report)
    return 0


def _measured(wish: argparse.Namespace) -> str:
    processors = Processors.split()
    wish.folder.mkdir(parents=True, exist_ok=True)
    folder = wish.folder.resolve()
    found = facts(folder, processors)
    found["effort"] = f"{wish.rounds} interleaved rounds of {wish.seconds} s; medians, full ranges"
    before_s = time.monotonic()
    measures: list[Measure] = []
    yardstick_ms: list[float] = []
    with tempfile.TemporaryDirectory(prefix="bench-", dir=folder) as scratch:
        for name in wish.only or MEASUREMENTS:
            effort = Effort(
                wish.rounds,
                wish.seconds,
                partial(_say_of, name),
                yardstick_ms,
            )
            measures += MEASUREMENTS[name](Path(scratch) / name, processors, effort)
    pace = Summary.of(yardstick_ms)
    found["yardstick"] = (
        f"{pace.median:.1f} ms for the same plain loop, {pace.low:.1f} to {pace.high:.1f}"
    )
    found["load average"] += f" before, {os.getloadavg()[0]:.2f} after"
    found["took"] = f"{time.monotonic() - before_s:.0f} s"
    if wish.json:
        return json.dumps(as_json(found, measures), indent=2)
    return as_text(found, measures)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Measures a node beside nginx and a bare Quart view, in one run, on this"
        " machine. Ratios are what counts: figures of other days or machines do not compare.",
        epilog="Measurements: "
        + " ".join(f"{name}: {measure.__doc__}" for name, measure in MEASUREMENTS.items())
        + " See docs/bench.md for how to read the report.",
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=list(MEASUREMENTS),
        metavar="NAME",
        help=f"measure only this, may be given again: {', '.join(MEASUREMENTS)}",
    )
    parser.add_argument(
        "--rounds", type=_positive, default=5, help="interleaved runs of each subject (default 5)"
    )
    parser.add_argument(
        "--seconds", type=_positive, default=1, help="length of one run, whole seconds (default 1)"
    )
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path("build"),
        help="where the disk is measured and data lives meanwhile (default: build)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON for other programs")
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _end(*_: object) -> None:
    # Once: a second signal must not stop the ending of what was started.
    for number in ENDING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _say_of(name: str, text: str) -> None:
    _say(f"{name}: {text}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
