"""The grant flow's six routes: sign-up, bearers, and the list of grants (client API 14.7)."""

from typing import Any, NoReturn

from quart import Blueprint, Response, abort, jsonify, request

from appliance.errors import PubkyError
from appliance.homeserver.grants import GrantSession
from appliance.homeserver.sessions import ActiveSession
from appliance.metadata.grants import GrantRow
from appliance.pubky.jws import Jws, strict_json, text_claim
from appliance.pubky.keys import PublicKey
from appliance.pubky.timestamp import US_PER_SECOND
from appliance.web.credentials import find_grant_session, find_session
from appliance.web.on_quart import TEXT, empty_response, request_body, request_scope
from appliance.web.services import Services
from appliance.web.tenant import Address

# Bearers and lists of grants are nobody's but the client's.
_NO_STORE = {"cache-control": "no-store"}


def routes(services: Services) -> Blueprint:
    """Everything below `/auth/grant/`."""
    blueprint = Blueprint("grants", __name__)
    grants = services.grants

    @blueprint.post("/auth/grant/signup")
    async def sign_up() -> Response:
        grant, proof = await _signed_pair()
        invite = request.args.getlist("signup_token")
        await grants.sign_up(grant, proof, invite[-1] if invite else None)
        services.counters.signups.inc()
        return empty_response(204, {})

    @blueprint.post("/auth/grant/session")
    async def exchange() -> Response:
        made = await grants.exchange(*await _signed_pair())
        return _json(
            {"token": made.token, "session": _session_json(services.public_key, made.session)}
        )

    @blueprint.get("/auth/grant/session")
    async def session() -> Response:
        found = await _required_session(services)
        if not isinstance(found, GrantSession):
            raise PubkyError("unauthenticated", "Unauthorized")
        return _json(_session_json(services.public_key, found))

    @blueprint.delete("/auth/grant/session")
    async def sign_out() -> Response:
        found = await find_grant_session(services, request_scope())
        if found is not None:
            await grants.sign_out(found)
        return empty_response(200, {})

    @blueprint.get("/auth/grant/sessions")
    async def list_grants() -> Response:
        rows = await grants.list_open(await _required_session(services))
        return _json([_grant_json(row) for row in rows])

    # The whole rest of the path: a name with an encoded slash is a malformed name, not a route.
    @blueprint.delete("/auth/grant/session/<path:grant_id>")
    async def revoke(grant_id: str) -> Response:
        await grants.revoke(await _required_session(services), grant_id)
        return empty_response(200, {})

    return blueprint


async def _required_session(services: Services) -> ActiveSession:
    address: Address = request_scope()["address"]
    found = await find_session(services, request_scope(), address.tenant)
    if found is None:
        raise PubkyError("unauthenticated", "No authenticated session found")
    return found


def _session_json(homeserver: PublicKey, session: GrantSession) -> dict[str, Any]:
    """A session by bearer as clients see it; times in seconds (authentication document 9.4)."""
    return {
        "homeserver": homeserver.z32,
        "pubky": session.user.z32,
        "client_id": session.client_id,
        "capabilities": [str(capability) for capability in session.capabilities],
        "grant_id": session.jti,
        "token_expires_at": session.bearer_expires_s,
        "grant_expires_at": session.grant_expires_s,
        "created_at": session.created_us // US_PER_SECOND,
    }


def _grant_json(row: GrantRow) -> dict[str, Any]:
    """One grant of the list; its capabilities are one text, unlike a session's (9.5)."""
    return {
        "grant_id": row.terms.jti,
        "client_id": row.terms.client_id,
        "capabilities": row.terms.capabilities,
        "issued_at": row.terms.issued_s,
        "expires_at": row.terms.expires_s,
    }


async def _signed_pair() -> tuple[Jws, Jws]:
    """The grant and the proof of a request's body; ends the request with 415, 400 or 422."""
    media_type = request.mimetype
    if media_type != "application/json" and not (
        media_type.startswith("application/") and media_type.endswith("+json")
    ):
        _refuse(415, "Expected request with `Content-Type: application/json`")
    try:
        body = strict_json(await request_body())
    except PubkyError:
        _refuse(400, "Failed to parse the request body as JSON")
    members = body if isinstance(body, dict) else {}
    try:
        return Jws.parse(text_claim(members, "grant")), Jws.parse(text_claim(members, "pop"))
    except PubkyError:
        _refuse(422, "The JSON body must hold the texts `grant` and `pop`, each a compact JWS")


def _json(value: Any) -> Response:
    response = jsonify(value)
    response.headers.update(_NO_STORE)
    return response


def _refuse(status: int, text: str) -> NoReturn:
    abort(Response(text, status, content_type=TEXT))
