"""Deleting several of the visitor's posts at once: a page that says what will go, and the act."""

from dataclasses import dataclass

from quart import abort, redirect, request
from quart.typing import ResponseReturnValue

from dashboard.life import removal
from dashboard.life.removal import Going
from dashboard.page_context import frame, render
from dashboard.pages.life.asking import POST, SECTION, find_visitor, form_text
from dashboard.pages.life.post import checked_id
from dashboard.pages.own.asking import to_connect
from dashboard.parts import Parts
from dashboard.routes import RouteTable

# A page of posts has thirty; each that is chosen costs a dozen questions.
MOST_CHOSEN = 60
_BACK = ("posts", "drafts")


@dataclass(frozen=True, slots=True)
class DeletePostsPage:
    """What would go. With `behind`, posts of the last seconds may need these media all the same."""

    back: str
    ids: tuple[str, ...]
    copies: tuple[Going, ...]
    media: tuple[Going, ...]
    behind: int


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the confirmation and the act."""

    # By POST although it changes nothing, as it is where the forms of lists lead.
    @table.add("/me/remove-posts", audience="tenant", methods=POST)
    async def confirm() -> ResponseReturnValue:
        back, ids = await _chosen()
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        if not ids:
            return redirect(f"/me/{back}?done=nothing-chosen", 303)
        found = await removal.posts_removal(visitor.life, ids)
        behind, _ = await visitor.life.door.own.index_progress()
        content = DeletePostsPage(back, ids, found.copies, found.media, behind)
        return await render("life/delete_posts.html", await frame(parts, SECTION), content)

    @table.add("/me/remove-posts/act", audience="tenant", methods=POST)
    async def act() -> ResponseReturnValue:
        back, ids = await _chosen()
        visitor = await find_visitor(parts)
        if visitor is None:
            return to_connect()
        found = await removal.posts_removal(visitor.life, ids)
        chosen = set((await request.form).getlist("media"))
        media = [going.path for going in found.media if going.path.text in chosen]
        await removal.remove(visitor.life, (*(going.path for going in found.copies), *media))
        return redirect(f"/me/{back}?done=deleted", 303)


async def _chosen() -> tuple[str, tuple[str, ...]]:
    """The list that was chosen from, and the ids; ends the request (400, 404) for others."""
    back = await form_text("back", 20) or _BACK[0]
    ids = tuple(dict.fromkeys((await request.form).getlist("post")))
    if back not in _BACK or len(ids) > MOST_CHOSEN:
        abort(400, f"Choose at most {MOST_CHOSEN} posts at once.")
    return back, tuple(map(checked_id, ids))
