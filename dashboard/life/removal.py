"""What goes with a post: all its copies, or an indexer that reads again finds it; and its media."""

from dataclasses import dataclass

from dashboard.addresses import OwnPath
from dashboard.kinds import posts
from dashboard.kinds.addresses import parse_address
from dashboard.kinds.files import File
from dashboard.kinds.paths import classify
from dashboard.life.entries import post_of
from dashboard.life.one_post import place_of
from dashboard.life.places import load
from dashboard.life.reading import Life, each, find

# Edits of one post that are listed and removed at once.
MOST_EDITS = 1000
_ENOUGH = 20


@dataclass(frozen=True, slots=True)
class Going:
    """An object that would go, and how long it is."""

    path: OwnPath
    byte_count: int


@dataclass(frozen=True, slots=True)
class PostRemoval:
    """Every copy of a post, and the media that nothing else of the visitor's points to."""

    copies: tuple[Going, ...]
    media: tuple[Going, ...]


async def post_removal(life: Life, post_id: str) -> PostRemoval:
    """What deleting this post means; no copies where there is none. Raises `DoorError`."""
    copies = await _copies(life, post_id)
    loaded = await load(life, place_of(post_id))
    going = {copy.path.text for copy in copies}
    found: dict[str, Going] = {}
    for uri in {uri for copy in loaded.copies for uri in _media_of(post_of(copy))}:
        path = life.own_path(parse_address(uri))
        if path is not None and classify(path.text).kind in {"file", "media", "blob"}:
            for medium in await _lone(life, path, going):
                found[medium.path.text] = medium
    media = tuple(found[path] for path in sorted(found, reverse=True))
    return PostRemoval(copies, media)


async def _copies(life: Life, post_id: str) -> tuple[Going, ...]:
    """Every object of a post, in both layouts and both trees."""
    v0, folders = posts.copies_of(post_id)
    found = await _sized(life, OwnPath(v0))
    for folder in folders:
        page = await life.door.own.folder(OwnPath(folder), MOST_EDITS)
        found += [Going(item.path, item.byte_count) for item in page.items]
    return tuple(found)


async def _lone(life: Life, path: OwnPath, going: set[str]) -> list[Going]:
    """A medium and its bytes, as far as only what goes points to them."""
    if await _is_wanted(life, path, going):
        return []
    found = await _sized(life, path)
    stored = await find(life, path) if classify(path.text).kind == "file" else None
    if stored is not None and isinstance(stored.parsed.value, File):
        blob = life.own_path(parse_address(stored.parsed.value.src or ""))
        is_blob = blob is not None and classify(blob.text).kind == "blob"
        if blob is not None and is_blob and not await _is_wanted(life, blob, {path.text, *going}):
            found += await _sized(life, blob)
    return found


async def _is_wanted(life: Life, path: OwnPath, going: set[str]) -> bool:
    pointing = await life.door.own.pointing_to(life.address(path.text), _ENOUGH + len(going))
    return any(each.text not in going for each in pointing)


async def _sized(life: Life, path: OwnPath) -> list[Going]:
    facts = await life.door.find_object(path)
    return [Going(path, facts.byte_count)] if facts is not None else []


def _media_of(post: posts.Post | None) -> tuple[str, ...]:
    if post is None:
        return ()
    cover = (post.cover,) if post.cover else ()
    return (*(attachment.uri for attachment in post.attachments[: posts.MOST_ATTACHMENTS]), *cover)


async def remove(life: Life, paths: tuple[OwnPath, ...]) -> None:
    """Delete these objects; raises `DoorError` at the first that cannot be."""
    await each(life.door.delete, paths)
