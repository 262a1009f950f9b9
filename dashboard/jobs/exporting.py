"""Copies somebody's files into an archive while it is downloaded.

What went wrong with a file is written down in the manifest, because bytes that were sent cannot be
taken back, and an archive that leaves something out in silence is none to rely on.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dashboard.archive.names as in_archive
from dashboard.addresses import OwnPath
from dashboard.archive.manifest import ManifestEntry, State
from dashboard.archive.reading_copy import ReadingCopy
from dashboard.archive.signature import Signature, to_text
from dashboard.archive.writing import ArchiveWriter, outcome
from dashboard.doors.answers import DoorError, DoorRefusedError, door_errors, require_success
from dashboard.doors.own_facts import Change
from dashboard.doors.storage import DOOR
from dashboard.doors.tenant import TenantDoor
from dashboard.jobs.job import Job
from dashboard.jobs.own_files import OwnFile, files_below, hex_of

# Small pieces are gathered, so that many little files do not become many little packets.
_PIECE = 256 * 1024
# Asks the node to sign the hash of a manifest; raises `DoorError`.
Sign = Callable[[str], Awaitable[Signature]]
_CHANGES_PAGE = 1000
# How often a file is taken up again where its answer broke off.
_TRIES = 3
_WORDS: dict[State, str] = {
    "changed": "Changed while the archive was made; the newer bytes are in it.",
    "vanished": "Deleted while the archive was made; it is not in it.",
    "incomplete": "The node did not hand out all of it.",
    "damaged": "The bytes are not what the node says they are.",
}


@dataclass(frozen=True, slots=True)
class Scope:
    """What is exported: everything below `roots` that changed since then."""

    roots: tuple[OwnPath, ...]
    since: datetime | None = None
    rename_bundles: bool = False

    @property
    def has_private(self) -> bool:
        """Whether there may be something in it that only its owner reads."""
        return any(root.text.startswith("/priv/") for root in self.roots)

    def includes(self, moment: datetime) -> bool:
        """Whether something of that time belongs to it."""
        return self.since is None or moment >= self.since


@dataclass(frozen=True, slots=True)
class Count:
    """How much a scope holds; `is_least` when counting took too long to be finished."""

    files: int
    byte_count: int
    is_least: bool = False


async def count(door: TenantDoor, scope: Scope, most: int = 100_000) -> Count:
    """Count a scope: by the node's totals, or where a date narrows it file by file."""
    files = byte_count = 0
    for root in scope.roots:
        if scope.since is None:
            page = await door.own.folder(root, 1)
            files, byte_count = files + page.file_count, byte_count + page.byte_count
            continue
        seen = 0
        async with aclosing(files_below(door, root)) as found:
            async for file in found:
                seen += 1
                if seen > most:
                    return Count(files, byte_count, is_least=True)
                if scope.includes(file.modified_at):
                    files, byte_count = files + 1, byte_count + file.byte_count
    return Count(files, byte_count)


