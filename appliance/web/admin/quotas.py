"""What one user may store and how fast (operator API 2.6)."""

import json
from collections.abc import Callable
from typing import TypeVar

from quart import Blueprint, Response, jsonify, request

from appliance.errors import PubkyError, invalid
from appliance.homeserver.quotas import parse_changes
from appliance.web.admin.pages import key_of
from appliance.web.admin.services import AdminServices
from appliance.web.on_quart import RefusedWithStatusError, empty_response, request_body

READ, WRITE = "users:read", "users:write"

Result = TypeVar("Result")


def routes(services: AdminServices) -> Blueprint:
    """`/users/{key}/quota`."""
    blueprint = Blueprint("quotas", __name__)
    quotas = services.node.quotas

    @blueprint.get("/users/<pubkey>/quota")
    async def show(pubkey: str) -> Response:
        return jsonify((await quotas.of_user(key_of(pubkey))).to_json())

    @blueprint.patch("/users/<pubkey>/quota")
    async def change(pubkey: str) -> Response:
        key = key_of(pubkey)
        changes = understood(parse_changes, await json_body())
        try:
            await quotas.change(key, changes)
        except PubkyError as error:
            raise _unprocessable(error) from error
        return empty_response(200, {})

    return blueprint


async def json_body() -> object:
    """Decoded JSON; 415 without its content type, 400 when it is broken."""
    if request.mimetype != "application/json":
        raise RefusedWithStatusError(415, "Expected request with `Content-Type: application/json`")
    try:
        return json.loads(await request_body())
    except (ValueError, RecursionError):
        raise invalid("Failed to parse the request body as JSON") from None


def understood(parse: Callable[[object], Result], body: object) -> Result:
    """What JSON means; 422 when its values make no sense."""
    try:
        return parse(body)
    except PubkyError as error:
        raise _unprocessable(error) from error


def _unprocessable(error: PubkyError) -> PubkyError:
    return RefusedWithStatusError(422, error.message) if error.code == "invalid" else error
