"""Lists of what lies in the folders of both layouts: a page of them, read and grouped."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dashboard.addresses import OwnPath
from dashboard.doors.own_facts import Child
from dashboard.kinds.bookmarks import Bookmark
from dashboard.kinds.feeds import Feed
from dashboard.kinds.paths import KindName, classify
from dashboard.kinds.tags import Tag
from dashboard.life.counting import TREES
from dashboard.life.entries import Pointer, pointer
from dashboard.life.labelled import tags_labelled
from dashboard.life.reading import Life, Stored, each, find

Layout = Literal["both", "v0", "v1"]
# What is found by its label, the latest first.
MOST_FOUND = 40

_FOLDERS: dict[KindName, tuple[str, ...]] = {
    "follow": ("v0/follows", "v1/follows"),
    "mute": ("v0/mutes", "private/mutes"),
    "tag": ("v0/tags", "v1/tags"),
    "bookmark": ("v0/bookmarks", "private/bookmarks"),
    "feed": ("v0/feeds", "v1/feeds", "private/feeds"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One object of a list. `problems` say why apps may ignore it."""

    path: OwnPath
    layout: str
    is_private: bool
    at: datetime
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TagRow:
    """A tag and what it is on."""

    row: Row
    label: str
    target: Pointer


@dataclass(frozen=True, slots=True)
class BookmarkRow:
    """A bookmark and where it leads."""

    row: Row
    group: str
    target: Pointer


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A feed, and the sentence that says what it shows."""

    row: Row
    name: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Window:
    """Some files of the folders of a kind, and how many there are in all."""

    items: tuple[Child, ...]
    total: int


def folders(kind: KindName, layout: Layout = "both") -> tuple[OwnPath, ...]:
    """Where objects of a kind lie; the private tree is v1's."""
    places = (place.split("/") for place in _FOLDERS[kind])
    return tuple(
        OwnPath(f"{TREES[tree].text}{name}/")
        for tree, name in places
        if layout == "both" or (layout == "v0") == (tree == "v0")
    )


async def window(life: Life, where: Sequence[OwnPath], limit: int, offset: int) -> Window:
    """The folders one after the other, each from the latest change on. Raises `DoorError`."""
    items: list[Child] = []
    total = 0
    for folder in where:
        begin = max(offset - total, 0)
        wanted = max(limit - len(items), 1)
        page = await life.door.own.folder(folder, wanted, begin, "modified", descending=True)
        if len(items) < limit:
            items += [item for item in page.items if not item.path.is_folder]
        total += page.name_count
    return Window(tuple(items), total)


def row(item: Child, problems: tuple[str, ...] = ()) -> Row:
    """A file of a listing as a row."""
    at = classify(item.path.text)
    layout = "v1" if at.epoch == "v1" else "v0"
    return Row(item.path, layout, not at.is_public, item.modified_at, problems)


async def read(life: Life, items: Iterable[Child]) -> list[tuple[Child, Stored]]:
    """The objects of a window that are still there."""
    listed = list(items)
    found = await each(lambda item: find(life, item.path), listed)
    return [(item, one) for item, one in zip(listed, found, strict=True) if one is not None]


async def tags(life: Life, items: Iterable[Child]) -> tuple[TagRow, ...]:
    """The tags of a window."""
    return tuple(_tag_row(life, item, stored) for item, stored in await read(life, items))


async def tags_of_label(life: Life, label: str) -> tuple[TagRow, ...]:
    """The tags of one label, as far as the index has come."""
    found = await tags_labelled(life, label, MOST_FOUND)
    return tuple(_tag_row(life, item, stored) for item, stored in found)


def _tag_row(life: Life, item: Child, stored: Stored) -> TagRow:
    value, problems = stored.parsed.value, stored.parsed.problems
    label, uri = (value.label, value.uri) if isinstance(value, Tag) else ("", "")
    return TagRow(row(item, problems), label, pointer(life, uri) or Pointer(uri))


async def bookmarks(life: Life, items: Iterable[Child]) -> tuple[BookmarkRow, ...]:
    """The bookmarks of a window."""
    found = []
    for item, stored in await read(life, items):
        value, problems = stored.parsed.value, stored.parsed.problems
        is_read = isinstance(value, Bookmark)
        uri, group = (value.uri, value.group) if is_read else ("", "Unreadable")
        target = pointer(life, uri) or Pointer(uri)
        found.append(BookmarkRow(row(item, problems), group, target))
    return tuple(found)


async def feeds(life: Life, items: Iterable[Child]) -> tuple[FeedRow, ...]:
    """The feeds of a window."""
    found = []
    for item, stored in await read(life, items):
        value, problems = stored.parsed.value, stored.parsed.problems
        is_read = isinstance(value, Feed)
        name, sentence = (value.name, value.sentence) if is_read else (item.path.name, "")
        found.append(FeedRow(row(item, problems), name, sentence))
    return tuple(found)
