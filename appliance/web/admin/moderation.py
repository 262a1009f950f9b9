"""What an operator may do about a user: disable, suspend, take down, delete."""

from quart import Blueprint, Response, jsonify

from appliance.errors import PubkyError, invalid
from appliance.metadata import users
from appliance.pubky.paths import StoragePath
from appliance.web.admin.pages import json_object, key_of, text_of
from appliance.web.admin.services import AdminServices

READ, WRITE = "users:read", "users:write"


def routes(services: AdminServices) -> Blueprint:
    """The acts under `/users/{key}`; disabling stops writes only (operator API 2.7)."""
    blueprint = Blueprint("moderation", __name__)
    metadata = services.node.metadata
    moderation = services.moderation

    @blueprint.post("/users/<pubkey>/disable")
    async def disable(pubkey: str) -> Response:
        return await _set_disabled(pubkey, disabled=True)

    @blueprint.post("/users/<pubkey>/enable")
    async def enable(pubkey: str) -> Response:
        return await _set_disabled(pubkey, disabled=False)

    @blueprint.post("/users/<pubkey>/suspend")
    async def suspend(pubkey: str) -> Response:
        await moderation.suspend(key_of(pubkey))
        return _ok()

    @blueprint.post("/users/<pubkey>/unsuspend")
    async def unsuspend(pubkey: str) -> Response:
        await moderation.unsuspend(key_of(pubkey))
        return _ok()

    @blueprint.post("/users/<pubkey>/takedown")
    async def take_down(pubkey: str) -> Response:
        wish = await json_object()
        try:
            path = StoragePath.parse(text_of(wish, "path"))
        except PubkyError as error:
            raise invalid(f"Invalid path: {error.message}") from error
        deleted = await moderation.take_down(key_of(pubkey), path, text_of(wish, "reason"))
        return jsonify({"deleted": deleted})

    @blueprint.delete("/users/<pubkey>")
    async def delete(pubkey: str) -> Response:
        return jsonify({"deleted": await moderation.delete_account(key_of(pubkey))})

    async def _set_disabled(pubkey: str, *, disabled: bool) -> Response:
        if not await metadata.write(users.set_disabled, key_of(pubkey), disabled=disabled):
            raise PubkyError("not_found", "Not Found")
        return _ok()

    return blueprint


def _ok() -> Response:
    return Response("Ok", content_type="text/plain; charset=utf-8")
