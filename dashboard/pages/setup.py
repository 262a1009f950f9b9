"""The first run of a node in five steps, and whose key runs it.

The first key is claimed by whoever came with a link of the shell: while no key runs the node, such
a link is what makes an operator, so their audience is enough. Every step looks at how things are,
so each can be left, resumed and done again.
"""

from dataclasses import dataclass
from typing import Literal

from quart import abort, make_response, redirect, request
from quart.typing import ResponseReturnValue

from dashboard import scanning, wording
from dashboard.doors.admin import Node
from dashboard.doors.answers import DoorError, DoorRefusedError
from dashboard.doors.logins import Approval
from dashboard.page_context import frame, render, signed_in
from dashboard.pages import login
from dashboard.parts import Parts
from dashboard.routes import RouteTable
from dashboard.sign_in import SignIn

_POST = frozenset({"POST"})
MAX_NAME = 40

# `unknown`: our own look at it failed, which says nothing about the node.
StepState = Literal["done", "open", "unknown"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the first run, and what shows that it is done.

    `can_act` False: by its settings this node does not do that.
    """

    name: Literal["shell", "name", "link", "publish", "invite"]
    state: StepState
    evidence: str
    can_act: bool = True


@dataclass(frozen=True, slots=True)
class SetupPage:
    """The steps, and the keys that run this node. One of the settings can only be changed there."""

    steps: tuple[Step, ...]
    is_set_up: bool
    node_name: str | None
    typed_name: str
    max_name: int
    problem: str | None
    configured: tuple[str, ...]
    claimed: tuple[str, ...]
    may_claim: bool


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the page about the node's owner."""

    @table.add("/setup")
    async def index() -> ResponseReturnValue:
        return await _page(parts)

    @table.add("/setup/name", methods=_POST)
    async def give_name() -> ResponseReturnValue:
        name = " ".join((await request.form).get("name", "").split())
        if len(name) > MAX_NAME:
            problem = f"A name has at most {MAX_NAME} characters; this one has {len(name)}."
            return await make_response(await _page(parts, name, problem), 400)
        await parts.node_facts.give_name(name)
        return redirect("/setup?done=named", 303)

    @table.add("/setup/publish", methods=_POST)
    async def publish() -> ResponseReturnValue:
        try:
            was_heard = await parts.admin.publish()
        except DoorRefusedError as refusal:
            return await make_response(await _page(parts, problem=refusal.message), 409)
        return redirect(f"/setup?done={'published' if was_heard else 'unpublished'}", 303)

    @table.add("/setup/end", methods=_POST)
    async def end() -> ResponseReturnValue:
        await parts.node_facts.end_setup()
        return redirect("/setup?done=set-up", 303)

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


async def _page(parts: Parts, typed_name: str | None = None, problem: str | None = None) -> str:
    around = await frame(parts, "setup")
    content = SetupPage(
        steps=await steps_of(parts, around.node),
        is_set_up=await parts.node_facts.is_set_up(),
        node_name=around.node_name,
        typed_name=around.node_name or "" if typed_name is None else typed_name,
        max_name=MAX_NAME,
        problem=problem,
        configured=tuple(sorted(parts.owners.configured)),
        claimed=await parts.owners.claimed(),
        may_claim=await parts.owners.has_none(),
    )
    return await render("setup/index.html", around, content)


async def open_steps(parts: Parts, node: Node) -> tuple[Step, ...]:
    """The steps for the front page: none once they are all done, or not wanted."""
    if await parts.node_facts.is_set_up():
        return ()
    steps = await steps_of(parts, node)
    return steps if any(step.state == "open" for step in steps) else ()


async def steps_of(parts: Parts, node: Node | None) -> tuple[Step, ...]:
    """All steps, each as it is now. `node` None: the admin API does not answer."""
    name = await parts.node_facts.name()
    keys = sorted(parts.owners.configured) + list(await parts.owners.claimed())
    return (
        Step("shell", "done", "You are signed in as somebody who runs this node."),
        Step("name", "done" if name else "open", name or ""),
        Step("link", "done" if keys else "open", keys[0] if keys else ""),
        await _publication(parts),
        _invitation(node),
    )


async def _publication(parts: Parts) -> Step:
    try:
        network = await parts.admin.network()
    except DoorError:
        return Step("publish", "unknown", "The state of the network could not be read.")
    if network.state == "private":
        words = "By its settings this node stays on this machine."
        return Step("publish", "done", words, can_act=False)
    last = network.last_success
    if network.state == "published" and last is not None:
        return Step("publish", "done", f"Published on {wording.absolute(last.at)}.")
    return Step("publish", "open", "Nobody has heard yet where this node is.")


def _invitation(node: Node | None) -> Step:
    if node is None:
        return Step("invite", "unknown", "The admin API does not answer.")
    if node.users:
        return Step("invite", "done", f"{node.users} joined.")
    if node.unused_invites:
        return Step("invite", "done", f"{wording.plural(node.unused_invites, 'invite')} unused.")
    if node.signup_mode == "open":
        return Step("invite", "done", "Anyone can join without an invite.")
    return Step("invite", "open", "")


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
