"""Whom the visitor follows and mutes; by name where the person's profile lies on this node."""

from dataclasses import dataclass
from functools import partial
from typing import Literal

from quart import abort, redirect
from quart.typing import ResponseReturnValue

from dashboard.kinds.people import build_follow, build_mute
from dashboard.kinds.writing import Built
from dashboard.life import lists
from dashboard.life.lists import Row
from dashboard.life.neighbours import MOST_ASKED, Neighbour, Neighbours
from dashboard.page_context import frame, render
from dashboard.pages.life.asking import (
    POST,
    SECTION,
    find_visitor,
    form_text,
    now_us,
    pages_of,
    store_or_refuse,
)
from dashboard.pages.own.asking import Pages, asked_number, to_connect
from dashboard.parts import Parts
from dashboard.raw import pass_on
from dashboard.routes import RouteTable

_FURTHEST = 10_000_000


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody in the list."""

    person: Neighbour
    row: Row


@dataclass(frozen=True, slots=True)
class PeoplePage:
    """Some of the people, the latest first."""

    tab: Literal["follows", "mutes"]
    rows: tuple[PersonRow, ...]
    has_public: bool
    pages: Pages
    may_change: bool


def routes(table: RouteTable, parts: Parts) -> None:
    """Register both lists and what adds to them."""
    neighbours = Neighbours(parts.client, parts.now_s)

    @table.add("/me/follows", audience="tenant")
    async def follows() -> ResponseReturnValue:
        return await _page(parts, neighbours, "follows")

    @table.add("/me/mutes", audience="tenant")
    async def mutes() -> ResponseReturnValue:
        return await _page(parts, neighbours, "mutes")

    @table.add("/raw/picture/<public_key>", audience="tenant", policy="raw")
    async def picture(public_key: str) -> ResponseReturnValue:
        person = (await neighbours.find([public_key]))[public_key]
        if person.picture is None:
            abort(404, "There is no picture of this person here.")
        open_stream = partial(
            parts.client.open_stream, public_key=person.public_key, path=person.picture
        )
        return await pass_on(open_stream, person.picture)

    @table.add("/me/follows/new", audience="tenant", methods=POST)
    async def follow() -> ResponseReturnValue:
        return await _add(parts, "follows")

    @table.add("/me/mutes/new", audience="tenant", methods=POST)
    async def mute() -> ResponseReturnValue:
        return await _add(parts, "mutes")


async def _page(
    parts: Parts, neighbours: Neighbours, tab: Literal["follows", "mutes"]
) -> ResponseReturnValue:
    offset = asked_number("offset", 0, _FURTHEST)
    visitor = await find_visitor(parts)
    if visitor is None:
        return to_connect()
    where = lists.folders("follow" if tab == "follows" else "mute")
    found = await lists.window(visitor.life, where, MOST_ASKED, offset)
    keys = [item.path.name.removesuffix(".json") for item in found.items]
    known = await neighbours.find(keys)
    rows = tuple(
        PersonRow(known[key], lists.row(item)) for key, item in zip(keys, found.items, strict=True)
    )
    content = PeoplePage(
        tab=tab,
        rows=rows,
        has_public=any(not each.row.is_private for each in rows),
        pages=pages_of(f"/me/{tab}", MOST_ASKED, offset, found.total),
        may_change=visitor.may_change,
    )
    return await render("life/people.html", await frame(parts, SECTION), content)


async def _add(parts: Parts, tab: Literal["follows", "mutes"]) -> ResponseReturnValue:
    visitor = await find_visitor(parts)
    if visitor is None:
        return to_connect()
    person = await form_text("person", 200)

    def build() -> Built:
        make = build_follow if tab == "follows" else build_mute
        return make(person, now_us=now_us(parts))

    await store_or_refuse(visitor, build)
    return redirect(f"/me/{tab}?done={'followed' if tab == 'follows' else 'muted'}", 303)
