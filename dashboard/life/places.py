"""Where one's posts lie, newest first: both layouts, public and private, merged by the post's id.

A v0 post is a file, a v1 post a folder of edits. Names sort by time, so a page is a few listings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from dashboard.addresses import OwnPath
from dashboard.kinds import ids, posts, registry
from dashboard.kinds.paths import classify
from dashboard.kinds.wire.moments import moment
from dashboard.life.labelled import tags_labelled
from dashboard.life.reading import Life, Stored, each, find

Layout = Literal["both", "v0", "v1", "private"]

V0 = OwnPath(posts.FOLDER)
V1, V1_PRIVATE = (OwnPath(folder) for folder in posts.V1_FOLDERS)
FOLDERS: dict[Layout, tuple[OwnPath, ...]] = {
    "both": (V0, V1, V1_PRIVATE),
    "v0": (V0,),
    "v1": (V1, V1_PRIVATE),
    "private": (V1_PRIVATE,),
}
# More edits than a page shows; the exact number is told all the same.
MOST_EDITS = 100
# Tags of one label that are looked at, the latest first.
MOST_TAGGED = 200


@dataclass(frozen=True, slots=True)
class Place:
    """One post's name and where it lies; folders are v1's."""

    id: str
    paths: tuple[OwnPath, ...]

    @property
    def at(self) -> datetime | None:
        """When the post was made, if its name is a moment that can be."""
        return time_of(self.id)


@dataclass(frozen=True, slots=True)
class Copy:
    """One of the copies of a post: the v0 file, or v1's current edit in one of the trees."""

    stored: Stored
    layout: Literal["v0", "v1"]
    is_private: bool
    edit_count: int
    byte_count: int
    edit_id: str = ""
    edits: tuple[OwnPath, ...] = ()


@dataclass(frozen=True, slots=True)
class Loaded:
    """A post with its copies, the one to show first: v1's newest edit before the v0 file."""

    place: Place
    copies: tuple[Copy, ...]

    @property
    def shown(self) -> Copy | None:
        """The copy that counts, or None where nothing could be read."""
        return self.copies[0] if self.copies else None


def time_of(post_id: str) -> datetime | None:
    """The moment that a post's id names, or None if it names none since 2001."""
    found = ids.parse_timestamp_id(post_id)
    named = moment(found.us) if found is not None else None
    return named.at if named is not None and named.unit == "microseconds" else None


def year_bounds(year: int) -> tuple[str, str]:
    """The ids between which the posts of a year lie; the first belongs to it."""
    begin, end = (
        ids.timestamp_id(int(datetime(number, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000)
        for number in (year, year + 1)
    )
    return begin, end


async def newest(
    life: Life, folders: Sequence[OwnPath], before: str | None, limit: int
) -> tuple[Place, ...]:
    """The newest posts with names before this one, `limit` at most. Raises `DoorError`."""

    async def names(folder: OwnPath) -> list[OwnPath]:
        cursor = None if before is None else f"{life.public_key}{folder.text}{before}"
        listing = await life.door.find_folder(folder, limit, cursor, reverse=True)
        return [OwnPath(item.path.text) for item in listing.items] if listing else []

    by_id: dict[str, list[OwnPath]] = {}
    for found in await each(names, folders):
        for path in found:
            by_id.setdefault(path.name, []).append(path)
    latest = sorted(by_id, reverse=True)[:limit]
    return tuple(Place(post_id, tuple(by_id[post_id])) for post_id in latest)


async def years(life: Life, folders: Sequence[OwnPath]) -> tuple[int, ...]:
    """From the year of the newest post to that of the oldest."""

    async def ends(folder: OwnPath) -> list[datetime]:
        found = [
            await life.door.find_folder(folder, 1, reverse=reverse) for reverse in (False, True)
        ]
        names = [listing.items[0].path.name for listing in found if listing and listing.items]
        return [moment for name in names if (moment := time_of(name)) is not None]

    moments = [moment for found in await each(ends, folders) for moment in found]
    if not moments:
        return ()
    return tuple(range(max(moments).year, min(moments).year - 1, -1))


async def tagged(life: Life, folders: Sequence[OwnPath], label: str) -> tuple[Place, ...]:
    """One's own posts on which one has put this label, newest first.

    The index finds the tags, so one that was made seconds ago may be missing.
    """
    post_ids = set()
    for _, stored in await tags_labelled(life, label, MOST_TAGGED):
        uri: str = stored.parsed.value.uri
        own = uri.removeprefix(life.address(""))
        at = classify(own) if own != uri else None
        if at is not None and at.kind == "post" and at.id is not None:
            post_ids.add(at.id)
    return tuple(
        Place(post_id, tuple(at_v0_or_v1(post_id, folder) for folder in folders))
        for post_id in sorted(post_ids, reverse=True)
    )


def at_v0_or_v1(post_id: str, folder: OwnPath) -> OwnPath:
    """Where a post lies in one of the folders."""
    return OwnPath(f"{folder.text}{post_id}{'' if folder == V0 else '/'}")


async def load(life: Life, place: Place) -> Loaded:
    """Read the copies of a post, each v1 one by its current edit. Raises `DoorError`."""
    copies = [await _copy(life, path) for path in place.paths]
    there = [copy for copy in copies if copy is not None]
    there.sort(key=lambda copy: (copy.layout, copy.edit_id), reverse=True)
    return Loaded(place, tuple(there))


async def _copy(life: Life, path: OwnPath) -> Copy | None:
    if not path.is_folder:
        stored = await find(life, path)
        if stored is None:
            return None
        size = len(stored.raw)
        if not registry.has_words(path.text):
            facts = await life.door.find_object(path)
            size = facts.byte_count if facts is not None else 0
        return Copy(stored, "v0", path.text.startswith("/priv/"), 1, size)
    page = await life.door.own.folder(path, MOST_EDITS, descending=True)
    edits = [item for item in page.items if classify(item.path.text).edit_id is not None]
    if not edits:
        return None
    current = max(edits, key=lambda item: classify(item.path.text).edit_id or "")
    stored = await find(life, current.path)
    if stored is None:
        return None
    return Copy(
        stored,
        "v1",
        path.text.startswith("/priv/"),
        len(edits) if page.name_count <= MOST_EDITS else page.name_count,
        current.byte_count,
        classify(current.path.text).edit_id or "",
        tuple(item.path for item in edits),
    )
