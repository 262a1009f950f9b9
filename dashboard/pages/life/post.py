"""One post of the visitor's: in full, with its edits, its copies and their own answers."""

import asyncio
from dataclasses import dataclass, field

from markupsafe import Markup
from quart import abort
from quart.typing import ResponseReturnValue

from dashboard.json_twin import PAGE_ONLY
from dashboard.kinds.paths import V0, classify
from dashboard.life.articles import article_html
from dashboard.life.one_post import OnePost, one_post
from dashboard.page_context import frame, render_named
from dashboard.pages.life.asking import SECTION, find_visitor
from dashboard.pages.own.asking import to_connect
from dashboard.parts import Parts
from dashboard.routes import RouteTable


@dataclass(frozen=True, slots=True)
class PostPage:
    """One post; `article` is its body laid out, if it is one."""

    post: OnePost
    address: str
    may_change: bool
    may_edit: bool
    article: Markup | None = field(metadata=PAGE_ONLY)


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the page of a post."""

    @table.add("/me/posts/<post_id>", audience="tenant")
    async def show(post_id: str) -> ResponseReturnValue:
        checked_id(post_id)
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        found = await one_post(visitor.life, post_id)
        if found is None:
            abort(404, "You have no post of this name, in neither layout.")
        content = PostPage(
            post=found,
            address=visitor.life.address(_address_of(found)),
            may_change=visitor.may_change,
            may_edit=visitor.may_change and may_edit(found),
            # Beside the loop: a body made for it takes half a second.
            article=await asyncio.to_thread(article_html, found.body) if found.body else None,
        )
        return await render_named(parts, "life/post.html", await frame(parts, SECTION), content)


def checked_id(post_id: str) -> str:
    """An id as a post of either layout can have it; ends the request (404) for any other."""
    if classify(f"{V0}posts/{post_id}").kind != "post":
        abort(404, "No post can have this name.")
    return post_id


def may_edit(post: OnePost) -> bool:
    """Whether the form can change it: v1 is a draft that is read here and never written."""
    is_v0 = any(copy.layout == "v0" for copy in post.copies)
    return is_v0 and post.entry.is_readable and post.entry.item_count is None


def _address_of(post: OnePost) -> str:
    """How others name it: v1 by its folder."""
    path = post.entry.path
    parent = path.parent
    if post.copies[0].layout == "v1" and parent is not None:
        return parent.text.rstrip("/")
    return path.text
