"""Removing several things of a list at once: a page that says what will go, and then the act."""

from dataclasses import dataclass

from quart import abort, redirect, request
from quart.typing import ResponseReturnValue

from dashboard.addresses import OwnPath
from dashboard.kinds import registry
from dashboard.kinds.paths import classify
from dashboard.life import removal
from dashboard.life.reading import Life, each, path_or_none
from dashboard.page_context import frame, render
from dashboard.pages.life.asking import POST, SECTION, find_visitor, form_text
from dashboard.pages.own.asking import to_connect
from dashboard.parts import Parts
from dashboard.routes import RouteTable

MOST_CHOSEN = 200
_MAX_FORM_BYTES = 1024 * 1024
_MOST_POINTING = 50
# The lists that things are removed from, and where their pages are.
_BACK = ("follows", "mutes", "tags", "bookmarks", "feeds", "media")


@dataclass(frozen=True, slots=True)
class Chosen:
    """One thing to be removed; `users` are objects that will point to nothing then."""

    path: OwnPath
    title: str
    users: tuple[OwnPath, ...]


@dataclass(frozen=True, slots=True)
class RemovePage:
    """What would go."""

    back: str
    items: tuple[Chosen, ...]


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the confirmation and the act."""

    # By POST although it changes nothing: more paths than an address has room for.
    @table.add("/me/remove", audience="tenant", methods=POST)
    async def confirm() -> ResponseReturnValue:
        back, paths = await _chosen()
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        if not paths:
            return redirect(f"/me/{back}?done=nothing-chosen", 303)
        life = visitor.life
        found = [one for ones in await each(lambda path: _look(life, path), paths) for one in ones]
        content = RemovePage(back, tuple({one.path.text: one for one in found}.values()))
        return await render("life/remove.html", await frame(parts, SECTION), content)

    @table.add("/me/remove/act", audience="tenant", methods=POST)
    async def act() -> ResponseReturnValue:
        back, paths = await _chosen()
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        await removal.remove(visitor.life, paths)
        return redirect(f"/me/{back}?done=deleted", 303)


async def _chosen() -> tuple[str, tuple[OwnPath, ...]]:
    """The list that was chosen from, and what of it; ends the request (400) for anything else."""
    request.max_content_length = _MAX_FORM_BYTES
    back = await form_text("back", 20) or _BACK[0]
    texts = (await request.form).getlist("path")
    paths = tuple(path for text in texts if (path := path_or_none(text)) is not None)
    if back not in _BACK or len(paths) < len(texts) or len(paths) > MOST_CHOSEN * 2:
        abort(400, f"Choose at most {MOST_CHOSEN} things of one list.")
    # Posts have copies, which their own page lists.
    if any(classify(path.text).kind in {None, "post"} for path in paths):
        abort(400, "This is nothing that these lists have.")
    return back, paths


async def _look(life: Life, path: OwnPath) -> list[Chosen]:
    """What goes with this one: v0's words about a medium lead to nothing without its bytes."""
    at = classify(path.text)
    users: tuple[OwnPath, ...] = ()
    title = registry.KINDS[at.kind].singular if at.kind is not None else path.name
    if at.kind in {"blob", "media", "file"}:
        users = await life.door.own.pointing_to(life.address(path.text), _MOST_POINTING)
    # Not from words to words: two that name each other would never end.
    words = [user for user in users if at.kind == "blob" and classify(user.text).kind == "file"]
    others = tuple(user for user in users if user not in words)
    with_words = [one for user in words for one in await _look(life, user)]
    return [Chosen(path, title, others), *with_words]
