"""Choices that look like chance and are the same in every run and on every Python.

Only `random()` of the standard generator is used: it alone is promised to stay as it is.
"""

import random
from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate
from typing import TypeVar

from tests.sample_life.acts import DAY_US, HOUR_US, US_PER_SECOND

Item = TypeVar("Item")

# How likely a person is to be at the keyboard in each hour of the day (UTC), in hundredths.
_HOURS = (2, 1, 0, 0, 0, 1, 4, 9, 8, 5, 4, 6, 10, 8, 5, 4, 5, 7, 9, 12, 14, 11, 7, 4)
_HOURS_SUMMED = tuple(accumulate(_HOURS))
# Weekends have more time in them. 1970 began on a Thursday.
_WEEKEND = (2, 3)
_MS_US = 1000


class Chance:
    """A stream of choices that follows from its name."""

    def __init__(self, name: str) -> None:
        # Seeded with text, which goes through SHA-512: neighbouring names are not alike.
        self._random = random.Random(f"sample life: {name}").random

    def below(self, count: int) -> int:
        """A whole number from 0 up to `count`, without it."""
        return int(self._random() * count)

    def between(self, least: int, most: int) -> int:
        """A whole number from `least` to `most`, both included."""
        return least + self.below(most - least + 1)

    def happens(self, percent: float) -> bool:
        """Whether something comes about that does so in this many of a hundred cases."""
        return self._random() * 100 < percent

    def pick(self, items: Sequence[Item]) -> Item:
        """One of them."""
        return items[self.below(len(items))]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """All of them in another order."""
        left = list(items)
        for last in range(len(left) - 1, 0, -1):
            other = self.below(last + 1)
            left[last], left[other] = left[other], left[last]
        return left

    def some(self, items: Sequence[Item], count: int) -> list[Item]:
        """So many different ones of them, in any order."""
        return self.shuffled(items)[:count]

    def ranked(self, items: Sequence[Item]) -> Item:
        """One of them by Zipf's law: the n-th is chosen an n-th as often as the first."""
        summed = list(accumulate(1 / rank for rank in range(1, len(items) + 1)))
        return items[bisect(summed, self._random() * summed[-1])]

    def moments(self, count: int, begin_us: int, end_us: int) -> list[int]:
        """So many different moments in order, by the rhythm of a person's days.

        Whole milliseconds, because that is how finely browsers tell the time.
        """
        days = (end_us - begin_us) // DAY_US
        found: set[int] = set()
        while len(found) < count:
            day = self.below(days)
            if (begin_us // DAY_US + day) % 7 not in _WEEKEND and self.happens(30):
                day = self.below(days)
            hour = bisect(_HOURS_SUMMED, self._random() * _HOURS_SUMMED[-1])
            within_us = self.below(3600 * 1000) * _MS_US
            found.add(begin_us // DAY_US * DAY_US + day * DAY_US + hour * HOUR_US + within_us)
        return sorted(at_us for at_us in found)

    def soon_after(self, at_us: int, most_s: int) -> int:
        """A moment a little later, in whole milliseconds."""
        return at_us + self.between(1, most_s) * US_PER_SECOND + self.below(1000) * _MS_US
