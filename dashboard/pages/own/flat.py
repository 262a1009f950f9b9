"""All files below one of the visitor's folders, whatever their depth: sorted, filtered, paged."""

from dataclasses import dataclass

from quart.typing import ResponseReturnValue

from dashboard.addresses import OwnPath, own_address
from dashboard.page_context import frame, render
from dashboard.pages.own.asking import Own
from dashboard.pages.own.listing import Column, Row, asked_listing, columns_of, row_of
from dashboard.pages.paging import Paging, asked_page
from dashboard.parts import Parts

# The member of a folder's address that asks for this view.
VIEW = {"view": "all"}


@dataclass(frozen=True, slots=True)
class FlatPage:
    """Some of the files below a folder; `wanted_count` of them hold `name_part` in their path."""

    path: OwnPath
    rows: tuple[Row, ...]
    columns: tuple[Column, ...]
    paging: Paging
    next_cursor: str | None
    name_part: str
    wanted_count: int
    file_count: int
    byte_count: int
    may_change: bool


async def flat_page(parts: Parts, own: Own, path: OwnPath) -> ResponseReturnValue:
    """The page of a folder's files, as the query asks for them. Raises `DoorError`."""
    asked = asked_listing()
    kept = {name: value for name, value in asked.query.items() if value}
    paging = asked_page(own_address(path), **VIEW, **kept)
    query: dict[str, str | int] = {
        "sort": asked.sorting,
        "order": asked.order,
        "name": asked.name_part,
        "limit": paging.limit,
        "cursor": paging.cursor or "",
    }
    found = await own.door.own.below(path, query)
    content = FlatPage(
        path=path,
        rows=tuple(map(row_of, found.items)),
        columns=columns_of(own_address(path), asked, "Path", **VIEW),
        paging=paging,
        next_cursor=found.next_cursor,
        name_part=asked.name_part,
        wanted_count=found.wanted_count,
        file_count=found.file_count,
        byte_count=found.byte_count,
        may_change=own.may_change,
    )
    return await render("own/flat.html", await frame(parts, "files"), content)
