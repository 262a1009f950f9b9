"""This dashboard's own sign-ins: listed, ended one by one."""

from dataclasses import dataclass
from datetime import UTC, datetime

from quart import redirect
from quart.typing import ResponseReturnValue

from dashboard.page_context import current_sign_in, frame, render
from dashboard.pages.login import signed_out
from dashboard.parts import Parts
from dashboard.routes import RouteTable
from dashboard.sign_in import SignIn

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
    is_this_one: bool


@dataclass(frozen=True, slots=True)
class AccountPage:
    """Who is signed in here."""

    sign_ins: tuple[ShownSignIn, ...]


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the account page."""

    @table.add("/account")
    async def index() -> ResponseReturnValue:
        current = current_sign_in()
        rows = tuple(
            _shown(row, is_this_one=current is not None and row.id == current.id)
            for row in await parts.sign_ins.all()
        )
        around = await frame(parts, "account")
        return await render("account/index.html", around, AccountPage(rows))

    @table.add("/account/<int:sign_in_id>/end", methods=frozenset({"POST"}))
    async def end(sign_in_id: int) -> ResponseReturnValue:
        await parts.sign_ins.revoke(sign_in_id)
        current = current_sign_in()
        if current is not None and current.id == sign_in_id:
            return signed_out(parts)
        return redirect("/account?done=ended", 303)


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
        is_this_one=is_this_one,
    )
