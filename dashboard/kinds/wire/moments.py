"""When something was made, from a number whose unit its writer may have mistaken.

v0 and v1 count microseconds, except v0's `last_read`, which counts milliseconds. Old and hand-made
objects hold seconds too, so the unit is taken from the magnitude and marked where it surprises.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

Unit = Literal["seconds", "milliseconds", "microseconds"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Each range means the years 2001 to 5138 in its unit; they do not overlap.
_UNITS: tuple[tuple[int, int, int, Unit], ...] = (
    (10**9, 10**11, 1_000_000, "seconds"),
    (10**12, 10**14, 1_000, "milliseconds"),
    (10**15, 10**17, 1, "microseconds"),
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time; `is_guessed` when its unit is not the one that the format asks for."""

    us: int
    unit: Unit
    is_guessed: bool = False

    @property
    def at(self) -> datetime:
        """The same in UTC."""
        return _EPOCH + timedelta(microseconds=self.us)


def moment(number: int | None, asked: Unit = "microseconds") -> Moment | None:
    """The moment that a number most likely means, or None if it means none since 2001."""
    if number is None:
        return None
    for least, beyond, factor, unit in _UNITS:
        if least <= number < beyond:
            return Moment(number * factor, unit, is_guessed=unit != asked)
    return None
