"""What does not fit: addresses that lead nowhere, uploads without use, objects apps ignore."""

import asyncio
from dataclasses import dataclass

from quart.typing import ResponseReturnValue

from dashboard.addresses import OwnPath, own_address
from dashboard.doors.own_facts import Orphan
from dashboard.doors.tenant import TenantDoor
from dashboard.kinds import registry
from dashboard.kinds.files import BLOBS
from dashboard.kinds.files import FOLDER as FILES
from dashboard.kinds.paths import V0
from dashboard.page_context import frame, render
from dashboard.pages.own.asking import asked_number, find_own, to_connect
from dashboard.parts import Parts
from dashboard.preview.json_view import MAX_BYTES
from dashboard.routes import RouteTable

_MOST_SHOWN = 100
# Reading takes a request each; a page looks at so many and says where it stopped.
SCAN_AT_ONCE = 400
_TOGETHER = 8
_MEDIA = (BLOBS, FILES, "/pub/social/v1/files/", "/priv/social/v1/files/")
# Folders whose objects say under which id they belong, or are read by other apps.
_SCANNED = tuple(
    f"{V0}{name}/" for name in ("posts", "files", "tags", "bookmarks", "follows", "mutes", "feeds")
)


@dataclass(frozen=True, slots=True)
class Dangling:
    """An object that points to something of the visitor's that is not there."""

    path: OwnPath
    target: str


@dataclass(frozen=True, slots=True)
class Invalid:
    """An object that apps may ignore, with the reasons."""

    path: OwnPath
    address: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scan:
    """Some objects that were read. `next_offset` is where to go on, None at the end."""

    checked: int
    total: int
    next_offset: int | None
    invalid: tuple[Invalid, ...]


@dataclass(frozen=True, slots=True)
class IntegrityPage:
    """Everything that does not fit; `scan` is None until it is asked for."""

    dangling: tuple[Dangling, ...]
    orphans: tuple[Orphan, ...]
    orphan_bytes: int
    documents: int
    behind: int
    scan: Scan | None
    offset: int


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the page."""

    @table.add("/integrity", audience="tenant")
    async def index() -> ResponseReturnValue:
        own = await find_own(parts)
        if own is None:
            return to_connect()
        door = own.door.own
        behind, documents = await door.index_progress()
        orphans = [
            orphan
            for folder in _MEDIA
            for orphan in await door.unreferenced(OwnPath(folder), _MOST_SHOWN)
        ]
        # 0 shows the rest without reading every object.
        begin = asked_number("scan", 0, 10_000_000)
        content = IntegrityPage(
            dangling=tuple(Dangling(*pair) for pair in await door.dangling(_MOST_SHOWN)),
            orphans=tuple(orphans),
            orphan_bytes=sum(orphan.byte_count for orphan in orphans),
            documents=documents,
            behind=behind,
            scan=await scan(own.door, begin - 1) if begin else None,
            offset=begin,
        )
        return await render("own/integrity.html", await frame(parts, "integrity"), content)


async def scan(door: TenantDoor, offset: int) -> Scan:
    """Read the next objects from `offset` on, counted over all folders of the Pubky App."""
    counts = [(await door.own.folder(OwnPath(folder), 1)).name_count for folder in _SCANNED]
    paths: list[OwnPath] = []
    passed = 0
    for folder, count in zip(_SCANNED, counts, strict=True):
        inside = max(offset - passed, 0)
        passed += count
        wanted = SCAN_AT_ONCE - len(paths)
        if inside < count and wanted > 0:
            page = await door.own.folder(OwnPath(folder), wanted, inside)
            paths += [item.path for item in page.items if not item.path.is_folder]
    total = sum(counts)
    limit = asyncio.Semaphore(_TOGETHER)

    async def look(path: OwnPath) -> Invalid | None:
        async with limit:
            facts = await door.find_object(path)
            raw = await door.read(path, MAX_BYTES) if facts and facts.byte_count else b""
        parsed = registry.parse(path.text, raw)
        reasons = parsed.problems + (parsed.oddities if parsed.has_other_id else ())
        return Invalid(path, own_address(path), reasons) if reasons else None

    found = await asyncio.gather(*(look(path) for path in paths))
    after = offset + len(paths)
    return Scan(
        checked=len(paths),
        total=total,
        next_offset=after if after < total and paths else None,
        invalid=tuple(each for each in found if each is not None),
    )
