"""Posts as pages show them: their words in segments, their media, what they answer, their tags."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from dashboard.addresses import OwnPath, own_address
from dashboard.kinds import text
from dashboard.kinds.addresses import Address, parse_address
from dashboard.kinds.paths import classify
from dashboard.kinds.posts import Attachment, Post
from dashboard.kinds.tags import Tag
from dashboard.kinds.text import Segment
from dashboard.life.media import Medium, media, medium
from dashboard.life.places import Copy, Loaded
from dashboard.life.reading import Life, each, find_all

# In a list, long posts and long rows of media are cut.
_SHOWN_CHARACTERS = 700
_SHOWN_MEDIA = 4
_SHOWN_TAGS = 12
KINDS = {
    "short": "Post",
    "note": "Post",
    "long": "Article",
    "article": "Article",
    "image": "Picture",
    "video": "Video",
    "link": "Link",
    "file": "File",
    "collection": "Collection",
}


@dataclass(frozen=True, slots=True)
class Pointer:
    """Another object that a post names: `page` is ours if it is the visitor's own."""

    uri: str
    public_key: str | None = None
    page: str | None = None
    href: str | None = None
    host: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """A tag of one's own on something, and where it lies."""

    label: str
    path: OwnPath


@dataclass(frozen=True, slots=True)
class Entry:
    """A post in a list or on its page. `page` is None for what is no post by its name.

    Without `is_readable` there are only reasons and the way to the raw bytes.
    """

    id: str
    path: OwnPath
    page: str | None
    at: datetime | None
    layouts: tuple[str, ...]
    is_private: bool
    edit_count: int
    byte_count: int
    title: str
    kind: str
    problems: tuple[str, ...]
    oddities: tuple[str, ...]
    is_readable: bool = False
    is_known_kind: bool = True
    heading: str | None = None
    said: tuple[Segment, ...] = ()
    is_cut: bool = False
    media: tuple[Medium, ...] = ()
    more_media: int = 0
    item_count: int | None = None
    parent: Pointer | None = None
    embed: Pointer | None = None
    lock: str | None = None
    tags: tuple[Label, ...] = ()


def post_of(copy: Copy | None) -> Post | None:
    """The post in a copy, if it could be read."""
    value = copy.stored.parsed.value if copy is not None else None
    return value if isinstance(value, Post) else None


def pointer(life: Life, uri: str | None) -> Pointer | None:
    """Where an address in a post leads."""
    if not uri:
        return None
    address = parse_address(uri)
    if address is None:
        link = text.href(uri)
        return Pointer(uri, href=link, host=text.host(uri) if link else "")
    return Pointer(uri, address.public_key, page_of(life, address))


def page_of(life: Life, address: Address) -> str | None:
    """Our page about something of the visitor's own, or None for what is not theirs."""
    if address.public_key != life.public_key:
        return None
    if address.path is None:
        return "/me"
    at = classify(address.path)
    if at.kind == "post" and at.id is not None:
        return f"/me/posts/{at.id}"
    path = life.own_path(address)
    return own_address(path) if path is not None else None


def plain_entry(loaded: Loaded) -> Entry:
    """What the name of a post says, and what is wrong with it."""
    place, shown = loaded.place, loaded.shown
    at = classify(place.paths[0].text.rstrip("/"))
    page = f"/me/posts/{place.id}" if at.kind == "post" else None
    if shown is None:
        return Entry(
            id=place.id,
            path=place.paths[0],
            page=None,
            at=place.at,
            layouts=(),
            is_private=place.paths[0].text.startswith("/priv/"),
            edit_count=0,
            byte_count=0,
            title=place.id,
            kind="Unknown",
            problems=("Nothing here is a post.",),
            oddities=(),
        )
    parsed, post = shown.stored.parsed, post_of(shown)
    return Entry(
        id=place.id,
        path=shown.stored.path,
        page=page,
        at=place.at,
        layouts=tuple(dict.fromkeys(copy.layout for copy in loaded.copies)),
        is_private=shown.is_private,
        edit_count=shown.edit_count,
        byte_count=shown.byte_count,
        title=parsed.title,
        kind=KINDS.get(post.kind, post.kind or "Post") if post is not None else parsed.kind_name,
        problems=parsed.problems,
        oddities=parsed.oddities,
        is_readable=post is not None,
        is_known_kind=post is None or post.is_known_kind,
    )


async def list_entry(life: Life, loaded: Loaded) -> Entry:
    """A post as a list shows it. Raises `DoorError`."""
    post = post_of(loaded.shown)
    entry = plain_entry(loaded)
    if post is None:
        return entry
    words = post.text[:_SHOWN_CHARACTERS]
    entry = with_words(life, entry, post, words)
    cover = post.collection.cover if post.collection is not None else None
    shown = post.attachments[:_SHOWN_MEDIA]
    found = await media(life, shown)
    if cover and not found:
        found = (await medium(life, Attachment(cover)),)
    return replace(
        entry,
        is_cut=len(words) < len(post.text),
        media=found,
        more_media=len(post.attachments) - len(shown),
        tags=await tags_on(life, addresses_of(life, loaded)),
    )


def with_words(life: Life, entry: Entry, post: Post, words: str) -> Entry:
    """The entry with what the post says and names."""
    heading = None
    if post.article is not None:
        heading = post.article.title
    elif post.collection is not None:
        heading = post.collection.name
    return replace(
        entry,
        heading=heading,
        said=text.split(words),
        item_count=len(post.collection.items) if post.collection is not None else None,
        parent=pointer(life, post.parent),
        embed=pointer(life, post.embed),
        lock=post.lock,
    )


def addresses_of(life: Life, loaded: Loaded) -> tuple[str, ...]:
    """Under which addresses others refer to a post: the v0 file, v1's folder."""
    return tuple(life.address(path.text.rstrip("/")) for path in loaded.place.paths)


async def pointing_to(life: Life, addresses: Sequence[str]) -> tuple[OwnPath, ...]:
    """Own objects that hold one of these addresses, as far as the index has come."""
    found: dict[str, OwnPath] = {}
    for paths in await each(life.door.own.pointing_to_together, addresses):
        found |= {path.text: path for path in paths}
    return tuple(found.values())


async def tags_on(life: Life, addresses: Sequence[str]) -> tuple[Label, ...]:
    """One's own tags on something."""
    return await labels(life, await pointing_to(life, addresses))


async def labels(life: Life, paths: Sequence[OwnPath]) -> tuple[Label, ...]:
    """The labels of those of these objects that are tags, each once."""
    tags = [path for path in paths if classify(path.text).kind == "tag"][:_SHOWN_TAGS]
    found: dict[str, Label] = {}
    for stored in await find_all(life, tags):
        if isinstance(stored.parsed.value, Tag):
            label = stored.parsed.value.label
            found.setdefault(label, Label(label, stored.path))
    return tuple(found.values())
