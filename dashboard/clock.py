"""The only reader of the system clock in the dashboard; tests hand in another function."""

import time


def now_s() -> float:
    """Seconds since 1970, UTC."""
    return time.time()
