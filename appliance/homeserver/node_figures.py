"""The figures that nobody counts on the way: read from the tables and the disk when asked for.

The tables are read every quarter of a minute at most, so a scraper in a hurry is no load.
"""

import asyncio
import logging
import platform
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from appliance.blobs.store import BlobStore
from appliance.clock import Clock
from appliance.errors import PubkyError
from appliance.homeserver.backup_log import BACKUPS_FILE, BackupLine, newest, read_backups
from appliance.homeserver.node_status import DiskSpace, NodeCounts, count_node, disk_space
from appliance.homeserver.readiness import OK, Readiness
from appliance.metadata import grants, sessions
from appliance.metadata.store import Metadata, Tx
from appliance.metrics import PREFIX, Counters, Distribution, LabelValues
from appliance.version import VERSION

READ_EVERY_US = 15_000_000
# To look whether the node is ready writes to the disk, which is an SD card in many homes.
LOOK_EVERY_S = 300.0
# After this long the scraper gets the figures of before.
PATIENCE_S = 2.0
LAG_EVERY_S = 0.5
LAG_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
US_PER_SECOND = 1_000_000

_log = logging.getLogger(__name__)

Samples = Mapping[LabelValues, float]


@dataclass(frozen=True, slots=True)
class Places:
    """Where this node keeps what it keeps."""

    data_dir: Path
    blobs: Path
    database: Path


@dataclass(frozen=True, slots=True)
class _Counts:
    """What one look at the tables found."""

    node: NodeCounts
    cookies: int
    grants: int

    def users(self) -> Samples:
        totals = self.node.totals
        return {("enabled",): totals.users - totals.disabled, ("disabled",): totals.disabled}

    def sessions(self) -> Samples:
        return {("cookie",): self.cookies, ("grant",): self.grants}

    def invites(self) -> Samples:
        unused = self.node.unused_invites
        return {("unused",): unused, ("spent",): self.node.all_invites - unused}

    def entries(self) -> Samples:
        return {(): self.node.totals.entries}

    def stored_bytes(self) -> Samples:
        return {(): self.node.totals.used_bytes}

    def last_event_id(self) -> Samples:
        return {(): self.node.last_event_id}


