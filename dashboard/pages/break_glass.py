"""An operator's look into somebody's files, in an emergency; and what the person is told of it."""

from dataclasses import dataclass
from functools import partial

from quart import abort, make_response, redirect, request
from quart.typing import ResponseReturnValue

from dashboard.addresses import AddressError, OwnPath, parse_public_key
from dashboard.doors.admin import User
from dashboard.doors.answers import DoorRefusedError
from dashboard.doors.looks import Announcement, Look, Seen
from dashboard.page_context import frame, render, signed_in
from dashboard.pages.own.asking import find_own, own_path, to_connect
from dashboard.pages.paging import Paging, asked_page
from dashboard.parts import Parts
from dashboard.raw import pass_on
from dashboard.routes import RouteTable

_POST = frozenset({"POST"})
_TOLD = 20


@dataclass(frozen=True, slots=True)
class LookPage:
    """The look that goes on, or the form that begins one. `problem` is why it was refused."""

    user: User
    look: Look | None
    reason: str
    problem: str | None


@dataclass(frozen=True, slots=True)
class SeenPage:
    """A folder of somebody else, while a look goes on. No folder: the two trees."""

    user: User
    look: Look
    folder: OwnPath | None
    items: tuple[Seen, ...]
    paging: Paging
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class AnnouncementsPage:
    """What the visitor is told of looks into their files."""

    announcements: tuple[Announcement, ...]
    older: str | None
    is_first: bool


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the operator's pages of a look, and the page of the person concerned."""

    async def shown(user: User, reason: str, problem: str | None) -> str:
        look = await parts.admin.looks.find_open(user.public_key)
        content = LookPage(user, look, reason, problem)
        return await render("break_glass/look.html", await frame(parts, "users"), content)

    async def listed(public_key: str, folder: OwnPath | None) -> ResponseReturnValue:
        user = await _found_user(parts, public_key)
        look = await parts.admin.looks.find_open(user.public_key)
        if look is None:
            return _to_look(user)
        address = f"/users/{user.public_key}/break-glass/files{folder.quoted if folder else '/'}"
        paging = asked_page(address)
        items, following = await parts.admin.looks.folder(
            user.public_key, folder, paging.limit, paging.cursor
        )
        content = SeenPage(user, look, folder, items, paging, following)
        return await render("break_glass/files.html", await frame(parts, "users"), content)

    @table.add("/users/<public_key>/break-glass", step_up=True)
    async def show(public_key: str) -> ResponseReturnValue:
        return await shown(await _found_user(parts, public_key), "", None)

    @table.add("/users/<public_key>/break-glass", step_up=True, methods=_POST)
    async def begin(public_key: str) -> ResponseReturnValue:
        user = await _found_user(parts, public_key)
        reason = (await request.form).get("reason", "")
        who = signed_in().public_key or "by a link of the shell"
        try:
            await parts.admin.looks.open(user.public_key, reason, who)
        except DoorRefusedError as error:
            return await make_response(await shown(user, reason, error.message), 422)
        return redirect(f"/users/{user.public_key}/break-glass/files/", 303)

    @table.add("/users/<public_key>/break-glass/close", methods=_POST)
    async def end(public_key: str) -> ResponseReturnValue:
        user = await _found_user(parts, public_key)
        await parts.admin.looks.close(user.public_key)
        return redirect(f"/users/{user.public_key}?done=look-closed", 303)

    @table.add("/users/<public_key>/break-glass/files/")
    async def trees(public_key: str) -> ResponseReturnValue:
        return await listed(public_key, None)

    @table.add("/users/<public_key>/break-glass/files/<path:rest>")
    async def files(public_key: str, rest: str) -> ResponseReturnValue:
        folder = own_path(rest)
        if not folder.is_folder:
            abort(404, "This is a file; it has no list.")
        return await listed(public_key, folder)

    @table.add("/users/<public_key>/break-glass/raw/<path:rest>", policy="raw")
    async def raw(public_key: str, rest: str) -> ResponseReturnValue:
        path, user = own_path(rest), await _found_user(parts, public_key)
        if await parts.admin.looks.find_open(user.public_key) is None:
            return _to_look(user)
        open_stream = partial(parts.admin.looks.open_stream, public_key=user.public_key, path=path)
        return await pass_on(open_stream, path)

    _announcements(table, parts)


def _announcements(table: RouteTable, parts: Parts) -> None:
    @table.add("/announcements", audience="tenant")
    async def announcements() -> ResponseReturnValue:
        own = await find_own(parts)
        if own is None:
            return to_connect()
        cursor = request.args.get("cursor", "")
        if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) < 17):
            abort(400, "This position is not one of ours.")
        found, following = await own.door.own.announcements(_TOLD, cursor or None)
        older = f"/announcements?cursor={following}" if following else None
        content = AnnouncementsPage(found, older, not cursor)
        around = await frame(parts, "access")
        return await render("break_glass/announcements.html", around, content)


def _to_look(user: User) -> ResponseReturnValue:
    return redirect(f"/users/{user.public_key}/break-glass", 303)


async def _found_user(parts: Parts, public_key: str) -> User:
    try:
        user = await parts.admin.find_user(parse_public_key(public_key))
    except AddressError as error:
        abort(404, str(error))
    return user if user is not None else abort(404, "Nobody with this key signed up here.")
