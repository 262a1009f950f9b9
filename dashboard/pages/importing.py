"""Uploading an archive, seeing what it would change, and deciding what becomes of it."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, cast, get_args

from quart import abort, redirect, request
from quart.formparser import FormDataParser
from quart.typing import ResponseReturnValue
from quart.wrappers.request import Body

from dashboard.archive.reading import Limits
from dashboard.archive.signature import Signature
from dashboard.doors.leaving import Signed, StorageLimits
from dashboard.jobs.checking import check
from dashboard.jobs.importing import Policy, import_files
from dashboard.jobs.job import Job, JobFailedError
from dashboard.jobs.jobs import TooManyJobsError
from dashboard.jobs.record import JobRecord
from dashboard.page_context import frame, render, signed_in
from dashboard.pages.jobs import own_job, waits_for_choice
from dashboard.pages.own.asking import Own, find_own, to_connect
from dashboard.parts import Parts
from dashboard.routes import RouteTable

_POST = frozenset({"POST"})
# The node itself needs room to live on.
FREE_BYTES = 1024**3
# A browser that sends nothing for so long has gone.
_PATIENCE_S = 60
Choice = Literal["keep", "replace", "skip"]


@dataclass(frozen=True, slots=True)
class ImportPage:
    """The form; `waiting` are checked archives about which nothing was decided yet.

    `max_file_bytes` None: the node takes files of any length.
    """

    may_change: bool
    max_bytes: int
    max_file_bytes: int | None
    max_files: int
    waiting: tuple[JobRecord, ...]
    problem: str | None


@dataclass(frozen=True, slots=True)
class ChoosePage:
    """What an archive would change; what it replaces stays in the trash for `trash_days`."""

    job: JobRecord
    trash_days: int
    may_change: bool
    problem: str | None


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the upload, the choice and the act."""
    limit = parts.import_limit_bytes

    @table.add("/import", audience="tenant")
    async def index() -> ResponseReturnValue:
        own = await find_own(parts)
        return to_connect() if own is None else await _page(parts, own)

    @table.add("/import", audience="tenant", methods=_POST, max_body=limit)
    async def upload() -> ResponseReturnValue:
        own = await find_own(parts)
        if own is None:
            return to_connect()
        try:
            job = await _begin_check(parts, own)
        except (TooManyJobsError, JobFailedError) as error:
            return await _page(parts, own, str(error))
        return redirect(f"/jobs/{job.id}", 303)

    @table.add("/import/<job_id>", audience="tenant")
    async def choose(job_id: str) -> ResponseReturnValue:
        own = await find_own(parts)
        return to_connect() if own is None else await _choose(parts, own, job_id)

    @table.add("/import/<job_id>", audience="tenant", methods=_POST)
    async def act(job_id: str) -> ResponseReturnValue:
        own = await find_own(parts)
        if own is None:
            return to_connect()
        checked = _checked(parts, job_id)
        choice = (await request.form).get("choice", "")
        if choice not in get_args(Choice):
            abort(400, "Choose what to do with files that differ.")
        if choice == "skip":
            parts.jobs.drop_staged(checked.id)
            return redirect("/import?done=archive-dropped", 303)
        try:
            job = parts.jobs.begin("import", own.public_key, signed_in().id)
        except TooManyJobsError as error:
            return await _choose(parts, own, job_id, str(error))
        policy = cast("Policy", choice)
        parts.jobs.run(job, lambda job: _import(parts, own, job, checked, policy))
        return redirect(f"/jobs/{job.id}", 303)


async def _import(parts: Parts, own: Own, job: Job, checked: JobRecord, policy: Policy) -> None:
    path = parts.jobs.staged(checked.id)
    allowed = await parts.admin.leaving.storage_limits()
    limits = _limits(parts, allowed)
    await import_files(job, path, own.door, limits, policy, allowed=allowed)
    parts.jobs.drop_staged(checked.id)


