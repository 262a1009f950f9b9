"""Media: v0's pair of a JSON file and its bytes, and v1's single object."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dashboard.kinds import ids
from dashboard.kinds.kind import Kind, Reference, references, v0_url
from dashboard.kinds.paths import V0, Classified
from dashboard.kinds.text import one_line
from dashboard.kinds.wire.bounded_json import Value
from dashboard.kinds.wire.members import Limits, Members
from dashboard.kinds.wire.moments import Moment, moment
from dashboard.kinds.writing import Built, finish, trimmed

FOLDER = V0 + "files/"
BLOBS = V0 + "blobs/"
# What the reference's indexer accepts for a file; others stay on the node and are not shown there.
MOST_BYTES = 100 * 1024 * 1024

_NAME = Limits(255, 1, is_trimmed=True)
_SRC = Limits(1024)
_TYPE = Limits(255, 1, is_trimmed=True)


@dataclass(frozen=True, slots=True)
class File:
    """What a v0 file says about the bytes that lie at `src`."""

    name: str
    src: str | None
    content_type: str
    size: int | None
    created_at: int | None
    created: Moment | None
    rest: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes without words of their own."""

    extension: str | None = None


def _read_file(members: Members, _at: Classified) -> File:
    created_at = members.needed_whole("created_at")
    size = members.needed_whole("size")
    if size is not None and not 0 <= size <= MOST_BYTES:
        members.complain("size", f"is {size:,} bytes; at most {MOST_BYTES:,} are allowed.")
    return File(
        members.needed_text("name", _NAME),
        v0_url(members, "src", _SRC),
        members.needed_text("content_type", _TYPE),
        size,
        created_at,
        moment(created_at),
        members.rest(),
    )


def _file_references(file: File, _at: Classified) -> tuple[Reference, ...]:
    return references(("source", file.src))


def _read_bytes(_members: Members, at: Classified) -> Blob:
    return Blob(at.extension)


def _bytes_title(_blob: Blob, at: Classified) -> str:
    return at.path.rpartition("/")[2]


FILE = Kind(
    "file",
    "File",
    "Files",
    _read_file,
    lambda file, _at: one_line(file.name) or "File without a name",
    _file_references,
)
BLOB = Kind("blob", "Bytes of a file", "Bytes of files", _read_bytes, _bytes_title, lambda *_: ())
MEDIA = Kind("media", "Medium", "Media", _read_bytes, _bytes_title, lambda *_: ())


def blob_path(content: bytes) -> str:
    """Where v0 keeps these bytes."""
    return BLOBS + ids.hash_id(content)


def build_file(
    public_key: str, name: str, content_type: str, size: int, blob: str, *, now_us: int
) -> Built:
    """The file that names the bytes at the path `blob`. Raises `InvalidObjectError`."""
    return finish(
        FILE,
        FOLDER + ids.timestamp_id(now_us),
        {
            "name": trimmed(name),
            "created_at": now_us,
            "src": f"pubky://{public_key}{blob}",
            "content_type": trimmed(content_type),
            "size": size,
        },
    )
