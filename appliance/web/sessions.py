"""Sign-up, sign-in, the session and sign-out of the cookie flow (client API 14.1 to 14.6)."""

from quart import Blueprint, Response, request

from appliance.errors import PubkyError, invalid
from appliance.homeserver.grants import GrantSession
from appliance.homeserver.sessions import ActiveSession, ClientFacts, NewSession
from appliance.pubky.keys import PublicKey
from appliance.pubky.sessions import SessionRecord, removal_cookie, session_cookie
from appliance.web.credentials import came_over_tls, find_cookie_session, find_session
from appliance.web.on_quart import empty_response, request_body, request_scope
from appliance.web.services import Services
from appliance.web.tenant import Address

RECORD_TYPE = "application/octet-stream"


def routes(services: Services) -> Blueprint:
    """`POST /signup` and the three methods of `/session`."""
    blueprint = Blueprint("sessions", __name__)

    @blueprint.post("/signup")
    async def signup() -> Response:
        invite = request.args.getlist("signup_token")
        made = await services.signup.sign_up(
            await request_body(), invite[-1] if invite else None, _client()
        )
        services.counters.signups.inc()
        return _signed_in(made)

    @blueprint.post("/session")
    async def sign_in() -> Response:
        return _signed_in(await services.sessions.sign_in(await request_body(), _client()))

    @blueprint.get("/session")
    async def session() -> Response:
        found = await _required_session(services)
        capabilities = tuple(str(capability) for capability in found.capabilities)
        record = SessionRecord(found.user, found.created_us, capabilities)
        return Response(
            record.to_bytes(),
            content_type=RECORD_TYPE,
            headers={
                "cache-control": "private, must-revalidate",
                "vary": "cookie, pubky-host",
            },
        )

    @blueprint.delete("/session")
    async def sign_out() -> Response:
        tenant = _tenant()
        if tenant is None:
            raise invalid("Missing request tenant")
        # A bearer beside the cookie is left alone, and does not save the cookie.
        found = await find_cookie_session(services, request_scope(), tenant)
        if found is not None:
            await services.sessions.sign_out(found)
        cookie = removal_cookie(tenant, secure=_secure(), now_us=services.clock())
        return empty_response(200, {"set-cookie": cookie})

    def _signed_in(made: NewSession) -> Response:
        capabilities = tuple(str(capability) for capability in made.capabilities)
        record = SessionRecord(made.user, made.created_us, capabilities)
        cookie = session_cookie(made.user, made.secret, secure=_secure(), now_us=services.clock())
        return Response(record.to_bytes(), content_type=RECORD_TYPE, headers={"set-cookie": cookie})

    def _secure() -> bool:
        return came_over_tls(request_scope(), services.trusted_proxies)

    return blueprint


async def _required_session(services: Services) -> ActiveSession:
    found = await find_session(services, request_scope(), _tenant())
    if found is None:
        # Clients up to 0.9 take only 404 for "signed out"; newer ones accept both.
        raise PubkyError("not_found", "Not Found")
    if isinstance(found, GrantSession):
        raise PubkyError("unauthenticated", "Unauthorized")
    return found


def _tenant() -> PublicKey | None:
    address: Address = request_scope()["address"]
    return address.tenant


def _client() -> ClientFacts:
    return ClientFacts(request.headers.get("user-agent", ""), request.headers.get("origin", ""))
