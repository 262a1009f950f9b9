"""Invites: the list by state, new ones, one with its QR code, a sheet of several, taking back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args
from urllib.parse import urlencode

from quart import Response, abort, make_response, redirect, request
from quart.typing import ResponseReturnValue

from dashboard.doors.admin import Invite, InviteFilter, InvitePage, Limits
from dashboard.doors.answers import DoorRefusedError
from dashboard.live import Event, Streams
from dashboard.page_context import frame, render, render_named, signed_in
from dashboard.pages import join
from dashboard.pages.paging import Paging, asked_page
from dashboard.parts import Parts
from dashboard.routes import RouteTable

_POST = frozenset({"POST"})
_STATES: tuple[InviteFilter, ...] = get_args(InviteFilter)
_MAX_NOTE = 200
_DAY_S = 86_400
MOST_AT_ONCE = 50
# What the form offers: label and seconds.
LIFETIMES: tuple[tuple[str, int | None], ...] = (
    ("No limit", None),
    ("1 day", _DAY_S),
    ("7 days", 7 * _DAY_S),
    ("30 days", 30 * _DAY_S),
)
# What it offers as limits of the account: word, label, and what the node is told.
PRESETS: tuple[tuple[str, str, Limits], ...] = (
    ("", "Like everybody here", Limits()),
    ("small", "100 MiB, 1 MiB a second", Limits("100", "1mb/s", "1mb/s")),
    ("medium", "5 GiB", Limits("5120")),
    ("large", "50 GiB", Limits("51200")),
    ("none", "No limits", Limits("unlimited", "unlimited", "unlimited")),
)


@dataclass(frozen=True, slots=True)
class Typed:
    """What the form says; the way it came back when it was refused."""

    note: str = ""
    lifetime: str = ""
    limits: str = ""
    count: str = "1"


@dataclass(frozen=True, slots=True)
class InvitesPage:
    """The list in one state, and the form with what was typed if it was refused."""

    found: InvitePage
    paging: Paging
    state: InviteFilter
    states: tuple[InviteFilter, ...]
    lifetimes: tuple[tuple[str, int | None], ...]
    presets: tuple[tuple[str, str, Limits], ...]
    most_at_once: int
    typed: Typed
    problem: str | None


@dataclass(frozen=True, slots=True)
class OneInvitePage:
    """One invite. `openable` says whether its link may become a hyperlink.

    `join_url` is where its code is typed in without a phone, None if that is not possible here.
    """

    invite: Invite
    openable: bool
    join_url: str | None


@dataclass(frozen=True, slots=True)
class SheetPage:
    """Several invites to print and cut apart; `live` is the address of their stream."""

    invites: tuple[Invite, ...]
    join_url: str | None
    live: str


@dataclass(frozen=True, slots=True)
class RevokePage:
    """One invite about to be taken back, or why that failed."""

    invite: Invite
    problem: str | None


def routes(table: RouteTable, parts: Parts) -> None:
    """Register the invites' pages and the streams of their states."""
    _add_list(table, parts)
    _add_creation(table, parts)
    _add_revocation(table, parts)
    _add_live(table, parts)


def _add_list(table: RouteTable, parts: Parts) -> None:
    @table.add("/invites")
    async def index() -> ResponseReturnValue:
        return await _list_page(parts)

    @table.add("/invites/<int:invite_id>")
    async def show(invite_id: int) -> ResponseReturnValue:
        invite = await _found_invite(parts, invite_id)
        openable = invite.link.startswith(("pubkyauth://", "https://"))
        content = OneInvitePage(invite, openable, _join_url(parts))
        return await render_named(
            parts, "invites/show.html", await frame(parts, "invites"), content
        )

    @table.add("/invites/sheet")
    async def sheet() -> ResponseReturnValue:
        ids = _asked_ids()
        if not ids:
            return redirect("/invites?done=nothing-chosen", 303)
        invites = [await _found_invite(parts, invite_id) for invite_id in ids]
        live = f"/invites/sheet/live?{urlencode([('id', invite_id) for invite_id in ids])}"
        content = SheetPage(tuple(invites), _join_url(parts), live)
        return await render("invites/sheet.html", await frame(parts, "invites"), content)


