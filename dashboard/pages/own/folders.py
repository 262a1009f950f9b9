"""One of the visitor's folders: sorted as a whole, filtered, paged, with exact totals."""

from dataclasses import dataclass
from typing import cast
from urllib.parse import urlencode

from quart import abort, make_response, redirect, request
from quart.typing import ResponseReturnValue

from dashboard.addresses import OwnPath, own_address
from dashboard.doors.own import Sorting
from dashboard.doors.own_facts import Child, FolderSum, Usage
from dashboard.kinds.paths import classify
from dashboard.kinds.registry import KINDS
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
from dashboard.parts import Parts
from dashboard.routes import RouteTable

SORTINGS = ("name", "size", "modified")
_MOST_NAME = 255


@dataclass(frozen=True, slots=True)
class Row:
    """A name in a folder; `kind` says what it is, `address` is its page's."""

    item: Child
    kind: str
    address: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column's head: the address that sorts by it, and the order it has now (ARIA's words)."""

    word: str
    address: str
    order: str | None


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
        return await _folder_page(parts, own, path)


async def _folder_page(parts: Parts, own: Own, path: OwnPath) -> ResponseReturnValue:
    sorting = asked_choice("sort", SORTINGS, "name")
    order = asked_choice("order", ("asc", "desc"), "asc")
    name_part = request.args.get("name", "").strip()
    if len(name_part) > _MOST_NAME:
        abort(400, "No name is that long.")
    limit, offset = asked_window()
    found = await own.door.own.folder(
        path,
        limit,
        offset,
        cast("Sorting", sorting),
        descending=order == "desc",
        name_part=name_part,
    )
    if not found.name_count and not name_part and path.parent is not None:
        return await missing_page(parts, own, path)
    pages = asked_page(
        own_address(path),
        found.name_count,
        sort=sorting if (sorting, order) != ("name", "asc") else "",
        order=order if order != "asc" else "",
        name=name_part,
    )
    content = FolderPage(
        path=path,
        ancestors=path.ancestors,
        rows=tuple(Row(item, _kind(item), own_address(item.path)) for item in found.items),
        columns=_columns(own_address(path), sorting, order, name_part),
        pages=pages,
        name_part=name_part,
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


def _kind(item: Child) -> str:
    if item.path.is_folder:
        return "Folder"
    kind = classify(item.path.text).kind
    return KINDS[kind].singular if kind is not None else item.content_type or ""


def _columns(address: str, sorting: str, order: str, name_part: str) -> tuple[Column, ...]:
    words = {"name": "Name", "size": "Size", "modified": "Changed"}
    found = []
    for each, word in words.items():
        is_sorted = each == sorting
        # What is large or new is what people look for first.
        first = "asc" if each == "name" else "desc"
        other = {"asc": "desc", "desc": "asc"}[order] if is_sorted else first
        query = {"sort": each, "order": other} | ({"name": name_part} if name_part else {})
        aria = {"asc": "ascending", "desc": "descending"}[order] if is_sorted else None
        found.append(Column(word, f"{address}?{urlencode(query)}", aria))
    return tuple(found)


def _path_text(folder: FolderSum) -> str:
    return folder.path.text
