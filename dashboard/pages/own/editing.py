"""Changing the text of a stored object, held against the rules of its kind before it is kept."""

import re
from dataclasses import dataclass

from quart import abort, make_response, redirect, request
from quart.typing import ResponseReturnValue

from dashboard.addresses import OwnPath, own_address
from dashboard.doors.storage import ObjectFacts
from dashboard.doors.tenant import TenantDoor
from dashboard.kinds import registry
from dashboard.page_context import frame, render
from dashboard.pages.own.asking import find_own, own_path, to_connect
from dashboard.parts import Parts
from dashboard.routes import RouteTable

_POST = frozenset({"POST"})
LONGEST_TEXT = 64 * 1024
# Percent-encoding makes a text three times as long at most, nine for what is not Latin.
_MAX_BODY = 10 * LONGEST_TEXT
_ETAG = re.compile('"[A-Za-z0-9+/]{43}="')


@dataclass(frozen=True, slots=True)
class EditPage:
    """A text about to be changed; `base` is the ETag of what it was made from."""

    path: OwnPath
    text: str
    base: str
    problems: tuple[str, ...]
    conflict: bool


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the form and the act."""

    @table.add("/own/edit/<path:rest>", audience="tenant")
    async def form(rest: str) -> ResponseReturnValue:
        path = own_path(rest)
        own = await find_own(parts)
        if own is None:
            return to_connect()
        facts, text = await _text_of(own.door, path)
        content = EditPage(path, text, facts.etag, (), conflict=False)
        return await render("own/edit.html", await frame(parts, "files"), content)

    @table.add("/own/edit/<path:rest>", audience="tenant", methods=_POST, max_body=_MAX_BODY)
    async def save(rest: str) -> ResponseReturnValue:
        path = own_path(rest)
        own = await find_own(parts)
        if own is None:
            return to_connect()
        request.max_form_memory_size = _MAX_BODY
        form = await request.form
        text, base = form.get("text", "").replace("\r\n", "\n"), form.get("base", "")
        if not _ETAG.fullmatch(base):
            abort(400, "This form is not whole. Open the page anew.")
        problems = problems_of(path, text)
        is_refused = bool(problems) and form.get("despite") != "yes"
        is_conflict = False
        if not is_refused:
            stored = await own.door.put_if(path, text.encode(), "text/plain", replacing=base)
            is_conflict = stored is None
        if is_conflict or is_refused:
            content = EditPage(path, text, base, problems, conflict=is_conflict)
            body = await render("own/edit.html", await frame(parts, "files"), content)
            return await make_response(body, 409 if is_conflict else 422)
        return redirect(f"{own_address(path)}?done=edited", 303)


def problems_of(path: OwnPath, text: str) -> tuple[str, ...]:
    """Why apps might ignore this text at this path."""
    if len(text.encode()) > LONGEST_TEXT:
        return (f"It is longer than {LONGEST_TEXT:,} bytes.",)
    if not registry.has_words(path.text):
        return ()
    return registry.parse(path.text, text.encode()).problems


async def _text_of(door: TenantDoor, path: OwnPath) -> tuple[ObjectFacts, str]:
    """The text at a path with its facts; ends the request where there is none.

    The facts are asked for first: should the text change in between, they are the older ones, and
    what was made of the newer text is refused.
    """
    facts = await door.find_object(path) if not path.is_folder else None
    if facts is None:
        abort(404, "Nothing lies at this path.")
    if facts.byte_count > LONGEST_TEXT:
        abort(409, "This is too long to be edited here. Download it, change it, and upload it.")
    raw = await door.read(path, LONGEST_TEXT) if facts.byte_count else b""
    try:
        return facts, raw.decode()
    except UnicodeDecodeError:
        abort(409, "This is no text that can be edited here.")
