"""Whose key runs this node: the first is claimed here, by whoever came with a link of the shell.

While no key runs the node, such a link is what makes an operator, so their audience is enough.
"""

from dataclasses import dataclass

from quart import abort, redirect, request
from quart.typing import ResponseReturnValue

from dashboard import scanning
from dashboard.doors.logins import Approval
from dashboard.page_context import frame, render, signed_in
from dashboard.pages import login
from dashboard.parts import Parts
from dashboard.routes import RouteTable
from dashboard.sign_in import SignIn

_POST = frozenset({"POST"})


@dataclass(frozen=True, slots=True)
class SetupPage:
    """The keys that run this node. One of the settings can only be changed there."""

    configured: tuple[str, ...]
    claimed: tuple[str, ...]
    may_claim: bool


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the page about the node's owner."""

    @table.add("/setup")
    async def index() -> ResponseReturnValue:
        content = SetupPage(
            configured=tuple(sorted(parts.owners.configured)),
            claimed=await parts.owners.claimed(),
            may_claim=await parts.owners.has_none(),
        )
        return await render("setup/index.html", await frame(parts, "setup"), content)

    @table.add("/setup/claim", methods=_POST, step_up=True)
    async def claim() -> ResponseReturnValue:
        if not await parts.owners.has_none():
            abort(409, "Somebody's key runs this node already.")
        browser = scanning.browser_of_sign_in(signed_in().id)
        await scanning.begin(parts, browser, "claim", "/setup")
        return redirect("/scan", 303)

    @table.add("/setup/release", methods=_POST, step_up=True)
    async def release() -> ResponseReturnValue:
        await parts.owners.release((await request.form).get("public_key", ""))
        return redirect("/setup?done=released", 303)


async def finish_claim(parts: Parts, sign_in: SignIn, approval: Approval) -> ResponseReturnValue:
    """Make the key that approved the owner's, and this sign-in its own."""
    if sign_in.public_key not in (None, approval.public_key):
        abort(403, "This was approved with another key than the one that is signed in here.")
    if not await parts.owners.claim(approval.public_key):
        abort(409, "Somebody's key runs this node already.")
    secret = await parts.sign_ins.prove(sign_in.id, approval.public_key)
    if secret is None:
        return redirect("/login", 303)
    return login.signed_in(parts, secret, "/setup?done=claimed")
