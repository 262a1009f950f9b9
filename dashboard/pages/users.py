"""The people on this node: the list, one user's facts, and whether they may write."""

from dataclasses import dataclass
from typing import NoReturn

from quart import abort, redirect
from quart.typing import ResponseReturnValue

from dashboard.addresses import AddressError, parse_public_key
from dashboard.doors.admin import User, UserPage
from dashboard.page_context import frame, render
from dashboard.pages.paging import Paging, asked_page
from dashboard.parts import Parts
from dashboard.routes import RouteTable

_POST = frozenset({"POST"})


@dataclass(frozen=True, slots=True)
class UsersPage:
    """One page of the list."""

    found: UserPage
    paging: Paging


@dataclass(frozen=True, slots=True)
class OneUserPage:
    """One user, shown or about to be changed."""

    user: User


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the users' pages and the list's JSON twin."""

    async def found_user(public_key: str) -> User:
        try:
            user = await parts.admin.find_user(parse_public_key(public_key))
        except AddressError as error:
            abort(404, str(error))
        return user if user is not None else _missing()

    @table.add("/users")
    async def index() -> ResponseReturnValue:
        paging = asked_page("/users")
        found = await parts.admin.users(paging.limit, paging.cursor)
        return await render(
            "users/index.html", await frame(parts, "users"), UsersPage(found, paging)
        )

    @table.add("/users/<public_key>")
    async def show(public_key: str) -> ResponseReturnValue:
        content = OneUserPage(await found_user(public_key))
        return await render("users/show.html", await frame(parts, "users"), content)

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


def _missing() -> NoReturn:
    abort(404, "Nobody with this key signed up on this node.")
