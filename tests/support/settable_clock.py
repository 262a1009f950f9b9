"""A clock that stands still until told otherwise."""

from dataclasses import dataclass

START_US = 1_700_000_000_000_000


@dataclass(slots=True)
class SettableClock:
    """Returns microseconds since the Unix epoch, like the real one."""

    now_us: int = START_US

    def __call__(self) -> int:
        return self.now_us

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now_us += int(seconds * 1_000_000)
