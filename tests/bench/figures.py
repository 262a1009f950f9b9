"""What a measurement is: interleaved short runs, their medians, and ratios of paired runs.

Machines are never quiet and never the same twice. Two figures taken in the same minute can be
divided; figures of two days cannot be compared.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter

Say = Callable[[str], None]


class BenchError(Exception):
    """A figure could not be taken; the message is one line."""


@dataclass(frozen=True, slots=True)
class Run:
    """One short run. `client_busy` and `server_busy` are processor seconds per second, or None
    when that says nothing."""

    value: float
    client_busy: float | None = None
    server_busy: float | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """The middle of some values, and how far they spread."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Summary":
        """At least one value is needed."""
        return cls(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Series:
    """All runs of one subject, in the order of the rounds."""

    subject: str
    runs: tuple[Run, ...]

    @property
    def summary(self) -> Summary:
        """Of the values."""
        return Summary.of([run.value for run in self.runs])

    @property
    def client_busy(self) -> float | None:
        """The median over the runs."""
        return _median_of([run.client_busy for run in self.runs])

    @property
    def server_busy(self) -> float | None:
        """The median over the runs."""
        return _median_of([run.server_busy for run in self.runs])


@dataclass(frozen=True, slots=True)
class Measure:
    """What the subjects did in one measurement; `comparisons` are pairs of subjects to divide."""

    name: str
    title: str
    unit: str
    series: tuple[Series, ...]
    comparisons: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def ratio(self, numerator: str, denominator: str) -> Summary:
        """Of the runs of the same round."""
        above, below = self._series(numerator), self._series(denominator)
        return Summary.of(
            [a.value / b.value for a, b in zip(above.runs, below.runs, strict=True) if b.value]
        )

    def _series(self, subject: str) -> Series:
        return next(series for series in self.series if series.subject == subject)


# About 10 to 50 ms of plain Python on the machines of these years.
YARDSTICK_STEPS = 1_000_000


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how often, and whom to tell; `yardstick_ms` collects how long the same plain
    loop took before each round. When it varies, so did the machine."""

    rounds: int
    seconds: int
    say: Say
    yardstick_ms: list[float] = field(default_factory=list)

    def begin_round(self, number: int) -> None:
        """Tell, and time the yardstick."""
        self.say(f"round {number} of {self.rounds}")
        before_s = perf_counter()
        for _ in range(YARDSTICK_STEPS):
            pass
        self.yardstick_ms.append((perf_counter() - before_s) * 1000)


def interleaved(effort: Effort, subjects: Mapping[str, Callable[[], Run]]) -> tuple[Series, ...]:
    """Every subject once to warm up, then all of them in turn, round by round.

    A run of no answers counts as 0, because disks stall; raises BenchError for a subject that
    never answers.
    """
    for warm_up in subjects.values():
        warm_up()
    runs: dict[str, list[Run]] = {subject: [] for subject in subjects}
    for round_number in range(1, effort.rounds + 1):
        effort.begin_round(round_number)
        for subject, run in subjects.items():
            runs[subject].append(run())
    for subject, done in runs.items():
        if not any(run.value for run in done):
            raise BenchError(f"{subject}: no answers")
    return tuple(Series(subject, tuple(done)) for subject, done in runs.items())


def _median_of(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
