"""Copies somebody's files to another homeserver and compares both sides. Nothing here changes.

It can be broken off and begun again: what lies there already is not sent a second time.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import TypeVar

from dashboard.addresses import OwnPath
from dashboard.doors.answers import DoorError, DoorRefusedError, door_errors
from dashboard.doors.elsewhere import DOOR, BusyError, OtherAccount
from dashboard.doors.storage import ObjectFacts
from dashboard.doors.tenant import TenantDoor
from dashboard.jobs.job import Job, JobFailedError
from dashboard.jobs.own_files import OwnFile, files_below

ROOTS = (OwnPath("/pub/"), OwnPath("/priv/"))
# The fates of files in the receipt of a copy.
COPIED, THERE, NEWER, VANISHED, REFUSED = (
    "copied",
    "there already",
    "newer there, so left alone",
    "deleted meanwhile",
    "refused there",
)
# The fates of files in the receipt of a comparison.
SAME, DIFFERENT, ONLY_HERE, ONLY_THERE = "the same", "different", "only here", "only there"
VERDICT = "Verdict"
ALL_THERE = "Every file of this account lies there, byte for byte."
# Rate limits are common, and a file may have to wait for its turn for minutes.
_MOST_WAITS = 30
_PAUSES_S = (1, 4, 15)
_ENDED, _FORBIDDEN, _QUOTA = 401, 403, 507
_AGAIN = "Begin again when that is settled: what is there already is not sent twice."

T = TypeVar("T")
Pause = Callable[[float], Awaitable[None]]


class Move:
    """Both sides of a move. Every method raises what ends a job."""

    def __init__(
        self, job: Job, here: TenantDoor, there: OtherAccount, pause: Pause = asyncio.sleep
    ) -> None:
        self._job = job
        self._here = here
        self._there = there
        self._pause = pause

    async def copy(self) -> None:
        """Send every file that is not there yet."""
        usage = await self._here.own.usage()
        self._job.begin_step("Copy", usage.file_count, usage.byte_count)
        for root in ROOTS:
            async with aclosing(files_below(self._here, root)) as files:
                async for file in files:
                    self._job.go_on()
                    fate, said = await self._copy(file)
                    self._job.count(fate, file.path.text, file.byte_count, said)
                    if said:
                        self._job.note(f"{file.path.text}: {said}")
                    self._job.advance(files=1, byte_count=file.byte_count)

    async def compare(self) -> None:
        """Hold every file against its namesake, from both sides."""
        job = self._job
        usage = await self._here.own.usage()
        job.begin_step("Compare what is here", usage.file_count, usage.byte_count)
        for root in ROOTS:
            async with aclosing(files_below(self._here, root)) as files:
                async for file in files:
                    job.go_on()
                    found = await self._asked(partial(self._there.find, file.path))
                    job.count(_fate(file, found), file.path.text, file.byte_count)
                    job.advance(files=1, byte_count=file.byte_count)
        job.begin_step("Look for what is only there")
        for root in ROOTS:
            async with aclosing(self._there.paths_below(root)) as paths:
                async for path in paths:
                    job.go_on()
                    if await self._here.find_object(path) is None:
                        job.count(ONLY_THERE, path.text)
                    job.advance(files=1)
        missing, different = job.record.group(ONLY_HERE).files, job.record.group(DIFFERENT).files
        if missing or different:
            verdict = f"Not the same: {missing} missing there, {different} different."
        else:
            verdict = ALL_THERE
        job.tell(VERDICT, verdict, "text")

    async def _copy(self, file: OwnFile) -> tuple[str, str]:
        """What became of a file, and why where that is no matter of course."""
        found = await self._asked(partial(self._there.find, file.path))
        if found is not None:
            if found.blake3_hex == file.blake3:
                return THERE, ""
            # Their time comes in whole seconds; within one, what is there is not given up.
            changed_at = file.modified_at.replace(microsecond=0)
            if found.modified_at is None or found.modified_at >= changed_at:
                return NEWER, "It was changed there after it was changed here."
        try:
            if not await self._asked(partial(self._send, file.path)):
                return VANISHED, ""
        except DoorRefusedError as error:
            if error.door != DOOR:
                raise
            return REFUSED, error.message
        return COPIED, ""

    async def _send(self, path: OwnPath) -> bool:
        """Send what lies here now; False when nothing does any more."""
        async with door_errors("The client API"):
            answer = await self._here.open_stream("GET", path, {})
            try:
                if answer.status_code == 404:
                    return False
                if answer.is_error:
                    raise DoorError("The client API", "It did not hand out a file.")
                size = int(answer.headers.get("content-length", "0"))
                kind = answer.headers.get("content-type", "application/octet-stream")
                async with aclosing(self._paced(answer.aiter_raw())) as body:
                    await self._there.put(path, body, size, kind)
            finally:
                await answer.aclose()
        return True

    async def _paced(self, pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        async for piece in pieces:
            self._job.go_on()
            yield piece

    async def _asked(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask there, again where that may help. Raises `DoorRefusedError` about one file only."""
        failures = waits = 0
        while True:
            self._job.go_on()
            try:
                return await ask()
            except BusyError as busy:
                waits += 1
                if waits > _MOST_WAITS:
                    raise _broken(busy) from busy
                await self._pause(busy.wait_s)
            except DoorRefusedError as error:
                if error.door == DOOR and error.status in (_ENDED, _FORBIDDEN):
                    raise JobFailedError(
                        f"The new homeserver does not let us in: {error.message} Approve it anew."
                    ) from error
                raise
            except DoorError as error:
                if error.door != DOOR:
                    raise
                if error.status == _QUOTA:
                    raise JobFailedError(
                        f"There is no room for more at the new homeserver. {_AGAIN}"
                    ) from error
                if failures == len(_PAUSES_S):
                    raise _broken(error) from error
                self._job.note(error.message)
                await self._pause(_PAUSES_S[failures])
                failures += 1


def _broken(error: DoorError) -> JobFailedError:
    return JobFailedError(f"The new homeserver failed: {error.message} {_AGAIN}")


def _fate(file: OwnFile, found: ObjectFacts | None) -> str:
    if found is None:
        return ONLY_HERE
    return SAME if found.blake3_hex == file.blake3 else DIFFERENT


async def delete_all(job: Job, door: TenantDoor) -> None:
    """Delete every file of an account; for a while they can be put back from the trash."""
    usage = await door.own.usage()
    job.begin_step("Delete", usage.file_count, usage.byte_count)
    for root in ROOTS:
        more = True
        while more:
            job.go_on()
            deleted, more = await door.own.delete_below(root)
            job.advance(files=deleted)
            if more and not deleted:
                raise JobFailedError("Some files could not be deleted.")
    job.tell("Files deleted", job.record.steps[0].files, "files")
    job.tell("Until they are gone for good", "They lie in the trash for a while.", "text")


async def wait_for_record(
    job: Job,
    look: Callable[[], Awaitable[str | None]],
    homeserver: str,
    pause: Pause = asyncio.sleep,
    *,
    looks: int = 240,
    pause_s: float = 15,
) -> None:
    """Ask the network until a key's record names this homeserver.

    `look` gives the homeserver that the record names now.
    """
    job.begin_step("Looks into the network", looks)
    for number in range(looks):
        job.go_on()
        named = await look()
        job.advance(files=1)
        if named == homeserver:
            job.tell("Your record names", homeserver, "hash")
            return
        if number < looks - 1:
            await pause(pause_s)
    raise JobFailedError("The record still names another place. Publish it in Ring, and wait anew.")
