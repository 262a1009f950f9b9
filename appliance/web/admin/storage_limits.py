"""What one node allows for every file: pages say it before somebody sends too much."""

from quart import Blueprint, Response, jsonify

from appliance.homeserver.quotas import BYTES_CHARGED_PER_FILE
from appliance.web.admin.services import AdminServices

READ, WRITE = "node:read", "node:write"


def routes(services: AdminServices) -> Blueprint:
    """`GET /storage-limits`."""
    blueprint = Blueprint("storage_limits", __name__)
    limits = services.node.storage.limits

    @blueprint.get("/storage-limits")
    async def show() -> Response:
        return jsonify(
            {
                "max_file_bytes": limits.max_upload_bytes,
                "charged_bytes_per_file": BYTES_CHARGED_PER_FILE,
                "trash_days": limits.trash_days,
            }
        )

    return blueprint