def _add_creation(table: RouteTable, parts: Parts) -> None:
    @table.add("/invites", methods=_POST)
    async def create() -> ResponseReturnValue:
        form = await request.form
        typed = Typed(
            note=form.get("note", "").strip(),
            lifetime=form.get("lifetime", ""),
            limits=form.get("limits", ""),
            count=form.get("count", "1").strip(),
        )
        limits = {word: limits for word, _, limits in PRESETS}.get(typed.limits)
        if typed.lifetime not in {str(seconds or "") for _, seconds in LIFETIMES}:
            abort(400, "This lifetime is not one of ours.")
        if limits is None:
            abort(400, "These limits are not among ours.")
        problem = _problem_of(typed)
        if problem is not None:
            return await make_response(await _list_page(parts, problem, typed), 400)
        expires_in_s = int(typed.lifetime) if typed.lifetime else None
        made = [
            await parts.admin.create_invite(typed.note or None, expires_in_s, limits)
            for _ in range(int(typed.count))
        ]
        if len(made) == 1:
            return redirect(f"/invites/{made[0].id}?done=created", 303)
        asked = [("id", str(invite.id)) for invite in made]
        return redirect(f"/invites/sheet?{urlencode([*asked, ('done', 'created-several')])}", 303)


def _problem_of(typed: Typed) -> str | None:
    if len(typed.note) > _MAX_NOTE:
        return f"A note has at most {_MAX_NOTE} characters; this one has {len(typed.note)}."
    number = int(typed.count) if typed.count.isascii() and typed.count.isdigit() else 0
    if not 1 <= number <= MOST_AT_ONCE:
        return f"At once, 1 to {MOST_AT_ONCE} invites can be made."
    return None


def _add_live(table: RouteTable, parts: Parts) -> None:
    streams = Streams(parts)

    async def follow(ids: Sequence[int]) -> Response:
        known = [(await _found_invite(parts, invite_id)).state for invite_id in ids]

        async def look() -> Sequence[Event]:
            found = [await parts.admin.find_invite(invite_id) for invite_id in ids]
            changed = [invite.state if invite is not None else None for invite in found] != known
            return (Event("reload"),) if changed else ()

        return streams.follow(signed_in(), look)

    @table.add("/invites/<int:invite_id>/live", policy="machine")
    async def live(invite_id: int) -> ResponseReturnValue:
        return await follow([invite_id])

    @table.add("/invites/sheet/live", policy="machine")
    async def sheet_live() -> ResponseReturnValue:
        return await follow(_asked_ids() or abort(400, "Nothing was chosen."))


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


async def _list_page(parts: Parts, problem: str | None = None, typed: Typed | None = None) -> str:
    state = _asked_state()
    paging = asked_page("/invites", **({} if state == "all" else {"state": state}))
    found = await parts.admin.invites(state, paging.limit, paging.cursor)
    content = InvitesPage(
        found=found,
        paging=paging,
        state=state,
        states=_STATES,
        lifetimes=LIFETIMES,
        presets=PRESETS,
        most_at_once=MOST_AT_ONCE,
        typed=typed or Typed(),
        problem=problem,
    )
    return await render_named(parts, "invites/index.html", await frame(parts, "invites"), content)


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


def _asked_ids() -> list[int]:
    """The row ids in the address: codes never are."""
    asked = list(dict.fromkeys(request.args.getlist("id")))
    if len(asked) > MOST_AT_ONCE or not all(
        text.isascii() and text.isdigit() and len(text) <= 18 for text in asked
    ):
        abort(400, f"A sheet has up to {MOST_AT_ONCE} invites.")
    return [int(text) for text in asked]


def _join_url(parts: Parts) -> str | None:
    can_join = join.SDK in parts.files and parts.packets is not None
    return f"{parts.origin.text}/join" if can_join else None
