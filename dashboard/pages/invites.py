"""Invites: the list by state, a new one, one with its QR code, and taking one back."""

from dataclasses import dataclass
from typing import get_args

from quart import abort, make_response, redirect, request
from quart.typing import ResponseReturnValue

from dashboard.doors.admin import Invite, InviteFilter, InvitePage
from dashboard.doors.answers import DoorRefusedError
from dashboard.page_context import frame, render
from dashboard.pages.paging import Paging, asked_page
from dashboard.parts import Parts
from dashboard.routes import RouteTable

_POST = frozenset({"POST"})
_STATES: tuple[InviteFilter, ...] = get_args(InviteFilter)
_MAX_NOTE = 200
_DAY_S = 86_400
# What the form offers: label and seconds.
LIFETIMES: tuple[tuple[str, int | None], ...] = (
    ("No limit", None),
    ("1 day", _DAY_S),
    ("7 days", 7 * _DAY_S),
    ("30 days", 30 * _DAY_S),
)


@dataclass(frozen=True, slots=True)
class InvitesPage:
    """The list in one state, and the form with what was typed if it was refused."""

    found: InvitePage
    paging: Paging
    state: InviteFilter
    states: tuple[InviteFilter, ...]
    lifetimes: tuple[tuple[str, int | None], ...]
    typed_note: str
    problem: str | None


@dataclass(frozen=True, slots=True)
class OneInvitePage:
    """One invite. `openable` says whether its link may become a hyperlink."""

    invite: Invite
    openable: bool


@dataclass(frozen=True, slots=True)
class RevokePage:
    """One invite about to be taken back, or why that failed."""

    invite: Invite
    problem: str | None


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the invites' pages and the list's JSON twin."""
    _add_list(table, parts)
    _add_creation(table, parts)
    _add_revocation(table, parts)


def _add_list(table: RouteTable, parts: Parts) -> None:
    @table.add("/invites")
    async def index() -> ResponseReturnValue:
        return await _list_page(parts)

    @table.add("/invites/<int:invite_id>")
    async def show(invite_id: int) -> ResponseReturnValue:
        invite = await _found_invite(parts, invite_id)
        content = OneInvitePage(invite, invite.link.startswith(("pubkyauth://", "https://")))
        return await render("invites/show.html", await frame(parts, "invites"), content)


def _add_creation(table: RouteTable, parts: Parts) -> None:
    @table.add("/invites", methods=_POST)
    async def create() -> ResponseReturnValue:
        form = await request.form
        note = form.get("note", "").strip()
        lifetime = form.get("lifetime", "")
        if len(note) > _MAX_NOTE:
            problem = f"A note has at most {_MAX_NOTE} characters; this one has {len(note)}."
            return await make_response(await _list_page(parts, problem, note), 400)
        if lifetime not in {str(seconds or "") for _, seconds in LIFETIMES}:
            abort(400, "This lifetime is not one of ours.")
        invite = await parts.admin.create_invite(note or None, int(lifetime) if lifetime else None)
        return redirect(f"/invites/{invite.id}?done=created", 303)


def _add_revocation(table: RouteTable, parts: Parts) -> None:
    @table.add("/invites/<int:invite_id>/revoke")
    async def confirm_revoke(invite_id: int) -> ResponseReturnValue:
        content = RevokePage(await _found_invite(parts, invite_id), None)
        return await render("invites/revoke.html", await frame(parts, "invites"), content)

    @table.add("/invites/<int:invite_id>/revoke", methods=_POST)
    async def revoke(invite_id: int) -> ResponseReturnValue:
        try:
            await parts.admin.revoke_invite(invite_id)
        except DoorRefusedError as refusal:
            if refusal.status != 409:
                raise
            # Somebody was quicker than the owner: show what the invite has become.
            content = RevokePage(await _found_invite(parts, invite_id), refusal.message)
            body = await render("invites/revoke.html", await frame(parts, "invites"), content)
            return await make_response(body, 409)
        return redirect(f"/invites/{invite_id}?done=revoked", 303)


async def _list_page(parts: Parts, problem: str | None = None, typed_note: str = "") -> str:
    state = _asked_state()
    paging = asked_page("/invites", **({} if state == "all" else {"state": state}))
    found = await parts.admin.invites(state, paging.limit, paging.cursor)
    content = InvitesPage(found, paging, state, _STATES, LIFETIMES, typed_note, problem)
    return await render("invites/index.html", await frame(parts, "invites"), content)


async def _found_invite(parts: Parts, invite_id: int) -> Invite:
    invite = await parts.admin.find_invite(invite_id)
    if invite is None:
        abort(404, "There is no invite with this number.")
    return invite


def _asked_state() -> InviteFilter:
    asked = request.args.get("state", "all")
    known: dict[str, InviteFilter] = {state: state for state in _STATES}
    if asked not in known:
        abort(400, "Invites have no such state.")
    return known[asked]
