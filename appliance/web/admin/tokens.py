"""Named tokens for the operator's API: each with the rights it needs and no more."""

from typing import Any

from quart import Blueprint, Response, jsonify

from appliance.errors import invalid
from appliance.metadata.admin_tokens import AdminToken
from appliance.pubky.timestamp import rfc3339
from appliance.web.admin.pages import json_object, seconds_of, text_of, time_of
from appliance.web.admin.services import AdminServices
from appliance.web.on_quart import empty_response

# Whoever may make tokens may make one that does everything, so seeing them is the same right.
READ, WRITE = "tokens:write", "tokens:write"


def routes(services: AdminServices) -> Blueprint:
    """`/tokens`."""
    blueprint = Blueprint("tokens", __name__)
    operators = services.operators

    @blueprint.get("/tokens")
    async def index() -> Response:
        return jsonify({"items": [_as_json(row) for row in await operators.tokens()]})

    @blueprint.post("/tokens")
    async def create() -> tuple[Response, int]:
        wish = await json_object()
        scopes = wish.get("scopes")
        if not isinstance(scopes, list) or not all(isinstance(scope, str) for scope in scopes):
            raise invalid("scopes must be a list of texts")
        row, text = await operators.create_token(
            text_of(wish, "name"), scopes, seconds_of(wish, "expires_in_s")
        )
        return jsonify(_as_json(row) | {"token": text}), 201

    @blueprint.post("/tokens/<int:token_id>/revoke")
    async def revoke(token_id: int) -> Response:
        await operators.revoke_token(token_id)
        return empty_response(204, {})

    return blueprint


def _as_json(row: AdminToken) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "scopes": row.scopes.split(),
        "created_at": rfc3339(row.created_us),
        "expires_at": time_of(row.expires_us),
        "last_used_at": time_of(row.last_used_us),
        "revoked_at": time_of(row.revoked_us),
    }
