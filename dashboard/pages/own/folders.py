"""One of the visitor's folders: sorted as a whole, filtered, paged, with exact totals."""

from dataclasses import dataclass

from quart import make_response, redirect
from quart.typing import ResponseReturnValue

from dashboard.addresses import OwnPath, own_address
from dashboard.doors.own_facts import FolderSum, Usage
from dashboard.page_context import frame, render
from dashboard.pages.own.asking import (
    Own,
    Pages,
    asked_choice,
    asked_page,
    asked_window,
    find_own,
    own_path,
    to_connect,
)
from dashboard.pages.own.flat import flat_page
from dashboard.pages.own.listing import Column, Row, asked_listing, columns_of, row_of
from dashboard.parts import Parts
from dashboard.routes import RouteTable


@dataclass(frozen=True, slots=True)
class FolderPage:
    """One page of a folder."""

    path: OwnPath
    ancestors: tuple[OwnPath, ...]
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    pages: Pages
    name_part: str
    file_count: int
    byte_count: int
    may_change: bool
    pubky_address: str


@dataclass(frozen=True, slots=True)
class TopPage:
    """The two trees, with what lies in them."""

    usage: Usage
    roots: tuple[FolderSum, ...]
    may_change: bool


@dataclass(frozen=True, slots=True)
class MissingPage:
    """Nothing at a path, and the nearest folder above it that exists."""

    path: OwnPath
    nearest: OwnPath | None


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the pages of folders."""

    @table.add("/files", audience="tenant")
    async def top() -> ResponseReturnValue:
        own = await find_own(parts)
        if own is None:
            return to_connect()
        usage = await own.door.own.usage()
        roots = tuple(each for each in usage.folders if each.path.text in OwnPath.ROOTS)
        content = TopPage(usage, tuple(sorted(roots, key=_path_text, reverse=True)), own.may_change)
        return await render("own/top.html", await frame(parts, "files"), content)

    @table.add("/files/<path:rest>", audience="tenant")
    async def folder(rest: str) -> ResponseReturnValue:
        path = own_path(rest)
        if not path.is_folder:
            return redirect(own_address(path), 303)
        own = await find_own(parts)
        if own is None:
            return to_connect()
        if asked_choice("view", ("", "all"), "") == "all":
            return await flat_page(parts, own, path)
        return await _folder_page(parts, own, path)


async def _folder_page(parts: Parts, own: Own, path: OwnPath) -> ResponseReturnValue:
    asked = asked_listing()
    limit, offset = asked_window()
    found = await own.door.own.folder(
        path,
        limit,
        offset,
        asked.sorting,
        descending=asked.is_descending,
        name_part=asked.name_part,
    )
    if not found.name_count and not asked.name_part and path.parent is not None:
        return await missing_page(parts, own, path)
    pages = asked_page(
        own_address(path),
        found.name_count,
        **asked.query,
    )
    content = FolderPage(
        path=path,
        ancestors=path.ancestors,
        rows=tuple(map(row_of, found.items)),
        columns=columns_of(own_address(path), asked, "Name"),
        pages=pages,
        name_part=asked.name_part,
        file_count=found.file_count,
        byte_count=found.byte_count,
        may_change=own.may_change,
        pubky_address=f"pubky://{own.public_key}{path.text}",
    )
    return await render("own/folder.html", await frame(parts, "files"), content)


async def missing_page(parts: Parts, own: Own, path: OwnPath) -> ResponseReturnValue:
    """Nothing lies here: say so, and show the way to what does."""
    nearest = None
    for above in reversed(path.ancestors):
        if (await own.door.own.folder(above, 1)).name_count:
            nearest = above
            break
    content = MissingPage(path, nearest)
    body = await render("own/missing.html", await frame(parts, "files"), content)
    return await make_response(body, 404)


def _path_text(folder: FolderSum) -> str:
    return folder.path.text
