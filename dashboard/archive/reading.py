"""The files of a stranger's archive: which may be read, which may not and why, and their bytes."""

import re
import stat
import struct
import zlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from mimetypes import guess_type
from pathlib import Path
from types import TracebackType
from typing import Self
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from blake3 import blake3

from dashboard.addresses import AddressError, OwnPath
from dashboard.archive import manifest, names, signature
from dashboard.archive.directory import ArchiveError, measure
from dashboard.archive.manifest import ManifestEntry, ManifestError
from dashboard.archive.signature import Signature, SignatureError

_CHUNK = 256 * 1024
_MAX_MANIFEST_BYTES = 128 * 1024 * 1024
# Deflate makes 1,032 of one at most. Small files may be even; they cannot do harm.
_EVEN_BYTES = 1024 * 1024
_LOCAL_HEADER_BYTES = 30
_ENCRYPTED = 0x1 | 0x20 | 0x40
_DRIVE = re.compile(r"[A-Za-z]:")
_BROKEN = (BadZipFile, NotImplementedError, ValueError, struct.error, zlib.error, EOFError, OSError)


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may be at most. `file_bytes` leaves a file out, the others the archive."""

    entries: int = 200_000
    total_bytes: int = 64 * 1024**3
    file_bytes: int = 16 * 1024**3
    ratio: int = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that may be read. `blake3` is what the manifest says of it, if there is one."""

    path: OwnPath
    name: str
    byte_count: int
    content_type: str
    blake3: str | None
    modified_at: datetime | None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file that is not read, and why."""

    name: str
    reason: str


class Archive:
    """An open archive whose structure was checked. Close it, or use it as a context.

    `listed` is what the manifest lists, `manifest_hash` its own BLAKE3 hash in hex.
    """

    def __init__(
        self, file: ZipFile, listed: dict[str, ManifestEntry] | None, manifest_hash: str
    ) -> None:
        self._zip = file
        self.listed = listed
        self.manifest_hash = manifest_hash
        self.entries: tuple[Entry, ...] = ()
        self.left_out: tuple[LeftOut, ...] = ()

    @classmethod
    def open(cls, path: Path, limits: Limits | None = None) -> Self:
        """Read the directory and the manifest. Raises `ArchiveError`."""
        limits = limits or Limits()
        try:
            with path.open("rb") as file:
                end_of_files = measure(file, limits.entries)
            opened = ZipFile(path)
        except ArchiveError:
            raise
        except _BROKEN as error:
            raise ArchiveError("It cannot be read.") from error
        try:
            infos = opened.infolist()
            _check(infos, end_of_files, limits)
            archive = cls(opened, *_manifest(opened, limits))
            archive._sort(infos, limits)
        except BaseException:
            opened.close()
            raise
        return archive

    def chunks(self, entry: Entry) -> Generator[bytes, None, None]:
        """The bytes of a file. Raises `ArchiveError` when they are damaged or too many."""
        return _chunks(self._zip, entry.name, entry.byte_count)

    def hash_of(self, entry: Entry) -> str:
        """The BLAKE3 hash of a file's bytes, in hex. Raises `ArchiveError`."""
        found = blake3()
        for chunk in self.chunks(entry):
            found.update(chunk)
        return found.hexdigest()

    def signature(self) -> Signature | None:
        """What the archive says of who signed it, unchecked. Raises `SignatureError`."""
        info = next(
            (each for each in self._zip.infolist() if each.filename == names.SIGNATURE), None
        )
        if info is None:
            return None
        if info.file_size > signature.MAX_BYTES:
            raise SignatureError("It is too long.")
        try:
            return signature.parse(b"".join(_chunks(self._zip, info.filename, info.file_size)))
        except ArchiveError as error:
            raise SignatureError("It is damaged.") from error

    def missing(self) -> tuple[str, ...]:
        """Names that the manifest has and the archive does not."""
        there = {info.filename for info in self._zip.infolist()}
        return tuple(
            name
            for name, entry in (self.listed or {}).items()
            if entry.is_in_archive and name not in there
        )

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _sort(self, infos: Iterable[ZipInfo], limits: Limits) -> None:
        entries: dict[OwnPath, Entry] = {}
        left_out: list[LeftOut] = []
        for info in infos:
            if info.is_dir() or info.filename in names.EXTRAS:
                continue
            said = (self.listed or {}).get(info.filename)
            found = _entry(info, said, limits)
            if isinstance(found, LeftOut):
                left_out.append(found)
            elif found.path in entries:
                raise ArchiveError("Two of its files are meant for the same path.")
            else:
                entries[found.path] = found
        self.entries, self.left_out = tuple(entries.values()), tuple(left_out)


