"""Scans of who is signed in already: to prove again who it is, to own the node, to lend data."""

from dataclasses import dataclass

from quart import abort, redirect, request
from quart.typing import ResponseReturnValue

from dashboard import scanning
from dashboard.addresses import local_page
from dashboard.doors.logins import Approval
from dashboard.page_context import frame, frame_without_node, render, signed_in
from dashboard.pages import login
from dashboard.pages.connect import finish_connect
from dashboard.pages.own.move_acts import finish_move
from dashboard.pages.setup import finish_claim
from dashboard.pages.waiting import over_page, reaches_phones, waiting_page
from dashboard.parts import Parts
from dashboard.routes import RouteTable
from dashboard.sign_in import STEP_UP_S, Scan, SignIn
from dashboard.wording import duration

_POST = frozenset({"POST"})


@dataclass(frozen=True, slots=True)
class ConfirmPage:
    """Why a fresh proof is asked for, and where it leads. `may_scan` needs a key to compare."""

    back: str
    lifetime: str
    may_scan: bool
    may_use_link: bool
    reaches_phones: bool


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the waiting page, and the page that asks for a fresh proof."""

    @table.add("/confirm", audience="signed-in")
    async def confirm() -> ResponseReturnValue:
        current = signed_in()
        back = local_page(request.args.get("back", "/"))
        around = await frame(parts, "")
        if current.is_fresh(around.now_s):
            return redirect(back, 303)
        content = ConfirmPage(
            back=back,
            lifetime=duration(STEP_UP_S),
            may_scan=current.public_key is not None or not await parts.owners.has_none(),
            may_use_link=around.roles is not None and around.roles.is_operator,
            reaches_phones=reaches_phones(parts),
        )
        return await render("login/confirm.html", around, content)

    @table.add("/confirm", audience="signed-in", methods=_POST)
    async def start() -> ResponseReturnValue:
        back = local_page((await request.form).get("back", "/"))
        browser = scanning.browser_of_sign_in(signed_in().id)
        await scanning.begin(parts, browser, "step-up", back)
        return redirect("/scan", 303)

    @table.add("/scan", audience="signed-in")
    async def wait() -> ResponseReturnValue:
        current = signed_in()
        around = frame_without_node(parts)
        found = await scanning.look(parts, scanning.browser_of_sign_in(current.id))
        if found is None or found[1].state == "refused":
            return await over_page(around, "/", was_refused=found is not None)
        scan, attempt = found
        if attempt.state == "pending":
            return await waiting_page(parts, around, scan, attempt)
        approval = await scanning.take(parts, scan)
        if approval is None:
            abort(409, "This code was used meanwhile.")
        return await _finish(parts, current, scan, approval)


async def _finish(
    parts: Parts, current: SignIn, scan: Scan, approval: Approval
) -> ResponseReturnValue:
    if scan.purpose == "claim":
        return await finish_claim(parts, current, approval)
    if scan.purpose == "connect":
        return await finish_connect(parts, current, scan, approval)
    if scan.purpose == "move":
        return await finish_move(parts, current, approval)
    return await _finish_step_up(parts, current, scan, approval)


async def _finish_step_up(
    parts: Parts, current: SignIn, scan: Scan, approval: Approval
) -> ResponseReturnValue:
    """A sign-in with a key needs that key; one by link needs the key of an operator."""
    is_same = approval.public_key == current.public_key
    stands_in = current.public_key is None and await parts.owners.includes(approval.public_key)
    if not is_same and not stands_in:
        abort(403, "This was approved with another key than the one that is signed in here.")
    secret = await parts.sign_ins.prove(current.id)
    if secret is None:
        return redirect("/login", 303)
    return login.signed_in(parts, secret, scan.back)
