"""What programs that make backups say of them: a line of JSON each, in one file."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from appliance.pubky.timestamp import rfc3339

BACKUPS_FILE = "backups.jsonl"
"""In the data folder."""
DRILL = "drill"
"""The kind of a line that tells of a restoration that was tried, not of a backup."""
MOST_LINES = 200
LONGEST_KIND = 100
LONGEST_DETAIL = 500
_TAIL_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class BackupLine:
    """One backup, or one drill."""

    at: datetime
    kind: str
    ok: bool
    bytes: int | None
    detail: str


def read_backups(path: Path) -> list[BackupLine]:
    """The newest backups first. Lines that are none are left out: other programs write the file."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(size - _TAIL_BYTES, 0))
            # Not by `splitlines`: JSON may hold other ends of lines than this one.
            lines = file.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return []
    found = [backup for line in reversed(lines) if (backup := _line(line)) is not None]
    return found[:MOST_LINES]


def append_backup(
    path: Path, at_us: int, kind: str, *, ok: bool, byte_count: int | None, detail: str
) -> None:
    """Add a line in one write, so that two programs never mix theirs; raises OSError."""
    said = {
        "at": rfc3339(at_us),
        "kind": kind[:LONGEST_KIND],
        "ok": ok,
        "bytes": byte_count,
        "detail": detail[:LONGEST_DETAIL],
    }
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    descriptor = os.open(path, flags, 0o600)
    try:
        os.write(descriptor, json.dumps(said, ensure_ascii=False).encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def newest(
    lines: Sequence[BackupLine], *, drill: bool, ok: bool | None = None
) -> BackupLine | None:
    """The newest backup (or drill), or the newest with this outcome, of lines newest first."""
    return next(
        (line for line in lines if (line.kind == DRILL) == drill and ok in (None, line.ok)), None
    )


def _line(text: str) -> BackupLine | None:
    try:
        said = json.loads(text)
        at = datetime.fromisoformat(said["at"])
        return BackupLine(
            at if at.tzinfo else at.replace(tzinfo=UTC),
            str(said.get("kind", ""))[:LONGEST_KIND],
            said["ok"] is True,
            said["bytes"] if type(said.get("bytes")) is int else None,
            str(said.get("detail", ""))[:LONGEST_DETAIL],
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
