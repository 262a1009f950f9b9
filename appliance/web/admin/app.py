"""The operator's API as one ASGI app: credentials first, then one file a resource."""

from quart import Quart, Response, request

from appliance.homeserver.admin_access import AdminAccess
from appliance.web.admin import events, info, invites, signup_tokens, users
from appliance.web.admin.services import AdminServices
from appliance.web.asgi import ASGIApp, http_only
from appliance.web.cors import with_cors
from appliance.web.draining import with_draining
from appliance.web.entry import with_request_id
from appliance.web.on_quart import as_asgi, bare_app, empty_response

_BEARER = "Bearer "


def create_admin_app(services: AdminServices) -> ASGIApp:
    """Every route of the operator's API."""
    quart = bare_app("admin")
    for part in (info, signup_tokens, invites, users, events):
        quart.register_blueprint(part.routes(services))
    _guard(quart, services.access)
    return http_only(with_request_id(with_cors(with_draining(as_asgi(quart)), b"")))


def _guard(app: Quart, access: AdminAccess) -> None:
    """Ask for credentials on every known path but the root (operator API 2.2).

    An unknown path is 404 without credentials; a known path with a wrong method asks first.
    """

    @app.before_request
    async def check() -> Response | None:
        if request.path == "/" or (request.routing_exception is not None and _is_unknown()):
            return None
        authorization = request.headers.get("authorization", "")
        if authorization.startswith(_BEARER):
            if access.is_token(authorization.removeprefix(_BEARER)):
                return None
            return _refused("Invalid admin token")
        password = request.headers.get("x-admin-password")
        if password is None:
            return _refused("Missing admin password")
        return None if await access.is_password(password) else _refused("Invalid admin password")


def _is_unknown() -> bool:
    return getattr(request.routing_exception, "code", None) == 404


def _refused(message: str) -> Response:
    response = empty_response(401, {})
    response.set_data(message)
    return response
