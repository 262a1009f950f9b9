"""A user's public tree as any visitor sees it: folders by the page, objects with their facts."""

from dataclasses import dataclass
from functools import partial

from quart import abort, make_response, redirect
from quart.typing import ResponseReturnValue

from dashboard.addresses import AddressError, PublicPath, page_address, parse_public_key
from dashboard.doors.storage import Listing, ObjectFacts
from dashboard.page_context import frame, render
from dashboard.pages.paging import Paging, asked_page
from dashboard.parts import Parts
from dashboard.preview.look import Preview, preview
from dashboard.preview.media_types import essence
from dashboard.routes import RouteTable

# How many folders upwards are tried for the way up; each try is a request to the door.
_MAX_TRIES = 8


@dataclass(frozen=True, slots=True)
class FolderPage:
    """One page of a folder."""

    public_key: str
    path: PublicPath
    listing: Listing
    paging: Paging


@dataclass(frozen=True, slots=True)
class MissingPage:
    """Nothing at a path: the nearest folder that exists, or a user with an empty tree."""

    public_key: str
    path: PublicPath
    nearest: PublicPath | None
    other_form: PublicPath | None
    user_is_known: bool


@dataclass(frozen=True, slots=True)
class ObjectPage:
    """One object."""

    public_key: str
    path: PublicPath
    facts: ObjectFacts
    stated_type: str
    pubky_address: str
    http_address: str
    preview: Preview


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the pages of the public tree."""
    _add_folders(table, parts)
    _add_objects(table, parts)


def _add_folders(table: RouteTable, parts: Parts) -> None:
    @table.add("/browse/<public_key>/")
    async def top(public_key: str) -> ResponseReturnValue:
        return redirect(page_address(_address(public_key, "pub/")[0], PublicPath("/pub/")), 303)

    @table.add("/browse/<public_key>/<path:rest>")
    async def folder(public_key: str, rest: str) -> ResponseReturnValue:
        key, path = _address(public_key, rest)
        if not path.is_folder:
            return redirect(page_address(key, path.as_folder), 303)
        paging = asked_page(page_address(key, path))
        listing = await parts.client.find_folder(key, path, paging.limit, paging.cursor)
        if listing is None and paging.cursor is not None:
            listing = Listing((), None)  # the page behind the last one: an end, not an absence
        if listing is None:
            return await _missing(parts, key, path)
        content = FolderPage(key, path, listing, paging)
        return await render("objects/folder.html", await frame(parts, "users"), content)


def _add_objects(table: RouteTable, parts: Parts) -> None:
    @table.add("/object/<public_key>/<path:rest>")
    async def show(public_key: str, rest: str) -> ResponseReturnValue:
        key, path = _address(public_key, rest)
        if path.is_folder:
            return redirect(page_address(key, path), 303)
        facts = await parts.client.find_object(key, path)
        if facts is None:
            return await _missing(parts, key, path)
        around = await frame(parts, "users")
        public_url = around.node.client_url if around.node is not None else parts.client_url
        content = ObjectPage(
            public_key=key,
            path=path,
            facts=facts,
            stated_type=essence(facts.content_type),
            pubky_address=f"pubky://{key}{path.quoted}",
            http_address=f"{public_url.rstrip('/')}/storage/{key}{path.quoted}",
            preview=await preview(partial(parts.client.read, key, path), facts),
        )
        return await render("objects/object.html", around, content)


async def _missing(parts: Parts, key: str, path: PublicPath) -> ResponseReturnValue:
    around = await frame(parts, "users")
    user_is_known = await parts.admin.find_user(key) is not None
    content = MissingPage(
        public_key=key,
        path=path,
        nearest=await _nearest_folder(parts, key, path) if user_is_known else None,
        other_form=await _other_form(parts, key, path) if user_is_known else None,
        user_is_known=user_is_known,
    )
    # A user without public files is an empty state, not an error.
    is_empty_tree = user_is_known and path.parent is None
    body = await render("objects/missing.html", around, content)
    return await make_response(body, 200 if is_empty_tree else 404)


async def _nearest_folder(parts: Parts, key: str, path: PublicPath) -> PublicPath | None:
    for above in reversed(path.ancestors[-_MAX_TRIES:]):
        if await parts.client.find_folder(key, above, 1) is not None:
            return above
    return None


async def _other_form(parts: Parts, key: str, path: PublicPath) -> PublicPath | None:
    """A file where a folder was asked for, or a folder where a file was."""
    if path.parent is None:
        return None
    if path.is_folder:
        found = await parts.client.find_object(key, path.as_file)
        return path.as_file if found is not None else None
    listing = await parts.client.find_folder(key, path.as_folder, 1)
    return path.as_folder if listing is not None else None


def _address(public_key: str, rest: str) -> tuple[str, PublicPath]:
    try:
        return parse_public_key(public_key), PublicPath.parse("/" + rest)
    except AddressError as error:
        abort(404, str(error))
