"""Media of a layout by type, the latest first, with the names that v0 keeps beside the bytes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dashboard.addresses import OwnPath
from dashboard.doors.own import Query
from dashboard.doors.own_facts import Hit
from dashboard.kinds.files import BLOBS, File
from dashboard.kinds.paths import classify
from dashboard.life.counting import TREES
from dashboard.life.media import Shown, shown_as
from dashboard.life.reading import Life, each, find

PAGE = 24
Place = Literal["v0", "v1", "private"]
TYPES = {"": "Everything", "image/": "Pictures", "video/": "Videos", "audio/": "Sound"}
FOLDERS: dict[Place, OwnPath] = {
    "v0": OwnPath(BLOBS),
    "v1": OwnPath(f"{TREES['v1'].text}files/"),
    "private": OwnPath(f"{TREES['private'].text}files/"),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes, how to show them, and under which name if there is one."""

    path: OwnPath
    shown: Shown
    name: str
    content_type: str
    byte_count: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Gallery:
    """A page of media; `behind` is how many changes the index has not read yet."""

    pieces: tuple[Piece, ...]
    has_more: bool
    behind: int


async def gallery(life: Life, place: Place, type_prefix: str, offset: int) -> Gallery:
    """Media as the node's index knows them. Raises `DoorError`."""
    query: Query = {
        "folder": FOLDERS[place].text,
        "type": type_prefix,
        "sort": "newest",
        "limit": PAGE + 1,
        "offset": offset,
    }
    found = await life.door.own.search(query)
    pieces = await each(lambda hit: _piece(life, hit), found.items[:PAGE])
    return Gallery(tuple(pieces), len(found.items) > PAGE, found.behind)


async def _piece(life: Life, hit: Hit) -> Piece:
    name = ""
    if classify(hit.path.text).kind == "blob":
        pointing = await life.door.own.pointing_to_together(life.address(hit.path.text))
        words = [path for path in pointing if classify(path.text).kind == "file"][:1]
        for path in words:
            stored = await find(life, path)
            if stored is not None and isinstance(stored.parsed.value, File):
                name = stored.parsed.value.name
    return Piece(
        hit.path,
        shown_as(hit.content_type),
        name,
        hit.content_type,
        hit.byte_count,
        hit.modified_at,
    )
