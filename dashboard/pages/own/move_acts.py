"""The acts of a move: choosing the place, copying, comparing, waiting for the record, leaving."""

import re
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from quart import abort, redirect, request
from quart.typing import ResponseReturnValue

from dashboard import scanning
from dashboard.addresses import AddressError, parse_public_key
from dashboard.doors.answers import DoorError, DoorRefusedError
from dashboard.doors.elsewhere import Elsewhere, Place
from dashboard.doors.logins import Approval
from dashboard.jobs.job import Job, JobFailedError
from dashboard.jobs.jobs import TooManyJobsError, Work
from dashboard.jobs.moving import Move, delete_all, wait_for_record
from dashboard.jobs.places import Arrival, Wish
from dashboard.jobs.record import Kind
from dashboard.page_context import frame, render, signed_in
from dashboard.pages.own.asking import Own, find_own, to_connect
from dashboard.pages.own.moving import exit_page, look_around
from dashboard.parts import Parts
from dashboard.routes import RouteTable
from dashboard.sign_in import SignIn

_POST = frozenset({"POST"})
# What is asked for there: the files, and nothing about other apps.
RIGHTS = "/pub/:rw,/priv/:rw"
_CODE = re.compile(r"[0-9A-Za-z-]{0,64}")


@dataclass(frozen=True, slots=True)
class LeavePage:
    """What leaving means, and what speaks against it. `has_left` is None where it is not known."""

    file_count: int
    byte_count: int
    has_left: bool | None
    all_there: bool | None
    problem: str | None


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the acts."""
    _place_routes(table, parts)
    _leave_routes(table, parts)

    @table.add("/exit/copy", audience="tenant", methods=_POST)
    async def copy() -> ResponseReturnValue:
        return await _with_place(parts, "move")

    @table.add("/exit/compare", audience="tenant", methods=_POST)
    async def compare() -> ResponseReturnValue:
        return await _with_place(parts, "compare")

    @table.add("/exit/watch", audience="tenant", methods=_POST)
    async def watch() -> ResponseReturnValue:
        arrival = parts.places.find(signed_in().id)
        if arrival is None:
            return await exit_page(parts, "Choose the new homeserver first.")
        key, homeserver = signed_in().public_key or "", arrival.place.public_key

        async def look() -> str | None:
            found = await parts.admin.look_up(key)
            if not found.was_asked:
                raise JobFailedError("This node stays by itself, so it cannot ask the network.")
            return None if found.packet is None else found.packet.homeserver

        return await _begin(parts, "watch", lambda job: wait_for_record(job, look, homeserver))


def _place_routes(table: RouteTable, parts: Parts) -> None:
    @table.add("/exit/place", audience="tenant", methods=_POST)
    async def choose() -> ResponseReturnValue:
        form = await request.form
        typed = form.get("homeserver", "").strip()
        key, code = homeserver_in(typed, form.get("code", "").strip())
        if key is None or code is None:
            problem = "This is neither a homeserver's key nor an invite. Copy all of it."
            return await exit_page(parts, problem, typed)
        place = await _find_place(parts, key)
        if isinstance(place, str):
            return await exit_page(parts, place, typed)
        wish = Wish(place, code, has_account=form.get("account") == "there")
        parts.places.want(signed_in().id, wish)
        browser = scanning.browser_of_sign_in(signed_in().id)
        await scanning.begin(parts, browser, "move", "/exit", capabilities=RIGHTS)
        return redirect("/scan", 303)

    @table.add("/exit/forget", audience="tenant", methods=_POST)
    async def forget() -> ResponseReturnValue:
        gone = parts.places.forget(signed_in().id)
        if gone is not None:
            with suppress(DoorError):  # it ends there by itself one day
                async with Elsewhere(gone.place) as other:
                    await other.of(signed_in().public_key or "", gone.secret).end_session()
        return redirect("/exit?done=place-forgotten", 303)


def _leave_routes(table: RouteTable, parts: Parts) -> None:
    @table.add("/exit/leave", audience="tenant", step_up=True)
    async def leave() -> ResponseReturnValue:
        own = await find_own(parts)
        return to_connect() if own is None else await _leave_page(parts, own)

    @table.add("/exit/leave", audience="tenant", methods=_POST, step_up=True)
    async def act() -> ResponseReturnValue:
        own = await find_own(parts)
        if own is None:
            return to_connect()
        form = await request.form
        what = form.get("what", "")
        if what not in {"freeze", "delete"}:
            abort(400, "Choose what to do.")
        named = await _named_now(parts, own.public_key)
        if named == (await parts.admin.node()).public_key:
            problem = "Your record still names this node: others would look for your files here."
            return await _leave_page(parts, own, problem)
        if form.get("sure") != "yes":
            return await _leave_page(parts, own, "Say that you are sure, and send it once more.")
        if what == "freeze":
            await parts.admin.disable_user(own.public_key)
            return redirect("/exit?done=frozen", 303)
        return await _begin(parts, "leave", lambda job: delete_all(job, own.door))


async def finish_move(parts: Parts, sign_in: SignIn, approval: Approval) -> ResponseReturnValue:
    """Spend what was signed at the new homeserver; raises `DoorError` about this node's doors."""
    wish = parts.places.take_wish(sign_in.id)
    if approval.token is None or approval.public_key != sign_in.public_key:
        abort(403, "This was approved with another key than the one that is signed in here.")
    if wish is None:
        abort(409, "Choose the new homeserver once more.")
    owner = approval.public_key
    # What is signed names no homeserver, so whoever gets it could use it here: it is used up first.
    here = await parts.tenants.sign_in(owner, approval.token)
    await parts.tenants.of(owner, here).end_session()
    try:
        async with Elsewhere(wish.place) as other:
            if wish.has_account:
                secret = await other.sign_in(owner, approval.token)
            else:
                secret = await other.sign_up(owner, approval.token, wish.code)
    except DoorError as error:
        return await exit_page(parts, _why_not(error))
    parts.places.arrive(sign_in.id, wish.place, secret)
    return redirect("/exit?done=arrived", 303)