class NodeFigures:
    """Puts the node's figures beside the counters, and keeps them fresh enough."""

    def __init__(
        self,
        metadata: Metadata,
        blobs: BlobStore,
        readiness: Readiness,
        places: Places,
        clock: Clock,
    ) -> None:
        self._metadata = metadata
        self._blobs = blobs
        self._readiness = readiness
        self._places = places
        self._clock = clock
        self._started_us = clock()
        self._reading = asyncio.Lock()
        self._counts: _Counts | None = None
        self._backups: list[BackupLine] = []
        self._read_us: int | None = None
        self._lag_s = Distribution(LAG_BUCKETS_S)
        self._readers: list[Callable[[], Awaitable[None]]] = []

    def also_read(self, read: Callable[[], Awaitable[None]]) -> None:
        """Call this as well whenever the tables are read."""
        self._readers.append(read)

    async def refresh(self) -> None:
        """Read what is older than it may be; what cannot be read in time stays as it was."""
        try:
            async with asyncio.timeout(PATIENCE_S), self._reading:
                await self._read()
        except (TimeoutError, PubkyError):
            _log.warning("the figures of this node could not be read in time")

    async def follow_readiness(self) -> None:
        """Look for ever whether the node is ready; scrapes must not wait for that."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self._readiness.verdicts()

    async def follow_lag(self) -> None:
        """Measure for ever how late the event loop wakes those who sleep."""
        now_s = asyncio.get_running_loop().time
        while True:
            begin_s = now_s()
            await asyncio.sleep(LAG_EVERY_S)
            self._lag_s.observe(max(0.0, now_s() - begin_s - LAG_EVERY_S))

    def register(self, counters: Counters) -> None:
        """Show everything under the prefix of this program."""
        self._register_process(counters)
        self._register_counts(counters)
        self._register_disks(counters)
        self._register_writing(counters)
        self._register_backups(counters)

    async def _read(self) -> None:
        now_us = self._clock()
        if _is_due(self._read_us, now_us, READ_EVERY_US):
            self._counts = await self._metadata.read(_count, now_us)
            self._backups = read_backups(self._places.data_dir / BACKUPS_FILE)
            for read in self._readers:
                await read()
            self._read_us = now_us

    def _register_process(self, counters: Counters) -> None:
        build: Samples = {(VERSION, platform.python_version()): 1}
        counters.add_gauges(
            f"{PREFIX}_build_info", "What is running", ("version", "python"), lambda: build
        )
        counters.add_gauge(
            f"{PREFIX}_uptime_seconds",
            "Since the start of this node",
            lambda: (self._clock() - self._started_us) / US_PER_SECOND,
        )
        counters.add_distributions(
            f"{PREFIX}_event_loop_lag_seconds",
            "How much later than asked the event loop woke a sleeper",
            (),
            lambda: {(): self._lag_s},
        )
        counters.add_gauges(
            f"{PREFIX}_ready",
            "1 when this check of /readyz found nothing wrong the last time",
            ("check",),
            self._ready,
        )

    def _ready(self) -> Samples:
        latest = self._readiness.latest()
        return {(name,): float(verdict == OK) for name, verdict in latest.items()}

    def _register_counts(self, counters: Counters) -> None:
        for name, description, labels, samples in (
            ("users", "People who signed up", ("state",), _Counts.users),
            ("sessions", "Open cookie sessions and grants", ("kind",), _Counts.sessions),
            ("invites", "Invites ever made", ("state",), _Counts.invites),
            ("entries", "Files of all users", (), _Counts.entries),
            ("stored_bytes", "Bytes charged to all users", (), _Counts.stored_bytes),
            ("last_event_id", "The newest event's id", (), _Counts.last_event_id),
        ):
            counters.add_gauges(f"{PREFIX}_{name}", description, labels, self._of_counts(samples))

    def _of_counts(self, samples: Callable[[_Counts], Samples]) -> Callable[[], Samples]:
        return lambda: {} if self._counts is None else samples(self._counts)

    def _register_disks(self, counters: Counters) -> None:
        places = self._places
        folders: dict[LabelValues, Path] = {("data",): places.data_dir, ("blobs",): places.blobs}
        counters.add_gauges(
            f"{PREFIX}_disk_free_bytes",
            "Room left on the disk of this folder",
            ("folder",),
            lambda: {labels: disk.free_bytes for labels, disk in _disks(folders).items()},
        )
        counters.add_gauges(
            f"{PREFIX}_disk_size_bytes",
            "Size of the disk of this folder",
            ("folder",),
            lambda: {labels: disk.total_bytes for labels, disk in _disks(folders).items()},
        )
        database = places.database
        files = {("main",): database, ("wal",): database.with_name(database.name + "-wal")}
        counters.add_gauges(
            f"{PREFIX}_database_file_bytes",
            "Size of the database and of its write-ahead log",
            ("file",),
            lambda: {labels: _size(file) for labels, file in files.items()},
        )

    def _register_writing(self, counters: Counters) -> None:
        figures = self._metadata.write_figures
        counters.add_gauge(
            f"{PREFIX}_database_waiting_writes",
            "Transactions that no commit has taken up yet",
            lambda: self._metadata.waiting_writes,
        )
        counters.add_distributions(
            f"{PREFIX}_database_commit_transactions",
            "Transactions in one commit",
            (),
            lambda: {(): figures.group_sizes},
        )
        counters.add_distributions(
            f"{PREFIX}_database_write_duration_seconds",
            "From asking for a transaction to its commit",
            (),
            lambda: {(): figures.durations_s},
        )
        counters.add_counters(
            f"{PREFIX}_blob_write_errors",
            "Uploads that the disk refused or broke off",
            (),
            lambda: {(): self._blobs.write_errors},
        )

    def _register_backups(self, counters: Counters) -> None:
        for name, description, drill in (
            ("last_success", "When the last good backup was made; 0 for never", False),
            ("last_drill", "When a backup was last restored on trial, and good; 0: never", True),
        ):
            counters.add_gauge(
                f"{PREFIX}_backup_{name}_timestamp_seconds",
                description,
                partial(self._good_backup_s, drill=drill),
            )
        counters.add_gauges(
            f"{PREFIX}_backup_ok",
            "1 when the newest backup, or drill, went well",
            ("kind",),
            self._backups_ok,
        )

    def _good_backup_s(self, *, drill: bool) -> float:
        line = newest(self._backups, drill=drill, ok=True)
        return 0 if line is None else line.at.timestamp()

    def _backups_ok(self) -> Samples:
        lines = {
            ("backup",): newest(self._backups, drill=False),
            ("drill",): newest(self._backups, drill=True),
        }
        return {labels: float(line.ok) for labels, line in lines.items() if line is not None}


def _count(tx: Tx, now_us: int) -> _Counts:
    return _Counts(
        count_node(tx, now_us),
        sessions.count_open(tx, now_us),
        grants.count_open(tx, now_us // US_PER_SECOND),
    )


def _is_due(last_us: int | None, now_us: int, every_us: int) -> bool:
    # The clock may have been set back; then the last time is no longer in the past.
    return last_us is None or not 0 <= now_us - last_us < every_us


def _disks(folders: Mapping[LabelValues, Path]) -> dict[LabelValues, DiskSpace]:
    """A folder that is gone has no disk; the other figures are wanted all the more then."""
    found = {}
    for labels, folder in folders.items():
        with suppress(OSError):
            found[labels] = disk_space(folder)
    return found


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