class Export:
    """One export. `pieces` are the bytes of the archive."""

    def __init__(
        self,
        job: Job,
        door: TenantDoor,
        scope: Scope,
        now_s: Callable[[], float],
        sign: Sign | None = None,
    ) -> None:
        self._sign = sign
        self._job = job
        self._door = door
        self._scope = scope
        self._now = datetime.fromtimestamp(now_s(), UTC)
        self._writer = ArchiveWriter()
        self._reading_copy = ReadingCopy()

    async def pieces(self, expected: Count) -> AsyncGenerator[bytes, None]:
        """The archive. Raises `DoorError`, and what `Job.go_on` raises."""
        writer, job = self._writer, self._job
        try:
            job.begin_step(
                "Files", expected.files, None if expected.is_least else expected.byte_count
            )
            for root in self._scope.roots:
                async with aclosing(files_below(self._door, root)) as files:
                    async for file in files:
                        job.go_on()
                        if not self._scope.includes(file.modified_at):
                            continue
                        async with aclosing(self._copy(file)) as copied:
                            async for piece in copied:
                                yield piece
            async with aclosing(self._changes()) as pieces:
                async for piece in pieces:
                    yield piece
            job.begin_step("Manifest")
            writer.add_text(in_archive.README, _readme(self._scope, self._now), self._now)
            if not self._reading_copy.is_empty:
                writer.begin_lines(in_archive.READING_COPY, self._now)
                for text in self._reading_copy.pieces():
                    writer.write(text)
                    yield writer.take()
                writer.end()
            writer.begin_manifest(self._now)
            while writer.write_manifest():
                job.go_on()
                yield writer.take()
            _, manifest_hash = writer.end()
            await self._add_signature(manifest_hash)
            writer.finish()
            yield writer.take()
            self._tell()
        finally:
            writer.close()
            self._reading_copy.close()

    async def _add_signature(self, manifest_hash: str) -> None:
        """An archive without it is of less use, but better than none."""
        if self._sign is None:
            return
        try:
            signature = await self._sign(manifest_hash)
        except DoorError as error:
            self._job.note(f"The archive is not signed: {error.message}")
            return
        self._writer.add_text(in_archive.SIGNATURE, to_text(signature), self._now)
        self._job.tell("Signed by this node", signature.node, "hash")

    def _tell(self) -> None:
        job, writer = self._job, self._writer
        job.tell("Files", job.record.steps[0].files, "files")
        job.tell("Bytes of files", job.record.steps[0].byte_count, "bytes")
        job.tell("Size of the archive", writer.byte_count, "bytes")
        job.tell("BLAKE3 of the archive", writer.blake3_hex, "hash")

    async def _copy(self, file: OwnFile) -> AsyncGenerator[bytes, None]:
        """A file into the archive, whatever becomes of it, and its line into the manifest."""
        writer, job = self._writer, self._job
        name = in_archive.name_of(file.path, rename_bundles=self._scope.rename_bundles)
        etag, expected, got, is_begun = "", 0, 0, False
        content_type = file.content_type
        self._reading_copy.begin(file.path)
        for _ in range(_TRIES):
            wanted = {"Range": f"bytes={got}-", "If-Range": etag} if got else {}
            try:
                async with _opened(self._door, file.path, wanted) as answer:
                    if answer.status_code == 404 and not is_begun:
                        self._note(file, name, content_type, 0, "", "vanished")
                        return
                    if got and answer.status_code != 206:
                        break
                    if not is_begun:
                        etag = answer.headers.get("etag", "")
                        expected = int(answer.headers.get("content-length", "0"))
                        content_type = answer.headers.get("content-type", content_type)
                        writer.begin(name, expected, content_type, file.modified_at)
                        is_begun = True
                    async for chunk in answer.aiter_raw():
                        got += len(chunk)
                        writer.write(chunk)
                        self._reading_copy.take(chunk)
                        job.advance(byte_count=len(chunk))
                        job.go_on()
                        if writer.ready_bytes >= _PIECE:
                            yield writer.take()
                    break
            except DoorRefusedError as error:
                if error.status in (401, 403):
                    raise
                job.note(f"{file.path.text}: {error.message}")
                break
            except DoorError as error:
                job.note(f"{file.path.text}: {error.message}")
        if not is_begun:
            self._note(file, name, content_type, 0, "", "incomplete")
            return
        length, found = writer.end()
        state = outcome(file.blake3, hex_of(etag), found, is_whole=length == expected)
        self._note(file, name, content_type, length, found, state)
        self._reading_copy.end(file.path, file.modified_at)

    def _note(
        self,
        file: OwnFile,
        name: str,
        content_type: str,
        byte_count: int,
        found: str,
        state: State,
    ) -> None:
        entry = ManifestEntry(
            file.path, name, byte_count, content_type, found, file.modified_at, state
        )
        self._writer.note(entry)
        self._job.advance(files=1)
        if state != "kept":
            self._job.count(state, file.path.text, byte_count, _WORDS[state])
            self._job.note(f"{file.path.text}: {_WORDS[state]}")

    async def _changes(self) -> AsyncGenerator[bytes, None]:
        """The changes of the scope, one a line, and their range at the end."""
        writer, job = self._writer, self._job
        job.begin_step("History of changes")
        writer.begin_lines(in_archive.EVENTS, self._now)
        newest = oldest = 0
        lines = 0
        for root in self._scope.roots:
            before = ""
            while True:
                job.go_on()
                query: dict[str, str | int] = {
                    "folder": root.text,
                    "before": before,
                    "limit": _CHANGES_PAGE,
                }
                changes, cursor = await self._door.own.changes(query)
                wanted = [each for each in changes if self._scope.includes(each.at)]
                for change in wanted:
                    writer.write(_line(change))
                    newest = max(newest, change.id)
                    oldest = min(oldest or change.id, change.id)
                lines += len(wanted)
                job.advance(files=len(wanted))
                if writer.ready_bytes >= _PIECE:
                    yield writer.take()
                if cursor is None or len(wanted) < len(changes):
                    break
                before = cursor
        said = {"range": {"newest": newest or None, "oldest": oldest or None, "changes": lines}}
        writer.write(json.dumps(said, separators=(",", ":")).encode() + b"\n")
        writer.end()


@asynccontextmanager
async def _opened(door: TenantDoor, path: OwnPath, wanted: dict[str, str]) -> AsyncIterator[Any]:
    async with door_errors(DOOR):
        answer = await door.open_stream("GET", path, wanted)
        try:
            if answer.is_error and answer.status_code != 404:
                await answer.aread()
                require_success(DOOR, answer)
            yield answer
        finally:
            await answer.aclose()


def _line(change: Change) -> bytes:
    said = {
        "cursor": change.id,
        "kind": change.kind,
        "path": change.path.text,
        "at": change.at.isoformat(),
        "blake3": hex_of(change.content_hash or "") or None,
        "by": change.writer_name or change.writer,
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _readme(scope: Scope, now: datetime) -> bytes:
    roots = ", ".join(root.text for root in scope.roots)
    since = (
        "" if scope.since is None else f"\nOnly files that changed since {scope.since:%Y-%m-%d}."
    )
    renamed = (
        "\nFolders whose names end in .app have an underscore at their end here, because macOS"
        "\ntakes them for programs. MANIFEST.jsonl has their true paths."
        if scope.rename_bundles
        else ""
    )
    return f"""\
An export of the files of one person from a Pubky node, made {now:%Y-%m-%d %H:%M} UTC.

It holds what lay below: {roots}{since}{renamed}

pub/ and priv/    the files under their own paths. Everybody could read pub/, only the owner priv/.
profile.html      posts to read in any browser, if there are some.
MANIFEST.jsonl    one line a file: path, name in this archive, bytes, type, BLAKE3 hash in hex,
                  time of the last change, and its state:
                  kept        as it was listed
                  changed     written anew while this archive was made; the newer bytes are here
                  vanished    deleted while this archive was made; not here
                  incomplete  the node did not hand out all of it
                  damaged     the bytes do not have the hash that the node stated
SIGNATURE         the node's signature over the hash of MANIFEST.jsonl, with the node's key.
EVENTS.jsonl      one change a line, the newest first; the last line names the range of cursors.

Check it: `pubky-appliance verify-export FILE.zip` on any machine does it all, and `b3sum` prints
the hashes of the manifest. A live homeserver states the same hash, in
base64, as the ETag of a file. Bring it back: the page /import of a node's dashboard takes it.
""".encode()
