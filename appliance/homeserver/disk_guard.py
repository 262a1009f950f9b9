"""Watches how full the disk is, and refuses writes before nothing else can be written either."""

import logging
import shutil
from pathlib import Path

from appliance.clock import Clock
from appliance.errors import PubkyError

MEBIBYTE = 1024 * 1024
# Room for SQLite's log (64 MiB at rest, more under load), for the rows that deleting writes and
# for the rest of the machine; on a small disk this would be a fifth of it, so a share instead.
LEAST_FREE_BYTES = 256 * MEBIBYTE
LEAST_FREE_SHARE = 0.02
LOW_SHARE = 0.10
LOOK_EVERY_US = 1_000_000
WARN_EVERY_US = 3600 * 1_000_000

_log = logging.getLogger(__name__)


class DiskGuard:
    """The disks of a few folders; looked at once a second at most."""

    def __init__(self, folders: tuple[Path, ...], min_free_bytes: int | None, clock: Clock) -> None:
        """`min_free_bytes` None keeps the smaller of 256 MiB and 2 % free; 0 keeps nothing."""
        self._folders = folders
        self._min_free_bytes = min_free_bytes
        self._clock = clock
        self._looked_us: int | None = None
        self._warned_us: int | None = None
        self._room_bytes = 0
        self._margin_bytes = 0
        self._low = False

    def check(self, more_bytes: int) -> None:
        """Raises PubkyError over_quota when so many more bytes should not be written."""
        if self._min_free_bytes == 0:
            return
        self._look()
        if more_bytes > self._room_bytes:
            raise PubkyError("over_quota", "The disk of this server is nearly full")

    @property
    def is_low(self) -> bool:
        """Whether less than a tenth of a disk is free."""
        self._look()
        return self._low

    def needs_room(self) -> bool:
        """Whether writes are refused or soon will be; looks at the disks at once."""
        if self._min_free_bytes == 0:
            return False
        self._looked_us = None
        self._look()
        return self._room_bytes < self._margin_bytes

    def _look(self) -> None:
        now_us = self._clock()
        # The clock may have been set back; then the last look is no longer in the past.
        if self._looked_us is not None and 0 <= now_us - self._looked_us < LOOK_EVERY_US:
            return
        self._looked_us = now_us
        disks = [shutil.disk_usage(folder) for folder in self._folders]
        self._room_bytes = min(disk.free - self._least_free(disk.total) for disk in disks)
        self._margin_bytes = min(self._least_free(disk.total) for disk in disks)
        self._low = any(disk.free < disk.total * LOW_SHARE for disk in disks)
        if self._low and (self._warned_us is None or now_us - self._warned_us >= WARN_EVERY_US):
            self._warned_us = now_us
            free_mb = min(disk.free for disk in disks) // MEBIBYTE
            _log.warning("the disk is nearly full: %d MiB are free", free_mb)

    def _least_free(self, total_bytes: int) -> int:
        if self._min_free_bytes is not None:
            return self._min_free_bytes
        return min(LEAST_FREE_BYTES, int(total_bytes * LEAST_FREE_SHARE))
