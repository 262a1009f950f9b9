"""Stores the files of a checked archive, one by one; what it replaces goes to the trash."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dashboard.archive.directory import ArchiveError
from dashboard.archive.reading import Archive, Entry, Limits
from dashboard.doors.answers import DoorError, DoorRefusedError
from dashboard.doors.leaving import StorageLimits
from dashboard.doors.storage import ObjectFacts
from dashboard.doors.tenant import TenantDoor
from dashboard.jobs.checking import chunks_of, hash_of, open_archive
from dashboard.jobs.job import Job, JobFailedError
from dashboard.jobs.own_files import hex_of

Policy = Literal["keep", "replace"]
# The fates of files in the receipt of an import.
STORED, REPLACED, SAME, KEPT, REFUSED = "stored", "replaced", "same", "kept", "refused"
_ENDED, _FORBIDDEN, _QUOTA = 401, 403, 507
_ASK_EVERY = 100


@dataclass(frozen=True, slots=True)
class _Outcome:
    fate: str
    said: str = ""


class Room:
    """How much of the quota is left. Asked for anew now and then: other apps write, too."""

    def __init__(self, door: TenantDoor, charged_per_file: int) -> None:
        self._door = door
        self._charged_per_file = charged_per_file
        self._left: int | None = None
        self._uses = 0

    async def take(self, byte_count: int, old_byte_count: int | None) -> None:
        """Use room up, in place of an older file or for a new one.

        Raises `JobFailedError` when there is not enough: sooner than the node would, which has to
        read a file before it can refuse it.
        """
        freed = -self._charged_per_file if old_byte_count is None else old_byte_count
        more = byte_count - freed
        if self._uses % _ASK_EVERY == 0 or (self._left is not None and more > self._left):
            usage = await self._door.own.usage()
            quota = usage.quota_bytes
            self._left = None if quota is None else quota - usage.charged_bytes
        self._uses += 1
        if self._left is None:
            return
        if more > max(self._left, 0):
            raise JobFailedError(
                f"There is no room for more: {max(self._left, 0):,} bytes of your quota are left,"
                f" and the next file needs {more:,}. What was stored stays."
            )
        self._left -= more


async def import_files(
    job: Job,
    path: Path,
    door: TenantDoor,
    limits: Limits,
    policy: Policy,
    *,
    allowed: StorageLimits,
) -> None:
    """Store what is new, and with `replace` what differs. Raises what ends a job.

    Everything is looked at anew: between the check and now both sides may have changed.
    """
    room = Room(door, allowed.charged_bytes_per_file)
    if policy == "replace":
        said = (
            f"What is replaced can be put back from the trash for {allowed.trash_days} days."
            if allowed.trash_days
            else "This node keeps no trash, so what is replaced is gone."
        )
        job.tell("Undo", said, "text")
    job.begin_step("Directory of the archive")
    archive = await open_archive(path, limits)
    with archive:
        job.advance(files=len(archive.entries))
        for left_out in archive.left_out:
            job.count(REFUSED, left_out.name, 0, left_out.reason)
        total = sum(entry.byte_count for entry in archive.entries)
        job.begin_step("Files", len(archive.entries), total)
        for entry in archive.entries:
            job.go_on()
            outcome = await _bring_back(job, archive, entry, door, policy, room)
            job.count(outcome.fate, entry.path.text, entry.byte_count, outcome.said)
            if outcome.said:
                job.note(f"{entry.path.text}: {outcome.said}")
            job.advance(files=1)
        job.tell("Files in the archive", len(archive.entries), "files")


async def _bring_back(
    job: Job, archive: Archive, entry: Entry, door: TenantDoor, policy: Policy, room: Room
) -> _Outcome:
    try:
        wanted = await hash_of(job, archive, entry)
    except ArchiveError as error:
        return _Outcome(REFUSED, str(error))
    if entry.blake3 not in (None, wanted):
        return _Outcome(REFUSED, "Its bytes are not those that the manifest lists.")
    there = await door.find_object(entry.path)
    if there is not None and (policy == "keep" or there.blake3_hex == wanted):
        return _Outcome(SAME if there.blake3_hex == wanted else KEPT)
    await room.take(entry.byte_count, None if there is None else there.byte_count)
    return await _store(job, archive, entry, door, there, wanted)


async def _store(
    job: Job,
    archive: Archive,
    entry: Entry,
    door: TenantDoor,
    there: ObjectFacts | None,
    wanted: str,
) -> _Outcome:
    """Store a file with this hash in place of what was there, and of nothing else."""
    replacing = None if there is None else there.etag
    try:
        async with aclosing(_body(job, archive, entry)) as body:
            stored = await door.put_if(entry.path, body, entry.content_type, replacing=replacing)
    except ArchiveError as error:
        return _Outcome(REFUSED, str(error))
    except DoorRefusedError as error:
        if error.status in (_ENDED, _FORBIDDEN):
            raise JobFailedError(f"The dashboard may not write there: {error.message}") from error
        return _Outcome(REFUSED, error.message)
    except DoorError as error:
        if error.status == _QUOTA:
            raise JobFailedError(f"There is no room for more: {error.message}") from error
        raise
    if stored is None:
        return _Outcome(KEPT, "An app changed it this very moment, so it was left alone.")
    if hex_of(stored) != wanted:
        return _Outcome(REFUSED, "What lies there now is something else.")
    return _Outcome(STORED if there is None else REPLACED)


async def _body(job: Job, archive: Archive, entry: Entry) -> AsyncGenerator[bytes, None]:
    async with aclosing(chunks_of(archive, entry)) as chunks:
        async for chunk in chunks:
            job.go_on()
            yield chunk
