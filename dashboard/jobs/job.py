"""A job that runs. It lives in the event loop's thread; nothing of it waits."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from dashboard.jobs.record import Fact, Group, JobRecord, Note, Sample, State, Step, Unit

# What the page shows at the end of a long run; the receipt counts everything.
LOG_LINES = 100
MOST_SAMPLES = 20
_LONGEST_LINE = 1200


class JobCancelledError(Exception):
    """Its owner has asked for its end."""


class JobFailedError(Exception):
    """It cannot go on; the message says why, in words for its owner."""


class Job:
    """The work calls `begin_step`, `advance`, `note`, `tell` and `count`, and often `go_on`."""

    def __init__(
        self, record: JobRecord, now_s: Callable[[], float], keep: Callable[[JobRecord], None]
    ) -> None:
        self.record = record
        self._now_s = now_s
        self._keep = keep
        self._is_cancelled = False
        keep(record)

    @property
    def id(self) -> str:
        """Its name in addresses."""
        return self.record.id

    def cancel(self) -> None:
        """Ask it to end; it does at its next piece."""
        self._is_cancelled = True

    def go_on(self) -> None:
        """Raises `JobCancelledError` once its owner has asked for that."""
        if self._is_cancelled:
            raise JobCancelledError

    def begin_step(
        self, title: str, total_files: int | None = None, total_bytes: int | None = None
    ) -> None:
        """A part of the work begins."""
        step = Step(title, total_files=total_files, total_bytes=total_bytes)
        self.record = replace(self.record, steps=(*self.record.steps, step))
        self._keep(self.record)

    def advance(self, *, files: int = 0, byte_count: int = 0) -> None:
        """Some of the last step is done."""
        *before, step = self.record.steps
        step = replace(step, files=step.files + files, byte_count=step.byte_count + byte_count)
        self.record = replace(self.record, steps=(*before, step))

    def note(self, text: str) -> None:
        """Add a line to the log."""
        line = Note(self._now(), text[:_LONGEST_LINE])
        self.record = replace(self.record, log=(*self.record.log, line)[-LOG_LINES:])

    def tell(self, name: str, value: int | str, unit: Unit) -> None:
        """Add a line to the receipt."""
        self.record = replace(self.record, facts=(*self.record.facts, Fact(name, value, unit)))

    def count(self, name: str, path: str, byte_count: int = 0, said: str = "") -> None:
        """One more file with this fate."""
        group = self.record.group(name)
        samples = group.samples
        if len(samples) < MOST_SAMPLES:
            samples = (*samples, Sample(path, said[:_LONGEST_LINE]))
        group = Group(name, group.files + 1, group.byte_count + byte_count, samples)
        groups = tuple(each for each in self.record.groups if each.name != name)
        self.record = replace(self.record, groups=(*groups, group))

    def end(self, state: State, message: str) -> None:
        """It is over; a second end changes nothing."""
        if self.record.is_running:
            self.record = replace(self.record, state=state, message=message, ended_at=self._now())
            self._keep(self.record)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._now_s(), UTC)
