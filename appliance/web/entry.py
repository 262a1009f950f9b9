"""The client API's front door: CORS and request ids around storage and the small routes."""

import logging
import secrets

from appliance.errors import PubkyError
from appliance.logs import request_id
from appliance.web.answers import INTERNAL_ERROR, send_refusal
from appliance.web.app import create_client_app
from appliance.web.asgi import ASGIApp, Message, Receive, Scope, Send, http_only
from appliance.web.cors import with_cors
from appliance.web.draining import with_draining
from appliance.web.on_quart import as_asgi
from appliance.web.services import Services
from appliance.web.storage import storage_app
from appliance.web.tenant import resolve_address

# Browsers' scripts may read these beside the safelisted ones (client API 18.1, D10).
EXPOSED_HEADERS = b"retry-after, etag, content-range"

_SMALL_ROUTES = frozenset(
    {
        b"/",
        b"/info",
        b"/signup",
        b"/session",
        b"/auth/grant/signup",
        b"/auth/grant/session",
        b"/auth/grant/sessions",
    }
)
# Routes whose last segment is a name.
_NAMED_ROUTES = (b"/signup_tokens/", b"/auth/grant/session/")

_log = logging.getLogger(__name__)


def client_entry(services: Services) -> ASGIApp:
    """The whole client API as one ASGI app."""
    small_routes = as_asgi(create_client_app(services))

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            address = resolve_address(scope)
        except PubkyError as error:
            await send_refusal(send, error, head=scope["method"] == "HEAD", extra=[])
            return
        if is_small_route(scope["raw_path"]):
            scope["address"] = address
            await small_routes(scope, receive, send)
        else:
            await storage_app(services, address, scope, receive, send)

    return http_only(with_request_id(with_cors(with_draining(dispatch), EXPOSED_HEADERS)))


def is_small_route(raw_path: bytes) -> bool:
    """Whether a raw path is one of the routes that are not storage (client API 2)."""
    if raw_path in _SMALL_ROUTES:
        return True
    folder, slash, name = raw_path.rpartition(b"/")
    return name != b"" and folder + slash in _NAMED_ROUTES


def with_request_id(app: ASGIApp) -> ASGIApp:
    """Give every request an id for the log, and turn what nobody foresaw into a logged 500."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        request_id.set(secrets.token_hex(6))
        started = False

        async def noting_start(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await app(scope, receive, noting_start)
        except Exception:
            _log.exception("%s request failed", scope["method"])
            if started:
                raise
            await send_refusal(send, INTERNAL_ERROR, head=scope["method"] == "HEAD", extra=[])

    return wrapped
