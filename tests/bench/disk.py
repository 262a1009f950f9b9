"""What the disk alone can do: the flushes of durable writes, done by hand without a server."""

import os
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.bench.figures import Run

BODY = b"b" * 1024
# SQLite's log grows by whole pages, each with a head of 24 bytes; one page is the least.
LOG_PAGE = b"p" * (4096 + 24)
# As many as the node keeps blobs in.
SHELVES = 256


def flushes(folder: Path, seconds: float) -> Run:
    """Appending a page to one file and flushing it, times a second."""
    descriptor = _new_file(folder / f"log-{secrets.token_hex(4)}")
    try:

        def append() -> None:
            os.write(descriptor, LOG_PAGE)
            os.fsync(descriptor)

        return Run(_times_per_second(append, seconds))
    finally:
        os.close(descriptor)


def durable_files(folder: Path, seconds: float) -> Run:
    """What one durable PUT needs at least, times a second: a new file of 1 KiB flushed, its folder
    flushed, one page of a log flushed."""
    descriptor = _new_file(folder / f"log-{secrets.token_hex(4)}")
    try:

        def write() -> None:
            _flushed_file(folder)
            os.write(descriptor, LOG_PAGE)
            os.fsync(descriptor)

        return Run(_times_per_second(write, seconds))
    finally:
        os.close(descriptor)


def durable_files_together(folder: Path, seconds: float, writers: int) -> Run:
    """New files flushed with their folders, by many threads at once, files a second.

    The log is left out: in the best case everybody shares its flush.
    """
    rates: list[float] = []

    def work() -> None:
        rates.append(_times_per_second(lambda: _flushed_file(folder), seconds))

    threads = [threading.Thread(target=work) for _ in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Run(sum(rates))


def make_shelves(folder: Path) -> None:
    """The folders that files are spread over."""
    for number in range(SHELVES):
        (folder / f"{number:02x}").mkdir(parents=True)


def _flushed_file(folder: Path) -> None:
    name = secrets.token_hex(16)
    shelf = folder / name[:2]
    descriptor = _new_file(shelf / name)
    try:
        os.write(descriptor, BODY)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    descriptor = os.open(shelf, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _new_file(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def _times_per_second(step: Callable[[], None], seconds: float) -> float:
    count = 0
    before_s = time.perf_counter()
    while (took_s := time.perf_counter() - before_s) < seconds:
        step()
        count += 1
    return count / took_s
