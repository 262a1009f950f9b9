"""`DELETE /webdav/{key}/pub/...`: one file goes, as official tools ask for it."""

from quart import Blueprint, Response

from appliance.errors import PubkyError, invalid
from appliance.pubky.paths import StoragePath, decode_percent
from appliance.web.admin.pages import key_of
from appliance.web.admin.services import AdminServices
from appliance.web.on_quart import empty_response, request_scope

READ, WRITE = "content:write", "content:write"


def routes(services: AdminServices) -> Blueprint:
    """The one route (operator API 2.8)."""
    blueprint = Blueprint("entries", __name__)

    @blueprint.delete("/webdav/<pubkey>/<path:_path>")
    async def delete(pubkey: str, _path: str) -> Response:
        key = key_of(pubkey)
        # The path as it was sent: the framework's own decoding would lose a trailing slash.
        raw: bytes = request_scope()["raw_path"]
        try:
            parsed = StoragePath.parse("/" + decode_percent(raw).split("/", 3)[3])
        except PubkyError as error:
            raise invalid(f"Invalid path: {error.message}") from error
        if not parsed.is_public or parsed.is_directory:
            raise invalid("The path must be a file under /pub/")
        await services.moderation.remove_file(key, parsed)
        return empty_response(204, {})

    return blueprint
