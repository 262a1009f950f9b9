"""Writing the visitor's profile: name, words, picture, links; what apps put beside them stays."""

import hashlib
from dataclasses import dataclass

from quart import make_response, redirect, request
from quart.typing import ResponseReturnValue

from dashboard.doors.answers import DoorRefusedError
from dashboard.kinds.people import MOST_LINKS, Profile, build_profile
from dashboard.kinds.writing import InvalidObjectError, invalid
from dashboard.life.reading import Life, Stored, find
from dashboard.life.writing import (
    FormProblem,
    NewFile,
    Upload,
    new_files,
    problems_of,
    store,
    store_files,
)
from dashboard.page_context import frame, render
from dashboard.pages.life.asking import POST, SECTION, find_visitor, form_text, now_us
from dashboard.pages.life.compose import form_uploads
from dashboard.pages.life.profile import V0
from dashboard.pages.own.asking import to_connect
from dashboard.parts import Parts
from dashboard.routes import RouteTable

# A picture that every app would show; the node itself takes larger ones.
_MAX_FORM_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Words:
    """What the form says; every link is (title, address), the unused ones empty."""

    name: str = ""
    bio: str = ""
    status: str = ""
    image: str = ""
    links: tuple[tuple[str, str], ...] = ()

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """As many links as there may be."""
        return (*self.links, *[("", "")] * MOST_LINKS)[: max(MOST_LINKS, len(self.links))]


@dataclass(frozen=True, slots=True)
class ProfileFormPage:
    """The form as it was sent, and why it was not taken."""

    words: Words
    link_rows: tuple[tuple[str, str], ...]
    seen: str
    is_changed: bool
    problems: tuple[FormProblem, ...]


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the form and the act."""

    @table.add("/me/profile/edit", audience="tenant")
    async def form() -> ResponseReturnValue:
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        stored = await find(visitor.life, V0)
        return await _page(parts, _words_of(stored), stored)

    @table.add("/me/profile/edit", audience="tenant", methods=POST)
    async def save() -> ResponseReturnValue:
        request.max_content_length = _MAX_FORM_BYTES
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        stored = await find(visitor.life, V0)
        words, uploads = await _sent(), await form_uploads("image")
        if await form_text("seen", 100) != _mark(stored):
            return await _page(parts, words, stored, is_changed=True)
        try:
            await _save(visitor.life, words, uploads, stored, now_us(parts))
        except InvalidObjectError as error:
            return await _page(parts, words, stored, problems_of(error))
        except DoorRefusedError as error:
            return await _page(parts, words, stored, (FormProblem("", error.message),))
        return redirect("/me?done=saved", 303)


async def _save(
    life: Life, words: Words, uploads: list[Upload], stored: Stored | None, now: int
) -> None:
    files: tuple[NewFile, ...] = ()
    if uploads:
        if not uploads[0].content_type.startswith("image/"):
            raise invalid("image", "This is not a picture.")
        files = new_files(life, uploads[:1], now, "image")
    built = build_profile(
        words.name,
        bio=words.bio,
        status=words.status,
        image=life.address(files[0].words.path) if files else words.image,
        links=words.links,
        stored=stored.raw if stored is not None and stored.raw else None,
    )
    await store_files(life, files)
    await store(life, built)


async def _sent() -> Words:
    """The form's words; links without title and address are none."""
    pairs = [
        (
            (await form_text(f"links-{index}-title", 1000)).strip(),
            (await form_text(f"links-{index}-url", 1000)).strip(),
        )
        for index in range(MOST_LINKS)
    ]
    keeps = await form_text("keep-image", 5) == "yes"
    return Words(
        name=await form_text("name", 1000),
        bio=await form_text("bio", 5000),
        status=await form_text("status", 1000),
        image=await form_text("old-image", 2000) if keeps else "",
        links=tuple(pair for pair in pairs if any(pair)),
    )


def _words_of(stored: Stored | None) -> Words:
    profile = stored.parsed.value if stored is not None else None
    if not isinstance(profile, Profile):
        return Words()
    return Words(
        name=profile.name,
        bio=profile.bio or "",
        status=profile.status or "",
        image=profile.image or "",
        links=tuple((link.title, link.url) for link in profile.links),
    )


def _mark(stored: Stored | None) -> str:
    """Tells whether the stored bytes are still those that a form was made from."""
    return hashlib.sha256(stored.raw).hexdigest() if stored is not None else "nothing"


async def _page(
    parts: Parts,
    words: Words,
    stored: Stored | None,
    problems: tuple[FormProblem, ...] = (),
    *,
    is_changed: bool = False,
) -> ResponseReturnValue:
    content = ProfileFormPage(words, words.rows, _mark(stored), is_changed, problems)
    body = await render("life/profile_form.html", await frame(parts, SECTION), content)
    return await make_response(body, 409 if is_changed else 422 if problems else 200)
