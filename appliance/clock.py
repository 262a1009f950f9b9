"""The only reader of the system clock; everything else is given the time or a `Clock`."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""Returns microseconds since the Unix epoch."""


def system_clock() -> int:
    """Microseconds since the Unix epoch (UTC)."""
    return time.time_ns() // 1000