async def _page(parts: Parts, own: Own, problem: str | None = None) -> ResponseReturnValue:
    jobs = parts.jobs.of(own.public_key)
    content = ImportPage(
        may_change=own.may_change,
        max_bytes=parts.import_limit_bytes,
        max_file_bytes=(await parts.admin.leaving.storage_limits()).max_file_bytes,
        max_files=Limits().entries,
        waiting=tuple(each for each in jobs if waits_for_choice(parts, each)),
        problem=problem,
    )
    return await render("importing/index.html", await frame(parts, "export"), content)


async def _choose(
    parts: Parts, own: Own, job_id: str, problem: str | None = None
) -> ResponseReturnValue:
    checked = _checked(parts, job_id)
    trash_days = (await parts.admin.leaving.storage_limits()).trash_days
    content = ChoosePage(checked, trash_days, own.may_change, problem)
    return await render("importing/choose.html", await frame(parts, "export"), content)


def _checked(parts: Parts, job_id: str) -> JobRecord:
    job = own_job(parts, job_id)
    if not waits_for_choice(parts, job):
        abort(404, "This archive is no longer kept here. Upload it once more.")
    return job


def _limits(parts: Parts, allowed: StorageLimits) -> Limits:
    most = parts.import_limit_bytes
    if allowed.max_file_bytes is not None:
        most = min(most, allowed.max_file_bytes)
    return Limits(file_bytes=most)


async def _begin_check(parts: Parts, own: Own) -> Job:
    """Take the upload in and begin to look into it.

    Raises `TooManyJobsError`, and `JobFailedError` for an upload that was no archive.
    """
    jobs = parts.jobs
    job = jobs.begin("check", own.public_key, signed_in().id)
    path = jobs.staged(job.id)
    try:
        with jobs.settled(job, goes_on=True):
            # One at a time for each person: what they uploaded before gives way.
            for before in jobs.of(own.public_key):
                jobs.drop_staged(before.id)
            jobs.tidy()
            await _take_in(job, path)
    finally:
        if not job.record.is_running:
            jobs.drop_staged(job.id)
    if not job.record.is_running:
        raise JobFailedError(job.record.message)
    jobs.run(job, lambda job: _check(parts, own, job, path))
    return job


async def _check(parts: Parts, own: Own, job: Job, path: Path) -> None:
    is_read = False
    try:
        allowed = await parts.admin.leaving.storage_limits()

        async def ask_about(found: Signature) -> tuple[bool, bool]:
            said = Signed(found.node, found.owner, found.blake3, found.at_us, found.signature)
            return await parts.admin.leaving.check_signature(said)

        await check(
            job,
            path,
            own.door,
            _limits(parts, allowed),
            charged_per_file=allowed.charged_bytes_per_file,
            ask_about=ask_about,
        )
        is_read = True
    finally:
        if not is_read:
            parts.jobs.drop_staged(job.id)


async def _take_in(job: Job, path: Path) -> None:
    length = request.content_length or 0
    if shutil.disk_usage(path.parent).free < length + FREE_BYTES:
        raise JobFailedError("This node has not enough free disk space for the archive.")
    job.begin_step("Upload", total_bytes=length or None)
    if not await _receive(job, path):
        raise JobFailedError("No archive was chosen.")


async def _receive(job: Job, path: Path) -> bool:
    """Write the first file of the form to its place, piece by piece; whether there was one."""
    opened: list[IO[bytes]] = []

    def place(*_: object) -> IO[bytes]:
        if opened:
            raise JobFailedError("Choose one archive, not several.")
        # Without the rights of others from the beginning.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        opened.append(os.fdopen(descriptor, "w+b"))
        return opened[0]

    parser = FormDataParser(stream_factory=place, max_form_memory_size=65_536, max_form_parts=8)
    # The parser only iterates over it.
    body = cast("Body", _paced(job))
    try:
        await parser.parse(body, request.mimetype, request.content_length, request.mimetype_params)
        return bool(opened) and opened[0].seek(0, os.SEEK_END) > 0
    finally:
        for file in opened:
            file.close()


async def _paced(job: Job) -> AsyncIterator[bytes]:
    body = aiter(request.body)
    while True:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                piece = await anext(body)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise JobFailedError("The upload did not go on.") from error
        job.go_on()
        job.advance(byte_count=len(piece))
        yield piece
