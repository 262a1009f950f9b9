"""Bytes in plain files: one each, under a random name, in 256 folders.

A file is flushed, and so is its folder, before its blob is returned: a row that points at it can
be committed without ever pointing at nothing.
"""

import asyncio
import errno
import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar

from blake3 import blake3

from appliance.blobs.store import HEAD_BYTES, Blob
from appliance.errors import PubkyError
from appliance.pubky.content_hash import ContentHash

# Bytes gathered before a hop to a thread: large enough that hops do not count, small enough that
# many uploads at once fit a small machine's memory.
WRITE_BUFFER_BYTES = 512 * 1024
READ_CHUNK_BYTES = 256 * 1024
SMALL_BYTES = 64 * 1024

Params = ParamSpec("Params")
Result = TypeVar("Result")

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


class FileBlobs:
    """See `store.BlobStore`."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        """Make the folder if needed. `durable=False` leaves flushing to the operating system."""
        self._folder = folder
        self._durable = durable
        self.write_errors = 0
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _path(self, blob_id: str) -> Path:
        return self._folder / blob_id[:2] / blob_id

    async def write(self, chunks: AsyncIterator[bytes]) -> Blob:
        """See `store.BlobStore.write`."""
        blob_id = secrets.token_hex(16)
        writing = _Writing(self._path(blob_id), durable=self._durable)
        buffer = bytearray()
        try:
            async for chunk in chunks:
                buffer += chunk
                if len(buffer) >= WRITE_BUFFER_BYTES:
                    await _in_thread(writing.add, bytes(buffer))
                    buffer.clear()
            await _in_thread(writing.finish, bytes(buffer))
        except BaseException as error:
            # Also when the client left: nothing refers to this file, now or later.
            writing.discard()
            if isinstance(error, OSError):
                self.write_errors += 1
            if isinstance(error, OSError) and error.errno in _DISK_FULL:
                raise PubkyError("over_quota", "The disk of this server is full") from error
            raise
        return Blob(
            blob_id,
            writing.size,
            ContentHash(writing.hash.digest()),
            bytes(writing.head),
        )

    def read_small(self, blob_id: str, size: int) -> bytes | None:
        """See `store.BlobStore.read_small`."""
        if size > SMALL_BYTES:
            return None
        try:
            # Put together as text: on the hot way a Path costs more than the reading.
            descriptor = os.open(f"{self._folder}/{blob_id[:2]}/{blob_id}", os.O_RDONLY)
        except FileNotFoundError:
            return None
        try:
            data = os.read(descriptor, size)
        finally:
            os.close(descriptor)
        return data if len(data) == size else None

    def open_file(self, blob_id: str) -> BinaryIO | None:
        """See `store.BlobStore.open_file`."""
        try:
            return self._path(blob_id).open("rb", buffering=0)
        except FileNotFoundError:
            return None

    @asynccontextmanager
    async def open(self, blob_id: str) -> AsyncIterator["FileReader"]:
        """See `store.BlobStore.open`."""
        descriptor = await _in_thread(os.open, self._path(blob_id), os.O_RDONLY)
        try:
            yield FileReader(descriptor)
        finally:
            os.close(descriptor)

    async def delete(self, blob_id: str) -> None:
        """See `store.BlobStore.delete`."""
        await _in_thread(self._path(blob_id).unlink, missing_ok=True)

    async def ids(self, older_than_us: int) -> AsyncIterator[list[str]]:
        """See `store.BlobStore.ids`."""
        for shelf in await _in_thread(lambda: sorted(self._folder.iterdir())):
            yield await _in_thread(_ids_in, shelf, older_than_us)


class FileReader:
    """See `store.BlobReader`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    async def chunks(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """See `store.BlobReader.chunks`; raises EOFError when the file is too short."""
        position = start
        while position < stop:
            size = min(READ_CHUNK_BYTES, stop - position)
            chunk = await _in_thread(os.pread, self._descriptor, size, position)
            if not chunk:
                raise EOFError("a stored file is shorter than its row says")
            position += len(chunk)
            yield chunk


class _Writing:
    """One blob being written, on whatever thread is at hand, one call at a time."""

    def __init__(self, path: Path, *, durable: bool) -> None:
        self.path = path
        self.size = 0
        self.head = bytearray()
        self.hash = blake3()
        self._durable = durable
        self._descriptor: int | None = None

    def add(self, data: bytes) -> None:
        if self._descriptor is None:
            self._descriptor = self._create()
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]
        self.hash.update(data)
        self.size += len(data)
        if len(self.head) < HEAD_BYTES:
            self.head += data[: HEAD_BYTES - len(self.head)]

    def finish(self, data: bytes) -> None:
        self.add(data)
        if self._descriptor is not None and self._durable:
            os.fsync(self._descriptor)
        self._close()
        if self._durable:
            _flush_folder(self.path.parent)

    def discard(self) -> None:
        self._close()
        self.path.unlink(missing_ok=True)

    def _create(self) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        try:
            return os.open(self.path, flags, 0o600)
        except FileNotFoundError:
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
            if self._durable:
                _flush_folder(self.path.parent.parent)
            return os.open(self.path, flags, 0o600)

    def _close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


async def _in_thread(
    function: Callable[Params, Result], *args: Params.args, **kwargs: Params.kwargs
) -> Result:
    """As `asyncio.to_thread`, but a cancelled caller waits for the thread: closing a descriptor
    that a thread still uses could hand its number to another file."""
    work = asyncio.ensure_future(asyncio.to_thread(function, *args, **kwargs))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        while not work.done():
            try:
                await asyncio.wait({work})
            except asyncio.CancelledError:
                continue
        raise


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _ids_in(shelf: Path, older_than_us: int) -> list[str]:
    return [
        item.name for item in shelf.iterdir() if item.stat().st_mtime_ns // 1000 < older_than_us
    ]
