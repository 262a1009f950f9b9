"""All that a post's own page tells: every copy, its edits with what changed, replies, its items."""

import difflib
from dataclasses import dataclass, replace
from datetime import datetime

from dashboard.addresses import OwnPath
from dashboard.kinds.addresses import parse_address
from dashboard.kinds.paths import classify
from dashboard.kinds.posts import Attachment, Post
from dashboard.life import places
from dashboard.life.entries import (
    Entry,
    Pointer,
    addresses_of,
    labels,
    list_entry,
    plain_entry,
    pointer,
    pointing_to,
    post_of,
    with_words,
)
from dashboard.life.media import media
from dashboard.life.places import Loaded, Place
from dashboard.life.reading import Life, Stored, each, find_all

MOST_REPLIES = 30
MOST_ITEMS = 24
MOST_LISTED = 100
MOST_MEDIA = 20
# Twice what any post may have; what is longer is shown by its beginning.
LONGEST = 100_000
# Edits that are compared, the latest first; further ones are listed as objects.
MOST_COMPARED = 20
_MOST_LINES = 400


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a comparison: kept, added or removed."""

    sign: str
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """One edit in v1, and how it differs from the one before it; no lines for the first."""

    path: OwnPath
    at: datetime | None
    lines: tuple[Line, ...]
    is_first: bool


@dataclass(frozen=True, slots=True)
class CopyFacts:
    """Where a copy lies."""

    path: OwnPath
    layout: str
    is_private: bool
    byte_count: int
    says_the_same: bool


@dataclass(frozen=True, slots=True)
class Item:
    """A post of a collection; `title` only where it is the visitor's own."""

    at: Pointer
    title: str | None


@dataclass(frozen=True, slots=True)
class OnePost:
    """A post in full; with `has_cover` the first medium stands above it."""

    entry: Entry
    body: str | None
    has_cover: bool
    layout: str | None
    items: tuple[Item, ...]
    more_items: tuple[Pointer, ...]
    replies: tuple[Entry, ...]
    edits: tuple[Edit, ...]
    copies: tuple[CopyFacts, ...]


def place_of(post_id: str) -> Place:
    """All places where a post of this id could lie."""
    folders = places.FOLDERS["both"]
    return Place(post_id, tuple(places.at_v0_or_v1(post_id, folder) for folder in folders))


async def one_post(life: Life, post_id: str) -> OnePost | None:
    """The post, or None where no copy of it is. Raises `DoorError`."""
    loaded = await places.load(life, place_of(post_id))
    if loaded.shown is None:
        return None
    pointing = await pointing_to(life, addresses_of(life, loaded))
    entry, post = plain_entry(loaded), post_of(loaded.shown)
    article = post.article if post is not None else None
    collection = post.collection if post is not None else None
    if post is not None:
        words = post.text[:LONGEST]
        entry = with_words(life, entry, post, words)
        found = await media(life, _attachments(post))
        entry = replace(entry, media=found, is_cut=len(words) < len(post.text))
    has_cover = post is not None and post.cover is not None
    uris = collection.items if collection is not None else ()
    return OnePost(
        entry=replace(entry, tags=await labels(life, pointing)),
        body=article.body if article is not None else None,
        has_cover=has_cover,
        layout=collection.layout if collection is not None else None,
        items=tuple(await each(lambda uri: _item(life, uri), uris[:MOST_ITEMS])),
        more_items=tuple(Pointer(uri) for uri in uris[MOST_ITEMS:MOST_LISTED]),
        replies=await _replies(life, loaded, pointing),
        edits=await _edits(life, loaded),
        copies=_copies(loaded),
    )


def _attachments(post: Post) -> tuple[Attachment, ...]:
    """A post's media, the cover first."""
    listed = post.attachments[:MOST_MEDIA]
    if post.cover is None or any(each.uri == post.cover for each in listed):
        return listed
    return (Attachment(post.cover), *listed)


async def _item(life: Life, uri: str) -> Item:
    at = pointer(life, uri) or Pointer(uri)
    path = life.own_path(parse_address(uri))
    if path is None or classify(path.text).kind != "post":
        return Item(at, None)
    loaded = await places.load(life, place_of(path.name))
    return Item(at, loaded.shown.stored.parsed.title if loaded.shown is not None else None)


async def _replies(life: Life, loaded: Loaded, pointing: tuple[OwnPath, ...]) -> tuple[Entry, ...]:
    """One's own answers, the oldest first."""
    own = addresses_of(life, loaded)
    named = [at for path in pointing if (at := classify(path.text)).kind == "post"]
    post_ids = sorted({at.id for at in named if at.id is not None})[:MOST_REPLIES]
    answers = await each(lambda post_id: places.load(life, place_of(post_id)), post_ids)
    replies = [one for one in answers if (post := post_of(one.shown)) and post.parent in own]
    return tuple(await each(lambda one: list_entry(life, one), replies))


async def _edits(life: Life, loaded: Loaded) -> tuple[Edit, ...]:
    """The edits of the copy that counts, newest first, each beside the one before it."""
    paths = sorted(
        (path for copy in loaded.copies for path in copy.edits),
        key=lambda path: classify(path.text).edit_id or "",
        reverse=True,
    )
    stored = await find_all(life, paths[: MOST_COMPARED + 1])
    found = []
    for number, one in enumerate(stored[:MOST_COMPARED]):
        before = stored[number + 1] if number + 1 < len(stored) else None
        lines = () if before is None else compared(_words(before), _words(one))
        at = places.time_of(one.parsed.at.edit_id or "")
        found.append(Edit(one.path, at, lines, is_first=before is None))
    return tuple(found)


def compared(before: str, after: str) -> tuple[Line, ...]:
    """The lines of two texts. Whole lines only: `ndiff` takes minutes over 400 long ones."""
    old, new = before.splitlines()[:_MOST_LINES], after.splitlines()[:_MOST_LINES]
    found: list[Line] = []
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for what, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if what == "equal":
            found += [Line(" ", line) for line in old[old_from:old_to]]
        else:
            found += [Line("-", line) for line in old[old_from:old_to]]
            found += [Line("+", line) for line in new[new_from:new_to]]
    return tuple(found)


def _words(stored: Stored) -> str:
    """What a post says, or its bytes if it cannot be read."""
    post = stored.parsed.value
    if not isinstance(post, Post):
        return stored.raw.decode("utf-8", "replace")
    title = post.article.title if post.article else post.collection.name if post.collection else ""
    items = post.collection.items if post.collection is not None else ()
    return "\n".join(part for part in (title, post.text, *items) if part)


def _copies(loaded: Loaded) -> tuple[CopyFacts, ...]:
    first = _words(loaded.copies[0].stored)
    return tuple(
        CopyFacts(
            copy.stored.path,
            copy.layout,
            copy.is_private,
            copy.byte_count,
            _words(copy.stored) == first,
        )
        for copy in loaded.copies
    )
