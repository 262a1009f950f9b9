"""Signing in to the pages with a wallet: the pages ask, and this node does the cryptography.

A right of its own: whoever holds it learns who approved, and can ask people for rights.
"""

import ipaddress
from base64 import b64encode
from typing import Any

from quart import Blueprint, Response, jsonify, request

from appliance.errors import PubkyError, invalid
from appliance.homeserver.login_attempts import Attempt, LinkKind, Wish
from appliance.homeserver.rate_limits import IPAddress
from appliance.pubky.signing_channel import MAX_BODY_BYTES
from appliance.pubky.timestamp import rfc3339
from appliance.web.admin.pages import json_object, text_of
from appliance.web.admin.services import AdminServices
from appliance.web.on_quart import empty_response, request_body, request_scope

READ, WRITE = "logins:write", "logins:write"

_LINK_KINDS: tuple[LinkKind, ...] = ("signin", "grant")


def routes(services: AdminServices) -> Blueprint:
    """`/login_attempts` and what is under it."""
    blueprint = Blueprint("login_attempts", __name__)
    attempts = services.login_attempts

    @blueprint.post("/login_attempts")
    async def start() -> tuple[Response, int]:
        wish = await json_object()
        asked = Wish(
            origin=text_of(wish, "origin"),
            relay=text_of(wish, "relay"),
            source=text_of(wish, "source"),
            capabilities=text_of(wish, "capabilities"),
            link_kind=_link_kind(text_of(wish, "link_kind", "signin")),
        )
        return jsonify(_as_json(attempts.start(asked, _address(wish)))), 201

    @blueprint.get("/login_attempts/<attempt_id>")
    async def show(attempt_id: str) -> Response:
        return jsonify(_as_json(attempts.find(attempt_id)))

    @blueprint.post("/login_attempts/<attempt_id>/consume")
    async def consume(attempt_id: str) -> Response:
        approval = attempts.consume(attempt_id)
        # The audit log names who signed in; the attempt's own name would tell nobody anything.
        request_scope()["subject"] = approval.public_key.z32
        token = None if approval.token is None else b64encode(approval.token).decode("ascii")
        return jsonify({"public_key": approval.public_key.z32, "token": token})

    @blueprint.post("/login_attempts/<attempt_id>/cancel")
    async def cancel(attempt_id: str) -> Response:
        attempts.cancel(attempt_id)
        return empty_response(204, {})

    @blueprint.post("/login_attempts/inbox/<channel_id>")
    async def receive(channel_id: str) -> Response:
        if (request.content_length or 0) > MAX_BODY_BYTES:
            raise PubkyError("too_large", f"Body exceeds {MAX_BODY_BYTES} bytes")
        body = await request_body()
        if len(body) > MAX_BODY_BYTES:
            raise PubkyError("too_large", f"Body exceeds {MAX_BODY_BYTES} bytes")
        await attempts.receive(channel_id, body)
        return empty_response(204, {})

    return blueprint


def _as_json(attempt: Attempt) -> dict[str, Any]:
    return {
        "id": attempt.id,
        "channel_id": attempt.channel_id,
        "state": attempt.state,
        "link": attempt.link,
        "expires_at": rfc3339(attempt.expires_us),
    }


def _link_kind(text: str) -> LinkKind:
    for kind in _LINK_KINDS:
        if text == kind:
            return kind
    raise invalid(f"link_kind must be one of: {', '.join(_LINK_KINDS)}")


def _address(wish: dict[str, Any]) -> IPAddress | None:
    """Where a stranger asks from; None when the page knows who asks."""
    text = text_of(wish, "address")
    if not text:
        return None
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        raise invalid("address must be an IP address") from None
