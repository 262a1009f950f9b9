"""The visitor's posts, newest first, and the private ones by themselves."""

from dataclasses import dataclass
from typing import cast
from urllib.parse import urlencode

from quart import request
from quart.typing import ResponseReturnValue

from dashboard.life import places
from dashboard.life.timeline import LAYOUTS, SORTS, Sort, Timeline, Wanted, timeline
from dashboard.page_context import frame, render_named
from dashboard.pages.life.asking import SECTION, asked_name, find_visitor
from dashboard.pages.own.asking import asked_choice, asked_number, to_connect
from dashboard.parts import Parts
from dashboard.routes import RouteTable

_LAST_YEAR = 2200


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """A page of posts; `first` is the page without a position, `next` the one behind, if any."""

    tab: str
    title: str
    address: str
    timeline: Timeline
    wanted: Wanted
    years: tuple[int, ...]
    is_filtered: bool
    first: str | None
    next: str | None
    may_change: bool


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the lists of posts."""

    @table.add("/me/posts", audience="tenant")
    async def index() -> ResponseReturnValue:
        sort = cast("Sort", asked_choice("kind", SORTS, "all"))
        layout = asked_choice("layout", LAYOUTS, "both")
        return await _page(parts, "posts", "Posts", sort, cast("places.Layout", layout))

    @table.add("/me/drafts", audience="tenant")
    async def drafts() -> ResponseReturnValue:
        return await _page(parts, "drafts", "Private posts", "all", "private")


async def _page(
    parts: Parts, tab: str, title: str, sort: Sort, layout: places.Layout
) -> ResponseReturnValue:
    wanted = Wanted(
        sort=sort,
        year=asked_number("year", 0, _LAST_YEAR) or None,
        label=request.args.get("tag", "").strip()[:40],
        layout=layout,
        before=asked_name("before"),
    )
    visitor = await find_visitor(parts)
    if visitor is None:
        return to_connect()
    address = f"/me/{tab}"
    found = await timeline(visitor.life, wanted)
    content = TimelinePage(
        tab=tab,
        title=title,
        address=address,
        timeline=found,
        wanted=wanted,
        years=await places.years(visitor.life, places.FOLDERS[layout]),
        is_filtered=bool(_query(tab, wanted)),
        first=_address(address, _query(tab, wanted)) if wanted.before else None,
        next=_address(address, [*_query(tab, wanted), ("before", found.next_before)])
        if found.next_before
        else None,
        may_change=visitor.may_change,
    )
    return await render_named(parts, "life/timeline.html", await frame(parts, SECTION), content)


def _query(tab: str, wanted: Wanted) -> list[tuple[str, str]]:
    """The filters as members of a query."""
    query = [("year", str(wanted.year or "")), ("tag", wanted.label)]
    if tab == "posts":
        query += [
            ("kind", "" if wanted.sort == "all" else wanted.sort),
            ("layout", "" if wanted.layout == "both" else wanted.layout),
        ]
    return [(name, value) for name, value in query if value]


def _address(address: str, query: list[tuple[str, str]]) -> str:
    return f"{address}?{urlencode(query)}" if query else address
