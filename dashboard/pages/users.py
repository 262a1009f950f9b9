"""The people on this node: the list, one user's facts and limits, and whether they may write."""

from dataclasses import dataclass
from typing import NoReturn

from quart import abort, make_response, redirect, request
from quart.typing import ResponseReturnValue

from dashboard.addresses import AddressError, parse_public_key
from dashboard.doors.admin import QUOTA_NAMES, Quota, UsedInvite, User
from dashboard.doors.answers import DoorRefusedError
from dashboard.page_context import frame, render, render_named
from dashboard.pages.own.asking import Pages, asked_choice, asked_page, asked_window
from dashboard.parts import Parts
from dashboard.routes import RouteTable

_POST = frozenset({"POST"})
ORDERS = ("newest", "bytes", "last_write")
STATES = ("all", "active", "disabled", "suspended")
_LONGEST_PART = 60


@dataclass(frozen=True, slots=True)
class UsersPage:
    """One page of the list."""

    items: tuple[User, ...]
    pages: Pages
    key_part: str
    state: str
    order: str


@dataclass(frozen=True, slots=True)
class FolderUse:
    """A folder below one of the roots, without what is in it."""

    path: str
    file_count: int
    byte_count: int


@dataclass(frozen=True, slots=True)
class UserPage:
    """One user. `problem` is why the last change of limits was refused."""

    user: User
    invite: UsedInvite | None
    folders: tuple[FolderUse, ...]
    quota: Quota
    problem: str | None


@dataclass(frozen=True, slots=True)
class OneUserPage:
    """One user who is about to be changed."""

    user: User


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the users' pages."""

    async def found_user(public_key: str) -> User:
        try:
            user = await parts.admin.find_user(parse_public_key(public_key))
        except AddressError as error:
            abort(404, str(error))
        return user if user is not None else _missing()

    async def shown(user: User, problem: str | None) -> str:
        folders = tuple(
            sorted(
                (FolderUse(*each) for each in await parts.admin.folders_of(user.public_key)),
                key=lambda folder: -folder.byte_count,
            )
        )
        invite = await parts.admin.invite_of(user.public_key)
        content = UserPage(user, invite, folders, await parts.admin.quota(user.public_key), problem)
        return await render_named(parts, "users/show.html", await frame(parts, "users"), content)

    @table.add("/users")
    async def index() -> ResponseReturnValue:
        order = asked_choice("order", ORDERS, ORDERS[0])
        state = asked_choice("state", STATES, STATES[0])
        part = request.args.get("key", "").strip()
        if len(part) > _LONGEST_PART:
            abort(400, "No key is that long.")
        limit, offset = asked_window()
        items, total = await parts.admin.search_users(part, state, order, limit, offset)
        kept = order if order != ORDERS[0] else ""
        kept_state = state if state != STATES[0] else ""
        pages = asked_page("/users", total, key=part, state=kept_state, order=kept)
        content = UsersPage(items, pages, part, state, order)
        return await render_named(parts, "users/index.html", await frame(parts, "users"), content)

    @table.add("/users/<public_key>")
    async def show(public_key: str) -> ResponseReturnValue:
        return await shown(await found_user(public_key), None)

    @table.add("/users/<public_key>/quota", methods=_POST)
    async def set_quota(public_key: str) -> ResponseReturnValue:
        user = await found_user(public_key)
        form = await request.form
        changes = {name: _limit(form.get(name, "").strip()) for name in QUOTA_NAMES}
        try:
            await parts.admin.set_quota(user.public_key, changes)
        except DoorRefusedError as error:
            return await make_response(await shown(user, error.message), 422)
        return redirect(f"/users/{user.public_key}?done=limits-set", 303)

    @table.add("/users/<public_key>/disable")
    async def confirm_disable(public_key: str) -> ResponseReturnValue:
        content = OneUserPage(await found_user(public_key))
        return await render("users/disable.html", await frame(parts, "users"), content)

    @table.add("/users/<public_key>/disable", methods=_POST)
    async def disable(public_key: str) -> ResponseReturnValue:
        user = await found_user(public_key)
        await parts.admin.disable_user(user.public_key)
        return redirect(f"/users/{user.public_key}?done=disabled", 303)

    @table.add("/users/<public_key>/enable")
    async def confirm_enable(public_key: str) -> ResponseReturnValue:
        content = OneUserPage(await found_user(public_key))
        return await render("users/enable.html", await frame(parts, "users"), content)

    @table.add("/users/<public_key>/enable", methods=_POST)
    async def enable(public_key: str) -> ResponseReturnValue:
        user = await found_user(public_key)
        await parts.admin.enable_user(user.public_key)
        return redirect(f"/users/{user.public_key}?done=enabled", 303)


def _limit(text: str) -> str | int | None:
    """A limit as the API takes it: nothing, a number, or words that it will judge."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


def _missing() -> NoReturn:
    abort(404, "Nobody with this key signed up on this node.")
