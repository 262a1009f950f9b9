"""The operator's API as one ASGI app: credentials first, then one file a resource."""

from quart import Quart, Response, request

from appliance.homeserver.admin_access import Operator
from appliance.homeserver.operators import Operators
from appliance.web.admin import (
    audit,
    break_glass,
    configuration,
    entries,
    event_stream,
    events,
    fleet,
    homeservers,
    info,
    invites,
    login_attempts,
    machine,
    manifest_signatures,
    moderation,
    network,
    profiles,
    quotas,
    signup_tokens,
    storage_limits,
    takedowns,
    tokens,
    users,
)
from appliance.web.admin.services import AdminServices
from appliance.web.asgi import ASGIApp, Receive, Scope, Send, http_only, send_answer
from appliance.web.cors import with_cors
from appliance.web.dav.app import dav_app, is_dav
from appliance.web.draining import with_draining
from appliance.web.health import with_health
from appliance.web.observing import admin_route, with_observing
from appliance.web.on_quart import as_asgi, bare_app, empty_response, request_scope

PARTS = {
    "info": info,
    "signup_tokens": signup_tokens,
    "invites": invites,
    "users": users,
    "profiles": profiles,
    "moderation": moderation,
    "quotas": quotas,
    "takedowns": takedowns,
    "break_glass": break_glass,
    "entries": entries,
    "events": events,
    "tokens": tokens,
    "audit": audit,
    "login_attempts": login_attempts,
    "network": network,
    "storage_limits": storage_limits,
    "homeservers": homeservers,
    "machine": machine,
    "fleet": fleet,
    "manifest_signatures": manifest_signatures,
    "configuration": configuration,
}
_BEARER = "Bearer "
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# The official API makes an invite with a GET; it is an act all the same.
_ACTING_GETS = ("signup_tokens.generate",)
# A question that needs a body.
_ASKING_POSTS = ("manifest_signatures.check",)
# Anybody can make the pages pass these on, and rows of the audit log are never deleted. What comes
# of them, `login_attempts.consume`, is noted.
_OF_STRANGERS = ("login_attempts.start", "login_attempts.receive", "login_attempts.cancel")


def create_admin_app(services: AdminServices) -> ASGIApp:
    """Every route of the operator's API."""
    quart = bare_app("admin")
    for name, part in PARTS.items():
        quart.register_blueprint(part.routes(services), name=name)
    _guard(quart, services.operators)
    pages = with_cors(with_draining(as_asgi(quart)), b"")
    share = with_draining(dav_app(services.node, services.operators))
    every_event = with_cors(with_draining(_every_event(services)), b"")

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if is_dav(scope["raw_path"]):
            await share(scope, receive, send)
        elif scope["raw_path"] == event_stream.PATH:
            await every_event(scope, receive, send)
        else:
            await pages(scope, receive, send)

    figures = services.node.counters.requests("admin")
    healthy = with_health(dispatch, services.node.readiness)
    return http_only(with_observing(healthy, "admin", admin_route, figures))


def _every_event(services: AdminServices) -> ASGIApp:
    """The event stream behind the same credentials as everything else."""
    operators = services.operators

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        head = scope["method"] == "HEAD"
        operator = await recognise(operators, scope)
        if isinstance(operator, str):
            await send_answer(send, 401, [], operator.encode(), head=head)
        elif event_stream.READ not in operator.scopes:
            needed = event_stream.READ
            await operators.note(operator.name, "events-stream", "", f"refused: needs {needed}")
            text = f"This token lacks the scope {needed}"
            await send_answer(send, 403, [], text.encode(), head=head)
        else:
            await event_stream.send_every_event(services.node, scope, receive, send)

    return app


async def recognise(operators: Operators, scope: Scope) -> Operator | str:
    """The operator behind a request, or the text of the refusal (operator API 2.2).

    The password or a named token in X-Admin-Password, or a token as bearer.
    """
    headers = {name.lower(): value for name, value in scope["headers"]}
    authorization = headers.get(b"authorization", b"").decode("latin-1")
    if authorization.startswith(_BEARER):
        credential = authorization.removeprefix(_BEARER)
    elif b"x-admin-password" in headers:
        credential = headers[b"x-admin-password"].decode("latin-1")
    else:
        return "Missing admin password"
    client = scope.get("client")
    operator = await operators.recognise(credential, client[0] if client else "unknown")
    return operator or "Invalid admin password"


def _guard(app: Quart, operators: Operators) -> None:
    """Ask for credentials on every known path but the root, and note every act.

    An unknown path is 404 without credentials; a known path with a wrong method asks first.
    """

    @app.before_request
    async def check() -> Response | None:
        if request.path == "/" or _is_unknown_path():
            return None
        operator = await recognise(operators, request_scope())
        if isinstance(operator, str):
            return _refused(401, operator)
        scope = _needed_scope()
        if scope is not None and scope not in operator.scopes:
            await operators.note(operator.name, _action(), _subject(), f"refused: needs {scope}")
            return _refused(403, f"This token lacks the scope {scope}")
        request_scope()["operator"] = operator
        return None

    @app.after_request
    async def note(response: Response) -> Response:
        operator = request_scope().get("operator")
        if isinstance(operator, Operator) and _is_act() and request.endpoint not in _OF_STRANGERS:
            await operators.note(operator.name, _action(), _subject(), str(response.status_code))
        return response


def _is_unknown_path() -> bool:
    return getattr(request.routing_exception, "code", None) == 404


def _is_act() -> bool:
    if request.endpoint in _ASKING_POSTS:
        return False
    return request.method not in _SAFE_METHODS or request.endpoint in _ACTING_GETS


def _needed_scope() -> str | None:
    part = PARTS.get(request.blueprint or "")
    if part is None:
        return None
    scope: str = part.WRITE if _is_act() else part.READ
    return scope


def _action() -> str:
    return request.endpoint or f"{request.method} {request.path}"


def _subject() -> str:
    """Whom or what the act is about: what the handler says, else the variable parts of the path.

    Neither holds a secret.
    """
    said = request_scope().get("subject")
    if isinstance(said, str):
        return said
    return " ".join(str(value) for value in (request.view_args or {}).values())


def _refused(status: int, message: str) -> Response:
    response = empty_response(status, {})
    response.set_data(message)
    return response
