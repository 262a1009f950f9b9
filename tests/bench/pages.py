"""The dashboard's pages with 123,000 files behind them: milliseconds and bytes of each."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

import httpx

from tests.bench.figures import BenchError, Effort, Measure, Run, Series, interleaved
from tests.bench.machine import Processors, running_on

FEWEST_REQUESTS = 5
TOP = "/files/pub/flood.example/"
KEYS = f"{TOP}keys/"
# A page about nothing but the visitor: what the frame, the session and the checks cost.
PLAIN = "/account"
PAGES = {
    PLAIN: PLAIN,
    "folder, first page": KEYS,
    "folder, by size, last page": f"{KEYS}?sort=size&order=desc&offset=119900",
    "folder, filtered": f"{KEYS}?name=4711",
    "all files below, by path": f"{TOP}?view=all",
    "all files below, by size": f"{TOP}?view=all&sort=size&order=desc",
    "all files below, filtered": f"{TOP}?view=all&name=4711",
    "folder, as it was": f"/own/then{KEYS.removeprefix('/files')}",
    "home": "/home",
    "activity": "/activity",
    "search": "/search?q=leaf",
    "storage": "/storage",
    "integrity": "/integrity",
    "access": "/access",
}
NOTES = (
    "One person's account with 120,000 files in one folder and 3,000 in a tree of folders.",
    f"Each page is asked for again and again by one visitor; `{PLAIN}` is the yardstick.",
)


def measure_pages(folder: Path, processors: Processors, effort: Effort) -> list[Measure]:
    """How long each page takes from request to last byte, and how many bytes it has."""
    del folder
    effort.say("filling an account with 123,000 files")
    with running_on(processors.servers):
        server = _running()
    with server as client, running_on(processors.client):
        times = interleaved(
            effort,
            {name: partial(_milliseconds, client, path, effort) for name, path in PAGES.items()},
        )
        sizes = tuple(
            Series(name, (Run(len(_asked(client, path).content) / 1000),))
            for name, path in PAGES.items()
        )
    pairs = tuple((name, PLAIN) for name in PAGES if name != PLAIN)
    return [
        Measure("pages", "A page of the dashboard", "ms", times, pairs, NOTES),
        Measure("pages-size", "Its HTML, not compressed", "kB", sizes),
    ]


@contextmanager
def _running() -> Iterator[httpx.Client]:
    command = [sys.executable, "-m", "tests.bench.pages_server"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        try:
            said = json.loads(_first_line(process))
            with httpx.Client(
                base_url=said["origin"], cookies=said["cookies"], timeout=60
            ) as client:
                yield client
        finally:
            process.terminate()


def _first_line(process: subprocess.Popen[bytes]) -> bytes:
    if process.stdout is None:
        raise BenchError("the node has no output")
    line = process.stdout.readline()
    if not line:
        raise BenchError("the node with 123,000 files did not start")
    return line


def _milliseconds(client: httpx.Client, path: str, effort: Effort) -> Run:
    """The median of as many requests as fit into a share of the time."""
    until_s = time.perf_counter() + effort.seconds / len(PAGES)
    taken: list[float] = []
    while len(taken) < FEWEST_REQUESTS or time.perf_counter() < until_s:
        before_s = time.perf_counter()
        _asked(client, path)
        taken.append((time.perf_counter() - before_s) * 1000)
    return Run(median(taken))


def _asked(client: httpx.Client, path: str) -> httpx.Response:
    answer = client.get(path)
    if answer.status_code != 200:
        raise BenchError(f"{path} answered {answer.status_code}")
    return answer
