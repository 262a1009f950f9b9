"""What a place for bytes can do, and how one is chosen by URL."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from appliance.pubky.content_hash import ContentHash

HEAD_BYTES = 8192


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that were stored; `head` is their beginning, `HEAD_BYTES` at most."""

    id: str
    size: int
    content_hash: ContentHash
    head: bytes


class BlobReader(Protocol):
    """An opened blob; it stays readable even when the blob is deleted meanwhile."""

    def chunks(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `stop`."""


class BlobStore(Protocol):
    """Bytes under random names, each written once and never changed.

    `write_errors` counts the writes that the place itself refused or broke off.
    """

    write_errors: int

    async def write(self, chunks: AsyncIterator[bytes]) -> Blob:
        """Store a stream durably. When the stream raises, or the disk is full (PubkyError
        over_quota), nothing is left behind."""

    def read_small(self, blob_id: str, size: int) -> bytes | None:
        """The bytes at once without leaving the event loop, or None when that would take long."""

    def open_file(self, blob_id: str) -> BinaryIO | None:
        """An open file to send from, or None when the bytes are not in a file."""

    def open(self, blob_id: str) -> AbstractAsyncContextManager[BlobReader]:
        """Open for reading; entering raises FileNotFoundError."""

    async def delete(self, blob_id: str) -> None:
        """Delete; deleting what is not there is no error."""

    def ids(self, older_than_us: int) -> AsyncIterator[list[str]]:
        """The ids of all blobs last written before this time, in batches."""


def blobs_folder(url: str, data_dir: Path) -> Path:
    """The folder that a `files:` URL names; a relative one lies in the data folder."""
    return data_dir / url.removeprefix("files:")
