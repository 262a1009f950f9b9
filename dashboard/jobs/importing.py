"""Stores the files of a checked archive, one by one; what it replaces goes to the trash."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dashboard.archive.directory import ArchiveError
from dashboard.archive.reading import Archive, Entry, Limits
from dashboard.doors.answers import DoorError, DoorRefusedError
from dashboard.doors.tenant import TenantDoor
from dashboard.jobs.checking import chunks_of, hash_of, open_archive
from dashboard.jobs.job import Job, JobFailedError

Policy = Literal["keep", "replace"]
# The fates of files in the receipt of an import.
STORED, REPLACED, SAME, KEPT, REFUSED = "stored", "replaced", "same", "kept", "refused"
_ENDED, _FORBIDDEN, _QUOTA = 401, 403, 507


@dataclass(frozen=True, slots=True)
class _Outcome:
    fate: str
    said: str = ""


async def import_files(
    job: Job, path: Path, door: TenantDoor, limits: Limits, policy: Policy
) -> None:
    """Store what is new, and with `replace` what differs. Raises what ends a job.

    Everything is looked at anew: between the check and now both sides may have changed.
    """
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
            outcome = await _bring_back(job, archive, entry, door, policy)
            job.count(outcome.fate, entry.path.text, entry.byte_count, outcome.said)
            if outcome.said:
                job.note(f"{entry.path.text}: {outcome.said}")
            job.advance(files=1)
        job.tell("Files in the archive", len(archive.entries), "files")


async def _bring_back(
    job: Job, archive: Archive, entry: Entry, door: TenantDoor, policy: Policy
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
    refusal = await _store(job, archive, entry, door)
    if refusal is not None:
        return _Outcome(REFUSED, refusal)
    stored = await door.find_object(entry.path)
    if stored is None or stored.blake3_hex != wanted:
        return _Outcome(REFUSED, "What lies there now is something else.")
    return _Outcome(STORED if there is None else REPLACED)


async def _store(job: Job, archive: Archive, entry: Entry, door: TenantDoor) -> str | None:
    """Why the file was not stored, or None."""
    try:
        async with aclosing(_body(job, archive, entry)) as body:
            await door.put(entry.path, body, entry.content_type)
    except ArchiveError as error:
        return str(error)
    except DoorRefusedError as error:
        if error.status in (_ENDED, _FORBIDDEN):
            raise JobFailedError(f"The dashboard may not write there: {error.message}") from error
        return error.message
    except DoorError as error:
        if error.status == _QUOTA:
            raise JobFailedError(f"There is no room for more: {error.message}") from error
        raise
    return None


async def _body(job: Job, archive: Archive, entry: Entry) -> AsyncGenerator[bytes, None]:
    async with aclosing(chunks_of(archive, entry)) as chunks:
        async for chunk in chunks:
            job.go_on()
            yield chunk
