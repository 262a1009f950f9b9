"""Small public objects of many users in one answer: pages name people by their profiles."""

from base64 import b64encode

from quart import Blueprint, Response, jsonify, request

from appliance.errors import invalid
from appliance.metadata import entries
from appliance.metadata.entries import Entry
from appliance.metadata.store import Tx
from appliance.pubky.paths import StoragePath
from appliance.web.admin.services import AdminServices

READ, WRITE = "users:read", "users:write"
MOST_KEYS = 200
MOST_PATHS = 4
# Of longer ones nothing is told: they are no profiles.
LONGEST = 16 * 1024


def routes(services: AdminServices) -> Blueprint:
    """`GET /profiles?key=…&key=…&path=…`: what anybody may read, asked for at once."""
    blueprint = Blueprint("profiles", __name__)
    node = services.node

    @blueprint.get("/profiles")
    async def index() -> Response:
        keys, paths = _asked()
        found = await node.metadata.read(_find_all, keys, paths)
        items = []
        for key, path, entry in found:
            content = node.storage.blobs.read_small(entry.blob_id, entry.content_length)
            if content is not None:
                text = b64encode(content).decode("ascii")
                items.append({"pubkey": key, "path": path, "content": text})
        return jsonify({"items": items})

    return blueprint


def _asked() -> tuple[list[str], list[str]]:
    keys = request.args.getlist("key")
    paths = [StoragePath.parse(text).text for text in request.args.getlist("path")]
    if len(keys) > MOST_KEYS or not 0 < len(paths) <= MOST_PATHS:
        raise invalid(f"At most {MOST_KEYS} keys, and 1 to {MOST_PATHS} paths")
    if not all(path.startswith("/pub/") for path in paths):
        raise invalid("Only public paths can be asked for here")
    return keys, paths


def _find_all(tx: Tx, keys: list[str], paths: list[str]) -> list[tuple[str, str, Entry]]:
    """As any visitor: nothing of suspended users."""
    return [
        (key, path, entry)
        for key in keys
        for path in paths
        if (entry := entries.find_of_key(tx, key, path)) is not None
        and 0 < entry.content_length <= LONGEST
    ]