def _why_not(error: DoorError) -> str:
    match error.status:
        case 409:
            return "You have an account there already. Choose that, and approve once more."
        case 404:
            return "You have no account there yet. Choose that, and approve once more."
        case _:
            return f"The new homeserver said no: {error.message}"


def homeserver_in(text: str, code: str) -> tuple[str | None, str | None]:
    """The key and the invite code in what somebody typed or copied; None for what is none."""
    if text.startswith("pubkyauth:"):
        try:
            query = parse_qs(urlsplit(text).query, max_num_fields=20)
        except ValueError:
            return None, None
        text, code = query.get("hs", [""])[0], query.get("st", [code])[0]
    try:
        key = parse_public_key(text.removeprefix("pk:").removeprefix("pubky"))
    except AddressError:
        return None, None
    return key, code if _CODE.fullmatch(code) else None


async def _find_place(parts: Parts, key: str) -> Place | str:
    """Where the homeserver answers, or why nobody can go there."""
    if key == (await parts.admin.node()).public_key:
        return "This is the key of this very node."
    try:
        found = await parts.admin.leaving.homeserver(key)
    except DoorRefusedError as error:
        return error.message  # 52 letters that are no point of the curve
    if found.url is not None:
        return Place(key, found.url, found.is_local)
    if not found.was_asked:
        return "This node stays by itself, so it cannot look for another one."
    return "Nobody knows of a homeserver with this key that browsers could reach. Is it running?"


async def _with_place(parts: Parts, kind: Kind) -> ResponseReturnValue:
    own = await find_own(parts)
    if own is None:
        return to_connect()
    arrival = parts.places.find(signed_in().id)
    if arrival is None:
        return await exit_page(parts, "Choose the new homeserver first, and approve it with Ring.")
    return await _begin(parts, kind, lambda job: _move(job, own, arrival))


async def _move(job: Job, own: Own, arrival: Arrival) -> None:
    job.tell("The other homeserver", arrival.place.public_key, "hash")
    async with Elsewhere(arrival.place) as other:
        move = Move(job, own.door, other.of(own.public_key, arrival.secret))
        if job.record.kind == "move":
            await move.copy()
        await move.compare()


async def _begin(parts: Parts, kind: Kind, work: Work) -> ResponseReturnValue:
    try:
        job = parts.jobs.begin(kind, signed_in().public_key or "", signed_in().id)
    except TooManyJobsError as error:
        return await exit_page(parts, str(error))
    parts.jobs.run(job, work)
    return redirect(f"/jobs/{job.id}", 303)


async def _named_now(parts: Parts, key: str) -> str | None:
    """The homeserver that a key's record names, asked anew; as last known where nobody answers."""
    found = await parts.admin.look_up(key)
    packet = found.packet or (await parts.admin.key_state(key, 1)).packet
    return None if packet is None else packet.homeserver


async def _leave_page(parts: Parts, own: Own, problem: str | None = None) -> ResponseReturnValue:
    usage = await own.door.own.usage()
    seen, _ = await look_around(parts, own.public_key)
    content = LeavePage(usage.file_count, usage.byte_count, seen.has_left, seen.all_there, problem)
    return await render("own/leave.html", await frame(parts, "export"), content)
