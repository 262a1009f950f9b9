"""A ZIP file that is sent while it is made: nothing is kept but its directory.

The caller takes what has become ready after each step, so the slowest reader sets the pace.
"""

from datetime import UTC, datetime
from tempfile import SpooledTemporaryFile
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from blake3 import blake3

from dashboard.archive import manifest, names
from dashboard.archive.manifest import ManifestEntry, State

_SPOOL_BYTES = 1024 * 1024
# Below the limit of inflation that readers of strangers' archives apply, however even the text.
_MOST_DEFLATED = 1024 * 1024
_OLDEST, _NEWEST = datetime(1980, 1, 1, tzinfo=UTC), datetime(2107, 12, 31, tzinfo=UTC)
_READABLE_BY_ALL = 0o100644 << 16


class _Sink:
    """What `zipfile` writes to. It has no `seek` and no `tell`, so sizes follow the bytes."""

    def __init__(self) -> None:
        self.ready: list[bytes] = []
        self.ready_bytes = 0

    def write(self, data: bytes, /) -> int:
        """Keep a piece until it is taken."""
        self.ready.append(bytes(data))
        self.ready_bytes += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is open."""


class ArchiveWriter:
    """Writes one archive. After every call, `take` what is ready and send it on.

    `close` frees the spooled manifest whatever happened; it writes nothing.
    """

    def __init__(self) -> None:
        self._sink = _Sink()
        self._zip = ZipFile(self._sink, "w", ZIP_STORED)
        self._lines = SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115 - see `close`
        self._whole = blake3()
        self._file = blake3()
        self._file_bytes = 0
        self._entry: IO[bytes] | None = None
        self.byte_count = 0
        self.file_count = 0

    def take(self) -> bytes:
        """The next bytes of the archive, perhaps none."""
        data = b"".join(self._sink.ready)
        self._sink.ready.clear()
        self._sink.ready_bytes = 0
        self._whole.update(data)
        self.byte_count += len(data)
        return data

    @property
    def ready_bytes(self) -> int:
        """How much could be taken now."""
        return self._sink.ready_bytes

    @property
    def blake3_hex(self) -> str:
        """The hash of everything that was taken."""
        return self._whole.hexdigest()

    def begin(self, name: str, byte_count: int, content_type: str, modified_at: datetime) -> None:
        """Begin a file of at most `byte_count` bytes."""
        info = _info(name, modified_at)
        info.file_size = byte_count  # whether 32 bits are enough is decided by this
        if byte_count < _MOST_DEFLATED and _is_text(content_type):
            info.compress_type = ZIP_DEFLATED
        self._file = blake3()
        self._file_bytes = 0
        self._entry = self._zip.open(info, "w")

    def write(self, data: bytes) -> None:
        """The next bytes of the file."""
        if self._entry is None:
            raise RuntimeError("no file was begun")
        self._file.update(data)
        self._file_bytes += len(data)
        self._entry.write(data)

    def end(self) -> tuple[int, str]:
        """End the file; its length and its hash in hex."""
        if self._entry is None:
            raise RuntimeError("no file was begun")
        self._entry.close()
        self._entry = None
        self.file_count += 1
        return self._file_bytes, self._file.hexdigest()

    def note(self, entry: ManifestEntry) -> None:
        """Put a line into the manifest."""
        self._lines.write(manifest.to_line(entry))

    def add_text(self, name: str, text: bytes, modified_at: datetime) -> None:
        """A whole small file of our own, deflated."""
        info = _info(name, modified_at)
        info.compress_type = ZIP_DEFLATED
        self._zip.writestr(info, text)

    def begin_lines(self, name: str, modified_at: datetime) -> None:
        """Begin a file of our own whose length nobody knows yet, deflated."""
        info = _info(name, modified_at)
        info.compress_type = ZIP_DEFLATED
        self._file = blake3()
        self._entry = self._zip.open(info, "w", force_zip64=True)

    def begin_manifest(self, modified_at: datetime) -> None:
        """The last file begins; then `write_manifest` until it says that there is no more."""
        self.begin_lines(names.MANIFEST, modified_at)
        self._lines.seek(0)

    def write_manifest(self) -> bool:
        """Write a piece of the manifest; whether there was one."""
        piece = self._lines.read(_SPOOL_BYTES)
        if piece:
            self.write(piece)
        return bool(piece)

    def finish(self) -> None:
        """Write the directory."""
        self._zip.close()

    def close(self) -> None:
        """Forget everything; for every outcome."""
        if self._entry is not None:
            self._entry.close()
        self._zip.close()  # left to the garbage collector it would complain of an open entry
        self._lines.close()
        self._sink.ready.clear()


def outcome(listed: str, promised: str, found: str, *, is_whole: bool) -> State:
    """What to say of a file by its hashes in hex: as listed, as the answer promised, as it came."""
    if not is_whole:
        return "incomplete"
    if found != promised:
        return "damaged"
    return "kept" if found == listed else "changed"


def _info(name: str, modified_at: datetime) -> ZipInfo:
    moment = min(max(modified_at.astimezone(UTC), _OLDEST), _NEWEST)
    info = ZipInfo(name, moment.timetuple()[:6])
    info.external_attr = _READABLE_BY_ALL
    return info


def _is_text(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or kind == "application/json" or kind.endswith("+json")