def _entry(info: ZipInfo, said: ManifestEntry | None, limits: Limits) -> Entry | LeftOut:
    name = info.filename
    if not name.startswith(("pub/", "priv/")):
        return LeftOut(name, "It lies outside of pub/ and priv/.")
    if info.file_size > limits.file_bytes:
        return LeftOut(name, "It is larger than this node takes.")
    if said is not None and not said.is_whole:
        return LeftOut(name, "It was not whole when the archive was made.")
    try:
        path = said.path if said is not None else names.path_of(name)
    except AddressError as error:
        return LeftOut(name, str(error))
    if path.is_folder:
        return LeftOut(name, "A folder has no bytes of its own.")
    return Entry(
        path=path,
        name=name,
        byte_count=info.file_size,
        content_type=said.content_type if said else (guess_type(path.name)[0] or ""),
        blake3=said.blake3 if said else None,
        modified_at=said.modified_at if said else _moment(info),
    )


def _moment(info: ZipInfo) -> datetime | None:
    try:
        return datetime(*info.date_time, tzinfo=UTC)
    except ValueError:
        return None  # a date that no calendar has


def _check(infos: list[ZipInfo], end_of_files: int, limits: Limits) -> None:
    seen: set[str] = set()
    total = 0
    for info in infos:
        # Some versions of Python take a name from an extra field in place of the first one.
        for name in (info.orig_filename, info.filename):
            _check_name(name)
        if info.filename in seen:
            raise ArchiveError("It has two files of the same name.")
        seen.add(info.filename)
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise ArchiveError("It holds a link or a device.")
        _check_size(info, limits)
        total += info.file_size
    if total > limits.total_bytes:
        raise ArchiveError("Unpacked it is too large.")
    _check_places(infos, end_of_files)


def _check_name(name: str) -> None:
    if "\0" in name or "\\" in name or name.startswith("/") or _DRIVE.match(name):
        raise ArchiveError("It has a name that is no path inside of an archive.")
    if ".." in name.split("/"):
        raise ArchiveError("It has a name that leads out of it.")


def _check_size(info: ZipInfo, limits: Limits) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise ArchiveError("It is encrypted, or only the changes of another archive.")
    if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
        raise ArchiveError("It is compressed in an unusual way.")
    if info.compress_type == ZIP_STORED and info.compress_size != info.file_size:
        raise ArchiveError("A file in it has two different lengths.")
    if info.file_size > max(limits.ratio * info.compress_size, _EVEN_BYTES):
        raise ArchiveError("A file in it grows beyond measure when it is unpacked.")
    if info.is_dir() and info.file_size:
        raise ArchiveError("A folder in it has bytes of its own.")


def _check_places(infos: list[ZipInfo], end_of_files: int) -> None:
    behind = 0
    for info in sorted(infos, key=lambda each: each.header_offset):
        if info.header_offset < behind:
            raise ArchiveError("Files in it overlap.")
        name_bytes = len(info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437"))
        behind = info.header_offset + _LOCAL_HEADER_BYTES + name_bytes + info.compress_size
    if behind > end_of_files:
        raise ArchiveError("Files in it overlap.")


def _manifest(opened: ZipFile, limits: Limits) -> tuple[dict[str, ManifestEntry] | None, str]:
    """What the manifest lists, and its hash in hex."""
    info = next((each for each in opened.infolist() if each.filename == names.MANIFEST), None)
    if info is None:
        return None, ""
    if info.file_size > _MAX_MANIFEST_BYTES:
        raise ArchiveError("Its manifest is too long.")
    whole = blake3()
    try:
        with closing(_chunks(opened, info.filename, info.file_size)) as chunks:
            return manifest.parse(_lines(_hashed(chunks, whole)), limits.entries), whole.hexdigest()
    except ManifestError as error:
        raise ArchiveError(f"Its manifest cannot be read: {error}") from error


def _hashed(chunks: Iterable[bytes], whole: blake3) -> Iterator[bytes]:
    for chunk in chunks:
        whole.update(chunk)
        yield chunk


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > manifest.MAX_LINE_BYTES:
            raise ManifestError("A line is too long.")
        yield from filter(None, whole)
    if rest:
        yield rest


def _chunks(opened: ZipFile, name: str, expected: int) -> Generator[bytes, None, None]:
    read = 0
    try:
        with opened.open(name) as file:
            while chunk := file.read(_CHUNK):
                read += len(chunk)
                if read > expected:
                    break
                yield chunk
    except _BROKEN as error:
        raise ArchiveError("A file in it is damaged.") from error
    if read != expected:
        raise ArchiveError("A file in it is not as long as it says.")
