"""The last day of this node in a few figures, one sample a minute: sparklines without Prometheus.

In memory only: whoever wants more than a day asks Prometheus.
"""

import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from appliance import background
from appliance.clock import Clock
from appliance.homeserver.node_status import disk_space
from appliance.metadata import users
from appliance.metadata.store import Metadata
from appliance.metrics import Counters

EVERY_S = 60.0
KEPT = 24 * 60
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Sample:
    """One minute. Counts are of that minute, the rest is as it was at its end."""

    at_us: int
    requests: int
    client_errors: int
    server_errors: int
    users: int
    entries: int
    stored_bytes: int
    disk_free_bytes: int
    memory_bytes: int
    waiting_writes: int


class FigureSeries:
    """Takes the samples; `follow` is a background job."""

    def __init__(
        self, metadata: Metadata, counters: Counters, data_dir: Path, clock: Clock
    ) -> None:
        self._metadata = metadata
        self._counters = counters
        self._data_dir = data_dir
        self._clock = clock
        self._before: dict[int, int] = {}
        self._samples: deque[Sample] = deque(maxlen=KEPT)

    @property
    def samples(self) -> list[Sample]:
        """Oldest first."""
        return list(self._samples)

    async def follow(self) -> None:
        """Take a sample every minute for as long as the node runs."""
        await background.every(EVERY_S, self.take, what="taking figures")

    async def take(self) -> None:
        """One sample, now."""
        totals = await self._metadata.read(users.totals)
        answered = self._counters.requests_by_class()
        fresh = {name: count - self._before.get(name, 0) for name, count in answered.items()}
        self._before = answered
        self._samples.append(
            Sample(
                self._clock(),
                sum(fresh.values()),
                fresh.get(4, 0),
                fresh.get(5, 0),
                totals.users,
                totals.entries,
                totals.used_bytes,
                disk_space(self._data_dir).free_bytes,
                resident_bytes(),
                self._metadata.waiting_writes,
            )
        )


def resident_bytes() -> int:
    """The memory of this process; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return 0
