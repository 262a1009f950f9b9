"""Where the directory of a stranger's ZIP file is and how many entries it has (APPNOTE 4.3).

Only the plainest layout passes: files, directory, end, and nothing before, between or behind. So
`zipfile`, which reads the entries afterwards, sees the same directory that was measured here.
"""

import struct
from typing import IO

_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s24x3H12x")
_ENTRY_SIGNATURE = b"PK\x01\x02"
# Entries of the longest paths there are; `zipfile` reads all of it into memory.
MAX_DIRECTORY_BYTES = 64 * 1024 * 1024


class ArchiveError(ValueError):
    """The archive is not one that we read; the message says why, in words for its owner."""


def measure(file: IO[bytes], most_entries: int) -> int:
    """Where the directory begins, which is where the files end. Raises `ArchiveError`."""
    start, length = _find(file)
    if length > MAX_DIRECTORY_BYTES:
        raise ArchiveError("Its directory is too long.")
    file.seek(start)
    count = walked = 0
    while walked < length:
        data = file.read(_ENTRY.size)
        if len(data) < _ENTRY.size:
            raise ArchiveError("Its directory is cut off.")
        signature, name, extra, comment = _ENTRY.unpack(data)
        if signature != _ENTRY_SIGNATURE:
            raise ArchiveError("Its directory is damaged.")
        count += 1
        if count > most_entries:
            raise ArchiveError(f"It has more than {most_entries:,} entries.")
        file.seek(name + extra + comment, 1)
        walked += _ENTRY.size + name + extra + comment
    if walked != length:
        raise ArchiveError("Its directory is damaged.")
    return start


def _find(file: IO[bytes]) -> tuple[int, int]:
    end = file.seek(0, 2)
    if end < _END.size:
        raise ArchiveError("It is not a ZIP file.")
    stop = end - _END.size
    signature, disk, first, here, total, length, start, comment = _END.unpack(
        _read(file, stop, _END.size)
    )
    if signature != b"PK\x05\x06" or comment:
        raise ArchiveError("It is not a ZIP file, or something is appended to it.")
    locator_at = stop - _LOCATOR.size
    if locator_at >= _END64.size:
        signature, _, end64_at, _ = _LOCATOR.unpack(_read(file, locator_at, _LOCATOR.size))
        if signature == b"PK\x06\x07":
            stop = locator_at - _END64.size
            signature, _, _, _, disk, first, here, total, length, start = _END64.unpack(
                _read(file, stop, _END64.size)
            )
            if signature != b"PK\x06\x06" or end64_at != stop:
                raise ArchiveError("Its end is damaged.")
    if disk or first or here != total:
        raise ArchiveError("It is one part of several.")
    if start + length != stop:
        raise ArchiveError("It has bytes that belong to no file, or is cut off.")
    return start, length


def _read(file: IO[bytes], at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)
