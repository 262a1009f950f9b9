"""All jobs of this dashboard: who may begin one, and the folder of their receipts and uploads."""

import asyncio
import logging
import os
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dashboard.doors.answers import DoorError
from dashboard.jobs.job import Job, JobCancelledError, JobFailedError
from dashboard.jobs.record import JobRecord, Kind, parse, to_text

logger = logging.getLogger("dashboard")

# Each reads or writes as fast as the node lets it.
MOST_RUNNING = 6
RECEIPTS_EACH = 30
STAGED_S = 24 * 3600
_TITLES: dict[Kind, str] = {
    "export": "Export",
    "check": "Look into an archive",
    "import": "Import",
    "restore": "Put back how it was",
    "move": "Copy to another homeserver",
    "compare": "Compare with another homeserver",
    "watch": "Wait for the new record",
    "leave": "Delete everything here",
}
_LANES: dict[Kind, str] = {
    "export": "export",
    "check": "import",
    "import": "import",
    "restore": "import",
    "move": "move",
    "compare": "move",
    "watch": "wait",
    "leave": "move",
}

Work = Callable[[Job], Awaitable[None]]


class TooManyJobsError(Exception):
    """No further job may begin now; the message says why, in words for its owner."""


class Jobs:
    """The jobs of one running dashboard. `start` runs a coroutine function in the background."""

    def __init__(self, folder: Path, now_s: Callable[[], float], start: Callable[..., Any]) -> None:
        self._folder = folder
        self._now_s = now_s
        self._start = start
        self._running: dict[str, Job] = {}
        self._over: dict[str, JobRecord] = {}

    @classmethod
    def open(cls, folder: Path, now_s: Callable[[], float], start: Callable[..., Any]) -> "Jobs":
        """Find the receipts in this folder, which is made if need be. Raises `OSError`."""
        folder.mkdir(mode=0o700, exist_ok=True)
        jobs = cls(folder, now_s, start)
        for path in sorted(folder.glob("*.json")):
            try:
                record = parse(path.read_text(encoding="utf-8"))
            except ValueError as error:
                logger.warning("the receipt %s cannot be read: %s", path.name, error)
                continue
            if record.is_running:
                record = replace(
                    record,
                    state="interrupted",
                    ended_at=datetime.fromtimestamp(now_s(), UTC),
                    message="The node was stopped before this was done.",
                )
                jobs._write(record)
            jobs._over[record.id] = record
        jobs.tidy()
        return jobs

    def begin(self, kind: Kind, owner: str, sign_in_id: int) -> Job:
        """A new job, which counts as running from now on. Raises `TooManyJobsError`."""
        lane = _LANES[kind]
        for each in self._running.values():
            if each.record.owner == owner and _LANES[each.record.kind] == lane:
                raise TooManyJobsError(f"Another {lane} of yours is still running.")
        # Who waits takes nothing from those who work.
        working = sum(each.record.kind != "watch" for each in self._running.values())
        if kind != "watch" and working >= MOST_RUNNING:
            raise TooManyJobsError("Several people export or import right now. Try again later.")
        record = JobRecord(
            id=secrets.token_hex(8),
            kind=kind,
            title=_TITLES[kind],
            owner=owner,
            sign_in_id=sign_in_id,
            started_at=datetime.fromtimestamp(self._now_s(), UTC),
        )
        job = Job(record, self._now_s, self._write)
        self._running[job.id] = job
        return job

    def run(self, job: Job, work: Work) -> None:
        """Do the work in the background."""
        self._start(self._run, job, work)

    async def _run(self, job: Job, work: Work) -> None:
        with self.settled(job):
            await work(job)

    @contextmanager
    def settled(self, job: Job, *, goes_on: bool = False) -> Iterator[None]:
        """However the block ends, the job ends with it, unless it `goes_on` after a good end.

        What ends a job stays here; what ends the program goes on upwards.
        """
        try:
            yield
            if not goes_on:
                job.end("done", "Done.")
        except JobCancelledError:
            job.end("cancelled", "You have stopped it.")
        except JobFailedError as error:
            job.end("failed", str(error))
        except DoorError as error:
            job.end(
                "failed", f"{error.door} of this node did not answer as it should: {error.message}"
            )
        except (asyncio.CancelledError, GeneratorExit):
            job.end("interrupted", "It was broken off.")
            raise
        except Exception:
            logger.exception("the job %s failed", job.id)
            job.end("failed", "The dashboard made a mistake.")
        finally:
            if not job.record.is_running:
                self._running.pop(job.id, None)
                self._over[job.id] = job.record
                self._forget_old(job.record.owner)

    def find(self, job_id: str, owner: str | None) -> JobRecord | None:
        """The job with this name, if it is this person's."""
        running = self._running.get(job_id)
        record = self._over.get(job_id) if running is None else running.record
        return record if record is not None and record.owner == owner else None

    def of(self, owner: str | None) -> tuple[JobRecord, ...]:
        """Somebody's jobs, the newest first."""
        mine = [each.record for each in self._running.values() if each.record.owner == owner]
        mine += [each for each in self._over.values() if each.owner == owner]
        return tuple(sorted(mine, key=lambda each: each.started_at, reverse=True))

    def cancel(self, job_id: str, owner: str | None) -> bool:
        """Ask a job to end; False when this person has no such job, or it is over."""
        job = self._running.get(job_id)
        if job is None or job.record.owner != owner:
            return False
        job.cancel()
        return True

    def staged(self, job_id: str) -> Path:
        """Where the archive of a check lies, if it still does."""
        return self._folder / f"{job_id}.zip"

    def drop_staged(self, job_id: str) -> None:
        """Delete an uploaded archive; deleting it twice is fine."""
        self.staged(job_id).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Delete uploads that nobody used, or whose job is gone."""
        for path in self._folder.glob("*.zip"):
            record = self._over.get(path.stem)
            is_used = path.stem in self._running or any(
                each.record.kind == "import" for each in self._running.values()
            )
            if is_used:
                continue
            is_wanted = (
                record is not None
                and record.state == "done"
                and record.ended_at is not None
                and self._now_s() - record.ended_at.timestamp() < STAGED_S
            )
            if not is_wanted:
                path.unlink(missing_ok=True)

    def _forget_old(self, owner: str) -> None:
        mine = sorted(
            (each for each in self._over.values() if each.owner == owner),
            key=lambda each: each.started_at,
        )
        for record in mine[:-RECEIPTS_EACH]:
            self.drop_staged(record.id)
            del self._over[record.id]
            (self._folder / f"{record.id}.json").unlink(missing_ok=True)

    def _write(self, record: JobRecord) -> None:
        """Replace the record at once or not at all; a full disk must not end the job."""
        target = self._folder / f"{record.id}.json"
        half = target.with_suffix(".half")
        try:
            descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(to_text(record))
            half.replace(target)
        except OSError:
            logger.exception("the receipt of the job %s cannot be written", record.id)
