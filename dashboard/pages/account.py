"""Who one is here, and one's own sign-ins: listed, ended one by one or all at once."""

from dataclasses import dataclass
from datetime import UTC, datetime

from quart import abort, redirect
from quart.typing import ResponseReturnValue

from dashboard.page_context import frame, render, signed_in
from dashboard.pages.connect import end_left_over
from dashboard.pages.login import signed_out
from dashboard.parts import Parts
from dashboard.routes import RouteTable
from dashboard.sign_in import Method, Roles, SignIn, roles_of

_POST = frozenset({"POST"})
# In this order: most browsers also name those that they want to be taken for.
_BROWSERS = (
    ("Firefox/", "Firefox"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Chrome/", "Chrome or Chromium"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("Windows", "Windows"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class ShownSignIn:
    """One row of the table."""

    id: int
    agent: str
    browser: str
    created_at: datetime
    last_seen_at: datetime
    ends_at: datetime
    public_key: str | None
    method: Method
    is_this_one: bool


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Who is signed in here, and where else they are."""

    public_key: str | None
    roles: Roles
    sign_ins: tuple[ShownSignIn, ...]


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the account page."""

    @table.add("/account", audience="signed-in")
    async def index() -> ResponseReturnValue:
        current = signed_in()
        content = AccountPage(
            public_key=current.public_key,
            roles=await roles_of(current, parts.owners, parts.admin),
            sign_ins=tuple(
                _shown(row, is_this_one=row.id == current.id)
                for row in await _own_sign_ins(parts, current)
            ),
        )
        return await render("account/index.html", await frame(parts, "account"), content)

    @table.add("/account/<int:sign_in_id>/end", audience="signed-in", methods=_POST)
    async def end(sign_in_id: int) -> ResponseReturnValue:
        current = signed_in()
        if all(row.id != sign_in_id for row in await _own_sign_ins(parts, current)):
            abort(404, "You have no such sign-in.")
        await parts.sign_ins.revoke(sign_in_id)
        await end_left_over(parts)
        if current.id == sign_in_id:
            return signed_out(parts)
        return redirect("/account?done=ended", 303)

    @table.add("/account/end-others", audience="signed-in", methods=_POST)
    async def end_others() -> ResponseReturnValue:
        current = signed_in()
        for row in await _own_sign_ins(parts, current):
            if row.id != current.id:
                await parts.sign_ins.revoke(row.id)
        await end_left_over(parts)
        return redirect("/account?done=ended-others", 303)


async def _own_sign_ins(parts: Parts, current: SignIn) -> tuple[SignIn, ...]:
    """Those of the same key. Who runs the node also sees everybody else who runs it."""
    is_operator = (await roles_of(current, parts.owners, parts.admin)).is_operator
    found: list[SignIn] = []
    for row in await parts.sign_ins.all():
        is_same = row.public_key is not None and row.public_key == current.public_key
        if row.id == current.id or is_same or (is_operator and await _runs_the_node(parts, row)):
            found.append(row)
    return tuple(found)


async def _runs_the_node(parts: Parts, row: SignIn) -> bool:
    return row.method == "link" or (
        row.public_key is not None and await parts.owners.includes(row.public_key)
    )


def browser_name(agent: str) -> str:
    """`Firefox on Linux`: the two words of a `User-Agent` that tell an owner's browsers apart."""
    browser = next((name for mark, name in _BROWSERS if mark in agent), "A browser")
    system = next((name for mark, name in _SYSTEMS if mark in agent), None)
    return browser if system is None else f"{browser} on {system}"


def _shown(row: SignIn, *, is_this_one: bool) -> ShownSignIn:
    return ShownSignIn(
        id=row.id,
        agent=row.agent,
        browser=browser_name(row.agent),
        created_at=datetime.fromtimestamp(row.created_at, UTC),
        last_seen_at=datetime.fromtimestamp(row.last_seen_at, UTC),
        ends_at=datetime.fromtimestamp(row.ends_at, UTC),
        public_key=row.public_key,
        method=row.method,
        is_this_one=is_this_one,
    )
