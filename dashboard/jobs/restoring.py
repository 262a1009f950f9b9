"""Puts a folder back as it was at a time; what it replaces or deletes goes to the trash."""

from collections.abc import AsyncIterator
from datetime import datetime

from dashboard.addresses import OwnPath
from dashboard.doors.answers import DoorError, DoorRefusedError, require_success
from dashboard.doors.own_past import Difference
from dashboard.doors.storage import DOOR
from dashboard.doors.tenant import TenantDoor
from dashboard.jobs.job import Job, JobFailedError

# The fates of files in the receipt.
RESTORED, DELETED, GONE, REFUSED = "put back", "deleted", "gone meanwhile", "refused"
_PAGE = 500
_ENDED, _FORBIDDEN, _MISSING, _QUOTA = 401, 403, 404, 507


async def restore(
    job: Job, door: TenantDoor, folder: OwnPath, at: datetime, *, is_exact: bool
) -> None:
    """Put back what was replaced or deleted since, and with `is_exact` delete what came later.

    Raises what ends a job. Done again, it goes on with what is left.
    """
    counted = await door.own.past.count_differences(folder, at)
    if is_exact:
        # First: where a folder stands now, a file may have been.
        job.begin_step("Delete what was not there", counted.new_files)
        await _each(job, door, folder, at, "new")
    job.begin_step("Put back what was there", counted.old_files, counted.old_bytes)
    await _each(job, door, folder, at, "old")


async def _each(job: Job, door: TenantDoor, folder: OwnPath, at: datetime, kind: str) -> None:
    cursor: str | None = ""
    while cursor is not None:
        page, cursor = await door.own.past.differences(folder, at, _PAGE, cursor)
        for difference in page:
            job.go_on()
            if difference.kind == kind:
                await _undo(job, door, difference)
                job.advance(files=1)


async def _undo(job: Job, door: TenantDoor, difference: Difference) -> None:
    path, said = difference.path, ""
    try:
        if difference.version is None:
            fate = DELETED if await door.delete(path) else GONE
        else:
            fate = RESTORED if await _put_back(job, door, difference) else GONE
    except DoorRefusedError as error:
        if error.status in (_ENDED, _FORBIDDEN):
            raise JobFailedError(f"The dashboard may not write there: {error.message}") from error
        fate, said = REFUSED, error.message
        job.note(f"{path.text}: {said}")
    except DoorError as error:
        if error.status == _QUOTA:
            raise JobFailedError(f"There is no room for more: {error.message}") from error
        raise
    job.count(fate, path.text, difference.byte_count, said)


async def _put_back(job: Job, door: TenantDoor, difference: Difference) -> bool:
    """Store old bytes at their path again; False if they are gone. Raises `DoorError`."""
    answer = await door.own.open_old(difference.version or "")
    try:
        if answer.status_code == _MISSING:
            return False
        if answer.is_error:
            await answer.aread()
            require_success(DOOR, answer)

        async def body() -> AsyncIterator[bytes]:
            async for chunk in answer.aiter_raw():
                job.go_on()
                job.advance(byte_count=len(chunk))
                yield chunk

        await door.put(difference.path, body(), difference.content_type)
    finally:
        await answer.aclose()
    return True
