"""The way in and out: a printed single-use link, one button, a cookie."""

from dataclasses import dataclass

from quart import Response, make_response, redirect, request
from quart.typing import ResponseReturnValue
from werkzeug.wrappers import Response as WerkzeugResponse

from dashboard import sign_in
from dashboard.page_context import current_sign_in, frame_without_node, render
from dashboard.parts import Parts
from dashboard.routes import RouteTable
from dashboard.wording import duration


@dataclass(frozen=True, slots=True)
class WayIn:
    """The page that explains how to sign in."""

    idle: str
    absolute: str


@dataclass(frozen=True, slots=True)
class OpenLink:
    """The page behind a link: one button that uses it. Looking alone changes nothing."""

    token: str
    is_open: bool


def routes(table: RouteTable, parts: Parts) -> None:
    """Register sign-in and sign-out."""

    @table.add("/login", audience="anyone")
    async def explain() -> ResponseReturnValue:
        if current_sign_in() is not None:
            return redirect("/", 303)
        content = WayIn(duration(sign_in.IDLE_S), duration(sign_in.ABSOLUTE_S))
        return await render("login/explain.html", frame_without_node(parts), content)

    @table.add("/login/<token>", audience="anyone")
    async def show(token: str) -> ResponseReturnValue:
        return await _link_page(token)

    @table.add("/login/<token>", audience="anyone", methods=frozenset({"POST"}))
    async def consume(token: str) -> ResponseReturnValue:
        secret = await parts.sign_ins.consume(token, request.headers.get("User-Agent", ""))
        if secret is None:
            return await _link_page(token)
        response = redirect("/", 303)
        response.set_cookie(
            parts.origin.cookie_name,
            secret,
            max_age=sign_in.ABSOLUTE_S,
            path="/",
            secure=parts.origin.is_secure,
            httponly=True,
            samesite="Strict",
        )
        return response

    @table.add("/logout", methods=frozenset({"POST"}))
    async def leave() -> ResponseReturnValue:
        current = current_sign_in()
        if current is not None:
            await parts.sign_ins.revoke(current.id)
        return signed_out(parts)

    async def _link_page(token: str) -> ResponseReturnValue:
        content = OpenLink(token, await parts.sign_ins.link_is_open(token))
        body = await render("login/link.html", frame_without_node(parts), content)
        return await make_response(body, 200 if content.is_open else 410)


def signed_out(parts: Parts) -> Response | WerkzeugResponse:
    """The answer that forgets a sign-in: cookie and cached pages go."""
    response = redirect("/login", 303)
    response.delete_cookie(
        parts.origin.cookie_name,
        path="/",
        secure=parts.origin.is_secure,
        httponly=True,
        samesite="Strict",
    )
    # Not "cookies": on loopback that would clear those of every other port as well.
    response.headers["Clear-Site-Data"] = '"cache"'
    return response
