"""What happens around every request: host name, route table, cross-origin guard, sign-in; headers.

The order matters: nothing of a request is read before its host name is known to be ours.
"""

import secrets

from quart import Quart, Response, abort, g, redirect, request
from quart.typing import ResponseReturnValue

from dashboard.guard import SAFE_METHODS
from dashboard.parts import Parts
from dashboard.routes import CACHE_CONTROL, COMMON_HEADERS, POLICY_HEADERS, RoutePolicy, RouteTable


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
        return await _admit(declared, parts)

    @app.after_request
    async def declare(response: Response) -> Response:
        declared = table.find(request.endpoint)
        # A refusal is a page of ours, whatever route it happened on.
        if declared is None or response.status_code >= 400:
            declared = _REFUSAL
        for name, value in (COMMON_HEADERS | POLICY_HEADERS[declared.policy]).items():
            response.headers[name] = value
        response.headers["Cache-Control"] = CACHE_CONTROL[declared.cache]
        response.headers["X-Request-Id"] = g.get("request_id", "-")
        return response


_REFUSAL = RoutePolicy("anyone", "no-store", "page", SAFE_METHODS)


async def _admit(declared: RoutePolicy, parts: Parts) -> ResponseReturnValue | None:
    cookie = request.cookies.get(parts.origin.cookie_name)
    is_write = request.method not in SAFE_METHODS
    if is_write and not parts.origin.accepts_write(request.headers, cookie is not None):
        abort(403, "This request did not come from a page of this dashboard.")
    if cookie is not None and declared.policy != "static":
        g.sign_in = await parts.sign_ins.find(cookie)
    if declared.audience == "anyone" or g.get("sign_in") is not None:
        return None
    if declared.policy == "machine":
        abort(401, "Sign in first.")
    return redirect("/login", 303)
