"""Compares an uploaded archive with what is there. It changes nothing: the dry run of an import."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from pathlib import Path

from blake3 import blake3

from dashboard.archive.directory import ArchiveError
from dashboard.archive.reading import Archive, Entry, Limits
from dashboard.archive.signature import Signature, SignatureError
from dashboard.doors.tenant import TenantDoor
from dashboard.jobs.job import Job, JobFailedError

# Whether it is that node's signature, and whether that node is this one; raises `DoorError`.
AskAbout = Callable[[Signature], Awaitable[tuple[bool, bool]]]
# The fates of files in the receipt of a check.
NEW, SAME, CONFLICTING, INVALID, OVER = "new", "same", "conflicting", "invalid", "over quota"


async def open_archive(path: Path, limits: Limits) -> Archive:
    """The archive with its structure checked. Raises `JobFailedError`."""
    try:
        return await asyncio.to_thread(Archive.open, path, limits)
    except ArchiveError as error:
        raise JobFailedError(f"This archive is not read. {error}") from error


async def check(
    job: Job,
    path: Path,
    door: TenantDoor,
    limits: Limits,
    *,
    charged_per_file: int,
    ask_about: AskAbout,
) -> None:
    """Read the whole archive and ask about every path in it. Raises what ends a job.

    `charged_per_file` are the bytes that each new file costs beside its own.
    """
    job.begin_step("Directory of the archive")
    archive = await open_archive(path, limits)
    with archive:
        entries = archive.entries
        job.advance(files=len(entries))
        for left_out in archive.left_out:
            job.count(INVALID, left_out.name, 0, left_out.reason)
        usage = await door.own.usage()
        left = None if usage.quota_bytes is None else usage.quota_bytes - usage.charged_bytes
        job.begin_step("Files", len(entries), sum(entry.byte_count for entry in entries))
        needed = 0
        for entry in entries:
            fate, more, said = await _fate(job, archive, entry, door)
            more += charged_per_file if fate == NEW else 0
            job.count(fate, entry.path.text, entry.byte_count, said)
            needed += max(more, 0)
            if more > 0 and left is not None and needed > left:
                job.count(OVER, entry.path.text, entry.byte_count)
            job.advance(files=1)
        job.tell("Files in the archive", len(entries), "files")
        job.tell("Space that they need", needed, "bytes")
        if left is not None:
            job.tell("Space that your quota leaves", max(left, 0), "bytes")
        if archive.listed is None:
            job.tell("Manifest", "none, so nothing says what the files should be", "text")
        else:
            job.tell("Manifest", "read, and compared with every file", "text")
            job.tell("Listed but not in the archive", len(archive.missing()), "files")
        job.tell("Signature", await _signature(archive, ask_about), "text")


async def _signature(archive: Archive, ask_about: AskAbout) -> str:
    """Who says that the archive came from them, in words."""
    try:
        found = archive.signature()
    except SignatureError as error:
        return f"none that counts: {error}"
    if found is None:
        return "none, so nothing says where it comes from"
    if found.blake3 != archive.manifest_hash:
        return "none that counts: it was made for another manifest"
    is_signed, is_this_node = await ask_about(found)
    if not is_signed:
        return "forged: the node that it names never made it"
    if is_this_node:
        return f"of this node, for the files of {found.owner}"
    return f"of the node {found.node}, for the files of {found.owner}"


async def _fate(job: Job, archive: Archive, entry: Entry, door: TenantDoor) -> tuple[str, int, str]:
    """What would become of a file, how many more bytes it needs, and why if it is refused."""
    try:
        found = await hash_of(job, archive, entry)
    except ArchiveError as error:
        return INVALID, 0, str(error)
    if entry.blake3 is not None and entry.blake3 != found:
        return INVALID, 0, "Its bytes are not those that the manifest lists."
    there = await door.find_object(entry.path)
    if there is None:
        return NEW, entry.byte_count, ""
    if there.blake3_hex == found:
        return SAME, 0, ""
    return CONFLICTING, entry.byte_count - there.byte_count, ""


async def hash_of(job: Job, archive: Archive, entry: Entry) -> str:
    """The BLAKE3 hash of a file in an archive, in hex. Raises `ArchiveError`."""
    found = blake3()
    async with aclosing(chunks_of(archive, entry)) as chunks:
        async for chunk in chunks:
            job.go_on()
            job.advance(byte_count=len(chunk))
            found.update(chunk)
    return found.hexdigest()


async def chunks_of(archive: Archive, entry: Entry) -> AsyncGenerator[bytes, None]:
    """The bytes of a file in an archive, unpacked in a thread. Raises `ArchiveError`."""
    chunks = archive.chunks(entry)
    try:
        while (chunk := await asyncio.to_thread(_next, chunks)) is not None:
            yield chunk
    finally:
        chunks.close()


def _next(chunks: Iterator[bytes]) -> bytes | None:
    return next(chunks, None)
