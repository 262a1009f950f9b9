"""Writing a post: short with media, or an article; as an answer to another, or passing one on."""

from dataclasses import dataclass

from quart import make_response, redirect, request
from quart.typing import ResponseReturnValue

from dashboard.doors.answers import DoorRefusedError
from dashboard.kinds import posts
from dashboard.kinds.files import MOST_BYTES
from dashboard.kinds.writing import InvalidObjectError
from dashboard.life.writing import (
    MAX_FORM_BYTES,
    FormProblem,
    Upload,
    Words,
    new_post,
    problems_of,
)
from dashboard.page_context import frame, render
from dashboard.pages.life.asking import POST, SECTION, find_visitor, form_text, now_us
from dashboard.pages.own.asking import to_connect
from dashboard.parts import Parts
from dashboard.routes import RouteTable

_LONGEST_ADDRESS = 1024


@dataclass(frozen=True, slots=True)
class ComposePage:
    """The form as it was sent, and why it was not taken."""

    words: Words
    problems: tuple[FormProblem, ...]
    lost_files: bool
    most_files: int
    most_bytes: int
    most_short: int
    most_long: int


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the form and the act."""

    @table.add("/me/posts/new", audience="tenant")
    async def form() -> ResponseReturnValue:
        if await find_visitor(parts) is None:
            return to_connect()
        words = Words(
            is_article=request.args.get("kind") == "article",
            parent=request.args.get("reply", "")[:_LONGEST_ADDRESS],
            embed=request.args.get("repost", "")[:_LONGEST_ADDRESS],
        )
        return await _page(parts, words, ())

    @table.add("/me/posts/new", audience="tenant", methods=POST)
    async def create() -> ResponseReturnValue:
        request.max_content_length = MAX_FORM_BYTES
        request.body_timeout = None  # films take longer than Quart's default minute
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        words = Words(
            content=await form_text("content"),
            title=await form_text("title", 1000),
            is_article=await form_text("kind", 20) == "article",
            parent=(await form_text("parent", _LONGEST_ADDRESS)).strip(),
            embed=(await form_text("embed", _LONGEST_ADDRESS)).strip(),
        )
        uploads = await form_uploads("attachments")
        try:
            post_id = await new_post(visitor.life, words, uploads, now_us(parts))
        except InvalidObjectError as error:
            return await _page(parts, words, problems_of(error), lost_files=bool(uploads))
        except DoorRefusedError as error:
            problem = FormProblem("", error.message)
            return await _page(parts, words, (problem,), lost_files=bool(uploads))
        return redirect(f"/me/posts/{post_id}?done=posted", 303)


async def form_uploads(name: str) -> list[Upload]:
    """The files of the form, those that were not chosen left out."""
    return [
        Upload(each.filename, each.content_type or "", each.stream)
        for each in (await request.files).getlist(name)
        if each.filename
    ]


async def _page(
    parts: Parts,
    words: Words,
    problems: tuple[FormProblem, ...],
    *,
    lost_files: bool = False,
) -> ResponseReturnValue:
    content = ComposePage(
        words,
        problems,
        lost_files,
        posts.MOST_ATTACHMENTS,
        MOST_BYTES,
        posts.MOST_SHORT,
        posts.MOST_LONG,
    )
    body = await render("life/compose.html", await frame(parts, SECTION), content)
    return await make_response(body, 422 if problems else 200)
