"""What the visitor tags, bookmarks and searches for: lists with a form to add to each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from quart import abort, redirect, request
from quart.typing import ResponseReturnValue

from dashboard.kinds import feeds as feed_kind
from dashboard.kinds.bookmarks import build_bookmark
from dashboard.kinds.feeds import build_feed
from dashboard.kinds.tags import build_tag, fold_label
from dashboard.life import lists
from dashboard.life.lists import BookmarkRow, FeedRow, TagRow
from dashboard.page_context import frame, render, render_named
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
from dashboard.routes import RouteTable

# Each row is read, and a page stays under 60 kB.
PAGE = 40
_FURTHEST = 10_000_000
_LONGEST_ADDRESS = 2048

_R = TypeVar("_R", TagRow, BookmarkRow)


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under one heading."""

    name: str
    rows: tuple[TagRow, ...] | tuple[BookmarkRow, ...]


@dataclass(frozen=True, slots=True)
class TagsPage:
    """Tags by label; `weights` say how large each is in the cloud, 1 to 5."""

    groups: tuple[Group, ...]
    weights: dict[str, int]
    label: str
    pages: Pages
    may_change: bool


@dataclass(frozen=True, slots=True)
class BookmarksPage:
    """Bookmarks by what they lead to."""

    groups: tuple[Group, ...]
    has_public: bool
    pages: Pages
    may_change: bool


@dataclass(frozen=True, slots=True)
class FeedsPage:
    """Feeds, and the choices of the form."""

    rows: tuple[FeedRow, ...]
    pages: Pages
    reaches: dict[str, str]
    sorts: dict[str, str]
    layouts: tuple[str, ...]
    may_change: bool


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the lists and what adds to them."""
    _add_tags(table, parts)
    _add_bookmarks(table, parts)
    _add_feeds(table, parts)


def _add_tags(table: RouteTable, parts: Parts) -> None:
    @table.add("/me/tags", audience="tenant")
    async def tags() -> ResponseReturnValue:
        label = fold_label(request.args.get("label", ""))[:40]
        offset = asked_number("offset", 0, _FURTHEST)
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        if label:
            rows, total = await lists.tags_of_label(visitor.life, label), 0
        else:
            found = await lists.window(visitor.life, lists.folders("tag"), PAGE, offset)
            rows, total = await lists.tags(visitor.life, found.items), found.total
        groups = _grouped([(row.label or "Unreadable", row) for row in rows])
        content = TagsPage(
            groups=groups,
            weights={group.name: min(len(group.rows), 5) for group in groups},
            label=label,
            pages=pages_of("/me/tags", PAGE, offset, total),
            may_change=visitor.may_change,
        )
        return await render_named(parts, "life/tags.html", await frame(parts, SECTION), content)

    @table.add("/me/tags/new", audience="tenant", methods=POST)
    async def tag() -> ResponseReturnValue:
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        uri, label = await form_text("uri", _LONGEST_ADDRESS), await form_text("label", 100)
        await store_or_refuse(visitor, lambda: build_tag(uri, label, now_us=now_us(parts)))
        return redirect("/me/tags?done=tagged", 303)


def _add_bookmarks(table: RouteTable, parts: Parts) -> None:
    @table.add("/me/bookmarks", audience="tenant")
    async def bookmarks() -> ResponseReturnValue:
        offset = asked_number("offset", 0, _FURTHEST)
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        found = await lists.window(visitor.life, lists.folders("bookmark"), PAGE, offset)
        rows = await lists.bookmarks(visitor.life, found.items)
        content = BookmarksPage(
            groups=_grouped([(row.group, row) for row in rows]),
            has_public=any(not row.row.is_private for row in rows),
            pages=pages_of("/me/bookmarks", PAGE, offset, found.total),
            may_change=visitor.may_change,
        )
        return await render_named(
            parts, "life/bookmarks.html", await frame(parts, SECTION), content
        )

    @table.add("/me/bookmarks/new", audience="tenant", methods=POST)
    async def bookmark() -> ResponseReturnValue:
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        uri = await form_text("uri", _LONGEST_ADDRESS)
        await store_or_refuse(visitor, lambda: build_bookmark(uri, now_us=now_us(parts)))
        return redirect("/me/bookmarks?done=bookmarked", 303)


def _add_feeds(table: RouteTable, parts: Parts) -> None:
    @table.add("/me/feeds", audience="tenant")
    async def feeds() -> ResponseReturnValue:
        offset = asked_number("offset", 0, _FURTHEST)
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        found = await lists.window(visitor.life, lists.folders("feed"), PAGE, offset)
        content = FeedsPage(
            rows=await lists.feeds(visitor.life, found.items),
            pages=pages_of("/me/feeds", PAGE, offset, found.total),
            reaches=feed_kind.REACHES,
            sorts=feed_kind.SORTS,
            layouts=feed_kind.LAYOUTS,
            may_change=visitor.may_change,
        )
        return await render("life/feeds.html", await frame(parts, SECTION), content)

    @table.add("/me/feeds/new", audience="tenant", methods=POST)
    async def feed() -> ResponseReturnValue:
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        name, labels = await form_text("name", 200), await form_text("tags", 500)
        choices = {word: await form_text(word, 20) for word in ("reach", "layout", "sort")}
        content = await form_text("content", 20) or None
        tags = labels.replace(",", " ").split()
        if len(tags) > feed_kind.MOST_TAGS:
            abort(400, f"A feed has at most {feed_kind.MOST_TAGS} tags.")
        await store_or_refuse(
            visitor,
            lambda: build_feed(
                name,
                tags=tags,
                content=content,
                now_us=now_us(parts),
                **choices,
            ),
        )
        return redirect("/me/feeds?done=kept-feed", 303)


def _grouped(named: Sequence[tuple[str, _R]]) -> tuple[Group, ...]:
    """Rows under their headings, the largest group first."""
    found: dict[str, list[_R]] = {}
    for name, row in named:
        found.setdefault(name, []).append(row)
    ordered = sorted(found.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return tuple(Group(name, tuple(rows)) for name, rows in ordered)
