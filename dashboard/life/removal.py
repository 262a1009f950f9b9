"""What goes with a post: all its copies, or an indexer that reads again finds it; and its media."""

from collections.abc import Sequence
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
    """Every copy of some posts, and the media that nothing else of the visitor's points to."""

    copies: tuple[Going, ...]
    media: tuple[Going, ...]


async def post_removal(life: Life, post_id: str) -> PostRemoval:
    """What deleting this post means; no copies where there is none. Raises `DoorError`."""
    return await posts_removal(life, (post_id,))


async def posts_removal(life: Life, post_ids: Sequence[str]) -> PostRemoval:
    """What deleting all of these posts at once means. Raises `DoorError`."""
    found = await each(lambda post_id: _copies(life, post_id), post_ids)
    copies = {copy.path.text: copy for some in found for copy in some}
    loaded = await each(lambda post_id: load(life, place_of(post_id)), post_ids)
    uris = {uri for one in loaded for copy in one.copies for uri in _media_of(post_of(copy))}
    media: dict[str, Going] = {}
    for uri in uris:
        path = life.own_path(parse_address(uri))
        if path is not None and classify(path.text).kind in {"file", "media", "blob"}:
            for medium in await _lone(life, path, set(copies)):
                media[medium.path.text] = medium
    lone = tuple(media[path] for path in sorted(media, reverse=True))
    return PostRemoval(tuple(copies.values()), lone)


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
