"""What happens around every request: host name, route table, cross-origin guard, sign-in; headers.

The order matters: nothing of a request is read before its host name is known to be ours.
"""

import secrets
from urllib.parse import urlencode

from quart import Quart, Response, abort, current_app, g, redirect, request
from quart.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from dashboard import json_twin
from dashboard.guard import SAFE_METHODS
from dashboard.parts import Parts
from dashboard.routes import (
    CACHE_CONTROL,
    COMMON_HEADERS,
    OPEN_HEADERS,
    Audience,
    RoutePolicy,
    RouteTable,
    policy_headers,
)
from dashboard.sign_in import Roles, SignIn, roles_of


def register(app: Quart, table: RouteTable, parts: Parts) -> None:
    """Put the guard before and the headers behind every request."""

    @app.before_request
    async def enter() -> ResponseReturnValue | None:
        g.request_id = secrets.token_hex(6)
        if not parts.origin.accepts_host(request.headers.get("Host", "")):
            abort(421, "These pages have another address.")
        if request.routing_exception is not None:
            return None  # Quart answers it: no such page, or not with this method
        declared = table.find(request.endpoint)
        if declared is None:
            abort(404)
        _check_length(declared)
        return await _admit(declared, parts)

    @app.after_request
    async def declare(response: Response) -> Response:
        declared = table.find(request.endpoint)
        open_headers = OPEN_HEADERS if declared is not None and declared.cross_origin else {}
        # A refusal is a page of ours, whatever route it happened on.
        if declared is None or response.status_code >= 400:
            declared = _REFUSAL
        elif declared.policy == "machine" and json_twin.is_twin(request.path):
            response.mimetype = "application/json"
        # Scripts are allowed by their address, so it must be the one that the visitor uses.
        own_origin = parts.origin.as_asked(request.headers.get("Host", ""))
        policy = policy_headers(declared.policy, own_origin, g.get("places", ()))
        headers = COMMON_HEADERS | policy | open_headers
        for name, value in headers.items():
            response.headers[name] = value
        response.headers["Cache-Control"] = CACHE_CONTROL[declared.cache]
        response.headers["X-Request-Id"] = g.get("request_id", "-")
        return response


_REFUSAL = RoutePolicy("anyone", "no-store", "page", SAFE_METHODS)


def _check_length(declared: RoutePolicy) -> None:
    """Browsers say how long their bodies are, and the server holds them to it."""
    length = request.content_length
    if length is None and "Transfer-Encoding" in request.headers:
        abort(411, "Say how long the body is.")
    if length is not None and length > declared.max_body:
        abort(413, "That is more than fits here.")


async def _admit(declared: RoutePolicy, parts: Parts) -> ResponseReturnValue | None:
    if declared.cross_origin:
        return None
    cookie = request.cookies.get(parts.origin.cookie_name)
    has_cookie = cookie is not None or parts.origin.pre_cookie_name in request.cookies
    is_write = request.method not in SAFE_METHODS
    if is_write and not parts.origin.accepts_write(request.headers, has_cookie):
        abort(403, "This request did not come from a page of this dashboard.")
    if cookie is not None and declared.policy != "static":
        g.sign_in = await parts.sign_ins.find(cookie)
    if declared.audience == "anyone":
        return None
    sign_in: SignIn | None = g.get("sign_in")
    if sign_in is None:
        if declared.policy == "machine":
            abort(401, "Sign in first.")
        return redirect("/login", 303)
    g.roles = await roles_of(sign_in, parts.owners, parts.admin)
    _check_audience(declared.audience, g.roles, sign_in)
    if declared.step_up and not sign_in.is_fresh(parts.now_s()):
        if declared.policy == "machine":
            abort(401, "Prove again who you are.")
        return redirect(f"/confirm?{urlencode({'back': _page_to_come_back_to()})}", 303)
    return None


def _check_audience(audience: Audience, roles: Roles, sign_in: SignIn) -> None:
    if audience == "operator" and not roles.is_operator:
        abort(403, "Only those who run this node may see this page.")
    if audience == "tenant" and not roles.is_tenant:
        if roles.is_disabled:
            abort(403, "Your account on this node is disabled.")
        if sign_in.public_key is None:
            abort(403, "This page is about somebody's own data. Sign in with your phone.")
        abort(403, "You have no account on this node.")


def _page_to_come_back_to() -> str:
    """The page of this request, or the nearest above it that can be looked at."""
    if request.method in SAFE_METHODS:
        return request.full_path.rstrip("?")
    adapter = current_app.create_url_adapter(request)
    path = request.path
    while adapter is not None and path not in {"", "/"}:
        try:
            adapter.match(path, "GET")
        except HTTPException:
            path = path.rpartition("/")[0]
        else:
            return path
    return "/"
