"""Changing and deleting a post of the visitor's."""

import hashlib
from dataclasses import dataclass

from quart import abort, make_response, redirect, request
from quart.typing import ResponseReturnValue

from dashboard.addresses import OwnPath
from dashboard.kinds import posts
from dashboard.kinds.posts import Post
from dashboard.kinds.writing import InvalidObjectError
from dashboard.life import removal
from dashboard.life.reading import Life, Stored, find
from dashboard.life.removal import Going
from dashboard.life.writing import FormProblem, problems_of, store
from dashboard.page_context import frame, render
from dashboard.pages.life.asking import POST, SECTION, find_visitor, form_text
from dashboard.pages.life.post import checked_id
from dashboard.pages.own.asking import to_connect
from dashboard.parts import Parts
from dashboard.routes import RouteTable

# An article of the greatest length, as forms spell it.
_MAX_FORM_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class EditPage:
    """The form; `theirs` is what is stored if that changed since the form was made."""

    id: str
    is_article: bool
    title: str
    content: str
    seen: str
    theirs: str | None
    problems: tuple[FormProblem, ...]


@dataclass(frozen=True, slots=True)
class DeletePostPage:
    """What would go. With `behind`, posts of the last seconds may need these media all the same."""

    id: str
    copies: tuple[Going, ...]
    media: tuple[Going, ...]
    behind: int


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the forms and the acts."""
    _add_editing(table, parts)
    _add_deleting(table, parts)


def _add_editing(table: RouteTable, parts: Parts) -> None:
    @table.add("/me/posts/<post_id>/edit", audience="tenant")
    async def edit(post_id: str) -> ResponseReturnValue:
        checked_id(post_id)
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        stored, post = await _stored(visitor.life, post_id)
        return await _edit_page(parts, post_id, post, *_words(post), seen=_mark(stored))

    @table.add("/me/posts/<post_id>/edit", audience="tenant", methods=POST)
    async def save(post_id: str) -> ResponseReturnValue:
        checked_id(post_id)
        request.max_content_length = _MAX_FORM_BYTES
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        stored, post = await _stored(visitor.life, post_id)
        title, content = await form_text("title", 1000), await form_text("content")
        mark = _mark(stored)
        if await form_text("seen", 100) != mark:
            # Somebody wrote in between: both are shown, and the next attempt is made knowingly.
            return await _edit_page(
                parts, post_id, post, title, content, seen=mark, theirs="\n\n".join(_words(post))
            )
        try:
            before = (stored.path.text, stored.raw)
            await store(visitor.life, posts.edited(before, post, content=content, title=title))
        except InvalidObjectError as error:
            found = problems_of(error)
            return await _edit_page(parts, post_id, post, title, content, seen=mark, problems=found)
        return redirect(f"/me/posts/{post_id}?done=saved", 303)


def _add_deleting(table: RouteTable, parts: Parts) -> None:
    @table.add("/me/posts/<post_id>/delete", audience="tenant")
    async def confirm(post_id: str) -> ResponseReturnValue:
        checked_id(post_id)
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        found = await removal.post_removal(visitor.life, post_id)
        if not found.copies:
            abort(404, "You have no post of this name, in neither layout.")
        behind, _ = await visitor.life.door.own.index_progress()
        content = DeletePostPage(post_id, found.copies, found.media, behind)
        return await render("life/delete_post.html", await frame(parts, SECTION), content)

    @table.add("/me/posts/<post_id>/delete", audience="tenant", methods=POST)
    async def act(post_id: str) -> ResponseReturnValue:
        checked_id(post_id)
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        found = await removal.post_removal(visitor.life, post_id)
        chosen = set((await request.form).getlist("media"))
        media = [going.path for going in found.media if going.path.text in chosen]
        await removal.remove(visitor.life, (*(going.path for going in found.copies), *media))
        return redirect("/me/posts?done=deleted", 303)


async def _stored(life: Life, post_id: str) -> tuple[Stored, Post]:
    """The v0 post that the form is about; ends the request (404) where there is none."""
    stored = await find(life, OwnPath(posts.FOLDER + post_id))
    if stored is None or not isinstance(stored.parsed.value, Post):
        abort(404, "There is no post of this name in today's layout (v0) that can be changed.")
    if stored.parsed.value.collection is not None:
        abort(404, "Collections cannot be changed here.")
    return stored, stored.parsed.value


def _words(post: Post) -> tuple[str, str]:
    return post.article.title if post.article is not None else "", post.text


def _mark(stored: Stored) -> str:
    """Tells whether the stored bytes are still those that a form was made from."""
    return hashlib.sha256(stored.raw).hexdigest()


async def _edit_page(
    parts: Parts,
    post_id: str,
    post: Post,
    title: str,
    content: str,
    *,
    seen: str,
    theirs: str | None = None,
    problems: tuple[FormProblem, ...] = (),
) -> ResponseReturnValue:
    page = EditPage(post_id, post.kind == "long", title, content, seen, theirs, problems)
    body = await render("life/edit.html", await frame(parts, SECTION), page)
    return await make_response(body, 409 if theirs is not None else 422 if problems else 200)
