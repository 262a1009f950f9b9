"""PUT, DELETE, MKCOL, COPY and MOVE: real writes, each with its events and its charge."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from appliance.errors import PubkyError, invalid
from appliance.metadata.entries import Entry
from appliance.metadata.events import OPERATOR
from appliance.pubky.keys import PublicKey
from appliance.pubky.paths import StoragePath
from appliance.web.asgi import Receive, Scope, Send, header, send_answer
from appliance.web.dav.resources import PREFIX, Location, Tree, parse_location
from appliance.web.stored_files import body_chunks, declared_bytes

BATCH = 200


class DavRefusalError(PubkyError):
    """A refusal with a status that only WebDAV has."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__("invalid", message)
        self.status = status


async def put(tree: Tree, place: Location, scope: Scope, receive: Receive, send: Send) -> None:
    """Store a file; 201 when it is new, 204 when it was there."""
    if header(scope, b"content-range") is not None:
        raise invalid("A part of a file cannot be stored")
    old = await tree.file(place)
    if place.path is None or place.path.is_directory or not _in_a_root(place.path):
        raise DavRefusalError(405, "A folder cannot be stored; make it with MKCOL")
    if header(scope, b"if-none-match") == b"*" and old is not None:
        raise DavRefusalError(412, "The file is there already")
    await tree.storage.write(
        place.owner, place.path, OPERATOR, declared_bytes(scope), body_chunks(receive)
    )
    await send_answer(send, 204 if old else 201, [], b"", head=False)


async def delete(tree: Tree, place: Location, send: Send) -> None:
    """Delete a file, or a folder with everything in it."""
    if await tree.file(place):
        await tree.storage.delete(place.owner, place.file, OPERATOR)
    elif await tree.is_folder(place):
        _refuse_roots(place)
        async for entry in _entries_under(tree, place):
            await tree.storage.delete(place.owner, StoragePath.parse(entry.path), OPERATOR)
        tree.made.discard_under(place.owner, place.directory.text)
    else:
        raise PubkyError("not_found", "Not Found")
    await send_answer(send, 204, [], b"", head=False)


async def make_folder(tree: Tree, place: Location, scope: Scope, send: Send) -> None:
    """MKCOL: folders exist by their files, so an empty one is only remembered for a while."""
    if (declared_bytes(scope) or 0) > 0:
        raise DavRefusalError(415, "MKCOL takes no body")
    if await tree.file(place) or await tree.is_folder(place):
        raise DavRefusalError(405, "This name is taken")
    directory = place.directory.text
    parent = StoragePath.parse(directory.rstrip("/").rpartition("/")[0] + "/")
    if not await tree.is_folder(Location(place.owner, parent)):
        raise PubkyError("conflict", "The folder above it is missing")
    tree.made.add(place.owner, directory)
    await send_answer(send, 201, [], b"", head=False)


async def copy_or_move(
    tree: Tree, place: Location, scope: Scope, send: Send, *, move: bool
) -> None:
    """COPY and MOVE of a file, or of a folder with everything in it."""
    target = _destination(scope)
    entry = await tree.file(place)
    if entry is None and not await tree.is_folder(place):
        raise PubkyError("not_found", "Not Found")
    existed = await tree.file(target) is not None or await tree.is_folder(target)
    if existed and (header(scope, b"overwrite") or b"T").strip().upper() == b"F":
        raise DavRefusalError(412, "The destination is there already")
    if entry is not None:
        await _transfer(tree, place, entry, target.owner, target.file, move=move)
    else:
        _refuse_roots(place)
        await _transfer_folder(tree, place, target, move=move)
    await send_answer(send, 204 if existed else 201, [], b"", head=False)


async def _transfer_folder(tree: Tree, place: Location, target: Location, *, move: bool) -> None:
    source, destination = place.directory.text, target.directory.text
    if place.owner == target.owner and destination.startswith(source):
        raise PubkyError("forbidden", "A folder cannot be put into itself")
    async for entry in _entries_under(tree, place):
        to_path = StoragePath.parse(destination + entry.path.removeprefix(source))
        await _transfer(tree, place, entry, target.owner, to_path, move=move)
    if (place.owner, source) in tree.made:
        tree.made.add(target.owner, destination)
    if move:
        tree.made.discard_under(place.owner, source)


async def _transfer(
    tree: Tree,
    place: Location,
    entry: Entry,
    to_owner: PublicKey,
    to_path: StoragePath,
    *,
    move: bool,
) -> None:
    storage = tree.storage
    path = StoragePath.parse(entry.path)
    if move:
        await storage.move(place.owner, path, to_owner, to_path)
        return
    if (place.owner, path) == (to_owner, to_path):
        raise PubkyError("forbidden", "A file cannot be copied onto itself")
    async with storage.blobs.open(entry.blob_id) as blob:
        size = entry.content_length
        await storage.write(to_owner, to_path, OPERATOR, size, blob.chunks(0, size))


async def _entries_under(tree: Tree, place: Location) -> AsyncIterator[Entry]:
    cursor = None
    while True:
        items = await tree.storage.list(
            place.owner, place.directory, cursor, BATCH, reverse=False, shallow=False
        )
        for item in items:
            if isinstance(item, Entry):
                yield item
        if len(items) < BATCH:
            return
        cursor = items[-1].path


def _destination(scope: Scope) -> Location:
    value = header(scope, b"destination")
    if value is None:
        raise invalid("A Destination header is needed")
    path = urlsplit(value.decode("latin-1")).path
    if path != PREFIX and not path.startswith(PREFIX + "/"):
        raise DavRefusalError(502, "The destination is on another server")
    place = parse_location(path.encode("latin-1"))
    if place is None or place.path is None or not _in_a_root(place.path):
        raise PubkyError("forbidden", "Nothing can be put there")
    return place


def _refuse_roots(place: Location) -> None:
    if place.path is None or place.directory.text in ("/pub/", "/priv/"):
        raise PubkyError("forbidden", "This folder belongs to the user's account")


def _in_a_root(path: StoragePath) -> bool:
    return path.is_public or path.is_private
