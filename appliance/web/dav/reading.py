"""PROPFIND, GET and HEAD: looking at files and folders."""

from collections.abc import AsyncIterator

from appliance.errors import PubkyError, invalid
from appliance.metadata import users
from appliance.metadata.entries import Entry, Folder
from appliance.pubky.keys import PublicKey
from appliance.web.asgi import Receive, Scope, Send, header, read_body, send_answer
from appliance.web.dav.multistatus import (
    FOOTER,
    HEADER,
    LARGEST_BODY_BYTES,
    Shown,
    file_properties,
    folder_properties,
    parse_propfind,
    response,
)
from appliance.web.dav.resources import PREFIX, Location, Tree, href
from appliance.web.http_cache import etag_of
from appliance.web.services import Services
from appliance.web.stored_files import send_file, send_file_head

PAGE = 500

XML_TYPE = (b"content-type", b"application/xml; charset=utf-8")


async def propfind(
    services: Services,
    tree: Tree,
    place: Location | None,
    scope: Scope,
    receive: Receive,
    send: Send,
) -> None:
    """Properties of a resource, and of what is in it with `Depth: 1`.

    The answer is sent as it is found, so a folder of any size needs little memory.
    """
    depth = (header(scope, b"depth") or b"infinity").strip().lower()
    if depth not in (b"0", b"1"):
        # RFC 4918 9.1 lets a server refuse to walk a whole tree for one request.
        body = (
            b'<?xml version="1.0" encoding="utf-8"?>\n<D:error xmlns:D="DAV:">'
            b"<D:propfind-finite-depth/></D:error>"
        )
        await send_answer(send, 403, [XML_TYPE], body, head=False)
        return
    body_bytes = await read_body(receive, LARGEST_BODY_BYTES)
    if body_bytes is None:
        raise PubkyError("too_large", "This request body is too large")
    wanted = parse_propfind(body_bytes)
    first = await _itself(tree, place)
    headers = [XML_TYPE]
    await send({"type": "http.response.start", "status": 207, "headers": headers})
    part = HEADER + response(first, wanted)
    if depth == b"1" and "collection" in first.properties["resourcetype"]:
        async for page in _children(services, tree, place):
            part += b"".join(response(shown, wanted) for shown in page)
            await send({"type": "http.response.body", "body": part, "more_body": True})
            part = b""
    await send({"type": "http.response.body", "body": part + FOOTER, "more_body": False})


async def get(tree: Tree, place: Location | None, scope: Scope, send: Send) -> None:
    """A file's bytes. They come from strangers and leave inert: a browser downloads them."""
    entry = await tree.file(place) if place else None
    if entry is None or place is None:
        if place is None or await tree.is_folder(place):
            raise invalid("This is a folder; list it with PROPFIND")
        raise PubkyError("not_found", "Not Found")
    headers = [
        (b"content-type", entry.content_type.encode()),
        (b"accept-ranges", b"bytes"),
        (b"etag", etag_of(entry).encode()),
        (b"last-modified", file_properties(entry, "")["getlastmodified"].encode()),
        (b"cache-control", b"private, no-store"),
        (b"content-security-policy", b"default-src 'none'; sandbox"),
        (b"content-disposition", b"attachment"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if scope["method"] == "HEAD":
        await send_file_head(entry, headers, send)
    else:
        await send_file(tree.storage.blobs, entry, headers, headers[2:5], scope, send)


async def _itself(tree: Tree, place: Location | None) -> Shown:
    if place is None:
        return Shown(PREFIX + "/", folder_properties("dav"))
    entry = await tree.file(place)
    if entry is not None:
        return _file(place.owner, entry)
    if await tree.is_folder(place):
        return _folder(place.owner, place.directory.text)
    raise PubkyError("not_found", "Not Found")


async def _children(
    services: Services, tree: Tree, place: Location | None
) -> AsyncIterator[list[Shown]]:
    if place is None:
        async for keys in _users(services):
            yield [_folder(key, "/") for key in keys]
        return
    directory = place.directory
    if directory.text == "/":
        yield [_folder(place.owner, path) for path in ("/pub/", "/priv/")]
        return
    made = set(tree.made.children(place.owner, directory.text))
    cursor = None
    while True:
        items = await tree.storage.list(
            place.owner, directory, cursor, PAGE, reverse=False, shallow=True
        )
        made -= {item.path for item in items}
        yield [_shown(place.owner, item) for item in items]
        if len(items) < PAGE:
            break
        cursor = items[-1].path
    yield [_folder(place.owner, path) for path in sorted(made)]


async def _users(services: Services) -> AsyncIterator[list[PublicKey]]:
    before: int | None = None
    while True:
        rows = await services.metadata.read(users.page, before, PAGE, services.clock())
        yield [PublicKey.parse(row.user.public_key) for row in rows]
        if len(rows) < PAGE:
            return
        before = rows[-1].user.id


def _shown(owner: PublicKey, item: Entry | Folder) -> Shown:
    return _folder(owner, item.path) if isinstance(item, Folder) else _file(owner, item)


def _file(owner: PublicKey, entry: Entry) -> Shown:
    return Shown(href(owner, entry.path), file_properties(entry, entry.path.rpartition("/")[2]))


def _folder(owner: PublicKey, path: str) -> Shown:
    name = path.rstrip("/").rpartition("/")[2] or owner.z32
    return Shown(href(owner, path), folder_properties(name))
