"""`MANIFEST.jsonl`: one line a file, with its true path, its hash and what went wrong with it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, cast, get_args

from dashboard.addresses import AddressError, OwnPath

State = Literal["kept", "changed", "vanished", "incomplete", "damaged"]
# A path, a name of the same length, and short facts.
MAX_LINE_BYTES = 16 * 1024
_HEX = frozenset("0123456789abcdef")


class ManifestError(ValueError):
    """A line is not one of a manifest; the message says which and why."""


@dataclass(frozen=True, slots=True)
class ManifestEntry:
    """What one file was. `name` is where it lies in the archive, `blake3` its hash in hex."""

    path: OwnPath
    name: str
    byte_count: int
    content_type: str
    blake3: str
    modified_at: datetime
    state: State = "kept"

    @property
    def is_in_archive(self) -> bool:
        """Whether there are bytes of it."""
        return self.state != "vanished"

    @property
    def is_whole(self) -> bool:
        """Whether the bytes in the archive are a file that once was."""
        return self.state in {"kept", "changed"}


def to_line(entry: ManifestEntry) -> bytes:
    """The entry as a line of JSON with its end."""
    said = {
        "path": entry.path.text,
        "name": entry.name,
        "bytes": entry.byte_count,
        "type": entry.content_type,
        "blake3": entry.blake3,
        "modified": entry.modified_at.astimezone(UTC).isoformat(),
        "state": entry.state,
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def parse_line(line: bytes) -> ManifestEntry:
    """Read one line. Raises `ManifestError`."""
    if len(line) > MAX_LINE_BYTES:
        raise ManifestError("A line is too long.")
    try:
        said = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ManifestError("A line is not JSON.") from error
    if not isinstance(said, dict):
        raise ManifestError("A line is not an object.")
    texts: dict[str, str] = {}
    for member in ("path", "name", "type", "blake3", "modified", "state"):
        value = said.get(member)
        if not isinstance(value, str):
            raise ManifestError(f"A line has no '{member}'.")
        texts[member] = value
    count = said.get("bytes")
    if not isinstance(count, int) or isinstance(count, bool) or not 0 <= count < 2**63:
        raise ManifestError("A line states no length.")
    if texts["state"] not in get_args(State):
        raise ManifestError("A line states an unknown outcome.")
    if len(texts["blake3"]) not in (0, 64) or not _HEX.issuperset(texts["blake3"]):
        raise ManifestError("A line states a hash that is none.")
    try:
        path = OwnPath.parse(texts["path"])
        modified_at = datetime.fromisoformat(texts["modified"])
        texts["name"].encode()
        texts["type"].encode("latin-1")
    except (AddressError, ValueError) as error:
        raise ManifestError("A line states an impossible path, time, name or type.") from error
    if any(ord(character) < 32 or ord(character) == 127 for character in texts["type"]):
        raise ManifestError("A line states a type with control characters.")
    return ManifestEntry(
        path=path,
        name=texts["name"],
        byte_count=count,
        content_type=texts["type"],
        blake3=texts["blake3"],
        modified_at=modified_at if modified_at.tzinfo else modified_at.replace(tzinfo=UTC),
        state=cast("State", texts["state"]),
    )


def parse(lines: Iterable[bytes], most: int) -> dict[str, ManifestEntry]:
    """Every entry by its name in the archive. Raises `ManifestError`."""
    found: dict[str, ManifestEntry] = {}
    paths: set[str] = set()
    for line in lines:
        entry = parse_line(line)
        if entry.name in found or entry.path.text in paths:
            raise ManifestError("A file is listed twice.")
        if len(found) == most:
            raise ManifestError("It lists too many files.")
        found[entry.name] = entry
        paths.add(entry.path.text)
    return found
