"""Collections of posts in both layouts: found by the word that their kind is, then read."""

from dataclasses import dataclass
from datetime import datetime

from dashboard.addresses import OwnPath
from dashboard.doors.own import Query
from dashboard.kinds.paths import classify
from dashboard.kinds.posts import Post
from dashboard.life.one_post import place_of
from dashboard.life.places import FOLDERS, load, time_of
from dashboard.life.reading import Life, each


@dataclass(frozen=True, slots=True)
class CollectionRow:
    """A collection and how many posts are in it."""

    id: str
    path: OwnPath
    name: str
    description: str
    item_count: int
    is_private: bool
    layouts: tuple[str, ...]
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Collections:
    """A page of them, newest first; `behind` is how many changes the index has not read yet."""

    rows: tuple[CollectionRow, ...]
    has_more: bool
    behind: int


async def collections(life: Life, offset: int, limit: int) -> Collections:
    """Posts that hold the word and are of the kind. Raises `DoorError`."""
    post_ids: set[str] = set()
    has_more, behind = False, 0
    for folder in FOLDERS["both"]:
        query: Query = {
            "q": "collection",
            "folder": folder.text,
            "sort": "newest",
            "limit": limit + 1,
            "offset": offset,
        }
        found = await life.door.own.search(query)
        has_more = has_more or len(found.items) > limit
        behind = max(behind, found.behind)
        ids = (classify(hit.path.text).id for hit in found.items[:limit])
        post_ids |= {post_id for post_id in ids if post_id is not None}
    rows = await each(lambda post_id: _row(life, post_id), sorted(post_ids, reverse=True))
    return Collections(tuple(row for row in rows if row is not None), has_more, behind)


async def _row(life: Life, post_id: str) -> CollectionRow | None:
    loaded = await load(life, place_of(post_id))
    shown = loaded.shown
    post = shown.stored.parsed.value if shown is not None else None
    if shown is None or not isinstance(post, Post) or post.collection is None:
        return None
    return CollectionRow(
        post_id,
        shown.stored.path,
        post.collection.name,
        post.collection.description or "",
        len(post.collection.items),
        shown.is_private,
        tuple(dict.fromkeys(copy.layout for copy in loaded.copies)),
        time_of(post_id),
    )
