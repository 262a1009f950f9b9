"""The way in and out: a scan with the phone, or a printed single-use link; a cookie."""

import secrets
from dataclasses import dataclass

from quart import Response, abort, make_response, redirect, request
from quart.typing import ResponseReturnValue
from werkzeug.wrappers import Response as WerkzeugResponse

from dashboard import scanning, sign_in
from dashboard.doors.answers import DoorRefusedError
from dashboard.page_context import current_sign_in, frame_without_node, render
from dashboard.pages.connect import end_left_over
from dashboard.pages.waiting import over_page, reaches_phones, waiting_page
from dashboard.parts import Parts
from dashboard.routes import RouteTable
from dashboard.sign_in import Roles, Scan, roles_of, roles_of_key
from dashboard.visitors import visitor_address
from dashboard.wording import duration

_POST = frozenset({"POST"})
_PRE_COOKIE_S = 10 * 60


@dataclass(frozen=True, slots=True)
class WayIn:
    """The page that explains how to sign in."""

    idle: str
    absolute: str
    reaches_phones: bool
    problem: str | None


@dataclass(frozen=True, slots=True)
class OpenLink:
    """The page behind a link: one button that uses it. Looking alone changes nothing."""

    token: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class WrongPerson:
    """Who scanned has nothing to see here; the key is named to this browser only."""

    public_key: str
    is_disabled: bool


def routes(table: RouteTable, parts: Parts) -> None:
    """Register sign-in and sign-out."""
    _add_scan(table, parts)
    _add_link(table, parts)

    @table.add("/logout", audience="signed-in", methods=_POST)
    async def leave() -> ResponseReturnValue:
        current = current_sign_in()
        if current is not None:
            await parts.sign_ins.revoke(current.id)
            await end_left_over(parts)
        return signed_out(parts)


def _add_scan(table: RouteTable, parts: Parts) -> None:
    @table.add("/login", audience="anyone")
    async def explain() -> ResponseReturnValue:
        current = current_sign_in()
        if current is not None:
            roles = await roles_of(current, parts.owners, parts.admin)
            return redirect(roles.home, 303)
        return await _way_in(parts)

    @table.add("/login/start", audience="anyone", methods=_POST)
    async def start() -> ResponseReturnValue:
        forwarded = request.headers.getlist("X-Forwarded-For")
        address = visitor_address(request.remote_addr or "", forwarded, parts.trusted_proxies)
        earlier = request.cookies.get(parts.origin.pre_cookie_name)
        if earlier is not None:
            await scanning.give_up(parts, scanning.browser_of_cookie(earlier))
        # Never the cookie that came: whoever put it there could finish in our visitor's place.
        secret = secrets.token_urlsafe(32)
        browser = scanning.browser_of_cookie(secret)
        try:
            await scanning.begin(parts, browser, "sign-in", "", address=address)
        except DoorRefusedError as refusal:
            if refusal.status != 429:
                raise
            problem = "Too many sign-ins were begun lately. Wait some minutes, or use the shell."
            return await make_response(await _way_in(parts, problem), 429)
        response = redirect("/login/wait", 303)
        response.set_cookie(
            parts.origin.pre_cookie_name,
            secret,
            max_age=_PRE_COOKIE_S,
            path="/",
            secure=parts.origin.is_secure,
            httponly=True,
            # Whoever comes back from a wallet's app arrives from another site.
            samesite="Lax",
        )
        return response

    @table.add("/login/wait", audience="anyone")
    async def wait() -> ResponseReturnValue:
        if current_sign_in() is not None:
            return redirect("/login", 303)
        around = frame_without_node(parts)
        secret = request.cookies.get(parts.origin.pre_cookie_name, "")
        found = await scanning.look(parts, scanning.browser_of_cookie(secret))
        if found is None or found[1].state == "refused":
            return await over_page(around, "/login", was_refused=found is not None)
        scan, attempt = found
        if attempt.state == "pending":
            return await waiting_page(parts, around, scan, attempt)
        return await _finish(parts, scan)


def _add_link(table: RouteTable, parts: Parts) -> None:
    @table.add("/login/<token>", audience="anyone")
    async def show(token: str) -> ResponseReturnValue:
        return await _link_page(token)

    @table.add("/login/<token>", audience="anyone", methods=_POST)
    async def consume(token: str) -> ResponseReturnValue:
        if not await parts.sign_ins.use_link(token):
            return await _link_page(token)
        current = current_sign_in()
        if current is not None:
            roles = await roles_of(current, parts.owners, parts.admin)
            secret = await parts.sign_ins.prove(current.id) if roles.is_operator else None
            if secret is not None:
                return signed_in(parts, secret, roles.home)
            # Somebody who does not run the node must not become who does by staying signed in.
            await parts.sign_ins.revoke(current.id)
            await end_left_over(parts)
        agent = request.headers.get("User-Agent", "")
        return signed_in(parts, await parts.sign_ins.create(agent, "link"), "/")

    async def _link_page(token: str) -> ResponseReturnValue:
        content = OpenLink(token, await parts.sign_ins.link_is_open(token))
        body = await render("login/link.html", frame_without_node(parts), content)
        return await make_response(body, 200 if content.is_open else 410)


async def _way_in(parts: Parts, problem: str | None = None) -> str:
    content = WayIn(
        idle=duration(sign_in.IDLE_S),
        absolute=duration(sign_in.ABSOLUTE_S),
        reaches_phones=reaches_phones(parts),
        problem=problem,
    )
    return await render("login/explain.html", frame_without_node(parts), content)


async def _finish(parts: Parts, scan: Scan) -> ResponseReturnValue:
    approval = await scanning.take(parts, scan)
    if approval is None or scan.purpose != "sign-in":
        abort(409, "This code was used meanwhile.")
    key = approval.public_key
    roles: Roles = await roles_of_key(key, parts.owners, parts.admin)
    if not roles.is_operator and not roles.is_tenant:
        content = WrongPerson(key, roles.is_disabled)
        body = await render("login/wrong_person.html", frame_without_node(parts), content)
        return await make_response(body, 403)
    agent = request.headers.get("User-Agent", "")
    return signed_in(parts, await parts.sign_ins.create(agent, "scan", key), roles.home)


def signed_in(parts: Parts, secret: str, page: str) -> Response | WerkzeugResponse:
    """The answer that makes a browser a signed-in one."""
    response = redirect(page, 303)
    response.set_cookie(
        parts.origin.cookie_name,
        secret,
        max_age=sign_in.ABSOLUTE_S,
        path="/",
        secure=parts.origin.is_secure,
        httponly=True,
        samesite="Strict",
    )
    _forget_cookie(response, parts, parts.origin.pre_cookie_name, "Lax")
    return response


def signed_out(parts: Parts) -> Response | WerkzeugResponse:
    """The answer that forgets a sign-in: cookie and cached pages go."""
    response = redirect("/login", 303)
    _forget_cookie(response, parts, parts.origin.cookie_name, "Strict")
    # Not "cookies": on loopback that would clear those of every other port as well.
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def _forget_cookie(
    response: Response | WerkzeugResponse, parts: Parts, name: str, same_site: str
) -> None:
    if name in request.cookies:
        response.delete_cookie(
            name, path="/", secure=parts.origin.is_secure, httponly=True, samesite=same_site
        )
