"""A page of one's posts: newest first, narrowed by kind, year, tag and layout, with bounded work.

Without a filter by kind a page reads what it shows. With one it looks at a few pages' worth and
says how far it came; the next page goes on from there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from dashboard.kinds.posts import Post
from dashboard.life import places
from dashboard.life.entries import Entry, list_entry, post_of
from dashboard.life.places import Layout, Loaded, Place
from dashboard.life.reading import Life, each

PAGE = 30
MOST_LOOKED_AT = 150

Sort = Literal["all", "posts", "replies", "reposts", "articles", "media", "collections"]
SORTS = get_args(Sort)
LAYOUTS = cast("tuple[Layout, ...]", get_args(Layout))

_MEDIA = {"image", "video", "file"}
_SORTS: dict[Sort, Callable[[Post], bool]] = {
    "all": lambda _: True,
    "posts": lambda post: not post.is_reply and not post.is_repost,
    "replies": lambda post: post.is_reply,
    "reposts": lambda post: post.is_repost,
    "articles": lambda post: post.kind in {"long", "article"},
    "media": lambda post: bool(post.attachments) or post.kind in _MEDIA,
    "collections": lambda post: post.kind == "collection",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the posts is asked for; `before` is the id that the page before ended with."""

    sort: Sort = "all"
    year: int | None = None
    label: str = ""
    layout: Layout = "both"
    before: str | None = None


@dataclass(frozen=True, slots=True)
class Timeline:
    """Posts; `looked_at` were read for them, and the next page begins at `next_before`."""

    entries: tuple[Entry, ...]
    looked_at: int
    next_before: str | None


@dataclass(slots=True)
class _Search:
    """The posts kept so far, and the names that are still to be looked at."""

    kept: list[Loaded] = field(default_factory=list)
    looked_at: int = 0
    before: str | None = None
    has_more: bool = True


async def timeline(life: Life, wanted: Wanted) -> Timeline:
    """One page. Raises `DoorError`."""
    matches, search = _SORTS[wanted.sort], _Search(before=_begin(wanted))
    names = _Names(life, wanted)
    while search.has_more and len(search.kept) < PAGE and search.looked_at < MOST_LOOKED_AT:
        found = await names.after(search.before)
        search.has_more = len(found) > PAGE
        for loaded in await each(lambda place: places.load(life, place), found[:PAGE]):
            if len(search.kept) == PAGE:
                search.has_more = True
                break
            search.looked_at += 1
            search.before = loaded.place.id
            post = post_of(loaded.shown)
            is_there = loaded.shown is not None or not wanted.label
            if is_there and (matches(post) if post is not None else wanted.sort == "all"):
                search.kept.append(loaded)
    return Timeline(
        tuple(await each(lambda loaded: list_entry(life, loaded), search.kept)),
        search.looked_at,
        search.before if search.has_more else None,
    )


class _Names:
    """The names that come next: from the listings, or from the tags of one label."""

    def __init__(self, life: Life, wanted: Wanted) -> None:
        self._life = life
        self._folders = places.FOLDERS[wanted.layout]
        self._first = places.year_bounds(wanted.year)[0] if wanted.year is not None else ""
        self._label = wanted.label
        self._tagged: tuple[Place, ...] | None = None

    async def after(self, before: str | None) -> Sequence[Place]:
        """The names before this one, newest first; one more than a page has, if there are more."""
        if not self._label:
            found = await places.newest(self._life, self._folders, before, PAGE + 1)
        else:
            if self._tagged is None:
                self._tagged = await places.tagged(self._life, self._folders, self._label)
            found = tuple(each for each in self._tagged if before is None or each.id < before)
        return [place for place in found[: PAGE + 1] if place.id >= self._first]


def _begin(wanted: Wanted) -> str | None:
    """Where a year begins from its end, unless a page before it has been there."""
    if wanted.year is None:
        return wanted.before
    end = places.year_bounds(wanted.year)[1]
    return end if wanted.before is None else min(wanted.before, end)
