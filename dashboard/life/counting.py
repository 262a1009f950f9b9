"""How much of each kind there is, in both layouts, and what of it strangers had better not see."""

from dataclasses import dataclass

from dashboard.addresses import OwnPath
from dashboard.kinds.paths import V0, V1_APP, V1_EPOCH
from dashboard.life.reading import Life, each

TREES = {
    "v0": OwnPath(V0),
    "v1": OwnPath(f"/pub/{V1_APP}/{V1_EPOCH}/"),
    "private": OwnPath(f"/priv/{V1_APP}/{V1_EPOCH}/"),
}
# A layout has ten names; whatever else lies beside them is another page's.
_MOST_NAMES = 500
_ROWS = (
    ("Posts", ("posts",), "/me/posts"),
    ("Media", ("blobs", "files"), "/me/media"),
    ("People you follow", ("follows",), "/me/follows"),
    ("People you mute", ("mutes",), "/me/mutes"),
    ("Tags", ("tags",), "/me/tags"),
    ("Bookmarks", ("bookmarks",), "/me/bookmarks"),
    ("Feeds", ("feeds",), "/me/feeds"),
)
_SENSITIVE = (
    ("mutes", "Whom you mute", "/me/mutes"),
    ("bookmarks", "What you bookmark", "/me/bookmarks"),
    ("settings.json", "Your settings of Pubky App", "/me/settings"),
    ("last_read", "When you last read your notifications", "/me/settings"),
)


@dataclass(frozen=True, slots=True)
class Count:
    """How many objects of a kind each layout holds, and the page that lists them."""

    what: str
    page: str
    v0: int
    v1: int
    private: int


@dataclass(frozen=True, slots=True)
class Exposed:
    """Something that everybody can read and most people would rather keep."""

    what: str
    page: str
    count: int


@dataclass(frozen=True, slots=True)
class Counts:
    """All of it."""

    rows: tuple[Count, ...]
    exposed: tuple[Exposed, ...]
    is_empty: bool


async def counts(life: Life) -> Counts:
    """Ask for the sums that the node keeps. Raises `DoorError`."""

    async def sums(tree: OwnPath) -> dict[str, int]:
        page = await life.door.own.folder(tree, _MOST_NAMES)
        return {item.path.name: item.file_count for item in page.items}

    async def post_count(tree: OwnPath) -> int:
        # In v1 a post is a folder of edits, so the names are counted and not the files.
        return (await life.door.own.folder(OwnPath(f"{tree.text}posts/"), 1)).name_count

    v0, v1, private = await each(sums, TREES.values())
    v1["posts"], private["posts"] = await each(post_count, (TREES["v1"], TREES["private"]))
    # In v0 a medium is two objects: the words are counted with the bytes they belong to.
    v0.pop("files", None)
    rows = tuple(
        Count(what, page, *(sum(tree.get(name, 0) for name in names) for tree in (v0, v1, private)))
        for what, names, page in _ROWS
    )
    exposed = tuple(
        Exposed(what, page, v0[name]) for name, what, page in _SENSITIVE if v0.get(name)
    )
    is_empty = not any((*v0.values(), *v1.values(), *private.values()))
    return Counts(rows, exposed, is_empty)
