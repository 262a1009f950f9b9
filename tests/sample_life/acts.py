"""What people do: files that are put and deleted, each at its moment, and how a life is ordered."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Verb = Literal["PUT", "DEL"]

US_PER_SECOND = 1_000_000
HOUR_US = 3600 * US_PER_SECOND
DAY_US = 24 * HOUR_US


def moment_us(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    """Microseconds since 1970 of a moment in UTC."""
    return int(datetime(year, month, day, hour, minute, tzinfo=UTC).timestamp()) * US_PER_SECOND


END_US = moment_us(2026, 11, 20)
"""The present of the story: nothing happens at it or after it."""
START_US = moment_us(2025, 3, 20)
"""The day on which Ada joins, twenty months before."""


@dataclass(frozen=True, slots=True)
class Act:
    """One write or deletion of a person; `path` is theirs and not encoded, `at_us` since 1970."""

    at_us: int
    verb: Verb
    path: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Case:
    """A single difficult thing: where it lies, its bytes, and why it is difficult."""

    path: str
    body: bytes
    why: str


Cases = dict[str, Case]
"""Cases by their names, which are what tests are called by."""


def in_order(acts: Iterable[Act]) -> list[Act]:
    """A life in the order of time; what happens at one moment keeps the order it was told in."""
    return sorted(acts, key=lambda act: act.at_us)


def written_one_by_one(
    cases: Cases, begin_us: int, pause_us: int = 97 * US_PER_SECOND
) -> list[Act]:
    """Every case as a write, one after the other."""
    return [
        Act(begin_us + index * pause_us, "PUT", case.path, case.body)
        for index, case in enumerate(cases.values())
    ]


def digest(acts: Iterable[Act]) -> str:
    """One number for a whole life, to see that it is the same again."""
    total = hashlib.sha256()
    for act in acts:
        total.update(f"{act.at_us} {act.verb} {len(act.path.encode())} ".encode())
        total.update(act.path.encode())
        total.update(hashlib.sha256(act.body).digest())
    return total.hexdigest()


def remaining(acts: Iterable[Act]) -> dict[str, bytes]:
    """What lies there after all acts: bodies by path."""
    files: dict[str, bytes] = {}
    for act in acts:
        if act.verb == "PUT":
            files[act.path] = act.body
        else:
            del files[act.path]
    return files
