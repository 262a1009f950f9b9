"""The visitor's media in a grid, and their lists of posts."""

from dataclasses import dataclass
from typing import cast, get_args
from urllib.parse import urlencode

from quart.typing import ResponseReturnValue

from dashboard.life.collected import CollectionRow, collections
from dashboard.life.gallery import PAGE, TYPES, Gallery, Place, gallery
from dashboard.page_context import frame, render
from dashboard.pages.life.asking import SECTION, find_visitor
from dashboard.pages.own.asking import asked_choice, asked_number, to_connect
from dashboard.parts import Parts
from dashboard.routes import RouteTable

_FURTHEST = 10_000_000
PLACES = get_args(Place)


@dataclass(frozen=True, slots=True)
class MediaPage:
    """A page of media."""

    gallery: Gallery
    type: str
    types: dict[str, str]
    place: Place
    previous: str | None
    next: str | None
    may_change: bool


@dataclass(frozen=True, slots=True)
class ListsPage:
    """A page of collections."""

    rows: tuple[CollectionRow, ...]
    behind: int
    previous: str | None
    next: str | None


def routes(table: RouteTable, parts: Parts) -> None:
    """Register both pages."""

    @table.add("/me/media", audience="tenant")
    async def media() -> ResponseReturnValue:
        kind = asked_choice("type", tuple(TYPES), "")
        place = cast("Place", asked_choice("layout", PLACES, "v0"))
        offset = asked_number("offset", 0, _FURTHEST)
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        found = await gallery(visitor.life, place, kind, offset)
        kept = {"type": kind, "layout": "" if place == "v0" else place}
        content = MediaPage(
            gallery=found,
            type=kind,
            types=TYPES,
            place=place,
            previous=_at("/me/media", kept, offset - PAGE) if offset else None,
            next=_at("/me/media", kept, offset + PAGE) if found.has_more else None,
            may_change=visitor.may_change,
        )
        return await render("life/media.html", await frame(parts, SECTION), content)

    @table.add("/me/lists", audience="tenant")
    async def lists() -> ResponseReturnValue:
        offset = asked_number("offset", 0, _FURTHEST)
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        found = await collections(visitor.life, offset, PAGE)
        content = ListsPage(
            rows=found.rows,
            behind=found.behind,
            previous=_at("/me/lists", {}, offset - PAGE) if offset else None,
            next=_at("/me/lists", {}, offset + PAGE) if found.has_more else None,
        )
        return await render("life/lists.html", await frame(parts, SECTION), content)


def _at(path: str, kept: dict[str, str], offset: int) -> str:
    query = {name: value for name, value in kept.items() if value}
    if offset > 0:
        query["offset"] = str(offset)
    return f"{path}?{urlencode(query)}" if query else path
