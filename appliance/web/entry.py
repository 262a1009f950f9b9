"""The client API's front door: watching and CORS around storage and the small routes."""

from functools import partial

from appliance.errors import PubkyError
from appliance.web.answers import send_method_not_allowed, send_refusal
from appliance.web.app import create_client_app
from appliance.web.asgi import ASGIApp, Receive, Scope, Send, http_only
from appliance.web.cors import with_cors
from appliance.web.credentials import find_session
from appliance.web.draining import with_draining
from appliance.web.events import FEED, STREAM, events_app
from appliance.web.observing import client_route, with_observing
from appliance.web.on_quart import as_asgi
from appliance.web.rate_limits import EXEMPT, limit_request
from appliance.web.services import Services
from appliance.web.storage import HONOURS_CONDITIONS, storage_app
from appliance.web.tenant import Address, resolve_address

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
# Beside the protocol: what people may learn of their own account. No tree of files begins so.
_OWNER_ROUTES = b"/owner/"
# A write with conditions, else the same as without this beginning.
_CONDITIONAL = b"/owner/files/"


def client_entry(services: Services) -> ASGIApp:
    """The whole client API as one ASGI app."""
    small_routes = as_asgi(create_client_app(services))

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["raw_path"].startswith(_CONDITIONAL):
            if scope["method"] != "PUT":
                head = scope["method"] == "HEAD"
                await send_method_not_allowed(send, "PUT", head=head)
                return
            scope["raw_path"] = scope["raw_path"][len(_CONDITIONAL) - 1 :]
            scope[HONOURS_CONDITIONS] = True
        try:
            address = scope["address"] = resolve_address(scope)
            limit_request(services, scope, address)
        except PubkyError as error:
            await send_refusal(send, error, head=scope["method"] == "HEAD", extra=[])
            return
        if HONOURS_CONDITIONS in scope:
            await storage_app(services, address, scope, receive, send)
        elif scope["raw_path"] in (FEED, STREAM):
            await slowed(partial(events_app, services), address, scope, receive, send)
        elif scope["raw_path"] == EXEMPT:
            await small_routes(scope, receive, send)
        elif is_small_route(scope["raw_path"]):
            await slowed(small_routes, address, scope, receive, send)
        else:
            await storage_app(services, address, scope, receive, send)

    async def slowed(
        app: ASGIApp, address: Address, scope: Scope, receive: Receive, send: Send
    ) -> None:
        session = await find_session(services, scope, address.tenant)
        await services.bandwidth.run(app, session, scope, receive, send)

    answering = with_cors(with_draining(dispatch), EXPOSED_HEADERS)
    figures = services.counters.requests("client")
    return http_only(with_observing(answering, "client", client_route, figures))


def is_small_route(raw_path: bytes) -> bool:
    """Whether a raw path is one of the routes that are not storage (client API 2)."""
    if raw_path in _SMALL_ROUTES or raw_path.startswith(_OWNER_ROUTES):
        return True
    folder, slash, name = raw_path.rpartition(b"/")
    return name != b"" and folder + slash in _NAMED_ROUTES
